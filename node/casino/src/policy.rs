//! The house's policy: what it may risk, what validators have at stake, and what a command costs. Data in the genesis,
//! so the same on all nodes. The usual policy limits nothing and takes nothing; docs/treasury.md explains each part.

use crate::Offence;
use bitcraps_tables::craps;
use bitcraps_treasury::split;
use bitcraps_types::{AccountId, Amount, Height, ValidatorIndex};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;

/// What the bank goes by.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Policy {
    /// What the bank never puts behind bets.
    pub reserve: Reserve,
    /// The most that the next roll of one table may cost the house; `None`: no limit.
    pub table_loss: Option<Amount>,
    /// The most that the next rolls of all tables together may cost it; `None`: no limit.
    pub total_loss: Option<Amount>,
    /// A limit for each bet by its edge.
    pub kelly: Option<Kelly>,
    /// What a command costs.
    pub fee: Fee,
    /// What each block mints for those who signed the one before, if all did: each has a part by its power. `None`: nothing,
    /// and blocks do not tell who signed.
    pub reward: Option<Amount>,
    /// What validators have to lose; `None`: nothing.
    pub stake: Option<StakePolicy>,
}

/// Thousandths of a whole, at most 1000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PerMille(pub u16);

/// What the bank keeps back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Reserve {
    /// So much.
    Amount(Amount),
    /// A share of all that it owns at the moment, rounded to the nearest unit.
    PerMille(PerMille),
}

/// The Kelly criterion as a limit: a bet may win at most its edge times the bankroll, or a share of that. (Who stakes more
/// than edge over odds grows slower and risks more: Kelly 1956; here the house is the bettor.)
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Kelly {
    /// The share of the full limit.
    pub share: PerMille,
    /// The house's edges, by unit staked: `bitcraps-sim edges --format kelly` prints them. A bet that is not here has no
    /// such limit; odds, which have no edge, are limited by the bets they are on.
    pub edges: BTreeMap<craps::Bet, Fraction>,
}

/// A fraction of at most 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Fraction {
    /// Above the line.
    pub numerator: u32,
    /// Below it, at least 1.
    pub denominator: u32,
}

/// What every command that uses its sequence number up costs its sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Fee {
    /// By command. 0: nothing.
    pub amount: Amount,
    /// What becomes of a block's fees.
    pub to: FeesTo,
}

/// Who gets the fees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum FeesTo {
    /// The validators, by their power.
    #[default]
    Validators,
    /// Nobody: they are burnt.
    Nobody,
}

/// What validators have at stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StakePolicy {
    /// What a unit of voting power requires; the genesis endows each validator with it.
    pub per_power: Amount,
    /// How many heights lie between the command that unbonds and the money; at least [`Offence::MAX_AGE`].
    pub unbonding: Height,
    /// The share of stake and unbonding money that an offence costs.
    pub slash: PerMille,
    /// Who gets a part of what is slashed; the rest is burnt. `None`: all of it is burnt.
    pub kept: Option<Kept>,
}

/// The part of what is slashed that is not burnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Kept {
    /// How large it is.
    pub share: PerMille,
    /// Who gets it.
    pub by: AccountId,
}

/// Why no casino can go by a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A share above the whole.
    #[error("{0} per mille are more than the whole")]
    PerMille(u16),
    /// No fraction, or one above 1.
    #[error("the edge {0}/{1} is no fraction of at most 1")]
    Edge(u32, u32),
    /// Odds have no edge to limit them by.
    #[error("odds can't have a Kelly limit: they have no edge")]
    Odds,
    /// A fee that nobody could be paid.
    #[error("the fees go to the validators, and none of them has power")]
    NobodyToPay,
    /// Money that leaves before the last proof against its owner may come.
    #[error("unbonding takes {0} heights, less than the {min} in which an offence can be proven", min = Offence::MAX_AGE)]
    UnbondingTooShort(Height),
    /// What is slashed can't be kept by who pays it, nor by the account that money comes from.
    #[error("{0:?} can't keep what is slashed")]
    KeptBy(AccountId),
}

impl Default for Reserve {
    fn default() -> Self {
        Reserve::Amount(0)
    }
}

impl Reserve {
    /// What it is of a bank that owns so much.
    pub fn of(&self, balance: Amount) -> Amount {
        match self {
            Reserve::Amount(amount) => *amount,
            Reserve::PerMille(share) => share.of(balance),
        }
    }
}

impl PerMille {
    const WHOLE: u16 = 1000;

    /// The share of an amount and the rest of it, to the nearest unit.
    pub fn split(self, whole: Amount) -> (Amount, Amount) {
        let rest = Self::WHOLE.saturating_sub(self.0);
        let parts = split(whole, &[self.0.into(), rest.into()]).expect("a share and its rest are the whole");
        (parts[0], parts[1])
    }

    /// The share of an amount, to the nearest unit.
    pub fn of(self, whole: Amount) -> Amount {
        self.split(whole).0
    }

    fn check(self) -> Result<(), PolicyError> {
        if self.0 > Self::WHOLE { Err(PolicyError::PerMille(self.0)) } else { Ok(()) }
    }
}

impl Kelly {
    /// The most that a bet may win of a bankroll, rounded down; `None` without a limit.
    pub fn most(&self, bet: &craps::Bet, bankroll: Amount) -> Option<Amount> {
        let Fraction { numerator, denominator } = *self.edges.get(bet)?;
        // Below 2^64 * 2^32 * 2^10.
        let share = u128::from(bankroll) * u128::from(numerator) * u128::from(self.share.0);
        let most = share / (u128::from(denominator.max(1)) * u128::from(PerMille::WHOLE));
        Some(Amount::try_from(most).unwrap_or(Amount::MAX))
    }

    fn check(&self) -> Result<(), PolicyError> {
        self.share.check()?;
        for (bet, Fraction { numerator, denominator }) in &self.edges {
            if matches!(bet, craps::Bet::Odds { .. } | craps::Bet::LayOdds { .. }) {
                return Err(PolicyError::Odds);
            }
            if *denominator == 0 || numerator > denominator {
                return Err(PolicyError::Edge(*numerator, *denominator));
            }
        }
        Ok(())
    }
}

impl Policy {
    /// What networks of the testbed go by: validators with something to lose.
    pub fn of_test_network() -> Policy {
        let stake =
            StakePolicy { per_power: 1000, unbonding: Offence::MAX_AGE, slash: PerMille(100), kept: None };
        Policy { stake: Some(stake), ..Policy::default() }
    }

    /// Whether the tables must tell what their next rolls can cost.
    pub fn limits_rolls(&self) -> bool {
        self.table_loss.is_some() || self.total_loss.is_some()
    }

    /// Whether a casino whose validators have these powers can go by it.
    pub fn check(&self, powers: &[u64]) -> Result<(), PolicyError> {
        if let Reserve::PerMille(share) = self.reserve {
            share.check()?;
        }
        self.kelly.iter().try_for_each(Kelly::check)?;
        if self.fee.amount > 0 && self.fee.to == FeesTo::Validators && powers.iter().all(|power| *power == 0)
        {
            return Err(PolicyError::NobodyToPay);
        }
        let Some(stake) = &self.stake else { return Ok(()) };
        stake.slash.check()?;
        if stake.unbonding < Offence::MAX_AGE {
            return Err(PolicyError::UnbondingTooShort(stake.unbonding));
        }
        let Some(Kept { share, by }) = stake.kept else { return Ok(()) };
        share.check()?;
        let validators = (0..=u16::MAX).zip(powers).map(|(index, _)| ValidatorIndex(index));
        let mut unfit = validators.map(stake_account).chain([issue()]);
        if unfit.any(|account| account == by) { Err(PolicyError::KeptBy(by)) } else { Ok(()) }
    }
}

/// The account that owes all money.
pub(crate) fn issue() -> AccountId {
    AccountId::of_house("issue")
}

/// The account that holds a validator's stake, and what of it is unbonding.
pub fn stake_account(validator: ValidatorIndex) -> AccountId {
    AccountId::of_house(&format!("stake {}", validator.0))
}
