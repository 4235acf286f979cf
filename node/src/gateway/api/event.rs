//! What is told on the stream of events.

use super::bet::BetName;
use super::chain::millis;
use super::command::{BetId, Ended, Status};
use crate::hex::Hex;
use crate::view::{BetNews, BlockNews, CommandNews, Head, TableNews};
use bitcraps_tables::craps;
use bitcraps_types::{Amount, Height};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A block was applied. The events of the block follow.
    Block {
        /// Its number.
        height: Height,
        /// Its digest.
        #[schema(value_type = String)]
        digest: Hex<32>,
        /// The state root after it.
        #[schema(value_type = String)]
        root: Hex<32>,
        /// Milliseconds since 1970 by the proposer's clock.
        time_ms: u64,
        /// The round that decided it: 0, unless a proposer failed or a message was late.
        round: u32,
        /// How many commands it has.
        commands: usize,
        /// The validator that proposed it.
        proposer: u16,
        /// How many blobs it has.
        blobs: usize,
        /// Their bytes together.
        blob_bytes: usize,
    },
    /// A table rolled.
    Roll {
        /// In this block.
        height: Height,
        /// Which table.
        table: u32,
        /// The two dice.
        #[schema(value_type = Vec<u8>)]
        dice: [u8; 2],
        /// Their sum.
        total: u8,
        /// The point afterwards; absent before a come-out roll.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        point: Option<u8>,
        /// The account that threw; absent if it was the house.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        shooter: Option<Hex<32>>,
    },
    /// A bet went up or ended.
    Bet {
        /// In this block.
        height: Height,
        /// At this table.
        table: u32,
        /// Its name.
        id: BetId,
        /// On what.
        #[schema(value_type = String, example = "pass_line")]
        bet: BetName,
        /// How much.
        stake: Amount,
        /// How it ended; absent if it went up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ended: Option<Ended>,
    },
    /// Something became of a command.
    Command {
        /// Whose; absent if the node turned it away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        account: Option<Hex<32>>,
        /// What.
        status: Status,
    },
    /// The node took a whole state over: what lies between the last event and this is not told.
    Restored {
        /// The height of the state.
        height: Height,
        /// The state root.
        #[schema(value_type = String)]
        root: Hex<32>,
    },
}

impl Event {
    /// A block.
    pub fn block(news: &BlockNews) -> Event {
        let Head { height, digest, root, time } = news.head;
        Event::Block {
            height,
            digest: Hex(digest.0),
            root: Hex(root.0),
            time_ms: millis(time),
            round: news.round,
            commands: news.commands.len(),
            proposer: news.proposer.0,
            blobs: news.blobs.0,
            blob_bytes: news.blobs.1,
        }
    }

    /// A roll; `None` if the table played without one.
    pub fn roll(height: Height, news: &TableNews) -> Option<Event> {
        let dice = news.dice?;
        Some(Event::Roll {
            height,
            table: news.table.0,
            dice: [dice.a(), dice.b()],
            total: dice.total(),
            point: news.point.map(craps::Number::total),
            shooter: news.shooter.map(|shooter| Hex(shooter.0.0)),
        })
    }

    /// A bet.
    pub fn bet(height: Height, news: &BetNews) -> Event {
        Event::Bet {
            height,
            table: news.table.0,
            id: news.id.into(),
            bet: BetName(news.bet),
            stake: news.stake,
            ended: news.end.map(|end| Ended::of(height, end)),
        }
    }

    /// A command that a block has.
    pub fn command(news: &CommandNews) -> Event {
        let account = Some(Hex(news.account.0.0));
        Event::Command { account, status: Status::of(news.id, &news.outcome) }
    }
}
