//! Which messages say nothing new, so that a host need not check their signatures.
//!
//! The author of a message that was not verified may be anybody, so nothing is learned here.

use super::message::TendermintMessage;
use super::proposals::Proposals;
use super::votes::Votes;
use super::{Previous, Tendermint};
use crate::Message;
use bitcraps_types::Signature;

impl Tendermint {
    /// Whether this message, verified, would change nothing: it is held already, or of a height of which nothing is
    /// kept, and neither that its author is behind nor that it is ahead is news.
    pub(super) fn knows(&self, message: &TendermintMessage, signature: &Signature) -> bool {
        let (author, height) = (message.author(), message.height());
        let Some(highest) = self.gossip.highest(author) else { return false };
        if height < self.height {
            let of_previous = self.previous.as_ref().filter(|previous| previous.height == height);
            let helped = highest > height || self.gossip.was_reported(author) || Some(author) == self.me();
            return helped && of_previous.is_none_or(|previous| previous.holds(message, signature));
        }
        let seen = highest >= height;
        if height == self.height {
            seen && holds(&self.votes, &self.proposals, message, signature)
        } else if height == self.height.saturating_add(1) {
            seen && self.inbox.holds(message, signature)
        } else {
            seen
        }
    }
}

impl Previous {
    fn holds(&self, message: &TendermintMessage, signature: &Signature) -> bool {
        holds(&self.votes, &self.proposals, message, signature)
    }
}

/// A polka is never held as it came.
fn holds(votes: &Votes, proposals: &Proposals, message: &TendermintMessage, signature: &Signature) -> bool {
    match message {
        TendermintMessage::Vote(vote) => {
            votes.get(vote.kind, vote.round, vote.author).is_some_and(|held| held.is(message, signature))
        }
        TendermintMessage::Proposal(proposal) => {
            proposals.get(proposal.round).is_some_and(|held| held.is(message, signature))
        }
        TendermintMessage::Polka(_) => false,
    }
}
