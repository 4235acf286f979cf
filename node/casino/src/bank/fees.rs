//! What commands cost, and who gets it.

use super::{Bank, Reason};
use crate::FeesTo;
use bitcraps_treasury::{Claim, LedgerError, split};
use bitcraps_types::AccountId;

/// Where a block's fees lie until it is finished.
pub(super) fn fees() -> AccountId {
    AccountId::of_house("fees")
}

impl Bank {
    /// Takes the fee of a command, whatever becomes of it: it took its room in the block.
    pub(super) fn take_fee(&mut self, claim: &mut Claim) -> Result<(), Reason> {
        let amount = self.policy.fee.amount;
        if amount == 0 {
            return Ok(());
        }
        self.ledger.transfer(claim, claim.account(), fees(), amount).map_err(|error| match error {
            LedgerError::Insufficient { available } => Reason::Fee { available },
            error => Reason::Ledger(error),
        })
    }

    /// Gives the block's fees to whom the policy says.
    pub(super) fn share_fees(&mut self) {
        let collected = self.ledger.account(&fees()).map_or(0, |fees| fees.available());
        if collected == 0 {
            return;
        }
        match self.policy.fee.to {
            FeesTo::Nobody => self.burn_by_rule(fees(), collected),
            FeesTo::Validators => {
                let parts = split(collected, &self.committee().powers()).expect("the policy was checked");
                let owners: Vec<AccountId> = self.committee().owners().collect();
                for (owner, part) in owners.into_iter().zip(parts) {
                    self.move_by_rule(fees(), owner, part);
                }
            }
        }
    }
}
