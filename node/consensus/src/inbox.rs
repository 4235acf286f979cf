//! Messages of the next height, which came before this node decided the current one.
//!
//! Bounded per author: the last [`PER_AUTHOR`] messages, and proposals of the first rounds only, one per round.

use crate::{Message, Signed};
use bitcraps_types::{Round, Signature, ValidatorIndex};
use std::collections::VecDeque;
use std::mem;

/// How many messages of one author wait. A correct one rarely gets three rounds ahead.
pub(crate) const PER_AUTHOR: usize = 8;

/// Proposals of later rounds don't wait: each may be as long as a block.
const LAST_PROPOSAL: Round = 16;

/// What waits, by author.
#[derive(Clone, Debug)]
pub(crate) struct Inbox<M: Message>(Vec<VecDeque<Signed<M>>>);

impl<M: Message> Inbox<M> {
    pub(crate) fn new(validators: usize) -> Self {
        Inbox(vec![VecDeque::new(); validators])
    }

    /// Keeps a verified message; the author's oldest gives way. `proposed`: the round that a message proposes for.
    pub(crate) fn push(&mut self, signed: Signed<M>, proposed: impl Fn(&M) -> Option<Round>) {
        let Some(waiting) = self.0.get_mut(signed.message.author().index()) else {
            return;
        };
        if let Some(round) = proposed(&signed.message)
            && (round > LAST_PROPOSAL || waiting.iter().any(|other| proposed(&other.message) == Some(round)))
        {
            return;
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
    pub(crate) fn holds(&self, message: &M, signature: &Signature) -> bool {
        let waiting = self.0.get(message.author().index());
        waiting.is_some_and(|waiting| waiting.iter().any(|held| held.is(message, signature)))
    }

    /// How many messages of this author wait.
    pub(crate) fn waiting(&self, author: ValidatorIndex) -> usize {
        self.0.get(author.index()).map_or(0, VecDeque::len)
    }

    /// Empties it, for a height with this many validators.
    pub(crate) fn take(&mut self, validators: usize) -> Vec<Signed<M>> {
        mem::replace(self, Inbox::new(validators)).0.into_iter().flatten().collect()
    }
}
