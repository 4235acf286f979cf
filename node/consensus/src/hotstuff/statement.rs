//! What a validator states with a signature: the facts that it signs, the bytes of them, and which two contradict
//! each other. A statement is short whatever the message carries, so that evidence always fits into a block.

use super::certificates::is_two_chain;
use super::message::{HotStuffMessage, Timeout};
use crate::certificate::{commit_bytes, preimage, put};
use crate::museum::{Bug, has};
use crate::{Message, SignBytes};
use bitcraps_types::{ChainId, Digest, Height, Round, ValidatorIndex};
use borsh::{BorshDeserialize, BorshSerialize};

/// A vote for the block of a round. It states all that it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote {
    /// The height.
    pub height: Height,
    /// The round.
    pub round: Round,
    /// Who votes.
    pub author: ValidatorIndex,
    /// The value of the block.
    pub digest: Digest,
    /// The round of the certificate that the block carries; `None` is the root.
    pub justify: Option<Round>,
}

impl Vote {
    /// Whether a quorum of such votes decides: the block carries the certificate of the round before.
    pub fn commits(&self) -> bool {
        is_two_chain(self.round, self.justify)
    }
}

/// What the author of a [`HotStuffMessage`] signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Statement {
    /// A block was proposed.
    Proposal {
        /// The height.
        height: Height,
        /// The round.
        round: Round,
        /// Who proposes.
        author: ValidatorIndex,
        /// The value.
        digest: Digest,
        /// The round of the certificate that the block carries; `None` is the root.
        justify: Option<Round>,
    },
    /// A vote.
    Vote(Vote),
    /// A round was given up.
    Timeout {
        /// The height.
        height: Height,
        /// The round.
        round: Round,
        /// Who gives it up.
        author: ValidatorIndex,
        /// The round of the highest certificate that the author knows; `None` is the root.
        high_qc_round: Option<Round>,
    },
    /// Certificates were passed on.
    SyncInfo {
        /// The height.
        height: Height,
        /// Who passes them on.
        author: ValidatorIndex,
        /// The round of the quorum certificate.
        qc_round: Option<Round>,
        /// The round of the timeout certificate.
        tc_round: Option<Round>,
    },
}

impl Statement {
    /// What the author of this message states.
    pub(super) fn of(message: &HotStuffMessage) -> Statement {
        match message {
            HotStuffMessage::Proposal(proposal) => Statement::Proposal {
                height: proposal.height,
                round: proposal.round,
                author: proposal.author,
                digest: proposal.digest(),
                justify: proposal.justify_round(),
            },
            HotStuffMessage::Vote(vote) => Statement::Vote(*vote),
            HotStuffMessage::Timeout(timeout) => Statement::Timeout {
                height: timeout.height,
                round: timeout.round,
                author: timeout.author,
                high_qc_round: timeout.high_qc_round(),
            },
            HotStuffMessage::SyncInfo(info) => Statement::SyncInfo {
                height: info.height,
                author: info.author,
                qc_round: info.qc.as_ref().map(|qc| qc.round),
                tc_round: info.tc.as_ref().map(|tc| tc.round),
            },
        }
    }

    /// The round that it speaks of; for certificates that are passed on, the highest.
    pub(super) fn round(&self) -> Round {
        match self {
            Statement::Proposal { round, .. } | Statement::Timeout { round, .. } => *round,
            Statement::Vote(vote) => vote.round,
            Statement::SyncInfo { qc_round, tc_round, .. } => (*qc_round).max(*tc_round).unwrap_or(0),
        }
    }

    /// The round of the highest certificate that its author is bound to know from here on.
    pub(super) fn knows(&self) -> Option<Round> {
        match self {
            Statement::Proposal { justify, .. } => *justify,
            Statement::Vote(vote) => vote.justify,
            Statement::Timeout { high_qc_round, .. } => *high_qc_round,
            Statement::SyncInfo { .. } => None,
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
            Statement::Proposal { author, .. }
            | Statement::Timeout { author, .. }
            | Statement::SyncInfo { author, .. } => *author,
            Statement::Vote(vote) => vote.author,
        }
    }

    fn height(&self) -> Height {
        match self {
            Statement::Proposal { height, .. }
            | Statement::Timeout { height, .. }
            | Statement::SyncInfo { height, .. } => *height,
            Statement::Vote(vote) => vote.height,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Statement::Proposal { .. } => "proposal",
            Statement::Vote(_) => "vote",
            Statement::Timeout { .. } => "timeout",
            Statement::SyncInfo { .. } => "sync-info",
        }
    }

    fn sign_bytes(&self, chain: &ChainId) -> SignBytes {
        match self {
            Statement::Proposal { height, round, digest, justify, .. } => {
                block_bytes("hotstuff/proposal", chain, *height, *round, digest, *justify)
            }
            Statement::Vote(vote) => vote_bytes(chain, vote.height, vote.round, &vote.digest, vote.justify),
            Statement::Timeout { height, round, high_qc_round, .. } => {
                Timeout::sign_bytes(chain, *height, *round, *high_qc_round)
            }
            Statement::SyncInfo { height, qc_round, tc_round, .. } => {
                let mut bytes = preimage("hotstuff/sync-info", chain, *height, self.round());
                push_round(&mut bytes, *qc_round);
                push_round(&mut bytes, *tc_round);
                bytes
            }
        }
    }
}

/// What no correct validator signs, whatever it hears and however often it crashes:
///
/// - two different proposals of one round, two different votes of one round, two different timeouts of one round;
/// - a proposal, and a vote for another block of its round: whoever leads a round votes in it for its own block;
/// - a vote or a proposal that carries the certificate of round q, and a timeout of the same or a later round that
///   claims to know none as high as q. The author knew the certificate when it spoke, it spoke before it gave the
///   round up (it is silent afterwards), and a validator's highest certificate never falls;
/// - for the same reason, two timeouts of which the later claims to know less.
///
/// Any two decisions of one height convict more than a third of the power by these rules (see the module's docs).
/// Certificates that are passed on convict nobody: their sender did not make them.
pub(super) fn conflicting(first: &Statement, second: &Statement) -> bool {
    let place = |statement: &Statement| (statement.author(), statement.height());
    place(first) == place(second)
        && (contradict(first, second)
            || forgets(first, second)
            || forgets(second, first)
            || prefers_another(first, second)
            || prefers_another(second, first))
}

/// A leader voted in its own round for a block that it showed this node another one of.
fn prefers_another(proposal: &Statement, vote: &Statement) -> bool {
    matches!((proposal, vote), (Statement::Proposal { round, digest, justify, .. }, Statement::Vote(vote))
        if *round == vote.round && (*digest, *justify) != (vote.digest, vote.justify))
}

/// Two different things in one place.
fn contradict(first: &Statement, second: &Statement) -> bool {
    let same_place = first.kind() == second.kind() && first.round() == second.round();
    same_place && first != second && !matches!(first, Statement::SyncInfo { .. })
}

/// `later` is a timeout, said after `earlier`, by one who knows less than it knew then.
fn forgets(earlier: &Statement, later: &Statement) -> bool {
    matches!(later, Statement::Timeout { round, high_qc_round, .. }
        if *round >= earlier.round() && *high_qc_round < earlier.knows())
}

/// The bytes that everyone signs who votes so. The vote that completes a chain of two rounds signs what proves a
/// decision to anyone; that its block carries the certificate of the round before is in its being such a vote.
pub(super) fn vote_bytes(
    chain: &ChainId,
    height: Height,
    round: Round,
    digest: &Digest,
    justify: Option<Round>,
) -> SignBytes {
    if is_two_chain(round, justify) {
        commit_bytes(chain, height, round, digest)
    } else {
        let signed_round = if has(Bug::RoundNotSigned) { 0 } else { round };
        block_bytes("hotstuff/vote", chain, height, signed_round, digest, justify)
    }
}

fn block_bytes(
    domain: &str,
    chain: &ChainId,
    height: Height,
    round: Round,
    digest: &Digest,
    justify: Option<Round>,
) -> SignBytes {
    let mut bytes = preimage(domain, chain, height, round);
    put(&mut bytes, &digest.0);
    push_round(&mut bytes, justify);
    bytes
}

/// A round or none, with its own length.
pub(super) fn push_round(bytes: &mut SignBytes, round: Option<Round>) {
    match round {
        None => bytes.push(0),
        Some(round) => {
            bytes.push(1);
            put(bytes, &round.to_le_bytes());
        }
    }
}
