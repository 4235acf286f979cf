//! Events, in the sense of probability: sets of the 36 outcomes of a roll.

use crate::Dice;
use std::ops::{BitOr, Sub};

/// A set of outcomes. Each outcome has the chance 1/36, so the chance of an event is its [`ways`](Event::ways) over 36.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event(u64);

impl Event {
    /// The outcomes of which `holds` is true.
    pub fn of(holds: impl Fn(Dice) -> bool) -> Event {
        Event(Dice::all().filter(|&dice| holds(dice)).fold(0, |set, dice| set | bit(dice)))
    }

    /// The sum of the dice is `total`.
    pub fn total(total: u8) -> Event {
        Event::of(|dice| dice.total() == total)
    }

    /// Whether the event happened.
    pub fn contains(self, dice: Dice) -> bool {
        self.0 & bit(dice) != 0
    }

    /// How many of the 36 outcomes are in it.
    pub fn ways(self) -> u32 {
        self.0.count_ones()
    }
}

fn bit(dice: Dice) -> u64 {
    1 << (6 * (dice.a() - 1) + dice.b() - 1)
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
