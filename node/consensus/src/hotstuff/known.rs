//! Which messages say nothing new, so that a host need not check their signatures.
//!
//! The author of a message that was not verified may be anybody, so nothing is learned here.

use super::HotStuff;
use super::message::HotStuffMessage;
use crate::{Message, Signed};
use bitcraps_types::Signature;

impl HotStuff {
    /// Whether this message, verified, would change nothing: it is held already, with the certificates inside it, or
    /// of a height of which nothing is kept, and neither that its author is behind nor that it is ahead is news.
    pub(super) fn knows(&self, message: &HotStuffMessage, signature: &Signature) -> bool {
        let (author, height) = (message.author(), message.height());
        let Some(highest) = self.gossip.highest(author) else { return false };
        if height < self.height {
            let of_previous = self.previous.as_ref().filter(|previous| previous.height == height);
            let helped = highest > height || self.gossip.was_reported(author) || Some(author) == self.me();
            return helped
                && of_previous.is_none_or(|previous| {
                    let said = Signed { message: message.statement(), signature: *signature };
                    previous.witness.knows(&said) && previous.witness.knows_all(message.inner_statements())
                });
        }
        let seen = highest >= height;
        if height == self.height {
            seen && self.holds(message, signature)
        } else if height == self.height.saturating_add(1) {
            seen && self.inbox.holds(message, signature)
        } else {
            seen
        }
    }

    /// A message of this height.
    fn holds(&self, message: &HotStuffMessage, signature: &Signature) -> bool {
        let (qc, tc) = message.certificates();
        let certificates = qc.is_none_or(|qc| self.knows_qc(qc)) && tc.is_none_or(|tc| self.knows_tc(tc));
        let (author, round) = (message.author(), message.round());
        certificates
            && match message {
                HotStuffMessage::Proposal(_) => {
                    self.proposals.get(round).is_some_and(|held| held.is(message, signature))
                }
                HotStuffMessage::Vote(_) => {
                    self.votes.get(round, author).is_some_and(|held| held.is(message, signature))
                }
                HotStuffMessage::Timeout(_) => {
                    self.timeouts.holds(author, round, signature) && !self.would_help(author, round)
                }
                HotStuffMessage::SyncInfo(_) => true,
            }
    }
}
