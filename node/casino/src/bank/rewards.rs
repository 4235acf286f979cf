//! What validators get for taking part: each block shows who signed the one before, and they share what the policy mints.

use super::Bank;
use crate::Block;
use bitcraps_treasury::split;
use bitcraps_types::{Amount, ValidatorIndex};

impl Bank {
    /// Mints for each validator that signed the parent its part of the reward, by its power in the committee that decided
    /// the parent. The parts of those who did not sign are not minted.
    pub(super) fn reward(&mut self, block: &Block) {
        let (Some(reward), Some(attendance)) = (self.policy.reward, &block.attendance) else { return };
        if self.ledger.supply().checked_add(reward).is_none() {
            return;
        }
        let committee = self.committees.at(block.height.saturating_sub(1));
        let total: u64 = committee.powers().iter().sum();
        let signers: Vec<ValidatorIndex> = attendance.signers.clone();
        let mut weights: Vec<Amount> = signers.iter().map(|signer| committee.power(*signer)).collect();
        weights.push(total.saturating_sub(weights.iter().sum()));
        let owners: Vec<_> = committee.owners().collect();
        let Some(parts) = split(reward, &weights) else { return };
        for (signer, part) in signers.iter().zip(parts).filter(|(_, part)| *part > 0) {
            if let Some(owner) = owners.get(signer.index()) {
                self.ledger.issue(*owner, part).expect("the supply has room");
                self.cache.root = None;
            }
        }
    }
}
