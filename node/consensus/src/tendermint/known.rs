//! Which messages say nothing new, so that a host need not check their signatures.
//!
//! The author of a message that was not verified may be anybody, so nothing is learned here.

use super::message::TendermintMessage;
use super::proposals::Proposals;
use super::votes::Votes;
use super::{Previous, Tendermint};
use crate::{Message, Signed};

impl Tendermint {
    /// Whether this message, verified, would change nothing: it is held already, or of a height of which nothing is
    /// kept, and neither that its author is behind nor that it is ahead is news.
    pub(super) fn knows(&self, signed: &Signed<TendermintMessage>) -> bool {
        let (author, height) = (signed.message.author(), signed.message.height());
        let Some(highest) = self.gossip.highest(author) else { return false };
        if height < self.height {
            let of_previous = self.previous.as_ref().filter(|previous| previous.height == height);
            let helped = highest > height || self.gossip.was_reported(author) || Some(author) == self.me();
            return helped && of_previous.is_none_or(|previous| previous.holds(signed));
        }
        let seen = highest >= height;
        if height == self.height {
            seen && holds(&self.votes, &self.proposals, signed)
        } else if height == self.height.saturating_add(1) {
            seen && self.inbox.holds(signed)
        } else {
            seen
        }
    }
}

impl Previous {
    fn holds(&self, signed: &Signed<TendermintMessage>) -> bool {
        holds(&self.votes, &self.proposals, signed)
    }
}

/// A polka is never held as it came.
fn holds(votes: &Votes, proposals: &Proposals, signed: &Signed<TendermintMessage>) -> bool {
    match &signed.message {
        TendermintMessage::Vote(vote) => {
            votes.get(vote.kind, vote.round, vote.author).is_some_and(|held| held == *signed)
        }
        TendermintMessage::Proposal(proposal) => proposals
            .get(proposal.round)
            .is_some_and(|held| held.signature == signed.signature && held == signed),
        TendermintMessage::Polka(_) => false,
    }
}
