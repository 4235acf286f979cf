//! Which messages say nothing new, so that a host need not check their signatures.
//!
//! The author of a message that was not verified may be anybody, so nothing is learned here.

use super::Pbft;
use super::log::Log;
use super::message::PbftMessage;
use crate::{Message, Signed};

impl Pbft {
    /// Whether this message, verified, would change nothing: it is held already, or of a height of which nothing is
    /// kept, and neither that its author is behind nor that it is ahead is news.
    pub(super) fn knows(&self, signed: &Signed<PbftMessage>) -> bool {
        let (author, height) = (signed.message.author(), signed.message.height());
        if self.validators.get(author).is_none() {
            return false;
        }
        if matches!(signed.message, PbftMessage::Checkpoint(_)) {
            return self.checkpoints.knows(signed);
        }
        let highest = self.gossip.highest(author);
        if height < self.height {
            let helped = highest > height || self.gossip.was_reported(author) || Some(author) == self.me();
            return helped && self.past.get(&height).is_none_or(|past| past.holds(signed));
        }
        let seen = highest >= height;
        if height == self.height {
            seen && self.holds(signed)
        } else if height <= self.checkpoints.high() {
            seen && self.inbox.holds(signed)
        } else {
            seen
        }
    }

    fn holds(&self, signed: &Signed<PbftMessage>) -> bool {
        if let PbftMessage::ViewChange(_) = &signed.message {
            return self.changes.get(signed.message.author()).is_some_and(|held| held == signed);
        }
        holds(&self.log, signed)
    }
}

pub(super) fn holds(log: &Log, signed: &Signed<PbftMessage>) -> bool {
    match &signed.message {
        PbftMessage::Vote(vote) => {
            log.vote(vote.kind, vote.view, vote.author).is_some_and(|held| held == *signed)
        }
        PbftMessage::PrePrepare(_) | PbftMessage::NewView(_) => log.holds_proposal(signed),
        PbftMessage::ViewChange(_) | PbftMessage::Checkpoint(_) => false,
    }
}
