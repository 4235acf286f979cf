//! Byzantine participants that act as one: what one of them hears all know, and each signs whatever the plan needs.
//!
//! Attacks agreement, with more than f of them. Until their plan finds its moment they follow the protocol. From then
//! on their engines, which are honest, hear everything and are not heard: the plan speaks in their place. It acts on
//! what the honest have said (a rushing adversary), and whoever of them hears the last word that it needs sends what
//! follows, in the name of any.
//!
//! There is a plan to fork for each engine. Under PBFT and Tendermint two faces are enough ([`super::equivocate`]);
//! HotStuff takes a coalition that collects votes ([`hotstuff`]). And there is one for Tendermint that leaves no proof
//! ([`amnesia`]).

mod amnesia;
mod hotstuff;

use super::deed::{Deed, Here};
use super::equivocate::{Equivocate, Kinds};
use super::{Collusion, Groups, Identity};
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::tendermint::TendermintMessage;
use bitcraps_consensus::{AnyMessage, Message, Signed};
use bitcraps_types::{Height, ValidatorIndex};
use borsh::{BorshDeserialize, BorshSerialize};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What colluders have planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Strategy {
    /// To have two groups decide two values, by the means that the engine leaves them.
    Fork,
    /// The same under Tendermint, so that no two of their messages contradict each other.
    Amnesia,
}

/// What is to be said, and to whom.
type Lies = Vec<(ValidatorIndex, Signed<ConsensusMessage>)>;

/// Those who collude, and what they know together.
pub(super) struct Coalition {
    members: Members,
    hotstuff: hotstuff::Plan,
    amnesia: amnesia::Plan,
}

/// Who they are, and whom they deceive.
struct Members {
    by_place: BTreeMap<ValidatorIndex, Identity>,
    groups: Groups,
}

impl Coalition {
    pub(super) fn new(groups: Groups) -> Coalition {
        let members = Members { by_place: BTreeMap::new(), groups };
        Coalition { members, hotstuff: hotstuff::Plan::default(), amnesia: amnesia::Plan::default() }
    }
}

impl Members {
    fn has(&self, validator: ValidatorIndex) -> bool {
        self.by_place.contains_key(&validator)
    }

    /// Signed by its author, who is one of them.
    fn sign(&self, message: ConsensusMessage) -> Option<Signed<ConsensusMessage>> {
        Some(self.by_place.get(&message.author())?.sign(message))
    }

    /// Adds to `lies` that each of a group is told this, which one of them signs.
    fn tell(&self, group: &BTreeSet<ValidatorIndex>, message: ConsensusMessage, lies: &mut Lies) {
        if let Some(signed) = self.sign(message) {
            lies.extend(group.iter().map(|to| (*to, signed.clone())));
        }
    }
}

/// One of them.
pub(super) struct Collude {
    coalition: Rc<RefCell<Coalition>>,
    plan: Plan,
}

enum Plan {
    /// With what to do under the engines where two faces are enough.
    Fork(Equivocate),
    Amnesia,
}

impl Collude {
    /// Joins those who fork.
    pub(super) fn fork(
        coalition: Rc<RefCell<Coalition>>,
        collusion: Rc<RefCell<Collusion>>,
        identity: &Identity,
    ) -> Collude {
        let plan = Plan::Fork(Equivocate { what: Kinds::ALL, collusion });
        Collude::join(coalition, plan, identity)
    }

    /// Joins those who forget.
    pub(super) fn amnesia(coalition: Rc<RefCell<Coalition>>, identity: &Identity) -> Collude {
        Collude::join(coalition, Plan::Amnesia, identity)
    }

    fn join(coalition: Rc<RefCell<Coalition>>, plan: Plan, identity: &Identity) -> Collude {
        coalition.borrow_mut().members.by_place.insert(identity.me, identity.clone());
        Collude { coalition, plan }
    }

    /// What follows from a message, their own or another's.
    fn learn(&mut self, signed: &Signed<ConsensusMessage>) -> Lies {
        let Coalition { members, hotstuff, amnesia } = &mut *self.coalition.borrow_mut();
        match (&self.plan, &signed.message) {
            (Plan::Fork(_), AnyMessage::HotStuff(message)) => {
                hotstuff.learn(members, message, signed.signature)
            }
            (Plan::Amnesia, AnyMessage::Tendermint(message)) => amnesia.learn(members, message),
            _ => Lies::new(),
        }
    }

    /// Whether the plan speaks at this height, and a member's engine does not.
    fn is_muted(&self, height: Height, message: &ConsensusMessage) -> bool {
        let coalition = self.coalition.borrow();
        match (&self.plan, message) {
            (Plan::Fork(_), AnyMessage::HotStuff(_)) => coalition.hotstuff.speaks_at(height),
            (Plan::Amnesia, AnyMessage::Tendermint(TendermintMessage::Proposal(proposal))) => {
                coalition.amnesia.speaks_at(height) && !coalition.amnesia.begins_with(proposal)
            }
            (Plan::Amnesia, AnyMessage::Tendermint(_)) => coalition.amnesia.speaks_at(height),
            _ => false,
        }
    }
}

impl Deed for Collude {
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        to: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let is_hotstuff = matches!(signed.message, AnyMessage::HotStuff(_));
        if let Plan::Fork(equivocate) = &mut self.plan
            && !is_hotstuff
        {
            return equivocate.tell(here, to, signed, out);
        }
        let lies = if here.is_mine(&signed.message) { self.learn(&signed) } else { Lies::new() };
        let lied = !lies.is_empty();
        lies.into_iter().for_each(|(to, lie)| here.outbox.put_message(to, lie));
        let muted = self.is_muted(signed.message.height(), &signed.message);
        if !muted {
            out.push(Outgoing::Message(Box::new(signed)));
        }
        muted || lied
    }

    fn hear(&mut self, here: &mut Here<'_>, message: &Signed<ConsensusMessage>) -> u64 {
        let lies = self.learn(message);
        let count = lies.len() as u64;
        lies.into_iter().for_each(|(to, lie)| here.outbox.put_message(to, lie));
        count
    }
}
