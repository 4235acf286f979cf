//! The definitions for PBFT (Castro & Liskov, OSDI 1999).

use super::{Said, commit_bytes, preimage};
use bitcraps_consensus::pbft::{Checkpoint, PbftMessage, Statement, Vote, VoteKind};
use bitcraps_types::{ChainId, Digest, ValidatorIndex};

/// Who signs a statement, and which bytes.
pub(super) fn signed(chain: &ChainId, statement: &Statement) -> Option<(ValidatorIndex, Vec<u8>)> {
    let named = |domain, height, view, digest: &Digest| {
        [&preimage(domain, chain, height, view)[..], &digest.0].concat()
    };
    Some(match statement {
        Statement::PrePrepare { height, view, author, digest } => {
            (*author, named("pbft/pre-prepare", *height, *view, digest))
        }
        Statement::Vote(Vote { kind: VoteKind::Prepare, height, view, author, digest }) => {
            (*author, named("pbft/prepare", *height, *view, digest))
        }
        Statement::Vote(Vote { kind: VoteKind::Commit, height, view, author, digest }) => {
            (*author, commit_bytes(chain, *height, *view, digest))
        }
        Statement::Checkpoint(Checkpoint { height, author, digest }) => {
            (*author, named("pbft/checkpoint", *height, 0, digest))
        }
        Statement::ViewChange { height, view, author, stable, prepared } => {
            let claim = match prepared {
                None => vec![0],
                Some((view, digest)) => [&[1][..], &view.to_le_bytes(), &digest.0].concat(),
            };
            let place = preimage("pbft/view-change", chain, *height, *view);
            (*author, [&place[..], &stable.to_le_bytes(), &claim].concat())
        }
    })
}

/// A PRE-PREPARE (also that of a NEW-VIEW), a PREPARE or a COMMIT.
pub(super) fn said(message: &PbftMessage) -> Option<Said> {
    let (author, height, round, kind, digest) = match message {
        PbftMessage::PrePrepare(proposal) => {
            (proposal.author, proposal.height, proposal.view, "pre-prepare", proposal.value.digest())
        }
        PbftMessage::NewView(new_view) => {
            let proposal = &new_view.proposal;
            (proposal.author, proposal.height, proposal.view, "pre-prepare", proposal.value.digest())
        }
        PbftMessage::Vote(vote) => {
            let kind = match vote.kind {
                VoteKind::Prepare => "prepare",
                VoteKind::Commit => "commit",
            };
            (vote.author, vote.height, vote.view, kind, vote.digest)
        }
        PbftMessage::Checkpoint(_) | PbftMessage::ViewChange(_) => return None,
    };
    Some(Said { author, height, round, kind, content: (Some(digest), None) })
}

/// Two different statements of one author for one place; or a VIEW-CHANGE that claims to have been prepared in a lower
/// view, or for another value, than an earlier COMMIT or VIEW-CHANGE of its author says.
pub(super) fn contradict(first: &Statement, second: &Statement) -> bool {
    let place = |statement: &Statement| match statement {
        Statement::PrePrepare { author, height, view, .. } => (*author, *height, *view, 0),
        Statement::Vote(vote) => (vote.author, vote.height, vote.view, 1 + vote.kind as u8),
        Statement::Checkpoint(checkpoint) => (checkpoint.author, checkpoint.height, 0, 3),
        Statement::ViewChange { author, height, view, .. } => (*author, *height, *view, 4),
    };
    let (a, b) = (place(first), place(second));
    if a == b {
        return first != second;
    }
    let (earlier, later) = if a.2 < b.2 { (first, second) } else { (second, first) };
    let Statement::ViewChange { prepared: claim, .. } = later else { return false };
    let was = match earlier {
        Statement::ViewChange { prepared, .. } => *prepared,
        Statement::Vote(Vote { kind: VoteKind::Commit, view, digest, .. }) => Some((*view, *digest)),
        _ => None,
    };
    let (Some(was), (author, height)) = (was, (a.0, a.1)) else { return false };
    let forgotten = claim.is_none_or(|claim| claim.0 < was.0 || (claim.0 == was.0 && claim.1 != was.1));
    (author, height) == (b.0, b.1) && a.2 != b.2 && forgotten
}
