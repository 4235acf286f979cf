//! The tables.

use super::bet::BetName;
use super::command::BetId;
use crate::hex::Hex;
use crate::rules::Rules;
use crate::view::{RollView, TableView};
use bitcraps_tables::craps;
use bitcraps_types::{Amount, Height};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// All tables.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Tables {
    /// In the order of their numbers.
    pub tables: Vec<TableSummary>,
}

/// A table at a glance.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TableSummary {
    /// Its number.
    pub id: u32,
    /// The point; absent before a come-out roll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<u8>,
    /// How many bets are up.
    pub bets: usize,
    /// Its rules.
    pub rules: Rules,
}

/// A table.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Table {
    /// Its number.
    pub id: u32,
    /// `come_out` or `point`.
    pub phase: String,
    /// The point; absent before a come-out roll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<u8>,
    /// The account that threw last, and throws again unless that was a seven-out; absent if it was the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub shooter: Option<Hex<32>>,
    /// The bets that are up.
    pub bets: Vec<OpenBet>,
    /// The last rolls, the newest last.
    pub rolls: Vec<Roll>,
    /// Its rules.
    pub rules: Rules,
}

/// A bet that is up.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OpenBet {
    /// Its name.
    pub id: BetId,
    /// On what.
    #[schema(value_type = String, example = "pass_line")]
    pub bet: BetName,
    /// How much.
    pub stake: Amount,
}

/// One roll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Roll {
    /// In this block.
    pub height: Height,
    /// The two dice.
    #[schema(value_type = Vec<u8>)]
    pub dice: [u8; 2],
    /// Their sum.
    pub total: u8,
    /// The point afterwards; absent before a come-out roll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<u8>,
    /// The account that threw; absent if it was the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub shooter: Option<Hex<32>>,
}

impl From<&RollView> for Roll {
    fn from(roll: &RollView) -> Roll {
        Roll {
            height: roll.height,
            dice: [roll.dice.a(), roll.dice.b()],
            total: roll.dice.total(),
            point: roll.point.map(craps::Number::total),
            shooter: roll.shooter.map(|shooter| Hex(shooter.0.0)),
        }
    }
}

impl From<&TableView> for TableSummary {
    fn from(table: &TableView) -> TableSummary {
        TableSummary {
            id: table.id.0,
            point: table.point.map(craps::Number::total),
            bets: table.bets.len(),
            rules: Rules::all(&table.rules),
        }
    }
}

impl From<&TableView> for Table {
    fn from(table: &TableView) -> Table {
        let bets = table.bets.iter();
        Table {
            id: table.id.0,
            phase: if table.point.is_some() { "point" } else { "come_out" }.into(),
            point: table.point.map(craps::Number::total),
            shooter: table.shooter.map(|shooter| Hex(shooter.0.0)),
            bets: bets
                .map(|(id, bet)| OpenBet { id: (*id).into(), bet: BetName(bet.bet), stake: bet.stake })
                .collect(),
            rolls: table.rolls.iter().map(Roll::from).collect(),
            rules: Rules::all(&table.rules),
        }
    }
}
