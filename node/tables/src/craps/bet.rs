//! The bets of craps and what they pay.
//!
//! Payouts are those of the usual North American layout: line, come and their opposites 1:1; odds at the true odds
//! (2:1, 3:2, 6:5); place 9:5, 7:5, 7:6; hardways 7:1 and 9:1; any seven 4:1; any craps 7:1. The tests prove the house
//! edge of each by enumeration.

use super::{CrapsRules, FieldTwelve};
use crate::{BetError, Dice};
use bitcraps_types::Amount;
use borsh::{BorshDeserialize, BorshSerialize};

/// A number that can become the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Number {
    Four,
    Five,
    Six,
    Eight,
    Nine,
    Ten,
}

/// A number that two equal dice can make and others too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Hard {
    Four,
    Six,
    Eight,
    Ten,
}

/// What can be bet on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum Bet {
    /// With the shooter. Made before the come-out; a contract once the point is on.
    Pass,
    /// Against the shooter; a come-out 12 pushes. Made before the come-out.
    DontPass,
    /// A pass bet whose come-out is the next roll. Made while a point is on; a contract once it has travelled.
    Come,
    /// A don't pass bet whose come-out is the next roll. Made while a point is on.
    DontCome,
    /// Odds with a pass or come bet of the same account whose number is on.
    Odds {
        /// The sequence number in that bet's id.
        base: u64,
    },
    /// Odds laid with a don't pass or don't come bet of the same account whose number is on.
    Lay {
        /// The sequence number in that bet's id.
        base: u64,
    },
    /// The number comes before a seven. Off on the come-out.
    Place(Number),
    /// The next roll is 2, 3, 4, 9, 10, 11 or 12.
    Field,
    /// The number comes as a pair before it comes otherwise and before a seven. Off on the come-out.
    Hardway(Hard),
    /// The next roll is 7.
    AnySeven,
    /// The next roll is 2, 3 or 12.
    AnyCraps,
}

/// So many units won per so many staked.
#[derive(Clone, Copy)]
pub(super) struct Pays(pub(super) u64, pub(super) u64);

impl Pays {
    /// What a stake wins, rounded down to a multiple of the unit. Saturates, which no checked stake reaches.
    pub(super) fn on(self, stake: Amount, unit: Amount) -> Amount {
        let exact = u128::from(stake) * u128::from(self.0) / u128::from(self.1);
        let unit = u128::from(unit.max(1));
        Amount::try_from(exact / unit * unit).unwrap_or(Amount::MAX)
    }

    /// The other side of the same bet.
    pub(super) fn reversed(self) -> Pays {
        Pays(self.1, self.0)
    }
}

impl Number {
    /// All six.
    pub const ALL: [Number; 6] =
        [Number::Four, Number::Five, Number::Six, Number::Eight, Number::Nine, Number::Ten];

    /// The sum of the dice.
    pub fn total(self) -> u8 {
        match self {
            Number::Four => 4,
            Number::Five => 5,
            Number::Six => 6,
            Number::Eight => 8,
            Number::Nine => 9,
            Number::Ten => 10,
        }
    }

    /// The number that a sum is, if it is one.
    pub fn of_total(total: u8) -> Option<Number> {
        Number::ALL.into_iter().find(|number| number.total() == total)
    }

    /// The true odds against the number before a seven.
    pub(super) fn true_odds(self) -> Pays {
        match self {
            Number::Four | Number::Ten => Pays(2, 1),
            Number::Five | Number::Nine => Pays(3, 2),
            Number::Six | Number::Eight => Pays(6, 5),
        }
    }

    pub(super) fn place_odds(self) -> Pays {
        match self {
            Number::Four | Number::Ten => Pays(9, 5),
            Number::Five | Number::Nine => Pays(7, 5),
            Number::Six | Number::Eight => Pays(7, 6),
        }
    }
}

impl Hard {
    /// All four.
    pub const ALL: [Hard; 4] = [Hard::Four, Hard::Six, Hard::Eight, Hard::Ten];

    /// The sum of the dice.
    pub fn total(self) -> u8 {
        match self {
            Hard::Four => 4,
            Hard::Six => 6,
            Hard::Eight => 8,
            Hard::Ten => 10,
        }
    }

    pub(super) fn pays(self) -> Pays {
        match self {
            Hard::Four | Hard::Ten => Pays(7, 1),
            Hard::Six | Hard::Eight => Pays(9, 1),
        }
    }
}

pub(super) const EVEN: Pays = Pays(1, 1);
pub(super) const ANY_SEVEN: Pays = Pays(4, 1);
pub(super) const ANY_CRAPS: Pays = Pays(7, 1);

/// What the field pays on a roll; `None`: it loses.
pub(super) fn field(rules: &CrapsRules, dice: Dice) -> Option<Pays> {
    match (dice.total(), rules.field_twelve) {
        (2, _) | (12, FieldTwelve::Double) => Some(Pays(2, 1)),
        (12, FieldTwelve::Triple) => Some(Pays(3, 1)),
        (3 | 4 | 9 | 10 | 11, _) => Some(EVEN),
        _ => None,
    }
}

/// The best that a bet can pay, in any state of the table.
fn best(rules: &CrapsRules, bet: &Bet) -> Pays {
    match bet {
        Bet::Pass | Bet::DontPass | Bet::Come | Bet::DontCome => EVEN,
        Bet::Odds { .. } => Number::Four.true_odds(),
        Bet::Lay { .. } => Number::Six.true_odds().reversed(),
        Bet::Place(number) => number.place_odds(),
        Bet::Field => match rules.field_twelve {
            FieldTwelve::Double => Pays(2, 1),
            FieldTwelve::Triple => Pays(3, 1),
        },
        Bet::Hardway(hard) => hard.pays(),
        Bet::AnySeven => ANY_SEVEN,
        Bet::AnyCraps => ANY_CRAPS,
    }
}

/// See [`Game::exposure`](crate::Game::exposure).
pub(super) fn exposure(rules: &CrapsRules, bet: &Bet, stake: Amount) -> Result<Amount, BetError> {
    let limits = |number| Amount::from(rules.odds.on(number));
    let (min, max) = match bet {
        Bet::Odds { .. } => {
            let multiple = Number::ALL.into_iter().map(limits).max().unwrap_or(0);
            (1, rules.max_stake.saturating_mul(multiple))
        }
        Bet::Lay { .. } => {
            let most = Number::ALL
                .into_iter()
                .map(|number| lay_limit(number, rules.max_stake, limits(number)))
                .max();
            (1, most.unwrap_or(0))
        }
        _ => (rules.min_stake, rules.max_stake),
    };
    if stake < min {
        return Err(BetError::StakeTooSmall { min });
    }
    if stake > max {
        return Err(BetError::StakeTooLarge { max });
    }
    if !stake.is_multiple_of(rules.unit.max(1)) {
        return Err(BetError::NotInUnits { unit: rules.unit });
    }
    Ok(best(rules, bet).on(stake, rules.unit))
}

/// The most odds that a base stake carries on a number.
pub(super) fn odds_limit(rules: &CrapsRules, bet: &Bet, number: Number, base: Amount) -> Amount {
    let multiple = Amount::from(rules.odds.on(number));
    match bet {
        Bet::Lay { .. } => lay_limit(number, base, multiple),
        _ => base.saturating_mul(multiple),
    }
}

/// The largest stake that, laid against a number, wins no more than the multiple of the base stake.
fn lay_limit(number: Number, base: Amount, multiple: Amount) -> Amount {
    number.true_odds().on(base.saturating_mul(multiple), 1)
}
