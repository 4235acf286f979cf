//! What became of commands, as far as is remembered. Bounded: the oldest is forgotten first.

use bitcraps_actors::ports::turned_away;
use bitcraps_casino::Reason;
use bitcraps_tables::{BetId, Outcome};
use bitcraps_types::{Amount, Digest, Height};
use std::collections::{BTreeMap, VecDeque};

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandView {
    /// It was handed to the node, which has not looked at it yet.
    Submitted,
    /// It waits for a block.
    Waiting,
    /// The node turned it away; it may come again.
    TurnedAway {
        /// Why.
        why: &'static str,
    },
    /// A block has it, but it changed nothing.
    Refused {
        /// The block's height.
        height: Height,
        /// Why.
        reason: Reason,
    },
    /// A block has it and it was done.
    Settled {
        /// The block's height.
        height: Height,
        /// What it did.
        effect: Effect,
    },
}

/// What a command did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The money moved.
    Transferred,
    /// The bet went up.
    Placed {
        /// It has this name.
        bet: BetId,
        /// How it ended and in which block; `None` while it is up.
        end: Option<(Height, BetEnd)>,
    },
    /// Bets came down.
    TookDown {
        /// How many: the one named, and the odds on it.
        bets: usize,
        /// Their stakes.
        returned: Amount,
    },
    /// The stake grew.
    Bonded,
    /// Money is on its way out of the stake.
    Unbonding,
}

/// How a bet ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BetEnd {
    /// The stake returned, and more came.
    Won {
        /// Beyond the stake.
        payout: Amount,
    },
    /// The house kept the stake.
    Lost,
    /// The stake returned.
    Pushed,
    /// Its player took it down; the stake returned.
    TakenDown,
}

impl From<Outcome> for BetEnd {
    fn from(outcome: Outcome) -> BetEnd {
        match outcome {
            Outcome::Won { payout } => BetEnd::Won { payout },
            Outcome::Lost => BetEnd::Lost,
            Outcome::Pushed => BetEnd::Pushed,
        }
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct Commands {
    known: BTreeMap<Digest, CommandView>,
    /// The known ones, the oldest first. One that was withdrawn may still stand here.
    order: VecDeque<Digest>,
}

impl Commands {
    /// So many are remembered.
    const KEPT: usize = 1 << 18;

    pub(super) fn get(&self, id: &Digest) -> Option<CommandView> {
        self.known.get(id).copied()
    }

    /// Handed in again after it was turned away, it has another chance.
    pub(super) fn submitted(&mut self, id: Digest) {
        match self.known.get_mut(&id) {
            Some(view @ CommandView::TurnedAway { .. }) => *view = CommandView::Submitted,
            Some(_) => {}
            None => self.insert(id, CommandView::Submitted),
        }
    }

    pub(super) fn withdrawn(&mut self, id: Digest) {
        if self.known.get(&id) == Some(&CommandView::Submitted) {
            self.known.remove(&id);
        }
    }

    pub(super) fn accepted(&mut self, id: Digest) {
        match self.known.get_mut(&id) {
            Some(view @ (CommandView::Submitted | CommandView::TurnedAway { .. })) => {
                *view = CommandView::Waiting;
            }
            Some(_) => {}
            None => self.insert(id, CommandView::Waiting),
        }
    }

    /// Whether that changed anything. What a block decided stays; and what waits is not gone because it came again.
    pub(super) fn turned_away(&mut self, id: Digest, why: &'static str) -> bool {
        let view = CommandView::TurnedAway { why };
        match self.known.get_mut(&id) {
            Some(CommandView::Refused { .. } | CommandView::Settled { .. }) => false,
            Some(CommandView::Waiting) if why == turned_away::WAITING => false,
            Some(known) => {
                *known = view;
                true
            }
            None => {
                self.insert(id, view);
                true
            }
        }
    }

    /// A block has it. If two blocks do, the first one did it.
    pub(super) fn decided(&mut self, id: Digest, view: CommandView) {
        match self.known.get_mut(&id) {
            Some(CommandView::Settled { .. }) => {}
            Some(known) => *known = view,
            None => self.insert(id, view),
        }
    }

    pub(super) fn bet_ended(&mut self, id: &Digest, ended: (Height, BetEnd)) {
        if let Some(CommandView::Settled { effect: Effect::Placed { end, .. }, .. }) = self.known.get_mut(id)
        {
            *end = Some(ended);
        }
    }

    fn insert(&mut self, id: Digest, view: CommandView) {
        while self.order.len() >= Self::KEPT {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        self.order.push_back(id);
        self.known.insert(id, view);
    }
}
