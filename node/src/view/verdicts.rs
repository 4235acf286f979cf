//! Which of a block's commands were refused. The bank tells refusals by account and sequence number; a block, if its
//! proposer is no friend, can hold several commands under one number.

use bitcraps_casino::{Reason, Refusal, SignedCommand};
use bitcraps_treasury::LedgerError;
use bitcraps_types::AccountId;
use std::collections::BTreeMap;

/// What the refusals say of the commands with one account and number.
#[derive(Default)]
struct Shared {
    /// Before one of them used the number up: those that nobody could tell from a forgery.
    before: Vec<Reason>,
    /// Of the one that used it up.
    own: Option<Reason>,
    /// After it was used up.
    after: Option<Reason>,
    refused: usize,
    commands: usize,
    /// How many were met on the way through the block.
    met: usize,
}

/// For each command why it was refused; `None`: it was done.
///
/// A number is used up by at most one command of a block. So of the commands that share one, first come those with a
/// bad signature, then the one that used the number, then those that found it used.
pub(super) fn attribute(commands: &[SignedCommand], refusals: &[Refusal]) -> Vec<Option<Reason>> {
    if refusals.is_empty() {
        return vec![None; commands.len()];
    }
    let mut shared: BTreeMap<(AccountId, u64), Shared> = BTreeMap::new();
    for refusal in refusals {
        let shared = shared.entry((refusal.account, refusal.sequence)).or_default();
        shared.refused += 1;
        match refusal.reason {
            Reason::Signature | Reason::Ledger(LedgerError::UnknownAccount) => {
                shared.before.push(refusal.reason);
            }
            Reason::Ledger(LedgerError::SequenceUsed { .. }) => shared.after = Some(refusal.reason),
            _ => shared.own = Some(refusal.reason),
        }
    }
    let key = |signed: &SignedCommand| (signed.command.account(), signed.command.sequence);
    for signed in commands {
        if let Some(shared) = shared.get_mut(&key(signed)) {
            shared.commands += 1;
        }
    }
    commands.iter().map(|signed| shared.get_mut(&key(signed)).and_then(Shared::next)).collect()
}

impl Shared {
    /// The verdict on the next of them.
    fn next(&mut self) -> Option<Reason> {
        let place = self.met;
        self.met += 1;
        if let Some(reason) = self.before.get(place) {
            return Some(*reason);
        }
        let first = place == self.before.len();
        let one_was_done = self.refused < self.commands;
        if first && (one_was_done || self.own.is_some()) { self.own } else { self.after }
    }
}
