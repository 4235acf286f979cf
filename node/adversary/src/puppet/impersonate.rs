//! Byzantine participant that says everything in another's name, beside what it says in its own. It can't sign for that
//! one: the signature is its own, or one that the other made under something else.
//!
//! Attacks no-false-accusation and certificates: whoever takes the author for granted counts a vote that was never
//! cast, convicts the victim of voting twice, or cuts off the victim for a signature that another forged.

use super::deed::{Deed, Here};
use super::parts;
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::{Message, Signed};
use bitcraps_types::ValidatorIndex;
use rand::Rng;

/// See the module.
pub(super) struct Impersonate {
    pub(super) victim: ValidatorIndex,
}

impl Deed for Impersonate {
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        to: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let forges = here.is_mine(&signed.message) && to != self.victim;
        let mut message = signed.message.clone();
        out.push(Outgoing::Message(Box::new(signed)));
        if forges {
            *parts::author_mut(&mut message) = self.victim;
            let borrowed = here.heard.of(self.victim).find(|made| made.message != message.statement());
            let forged = match borrowed.filter(|_| here.rng.next_u32().is_multiple_of(2)) {
                Some(made) => Signed { message, signature: made.signature },
                None => here.identity.sign(message),
            };
            out.push(Outgoing::Message(Box::new(forged)));
        }
        forges
    }
}
