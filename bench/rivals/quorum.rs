//! The workload both rivals run, and the line of JSON they print about it.
//!
//! Every node is one actix actor. It sends a 64-byte vote of its round to every other node, and enters the
//! next round when it holds the votes of ⌊2n/3⌋+1 nodes, its own included. Votes of later rounds are kept,
//! votes of earlier rounds are dropped. How bytes travel is left to the engine: `main.rs` of each package.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use actix::{Actor, Context, Handler, Message};
use borsh::{BorshDeserialize, BorshSerialize};

/// One-way latency of every link.
pub const LATENCY: Duration = Duration::from_millis(50);
/// Both engines draw from a seeded generator; no figure depends on the value.
pub const SEED: u64 = 1;
/// Size of an encoded vote.
pub const VOTE_BYTES: usize = 64;

/// "I am in this round." On the wire: round (8), sender (2), padding (54).
#[derive(BorshSerialize, BorshDeserialize)]
pub struct Vote {
    round: u64,
    from: u16,
    padding: [u8; VOTE_BYTES - 10],
}

impl Message for Vote {
    type Result = ();
}

/// What the nodes of one run count together. Atomic only because madsim wants node closures to be `Sync`.
#[derive(Default)]
pub struct Tally {
    delivered: AtomicU64,
    rounds: Vec<AtomicU64>,
}

/// Sends one encoded vote to every other node, without waiting.
pub type Broadcast = Box<dyn Fn(&[u8; VOTE_BYTES])>;

/// The actor of one node.
pub struct Voter {
    me: u16,
    quorum: usize,
    round: u64,
    votes: BTreeMap<u64, usize>,
    broadcast: Broadcast,
    tally: Arc<Tally>,
}

impl Voter {
    pub fn new(me: u16, n: u16, broadcast: Broadcast, tally: Arc<Tally>) -> Self {
        let quorum = 2 * usize::from(n) / 3 + 1;
        Self { me, quorum, round: 0, votes: BTreeMap::new(), broadcast, tally }
    }

    fn vote(&mut self) {
        *self.votes.entry(self.round).or_default() += 1;
        let vote = Vote { round: self.round, from: self.me, padding: [0; VOTE_BYTES - 10] };
        let mut bytes = [0; VOTE_BYTES];
        vote.serialize(&mut bytes.as_mut_slice()).expect("a vote fills 64 bytes");
        (self.broadcast)(&bytes);
    }
}

impl Actor for Voter {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.vote();
    }
}

impl Handler<Vote> for Voter {
    type Result = ();

    fn handle(&mut self, vote: Vote, _: &mut Self::Context) {
        self.tally.delivered.fetch_add(1, Relaxed);
        if vote.round < self.round {
            return;
        }
        *self.votes.entry(vote.round).or_default() += 1;
        while self.votes.get(&self.round).is_some_and(|&count| count >= self.quorum) {
            self.votes.remove(&self.round);
            self.round += 1;
            self.tally.rounds[usize::from(self.me)].store(self.round, Relaxed);
            self.vote();
        }
    }
}

/// What to run: `--n 4 --simulated 60 [--idle]`.
#[derive(Clone, Copy)]
pub struct Args {
    /// Number of nodes, at least 2.
    pub n: u16,
    /// Simulated time at which the run ends.
    pub simulated: Duration,
    /// Nodes only sleep, one second at a time, and send nothing.
    pub idle: bool,
}

impl Args {
    pub fn parse() -> Result<Self, String> {
        let mut parsed = Self { n: 4, simulated: Duration::from_mins(1), idle: false };
        let mut args = std::env::args().skip(1);
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or(format!("{flag} needs a value"));
            match flag.as_str() {
                "--n" => parsed.n = value()?.parse().map_err(|e| format!("--n: {e}"))?,
                "--simulated" => {
                    let seconds = value()?.parse().map_err(|e| format!("--simulated: {e}"))?;
                    parsed.simulated =
                        Duration::try_from_secs_f64(seconds).map_err(|e| format!("--simulated: {e}"))?;
                }
                "--idle" => parsed.idle = true,
                _ => {
                    return Err(format!("unknown argument {flag}; known: --n, --simulated, --idle"));
                }
            }
        }
        if parsed.n < 2 { Err("--n: at least 2 nodes".to_owned()) } else { Ok(parsed) }
    }

    /// Runs `simulate`, set-up included, under the one wall clock of the program, and prints its line of JSON.
    /// `detail` ends the line: further fields, each with its leading comma, or nothing. `rounds` is the round
    /// that every node has entered. Links are equal and lossless: a node more than one round behind, or rounds
    /// of over twice the latency, are an error, since the figures would not be those of the workload.
    #[expect(clippy::disallowed_methods, reason = "wall time is what this program measures")]
    pub fn measure(
        self,
        engine: &str,
        detail: &str,
        simulate: impl FnOnce(Self, Arc<Tally>) -> Result<(), Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        let rounds = (0..self.n).map(|_| AtomicU64::new(0)).collect();
        let tally = Arc::new(Tally { rounds, ..Tally::default() });
        let start = Instant::now();
        simulate(self, tally.clone())?;
        let wall = start.elapsed().as_secs_f64();
        let simulated = self.simulated.as_secs_f64();
        let delivered = tally.delivered.load(Relaxed);
        let reached = || tally.rounds.iter().map(|round| round.load(Relaxed));
        let (rounds, fastest) = (reached().min().unwrap_or(0), reached().max().unwrap_or(0));
        let least = if self.idle { 0 } else { self.simulated.div_duration_f64(2 * LATENCY) as u64 };
        if rounds < least || fastest > rounds + 1 {
            return Err(
                format!("rounds {rounds} to {fastest}, at least {least} expected: votes were lost").into()
            );
        }
        println!(
            "{{\"engine\":\"{engine}\",\"n\":{},\"simulated_s\":{simulated},\"wall_s\":{wall:.6},\
             \"delivered\":{delivered},\"messages_per_s\":{:.0},\"simulated_per_wall\":{:.3},\
             \"rounds\":{rounds},\"idle\":{}{detail}}}",
            self.n,
            delivered as f64 / wall,
            simulated / wall,
            self.idle,
        );
        Ok(())
    }
}
