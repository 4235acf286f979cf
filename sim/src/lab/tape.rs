//! What the links drew of delay and loss, written down: a run that plays it back does not draw these any more, so that it
//! stays the same run when the code draws one random number more. Copies, reordering and damage are drawn as ever.

use super::NodeIndex;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Of each ordered pair of nodes, packet by packet: how long it travels, or `None`: it is lost. What faults do comes on
/// top of it.
pub type Tape = BTreeMap<(NodeIndex, NodeIndex), Vec<Option<Duration>>>;

/// The tape of a run: what is left to play, and what is written down.
pub(super) struct Deck {
    /// By pair; empty if there is no tape.
    play: Vec<VecDeque<Option<u64>>>,
    /// By pair, if it is recorded.
    record: Option<Vec<Vec<Option<u64>>>>,
    nodes: usize,
}

impl Deck {
    pub(super) fn new(nodes: usize, tape: &Tape, record: bool) -> Deck {
        let mut play = Vec::new();
        if !tape.is_empty() {
            play.resize_with(nodes * nodes, VecDeque::new);
        }
        for ((from, to), packets) in tape {
            if let Some(pair) = play.get_mut(usize::from(*from) * nodes + usize::from(*to)) {
                pair.extend(packets.iter().map(|travel| travel.map(super::model::nanos)));
            }
        }
        Deck { play, record: record.then(|| vec![Vec::new(); nodes * nodes]), nodes }
    }

    /// The fate of a pair's next packet: from the tape, or, where it has ended, as `draw` says.
    pub(super) fn next(&mut self, pair: usize, draw: impl FnOnce() -> Option<u64>) -> Option<u64> {
        let fate = self.play.get_mut(pair).and_then(VecDeque::pop_front).unwrap_or_else(draw);
        if let Some(record) = &mut self.record {
            record[pair].push(fate);
        }
        fate
    }

    /// What was written down.
    pub(super) fn recorded(&self) -> Tape {
        let pairs = self.record.iter().flatten().enumerate().filter(|(_, packets)| !packets.is_empty());
        let name = |pair: usize| ((pair / self.nodes) as NodeIndex, (pair % self.nodes) as NodeIndex);
        pairs
            .map(|(pair, packets)| {
                (name(pair), packets.iter().map(|travel| travel.map(Duration::from_nanos)).collect())
            })
            .collect()
    }
}
