//! Messages of the next height, which came before this node decided the current one.
//!
//! Bounded per author: the last [`PER_AUTHOR`] messages, and proposals of the first rounds only, one per round.

use super::message::TendermintMessage;
use super::votes::FUTURE_ROUNDS;
use crate::{Message, Signed};
use bitcraps_types::Signature;
use std::collections::VecDeque;
use std::mem;

/// How many messages of one author wait. A correct one rarely gets three rounds ahead.
pub(super) const PER_AUTHOR: usize = 8;

/// What waits, by author.
#[derive(Clone, Debug)]
pub(super) struct Inbox(Vec<VecDeque<Signed<TendermintMessage>>>);

impl Inbox {
    pub(super) fn new(validators: usize) -> Inbox {
        Inbox(vec![VecDeque::new(); validators])
    }

    /// Keeps a verified message; the author's oldest gives way.
    pub(super) fn push(&mut self, signed: Signed<TendermintMessage>) {
        let Some(waiting) = self.0.get_mut(signed.message.author().index()) else {
            return;
        };
        if let TendermintMessage::Proposal(proposal) = &signed.message {
            let same_round = |other: &Signed<TendermintMessage>| matches!(&other.message, TendermintMessage::Proposal(other) if other.round == proposal.round);
            if proposal.round > FUTURE_ROUNDS || waiting.iter().any(same_round) {
                return;
            }
        }
        if waiting.contains(&signed) {
            return;
        }
        if waiting.len() == PER_AUTHOR {
            waiting.pop_front();
        }
        waiting.push_back(signed);
    }

    /// Whether this very message waits.
    pub(super) fn holds(&self, message: &TendermintMessage, signature: &Signature) -> bool {
        let same =
            |held: &Signed<TendermintMessage>| held.signature == *signature && held.message == *message;
        self.0.get(message.author().index()).is_some_and(|waiting| waiting.iter().any(same))
    }

    /// Empties it, for a height with this many validators.
    pub(super) fn take(&mut self, validators: usize) -> Vec<Signed<TendermintMessage>> {
        mem::replace(self, Inbox::new(validators)).0.into_iter().flatten().collect()
    }
}
