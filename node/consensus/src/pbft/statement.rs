//! What a validator states with a signature: the facts that it signs, the bytes of them, and which two contradict
//! each other. A statement is short whatever the message carries, so that evidence always fits into a block.

use super::message::{Checkpoint, Vote, VoteKind};
use crate::certificate::{commit_bytes, preimage, put};
use crate::museum::{Bug, has};
use crate::{Message, SignBytes};
use bitcraps_types::{ChainId, Digest, Height, Round, ValidatorIndex};
use borsh::{BorshDeserialize, BorshSerialize};

/// What the author of a [`super::PbftMessage`] signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Statement {
    /// A primary proposed a value, in a PRE-PREPARE or in a NEW-VIEW.
    PrePrepare {
        /// The height.
        height: Height,
        /// The view.
        view: Round,
        /// The primary.
        author: ValidatorIndex,
        /// The value.
        digest: Digest,
    },
    /// A vote states all that it says.
    Vote(Vote),
    /// So does a checkpoint.
    Checkpoint(Checkpoint),
    /// The author left the views below.
    ViewChange {
        /// The height.
        height: Height,
        /// The new view.
        view: Round,
        /// Who left.
        author: ValidatorIndex,
        /// The height of its last stable checkpoint, 0 if it knows none.
        stable: Height,
        /// In which view it was prepared last, and for which value.
        prepared: Option<(Round, Digest)>,
    },
}

impl Message for Statement {
    type Statement = Statement;

    fn statement(&self) -> Statement {
        *self
    }

    fn author(&self) -> ValidatorIndex {
        match self {
            Statement::PrePrepare { author, .. } | Statement::ViewChange { author, .. } => *author,
            Statement::Vote(vote) => vote.author,
            Statement::Checkpoint(checkpoint) => checkpoint.author,
        }
    }

    fn height(&self) -> Height {
        match self {
            Statement::PrePrepare { height, .. } | Statement::ViewChange { height, .. } => *height,
            Statement::Vote(vote) => vote.height,
            Statement::Checkpoint(checkpoint) => checkpoint.height,
        }
    }

    fn kind(&self) -> &'static str {
        kind(self)
    }

    fn sign_bytes(&self, chain: &ChainId) -> SignBytes {
        match self {
            Statement::PrePrepare { height, view, digest, .. } => {
                with_digest("pbft/pre-prepare", chain, *height, *view, digest)
            }
            Statement::Vote(Vote { kind: VoteKind::Prepare, height, view, digest, .. }) => {
                with_digest("pbft/prepare", chain, *height, *view, digest)
            }
            Statement::Vote(Vote { kind: VoteKind::Commit, height, view, digest, .. }) => {
                commit_bytes(chain, *height, *view, digest)
            }
            Statement::Checkpoint(Checkpoint { height, digest, .. }) => {
                with_digest("pbft/checkpoint", chain, *height, 0, digest)
            }
            Statement::ViewChange { height, view, stable, prepared, .. } => {
                let mut bytes = preimage("pbft/view-change", chain, *height, *view);
                put(&mut bytes, &stable.to_le_bytes());
                match prepared {
                    None => bytes.push(0),
                    Some((view, digest)) => {
                        bytes.push(1);
                        put(&mut bytes, &view.to_le_bytes());
                        put(&mut bytes, &digest.0);
                    }
                }
                bytes
            }
        }
    }
}

pub(super) fn kind(statement: &Statement) -> &'static str {
    match statement {
        Statement::PrePrepare { .. } => "pre-prepare",
        Statement::Vote(Vote { kind: VoteKind::Prepare, .. }) => "prepare",
        Statement::Vote(Vote { kind: VoteKind::Commit, .. }) => "commit",
        Statement::Checkpoint(_) => "checkpoint",
        Statement::ViewChange { .. } => "view-change",
    }
}

fn with_digest(domain: &str, chain: &ChainId, height: Height, view: Round, digest: &Digest) -> SignBytes {
    let mut bytes = preimage(domain, chain, height, view);
    put(&mut bytes, &digest.0);
    bytes
}

/// No correct validator signs two different things for one place: a PRE-PREPARE, a PREPARE, a COMMIT or a VIEW-CHANGE
/// of a view, a CHECKPOINT of a height.
///
/// And none forgets that it was prepared. Each prepared certificate is durable before the COMMIT that follows from it
/// and before any later VIEW-CHANGE, nothing is said in a view that was left, and the certificate of the highest view
/// is claimed. So a VIEW-CHANGE that claims less than an earlier VIEW-CHANGE or COMMIT implies convicts its author.
pub(super) fn conflicting(first: &Statement, second: &Statement) -> bool {
    use Statement::{Checkpoint, PrePrepare, ViewChange, Vote};
    let place = |statement: &Statement| (statement.author(), statement.height());
    place(first) == place(second)
        && match (first, second) {
            (PrePrepare { view: a, digest, .. }, PrePrepare { view: b, digest: other, .. }) => {
                a == b && digest != other
            }
            (Vote(a), Vote(b)) if has(Bug::RevoteIsEquivocation) && a.view != b.view => {
                a.kind == b.kind && a.digest == b.digest
            }
            (Vote(a), Vote(b)) => (a.view, a.kind) == (b.view, b.kind) && a.digest != b.digest,
            (Checkpoint(a), Checkpoint(b)) => a.digest != b.digest,
            (ViewChange { view: a, .. }, ViewChange { view: b, .. }) if a == b => first != second,
            (
                ViewChange { view: a, prepared: claim, .. },
                ViewChange { view: b, prepared: other_claim, .. },
            ) => {
                let (before, after) = if a < b { (claim, other_claim) } else { (other_claim, claim) };
                before.is_some_and(|before| forgets(before, *after))
            }
            (Vote(commit), ViewChange { view, prepared, .. })
            | (ViewChange { view, prepared, .. }, Vote(commit)) => {
                commit.kind == VoteKind::Commit
                    && commit.view < *view
                    && forgets((commit.view, commit.digest), *prepared)
            }
            _ => false,
        }
}

/// Whether one who was prepared so claims less.
fn forgets((view, digest): (Round, Digest), claim: Option<(Round, Digest)>) -> bool {
    claim.is_none_or(|(claimed, of)| claimed < view || (claimed == view && of != digest))
}
