//! Whether a message is what it claims to be.

use super::Tendermint;
use super::message::{PolkaCertificate, TendermintMessage};
use crate::museum::{Bug, has};
use crate::{Invalid, Signed, ValidatorSet, Verified};
use bitcraps_types::{ChainId, Signature, ValidatorIndex, Verify};

/// Checks everything that does not need a signature first, then the author's signature, then a certificate's.
pub(super) fn verify(
    signed: Signed<TendermintMessage>,
    validators: &ValidatorSet,
    chain: &ChainId,
    verify: &dyn Verify,
) -> Result<Verified<TendermintMessage>, Invalid> {
    let certificate = match &signed.message {
        TendermintMessage::Vote(_) => None,
        TendermintMessage::Proposal(proposal) => {
            if proposal.author != Tendermint::proposer(validators, proposal.height, proposal.round) {
                return Err(Invalid::Malformed("a proposal by another than the round's proposer"));
            }
            if let Some(polka) = &proposal.polka {
                if polka.height != proposal.height || polka.round >= proposal.round {
                    return Err(Invalid::Malformed("a proof of lock that is not of an earlier round"));
                }
                if polka.digest != proposal.value.digest() {
                    return Err(Invalid::Malformed("a proof of lock for another value"));
                }
            }
            proposal.polka.as_ref()
        }
        TendermintMessage::Polka(polka) => {
            if polka.certificate.digest != polka.value.digest() {
                return Err(Invalid::Malformed("a polka for another value"));
            }
            Some(&polka.certificate)
        }
    };
    if let Some(certificate) = certificate {
        structure(certificate, validators)?;
    }
    signed.check(validators, chain, verify)?;
    if let Some(certificate) = certificate {
        signatures(certificate, validators, chain, verify)?;
    }
    Ok(Verified::trust(signed))
}

/// A quorum, each signer once, in ascending order.
fn structure(certificate: &PolkaCertificate, validators: &ValidatorSet) -> Result<(), Invalid> {
    let repeats = has(Bug::PolkaOfOneSigner);
    let in_order =
        |pair: &[(ValidatorIndex, Signature)]| pair[0].0 < pair[1].0 || (repeats && pair[0].0 == pair[1].0);
    if !certificate.signatures.windows(2).all(in_order) {
        return Err(Invalid::Malformed("the signers of a polka are not in ascending order, each once"));
    }
    let mut power = 0;
    for (signer, _) in &certificate.signatures {
        power += validators.get(*signer).ok_or(Invalid::NotAValidator(*signer))?.power;
    }
    if validators.is_quorum(power) { Ok(()) } else { Err(Invalid::Malformed("a polka without a quorum")) }
}

fn signatures(
    certificate: &PolkaCertificate,
    validators: &ValidatorSet,
    chain: &ChainId,
    verify: &dyn Verify,
) -> Result<(), Invalid> {
    let bytes = certificate.sign_bytes(chain);
    for (signer, signature) in &certificate.signatures {
        let validator = validators.get(*signer).ok_or(Invalid::NotAValidator(*signer))?;
        if !verify.verify(&validator.key, &bytes, signature) {
            return Err(Invalid::Signature(*signer));
        }
    }
    Ok(())
}
