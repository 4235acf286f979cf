//! Player that bets all it has, again and again, on what pays most: 30 and 999 to 1.
//!
//! Attacks the reserves: a bank that takes a bet which it can't cover, or that counts the same money behind two bets, owes
//! when it wins.

use super::super::styles::bet;
use super::super::{HandIn, Players, To};
use super::Turn;
use bitcraps_tables::CrapsRules;
use bitcraps_tables::craps::{Bet, Horn};

pub(super) fn hand_in(players: &mut Players, turn: &Turn) -> Vec<HandIn> {
    let person = &players.people[turn.player];
    let limits = CrapsRules::default().limits;
    let (on, limit) = match turn.number % 4 {
        0 => (Bet::Exactly(Horn::Two), limits.proposition),
        1 => (Bet::Exactly(Horn::Twelve), limits.proposition),
        2 => (Bet::Fire, limits.bonus),
        _ => (Bet::All, limits.bonus),
    };
    let action = bet(person.table, on, person.money.clamp(limit.min, limit.max));
    let command = players.sign(turn.player, action);
    vec![HandIn { player: turn.player, to: To::Home, command, is_meant: true }]
}
