//! The tables.

use super::bet::BetName;
use super::command::BetId;
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
}

/// What is fixed for a table.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Rules {
    /// The smallest stake; odds may be smaller.
    pub min_stake: Amount,
    /// The largest stake; odds may be larger.
    pub max_stake: Amount,
    /// Stakes are multiples of it, payouts are rounded down to one.
    pub unit: Amount,
    /// The most odds, in multiples of the bet below, by the number.
    pub odds: OddsLimits,
    /// What the field pays on 12.
    pub field_twelve: FieldTwelve,
}

/// The most odds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct OddsLimits {
    /// On 4 and 10.
    pub four_ten: u8,
    /// On 5 and 9.
    pub five_nine: u8,
    /// On 6 and 8.
    pub six_eight: u8,
}

/// What the field pays on 12.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldTwelve {
    /// 2:1.
    Double,
    /// 3:1.
    Triple,
}

impl From<&craps::CrapsRules> for Rules {
    fn from(rules: &craps::CrapsRules) -> Rules {
        let craps::OddsLimits { four_ten, five_nine, six_eight } = rules.odds;
        Rules {
            min_stake: rules.min_stake,
            max_stake: rules.max_stake,
            unit: rules.unit,
            odds: OddsLimits { four_ten, five_nine, six_eight },
            field_twelve: match rules.field_twelve {
                craps::FieldTwelve::Double => FieldTwelve::Double,
                craps::FieldTwelve::Triple => FieldTwelve::Triple,
            },
        }
    }
}

impl From<&RollView> for Roll {
    fn from(roll: &RollView) -> Roll {
        Roll {
            height: roll.height,
            dice: [roll.dice.a(), roll.dice.b()],
            total: roll.dice.total(),
            point: roll.point.map(craps::Number::total),
        }
    }
}

impl From<&TableView> for TableSummary {
    fn from(table: &TableView) -> TableSummary {
        TableSummary {
            id: table.id.0,
            point: table.point.map(craps::Number::total),
            bets: table.bets.len(),
            rules: (&table.rules).into(),
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
            bets: bets
                .map(|(id, bet)| OpenBet { id: (*id).into(), bet: BetName(bet.bet), stake: bet.stake })
                .collect(),
            rolls: table.rolls.iter().map(Roll::from).collect(),
            rules: (&table.rules).into(),
        }
    }
}
