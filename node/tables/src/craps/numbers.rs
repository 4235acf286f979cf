//! The numbers that craps bets are on. No other values exist, in memory or in borsh.

use crate::{Dice, Event};
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;
use std::io::{self, Read};

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

/// A number of the horn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Horn {
    Two,
    Three,
    Eleven,
    Twelve,
}

/// A total of two dice other than seven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct Target(u8);

/// Two faces, in no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct Hop {
    low: u8,
    high: u8,
}

/// A value for 4 and 10, one for 5 and 9, one for 6 and 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ByNumber<T> {
    /// On 4 and 10.
    pub four_ten: T,
    /// On 5 and 9.
    pub five_nine: T,
    /// On 6 and 8.
    pub six_eight: T,
}

impl<T: Copy> ByNumber<T> {
    /// The value for a number.
    pub fn on(&self, number: Number) -> T {
        match number {
            Number::Four | Number::Ten => self.four_ten,
            Number::Five | Number::Nine => self.five_nine,
            Number::Six | Number::Eight => self.six_eight,
        }
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
        match total {
            4 => Some(Number::Four),
            5 => Some(Number::Five),
            6 => Some(Number::Six),
            8 => Some(Number::Eight),
            9 => Some(Number::Nine),
            10 => Some(Number::Ten),
            _ => None,
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
}

impl Horn {
    /// All four.
    pub const ALL: [Horn; 4] = [Horn::Two, Horn::Three, Horn::Eleven, Horn::Twelve];

    /// The sum of the dice.
    pub fn total(self) -> u8 {
        match self {
            Horn::Two => 2,
            Horn::Three => 3,
            Horn::Eleven => 11,
            Horn::Twelve => 12,
        }
    }
}

impl Target {
    /// All ten.
    pub fn all() -> impl Iterator<Item = Target> {
        (2..=12).filter_map(Target::new)
    }

    /// A total from 2 to 12, but not 7.
    pub fn new(total: u8) -> Option<Target> {
        ((2..=12).contains(&total) && total != 7).then_some(Target(total))
    }

    /// The sum of the dice.
    pub fn total(self) -> u8 {
        self.0
    }
}

impl Hop {
    /// All 21.
    pub fn all() -> impl Iterator<Item = Hop> {
        (1..=6).flat_map(|low| (low..=6).map(move |high| Hop { low, high }))
    }

    /// These dice, whichever shows which.
    pub fn of(dice: Dice) -> Hop {
        Hop { low: dice.a().min(dice.b()), high: dice.a().max(dice.b()) }
    }

    /// Whether both faces are the same.
    pub fn is_hard(self) -> bool {
        self.low == self.high
    }

    /// The dice show it.
    pub fn event(self) -> Event {
        Event::dice(self.low, self.high) | Event::dice(self.high, self.low)
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.low, self.high)
    }
}

impl BorshDeserialize for Target {
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        Target::new(u8::deserialize_reader(reader)?).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

impl BorshDeserialize for Hop {
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        let dice = Dice::deserialize_reader(reader)?;
        let hop = Hop { low: dice.a(), high: dice.b() };
        if hop == Hop::of(dice) { Ok(hop) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
}
