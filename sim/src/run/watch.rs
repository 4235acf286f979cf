//! What the faults may know of a run: heights, rounds, who leads, who is down. Gathered from the nodes' events.

use bitcraps_actors::ports::Event;
use bitcraps_consensus::{Message, ValidatorSet};
use bitcraps_types::{Height, Round};
use std::collections::BTreeMap;

/// The state of the network as an outside observer sees it.
pub(crate) struct Watch {
    validators: ValidatorSet,
    /// The highest height that any node decided.
    pub(crate) height: Height,
    /// The highest (height, round) that any node entered.
    pub(crate) front: (Height, Round),
    /// The highest round entered at any height.
    pub(crate) highest_round: Round,
    /// How many (height, round) pairs with a round above 0 were entered by some node.
    pub(crate) failed_rounds: u64,
    /// Consensus messages signed so far, by kind, and `sync`: how often a node began to catch up.
    pub(crate) messages: BTreeMap<&'static str, u64>,
    /// One per node.
    pub(crate) nodes: Vec<NodeWatch>,
    /// Whether anything changed that a condition can see, since this was last cleared.
    pub(crate) changed: bool,
}

/// One node.
#[derive(Clone, Default)]
pub(crate) struct NodeWatch {
    pub(crate) down: bool,
    pub(crate) syncing: bool,
    /// The height at which it holds a lock.
    pub(crate) locked: Option<Height>,
    pub(crate) height: Height,
}

impl Watch {
    pub(crate) fn new(validators: ValidatorSet) -> Watch {
        let nodes = vec![NodeWatch::default(); validators.len()];
        Watch {
            validators,
            height: 0,
            front: (1, 0),
            highest_round: 0,
            failed_rounds: 0,
            messages: BTreeMap::new(),
            nodes,
            changed: false,
        }
    }

    /// Takes note of what a node told.
    pub(crate) fn observe(&mut self, node: u16, event: &Event<'_>) {
        let state = &mut self.nodes[usize::from(node)];
        match event {
            Event::Round { height, round, .. } if (*height, *round) > self.front => {
                self.front = (*height, *round);
                self.highest_round = self.highest_round.max(*round);
                self.failed_rounds += u64::from(*round > 0);
                self.changed = true;
            }
            Event::Locked { height, .. } => {
                state.locked = Some(*height);
                self.changed = true;
            }
            Event::Decided { height, .. } => {
                state.height = *height;
                state.locked = None;
                if *height > self.height {
                    self.height = *height;
                    self.changed = true;
                }
            }
            Event::SyncStarted { .. } => {
                state.syncing = true;
                *self.messages.entry("sync").or_default() += 1;
                self.changed = true;
            }
            Event::SyncEnded { .. } => state.syncing = false,
            Event::StateSynced { height, .. } => state.height = *height,
            Event::Signed(signed) => {
                *self.messages.entry(signed.message.kind()).or_default() += 1;
                self.changed = true;
            }
            _ => {}
        }
    }

    /// Notes that a node went down or came up.
    pub(crate) fn set_down(&mut self, node: u16, down: bool) {
        self.nodes[usize::from(node)] = NodeWatch { down, ..NodeWatch::default() };
        self.changed = true;
    }

    /// Who proposes in the latest round that any node entered.
    pub(crate) fn leader(&self) -> u16 {
        self.proposer(0)
    }

    /// Who proposes in the round after that.
    pub(crate) fn next_leader(&self) -> u16 {
        self.proposer(1)
    }

    fn proposer(&self, later: u64) -> u16 {
        let (height, round) = self.front;
        // The turn order is the engine's (height + round); the observer asks for it, and does not judge by it.
        self.validators.in_turn(height + u64::from(round) + later).0
    }
}
