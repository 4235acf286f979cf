//! What a validator states with a signature: the facts that it signs, the bytes of them, and which two contradict
//! each other. A statement is short whatever the value is, so that evidence always fits into a block.

use super::message::{TendermintMessage, Vote, VoteKind};
use crate::certificate::{commit_bytes, preimage, put};
use crate::{Message, SignBytes};
use bitcraps_types::{ChainId, Digest, Height, Round, ValidatorIndex};
use borsh::{BorshDeserialize, BorshSerialize};

/// What the author of a [`TendermintMessage`] signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Statement {
    /// A value was proposed.
    Proposal {
        /// The height.
        height: Height,
        /// The round.
        round: Round,
        /// Who proposes.
        author: ValidatorIndex,
        /// The value.
        digest: Digest,
        /// The round of the proof of lock.
        valid_round: Option<Round>,
    },
    /// A vote states all that it says.
    Vote(Vote),
    /// A polka was passed on.
    Polka {
        /// The height.
        height: Height,
        /// The round of the prevotes.
        round: Round,
        /// Who passes it on.
        author: ValidatorIndex,
        /// The value.
        digest: Digest,
    },
}

impl Statement {
    /// What the author of this message states.
    pub(super) fn of(message: &TendermintMessage) -> Statement {
        match message {
            TendermintMessage::Proposal(proposal) => Statement::Proposal {
                height: proposal.height,
                round: proposal.round,
                author: proposal.author,
                digest: proposal.value.digest(),
                valid_round: proposal.valid_round(),
            },
            TendermintMessage::Vote(vote) => Statement::Vote(*vote),
            TendermintMessage::Polka(polka) => Statement::Polka {
                height: polka.certificate.height,
                round: polka.certificate.round,
                author: polka.author,
                digest: polka.value.digest(),
            },
        }
    }
}

impl Message for Statement {
    type Statement = Statement;

    fn statement(&self) -> Statement {
        *self
    }

    fn author(&self) -> ValidatorIndex {
        match self {
            Statement::Proposal { author, .. } | Statement::Polka { author, .. } => *author,
            Statement::Vote(vote) => vote.author,
        }
    }

    fn height(&self) -> Height {
        match self {
            Statement::Proposal { height, .. } | Statement::Polka { height, .. } => *height,
            Statement::Vote(vote) => vote.height,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Statement::Proposal { .. } => "proposal",
            Statement::Vote(Vote { kind: VoteKind::Prevote, .. }) => "prevote",
            Statement::Vote(Vote { kind: VoteKind::Precommit, .. }) => "precommit",
            Statement::Polka { .. } => "polka",
        }
    }

    fn sign_bytes(&self, chain: &ChainId) -> SignBytes {
        match self {
            Statement::Proposal { height, round, digest, valid_round, .. } => {
                let mut bytes = preimage("tendermint/proposal", chain, *height, *round);
                put(&mut bytes, &digest.0);
                match valid_round {
                    None => bytes.push(0),
                    Some(round) => {
                        bytes.push(1);
                        put(&mut bytes, &round.to_le_bytes());
                    }
                }
                bytes
            }
            Statement::Vote(vote) => {
                vote_bytes(chain, vote.kind, vote.height, vote.round, vote.digest.as_ref())
            }
            Statement::Polka { height, round, digest, .. } => {
                let mut bytes = preimage("tendermint/polka", chain, *height, *round);
                put(&mut bytes, &digest.0);
                bytes
            }
        }
    }
}

/// No correct validator signs two different proposals for a round, nor two different votes of a kind.
///
/// A polka that is passed on convicts nobody: its sender did not make it.
pub(super) fn conflicting(first: &Statement, second: &Statement) -> bool {
    use Statement::{Proposal, Vote};
    let place = |statement: &Statement| (statement.author(), statement.height());
    place(first) == place(second)
        && match (first, second) {
            (
                Proposal { round: a, digest, valid_round, .. },
                Proposal { round: b, digest: other_digest, valid_round: other_round, .. },
            ) => a == b && (digest, valid_round) != (other_digest, other_round),
            (Vote(a), Vote(b)) => (a.round, a.kind) == (b.round, b.kind) && a.digest != b.digest,
            _ => false,
        }
}

/// The bytes that everyone signs who votes so.
pub(super) fn vote_bytes(
    chain: &ChainId,
    kind: VoteKind,
    height: Height,
    round: Round,
    digest: Option<&Digest>,
) -> SignBytes {
    let domain = match (kind, digest) {
        (VoteKind::Precommit, Some(digest)) => return commit_bytes(chain, height, round, digest),
        (VoteKind::Precommit, None) => "tendermint/precommit",
        (VoteKind::Prevote, _) => "tendermint/prevote",
    };
    let mut bytes = preimage(domain, chain, height, round);
    match digest {
        None => bytes.push(0),
        Some(digest) => {
            bytes.push(1);
            put(&mut bytes, &digest.0);
        }
    }
    bytes
}
