//! What a Byzantine validator can be told to do, as plain data: a testbed makes it from a scenario, and sends it to a
//! daemon in another process as it is.

use super::collude::{Coalition, Collude};
use super::collusion::{Collusion, Groups};
use super::deed::Deed;
use super::{
    Identity, amnesia, biased_dice, conflicting_certificate, drop_inbound, equivocate, false_payout, flood,
    force_nil, frame, garbage_bytes, impersonate, invalid_bets, invalid_signature, invalid_value, late,
    lie_in_sync, mutate, overdraw, replayed_bets, rushing, selective_send, shift, silent, withhold,
    wrong_epoch,
};
use super::{Kind, Kinds, Patience, Scope, Strategy};
use bitcraps_types::ValidatorIndex;
use borsh::{BorshDeserialize, BorshSerialize};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// What a Byzantine validator does, in plain words. Each has a file of its own, which says what it attacks.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Lie {
    /// Sends nothing in consensus.
    Silent,
    /// Does not send messages of these kinds.
    Withhold {
        /// Which.
        kinds: BTreeSet<Kind>,
    },
    /// Sends to these only.
    SelectiveSend {
        /// Who hears it.
        to: BTreeSet<ValidatorIndex>,
    },
    /// Tells one group one thing and another group another.
    Equivocate {
        /// Which messages are doubled.
        what: Kinds,
        /// Who is told what.
        groups: Groups,
    },
    /// Forgets its lock.
    Amnesia,
    /// Votes for nothing.
    ForceNil,
    /// Sends signatures that are wrong.
    InvalidSignature,
    /// Sends bytes that are no messages.
    GarbageBytes,
    /// Proposes what the application must refuse.
    InvalidValue,
    /// Speaks of heights that are not now, and for another chain.
    WrongEpoch,
    /// Speaks of another round than its own.
    Shift {
        /// How many rounds later; negative is earlier.
        rounds: i64,
    },
    /// Shows certificates that prove nothing.
    ConflictingCertificate,
    /// Speaks in another's name.
    Impersonate {
        /// Whose.
        victim: ValidatorIndex,
    },
    /// Sends just before the others give up waiting.
    Late {
        /// How long the others wait.
        patience: Patience,
        /// How much earlier than that, in nanoseconds.
        before: u64,
    },
    /// Speaks last in each round.
    Rushing {
        /// After these.
        honest: BTreeSet<ValidatorIndex>,
        /// It waits no longer, in nanoseconds.
        at_most: u64,
    },
    /// Sends votes without end.
    Flood {
        /// So many to each validator.
        per_second: u32,
    },
    /// Lies to those who catch up.
    LieInSync,
    /// Forges evidence.
    Frame {
        /// Against whom.
        victim: ValidatorIndex,
    },
    /// Does not hear messages of these kinds.
    DropInbound {
        /// Which.
        kinds: BTreeSet<Kind>,
    },
    /// Changes messages a little.
    Mutate {
        /// How little.
        scope: Scope,
        /// Only in so many first rounds of a height.
        rounds: Option<u32>,
    },
    /// Does what several have planned together.
    Collude {
        /// Their plan.
        strategy: Strategy,
        /// Which group is to decide what.
        groups: Groups,
    },
    /// Proposes blocks with commands that must be refused.
    InvalidBets,
    /// Proposes blocks with commands of earlier blocks.
    ReplayedBets,
    /// Asks for more of its stake than is free.
    Overdraw,
    /// Proposes blocks that pay what nobody won.
    FalsePayout,
    /// Tries to choose the dice.
    BiasedDice {
        /// So many blocks at most for each proposal.
        tries: u32,
    },
}

/// A [`Lie`] with the memory that those share who tell it together, if they are in one process: each is given a clone.
#[derive(Clone)]
pub struct Behaviour {
    lie: Lie,
    collusion: Rc<RefCell<Collusion>>,
    coalition: Rc<RefCell<Coalition>>,
}

impl From<&Lie> for Behaviour {
    /// With a memory of its own.
    fn from(lie: &Lie) -> Behaviour {
        let groups = match lie {
            Lie::Equivocate { groups, .. } | Lie::Collude { groups, .. } => groups.clone(),
            _ => Groups::default(),
        };
        Behaviour {
            lie: lie.clone(),
            collusion: Rc::new(RefCell::new(Collusion::new(groups.clone()))),
            coalition: Rc::new(RefCell::new(Coalition::new(groups))),
        }
    }
}

impl Behaviour {
    /// What those who lie together have told, if what they do takes an agreement on it.
    pub fn collusion(&self) -> Option<&Rc<RefCell<Collusion>>> {
        matches!(self.lie, Lie::Equivocate { .. }).then_some(&self.collusion)
    }

    /// Begins to do it, as this validator.
    pub(super) fn begin(&self, identity: &Identity) -> Box<dyn Deed> {
        match &self.lie {
            Lie::Silent => Box::new(silent::Silent),
            Lie::Withhold { kinds } => Box::new(withhold::Withhold { kinds: kinds.clone() }),
            Lie::SelectiveSend { to } => Box::new(selective_send::SelectiveSend { to: to.clone() }),
            Lie::Equivocate { what, .. } => {
                Box::new(equivocate::Equivocate { what: *what, collusion: self.collusion.clone() })
            }
            Lie::Amnesia => Box::new(amnesia::Amnesia::default()),
            Lie::ForceNil => Box::new(force_nil::ForceNil),
            Lie::InvalidSignature => Box::new(invalid_signature::InvalidSignature),
            Lie::GarbageBytes => Box::new(garbage_bytes::GarbageBytes),
            Lie::InvalidValue => Box::new(invalid_value::InvalidValue::default()),
            Lie::WrongEpoch => Box::new(wrong_epoch::WrongEpoch),
            Lie::Shift { rounds } => Box::new(shift::Shift { rounds: *rounds }),
            Lie::ConflictingCertificate => Box::new(conflicting_certificate::ConflictingCertificate),
            Lie::Impersonate { victim } => Box::new(impersonate::Impersonate { victim: *victim }),
            Lie::Late { patience, before } => Box::new(late::Late { patience: *patience, before: *before }),
            Lie::Rushing { honest, at_most } => Box::new(rushing::Rushing::new(honest.clone(), *at_most)),
            Lie::Flood { per_second } => Box::new(flood::Flood::new(*per_second)),
            Lie::LieInSync => Box::new(lie_in_sync::LieInSync::default()),
            Lie::Frame { victim } => Box::new(frame::Frame::new(*victim)),
            Lie::DropInbound { kinds } => Box::new(drop_inbound::DropInbound { kinds: kinds.clone() }),
            Lie::Mutate { scope, rounds } => Box::new(mutate::Mutate::new(*scope, *rounds)),
            Lie::InvalidBets => Box::new(invalid_bets::InvalidBets::default()),
            Lie::ReplayedBets => Box::new(replayed_bets::ReplayedBets::default()),
            Lie::Overdraw => Box::new(overdraw::Overdraw::default()),
            Lie::FalsePayout => Box::new(false_payout::FalsePayout::default()),
            Lie::BiasedDice { tries } => Box::new(biased_dice::BiasedDice::new(*tries)),
            Lie::Collude { strategy, .. } => {
                let coalition = self.coalition.clone();
                match strategy {
                    Strategy::Fork => {
                        let collusion = self.collusion.clone();
                        Box::new(Collude::fork(coalition, collusion, identity))
                    }
                    Strategy::Amnesia => Box::new(Collude::amnesia(coalition, identity)),
                }
            }
        }
    }
}
