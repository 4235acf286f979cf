//! The workload by which simulators are compared: all-to-all quorum rounds, one actor per node.
//!
//! A node enters round r + 1 when it has votes of round r from ⌊2n/3⌋ + 1 nodes, its own included, and sends its
//! 64-byte vote to all others. Links are 50 ms and lose nothing, so that each round takes 50 ms.

use super::{Lab, LabConfig, NodeIndex, WorldPorts, address_of};
use actix::{Actor, AsyncContext, Context, Handler, Message};
use bitcraps_actors::ports::{LinkEvent, LinkId};
use bitcraps_types::Time;
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// What came of a benchmark.
#[derive(Clone, Copy, Debug)]
pub struct QuorumBench {
    /// Frames given to actors.
    pub delivered: u64,
    /// Rounds that node 0 entered.
    pub rounds: u64,
    /// Virtual time.
    pub simulated: Duration,
    /// Real time, without the set-up.
    pub wall: Duration,
}

/// A vote: 64 bytes in borsh.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Vote {
    round: u64,
    voter: u16,
    signature: [u8; 54],
}

/// Who voted, and how many they are.
struct Tally {
    voted: Vec<bool>,
    count: usize,
}

impl Tally {
    fn new(nodes: NodeIndex) -> Tally {
        Tally { voted: vec![false; usize::from(nodes)], count: 0 }
    }

    fn add(&mut self, voter: NodeIndex) {
        if let Some(voted) = self.voted.get_mut(usize::from(voter)) {
            self.count += usize::from(!*voted);
            *voted = true;
        }
    }
}

struct Inbound(LinkEvent);

impl Message for Inbound {
    type Result = ();
}

struct Voter {
    node: NodeIndex,
    nodes: NodeIndex,
    quorum: usize,
    round: u64,
    links: Vec<LinkId>,
    /// This node's vote of the current round, encoded.
    vote: Bytes,
    /// Votes by round, from the current one on.
    votes: BTreeMap<u64, Tally>,
    ports: WorldPorts,
    rounds: Rc<Cell<u64>>,
}

impl Actor for Voter {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(4096);
        let address = context.address();
        // A full mailbox drops, as at any edge of a network.
        self.ports.links.listen(Box::new(move |event| drop(address.try_send(Inbound(event)))));
        // One link per pair.
        (self.node + 1..self.nodes).for_each(|peer| self.ports.links.open(&address_of(peer)));
        self.vote_of(self.node, 0);
    }
}

impl Voter {
    /// Counts a vote and, at a quorum, enters the next round.
    fn vote_of(&mut self, voter: NodeIndex, round: u64) {
        let nodes = self.nodes;
        self.votes.entry(round).or_insert_with(|| Tally::new(nodes)).add(voter);
        while self.votes.get(&self.round).is_some_and(|tally| tally.count >= self.quorum) {
            self.votes.remove(&self.round);
            self.round += 1;
            self.votes.entry(self.round).or_insert_with(|| Tally::new(nodes)).add(self.node);
            if self.node == 0 {
                self.rounds.set(self.round);
            }
            self.vote = encode(self.round, self.node);
            self.links.iter().for_each(|link| self.send(*link));
        }
    }

    fn send(&self, link: LinkId) {
        self.ports.links.send(link, self.vote.clone());
    }
}

/// A vote as a frame.
fn encode(round: u64, voter: NodeIndex) -> Bytes {
    let vote = Vote { round, voter, signature: [voter as u8; 54] };
    let bytes = borsh::to_vec(&vote).expect("a vote is encoded into memory");
    // Gives back what borsh reserved beyond the 64 bytes.
    bytes.into_boxed_slice().into()
}

impl Handler<Inbound> for Voter {
    type Result = ();

    fn handle(&mut self, Inbound(event): Inbound, _: &mut Self::Context) {
        match event {
            LinkEvent::Up { link, .. } => {
                self.links.push(link);
                self.send(link);
            }
            LinkEvent::Frame { bytes, .. } => {
                if let Ok(vote) = Vote::try_from_slice(&bytes)
                    && vote.round >= self.round
                {
                    self.vote_of(vote.voter, vote.round);
                }
            }
            LinkEvent::Down { .. } | LinkEvent::OpenFailed { .. } => {}
        }
    }
}

/// Runs `nodes` nodes for `simulated` of virtual time, with or without the trace.
///
/// # Panics
/// If an actor panics: there is no figure then.
// The one thing here that real time is for.
#[allow(clippy::disallowed_methods)]
pub fn quorum_bench(nodes: NodeIndex, simulated: Duration, trace: bool) -> QuorumBench {
    let rounds = Rc::new(Cell::new(0));
    let seen = rounds.clone();
    let boot = move |node, _, ports| -> Vec<Box<dyn Any>> {
        let voter = Voter {
            node,
            nodes,
            quorum: usize::from(nodes) * 2 / 3 + 1,
            round: 0,
            links: Vec::new(),
            vote: encode(0, node),
            votes: BTreeMap::new(),
            ports,
            rounds: seen.clone(),
        };
        vec![Box::new(voter.start())]
    };
    let mut config = LabConfig::new(1, nodes, Box::new(boot));
    config.trace = trace;
    let mut lab = Lab::new(config);
    for node in 0..nodes {
        lab.start(node);
    }
    let start = std::time::Instant::now();
    lab.run_until(Time::ZERO + simulated).expect("the benchmark's actors do not panic");
    let wall = start.elapsed();
    QuorumBench { delivered: lab.counters().delivered, rounds: rounds.get(), simulated, wall }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_takes_one_latency_and_one_frame_per_ordered_pair() {
        for nodes in [4, 7] {
            let bench = quorum_bench(nodes, Duration::from_secs(10), true);
            assert!((195..=200).contains(&bench.rounds), "{bench:?}");
            let pairs = u64::from(nodes) * u64::from(nodes - 1);
            assert!((bench.rounds - 2) * pairs <= bench.delivered, "{bench:?}");
            assert!(bench.delivered <= (bench.rounds + 2) * pairs, "{bench:?}");
        }
    }

    #[test]
    fn a_vote_is_64_bytes() {
        assert_eq!(borsh::to_vec(&Vote { round: 1, voter: 2, signature: [3; 54] }).unwrap().len(), 64);
    }
}
