//! Player that asks for what must be refused: stakes outside the limits and above its money, at a table that is not, odds
//! on a bet that is not, the bet of another, a payment of nothing, to itself or of more than it has, a stake that only
//! validators have, and a command in another's name.
//!
//! Attacks conservation and no-negative-balance: each of these is checked in one place, and whoever forgets one pays.

use super::super::styles::bet;
use super::super::{HandIn, Players, To};
use super::Turn;
use bitcraps_casino::{Action, SignedCommand};
use bitcraps_tables::craps::Bet;
use bitcraps_tables::{BetId, CrapsRules};
use bitcraps_types::{Amount, TableId};

pub(super) fn hand_in(players: &mut Players, turn: &Turn) -> Vec<HandIn> {
    let player = turn.player;
    let person = &players.people[player];
    let (mine, table) = (person.account, person.table);
    let other = (player + 1) % players.people.len();
    let neighbour = &players.people[other];
    let theirs = neighbour.bets.keys().next().copied().unwrap_or(1);
    let most = CrapsRules::default().limits.line.max;
    let never = u64::MAX;
    let action = match turn.number % 12 {
        0 => bet(table, Bet::Field, 0),
        1 => bet(table, Bet::Field, most + 1),
        2 => bet(table, Bet::Field, Amount::MAX),
        3 => bet(TableId(u32::MAX), Bet::Field, 30),
        4 => bet(table, Bet::Field, person.money.saturating_add(1).min(most)),
        5 => bet(table, Bet::Odds { base: never }, 30),
        6 => Action::TakeDown { table, bet: BetId { account: neighbour.account, sequence: theirs } },
        7 => Action::TakeDown { table, bet: BetId { account: mine, sequence: never } },
        8 => Action::Transfer { to: neighbour.account, amount: 0 },
        9 => Action::Transfer { to: neighbour.account, amount: person.money.saturating_mul(2).max(1) },
        10 => Action::Transfer { to: mine, amount: 1 },
        _ => Action::Unbond { amount: 1 },
    };
    let command = players.sign(player, action);
    let mut all = vec![HandIn { player, to: To::Home, command, is_meant: true }];
    if turn.number % 12 == 4 && other != player {
        // The neighbour's key, and not its signature.
        let key = players.keyring.public_key(players.validators + other);
        let command = bitcraps_casino::Command { key, ..command.command };
        let forged = SignedCommand { command, ..all[0].command };
        all.push(HandIn { player, to: To::Home, command: forged, is_meant: false });
    }
    all
}
