//! A player as at a real table: mostly the line, and anything else that can be bet on, at one table or another. Some bets
//! are refused there: a come bet needs a point.

use super::bet;
use crate::run::players::person::Person;
use bitcraps_casino::Action;
use bitcraps_tables::craps::{Bet, Number};
use bitcraps_types::{Amount, TableId};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// The stakes to choose from, in the smallest unit.
const STAKES: [Amount; 4] = [30, 60, 90, 120];

/// What it does next, with the sequence number that the command will have.
pub(in crate::run::players) fn next(
    person: &mut Person,
    sequence: u64,
    tables: u32,
    catalogue: &[Bet],
    rng: &mut ChaCha8Rng,
) -> Action {
    let table = TableId(rng.random_range(0..tables));
    let chosen = choose(person, catalogue, rng);
    if matches!(chosen, Bet::Pass | Bet::DontPass | Bet::Come | Bet::DontCome) {
        person.line = Some((sequence, chosen));
    }
    bet(table, chosen, STAKES[rng.random_range(0..STAKES.len())])
}

fn choose(person: &Person, catalogue: &[Bet], rng: &mut ChaCha8Rng) -> Bet {
    match rng.random_range(0..16) {
        0..=4 => Bet::Pass,
        5 | 6 => Bet::DontPass,
        7 | 8 => Bet::Come,
        9 => Bet::DontCome,
        10 => match person.line {
            Some((base, Bet::Pass | Bet::Come)) => Bet::Odds { base },
            Some((base, _)) => Bet::LayOdds { base },
            None => Bet::Place(Number::Six),
        },
        11 => Bet::Place(Number::ALL[rng.random_range(0..6)]),
        _ => catalogue[rng.random_range(0..catalogue.len())],
    }
}
