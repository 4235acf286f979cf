//! How a coalition of more than f forks Tendermint without a contradiction: it says one thing in one round and another
//! in the next, as if it had no lock.
//!
//! Its moment is a proposal of any round r, if a member proposes in round r + 1. To the first group the members prevote
//! and precommit the proposal; with the group's own votes that decides. The second group hears nothing of round r from
//! them, and so no quorum. It hears of round r + 1 instead: another value, all members' prevotes and precommits for it.
//! That many validators in a later round bring the group there (line 55 of the paper); nobody in it is locked, so it
//! prevotes the other value, and decides.
//!
//! No member signed two different votes of a kind in one round. That they prevoted against their lock shows only to
//! whoever knows all votes of both rounds.

use super::{Lies, Members};
use crate::puppet::variant;
use bitcraps_consensus::tendermint::{Proposal, TendermintMessage, Vote, VoteKind};
use bitcraps_consensus::{Message, Tendermint};
use bitcraps_types::{Digest, Height, Round};

/// Where the attack is under way.
#[derive(Default)]
pub(super) struct Plan {
    at: Option<(Height, Round)>,
    /// The height at which it first heard anything. That one it leaves alone: it may be half decided.
    began: Option<Height>,
    /// The last round in which a member's engine voted. The plan begins in none before it, or it would contradict that.
    voted: Option<(Height, Round)>,
}

impl Plan {
    /// Whether the plan speaks at this height, or has spoken: an engine that is behind would contradict it.
    pub(super) fn speaks_at(&self, height: Height) -> bool {
        self.at.is_some_and(|(at, _)| height <= at)
    }

    /// Whether this is the proposal with which the attack begins: all are to see it.
    pub(super) fn begins_with(&self, proposal: &Proposal) -> bool {
        self.at == Some((proposal.height, proposal.round))
    }

    /// What to say after a message of a member's or of an honest validator's.
    pub(super) fn learn(&mut self, members: &Members, message: &TendermintMessage) -> Lies {
        let mut lies = Lies::new();
        let began = *self.began.get_or_insert(message.height());
        let proposal = match message {
            TendermintMessage::Proposal(proposal) => proposal,
            TendermintMessage::Vote(vote) if members.has(vote.author) => {
                self.voted = self.voted.max(Some((vote.height, vote.round)));
                return lies;
            }
            _ => return lies,
        };
        let (height, round) = (proposal.height, proposal.round);
        let Some(identity) = members.by_place.values().next() else { return lies };
        let (Some(next), Some(other)) = (round.checked_add(1), variant::of(&proposal.value)) else {
            return lies;
        };
        let author = Tendermint::proposer(&identity.validators, height, next);
        let new = self.at.is_none_or(|(at, _)| at < height) && self.voted < Some((height, round));
        if !new || height == began || !members.has(author) || proposal.polka.is_some() {
            return lies;
        }
        self.at = Some((height, round));
        vote_for(members, (height, round), proposal.value.digest(), true, &mut lies);
        let digest = other.digest();
        let other = Proposal { height, round: next, author, value: other, polka: None };
        let other = TendermintMessage::Proposal(Box::new(other));
        members.tell(&members.groups.second, other.into(), &mut lies);
        vote_for(members, (height, next), digest, false, &mut lies);
        lies
    }
}

/// All members prevote and precommit a value, to one group.
fn vote_for(
    members: &Members,
    (height, round): (Height, Round),
    digest: Digest,
    first: bool,
    lies: &mut Lies,
) {
    let group = if first { &members.groups.first } else { &members.groups.second };
    for kind in [VoteKind::Prevote, VoteKind::Precommit] {
        for &author in members.by_place.keys() {
            let vote = Vote { kind, height, round, author, digest: Some(digest) };
            members.tell(group, TendermintMessage::Vote(vote).into(), lies);
        }
    }
}
