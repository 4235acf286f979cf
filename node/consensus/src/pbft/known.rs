//! Which messages say nothing new, so that a host need not check their signatures.
//!
//! The author of a message that was not verified may be anybody, so nothing is learned here.

use super::Pbft;
use super::log::Log;
use super::message::PbftMessage;
use crate::Message;
use bitcraps_types::Signature;

impl Pbft {
    /// Whether this message, verified, would change nothing: it is held already, or of a height of which nothing is
    /// kept, and neither that its author is behind nor that it is ahead is news.
    pub(super) fn knows(&self, message: &PbftMessage, signature: &Signature) -> bool {
        let (author, height) = (message.author(), message.height());
        if self.validators.get(author).is_none() {
            return false;
        }
        if matches!(message, PbftMessage::Checkpoint(_)) {
            return self.checkpoints.knows(message, signature);
        }
        let highest = self.gossip.highest(author);
        if height < self.height {
            let helped = highest > height || self.gossip.was_reported(author) || Some(author) == self.me();
            return helped && self.past.get(&height).is_none_or(|past| past.holds(message, signature));
        }
        let seen = highest >= height;
        if height == self.height {
            seen && self.holds(message, signature)
        } else if height <= self.checkpoints.high() {
            seen && self.inbox.holds(message, signature)
        } else {
            seen
        }
    }

    fn holds(&self, message: &PbftMessage, signature: &Signature) -> bool {
        if let PbftMessage::ViewChange(_) = message {
            return self.changes.get(message.author()).is_some_and(|held| held.is(message, signature));
        }
        holds(&self.log, message, signature)
    }
}

pub(super) fn holds(log: &Log, message: &PbftMessage, signature: &Signature) -> bool {
    match message {
        PbftMessage::Vote(vote) => {
            log.vote(vote.kind, vote.view, vote.author).is_some_and(|held| held.is(message, signature))
        }
        PbftMessage::PrePrepare(_) | PbftMessage::NewView(_) => log.holds_proposal(message, signature),
        PbftMessage::ViewChange(_) | PbftMessage::Checkpoint(_) => false,
    }
}
