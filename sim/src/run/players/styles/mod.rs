//! How players play: what one who comes to act does, by what it has up and what it sees of its table.

pub(super) mod any;
mod colluders;
pub(super) mod evenly;
mod hardways;
mod line_odds;
mod martingale;

use super::person::Person;
use super::seen::Seen;
use crate::scenario::Style;
use bitcraps_casino::{Action, Bet};
use bitcraps_tables::craps;
use bitcraps_types::{Amount, TableId};

/// What a player who keeps to one table does now, with its partner if it has one: who, and what. Nothing: it waits.
pub(super) fn moves(people: &[Person], player: usize, seen: &Seen) -> Vec<(usize, Action)> {
    let person = &people[player];
    let own = |action: Option<Action>| action.map(|action| (player, action)).into_iter().collect();
    match person.style {
        Style::LineOdds => own(line_odds::next(person, seen)),
        Style::Hardways => own(hardways::next(person)),
        Style::Martingale => own(martingale::next(person, seen)),
        Style::Colluders => colluders::next(people, player, seen),
        // They go from table to table, at random.
        Style::Any | Style::Evenly => Vec::new(),
    }
}

pub(super) fn bet(table: TableId, bet: craps::Bet, stake: Amount) -> Action {
    Action::Bet { table, bet: Bet::Craps(bet), stake }
}
