//! A player with the least edge against it: a pass bet at each come-out, then the most odds that it carries.

use super::bet;
use crate::run::players::person::Person;
use crate::run::players::seen::Seen;
use bitcraps_casino::Action;
use bitcraps_tables::CrapsRules;
use bitcraps_tables::craps::Bet;
use bitcraps_types::Amount;

/// Pays whole on every point with 3-4-5 times odds.
const STAKE: Amount = 30;

pub(super) fn next(person: &Person, seen: &Seen) -> Option<Action> {
    let table = person.table;
    match (person.held(Bet::Pass), seen.point(table)) {
        (None, None) => Some(bet(table, Bet::Pass, STAKE)),
        (Some((base, line)), Some(point)) if line.is_up && person.held(Bet::Odds { base }).is_none() => {
            let most = line.stake * Amount::from(CrapsRules::default().odds.on(point));
            Some(bet(table, Bet::Odds { base }, most))
        }
        _ => None,
    }
}
