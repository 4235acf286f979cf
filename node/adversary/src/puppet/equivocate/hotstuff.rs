//! Equivocation in HotStuff's messages: a leader's block, and votes for both of two blocks.
//!
//! Votes go to the next leader alone, which counts both. So with up to f liars, and with more unless liars lead three
//! rounds on end, this leaves evidence and costs rounds, and forks nothing.

use super::{Kinds, Sides, nobodys};
use crate::puppet::Collusion;
use bitcraps_consensus::hotstuff::{HotStuffMessage, Proposal, Vote};

/// What a recipient on these sides is told instead of `message`.
pub(super) fn told(
    what: Kinds,
    collusion: &mut Collusion,
    sides: Sides,
    message: &HotStuffMessage,
) -> Vec<HotStuffMessage> {
    match message {
        HotStuffMessage::Proposal(truth) if what.proposal && truth.justify.is_none() => {
            proposals(collusion, sides, truth)
        }
        HotStuffMessage::Vote(vote) => votes(what, collusion, sides, *vote),
        _ => vec![message.clone()],
    }
}

fn proposals(collusion: &mut Collusion, sides: Sides, truth: &Proposal) -> Vec<HotStuffMessage> {
    let other = truth.value.as_ref().and_then(|value| collusion.propose(truth.height, truth.round, value));
    let Some(other) = other else {
        return vec![HotStuffMessage::Proposal(Box::new(truth.clone()))];
    };
    let first = sides.0.then(|| truth.clone());
    let second = sides.1.then(|| Proposal { value: Some(other), ..truth.clone() });
    first.into_iter().chain(second).map(|told| HotStuffMessage::Proposal(Box::new(told))).collect()
}

fn votes(what: Kinds, collusion: &mut Collusion, sides: Sides, truth: Vote) -> Vec<HotStuffMessage> {
    let doubled = if truth.commits() { what.precommit } else { what.prevote };
    match collusion.votes(truth.height, truth.round, Some(truth.digest)) {
        Some((first, second)) if doubled && (second.is_some() || !what.proposal) => {
            let second = second.unwrap_or_else(|| nobodys(first));
            let sides = [(sides.0, first), (sides.1, second)].into_iter();
            sides
                .filter(|(told, _)| *told)
                .map(|(_, digest)| HotStuffMessage::Vote(Vote { digest, ..truth }))
                .collect()
        }
        _ => vec![HotStuffMessage::Vote(truth)],
    }
}
