//! What validators have at stake: it grows by [`bond`](Bank::bond), leaves slowly by [`unbond`](Bank::unbond), and falls
//! by each proven offence.
//!
//! A validator's stake lies in an account of the house's, with what of it is unbonding: so an offence costs a share of
//! both. Unbonding takes at least as long as an offence can lie before its proof, and a block's offences are charged
//! before its matured money leaves: nobody gets away by leaving.

use super::{Bank, Reason};
use crate::policy::{StakePolicy, stake_account};
use crate::{Committee, GenesisValidator, Kept};
use bitcraps_treasury::{Claim, LedgerError, split};
use bitcraps_types::{AccountId, Amount, Height, ValidatorIndex};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;

/// What of the validators' stakes is on its way out.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Stakes {
    /// By the height at which it leaves.
    unbonding: BTreeMap<(Height, ValidatorIndex), Amount>,
}

impl GenesisValidator {
    /// The account of the validator's own key.
    fn owner(&self) -> AccountId {
        AccountId::of_key(&self.key)
    }
}

impl Committee {
    /// The validators' own accounts, in order.
    pub(super) fn owners(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.validators.iter().map(GenesisValidator::owner)
    }

    /// The validators' own accounts and those of their stakes.
    pub(super) fn accounts(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.owners().chain(self.indices().map(stake_account))
    }

    fn indices(&self) -> impl Iterator<Item = ValidatorIndex> + '_ {
        (0..).map(ValidatorIndex).take(self.validators.len())
    }

    fn validator_of(&self, owner: AccountId) -> Option<ValidatorIndex> {
        self.indices().zip(self.owners()).find_map(|(index, of)| (of == owner).then_some(index))
    }
}

/// A validator's stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stake {
    /// What stays.
    pub bonded: Amount,
    /// What is on its way out. An offence costs of both.
    pub unbonding: Amount,
}

impl Stakes {
    #[cfg(test)]
    pub(super) fn unbond_all(&mut self, parts: impl Iterator<Item = ((Height, ValidatorIndex), Amount)>) {
        self.unbonding.extend(parts);
    }

    fn unbonding_of(&self, validator: ValidatorIndex) -> impl Iterator<Item = Amount> + '_ {
        let own = self.unbonding.iter().filter(move |((_, of), _)| *of == validator);
        own.map(|(_, amount)| *amount)
    }

    /// What leaves by this height.
    fn take_matured(&mut self, height: Height) -> BTreeMap<(Height, ValidatorIndex), Amount> {
        let stays = self.unbonding.split_off(&(height.saturating_add(1), ValidatorIndex(0)));
        std::mem::replace(&mut self.unbonding, stays)
    }
}

impl Bank {
    /// Of so many heights at most a validator's unbonding money may come.
    pub const MAX_UNBONDINGS: usize = 16;

    /// A validator's stake, where there are stakes.
    pub fn stake(&self, validator: ValidatorIndex) -> Option<Stake> {
        let held = self.ledger.account(&stake_account(validator))?.available();
        let unbonding = self.stakes.unbonding_of(validator).sum();
        Some(Stake { bonded: held.saturating_sub(unbonding), unbonding })
    }

    /// Adds a validator's own money to its stake.
    pub(super) fn bond(&mut self, claim: &mut Claim, amount: Amount) -> Result<(), Reason> {
        let (_, validator) = self.staker(claim.account())?;
        self.pay(claim, stake_account(validator), amount)
    }

    /// Begins to take out what of a stake the validator's power does not require.
    pub(super) fn unbond(&mut self, height: Height, owner: AccountId, amount: Amount) -> Result<(), Reason> {
        let (policy, validator) = self.staker(owner)?;
        if amount == 0 {
            return Err(Reason::Ledger(LedgerError::NoAmount));
        }
        let bonded = self.stake(validator).map_or(0, |stake| stake.bonded);
        let left = bonded.saturating_sub(self.required(&policy, validator));
        if amount > left {
            return Err(Reason::StakeRequired { left });
        }
        let leaves = (height.saturating_add(policy.unbonding), validator);
        let known = self.stakes.unbonding.contains_key(&leaves);
        if !known && self.stakes.unbonding_of(validator).count() >= Self::MAX_UNBONDINGS {
            return Err(Reason::TooManyUnbondings);
        }
        *self.stakes.unbonding.entry(leaves).or_default() += amount;
        self.cache.terms = None;
        Ok(())
    }

    /// Pays out what has been unbonding long enough.
    pub(super) fn pay_matured(&mut self, height: Height) {
        for ((_, validator), amount) in self.stakes.take_matured(height) {
            let owner = self.committee().validators[validator.index()].owner();
            self.move_by_rule(stake_account(validator), owner, amount);
            self.cache.terms = None;
        }
    }

    /// Charges an offence: the policy's share of the offender's stake and unbonding money is burnt, or partly kept.
    pub(super) fn slash(&mut self, offender: ValidatorIndex) {
        let (Some(policy), Some(stake)) = (self.policy.stake, self.stake(offender)) else { return };
        let slashed = policy.slash.of(stake.bonded + stake.unbonding);
        let unbonding = self.stakes.unbonding_of(offender);
        let weights: Vec<Amount> = [stake.bonded].into_iter().chain(unbonding).collect();
        let Some(parts) = split(slashed, &weights) else { return };
        let own = self.stakes.unbonding.iter_mut().filter(|((_, of), _)| *of == offender);
        own.zip(&parts[1..]).for_each(|((_, amount), part)| *amount -= part);
        self.stakes.unbonding.retain(|_, amount| *amount > 0);
        self.cache.terms = None;
        let kept = policy.kept.map_or(0, |Kept { share, by }| {
            let kept = share.of(slashed);
            self.move_by_rule(stake_account(offender), by, kept);
            kept
        });
        self.burn_by_rule(stake_account(offender), slashed - kept);
    }

    fn staker(&self, owner: AccountId) -> Result<(StakePolicy, ValidatorIndex), Reason> {
        self.policy.stake.zip(self.committee().validator_of(owner)).ok_or(Reason::NoStake)
    }

    /// What a validator's power requires.
    fn required(&self, policy: &StakePolicy, validator: ValidatorIndex) -> Amount {
        policy.per_power.saturating_mul(self.committee().validators[validator.index()].power)
    }

    /// Another committee takes over after this block. Who lacks stake for its power pays what it can of it; who has more
    /// than its power requires now may unbond it.
    pub(super) fn hand_over(&mut self, height: Height, to: &Committee) {
        self.committees.hand_over(height, to.clone());
        self.cache.terms = None;
        self.cache.root = None;
        let Some(policy) = self.policy.stake else { return };
        for (index, owner) in to.indices().zip(to.owners()) {
            let bonded = self.stake(index).map_or(0, |stake| stake.bonded);
            let lacking = self.required(&policy, index).saturating_sub(bonded);
            let own = self.ledger.account(&owner).map_or(0, |own| own.available());
            self.move_by_rule(owner, stake_account(index), lacking.min(own));
        }
    }

    /// Whether the stakes hold what is unbonding, for the audit.
    pub(super) fn stakes_are_sound(&self) -> bool {
        let (unbonding, validators) = (&self.stakes.unbonding, self.committee().validators.len());
        let known = unbonding.iter().all(|((_, of), &amount)| of.index() < validators && amount > 0);
        known
            && self.committee().indices().all(|validator| {
                let mut own = self.stakes.unbonding_of(validator);
                let sum = own.try_fold(0, |sum: Amount, amount| sum.checked_add(amount));
                let held = self.ledger.account(&stake_account(validator)).map_or(0, |held| held.available());
                sum.is_some_and(|sum| sum <= held)
            })
    }
}
