//! Which sequence numbers are used up: the highest, and a window below it. The anti-replay window of IPsec (RFC 4303,
//! section 3.4.3).
//!
//! Numbers may be used out of order as long as they are in the window, so commands that overtake one another on the
//! way are all done. The memory per account is fixed, and no number is ever used twice.

use borsh::{BorshDeserialize, BorshSerialize};

/// A set of used numbers. The numbers that lie [`WINDOW`](Sequences::WINDOW) or more below the highest count as used,
/// and so does 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Sequences {
    /// The highest that was used; 0: none.
    highest: u64,
    /// Bit `i` tells whether `highest - i` was used. Never set for 0 and below.
    recent: u64,
}

impl Sequences {
    /// How many numbers are told apart, the highest among them.
    pub const WINDOW: u64 = u64::BITS as u64;

    /// The highest number that was used; 0: none.
    pub fn highest(&self) -> u64 {
        self.highest
    }

    /// Whether a number can no longer be used.
    pub fn is_used(&self, number: u64) -> bool {
        match self.highest.checked_sub(number) {
            _ if number == 0 => true,
            None => false,
            Some(below) => below >= Self::WINDOW || self.recent >> below & 1 == 1,
        }
    }

    /// Uses a number; whether that was still possible.
    pub fn claim(&mut self, number: u64) -> bool {
        if self.is_used(number) {
            return false;
        }
        match number.checked_sub(self.highest) {
            Some(above) => {
                let shift = u32::try_from(above).unwrap_or(u32::MAX);
                self.recent = self.recent.checked_shl(shift).unwrap_or(0) | 1;
                self.highest = number;
            }
            None => self.recent |= 1 << (self.highest - number),
        }
        true
    }

    /// Whether claims alone can have led here, which decoded bytes don't promise.
    pub(crate) fn is_sound(&self) -> bool {
        let numbers = u32::try_from(self.highest).unwrap_or(u32::MAX);
        let below = self.recent.checked_shr(numbers).unwrap_or(0);
        below == 0 && (self.highest == 0 || self.recent & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn claimed(numbers: &[u64]) -> Sequences {
        let mut sequences = Sequences::default();
        numbers.iter().for_each(|number| assert!(sequences.claim(*number), "{number}"));
        sequences
    }

    #[test]
    fn numbers_in_the_window_are_used_once_in_any_order() {
        let mut sequences = claimed(&[64, 1, 63, 2]);
        assert!([64, 1, 63, 2].iter().all(|number| !sequences.claim(*number)));
        assert!(sequences.claim(62));
        assert_eq!(sequences.highest(), 64);
    }

    #[test]
    fn numbers_that_leave_the_window_count_as_used() {
        let mut sequences = claimed(&[64]);
        assert!(!sequences.is_used(1));
        assert!(sequences.claim(65));
        assert!(sequences.is_used(1) && !sequences.is_used(2));
        assert!(!sequences.claim(1));
    }

    #[test]
    fn zero_is_never_valid() {
        assert!(!Sequences::default().claim(0));
        assert!(!claimed(&[3]).claim(0));
    }

    #[test]
    fn the_ends_of_the_range_are_numbers_like_others() {
        let mut sequences = claimed(&[1, u64::MAX, u64::MAX - 63]);
        assert!(sequences.is_used(u64::MAX - 64) && sequences.is_used(1));
        assert!(!sequences.claim(u64::MAX) && !sequences.claim(u64::MAX - 63));
    }

    #[test]
    fn what_no_claims_lead_to_is_unsound() {
        for (highest, recent, sound) in [
            (0, 0, true),
            (0, 1, false),
            (3, 0b111, true),
            (3, 0b1001, false),
            (3, 0b110, false),
            (3, 0, false),
        ] {
            assert_eq!(Sequences { highest, recent }.is_sound(), sound, "{highest} {recent:b}");
        }
    }

    fn any_number() -> impl Strategy<Value = u64> {
        prop_oneof![20 => 0..200u64, 1 => 1000..1100u64, 1 => u64::MAX - 80..=u64::MAX]
    }

    proptest! {
        #[test]
        fn the_window_does_what_a_set_of_all_used_numbers_does(
            numbers in prop::collection::vec(any_number(), 0..300),
        ) {
            let (mut sequences, mut used) = (Sequences::default(), BTreeSet::new());
            for number in numbers {
                let highest = used.last().copied().unwrap_or(0u64);
                let free = number > highest.saturating_sub(64) && !used.contains(&number);
                prop_assert_eq!(sequences.is_used(number), !free);
                prop_assert_eq!(sequences.claim(number), free);
                if free {
                    used.insert(number);
                }
                prop_assert_eq!(sequences.highest(), used.last().copied().unwrap_or(0));
                prop_assert!(sequences.is_sound());
                let bytes = borsh::to_vec(&sequences).unwrap();
                prop_assert_eq!(borsh::from_slice::<Sequences>(&bytes).unwrap(), sequences);
            }
        }
    }
}
