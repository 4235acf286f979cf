//! Faults of the network: effects that lie on top of the base model of chosen ordered pairs, from when they are added
//! until they are removed.
//!
//! An effect meets a packet when it is sent: what is already in flight arrives. Each effect has its own stream of
//! random numbers and counts the frames that it changed.

use super::NodeIndex;
use super::model::{Latency, Loss, Sampler};
use super::random::Stream;
use std::collections::VecDeque;
use std::time::Duration;

/// Names an effect; never used twice in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectId(pub u32);

/// A set of ordered pairs of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairSet {
    nodes: usize,
    bits: Vec<u64>,
}

impl PairSet {
    /// The pairs `(from, to)`, `from` ≠ `to`, among `nodes` nodes that `contains` names.
    pub fn new(nodes: NodeIndex, contains: impl Fn(NodeIndex, NodeIndex) -> bool) -> PairSet {
        let size = usize::from(nodes);
        let mut set = PairSet { nodes: size, bits: vec![0; (size * size).div_ceil(64)] };
        for from in 0..nodes {
            for to in 0..nodes {
                if from != to && contains(from, to) {
                    set.insert(from, to);
                }
            }
        }
        set
    }

    /// All pairs.
    pub fn all(nodes: NodeIndex) -> PairSet {
        PairSet::new(nodes, |_, _| true)
    }

    /// Both directions between one node and all others.
    pub fn around(nodes: NodeIndex, node: NodeIndex) -> PairSet {
        PairSet::new(nodes, |from, to| from == node || to == node)
    }

    /// Both directions between nodes of different groups. A node in no group is not in the set.
    pub fn between(nodes: NodeIndex, groups: &[Vec<NodeIndex>]) -> PairSet {
        let group = |node| groups.iter().position(|group| group.contains(&node));
        let group: Vec<_> = (0..nodes).map(group).collect();
        PairSet::new(nodes, |from, to| match (group[usize::from(from)], group[usize::from(to)]) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        })
    }

    /// Adds a pair.
    pub fn insert(&mut self, from: NodeIndex, to: NodeIndex) {
        let bit = self.bit(from, to);
        self.bits[bit / 64] |= 1 << (bit % 64);
    }

    /// Whether a pair is in the set.
    pub fn contains(&self, from: NodeIndex, to: NodeIndex) -> bool {
        let bit = self.bit(from, to);
        self.bits[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// Of how many nodes it was made.
    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    fn set(&mut self, from: NodeIndex, to: NodeIndex, present: bool) {
        let bit = self.bit(from, to);
        self.bits[bit / 64] &= !(1 << (bit % 64));
        self.bits[bit / 64] |= u64::from(present) << (bit % 64);
    }

    fn bit(&self, from: NodeIndex, to: NodeIndex) -> usize {
        usize::from(from) * self.nodes + usize::from(to)
    }
}

/// What a blocked pair does with packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockMode {
    /// They are lost.
    Drop,
    /// They wait until the effect is removed, at most [`HOLD_LIMIT`] of them; what comes after is lost.
    Hold,
}

/// How many packets one holding effect keeps.
pub const HOLD_LIMIT: usize = 1 << 20;

/// A fault of the network.
#[derive(Clone, Debug, PartialEq)]
pub enum EffectKind {
    /// More delay.
    Latency(Latency),
    /// More loss.
    Loss(Loss),
    /// Frames arrive twice with this probability.
    Duplicate(f64),
    /// Frames overtake.
    Reorder {
        /// Probability that a frame leaves its place.
        rate: f64,
        /// It is late by up to this.
        window: Duration,
    },
    /// Frames are damaged (1 to 8 bits flipped) with this probability.
    Corrupt(f64),
    /// No packet passes: a partition, an isolated node, a one-way cut.
    Block {
        /// What happens to the packets.
        mode: BlockMode,
    },
    /// Packets wait until the effect is removed. When `limit` wait, the sender is refused.
    Clog {
        /// The most that wait, in packets, over all pairs of the effect.
        limit: usize,
    },
    /// At most this many bits per second.
    Bandwidth(u64),
    /// At most this many bytes wait for the bandwidth. Without a bandwidth limit nothing ever waits.
    Queue(u64),
}

/// A fault and where it acts.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// On these ordered pairs.
    pub pairs: PairSet,
    /// What it does.
    pub kind: EffectKind,
    /// The probability that it acts on a packet, drawn for each. Bandwidth, queue and clog bounds always act.
    pub chance: f64,
}

impl Effect {
    /// An effect that acts on every packet.
    pub fn new(pairs: PairSet, kind: EffectKind) -> Effect {
        Effect { pairs, kind, chance: 1.0 }
    }
}

/// A packet that waits for the end of an effect.
pub(super) struct Held<P> {
    pub(super) from: NodeIndex,
    pub(super) to: NodeIndex,
    pub(super) packet: P,
    /// The travel time that it still has before it.
    pub(super) remaining: u64,
}

/// An effect in force.
pub(super) struct Active<P> {
    pub(super) id: EffectId,
    pub(super) effect: Effect,
    pub(super) stream: Stream,
    /// The pairs whose loss chain is in its bad state.
    bad: Option<PairSet>,
    sampler: Option<Sampler>,
    /// Packets that wait.
    pub(super) held: VecDeque<Held<P>>,
}

impl<P> Active<P> {
    pub(super) fn new(id: EffectId, effect: Effect, seed: u64) -> Active<P> {
        let sampler = match effect.kind {
            EffectKind::Latency(latency) => Some(Sampler::new(latency)),
            _ => None,
        };
        let bad = match effect.kind {
            EffectKind::Loss(Loss::GilbertElliott { .. }) => {
                Some(PairSet { nodes: effect.pairs.nodes, bits: vec![0; effect.pairs.bits.len()] })
            }
            _ => None,
        };
        let stream = Stream::derive(seed, "effect", u64::from(id.0));
        Active { id, effect, stream, bad, sampler, held: VecDeque::new() }
    }

    pub(super) fn draw_loss(&mut self, loss: Loss, from: NodeIndex, to: NodeIndex) -> bool {
        let mut bad = self.bad.as_ref().is_some_and(|bad| bad.contains(from, to));
        let lost = loss.draw(&mut bad, &mut self.stream);
        if let Some(set) = &mut self.bad {
            set.set(from, to, bad);
        }
        lost
    }

    pub(super) fn draw_latency(&mut self) -> u64 {
        self.sampler.map_or(0, |sampler| sampler.draw(&mut self.stream))
    }
}
