//! Messages of heights above the current one, up to the high watermark.
//!
//! Bounded per author: the last [`PER_AUTHOR`] messages, of which one carries a value.

use super::message::PbftMessage;
use crate::{Message, Signed};
use bitcraps_types::{Height, Signature, ValidatorIndex};
use std::collections::{BTreeMap, VecDeque};

/// How many messages of one author wait. A correct one rarely says more before this node follows.
pub(super) const PER_AUTHOR: usize = 8;

/// What waits, by author.
#[derive(Clone, Debug, Default)]
pub(super) struct Inbox(BTreeMap<ValidatorIndex, VecDeque<Signed<PbftMessage>>>);

impl Inbox {
    /// Keeps a verified message of a validator's; the author's oldest gives way, and so does its value of before.
    pub(super) fn push(&mut self, signed: Signed<PbftMessage>) {
        let waiting = self.0.entry(signed.message.author()).or_default();
        if waiting.contains(&signed) {
            return;
        }
        if signed.message.proposal().is_some() {
            waiting.retain(|other| other.message.proposal().is_none());
        }
        if waiting.len() == PER_AUTHOR {
            waiting.pop_front();
        }
        waiting.push_back(signed);
    }

    /// Whether this very message waits.
    pub(super) fn holds(&self, message: &PbftMessage, signature: &Signature) -> bool {
        let waiting = self.0.get(&message.author());
        waiting.is_some_and(|waiting| waiting.iter().any(|held| held.is(message, signature)))
    }

    /// How many messages of this author wait.
    pub(super) fn waiting(&self, author: ValidatorIndex) -> usize {
        self.0.get(&author).map_or(0, VecDeque::len)
    }

    /// What is of this height; what is of earlier ones is dropped.
    pub(super) fn take(&mut self, height: Height) -> Vec<Signed<PbftMessage>> {
        let mut taken = Vec::new();
        for waiting in self.0.values_mut() {
            waiting.retain(|signed| signed.message.height() >= height);
            taken.extend(waiting.iter().filter(|signed| signed.message.height() == height).cloned());
            waiting.retain(|signed| signed.message.height() > height);
        }
        self.0.retain(|_, waiting| !waiting.is_empty());
        taken
    }
}
