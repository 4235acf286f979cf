//! What the players do, and by which policy the house plays with them.

use super::units::{Percent, Rate, Span};
use serde::Serialize;
use std::collections::BTreeMap;

/// What the players do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Workload {
    /// Tables, 1 to 10,000.
    pub tables: u32,
    /// Players, 0 to 1,000,000.
    pub players: u32,
    /// How often a player comes to act, all players together. In a closed loop it means nothing.
    pub bets: Rate,
    /// When they come to act.
    pub arrivals: Arrivals,
    /// The share of the players that plays in each style; the shares sum to 100 %.
    pub strategies: BTreeMap<Style, Percent>,
    /// How long they stay and are away; `None`: all are there all the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visits: Option<Visits>,
    /// Nobody acts after this time; `None`: until the end of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Span>,
    /// What each player brings, in the smallest unit, 1 to 10^9.
    pub buy_in: u64,
    /// What the house brings, in the smallest unit, at most 10^15.
    pub bank: u64,
    /// The share of each game; the shares sum to 100 %.
    pub games: BTreeMap<Game, Percent>,
}

/// When players come to act.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// At random moments, whatever became of what they did before: an open Poisson process.
    Poisson,
    /// Each as long after the one before.
    Fixed,
    /// A Poisson process that is on and off in turns.
    Bursts {
        /// So long it is on.
        on: Span,
        /// So long it is off.
        off: Span,
    },
    /// Each player on its own: when its last command is in a block, it thinks, and acts again.
    Closed {
        /// How long it thinks, on average.
        think: Span,
    },
}

/// How a player plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Mostly the line, and anything else.
    Any,
    /// Each bet as often as any other.
    Evenly,
    /// The pass line with the most odds.
    LineOdds,
    /// All four hardways.
    Hardways,
    /// The pass line, twice as much after each loss.
    Martingale,
    /// In pairs, on both sides of the line.
    Colluders,
}

impl Style {
    /// Every one.
    pub const ALL: [Style; 6] =
        [Style::Any, Style::Evenly, Style::LineOdds, Style::Hardways, Style::Martingale, Style::Colluders];

    /// Its name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Style::Any => "any",
            Style::Evenly => "evenly",
            Style::LineOdds => "line_odds",
            Style::Hardways => "hardways",
            Style::Martingale => "martingale",
            Style::Colluders => "colluders",
        }
    }
}

/// Players that come and go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Visits {
    /// How long one stays, on average.
    pub stay: Span,
    /// How long it is away, on average.
    pub away: Span,
}

/// A game that the tables play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Game {
    /// Bank craps.
    Craps,
}

/// The house's policy, as far as a scenario changes it (docs/treasury.md).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct House {
    /// The share of what the bank owns that it never puts behind bets.
    pub reserve: Percent,
    /// The most that the next roll of one table may cost; `None`: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_loss: Option<u64>,
    /// The same for all tables together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_loss: Option<u64>,
    /// The share of the full Kelly limit that each bet may win; `None`: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kelly: Option<Percent>,
    /// What a command costs.
    pub fee: u64,
    /// Who gets the fees.
    pub fees_to: FeesTo,
    /// What each block mints for those who signed the one before, if all did; `None`: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reward: Option<u64>,
    /// What an offence costs a validator, of its stake.
    pub slash: Percent,
}

/// Who gets the fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeesTo {
    /// The validators, by their power.
    Validators,
    /// Nobody: they are burnt.
    Nobody,
}

impl Default for House {
    fn default() -> House {
        House {
            reserve: Percent::ZERO,
            table_loss: None,
            total_loss: None,
            kelly: None,
            fee: 0,
            fees_to: FeesTo::Validators,
            reward: None,
            slash: Percent::from_whole(10),
        }
    }
}
