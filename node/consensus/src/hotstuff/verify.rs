//! Whether a message is what it claims to be. All of the voting rule that depends on the proposal alone is here, so a
//! [`Verified`] proposal is one that may be voted for, once, in its round.

use super::HotStuff;
use super::certificates::{QuorumCertificate, TimeoutCertificate, round_after};
use super::message::{HotStuffMessage, Proposal, SyncInfo, Timeout};
use super::statement::Vote;
use crate::museum::{Bug, has};
use crate::{Invalid, Message, Signed, ValidatorSet, Verified};
use bitcraps_types::{ChainId, Height, Verify};

/// Checks everything that does not need a signature first, then the author's signature, then those of at most one
/// quorum certificate and one timeout certificate: at most 1 + 2n signatures.
pub(super) fn verify(
    signed: Signed<HotStuffMessage>,
    validators: &ValidatorSet,
    chain: &ChainId,
    verify: &dyn Verify,
) -> Result<Verified<HotStuffMessage>, Invalid> {
    match &signed.message {
        HotStuffMessage::Proposal(proposal) => check_proposal(proposal, validators)?,
        HotStuffMessage::Vote(vote) => check_vote(vote)?,
        HotStuffMessage::Timeout(timeout) => check_timeout(timeout)?,
        HotStuffMessage::SyncInfo(info) => check_sync_info(info)?,
    }
    let (qc, tc) = signed.message.certificates();
    check_certificates(signed.message.height(), qc, tc, validators)?;
    signed.check(validators, chain, verify)?;
    let trusted =
        has(Bug::EmbeddedCertificateNotVerified) && matches!(signed.message, HotStuffMessage::Timeout(_));
    if let Some(qc) = qc.filter(|_| !trusted) {
        qc.check_signatures(validators, chain, verify)?;
    }
    if let Some(tc) = tc {
        tc.check_signatures(validators, chain, verify)?;
    }
    Ok(Verified::trust(signed))
}

/// By the leader, on a certificate that lets everyone vote (`extends`), with the value of what it extends.
fn check_proposal(proposal: &Proposal, validators: &ValidatorSet) -> Result<(), Invalid> {
    if proposal.author != HotStuff::leader(validators, proposal.height, proposal.round) {
        return Err(Invalid::Malformed("a proposal by another than the round's leader"));
    }
    extends(proposal)?;
    let quorum_had_it = proposal.justify.is_some() && proposal.tc.is_none();
    match (&proposal.value, &proposal.justify) {
        (Some(value), Some(qc)) if value.digest() != qc.digest && !has(Bug::ValueNotOfItsCertificate) => {
            Err(Invalid::Malformed("a block with another value than the one that it extends"))
        }
        (value, _) if value.is_some() == quorum_had_it => {
            Err(Invalid::Malformed("a value that is missing or that everyone has"))
        }
        _ => Ok(()),
    }
}

/// The papers' voting rule: the block carries the certificate of the round before; or that round was given up, and
/// the block carries a certificate at least as high as any that those who gave it up knew.
fn extends(proposal: &Proposal) -> Result<(), Invalid> {
    let justify = proposal.justify_round();
    let follows = round_after(justify) == Some(proposal.round);
    match &proposal.tc {
        None if follows => Ok(()),
        None => Err(Invalid::Malformed("a block that does not follow its certificate, and no timeout")),
        Some(_) if follows => Err(Invalid::Malformed("a block with a timeout that it does not need")),
        Some(tc) if tc.round.checked_add(1) != Some(proposal.round) => {
            Err(Invalid::Malformed("a timeout of another round than the one before the block's"))
        }
        Some(tc) if justify < tc.high_qc_round() && !(justify.is_none() && has(Bug::RootNotChecked)) => {
            Err(Invalid::Malformed("a block on a lower certificate than those who timed out knew"))
        }
        Some(_) if justify >= Some(proposal.round) => {
            Err(Invalid::Malformed("a block on a certificate that is not of an earlier round"))
        }
        Some(_) => Ok(()),
    }
}

fn check_vote(vote: &Vote) -> Result<(), Invalid> {
    if vote.justify < Some(vote.round) {
        Ok(())
    } else {
        Err(Invalid::Malformed("a vote for a block that carries no earlier certificate"))
    }
}

fn check_timeout(timeout: &Timeout) -> Result<(), Invalid> {
    if timeout.high_qc_round() < Some(timeout.round) {
        Ok(())
    } else {
        Err(Invalid::Malformed("a timeout of a round by one who knows its certificate"))
    }
}

/// Certificates that help: a timeout certificate without the quorum certificate that the next block needs would bring
/// its receiver into a round that it could not lead.
fn check_sync_info(info: &SyncInfo) -> Result<(), Invalid> {
    let qc_round = info.qc.as_ref().map(|qc| qc.round);
    match &info.tc {
        None if info.qc.is_none() => Err(Invalid::Malformed("no certificates are passed on")),
        Some(tc) if qc_round < tc.high_qc_round() => {
            Err(Invalid::Malformed("a timeout without the certificate that it needs"))
        }
        _ => Ok(()),
    }
}

fn check_certificates(
    height: Height,
    qc: Option<&QuorumCertificate>,
    tc: Option<&TimeoutCertificate>,
    validators: &ValidatorSet,
) -> Result<(), Invalid> {
    if qc.is_some_and(|qc| qc.height != height) || tc.is_some_and(|tc| tc.height != height) {
        return Err(Invalid::Malformed("a certificate of another height"));
    }
    qc.map_or(Ok(()), |qc| qc.check_structure(validators))?;
    tc.map_or(Ok(()), |tc| tc.check_structure(validators))
}
