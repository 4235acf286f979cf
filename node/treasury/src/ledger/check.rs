//! Conservation, from first principles: nothing here relies on how the ledger works.

use super::Ledger;
use crate::Account;
use bitcraps_types::{AccountId, Amount};
use std::collections::BTreeMap;

/// What [`Ledger::check`] accepts as the sum of all that was posted: room enough for 2^63 more transfers.
const MAX_TOTAL: u128 = u128::MAX / 2;

/// What [`Ledger::check`] found wrong. A ledger that only went through its own methods has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerFault {
    /// Posted debits and credits differ, or don't fit.
    #[error("posted debits and credits differ")]
    Posted,
    /// Pending debits and credits differ.
    #[error("pending debits and credits differ")]
    Pending,
    /// An account's pending totals are not those of the reserves.
    #[error("the pending totals of {0:?} are not those of the reserves")]
    Reserves(AccountId),
    /// An account other than the issue owes.
    #[error("{0:?} has less than its debits")]
    Overdrawn(AccountId),
    /// A transfer carries a sequence number that its account has not claimed, or an account forgot one, or its windows
    /// are none.
    #[error("the sequence numbers of {0:?} contradict themselves or its transfers")]
    Sequence(AccountId),
    /// The log is no frontier of a tree of its size.
    #[error("the log contradicts itself")]
    Log,
}

impl Ledger {
    /// Checks that money is conserved and nobody owes, from the first principles and at the cost of the whole ledger.
    pub fn check(&self) -> Result<(), LedgerFault> {
        if !self.log.is_sound() {
            return Err(LedgerFault::Log);
        }
        let sum = |total: fn(&Account) -> u128| {
            self.accounts.values().try_fold(0u128, |sum, account| sum.checked_add(total(account)))
        };
        match (sum(|account| account.debits_posted), sum(|account| account.credits_posted)) {
            (Some(debits), Some(credits)) if debits == credits && debits <= MAX_TOTAL => {}
            _ => return Err(LedgerFault::Posted),
        }
        match (sum(|account| account.debits_pending), sum(|account| account.credits_pending)) {
            (Some(debits), Some(credits)) if debits == credits => {}
            _ => return Err(LedgerFault::Pending),
        }
        let mut pending: BTreeMap<AccountId, (u128, u128)> = BTreeMap::new();
        for (id, reserve) in &self.reserves {
            if *id != reserve.id {
                return Err(LedgerFault::Reserves(reserve.debit));
            }
            // No overflow: a reserve is below 2^64, and there are fewer than 2^64 of them.
            pending.entry(reserve.debit).or_default().0 += u128::from(reserve.amount);
            pending.entry(reserve.credit).or_default().1 += u128::from(reserve.amount);
        }
        for (id, account) in &self.accounts {
            if pending.remove(id).unwrap_or_default() != (account.debits_pending, account.credits_pending) {
                return Err(LedgerFault::Reserves(*id));
            }
            let covers = account
                .debits_posted
                .checked_add(account.debits_pending)
                .is_some_and(|debits| debits <= account.credits_posted);
            if *id != self.issue && !covers {
                return Err(LedgerFault::Overdrawn(*id));
            }
            let Account { sequences, forgotten, .. } = account;
            if !sequences.is_sound() || !forgotten.is_sound() || !sequences.covers(forgotten) {
                return Err(LedgerFault::Sequence(*id));
            }
        }
        if let Some((&stranger, _)) = pending.first_key_value() {
            return Err(LedgerFault::Reserves(stranger));
        }
        let issue = self.accounts.get(&self.issue).ok_or(LedgerFault::Posted)?;
        let owed = issue.debits_posted.checked_sub(issue.credits_posted).ok_or(LedgerFault::Posted)?;
        if owed > u128::from(Amount::MAX) || issue.debits_pending != 0 || issue.credits_pending != 0 {
            return Err(LedgerFault::Posted);
        }
        for id in self.reserves.keys().chain(self.done.keys()) {
            if self.accounts.get(&id.account).is_none_or(|account| !account.sequences.is_used(id.sequence)) {
                return Err(LedgerFault::Sequence(id.account));
            }
        }
        Ok(())
    }
}
