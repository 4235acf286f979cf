//! Two players who bet against each other on the same roll: one passes, the other doesn't, with the same stake. Together
//! they risk nothing but the barred twelve: who hopes that the casino pays a point twice, or forgets one side, would see
//! it here.

use super::bet;
use crate::run::players::person::Person;
use crate::run::players::seen::Seen;
use bitcraps_casino::Action;
use bitcraps_tables::craps::Bet;
use bitcraps_types::Amount;

const STAKE: Amount = 60;

pub(super) fn next(people: &[Person], player: usize, seen: &Seen) -> Vec<(usize, Action)> {
    let partner = people[player].partner.unwrap_or(player);
    let (first, second) = (player.min(partner), player.max(partner));
    let table = people[first].table;
    let plays = |player: usize, line: Bet| people[player].held(line).is_some();
    if seen.point(table).is_some() || plays(first, Bet::Pass) || plays(second, Bet::DontPass) {
        return Vec::new();
    }
    vec![(first, bet(table, Bet::Pass, STAKE)), (second, bet(table, Bet::DontPass, STAKE))]
}
