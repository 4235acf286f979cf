//! The definitions for Tendermint (arXiv:1807.04938).

use super::{Claim, Enclosed, Law, Said, Statements, commit_bytes, first_misfit, preimage};
use bitcraps_consensus::tendermint::{PolkaCertificate, Statement, TendermintMessage, Vote, VoteKind};
use bitcraps_consensus::{AnyStatement, Certificate};
use bitcraps_types::{ChainId, Digest, Height, Round, ValidatorIndex};

/// Who signs a statement, and which bytes. `None`: a polka that is passed on convicts nobody.
pub(super) fn signed(chain: &ChainId, statement: &Statement) -> Option<(ValidatorIndex, Vec<u8>)> {
    match statement {
        Statement::Proposal { height, round, author, digest, valid_round } => {
            Some((*author, proposal_bytes(chain, (*height, *round), digest, *valid_round)))
        }
        Statement::Vote(vote) => Some((vote.author, vote_bytes(chain, vote))),
        Statement::Polka { .. } => None,
    }
}

/// A proposal with the round of its proof of lock, a prevote, or a precommit.
pub(super) fn said(message: &TendermintMessage) -> Option<Said> {
    match message {
        TendermintMessage::Proposal(proposal) => Some(Said {
            author: proposal.author,
            height: proposal.height,
            round: proposal.round,
            kind: "proposal",
            content: (Some(proposal.value.digest()), proposal.polka.as_ref().map(|polka| polka.round)),
        }),
        TendermintMessage::Vote(vote) => Some(Said {
            author: vote.author,
            height: vote.height,
            round: vote.round,
            kind: match vote.kind {
                VoteKind::Prevote => "prevote",
                VoteKind::Precommit => "precommit",
            },
            content: (vote.digest, None),
        }),
        TendermintMessage::Polka(_) => None,
    }
}

/// A proposal with the round of its proof of lock, a prevote, or a precommit.
pub(super) fn stated(statement: &Statement) -> Option<Said> {
    match *statement {
        Statement::Proposal { height, round, author, digest, valid_round } => {
            let content = (Some(digest), valid_round);
            Some(Said { author, height, round, kind: "proposal", content })
        }
        Statement::Vote(Vote { kind, height, round, author, digest }) => {
            let kind = match kind {
                VoteKind::Prevote => "prevote",
                VoteKind::Precommit => "precommit",
            };
            Some(Said { author, height, round, kind, content: (digest, None) })
        }
        Statement::Polka { .. } => None,
    }
}

/// The vote that a part of a decision's proof is.
pub(super) fn commit(certificate: &Certificate, author: ValidatorIndex) -> AnyStatement {
    let Certificate { height, round, digest, .. } = *certificate;
    let kind = VoteKind::Precommit;
    Statement::Vote(Vote { kind, height, round, author, digest: Some(digest) }).into()
}

/// The polka of a value proposed again, which is of an earlier round; and one that is passed on.
pub(super) fn enclosed(message: &TendermintMessage) -> Vec<Enclosed> {
    let polka = |polka: &PolkaCertificate, misfit| {
        let PolkaCertificate { height, round, digest, .. } = *polka;
        let vote = |author| Vote { kind: VoteKind::Prevote, height, round, author, digest: Some(digest) };
        let part = |&(author, signature): &(_, _)| (Statement::Vote(vote(author)).into(), signature);
        vec![Enclosed { name: "polka", parts: polka.signatures.iter().map(part).collect(), misfit }]
    };
    match message {
        TendermintMessage::Vote(_) => Vec::new(),
        TendermintMessage::Proposal(proposal) => proposal.polka.as_ref().map_or(Vec::new(), |lock| {
            let demands = [
                (lock.height == proposal.height, "it is of another height"),
                (lock.round < proposal.round, "it is not of an earlier round"),
                (lock.digest == proposal.value.digest(), "it is for another value"),
            ];
            polka(lock, first_misfit(demands))
        }),
        TendermintMessage::Polka(passed_on) => {
            let fits = passed_on.certificate.digest == passed_on.value.digest();
            polka(&passed_on.certificate, first_misfit([(fits, "it is for another value")]))
        }
    }
}

/// A precommit for a value rests on a polka for it in its round (L36). After it a prevote for another value needs a
/// polka for that one in the same or a later round, before the prevote's (L28; a lock that moved had one, too).
pub(super) fn unbound(law: &Law, record: &Statements, statement: &Statement) -> Option<String> {
    let Statement::Vote(vote) = statement else { return None };
    let digest = vote.digest?;
    match vote.kind {
        VoteKind::Precommit => {
            let polka = law.are_quorum(record.backers(&prevote(vote.round, digest)));
            (!polka).then(|| "there is no polka for it".to_owned())
        }
        VoteKind::Prevote => broken_lock(law, record, vote).map(|lock| {
            format!("it had precommitted another value in round {}, and no polka unlocked it", lock.round)
        }),
    }
}

/// The precommit that a prevote breaks.
///
/// The rule of amnesia in Buchman et al., *Revisiting Tendermint: Design Tradeoffs, Accountability, and Practical
/// Use* (2022). It can't strike a correct validator: it prevotes a value v' in a round r' only with no other lock, or
/// with a lock not above the round of the polka in the proposal, or with a lock on v', which a polka brought. Having
/// precommitted another value in round r it was locked from r on; so it saw a polka for v' in a round from r on, below
/// r'. Let two decisions be of rounds r and later, and r' the first round above r with a polka for another value: then
/// there was no such polka, and all who signed for both are guilty. If r' = r is possible, they prevoted twice.
pub(super) fn broken_lock(law: &Law, record: &Statements, vote: &Vote) -> Option<Vote> {
    let Vote { kind: VoteKind::Prevote, round, author, digest: Some(digest), .. } = *vote else {
        return None;
    };
    let locks = record.of(author).filter_map(|said| match said {
        AnyStatement::Tendermint(Statement::Vote(lock)) => Some(lock),
        _ => None,
    });
    let breaks = |lock: &&Vote| {
        lock.kind == VoteKind::Precommit
            && lock.round < round
            && lock.digest.is_some_and(|locked| locked != digest)
    };
    let mut broken = locks.filter(breaks).peekable();
    broken.peek()?;
    let unlocked = record.claims().filter(|((at, kind, (of, _)), backers)| {
        *at < round && *kind == "prevote" && *of == Some(digest) && law.are_quorum(backers)
    });
    let last = unlocked.map(|((at, _, _), _)| *at).max();
    broken.find(|lock| last < Some(lock.round)).copied()
}

fn prevote(round: Round, digest: Digest) -> Claim {
    (round, "prevote", (Some(digest), None))
}

/// The author, height and round of a proposal.
/// A precommit for a value commits to it; the other votes have a domain of their own, then 0 for nil, or 1 and the digest.
fn vote_bytes(chain: &ChainId, vote: &Vote) -> Vec<u8> {
    let Vote { height, round, .. } = *vote;
    match (vote.kind, &vote.digest) {
        (VoteKind::Precommit, Some(digest)) => commit_bytes(chain, height, round, digest),
        (VoteKind::Precommit, None) => {
            [&preimage("tendermint/precommit", chain, height, round)[..], &[0]].concat()
        }
        (VoteKind::Prevote, None) => {
            [&preimage("tendermint/prevote", chain, height, round)[..], &[0]].concat()
        }
        (VoteKind::Prevote, Some(digest)) => {
            [&preimage("tendermint/prevote", chain, height, round)[..], &[1], &digest.0].concat()
        }
    }
}

/// The value's digest, then 0, or 1 and the round of the proof of lock.
fn proposal_bytes(
    chain: &ChainId,
    (height, round): (Height, Round),
    digest: &Digest,
    valid_round: Option<Round>,
) -> Vec<u8> {
    let lock = match valid_round {
        None => vec![0],
        Some(round) => [&[1][..], &round.to_le_bytes()].concat(),
    };
    [&preimage("tendermint/proposal", chain, height, round), &digest.0[..], &lock].concat()
}
