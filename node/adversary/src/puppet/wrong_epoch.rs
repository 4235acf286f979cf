//! Byzantine participant that speaks of a height that is not now (far ahead, the last that there is, the first, the one
//! before), or signs for another chain.
//!
//! Attacks liveness and memory: a node that believes one validator's height chases blocks that nobody has, and one that
//! keeps what is far ahead keeps all of it. A signature for another chain that counts here breaks agreement.

use super::deed::{Deed, Here};
use super::parts;
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::Signed;
use bitcraps_types::{Digest, ValidatorIndex};
use rand::Rng;

/// How far is far ahead.
const FAR: u64 = 1_000_000;

/// See the module.
pub(super) struct WrongEpoch;

impl Deed for WrongEpoch {
    fn tell_own(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let mut message = signed.message;
        let height = parts::height_mut(&mut message);
        let mut chain = here.identity.chain;
        match here.rng.next_u32() % 5 {
            0 => *height = height.saturating_add(FAR),
            1 => *height = u64::MAX,
            2 => *height = 0,
            3 => *height = height.saturating_sub(1),
            _ => chain = Digest::of("adversary/chain", &chain.0),
        }
        let sent = Signed::new(message, &chain, &*here.identity.signer);
        out.push(Outgoing::Message(Box::new(sent)));
        true
    }
}
