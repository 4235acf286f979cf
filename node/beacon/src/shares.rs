//! Who holds which shares of the secret: as many as its voting power says.

use bitcraps_types::{ValidatorIndex, gcd};

/// The holder of each share.
///
/// The numbers of shares are to each other exactly as the powers are. So a threshold of more than two thirds of the
/// shares is out of reach for validators of less than a third of the power, and within reach of the others alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares {
    /// By the number of the share.
    holders: Vec<ValidatorIndex>,
    /// By the index of the validator, ascending.
    held: Vec<Vec<u32>>,
}

/// Why validators can't hold shares so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SharesError {
    /// The powers have no common measure that is coarse enough.
    #[error("to hold shares of the dice key as their powers are, the validators need {needed} shares, and there can be {max}: choose powers with a larger common divisor", max = Shares::MAX)]
    TooMany {
        /// How many shares these powers need.
        needed: u64,
    },
    /// A validator holds another number of shares than its power says.
    #[error("validator {validator} holds {found} shares of the dice key; its power gives it {wanted}")]
    Unfair {
        /// Who.
        validator: ValidatorIndex,
        /// How many it holds.
        found: u64,
        /// How many it should.
        wanted: u64,
    },
}

impl Shares {
    /// The most shares.
    pub const MAX: u32 = 1024;

    /// The fewest shares that are to each other as the powers are, the first ones for validator 0, and so on.
    pub fn of(powers: &[u64]) -> Result<Shares, SharesError> {
        let counts = counts(powers)?;
        let validators = (0..).map(ValidatorIndex).zip(counts);
        let holders = validators.flat_map(|(validator, count)| (0..count).map(move |_| validator));
        Ok(Shares::with_holders(holders.collect(), powers.len()))
    }

    /// Shares in another order: `holders` says who holds each. Each validator must hold as many as its power says.
    pub fn assigned(holders: Vec<ValidatorIndex>, powers: &[u64]) -> Result<Shares, SharesError> {
        let counts = counts(powers)?;
        let shares = Shares::with_holders(holders, powers.len());
        for (position, (held, wanted)) in shares.held.iter().zip(counts).enumerate() {
            let found = held.len() as u64;
            if found != wanted {
                let validator = ValidatorIndex(position as u16);
                return Err(SharesError::Unfair { validator, found, wanted });
            }
        }
        Ok(shares)
    }

    fn with_holders(holders: Vec<ValidatorIndex>, validators: usize) -> Shares {
        let mut held = vec![Vec::new(); validators];
        for (share, holder) in (0..).zip(&holders) {
            if let Some(held) = held.get_mut(holder.index()) {
                held.push(share);
            }
        }
        Shares { holders, held }
    }

    /// Who holds each share.
    pub fn holders(&self) -> &[ValidatorIndex] {
        &self.holders
    }

    /// How many there are.
    pub fn total(&self) -> u32 {
        self.holders.len() as u32
    }

    /// More than two thirds: how many make a signature.
    pub fn threshold(&self) -> u32 {
        self.total() * 2 / 3 + 1
    }

    /// Those of each validator, ascending, in the order of the validators.
    pub fn all(&self) -> impl Iterator<Item = &[u32]> {
        self.held.iter().map(Vec::as_slice)
    }

    /// Those of a validator, ascending; none for a stranger.
    pub fn held_by(&self, validator: ValidatorIndex) -> &[u32] {
        self.held.get(validator.index()).map_or(&[], |held| held)
    }
}

/// How many shares each validator holds.
fn counts(powers: &[u64]) -> Result<Vec<u64>, SharesError> {
    let divisor = powers.iter().fold(0, |divisor, power| gcd(divisor, *power)).max(1);
    let counts: Vec<u64> = powers.iter().map(|power| power / divisor).collect();
    let needed = counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count));
    if needed > u64::from(Shares::MAX) { Err(SharesError::TooMany { needed }) } else { Ok(counts) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_powers_hold_one_share_each() {
        let shares = Shares::of(&[10; 7]).unwrap();
        assert_eq!((shares.total(), shares.threshold()), (7, 5));
        assert_eq!(shares.held_by(ValidatorIndex(6)), [6]);
        assert!(shares.held_by(ValidatorIndex(7)).is_empty());
    }

    #[test]
    fn shares_are_as_the_powers_are() {
        let shares = Shares::of(&[20, 30, 10]).unwrap();
        let held: Vec<_> = (0..3).map(|validator| shares.held_by(ValidatorIndex(validator))).collect();
        assert_eq!(held, [&[0, 1][..], &[2, 3, 4], &[5]]);
    }

    #[test]
    fn powers_without_a_coarse_measure_are_refused() {
        assert_eq!(Shares::of(&[1_000_003, 1]), Err(SharesError::TooMany { needed: 1_000_004 }));
        assert_eq!(Shares::of(&[u64::MAX, 1, u64::MAX]), Err(SharesError::TooMany { needed: u64::MAX }));
    }

    #[test]
    fn shares_in_any_order_are_as_many_as_the_power_says() {
        let holders = [1, 0, 1, 2].map(ValidatorIndex).to_vec();
        let shares = Shares::assigned(holders.clone(), &[5, 10, 5]).unwrap();
        assert_eq!(shares.held_by(ValidatorIndex(1)), [0, 2]);
        assert_eq!(
            Shares::assigned(holders, &[5, 5, 5]),
            Err(SharesError::Unfair { validator: ValidatorIndex(1), found: 2, wanted: 1 })
        );
        let stranger = [0, 1, 9].map(ValidatorIndex).to_vec();
        assert!(Shares::assigned(stranger, &[5, 5, 5]).is_err());
    }

    proptest! {
        /// Less than a third of the power never reaches the threshold; what is left then always does.
        #[test]
        fn the_threshold_divides_a_minority_from_a_quorum(
            powers in prop::collection::vec(1u64..40, 1..12),
            liars in prop::collection::vec(any::<bool>(), 12),
        ) {
            let shares = Shares::of(&powers).unwrap();
            let total: u64 = powers.iter().sum();
            let (mut lying, mut held) = (0, 0);
            for (position, power) in powers.iter().enumerate().filter(|(position, _)| liars[*position]) {
                lying += power;
                held += shares.held_by(ValidatorIndex(position as u16)).len() as u32;
            }
            if 3 * lying < total {
                prop_assert!(held < shares.threshold());
                prop_assert!(shares.total() - held >= shares.threshold());
            }
        }
    }
}
