//! A player who bets on everything, each bet as often as any other, as far as the table it comes to takes it: for
//! measuring. Always the same stake, on which little is rounded.

use super::bet;
use crate::run::players::person::{Held, Person};
use crate::run::players::seen::Seen;
use bitcraps_casino::Action;
use bitcraps_tables::craps::{Bet, Number};
use bitcraps_types::{Amount, TableId};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

const STAKE: Amount = 120;

/// One bet in so many is odds, if there is one to put them on.
const ODDS_ONE_IN: u32 = 8;

/// What it does next. `None`: it has as much up as a table takes of one player.
pub(in crate::run::players) fn next(
    person: &Person,
    seen: &Seen,
    tables: u32,
    catalogue: &[Bet],
    rng: &mut ChaCha8Rng,
) -> Option<Action> {
    const MOST: usize = 40;
    if person.bets.len() >= MOST {
        return None;
    }
    if rng.random_range(0..ODDS_ONE_IN) == 0
        && let Some((table, odds)) = odds(person, seen)
    {
        return Some(bet(table, odds, STAKE));
    }
    let table = TableId(rng.random_range(0..tables));
    loop {
        let chosen = catalogue[rng.random_range(0..catalogue.len())];
        if is_taken(chosen, seen.point(table), seen.is_new_hand(table)) {
            return Some(bet(table, chosen, STAKE));
        }
    }
}

/// The first of its bets that carries odds and has none.
fn odds(person: &Person, seen: &Seen) -> Option<(TableId, Bet)> {
    person.bets.iter().find_map(|(&base, held)| {
        let number = number_of(held, seen);
        let odds = match held.bet {
            Bet::Pass | Bet::Come | Bet::Put(_) => Bet::Odds { base },
            Bet::DontPass | Bet::DontCome => Bet::LayOdds { base },
            _ => return None,
        };
        (held.is_up && number.is_some() && person.held(odds).is_none()).then_some((held.table, odds))
    })
}

/// The number that a line, come or put bet is on.
fn number_of(held: &Held, seen: &Seen) -> Option<Number> {
    match held.bet {
        Bet::Pass | Bet::DontPass => seen.point(held.table),
        Bet::Put(number) => Some(number),
        _ => held.number,
    }
}

/// Whether a table takes a bet in this state.
fn is_taken(bet: Bet, point: Option<Number>, new_hand: bool) -> bool {
    match bet {
        Bet::Pass | Bet::DontPass | Bet::Muggsy => point.is_none(),
        Bet::Come | Bet::DontCome | Bet::Put(_) => point.is_some(),
        Bet::Small | Bet::Tall | Bet::All | Bet::Fire | Bet::Repeater(_) | Bet::DifferentDoubles => new_hand,
        _ => true,
    }
}
