//! What an adversary makes of the round's messages: what goes to each peer instead, and what it says unasked.

use super::{Due, Round};
use crate::ports::{Adversary, ConsensusMessage, Outgoing};
use crate::transport::{Class, Send, To};
use crate::wire::Wire;
use bitcraps_consensus::{Dest, Signed};
use bitcraps_types::PublicKey;

impl Round {
    pub(super) fn adversary(&self) -> Option<&dyn Adversary> {
        self.ports.adversary.as_deref().filter(|adversary| adversary.active())
    }

    /// Asks the adversary what goes to each recipient instead, and sends it to that one alone.
    pub(super) fn send_through(
        &self,
        adversary: &dyn Adversary,
        to: Dest,
        message: &Signed<ConsensusMessage>,
    ) {
        let now = self.ports.clock.now();
        let addressed = |validator| to == Dest::All || to == Dest::One(validator);
        for (validator, entry) in self.validators.iter() {
            if Some(validator) == self.me || !addressed(validator) {
                continue;
            }
            for outgoing in adversary.outgoing(now, validator, message) {
                self.send_instead(entry.key, outgoing);
            }
        }
    }

    fn send_instead(&self, to: PublicKey, outgoing: Outgoing) {
        let payload = match outgoing {
            Outgoing::Message(message) => Wire::encode_consensus(std::slice::from_ref(&*message)),
            Outgoing::Raw(bytes) => bytes,
        };
        self.neighbours.transport.do_send(Send { to: To::One(to), payload, class: Class::Now });
    }

    /// Lets the adversary say what is its own idea, and notes when it wants to speak again.
    pub(super) fn speak_unasked(&mut self) {
        let now = self.ports.clock.now();
        let Some(adversary) = self.adversary() else { return };
        for (to, outgoing) in adversary.unasked(now) {
            if let Some(key) = self.key_of(to) {
                self.send_instead(key, outgoing);
            }
        }
        if let Some(at) = adversary.wakes(now) {
            self.deadlines().set(Due::Adversary, at);
        }
    }
}
