//! A player who doubles after each loss: a pass bet at each come-out, as little as can be after a win, twice the last one
//! after a loss. When its money or the table's limit no longer allow it, it starts over.

use super::bet;
use crate::run::players::person::Person;
use crate::run::players::seen::Seen;
use bitcraps_casino::Action;
use bitcraps_tables::CrapsRules;
use bitcraps_tables::craps::Bet;
use bitcraps_types::Amount;

const LEAST: Amount = 10;

pub(super) fn next(person: &Person, seen: &Seen) -> Option<Action> {
    if person.held(Bet::Pass).is_some() || seen.point(person.table).is_some() {
        return None;
    }
    let most = person.money.min(CrapsRules::default().limits.line.max);
    let doubled = 2u64.checked_pow(person.losses).and_then(|times| LEAST.checked_mul(times));
    Some(bet(person.table, Bet::Pass, doubled.filter(|stake| *stake <= most).unwrap_or(LEAST)))
}
