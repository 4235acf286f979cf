//! What the oracles are told before a run: who takes part, what they start from, what the scenario expects.

use bitcraps_casino::Genesis;
use bitcraps_consensus::{Config, Validator};
use bitcraps_types::{ChainId, Height, Time, Verify};
use std::rc::Rc;
use std::time::Duration;

/// One run, as the oracles see it. Node number i is validator number i; nodes beyond the validators only follow.
#[derive(Clone)]
pub struct Setup {
    /// Separates this run's signatures from all others'.
    pub chain: ChainId,
    /// The validators, in order.
    pub validators: Vec<Validator>,
    /// For each node, whether it follows the protocol for the whole run. Only those are judged.
    pub honest: Vec<bool>,
    /// What every node starts from.
    pub genesis: Genesis,
    /// Checks the run's signatures.
    pub verifier: Rc<dyn Verify>,
    /// Whether the world tells what nodes hear ([`Event::Heard`](bitcraps_actors::ports::Event::Heard)).
    pub hears: bool,
    /// From here the network is synchronous. `None`: from the start, whenever no fault disturbs it.
    pub gst: Option<Time>,
    /// How long an honest node may go without a decision when nothing disturbs the network.
    pub patience: Patience,
    /// Heights to be reached.
    pub heights: Vec<HeightGoal>,
    /// Bounds on measured quantities.
    pub slo: Slo,
    /// Counters that must be reached: names of [`Sometimes`](crate::scenario::Sometimes). Others are not judged.
    pub sometimes: Vec<String>,
}

/// The bound of the liveness property.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience {
    /// From the later of GST, the last healing, the node's last start and its last decision.
    pub window: Duration,
    /// The part of the last disturbance's length that is granted on top. Timeouts that grow by a factor g make a node
    /// that was cut off for a time t sit in a round of up to about (g − 1)·t.
    pub hangover: f64,
}

impl Patience {
    /// The bound that follows from the timeouts: `byzantine` proposers in a row waste their rounds, the round after
    /// them decides, one more is granted for messages on the way; and two rebroadcasts for what was lost.
    pub fn of(config: &Config, byzantine: usize) -> Patience {
        let mut window = 2 * config.rebroadcast;
        let mut factor = 1.0;
        for _ in 0..byzantine + 2 {
            let grown = |base: Duration| base.mul_f64(factor).min(Config::MAX_TIMEOUT);
            window += grown(config.propose) + grown(config.prevote) + grown(config.precommit);
            factor = (factor * config.growth).min(1e6);
        }
        Patience { window, hangover: (config.growth - 1.0).max(0.0) }
    }
}

/// A height that every honest node that is up must reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeightGoal {
    /// The height.
    pub at_least: Height,
    /// In this time; `None`: by the end.
    pub within: Option<Duration>,
    /// Counted from the last healing of this fault; `None`: from the start.
    pub after: Option<String>,
}

/// Bounds on measured quantities; `None` is not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slo {
    /// The median commit latency is at most this.
    pub commit_latency_p50: Option<Duration>,
    /// The 99th percentile of the commit latency is at most this.
    pub commit_latency_p99: Option<Duration>,
    /// Whenever the last disturbing fault is healed, every honest node that is up decides within this, unless the next
    /// disturbance comes first.
    pub recovery: Option<Duration>,
    /// At least so many blocks per second of the whole run.
    pub blocks_per_second: Option<f64>,
}
