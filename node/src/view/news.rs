//! What is told to those who watch, once per block.

use super::{BetEnd, CommandView, Head};
use bitcraps_casino::Bet;
use bitcraps_tables::{BetId, Dice, craps};
use bitcraps_types::{AccountId, Amount, Digest, Round, TableId, ValidatorIndex};
use std::sync::Arc;

/// One thing that happened. Cheap to clone.
#[derive(Clone, Debug)]
pub enum News {
    /// A block was applied.
    Block(Arc<BlockNews>),
    /// The node turned a command away.
    TurnedAway {
        /// Which.
        id: Digest,
        /// Why.
        why: &'static str,
    },
    /// The node took a whole state over: blocks in between are not told of.
    Restored(Head),
}

/// All that a block did.
#[derive(Debug)]
pub struct BlockNews {
    /// The block.
    pub head: Head,
    /// The round that decided it.
    pub round: Round,
    /// Who proposed it.
    pub proposer: ValidatorIndex,
    /// How many blobs it has, and their bytes.
    pub blobs: (usize, usize),
    /// Its commands, in its order.
    pub commands: Vec<CommandNews>,
    /// The tables that played.
    pub rolls: Vec<TableNews>,
    /// Bets that went up or ended, in the order in which they did at each table.
    pub bets: Vec<BetNews>,
}

/// What became of a command.
#[derive(Clone, Copy, Debug)]
pub struct CommandNews {
    /// Its id.
    pub id: Digest,
    /// Whose it says it is.
    pub account: AccountId,
    /// What became of it.
    pub outcome: CommandView,
}

/// A table played.
#[derive(Clone, Copy, Debug)]
pub struct TableNews {
    /// Which.
    pub table: TableId,
    /// The dice, if any bet was up.
    pub dice: Option<Dice>,
    /// Who threw them; `None`: the house, or nobody.
    pub shooter: Option<AccountId>,
    /// The point afterwards.
    pub point: Option<craps::Number>,
}

/// A bet went up or ended.
#[derive(Clone, Copy, Debug)]
pub struct BetNews {
    /// Where.
    pub table: TableId,
    /// Its name.
    pub id: BetId,
    /// On what.
    pub bet: Bet,
    /// How much.
    pub stake: Amount,
    /// How it ended; `None`: it went up.
    pub end: Option<BetEnd>,
}
