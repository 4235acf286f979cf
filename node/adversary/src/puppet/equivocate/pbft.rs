//! Equivocation in PBFT's messages: the primary's value, PREPAREs and COMMITs.
//!
//! A primary sends no PREPARE: its PRE-PREPARE counts as one. So one that lies commits along with its two values.

use super::{Kinds, Sides, nobodys};
use crate::puppet::Collusion;
use bitcraps_consensus::pbft::{NewView, PbftMessage, PrePrepare, Vote, VoteKind};
use bitcraps_types::Digest;

/// What a recipient on these sides is told instead of `message`.
pub(super) fn told(
    what: Kinds,
    collusion: &mut Collusion,
    sides: Sides,
    message: &PbftMessage,
) -> Vec<PbftMessage> {
    match message {
        PbftMessage::PrePrepare(truth) if what.proposal => {
            let propose = |proposal| PbftMessage::PrePrepare(Box::new(proposal));
            proposals(what, collusion, sides, truth, &propose)
        }
        PbftMessage::NewView(truth) if what.proposal && truth.prepared.is_none() => {
            let propose =
                |proposal| PbftMessage::NewView(Box::new(NewView { proposal, ..(**truth).clone() }));
            proposals(what, collusion, sides, &truth.proposal, &propose)
        }
        PbftMessage::Vote(vote) => votes(what, collusion, sides, *vote),
        _ => vec![message.clone()],
    }
}

fn proposals(
    what: Kinds,
    collusion: &mut Collusion,
    sides: Sides,
    truth: &PrePrepare,
    propose: &dyn Fn(PrePrepare) -> PbftMessage,
) -> Vec<PbftMessage> {
    let Some(value) = collusion.propose(truth.height, truth.view, &truth.value) else {
        return vec![propose(truth.clone())];
    };
    let first = sides.0.then(|| truth.clone());
    let second = sides.1.then(|| PrePrepare { value, ..truth.clone() });
    let mut told = Vec::new();
    for proposal in first.into_iter().chain(second) {
        let PrePrepare { height, view, author, .. } = proposal;
        let digest = proposal.value.digest();
        told.push(propose(proposal));
        let commit = Vote { kind: VoteKind::Commit, height, view, author, digest };
        told.extend(what.precommit.then_some(PbftMessage::Vote(commit)));
    }
    told
}

fn votes(what: Kinds, collusion: &mut Collusion, sides: Sides, truth: Vote) -> Vec<PbftMessage> {
    let Some((first, second)) = collusion.votes(truth.height, truth.view, Some(truth.digest)) else {
        return vec![PbftMessage::Vote(truth)];
    };
    if second.is_none() && what.proposal {
        return vec![PbftMessage::Vote(truth)];
    }
    let proposed = second.is_some();
    let second = second.unwrap_or_else(|| nobodys(first));
    let mut told = Vec::new();
    let mut tell = |kind: VoteKind| {
        let vote = |digest: Digest| PbftMessage::Vote(Vote { kind, digest, ..truth });
        told.extend(sides.0.then(|| vote(first)));
        told.extend(sides.1.then(|| vote(second)));
    };
    if includes(what, truth.kind) {
        tell(truth.kind);
    }
    if truth.kind == VoteKind::Prepare && what.precommit && proposed {
        tell(VoteKind::Commit);
    }
    if !includes(what, truth.kind) {
        told.insert(0, PbftMessage::Vote(truth));
    }
    told
}

fn includes(what: Kinds, kind: VoteKind) -> bool {
    match kind {
        VoteKind::Prepare => what.prevote,
        VoteKind::Commit => what.precommit,
    }
}
