//! Byzantine participant that shows certificates which prove nothing, beside each vote that it casts: with signatures
//! that it forged, cut below a quorum, with a signer twice, or with the genuine signatures of another value.
//!
//! Attacks agreement and certificates: whoever counts the signers of a certificate without checking each, or checks
//! them against another statement than the one that the certificate is for, locks on what no quorum voted for, or
//! decides it.

mod hotstuff;
mod pbft;
mod tendermint;

use super::deed::{Deed, Here};
use super::{Kind, variant};
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::{AnyMessage, Message, Signed};
use bitcraps_types::{Digest, Signature, ValidatorIndex, Value};
use rand::Rng;

/// See the module.
pub(super) struct ConflictingCertificate;

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// All sign, and the liar made the signatures that it has not got.
    Forged,
    /// The genuine signatures, fewer than a quorum's.
    Short,
    /// Those, and the last of them again and again.
    Twice,
    /// A quorum's genuine signatures, of another value.
    OtherValue,
}

impl Deed for ConflictingCertificate {
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let shows = here.is_mine(&signed.message) && Kind::of(&signed.message).is_vote();
        let flaws = [Flaw::Forged, Flaw::Short, Flaw::Twice, Flaw::OtherValue];
        let flaw = flaws[here.rng.next_u32() as usize % flaws.len()];
        let shown = shows.then(|| shown(here, &signed.message, flaw)).flatten();
        out.push(Outgoing::Message(Box::new(signed)));
        let shows = shown.is_some();
        out.extend(shown.map(|message| Outgoing::Message(Box::new(here.identity.sign(message)))));
        shows
    }
}

/// What is shown beside this vote.
fn shown(here: &mut Here<'_>, vote: &ConsensusMessage, flaw: Flaw) -> Option<ConsensusMessage> {
    match vote {
        AnyMessage::Pbft(message) => pbft::shown(here, message, flaw).map(Into::into),
        AnyMessage::Tendermint(message) => tendermint::shown(here, message, flaw).map(Into::into),
        AnyMessage::HotStuff(message) => hotstuff::shown(here, message, flaw).map(Into::into),
    }
}

/// The value that a certificate with this flaw is for, where the quorum's is the one voted for last.
fn value(here: &Here<'_>, flaw: Flaw) -> Option<Value> {
    let truth = here.heard.value()?;
    match flaw {
        Flaw::Short | Flaw::Twice => Some(truth.clone()),
        Flaw::Forged | Flaw::OtherValue => variant::of(truth),
    }
}

/// The signatures of such a certificate, by ascending signer; `statement` makes what each signs for a value, `truth` is
/// the value that they voted for, `digest` the one that the certificate claims.
fn signatures(
    here: &Here<'_>,
    flaw: Flaw,
    (truth, digest): (Digest, Digest),
    statement: impl Fn(ValidatorIndex, Digest) -> ConsensusMessage,
) -> Vec<(ValidatorIndex, Signature)> {
    let identity = here.identity;
    let genuine = |signer, digest| here.heard.signature(&statement(signer, digest).statement());
    let forged = |signer| identity.sign(statement(signer, digest)).signature;
    let all = identity.validators.iter().map(|(signer, _)| signer);
    match flaw {
        Flaw::Forged => {
            all.map(|signer| (signer, genuine(signer, digest).unwrap_or_else(|| forged(signer)))).collect()
        }
        Flaw::OtherValue => {
            all.map(|signer| (signer, genuine(signer, truth).unwrap_or_else(|| forged(signer)))).collect()
        }
        Flaw::Short | Flaw::Twice => {
            let mut some = Vec::new();
            let mut power = 0;
            for signer in all {
                let more = identity.validators.power(signer);
                if let Some(signature) = genuine(signer, digest)
                    && !identity.validators.is_quorum(power + more)
                {
                    power += more;
                    some.push((signer, signature));
                }
            }
            if let (Flaw::Twice, Some(&last)) = (flaw, some.last()) {
                some.resize(identity.validators.len(), last);
            }
            some
        }
    }
}
