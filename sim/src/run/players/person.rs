//! One player: how it plays, what it has up, what it waits for.

use crate::scenario::Style;
use bitcraps_tables::craps;
use bitcraps_types::{AccountId, Amount, TableId};
use std::collections::{BTreeMap, BTreeSet};

/// See the module.
pub(super) struct Person {
    pub(super) account: AccountId,
    pub(super) style: Style,
    /// The table at which one plays who keeps to a table.
    pub(super) table: TableId,
    /// Another who plays with it.
    pub(super) partner: Option<usize>,
    pub(super) is_there: bool,
    /// The last sequence number.
    pub(super) sequence: u64,
    /// What it has up or on the way, by sequence number.
    pub(super) bets: BTreeMap<u64, Held>,
    /// The numbers of its commands that no block had yet.
    pub(super) unanswered: BTreeSet<u64>,
    /// What it can spend, as it last saw it.
    pub(super) money: Amount,
    /// How often in a row it has lost.
    pub(super) losses: u32,
    /// The last line or come bet of one who plays anything, and its number: what odds can be on.
    pub(super) line: Option<(u64, craps::Bet)>,
}

/// A bet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) table: TableId,
    pub(super) bet: craps::Bet,
    pub(super) stake: Amount,
    /// Whether the table has taken it.
    pub(super) is_up: bool,
    /// The number that a come bet has travelled to.
    pub(super) number: Option<craps::Number>,
}

impl Person {
    pub(super) fn new(account: AccountId, style: Style, table: TableId, money: Amount) -> Person {
        Person {
            account,
            style,
            table,
            partner: None,
            is_there: true,
            sequence: 0,
            bets: BTreeMap::new(),
            unanswered: BTreeSet::new(),
            money,
            losses: 0,
            line: None,
        }
    }

    /// A bet of this kind that it has up or on the way.
    pub(super) fn held(&self, bet: craps::Bet) -> Option<(u64, &Held)> {
        self.bets.iter().find(|(_, held)| held.bet == bet).map(|(sequence, held)| (*sequence, held))
    }
}
