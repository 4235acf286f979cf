//! What is fixed for a craps table: limits, chip and the variants of the pay table.

use super::Number;
use bitcraps_types::Amount;
use borsh::{BorshDeserialize, BorshSerialize};

/// The rules of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CrapsRules {
    /// The smallest stake; odds may be smaller.
    pub min_stake: Amount,
    /// The largest stake; odds may be larger, by `odds`.
    pub max_stake: Amount,
    /// The smallest chip: stakes are multiples of it, payouts are rounded down to one.
    pub unit: Amount,
    /// How much odds a bet carries.
    pub odds: OddsLimits,
    /// What the field pays on 12.
    pub field_twelve: FieldTwelve,
}

/// The most odds that a line or come bet carries, in multiples of its stake, by the number that they are on. Who lays
/// odds against the number may lay as much as wins that multiple.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OddsLimits {
    /// On 4 and 10.
    pub four_ten: u8,
    /// On 5 and 9.
    pub five_nine: u8,
    /// On 6 and 8.
    pub six_eight: u8,
}

/// What the field pays on 12. On 2 it pays 2:1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum FieldTwelve {
    /// 2:1, a house edge of 1/18.
    Double,
    /// 3:1, a house edge of 1/36.
    Triple,
}

/// Why rules are no rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The unit is 0.
    #[error("the unit is 0")]
    NoUnit,
    /// The least stake is 0.
    #[error("the minimum stake is 0")]
    NoMinimum,
    /// No stake lies between the limits.
    #[error("no multiple of {unit} lies between the minimum stake {min} and the maximum {max}")]
    NoStake {
        /// The unit.
        unit: Amount,
        /// The smallest stake.
        min: Amount,
        /// The largest stake.
        max: Amount,
    },
    /// The largest stake is above [`CrapsRules::MAX_STAKE`].
    #[error("the maximum stake is above {}", CrapsRules::MAX_STAKE)]
    MaximumTooLarge,
}

impl OddsLimits {
    /// The usual limits, 3-4-5x: all full odds win six times the base bet.
    pub const THREE_FOUR_FIVE: OddsLimits = OddsLimits { four_ten: 3, five_nine: 4, six_eight: 5 };

    /// The multiple on a number.
    pub fn on(&self, number: Number) -> u8 {
        match number {
            Number::Four | Number::Ten => self.four_ten,
            Number::Five | Number::Nine => self.five_nine,
            Number::Six | Number::Eight => self.six_eight,
        }
    }
}

impl CrapsRules {
    /// The largest maximum stake: no payout on it overflows.
    pub const MAX_STAKE: Amount = 1 << 48;

    /// Whether the rules can be played.
    pub fn check(&self) -> Result<(), RulesError> {
        let CrapsRules { min_stake: min, max_stake: max, unit, .. } = *self;
        if unit == 0 {
            return Err(RulesError::NoUnit);
        }
        if min == 0 {
            return Err(RulesError::NoMinimum);
        }
        if max > Self::MAX_STAKE {
            return Err(RulesError::MaximumTooLarge);
        }
        if max / unit * unit < min {
            return Err(RulesError::NoStake { unit, min, max });
        }
        Ok(())
    }
}

impl Default for CrapsRules {
    /// Stakes from 1 to a million in chips of 1, 3-4-5x odds, the field pays 2:1 on 12.
    fn default() -> Self {
        CrapsRules {
            min_stake: 1,
            max_stake: 1_000_000,
            unit: 1,
            odds: OddsLimits::THREE_FOUR_FIVE,
            field_twelve: FieldTwelve::Double,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_no_stake_satisfies_are_refused() {
        let good = CrapsRules::default();
        assert_eq!(good.check(), Ok(()));
        assert_eq!(CrapsRules { unit: 0, ..good }.check(), Err(RulesError::NoUnit));
        assert_eq!(CrapsRules { min_stake: 0, ..good }.check(), Err(RulesError::NoMinimum));
        assert_eq!(CrapsRules { max_stake: 1 << 49, ..good }.check(), Err(RulesError::MaximumTooLarge));
        assert_eq!(
            CrapsRules { min_stake: 11, max_stake: 19, unit: 10, ..good }.check(),
            Err(RulesError::NoStake { unit: 10, min: 11, max: 19 })
        );
    }
}
