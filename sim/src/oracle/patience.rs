//! How long a correct network may take to decide once it is synchronous: the bound of the liveness property.
//!
//! After GST every message arrives within Δ, and a decision comes within (f + 1)·(T + K·Δ) or the like, where T is the
//! timeout in force. The bound is the sum, over the rounds that may be needed, of what each takes at most:
//!
//! | engine | rounds that may fail | T of a failed round | K: hops of a round |
//! |---|---|---|---|
//! | Tendermint | f in a row by Byzantine proposers, and the one under way at GST | propose + prevote + precommit | 3: proposal, prevotes, precommits |
//! | PBFT | f in a row by Byzantine primaries, and the one under way | the request timer, their sum | 5: VIEW-CHANGE, NEW-VIEW, PREPARE, COMMIT, and one to find each other |
//! | HotStuff | 2f, as two leaders in a row must be correct and Byzantine ones may sit at every other place, the one under way, and the first of the two | propose + prevote | 4: proposal, votes, timeouts, certificates |
//!
//! Then one decides. Timeouts grow by g with each round of a height; and a round can't succeed before its timeout is
//! longer than its hops take. So the rounds are counted from the first that can: R with T·g^R ≥ K·Δ. Those before it
//! are added too.
//!
//! A disturbance of length t leaves the nodes in a round whose timeouts are about (g − 1)·t, for the rounds so far took
//! t together. The rounds that may fail after it take that much times g, g², …: in all g^rounds − 1 times t.
//! No timeout is longer than [`Config::MAX_TIMEOUT`].
//!
//! What was lost on the way is repeated: two repetitions are granted, one to make good a loss, one for its answer.
//!
//! The engines are not alone: a node whose links broke dials again within 2 s, hears how far the others are within 1 s,
//! and gives a short lag 1 s before it asks for blocks. So the window is at least that, however short the timeouts.

use bitcraps_consensus::Config;
use bitcraps_types::Protocol;
use std::time::Duration;

/// The bound of the liveness property.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience {
    /// From the later of GST, the last healing, the node's last start and its last decision.
    pub window: Duration,
    /// The part of the last disturbance's length that is granted on top.
    pub hangover: f64,
    /// The most that it comes to: no timeout grows beyond all bounds.
    pub most: Duration,
}

/// What a round takes.
struct Pace {
    /// Its timeouts, in round 0.
    timeout: Duration,
    hops: u32,
    /// How many may be needed.
    rounds: u32,
}

impl Pace {
    fn of(protocol: Protocol, config: &Config, byzantine: u32) -> Pace {
        let Config { propose, prevote, precommit, .. } = *config;
        let phases = propose + prevote + precommit;
        match protocol {
            Protocol::Tendermint => Pace { timeout: phases, hops: 3, rounds: byzantine + 2 },
            Protocol::Pbft => Pace { timeout: phases, hops: 5, rounds: byzantine + 2 },
            Protocol::HotStuff => Pace { timeout: propose + prevote, hops: 4, rounds: 2 * byzantine + 3 },
        }
    }
}

impl Patience {
    /// What a node takes to be among the others again once it can.
    const COMES_BACK: Duration = Duration::from_secs(4);

    /// With so many Byzantine validators, and messages that take at most `delta`.
    pub fn of(protocol: Protocol, config: &Config, byzantine: usize, delta: Duration) -> Patience {
        let byzantine = u32::try_from(byzantine).unwrap_or(u32::MAX / 4);
        let Pace { timeout, hops, rounds } = Pace::of(protocol, config, byzantine);
        // Each of up to three timeouts is cut on its own.
        let longest = Config::MAX_TIMEOUT * 3;
        let growth = config.growth.max(1.0);
        let crossing = delta * hops;
        let mut window = 2 * config.rebroadcast;
        let (mut grown, mut left) = (timeout, rounds);
        while left > 0 {
            window += grown.min(longest) + crossing;
            let next = grown.mul_f64(growth).min(longest);
            // One that grows no more, be it by rounding, gets no better.
            let may_succeed = grown >= crossing || next == grown;
            left -= u32::from(may_succeed);
            grown = next;
        }
        let window = window.max(Self::COMES_BACK);
        let hangover = growth.powi(i32::try_from(rounds).unwrap_or(i32::MAX)) - 1.0;
        Patience { window, hangover, most: longest * rounds }
    }

    /// The window after a disturbance of this length.
    pub fn after(&self, disturbance: Duration) -> Duration {
        let extra = (disturbance.as_secs_f64() * self.hangover).min(self.most.as_secs_f64());
        self.window + Duration::from_secs_f64(extra)
    }
}
