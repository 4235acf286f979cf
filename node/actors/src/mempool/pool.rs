//! The commands that wait for a block, by account and sequence number. Bounded. Pure.

use crate::config::MempoolLimits;
use crate::ports::turned_away::{FULL, NO_ACCOUNT, TOO_MANY, USED, WAITING};
use bitcraps_casino::SignedCommand;
use bitcraps_treasury::Sequences;
use bitcraps_types::AccountId;
use std::collections::{BTreeMap, BTreeSet};

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
    /// How many commands of each account wait, if any do.
    by_count: BTreeSet<(usize, AccountId)>,
    count: usize,
    bytes: usize,
    /// Whose turn it was last.
    served: Option<AccountId>,
}

impl Pool {
    pub(crate) fn new(limits: MempoolLimits) -> Pool {
        Pool {
            limits,
            used: BTreeMap::new(),
            waiting: BTreeMap::new(),
            by_count: BTreeSet::new(),
            count: 0,
            bytes: 0,
            served: None,
        }
    }

    /// Why a command of this account and sequence number would be turned away, whatever it says. Ask before checking
    /// its signature: that costs more.
    pub(crate) fn refusal(&self, account: &AccountId, sequence: u64, size: usize) -> Option<&'static str> {
        let waiting = self.waiting.get(account);
        let Some(used) = self.used.get(account) else { return Some(NO_ACCOUNT) };
        if used.is_used(sequence) {
            Some(USED)
        } else if waiting.is_some_and(|waiting| waiting.contains_key(&sequence)) {
            Some(WAITING)
        } else if waiting.is_some_and(|waiting| waiting.len() >= self.limits.per_account) {
            Some(TOO_MANY)
        } else if !self.has_room(size) && self.to_give_way(account, size).is_none() {
            Some(FULL)
        } else {
            None
        }
    }

    /// Takes a command in. When the pool is full, the latest command of whoever has the most waiting gives way: it is
    /// the answer.
    pub(crate) fn insert(&mut self, entry: Entry) -> Result<Option<SignedCommand>, &'static str> {
        if let Some(why) = self.refusal(&entry.account, entry.sequence, entry.size) {
            return Err(why);
        }
        let mut given_up = None;
        if !self.has_room(entry.size) {
            let (account, sequence) = self.to_give_way(&entry.account, entry.size).ok_or(FULL)?;
            given_up = self.get(&account, sequence).copied();
            self.remove(account, sequence);
        }
        let before = self.waiting_of(&entry.account);
        self.by_count.remove(&(before, entry.account));
        self.by_count.insert((before + 1, entry.account));
        self.count += 1;
        self.bytes += entry.size;
        self.waiting.entry(entry.account).or_default().insert(entry.sequence, entry);
        Ok(given_up)
    }

    /// How many commands wait, and their bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.count, self.bytes)
    }

    /// A command that waits.
    pub(crate) fn get(&self, account: &AccountId, sequence: u64) -> Option<&SignedCommand> {
        self.waiting.get(account)?.get(&sequence).map(|entry| &entry.command)
    }

    /// That its counts are right, that it is within its bounds, and that nothing waits that was used.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn check(&self) {
        let waiting: Vec<&Entry> = self.waiting.values().flat_map(BTreeMap::values).collect();
        let by_count = self.waiting.iter().map(|(account, waiting)| (waiting.len(), *account)).collect();
        assert_eq!((self.count, &self.by_count), (waiting.len(), &by_count));
        assert_eq!(self.bytes, waiting.iter().map(|entry| entry.size).sum::<usize>());
        assert!(self.count <= self.limits.commands && self.bytes <= self.limits.bytes);
        assert!(self.waiting.values().all(|waiting| waiting.len() <= self.limits.per_account));
        assert!(waiting.iter().all(|entry| !self.used[&entry.account].is_used(entry.sequence)));
    }

    fn has_room(&self, size: usize) -> bool {
        self.count < self.limits.commands && self.bytes + size <= self.limits.bytes
    }

    fn waiting_of(&self, account: &AccountId) -> usize {
        self.waiting.get(account).map_or(0, BTreeMap::len)
    }

    /// The last command of the account with the most waiting, if it has more than this account would have with
    /// another command, and if that one then fits.
    fn to_give_way(&self, account: &AccountId, size: usize) -> Option<(AccountId, u64)> {
        let (most, greedy) = self.by_count.last()?;
        let (sequence, last) = self.waiting.get(greedy)?.last_key_value()?;
        let fits = self.count <= self.limits.commands && self.bytes - last.size + size <= self.limits.bytes;
        (fits && *most > self.waiting_of(account) + 1).then_some((*greedy, *sequence))
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

    /// Counts what was taken out of an account's commands.
    fn forget(&mut self, account: AccountId, gone: impl Iterator<Item = Entry>) {
        let left = self.waiting_of(&account);
        let mut before = left;
        for entry in gone {
            before += 1;
            self.count -= 1;
            self.bytes -= entry.size;
        }
        self.by_count.remove(&(before, account));
        if left > 0 {
            self.by_count.insert((left, account));
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
