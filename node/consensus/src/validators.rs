//! The validators of a height, their power, and the two thresholds. Quorums are computed here and nowhere else.

use crate::museum::{Bug, has};
use bitcraps_types::{PublicKey, ValidatorIndex, gcd};
use borsh::BorshDeserialize;
use std::io::{self, Read};
use std::sync::Arc;

/// One validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    /// Its key.
    pub key: PublicKey,
    /// Its voting power; none if its place is vacant.
    pub power: u64,
}

/// The validators of a height, in a fixed order. Some places may be vacant, of those who left or are yet to come: they have
/// no power, and nobody is found there. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorSet(Arc<Inner>);

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    validators: Vec<Validator>,
    total: u64,
    /// One full turn of proposers, each as often as its power says.
    schedule: Vec<ValidatorIndex>,
}

/// Why a list of validators is not a set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValidatorSetError {
    /// No validators with power.
    #[error("there are no validators")]
    Empty,
    /// More than [`ValidatorSet::MAX`].
    #[error("more than {} validators", ValidatorSet::MAX)]
    TooMany,
    /// The powers add up to more than [`ValidatorSet::MAX_POWER`].
    #[error("the total power is more than {}", ValidatorSet::MAX_POWER)]
    TooMuchPower,
    /// One key stands twice.
    #[error("{0} and {1} have the same key")]
    SameKey(ValidatorIndex, ValidatorIndex),
}

impl ValidatorSet {
    /// The most validators.
    pub const MAX: usize = 1024;
    /// The most total power: three times it still fits.
    pub const MAX_POWER: u64 = u64::MAX / 8;
    /// The longest proposer schedule. Finer differences of power than one part in this many are rounded.
    const MAX_SCHEDULE: u64 = 4096;

    /// Checks a list and fixes its order.
    pub fn new(validators: Vec<Validator>) -> Result<ValidatorSet, ValidatorSetError> {
        if validators.len() > Self::MAX {
            return Err(ValidatorSetError::TooMany);
        }
        let mut total = 0u64;
        for (i, validator) in validators.iter().enumerate() {
            total = total.saturating_add(validator.power);
            if let Some(twin) = validators[..i].iter().position(|other| other.key == validator.key) {
                return Err(ValidatorSetError::SameKey(at(twin), at(i)));
            }
        }
        if total == 0 {
            return Err(ValidatorSetError::Empty);
        }
        if total > Self::MAX_POWER {
            return Err(ValidatorSetError::TooMuchPower);
        }
        let schedule = schedule(&validators, total, Self::MAX_SCHEDULE);
        Ok(ValidatorSet(Arc::new(Inner { validators, total, schedule })))
    }

    /// The validator at a position, unless it is vacant.
    pub fn get(&self, index: ValidatorIndex) -> Option<&Validator> {
        self.0.validators.get(index.index()).filter(|validator| validator.power > 0)
    }

    /// The power at a position; none for a stranger.
    pub fn power(&self, index: ValidatorIndex) -> u64 {
        self.get(index).map_or(0, |validator| validator.power)
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (ValidatorIndex, &Validator)> {
        let places = self.0.validators.iter().enumerate();
        places.map(|(i, validator)| (at(i), validator)).filter(|(_, validator)| validator.power > 0)
    }

    /// The indices of all places, vacant ones too: what goes with what is kept by place.
    pub fn places(&self) -> impl Iterator<Item = ValidatorIndex> {
        (0..self.len()).map(at)
    }

    /// How many places there are, vacant ones too: each index is below.
    #[allow(clippy::len_without_is_empty, reason = "a set is never empty")]
    pub fn len(&self) -> usize {
        self.0.validators.len()
    }

    /// The position of a key.
    pub fn position(&self, key: &PublicKey) -> Option<ValidatorIndex> {
        self.iter().find_map(|(index, validator)| (validator.key == *key).then_some(index))
    }

    /// The power of all.
    pub fn total_power(&self) -> u64 {
        self.0.total
    }

    /// More than two thirds of the power (2f + 1 of 3f + 1).
    pub fn is_quorum(&self, power: u64) -> bool {
        3 * power > 2 * self.0.total || self.is_quorum_by_mistake(power)
    }

    /// What two exhibits of the museum take for a quorum.
    fn is_quorum_by_mistake(&self, power: u64) -> bool {
        let f = (self.0.total - 1) / 3;
        (has(Bug::QuorumOfThree) && power >= 3) || (has(Bug::QuorumOfTwoFPlusOne) && power > 2 * f)
    }

    /// More than one third of the power (f + 1 of 3f + 1): at least one of them is correct.
    pub fn is_weak_quorum(&self, power: u64) -> bool {
        3 * power > self.0.total
    }

    /// Whose turn it is, `turn` turns after the start: in proportion to power, spread evenly.
    pub fn in_turn(&self, turn: u64) -> ValidatorIndex {
        let schedule = &self.0.schedule;
        schedule[(turn % schedule.len() as u64) as usize]
    }
}

/// Reads a list with at most one entry per validator: a length that no set has is refused before an entry is read.
pub(crate) fn at_most_one_per_validator<R: Read, T: BorshDeserialize>(reader: &mut R) -> io::Result<Vec<T>> {
    let length = u32::deserialize_reader(reader)? as usize;
    if length > ValidatorSet::MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than any set of validators"));
    }
    (0..length).map(|_| T::deserialize_reader(reader)).collect()
}

fn at(i: usize) -> ValidatorIndex {
    ValidatorIndex(u16::try_from(i).expect("a set has at most ValidatorSet::MAX validators"))
}

/// Smooth weighted round robin: at each turn everyone gains its share, and the richest proposes and pays the total.
fn schedule(validators: &[Validator], total: u64, longest: u64) -> Vec<ValidatorIndex> {
    let divisor = validators.iter().fold(0, |divisor, validator| gcd(divisor, validator.power));
    let turns = total / divisor;
    let shares: Vec<i128> = if turns <= longest {
        validators.iter().map(|validator| i128::from(validator.power / divisor)).collect()
    } else {
        let scaled = |power: u64| {
            let share = (u128::from(power) * u128::from(longest) / u128::from(total)) as i128;
            share.max(i128::from(power > 0))
        };
        validators.iter().map(|validator| scaled(validator.power)).collect()
    };
    let sum: i128 = shares.iter().sum();
    let mut credit = vec![0i128; shares.len()];
    (0..sum)
        .map(|_| {
            credit.iter_mut().zip(&shares).for_each(|(credit, share)| *credit += share);
            let richest = (0..credit.len()).rev().max_by_key(|&i| credit[i]).expect("a set is not empty");
            credit[richest] -= sum;
            at(richest)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(powers: &[u64]) -> ValidatorSet {
        let key = |i: usize| PublicKey(std::array::from_fn(|b| (i >> (8 * b.min(7))) as u8));
        ValidatorSet::new(
            powers.iter().enumerate().map(|(i, &power)| Validator { key: key(i), power }).collect(),
        )
        .unwrap()
    }

    /// n = 3f + 1 for f = 1, 2, 3, and the sizes between.
    #[test]
    fn thresholds_follow_the_definition() {
        for (n, quorum, weak) in
            [(1, 1, 1), (4, 3, 2), (5, 4, 2), (6, 5, 3), (7, 5, 3), (10, 7, 4), (100, 67, 34)]
        {
            let set = set(&vec![1; n]);
            assert!(set.is_quorum(quorum) && !set.is_quorum(quorum - 1), "quorum of {n}");
            assert!(set.is_weak_quorum(weak) && !set.is_weak_quorum(weak - 1), "weak quorum of {n}");
        }
    }

    #[test]
    fn equal_validators_take_turns_in_order() {
        let set = set(&[7, 7, 7]);
        let turns: Vec<u16> = (0..6).map(|turn| set.in_turn(turn).0).collect();
        assert_eq!(turns, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn a_list_that_is_no_set_is_refused() {
        let validator = |key, power| Validator { key: PublicKey([key; 32]), power };
        let refused = |list| ValidatorSet::new(list).unwrap_err();
        assert_eq!(refused(vec![]), ValidatorSetError::Empty);
        assert_eq!(refused(vec![validator(0, 0)]), ValidatorSetError::Empty);
        assert_eq!(
            refused(vec![validator(0, 1), validator(0, 1)]),
            ValidatorSetError::SameKey(ValidatorIndex(0), ValidatorIndex(1))
        );
        assert_eq!(refused(vec![validator(0, u64::MAX), validator(1, 1)]), ValidatorSetError::TooMuchPower);
    }

    #[test]
    fn at_a_vacant_place_there_is_nobody() {
        let set = set(&[0, 5, 0, 5, 5]);
        assert_eq!((set.len(), set.total_power(), set.power(ValidatorIndex(2))), (5, 15, 0));
        assert_eq!((set.get(ValidatorIndex(0)), set.position(&PublicKey([0; 32]))), (None, None));
        let members: Vec<u16> = set.iter().map(|(index, _)| index.0).collect();
        assert_eq!(members, [1, 3, 4]);
        let turns: Vec<u16> = (0..4).map(|turn| set.in_turn(turn).0).collect();
        assert_eq!(turns, [1, 3, 4, 1], "and nobody has a turn");
    }

    proptest! {
        #[test]
        fn two_quorums_share_a_weak_quorum_of_which_one_is_correct(powers in prop::collection::vec(0u64..1000, 1..40).prop_filter("power", |powers| powers.iter().any(|p| *p > 0)), split in any::<u64>()) {
            let set = set(&powers);
            let (mut a, mut b, mut both) = (0, 0, 0);
            for (i, power) in powers.iter().enumerate() {
                match (split >> (2 * (i % 32))) & 3 {
                    0 => a += power,
                    1 => b += power,
                    _ => both += power,
                }
            }
            prop_assume!(set.is_quorum(a + both) && set.is_quorum(b + both));
            prop_assert!(set.is_weak_quorum(both));
        }

        #[test]
        fn turns_are_in_proportion_to_power(powers in prop::collection::vec(1u64..100, 1..20)) {
            let set = set(&powers);
            let total: u64 = powers.iter().sum();
            for (i, &power) in powers.iter().enumerate() {
                let turns = (0..total).filter(|&turn| set.in_turn(turn).index() == i).count() as u64;
                prop_assert_eq!(turns, power);
            }
        }
    }
}
