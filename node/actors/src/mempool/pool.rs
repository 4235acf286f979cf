//! The commands that wait for a block, by account and sequence number. Bounded. Pure.

use crate::config::MempoolLimits;
use bitcraps_casino::SignedCommand;
use bitcraps_treasury::Sequences;
use bitcraps_types::AccountId;
use std::collections::BTreeMap;

/// A command whose signature was checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) account: AccountId,
    pub(crate) sequence: u64,
    /// Encoded, in bytes.
    pub(crate) size: usize,
    pub(crate) command: SignedCommand,
}

/// The pool.
pub(crate) struct Pool {
    limits: MempoolLimits,
    /// The accounts of the state, each with the sequence numbers that it used.
    used: BTreeMap<AccountId, Sequences>,
    waiting: BTreeMap<AccountId, BTreeMap<u64, Entry>>,
    count: usize,
    bytes: usize,
    /// Whose turn it was last.
    served: Option<AccountId>,
}

impl Pool {
    pub(crate) fn new(limits: MempoolLimits) -> Pool {
        Pool { limits, used: BTreeMap::new(), waiting: BTreeMap::new(), count: 0, bytes: 0, served: None }
    }

    /// Why a command of this account and sequence number would be turned away, whatever it says. Ask before checking
    /// its signature: that costs more.
    pub(crate) fn refusal(&self, account: &AccountId, sequence: u64, size: usize) -> Option<&'static str> {
        let waiting = self.waiting.get(account);
        let Some(used) = self.used.get(account) else { return Some("there is no such account") };
        if used.is_used(sequence) {
            Some("its sequence number was used")
        } else if waiting.is_some_and(|waiting| waiting.contains_key(&sequence)) {
            Some("one with its sequence number is waiting")
        } else if waiting.is_some_and(|waiting| waiting.len() >= self.limits.per_account) {
            Some("too many of its account are waiting")
        } else if self.count >= self.limits.commands || self.bytes + size > self.limits.bytes {
            Some("the mempool is full")
        } else {
            None
        }
    }

    /// Takes a command in.
    pub(crate) fn insert(&mut self, entry: Entry) -> Result<(), &'static str> {
        if let Some(why) = self.refusal(&entry.account, entry.sequence, entry.size) {
            return Err(why);
        }
        self.count += 1;
        self.bytes += entry.size;
        self.waiting.entry(entry.account).or_default().insert(entry.sequence, entry);
        Ok(())
    }

    /// An account exists and used these sequence numbers: what waits under them is gone. The rest waits on, though higher
    /// numbers were used.
    pub(crate) fn advance(&mut self, account: AccountId, used: Sequences) {
        self.used.insert(account, used);
        if let Some(waiting) = self.waiting.get_mut(&account) {
            let gone: Vec<Entry> = waiting
                .extract_if(.., |sequence, _| used.is_used(*sequence))
                .map(|(_, entry)| entry)
                .collect();
            self.forget(account, gone.into_iter());
        }
    }

    /// A command was decided, whether or not it used its sequence number.
    pub(crate) fn remove(&mut self, account: AccountId, sequence: u64) {
        let gone = self.waiting.get_mut(&account).and_then(|waiting| waiting.remove(&sequence));
        self.forget(account, gone.into_iter());
    }

    fn forget(&mut self, account: AccountId, gone: impl Iterator<Item = Entry>) {
        for entry in gone {
            self.count -= 1;
            self.bytes -= entry.size;
        }
        if self.waiting.get(&account).is_some_and(BTreeMap::is_empty) {
            self.waiting.remove(&account);
        }
    }

    /// Commands for a block. Accounts take turns, one command each in the order of its sequence numbers, beginning
    /// after the account that was served last. Ordered by account and sequence number.
    pub(crate) fn batch(&mut self, max_bytes: usize, max_count: usize) -> Vec<SignedCommand> {
        let mut chosen: Vec<&Entry> = Vec::new();
        let mut bytes = 0;
        let start = self.served;
        let mut turns: Vec<_> =
            self.waiting.iter().map(|(account, waiting)| (*account, waiting.values())).collect();
        turns.sort_by_key(|(account, _)| start.is_some_and(|start| *account <= start));
        while !turns.is_empty() && chosen.len() < max_count {
            turns.retain_mut(|(account, waiting)| {
                let Some(entry) = waiting.next() else { return false };
                if chosen.len() >= max_count || bytes + entry.size > max_bytes {
                    return false;
                }
                bytes += entry.size;
                self.served = Some(*account);
                chosen.push(entry);
                true
            });
        }
        chosen.sort_by_key(|entry| (entry.account, entry.sequence));
        chosen.iter().map(|entry| entry.command).collect()
    }
}

#[cfg(test)]
mod tests;
