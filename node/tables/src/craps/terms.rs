//! How bets are decided. All the bets of craps are of five kinds, and a kind is told by its terms: which events win,
//! which lose, and what a win pays. Which bet has which terms says [`layout`](super::layout).

use super::numbers::Number;
use super::pays::{Pays, Price};
use crate::{Dice, Event};
use borsh::{BorshDeserialize, BorshSerialize};
use std::array;
use std::iter::Flatten;

/// How far an open bet has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Progress {
    /// It stands where it was put.
    Fresh,
    /// A line, come or put bet whose number is on.
    On(Number),
    /// A bonus bet that has seen a roll: a bit for each mark that it has made.
    Marks(u16),
}

impl Progress {
    /// The number that the bet is on, once it is on one.
    pub(super) fn number(self) -> Option<Number> {
        match self {
            Progress::On(number) => Some(number),
            Progress::Fresh | Progress::Marks(_) => None,
        }
    }
}

/// What a roll does to a bet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stays(Progress),
    Wins(Price),
    Loses,
    Pushes,
}

/// How a bet is decided.
#[derive(Clone, Debug)]
pub(super) enum Terms {
    /// With the shooter or against, from a come-out on. The barred total pushes the bet against.
    Line { with: bool, barred: u8 },
    /// One event before another.
    Race(Race),
    /// By the next roll: the events that win, at their prices. A win of nothing is a push; all else loses.
    OneRoll(Few<(Event, Price)>),
    /// By how many marks are made before the end.
    Bonus(Bonus),
    /// A seven on the come-out pays the first, a seven right after the point the second.
    Muggsy([Pays; 2]),
}

#[derive(Clone, Debug)]
pub(super) struct Race {
    pub(super) win: Event,
    pub(super) lose: Event,
    pub(super) price: Price,
    pub(super) on_come_out: OnComeOut,
}

/// What a come-out roll does to a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnComeOut {
    /// It counts.
    Works,
    /// The bet is off.
    Off,
    /// The bet is off and can't stay when it is decided, because its base bet is: it is returned.
    Returned,
}

#[derive(Clone, Debug)]
pub(super) struct Bonus {
    pub(super) mark: Mark,
    /// From the fewest marks that win to as many as end the bet.
    pub(super) tiers: Few<Tier>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Tier {
    pub(super) marks: u32,
    pub(super) pays: Pays,
    /// The chance that the bet ends here, in thousand millionths, rounded up. docs/craps.md has the edges exactly.
    pub(super) chance: u32,
}

/// What a bonus bet marks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    /// Each total that the event makes, once.
    Totals(Event),
    /// The event, each time.
    Times(Event),
    /// Each number that is made as a point, once. Only a seven-out ends it; any seven ends the others.
    Points,
}

/// A list of at most five, in place: terms are made anew for each bet and roll.
#[derive(Clone, Copy, Debug)]
pub(super) struct Few<T>([Option<T>; 5]);

impl<T: Copy> Few<T> {
    /// # Panics
    /// If there are more.
    pub(super) fn of(items: impl IntoIterator<Item = T>) -> Few<T> {
        let mut few = [None; 5];
        items.into_iter().enumerate().for_each(|(at, item)| few[at] = Some(item));
        Few(few)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter().flatten()
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = Flatten<array::IntoIter<Option<T>, 5>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().flatten()
    }
}

impl Terms {
    /// What a roll does to a bet with these terms.
    pub(super) fn fate(&self, progress: Progress, point: Option<Number>, dice: Dice) -> Fate {
        match self {
            Terms::Line { with, barred } => line(*with, *barred, progress, dice.total()),
            Terms::Race(race) => race.fate(progress, point, dice),
            Terms::OneRoll(prices) => match prices.iter().find(|(event, _)| event.contains(dice)) {
                None => Fate::Loses,
                Some((_, Price { win: 0, .. })) => Fate::Pushes,
                Some((_, price)) => Fate::Wins(*price),
            },
            Terms::Bonus(bonus) => bonus.fate(progress, point, dice),
            Terms::Muggsy([on_come_out, after]) => match (progress, dice.total()) {
                (Progress::Fresh, 7) => Fate::Wins((*on_come_out).into()),
                (_, 7) => Fate::Wins((*after).into()),
                (Progress::Fresh, total) if Number::of_total(total).is_some() => {
                    Fate::Stays(Progress::Marks(0))
                }
                _ => Fate::Loses,
            },
        }
    }

    /// All that a win can pay.
    pub(super) fn prices(&self) -> Few<Price> {
        match self {
            Terms::Line { .. } => Few::of([Pays::EVEN.into()]),
            Terms::Race(race) => Few::of([race.price]),
            Terms::OneRoll(prices) => Few::of(prices.iter().map(|(_, price)| *price)),
            Terms::Bonus(bonus) => Few::of(bonus.tiers.iter().map(|tier| tier.pays.into())),
            Terms::Muggsy(pays) => Few::of(pays.map(Price::from)),
        }
    }

    /// Whether the player gains on average, before the vig and rounding.
    pub(super) fn favours_the_player(&self) -> bool {
        // Chances in any unit with what they pay; what is left of the whole loses.
        let gains = |wins: &[(u32, Price)], loses: u32| {
            let over: u128 = wins.iter().map(|(_, price)| u128::from(price.per)).product();
            let won: u128 = wins
                .iter()
                .map(|(ways, price)| u128::from(*ways) * u128::from(price.win) * over / u128::from(price.per))
                .sum();
            won > u128::from(loses) * over
        };
        match self {
            Terms::Line { .. } => false,
            Terms::Race(race) => gains(&[(race.win.ways(), race.price)], race.lose.ways()),
            Terms::OneRoll(prices) => {
                let wins: Vec<_> = prices.iter().map(|(event, price)| (event.ways(), *price)).collect();
                gains(&wins, 36 - wins.iter().map(|(ways, _)| ways).sum::<u32>())
            }
            Terms::Bonus(bonus) => {
                let wins: Vec<_> = bonus.tiers.iter().map(|tier| (tier.chance, tier.pays.into())).collect();
                gains(&wins, 1_000_000_000 - wins.iter().map(|(chance, _)| chance).sum::<u32>())
            }
            // A seven comes in 1 of 6, and after a point in 2 of 3 by 1 of 6: of 18, 3 and 2 win.
            Terms::Muggsy([on_come_out, after]) => {
                gains(&[(3, (*on_come_out).into()), (2, (*after).into())], 13)
            }
        }
    }
}

/// The bets with the shooter and against, whose number is the point or where they travelled to.
fn line(with: bool, barred: u8, progress: Progress, total: u8) -> Fate {
    let win = Fate::Wins(Pays::EVEN.into());
    let decided = |shooter_wins: bool| if shooter_wins == with { win } else { Fate::Loses };
    match (progress, total) {
        (Progress::On(number), total) if total == number.total() => decided(true),
        (Progress::On(_), 7) => decided(false),
        (Progress::On(_), _) => Fate::Stays(progress),
        (_, 7 | 11) => decided(true),
        (_, 2 | 3 | 12) if !with && total == barred => Fate::Pushes,
        (_, 2 | 3 | 12) => decided(false),
        (_, total) => Fate::Stays(Number::of_total(total).map_or(progress, Progress::On)),
    }
}

impl Race {
    fn fate(&self, progress: Progress, point: Option<Number>, dice: Dice) -> Fate {
        let decided = if self.win.contains(dice) {
            Fate::Wins(self.price)
        } else if self.lose.contains(dice) {
            Fate::Loses
        } else {
            return Fate::Stays(progress);
        };
        match self.on_come_out {
            OnComeOut::Off if point.is_none() => Fate::Stays(progress),
            OnComeOut::Returned if point.is_none() => Fate::Pushes,
            _ => decided,
        }
    }
}

impl Bonus {
    fn fate(&self, progress: Progress, point: Option<Number>, dice: Dice) -> Fate {
        let marks = match progress {
            Progress::Marks(marks) => marks,
            _ => 0,
        };
        let total = 1 << dice.total();
        let marks = match self.mark {
            Mark::Totals(event) if event.contains(dice) => marks | total,
            Mark::Times(event) if event.contains(dice) => marks << 1 | 1,
            Mark::Points if point.is_some_and(|point| point.total() == dice.total()) => marks | total,
            _ => marks,
        };
        let made = marks.count_ones();
        let full = self.tiers.iter().next_back().is_some_and(|tier| made >= tier.marks);
        let out = dice.total() == 7 && (point.is_some() || !matches!(self.mark, Mark::Points));
        if !full && !out {
            return Fate::Stays(Progress::Marks(marks));
        }
        let reached = self.tiers.iter().rfind(|tier| made >= tier.marks);
        reached.map_or(Fate::Loses, |tier| Fate::Wins(tier.pays.into()))
    }
}
