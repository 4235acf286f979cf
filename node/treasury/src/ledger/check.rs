//! Conservation, from first principles: nothing here relies on how the ledger works.

use super::Ledger;
use crate::{Account, Escrow};
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
    /// An account's pending totals are not those of the escrows.
    #[error("the pending totals of {0:?} are not those of the escrows")]
    Escrows(AccountId),
    /// An account other than the issue owes.
    #[error("{0:?} has less than its debits")]
    Overdrawn(AccountId),
    /// An escrow carries a sequence number that its account has not claimed, or the account's window is none.
    #[error("the sequence numbers of {0:?} contradict themselves or its escrows")]
    Sequence(AccountId),
    /// The log is no frontier of a tree of its size.
    #[error("the log contradicts itself")]
    Log,
}

impl Ledger {
    /// Checks that money is conserved and nobody owes, from the first principles and at the cost of the whole ledger.
    pub fn check(&self) -> Result<(), LedgerFault> {
        if !self.log().is_sound() {
            return Err(LedgerFault::Log);
        }
        let sum = |total: fn(&Account) -> u128| {
            self.accounts().try_fold(0u128, |sum, (_, account)| sum.checked_add(total(account)))
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
        for (id, &Escrow { with, stake, cover }) in self.escrows() {
            let (owner, other) = (id.account, self.accounts.at(with).id);
            let used = self.account(&owner).is_some_and(|account| account.sequences.is_used(id.sequence));
            if !used {
                return Err(LedgerFault::Sequence(owner));
            }
            if stake == 0 || owner == other {
                return Err(LedgerFault::Escrows(owner));
            }
            // No overflow: an amount is below 2^64, and there are fewer than 2^63 escrows.
            for (account, debit, credit) in [(owner, stake, cover), (other, cover, stake)] {
                let totals = pending.entry(account).or_default();
                totals.0 += u128::from(debit);
                totals.1 += u128::from(credit);
            }
        }
        for (id, account) in self.accounts() {
            if pending.remove(id).unwrap_or_default() != (account.debits_pending, account.credits_pending) {
                return Err(LedgerFault::Escrows(*id));
            }
            let covers = account
                .debits_posted
                .checked_add(account.debits_pending)
                .is_some_and(|debits| debits <= account.credits_posted);
            if *id != self.issue && !covers {
                return Err(LedgerFault::Overdrawn(*id));
            }
            if !account.sequences.is_sound() {
                return Err(LedgerFault::Sequence(*id));
            }
        }
        let issue = self.account(&self.issue).ok_or(LedgerFault::Posted)?;
        let owed = issue.debits_posted.checked_sub(issue.credits_posted).ok_or(LedgerFault::Posted)?;
        if owed > u128::from(Amount::MAX) || issue.debits_pending != 0 || issue.credits_pending != 0 {
            return Err(LedgerFault::Posted);
        }
        Ok(())
    }
}
