//! Byzantine behaviour of a validator, in what it sends: one file per behaviour, and the switchboard that turns them
//! on and off while the node runs.
//!
//! The actors and the engine inside a Byzantine node are the honest ones. A [`Puppet`] stands where its messages leave
//! and rewrites them, per recipient, with the node's own key: it can lie, but it can't forge another's signature. What
//! a proxy is too late for (forgetting the lock) is a hook in the engine's host.

mod amnesia;
mod collusion;
mod equivocate;
mod garbage_bytes;
mod invalid_signature;
mod silent;
mod variant;

#[cfg(test)]
mod tests;

use amnesia::Amnesia;
use bitcraps_actors::ports::{Adversary, ConsensusMessage, Outgoing};
use bitcraps_consensus::Signed;
use bitcraps_types::{ChainId, Sign, ValidatorIndex};
use borsh::{BorshDeserialize, BorshSerialize};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

pub use collusion::{Collusion, Groups, Said};
pub use equivocate::Kinds;

/// What a Byzantine validator does to each message that it sends, in plain words.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Lie {
    /// Sends nothing.
    Silent,
    /// Tells one group one thing and another group another.
    Equivocate {
        /// Which messages are doubled.
        what: Kinds,
        /// Who is told what.
        groups: Groups,
    },
    /// Forgets its lock.
    Amnesia,
    /// Sends signatures that are wrong.
    InvalidSignature,
    /// Sends bytes that are no messages.
    GarbageBytes,
}

/// A [`Lie`] with the memory that it takes.
#[derive(Clone)]
pub enum Behaviour {
    /// See [`Lie::Silent`].
    Silent,
    /// See [`Lie::Equivocate`].
    Equivocate {
        /// Which messages are doubled.
        what: Kinds,
        /// The groups, and what those who lie together have told them. Equivocators of one fault share it, if they
        /// are in one process.
        collusion: Rc<RefCell<Collusion>>,
    },
    /// See [`Lie::Amnesia`].
    Amnesia,
    /// See [`Lie::InvalidSignature`].
    InvalidSignature,
    /// See [`Lie::GarbageBytes`].
    GarbageBytes,
}

impl From<&Lie> for Behaviour {
    /// With a memory of its own; whoever is given a clone shares it.
    fn from(lie: &Lie) -> Behaviour {
        match lie {
            Lie::Silent => Behaviour::Silent,
            Lie::Equivocate { what, groups } => {
                let collusion = Rc::new(RefCell::new(Collusion::new(groups.clone())));
                Behaviour::Equivocate { what: *what, collusion }
            }
            Lie::Amnesia => Behaviour::Amnesia,
            Lie::InvalidSignature => Behaviour::InvalidSignature,
            Lie::GarbageBytes => Behaviour::GarbageBytes,
        }
    }
}

/// Who lies: what a behaviour needs to sign.
#[derive(Clone)]
pub struct Identity {
    /// The validator.
    pub me: ValidatorIndex,
    /// The network.
    pub chain: ChainId,
    /// The validator's own secret.
    pub signer: Rc<dyn Sign>,
}

impl Identity {
    fn sign(&self, message: ConsensusMessage) -> Signed<ConsensusMessage> {
        Signed::new(message, &self.chain, &*self.signer)
    }
}

/// The switchboard of one Byzantine node. Without an active fault the node is honest, at no cost.
pub struct Puppet {
    identity: Identity,
    rng: RefCell<ChaCha8Rng>,
    /// In the order of activation: each rewrites what the one before it lets out.
    active: RefCell<Vec<Active>>,
    touched: RefCell<BTreeMap<String, u64>>,
    forgets: Cell<bool>,
}

struct Active {
    fault: String,
    behaviour: Behaviour,
    chance: f64,
    amnesia: Amnesia,
}

impl Puppet {
    /// The puppet of one node. `rng` is its own stream.
    pub fn new(identity: Identity, rng: ChaCha8Rng) -> Puppet {
        Puppet {
            identity,
            rng: RefCell::new(rng),
            active: RefCell::default(),
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
        let active = Active { fault: fault.to_owned(), behaviour, chance, amnesia: Amnesia::default() };
        self.active.borrow_mut().push(active);
        self.touched.borrow_mut().entry(fault.to_owned()).or_default();
        self.look_for_amnesia();
    }

    /// The fault ends. Whether it was active.
    pub fn deactivate(&self, fault: &str) -> bool {
        let mut active = self.active.borrow_mut();
        let before = active.len();
        active.retain(|active| active.fault != fault);
        let ended = active.len() < before;
        drop(active);
        self.look_for_amnesia();
        ended
    }

    /// How many outgoing messages this fault has changed so far, each recipient counted; also after its end.
    /// For [`Behaviour::Amnesia`]: how many prevotes were cast after a lock was forgotten.
    pub fn touched(&self, fault: &str) -> u64 {
        self.touched.borrow().get(fault).copied().unwrap_or(0)
    }

    /// The same for every fault that there ever was.
    pub fn all_touched(&self) -> BTreeMap<String, u64> {
        self.touched.borrow().clone()
    }

    fn look_for_amnesia(&self) {
        let active = self.active.borrow();
        self.forgets.set(active.iter().any(|active| matches!(active.behaviour, Behaviour::Amnesia)));
    }
}

impl Adversary for Puppet {
    fn active(&self) -> bool {
        !self.active.borrow().is_empty()
    }

    fn outgoing(&self, to: ValidatorIndex, message: &Signed<ConsensusMessage>) -> Vec<Outgoing> {
        let mut rng = self.rng.borrow_mut();
        let mut touched = self.touched.borrow_mut();
        let mut sent = vec![Outgoing::Message(Box::new(message.clone()))];
        for active in self.active.borrow_mut().iter_mut() {
            let mut out = Vec::with_capacity(sent.len());
            let mut changed = 0;
            if active.chance < 1.0 && !rng.random_bool(active.chance) {
                continue;
            }
            for outgoing in sent {
                changed += u64::from(active.rewrite(&self.identity, &mut rng, to, outgoing, &mut out));
            }
            if let Some(count) = touched.get_mut(&active.fault) {
                *count += changed;
            }
            sent = out;
        }
        sent
    }

    fn amnesia(&self) -> bool {
        self.forgets.get()
    }
}

impl Active {
    /// Puts what becomes of `sent` into `out`. Whether that is anything else.
    fn rewrite(
        &mut self,
        identity: &Identity,
        rng: &mut ChaCha8Rng,
        to: ValidatorIndex,
        sent: Outgoing,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        match (&self.behaviour, sent) {
            (Behaviour::Silent, sent) => silent::rewrite(sent),
            (_, Outgoing::Raw(bytes)) => {
                out.push(Outgoing::Raw(bytes));
                false
            }
            (Behaviour::Equivocate { what, collusion }, Outgoing::Message(signed)) => {
                equivocate::rewrite(*what, &mut collusion.borrow_mut(), identity, to, *signed, out)
            }
            (Behaviour::Amnesia, Outgoing::Message(signed)) => {
                let touched = self.amnesia.observe(identity.me, &signed.message);
                out.push(Outgoing::Message(signed));
                touched
            }
            (Behaviour::InvalidSignature, Outgoing::Message(signed)) => {
                invalid_signature::rewrite(rng, *signed, out)
            }
            (Behaviour::GarbageBytes, Outgoing::Message(signed)) => garbage_bytes::rewrite(rng, *signed, out),
        }
    }
}
