//! The definitions for Tendermint (arXiv:1807.04938).

use super::{Said, commit_bytes, preimage};
use bitcraps_consensus::tendermint::{Statement, TendermintMessage, Vote, VoteKind};
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

/// Two statements of one kind, author, height and round that say different things.
pub(super) fn contradict(first: &Statement, second: &Statement) -> bool {
    match (first, second) {
        (Statement::Vote(a), Statement::Vote(b)) => {
            Vote { digest: b.digest, ..*a } == *b && a.digest != b.digest
        }
        (Statement::Proposal { .. }, Statement::Proposal { .. }) => {
            place(first) == place(second) && first != second
        }
        _ => false,
    }
}

/// The author, height and round of a proposal.
fn place(statement: &Statement) -> Option<(ValidatorIndex, Height, Round)> {
    match statement {
        Statement::Proposal { author, height, round, .. } => Some((*author, *height, *round)),
        Statement::Vote(_) | Statement::Polka { .. } => None,
    }
}

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
