//! Events, in the sense of probability: sets of the 36 outcomes of a roll.

use crate::Dice;
use std::ops::{BitOr, Sub};

/// A set of outcomes. Each outcome has the chance 1/36, so the chance of an event is its [`ways`](Event::ways) over 36.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event(u64);

impl Event {
    /// The outcomes of which `holds` is true.
    pub fn of(holds: impl Fn(Dice) -> bool) -> Event {
        Event(Dice::all().filter(|&dice| holds(dice)).fold(0, |set, dice| set | bit(dice.a(), dice.b())))
    }

    /// Nothing.
    pub const NONE: Event = Event(0);

    /// The sum of the dice is `total`.
    pub fn total(total: u8) -> Event {
        Event(TOTALS.get(usize::from(total)).copied().unwrap_or(0))
    }

    /// The sum of the dice is one of these.
    pub fn totals(totals: impl IntoIterator<Item = u8>) -> Event {
        totals.into_iter().fold(Event::NONE, |all, total| all | Event::total(total))
    }

    /// The first die shows `a`, the second `b`, each from 1 to 6.
    pub fn dice(a: u8, b: u8) -> Event {
        Event(bit(a, b))
    }

    /// Whether the event happened.
    pub fn contains(self, dice: Dice) -> bool {
        self.0 & bit(dice.a(), dice.b()) != 0
    }

    /// How many of the 36 outcomes are in it.
    pub fn ways(self) -> u32 {
        self.0.count_ones()
    }
}

/// The outcomes of each total.
const TOTALS: [u64; 13] = {
    let mut totals = [0; 13];
    let mut outcome = 0;
    while outcome < 36 {
        let (a, b) = (outcome / 6 + 1, outcome % 6 + 1);
        totals[(a + b) as usize] |= bit(a, b);
        outcome += 1;
    }
    totals
};

const fn bit(a: u8, b: u8) -> u64 {
    1 << (6 * (a - 1) + b - 1)
}

impl BitOr for Event {
    type Output = Event;

    /// One of the two, or both.
    fn bitor(self, other: Event) -> Event {
        Event(self.0 | other.0)
    }
}

impl Sub for Event {
    type Output = Event;

    /// The first without the second.
    fn sub(self, other: Event) -> Event {
        Event(self.0 & !other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_and_single_outcomes_are_the_events_of_their_names() {
        for total in 0..20 {
            assert_eq!(Event::total(total), Event::of(|dice| dice.total() == total), "{total}");
        }
        assert_eq!(Event::totals([2, 12, 13]).ways(), 2);
        for dice in Dice::all() {
            assert_eq!(Event::dice(dice.a(), dice.b()), Event::of(|other| other == dice), "{dice:?}");
        }
    }
}
