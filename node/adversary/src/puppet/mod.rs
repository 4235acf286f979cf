//! Byzantine behaviour of a validator: one file per behaviour, and the switchboard that turns them on and off while the
//! node runs.
//!
//! The actors and the engine inside a Byzantine node are the honest ones. A [`Puppet`] stands between them and the
//! others. What leaves it rewrites, per recipient, with the node's own key: it can lie, but it can't forge another's
//! signature. What arrives it hears first, and may keep from the node. It may hold messages back, and speak unasked.
//! What a proxy is too late for (forgetting the lock) is a hook in the engine's host. Several puppets may act as one
//! ([`collude`]).
//!
//! Behaviours combine: each rewrites what the one before it lets out, in the order in which they were turned on. What
//! one of them holds back, or says unasked, goes out as it is.

mod amnesia;
mod biased_dice;
mod collude;
mod collusion;
mod conflicting_certificate;
mod deed;
mod drop_inbound;
mod equivocate;
mod false_payout;
mod flood;
mod force_nil;
mod frame;
mod garbage_bytes;
mod heard;
mod impersonate;
mod invalid_bets;
mod invalid_signature;
mod invalid_value;
mod kind;
mod late;
mod lie;
mod lie_in_sync;
mod mutate;
mod outbox;
mod overdraw;
mod parts;
mod replayed_bets;
mod rushing;
mod selective_send;
mod shift;
mod silent;
mod stuffed;
mod swapped;
mod variant;
mod withhold;
mod wrong_epoch;

#[cfg(test)]
mod tests;

use bitcraps_actors::ports::{Adversary, ConsensusMessage, Outgoing};
use bitcraps_actors::wire::SyncMessage;
use bitcraps_beacon::Partials;
use bitcraps_consensus::{Message, Signed, ValidatorSet};
use bitcraps_types::{ChainId, PublicKey, Sign, Time, ValidatorIndex};
use deed::{Deed, Here};
use heard::Heard;
use outbox::Outbox;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

pub use collude::Strategy;
pub use collusion::{Collusion, Groups, Said};
pub use equivocate::Kinds;
pub use kind::Kind;
pub use late::Patience;
pub use lie::{Behaviour, Lie};
pub use mutate::Scope;

/// Who lies: what a behaviour needs to sign, and to know whom it speaks to.
#[derive(Clone)]
pub struct Identity {
    /// The validator.
    pub me: ValidatorIndex,
    /// The network.
    pub chain: ChainId,
    /// Its validators.
    pub validators: ValidatorSet,
    /// The validator's own secret.
    pub signer: Rc<dyn Sign>,
}

impl Identity {
    fn sign(&self, message: ConsensusMessage) -> Signed<ConsensusMessage> {
        Signed::new(message, &self.chain, &*self.signer)
    }

    fn others(&self) -> impl Iterator<Item = ValidatorIndex> {
        self.validators.iter().map(|(index, _)| index).filter(|index| *index != self.me)
    }
}

/// The switchboard of one Byzantine node. Without an active fault the node is honest, at no cost.
pub struct Puppet {
    identity: Identity,
    state: RefCell<State>,
    touched: RefCell<BTreeMap<String, u64>>,
    forgets: Cell<bool>,
}

struct State {
    rng: ChaCha8Rng,
    heard: Heard,
    outbox: Outbox,
    /// In the order of activation.
    active: Vec<Active>,
}

struct Active {
    fault: String,
    deed: Box<dyn Deed>,
    chance: f64,
}

impl Active {
    /// Whether it lies in this message. Its chance is drawn each time.
    fn draws(&self, rng: &mut ChaCha8Rng) -> bool {
        self.chance >= 1.0 || rng.random_bool(self.chance)
    }
}

impl Puppet {
    /// The puppet of one node. `rng` is its own stream.
    pub fn new(identity: Identity, rng: ChaCha8Rng) -> Puppet {
        let (heard, outbox, active) = (Heard::default(), Outbox::default(), Vec::new());
        Puppet {
            identity,
            state: RefCell::new(State { rng, heard, outbox, active }),
            touched: RefCell::default(),
            forgets: Cell::new(false),
        }
    }

    /// The node misbehaves from now on, on behalf of this fault. A second behaviour of one fault replaces its first.
    pub fn activate(&self, fault: &str, behaviour: Behaviour) {
        self.activate_at_times(fault, behaviour, 1.0);
    }

    /// The same, but in each message only with this chance.
    pub fn activate_at_times(&self, fault: &str, behaviour: Behaviour, chance: f64) {
        self.deactivate(fault);
        let active = Active { fault: fault.to_owned(), deed: behaviour.begin(&self.identity), chance };
        self.state.borrow_mut().active.push(active);
        self.touched.borrow_mut().entry(fault.to_owned()).or_default();
        self.look_for_amnesia();
    }

    /// The fault ends, and what it holds back goes out. Whether it was active.
    pub fn deactivate(&self, fault: &str) -> bool {
        let State { active, outbox, .. } = &mut *self.state.borrow_mut();
        let Some(place) = active.iter().position(|active| active.fault == fault) else { return false };
        active.remove(place).deed.end(outbox);
        self.forgets.set(active.iter().any(|active| active.deed.forgets()));
        true
    }

    /// How many messages this fault has changed, withheld, added or ignored so far, each recipient counted; also after
    /// its end. For [`Lie::Amnesia`]: how many prevotes were cast after a lock was forgotten.
    pub fn touched(&self, fault: &str) -> u64 {
        self.touched.borrow().get(fault).copied().unwrap_or(0)
    }

    /// The same for every fault that there ever was.
    pub fn all_touched(&self) -> BTreeMap<String, u64> {
        self.touched.borrow().clone()
    }

    fn look_for_amnesia(&self) {
        self.forgets.set(self.state.borrow().active.iter().any(|active| active.deed.forgets()));
    }

    fn touch(&self, fault: &str, count: u64) {
        if let Some(touched) = self.touched.borrow_mut().get_mut(fault) {
            *touched += count;
        }
    }

    /// Has each active behaviour do something, one after the other; it gives how many messages it touched.
    fn each(&self, now: Time, mut act: impl FnMut(&mut Active, &mut Here<'_>) -> u64) {
        let State { rng, heard, outbox, active } = &mut *self.state.borrow_mut();
        for active in active {
            let identity = &self.identity;
            let mut here = Here { now, identity, rng, heard, outbox, chance: active.chance };
            let touched = act(active, &mut here);
            self.touch(&active.fault, touched);
        }
    }
}

impl Adversary for Puppet {
    fn active(&self) -> bool {
        let state = self.state.borrow();
        !state.active.is_empty() || state.outbox.next().is_some()
    }

    fn outgoing(&self, now: Time, to: ValidatorIndex, message: &Signed<ConsensusMessage>) -> Vec<Outgoing> {
        self.state.borrow_mut().heard.note(message);
        let mut sent = vec![Outgoing::Message(Box::new(message.clone()))];
        self.each(now, |active, here| {
            if !active.draws(here.rng) {
                return 0;
            }
            let mut out = Vec::with_capacity(sent.len());
            let mut changed = 0;
            for outgoing in sent.drain(..) {
                changed += u64::from(active.deed.say(here, to, outgoing, &mut out));
            }
            sent = out;
            changed
        });
        sent
    }

    fn incoming(&self, now: Time, message: &Signed<ConsensusMessage>) -> bool {
        if message.message.author() != self.identity.me {
            self.state.borrow_mut().heard.note(message);
        }
        let kind = Kind::of(&message.message);
        let mut heard = true;
        self.each(now, |active, here| {
            let ignored = active.deed.ignores(kind) && active.draws(here.rng);
            heard &= !ignored;
            u64::from(ignored) + active.deed.hear(here, message)
        });
        heard
    }

    fn unasked(&self, now: Time) -> Vec<(ValidatorIndex, Outgoing)> {
        self.each(now, |active, here| active.deed.unasked(here));
        self.state.borrow_mut().outbox.take(now)
    }

    fn wakes(&self, now: Time) -> Option<Time> {
        let state = self.state.borrow();
        let deeds = state.active.iter().filter_map(|active| active.deed.wakes(now));
        deeds.chain(state.outbox.next()).min()
    }

    fn outgoing_sync(&self, _: &PublicKey, message: SyncMessage) -> Option<SyncMessage> {
        let mut sent = Some(message);
        self.each(Time::ZERO, |active, here| {
            let Some(before) = &sent else { return 0 };
            if !active.draws(here.rng) {
                return 0;
            }
            let instead = active.deed.say_sync(here, before);
            let changed = instead.as_ref() != Some(before);
            sent = instead;
            u64::from(changed)
        });
        sent
    }

    fn incoming_sync(&self, _: &PublicKey, message: &SyncMessage) -> bool {
        let mut heard = true;
        self.each(Time::ZERO, |active, here| {
            active.deed.hear_sync(message);
            let ignored = active.deed.ignores(Kind::Sync) && active.draws(here.rng);
            heard &= !ignored;
            u64::from(ignored)
        });
        heard
    }

    fn outgoing_dice(&self, to: ValidatorIndex, partials: Partials) -> Option<Partials> {
        let mut sent = Some(partials);
        self.each(Time::ZERO, |active, here| {
            let Some(before) = &sent else { return 0 };
            if !active.draws(here.rng) {
                return 0;
            }
            let instead = active.deed.say_dice(here, to, before);
            let changed = instead.as_ref() != Some(before);
            sent = instead;
            u64::from(changed)
        });
        sent
    }

    fn incoming_dice(&self) -> bool {
        let mut heard = true;
        self.each(Time::ZERO, |active, here| {
            let ignored = active.deed.ignores(Kind::Dice) && active.draws(here.rng);
            heard &= !ignored;
            u64::from(ignored)
        });
        heard
    }

    fn amnesia(&self) -> bool {
        self.forgets.get()
    }
}
