//! What players see of the casino: of each table the point, who has the dice, and whether the next roll is a hand's first.

use bitcraps_casino::TableReport;
use bitcraps_tables::craps::Number;
use bitcraps_types::{AccountId, Height, TableId};
use std::collections::BTreeMap;

/// As of the last block that some node has applied.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) height: Height,
    tables: BTreeMap<TableId, Table>,
}

#[derive(Clone, Copy, Default)]
struct Table {
    point: Option<Number>,
    shooter: Option<AccountId>,
    /// Whether a hand is on: a roll was made after the last seven-out.
    in_hand: bool,
}

impl Seen {
    /// Takes note of what a table did.
    pub(super) fn note(&mut self, report: &TableReport) {
        let table = self.tables.entry(report.table).or_default();
        if let Some(dice) = report.roll {
            let seven_out = table.point.is_some() && dice.total() == 7;
            *table = Table { point: report.point, shooter: report.shooter, in_hand: !seven_out };
        }
    }

    /// The point of a table; `None` before a come-out.
    pub(super) fn point(&self, table: TableId) -> Option<Number> {
        self.tables.get(&table).and_then(|table| table.point)
    }

    /// Whether the next roll is the first of a hand.
    pub(super) fn is_new_hand(&self, table: TableId) -> bool {
        self.tables.get(&table).is_none_or(|table| !table.in_hand)
    }

    /// Who threw last.
    pub(super) fn shooters(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.tables.values().filter(|table| table.in_hand).filter_map(|table| table.shooter)
    }
}
