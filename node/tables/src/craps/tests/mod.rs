//! Craps against tables and numbers that were not made with its code.

mod bonus;
mod layout;
mod placing;
mod prices;
mod rules;
mod safety;
mod shooters;
mod time;

use super::*;
use bitcraps_types::Digest;
use std::collections::BTreeMap;

/// A stake that each payout divides without rounding.
const STAKE: Amount = 60;

fn id(sequence: u64) -> BetId {
    BetId { account: AccountId(Digest::of("test", b"player")), sequence }
}

fn dice(total: u8) -> Dice {
    Dice::all().filter(|dice| !dice.is_pair()).find(|dice| dice.total() == total).expect("no pair makes it")
}

fn hard(face: u8) -> Dice {
    Dice::new(face, face).unwrap()
}

/// A table with a point, or without.
fn table(point: Option<Number>) -> Craps {
    let mut table = Craps::new(CrapsRules::default());
    if let Some(point) = point {
        table.roll(dice(point.total()));
    }
    assert_eq!(table.point(), point);
    table
}

fn points() -> impl Iterator<Item = Option<Number>> {
    [None].into_iter().chain(Number::ALL.map(Some))
}

/// A bet by its name.
fn named(name: &str) -> Bet {
    name.parse().unwrap()
}

/// Another number.
fn other(number: Number) -> Number {
    if number == Number::Six { Number::Eight } else { Number::Six }
}

/// A table with `bet`, a come or don't come bet with id 1, on `number`, and a point or none. The point differs.
fn travelled(bet: Bet, number: Number, point: Option<Number>) -> Craps {
    let first = point.unwrap_or(other(number));
    let mut table = table(Some(first));
    table.place(id(1), bet, STAKE).unwrap();
    assert_eq!(table.roll(dice(number.total())), []);
    if point.is_none() {
        assert_eq!(table.roll(dice(first.total())), []);
    }
    assert_eq!(table.point(), point);
    table
}
