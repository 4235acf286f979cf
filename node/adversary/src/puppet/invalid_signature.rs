//! Byzantine participant that breaks the signature of everything it sends, its part of the dice's too, by one bit.
//!
//! Attacks certificates and no-false-accusation: a node that counts or passes on what it did not verify makes proofs
//! that others refuse, or blames the wrong one.

use super::deed::{Deed, Here};
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_beacon::Partials;
use bitcraps_consensus::Signed;
use bitcraps_types::ValidatorIndex;
use rand::Rng;

/// Flips a random bit of the signature.
pub(super) struct InvalidSignature;

impl Deed for InvalidSignature {
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        mut signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let bit = (here.rng.next_u32() % 512) as usize;
        signed.signature.0[bit / 8] ^= 1 << (bit % 8);
        out.push(Outgoing::Message(Box::new(signed)));
        true
    }

    fn say_dice(&mut self, here: &mut Here<'_>, _: ValidatorIndex, partials: &Partials) -> Option<Partials> {
        let mut spoilt = partials.clone();
        let bit = (here.rng.next_u32() % 768) as usize;
        spoilt.signatures.iter_mut().for_each(|partial| partial.0[bit / 8] ^= 1 << (bit % 8));
        Some(spoilt)
    }
}
