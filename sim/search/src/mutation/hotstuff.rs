//! Changes of HotStuff's messages.

use super::{Known, damage, remember, replayed, shift};
use crate::Change;
use bitcraps_consensus::hotstuff::{
    HotStuffMessage, Proposal, QuorumCertificate, SyncInfo, Timeout, TimeoutCertificate, Vote,
};
use bitcraps_types::{Digest, Height, Round};

/// The certificates that were shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Proofs {
    qcs: Vec<QuorumCertificate>,
    tcs: Vec<TimeoutCertificate>,
}

pub(super) fn learn(known: &mut Known, message: &HotStuffMessage) {
    let (qc, tc) = match message {
        HotStuffMessage::Proposal(proposal) => {
            proposal.value.iter().for_each(|value| known.learn_value(value));
            (&proposal.justify, &proposal.tc)
        }
        HotStuffMessage::Timeout(timeout) => (&timeout.high_qc, &None),
        HotStuffMessage::SyncInfo(info) => (&info.qc, &info.tc),
        HotStuffMessage::Vote(_) => return,
    };
    qc.iter().for_each(|qc| remember(&mut known.hotstuff.qcs, qc));
    tc.iter().for_each(|tc| remember(&mut known.hotstuff.tcs, tc));
}

pub(super) fn mutate(message: &HotStuffMessage, change: Change, known: &Known) -> Option<HotStuffMessage> {
    match message {
        HotStuffMessage::Vote(vote) => vote_changed(*vote, change, known).map(HotStuffMessage::Vote),
        HotStuffMessage::Proposal(proposal) => {
            proposal_changed((**proposal).clone(), change, known).map(Box::new).map(HotStuffMessage::Proposal)
        }
        HotStuffMessage::Timeout(timeout) => {
            timeout_changed((**timeout).clone(), change, known).map(Box::new).map(HotStuffMessage::Timeout)
        }
        HotStuffMessage::SyncInfo(info) => {
            info_changed((**info).clone(), change, known).map(Box::new).map(HotStuffMessage::SyncInfo)
        }
    }
}

/// A vote names the certificate of its block by its round: that is its proof.
fn vote_changed(mut vote: Vote, change: Change, known: &Known) -> Option<Vote> {
    if shift(change, &mut vote.height, &mut vote.round) {
        return Some(vote);
    }
    let justify = match change {
        Change::NoProof => None,
        Change::StaleProof | Change::OtherProof => Some(replayed(change, &known.hotstuff.qcs, None)?.round),
        Change::CutProof => vote.justify?.checked_sub(1),
        _ => {
            let digest = known.changed_value(change, vote.height, Some(&vote.digest))?.digest();
            return Some(Vote { digest, ..vote });
        }
    };
    Some(Vote { justify, ..vote })
}

fn proposal_changed(mut proposal: Proposal, change: Change, known: &Known) -> Option<Proposal> {
    if shift(change, &mut proposal.height, &mut proposal.round) {
        return Some(proposal);
    }
    if let Some(value) = known.changed_value(change, proposal.height, Some(&proposal.digest())) {
        return Some(Proposal { value: Some(value), ..proposal });
    }
    if let Some(qc) = replayed(change, &known.hotstuff.qcs, proposal.justify.as_ref()) {
        // The value is left out exactly where the quorum of the round before justifies the block.
        let value = match proposal.tc {
            None => None,
            Some(_) => Some(known.value(&qc.digest)?.clone()),
        };
        return Some(Proposal { value, justify: Some(qc), ..proposal });
    }
    match change {
        Change::NoTimeout => Some(Proposal {
            tc: None,
            value: proposal.value.filter(|_| proposal.justify.is_none()),
            ..proposal
        }),
        Change::NoProof => {
            let value = known.value(&proposal.digest()).cloned();
            Some(Proposal { justify: None, value, ..proposal })
        }
        Change::ForgedProof => {
            let qc = forged(known, proposal.height, proposal.round, Some(&proposal.digest()))?;
            Some(Proposal { justify: Some(qc), tc: None, value: None, ..proposal })
        }
        _ => {
            let damaged = match (&mut proposal.tc, &mut proposal.justify) {
                (Some(tc), _) => damage(change, &mut tc.timeouts),
                (None, Some(qc)) => damage(change, &mut qc.signatures),
                (None, None) => false,
            };
            damaged.then_some(proposal)
        }
    }
}

fn timeout_changed(mut timeout: Timeout, change: Change, known: &Known) -> Option<Timeout> {
    if shift(change, &mut timeout.height, &mut timeout.round) {
        return Some(timeout);
    }
    if change == Change::NoProof {
        return Some(Timeout { high_qc: None, ..timeout });
    }
    if let Some(qc) = replayed(change, &known.hotstuff.qcs, timeout.high_qc.as_ref()) {
        return Some(Timeout { high_qc: Some(qc), ..timeout });
    }
    if change == Change::ForgedProof {
        let than = timeout.high_qc.as_ref().map(|qc| qc.digest);
        let qc = forged(known, timeout.height, timeout.round, than.as_ref())?;
        return Some(Timeout { high_qc: Some(qc), ..timeout });
    }
    let qc = timeout.high_qc.as_mut()?;
    if let Some(value) = known.changed_value(change, timeout.height, Some(&qc.digest)) {
        qc.digest = value.digest();
        return Some(timeout);
    }
    damage(change, &mut qc.signatures).then_some(timeout)
}

fn info_changed(mut info: SyncInfo, change: Change, known: &Known) -> Option<SyncInfo> {
    if let Some(qc) = &mut info.qc
        && (shift(change, &mut qc.height, &mut qc.round) || damage(change, &mut qc.signatures))
    {
        return Some(info);
    }
    if let Some(tc) = &mut info.tc
        && (shift(change, &mut tc.height, &mut tc.round) || damage(change, &mut tc.timeouts))
    {
        return Some(info);
    }
    match change {
        Change::NoProof => Some(SyncInfo { qc: None, ..info }),
        Change::NoTimeout => Some(SyncInfo { tc: None, ..info }),
        Change::ForgedProof => {
            let shown = info.qc.as_ref().map(|qc| (qc.round, qc.digest));
            let round = shown.map_or(1, |(round, _)| round.saturating_add(2));
            let qc = forged(known, info.height, round, shown.as_ref().map(|(_, digest)| digest))?;
            Some(SyncInfo { qc: Some(qc), ..info })
        }
        Change::OtherValue | Change::GarbageValue => {
            let qc = info.qc.as_mut()?;
            qc.digest = known.changed_value(change, qc.height, Some(&qc.digest))?.digest();
            Some(info)
        }
        _ => {
            let qc = replayed(change, &known.hotstuff.qcs, info.qc.as_ref())?;
            let tc = replayed(change, &known.hotstuff.tcs, None);
            Some(SyncInfo { qc: Some(qc), tc, ..info })
        }
    }
}

/// A certificate that nobody signed, of the round before this one; if there are two of them it would decide.
fn forged(known: &Known, height: Height, before: Round, than: Option<&Digest>) -> Option<QuorumCertificate> {
    let round = before.checked_sub(1)?;
    let digest = known.changed_value(Change::OtherValue, height, than)?.digest();
    Some(QuorumCertificate {
        height,
        round,
        digest,
        justify: round.checked_sub(1),
        signatures: known.forged(None),
    })
}
