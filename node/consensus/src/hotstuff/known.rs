//! Which messages say nothing new, so that a host need not check their signatures.
//!
//! The author of a message that was not verified may be anybody, so nothing is learned here.

use super::HotStuff;
use super::message::HotStuffMessage;
use crate::{Message, Signed};

impl HotStuff {
    /// Whether this message, verified, would change nothing: it is held already, with the certificates inside it, or
    /// of a height of which nothing is kept, and neither that its author is behind nor that it is ahead is news.
    pub(super) fn knows(&self, signed: &Signed<HotStuffMessage>) -> bool {
        let (author, height) = (signed.message.author(), signed.message.height());
        let Some(highest) = self.gossip.highest(author) else { return false };
        if height < self.height {
            let of_previous = self.previous.as_ref().filter(|previous| previous.height == height);
            let helped = highest > height || self.gossip.was_reported(author) || Some(author) == self.me();
            return helped
                && of_previous.is_none_or(|previous| {
                    previous.witness.knows(&signed.statement())
                        && previous.witness.knows_all(signed.message.inner_statements())
                });
        }
        let seen = highest >= height;
        if height == self.height {
            seen && self.holds(signed)
        } else if height == self.height.saturating_add(1) {
            seen && self.inbox.holds(signed)
        } else {
            seen
        }
    }

    /// A message of this height.
    fn holds(&self, signed: &Signed<HotStuffMessage>) -> bool {
        let (qc, tc) = signed.message.certificates();
        let certificates = qc.is_none_or(|qc| self.knows_qc(qc)) && tc.is_none_or(|tc| self.knows_tc(tc));
        let (author, round) = (signed.message.author(), signed.message.round());
        certificates
            && match &signed.message {
                HotStuffMessage::Proposal(_) => self
                    .proposals
                    .get(round)
                    .is_some_and(|held| held.signature == signed.signature && held == signed),
                HotStuffMessage::Vote(_) => self.votes.get(round, author).is_some_and(|held| held == *signed),
                HotStuffMessage::Timeout(_) => {
                    self.timeouts.holds(author, round, &signed.signature) && !self.would_help(author, round)
                }
                HotStuffMessage::SyncInfo(_) => true,
            }
    }
}
