//! One account's four totals, after TigerBeetle's data model (docs/coding/data-modeling.md, reference/account.md).

use crate::Sequences;
use bitcraps_types::Amount;
use borsh::{BorshDeserialize, BorshSerialize};

/// What went in and out of an account, and what may yet. Totals only grow, save the pending ones, which fall when an
/// escrow is resolved. They are twice as wide as an [`Amount`], so no sum of transfers overflows them in practice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// All that left.
    pub debits_posted: u128,
    /// All that came.
    pub credits_posted: u128,
    /// Reserved to leave.
    pub debits_pending: u128,
    /// Reserved to come. Can't be spent.
    pub credits_pending: u128,
    /// The sequence numbers that commands used up.
    pub sequences: Sequences,
}

impl Account {
    /// What the account owns, reserved or not. 0 for the issue account, which owes.
    pub fn balance(&self) -> Amount {
        narrow(self.credits_posted.saturating_sub(self.debits_posted))
    }

    /// What can be spent or reserved.
    pub fn available(&self) -> Amount {
        let spoken_for = self.debits_posted.saturating_add(self.debits_pending);
        narrow(self.credits_posted.saturating_sub(spoken_for))
    }

    /// What is reserved to leave.
    pub fn reserved(&self) -> Amount {
        narrow(self.debits_pending)
    }
}

/// No balance exceeds the supply, which is an [`Amount`].
fn narrow(total: u128) -> Amount {
    Amount::try_from(total).unwrap_or(Amount::MAX)
}
