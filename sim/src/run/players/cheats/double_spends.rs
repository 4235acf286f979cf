//! Player that spends its money twice: two payments of most of it to two others, under one sequence number and at two
//! nodes at once, of which one may be done; or a payment of all of it and a bet of all of it, under two numbers.
//!
//! Attacks exactly-once and no-negative-balance: nodes that decide by what came to them first differ, and who checks the
//! money before the block is ordered pays both.

use super::super::styles::bet;
use super::super::{HandIn, Players, To};
use super::Turn;
use bitcraps_casino::Action;
use bitcraps_tables::CrapsRules;
use bitcraps_tables::craps::Bet;

pub(super) fn hand_in(players: &mut Players, turn: &Turn) -> Vec<HandIn> {
    let player = turn.player;
    let count = players.people.len();
    let (money, table) = (players.people[player].money, players.people[player].table);
    let (one, other) =
        (players.people[(player + 1) % count].account, players.people[(player + 2) % count].account);
    let both = if turn.number.is_multiple_of(2) {
        let amount = (money / 3 * 2).max(1);
        let first = players.sign(player, Action::Transfer { to: one, amount });
        [first, players.sign_again(player, Action::Transfer { to: other, amount })]
    } else {
        let stake = money.clamp(1, CrapsRules::default().limits.proposition.max);
        let first = players.sign(player, Action::Transfer { to: one, amount: stake });
        [first, players.sign(player, bet(table, Bet::Field, stake))]
    };
    let places = [To::Home, To::After(1)];
    both.into_iter().zip(places).map(|(command, to)| HandIn { player, to, command, is_meant: true }).collect()
}
