//! The definitions for HotStuff with two chains (Jolteon, arXiv:2106.10362).

use super::{Enclosed, Law, Said, Statements, commit_bytes, first_misfit, preimage};
use bitcraps_consensus::hotstuff::{
    HotStuffMessage, QuorumCertificate, Statement, TimeoutCertificate, TimeoutSignature, Vote,
};
use bitcraps_consensus::{AnyStatement, Certificate};
use bitcraps_search::contradictions;
use bitcraps_types::{ChainId, Digest, Height, Round, ValidatorIndex};
use std::collections::BTreeSet;

/// Who signs a statement, and which bytes. `None`: certificates that are passed on convict nobody.
pub(super) fn signed(chain: &ChainId, statement: &Statement) -> Option<(ValidatorIndex, Vec<u8>)> {
    match statement {
        Statement::Proposal { height, round, author, digest, justify } => {
            Some((*author, block_bytes("hotstuff/proposal", chain, (*height, *round), digest, *justify)))
        }
        Statement::Vote(Vote { height, round, author, digest, justify }) => {
            let commits = justify.is_some_and(|justify| u64::from(justify) + 1 == u64::from(*round));
            let bytes = match commits {
                true => commit_bytes(chain, *height, *round, digest),
                false => block_bytes("hotstuff/vote", chain, (*height, *round), digest, *justify),
            };
            Some((*author, bytes))
        }
        Statement::Timeout { height, round, author, high_qc_round } => {
            let place = preimage("hotstuff/timeout", chain, *height, *round);
            Some((*author, [place, round_bytes(*high_qc_round)].concat()))
        }
        Statement::SyncInfo { .. } => None,
    }
}

/// A block, a vote, or a timeout, each with the round of the certificate in it.
pub(super) fn said(message: &HotStuffMessage) -> Option<Said> {
    let justified = |qc: &Option<QuorumCertificate>| qc.as_ref().map(|qc| qc.round);
    let (author, height, round, kind, content) = match message {
        HotStuffMessage::Proposal(block) => {
            let digest = match (&block.value, &block.justify) {
                (Some(value), _) => Some(value.digest()),
                (None, justify) => justify.as_ref().map(|qc| qc.digest),
            };
            (block.author, block.height, block.round, "proposal", (digest, justified(&block.justify)))
        }
        HotStuffMessage::Vote(vote) => {
            (vote.author, vote.height, vote.round, "vote", (Some(vote.digest), vote.justify))
        }
        HotStuffMessage::Timeout(timeout) => {
            (timeout.author, timeout.height, timeout.round, "timeout", (None, justified(&timeout.high_qc)))
        }
        HotStuffMessage::SyncInfo(_) => return None,
    };
    Some(Said { author, height, round, kind, content })
}

/// A block, a vote, or a timeout, each with the round of the certificate in it.
pub(super) fn stated(statement: &Statement) -> Option<Said> {
    let (author, height, round, kind, content) = match *statement {
        Statement::Proposal { height, round, author, digest, justify } => {
            (author, height, round, "proposal", (Some(digest), justify))
        }
        Statement::Vote(Vote { height, round, author, digest, justify }) => {
            (author, height, round, "vote", (Some(digest), justify))
        }
        Statement::Timeout { height, round, author, high_qc_round } => {
            (author, height, round, "timeout", (None, high_qc_round))
        }
        Statement::SyncInfo { .. } => return None,
    };
    Some(Said { author, height, round, kind, content })
}

/// The vote that a part of a decision's proof is: one for a block on the certificate of the round before.
pub(super) fn commit(certificate: &Certificate, author: ValidatorIndex) -> Option<AnyStatement> {
    let Certificate { height, round, digest, .. } = *certificate;
    let justify = Some(round.checked_sub(1)?);
    Some(Statement::Vote(Vote { height, round, author, digest, justify }).into())
}

/// The QC and the TC of a block, the QC of a timeout, and those that are passed on.
pub(super) fn enclosed(message: &HotStuffMessage) -> Vec<Enclosed> {
    let (height, qc, tc) = match message {
        HotStuffMessage::Vote(_) => return Vec::new(),
        HotStuffMessage::Proposal(block) => (block.height, &block.justify, &block.tc),
        HotStuffMessage::Timeout(timeout) => (timeout.height, &timeout.high_qc, &None),
        HotStuffMessage::SyncInfo(info) => (info.height, &info.qc, &info.tc),
    };
    let misfit = misfit(message);
    let qc = qc.iter().map(|qc| Enclosed {
        name: "QC",
        parts: votes(qc),
        misfit: first_misfit([
            (qc.height == height, "it is of another height"),
            (qc.justify < Some(qc.round), "its block carries no earlier certificate"),
        ])
        .or(misfit),
    });
    let tc = tc.iter().map(|tc| Enclosed {
        name: "TC",
        parts: timeouts(tc),
        misfit: first_misfit([
            (tc.height == height, "it is of another height"),
            (highest(tc) < Some(tc.round), "who gave the round up knew its certificate"),
        ])
        .or(misfit),
    });
    qc.chain(tc).collect()
}

/// What the certificates of a message must fit together: a block follows the certificate of the round before, or the TC
/// of that round and a QC as high as it demands; it has the value that it extends; and a timeout is of a later round than its QC.
fn misfit(message: &HotStuffMessage) -> Option<&'static str> {
    match message {
        HotStuffMessage::Vote(_) => None,
        HotStuffMessage::Proposal(block) => {
            let justify = block.justify.as_ref().map(|qc| qc.round);
            let value = block.value.as_ref().map(|value| value.digest());
            let extended = block.justify.as_ref().map(|qc| qc.digest);
            let follows = block.tc.is_none() && after(justify) == u64::from(block.round);
            let resumes = block.tc.as_ref().is_some_and(|tc| {
                u64::from(tc.round) + 1 == u64::from(block.round)
                    && justify >= highest(tc)
                    && justify < Some(block.round)
            });
            first_misfit([
                (follows || resumes, "the block does not follow it"),
                (value.is_none() || extended.is_none() || value == extended, "the block has another value"),
            ])
        }
        HotStuffMessage::Timeout(timeout) => {
            let earlier = timeout.high_qc.as_ref().is_none_or(|qc| qc.round < timeout.round);
            first_misfit([(earlier, "it is of the round that is given up, or of a later one")])
        }
        HotStuffMessage::SyncInfo(info) => {
            let known = info.qc.as_ref().map(|qc| qc.round);
            let enough = info.tc.as_ref().is_none_or(|tc| known >= highest(tc));
            first_misfit([(enough, "the QC is lower than the TC demands")])
        }
    }
}

fn votes(qc: &QuorumCertificate) -> Vec<(AnyStatement, bitcraps_types::Signature)> {
    let QuorumCertificate { height, round, digest, justify, .. } = *qc;
    let vote = |author| Statement::Vote(Vote { height, round, author, digest, justify });
    qc.signatures.iter().map(|&(author, signature)| (vote(author).into(), signature)).collect()
}

fn timeouts(tc: &TimeoutCertificate) -> Vec<(AnyStatement, bitcraps_types::Signature)> {
    let TimeoutCertificate { height, round, .. } = *tc;
    let part = |&TimeoutSignature { signer: author, high_qc_round, signature }: &TimeoutSignature| {
        (Statement::Timeout { height, round, author, high_qc_round }.into(), signature)
    };
    tc.timeouts.iter().map(part).collect()
}

/// The highest certificate that who gave the round up knew.
fn highest(tc: &TimeoutCertificate) -> Option<Round> {
    tc.timeouts.iter().map(|timeout| timeout.high_qc_round).max().flatten()
}

/// The round after that of a certificate; after the root, 0.
fn after(justify: Option<Round>) -> u64 {
    justify.map_or(0, |round| u64::from(round) + 1)
}

/// Nothing is said of a round that its author gave up or has passed, a timeout claims what its author knew, and a vote
/// rests on a certificate of its value and, unless that is of the round before, on a quorum that gave that round up and
/// knew no higher one.
pub(super) fn unbound(law: &Law, record: &Statements, statement: &Statement) -> Option<String> {
    let said = stated(statement)?;
    let own = || {
        record.of(said.author).filter_map(|statement| match statement {
            AnyStatement::HotStuff(statement) => Some(statement),
            _ => None,
        })
    };
    if let Some(before) = own().find(|before| contradictions::hotstuff(before, statement)).and_then(stated) {
        return Some(format!(
            "it had signed a {} in round {}, which this forgets",
            before.kind, before.round
        ));
    }
    let order =
        |said: &Said| (said.round, ["proposal", "vote", "timeout"].iter().position(|k| *k == said.kind));
    let last = own().filter_map(stated).map(|said| order(&said)).max();
    if last > Some(order(&said)) {
        let round = last.map_or(0, |(round, _)| round);
        return Some(format!("it had voted in round {round} or given it up"));
    }
    let Statement::Vote(Vote { round, digest, justify, .. }) = statement else { return None };
    let certified = justify.is_none_or(|justify| {
        let votes = record.claims_in(justify, "vote").filter(|((_, _, (of, _)), _)| *of == Some(*digest));
        votes.into_iter().any(|(_, backers)| law.are_quorum(backers))
    });
    if !certified {
        return Some("there is no certificate of the block that it extends".to_owned());
    }
    if after(*justify) == u64::from(*round) {
        return None;
    }
    let Some(before) = round.checked_sub(1) else { return Some("no round is before it".to_owned()) };
    let gave_up = record.claims_in(before, "timeout").filter(|((_, _, (_, knew)), _)| knew <= justify);
    let signers: BTreeSet<ValidatorIndex> =
        gave_up.flat_map(|(_, backers)| backers.iter().copied()).collect();
    let quorum = law.is_quorum(law.power(signers.into_iter()));
    (!quorum).then(|| "no quorum gave the round before up and knew no higher certificate".to_owned())
}

fn block_bytes(
    domain: &str,
    chain: &ChainId,
    (height, round): (Height, Round),
    digest: &Digest,
    justify: Option<Round>,
) -> Vec<u8> {
    [&preimage(domain, chain, height, round)[..], &digest.0, &round_bytes(justify)].concat()
}

/// 0 for none, or 1 and the round little-endian.
fn round_bytes(round: Option<Round>) -> Vec<u8> {
    round.map_or_else(|| vec![0], |round| [&[1][..], &round.to_le_bytes()].concat())
}
