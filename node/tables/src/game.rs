//! What every game offers to the casino: bets go up, come down, and are settled by a roll.

use crate::Dice;
use bitcraps_types::{AccountId, Amount};
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// Names a bet: the command that made it. No two bets ever have the same name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct BetId {
    /// Who bets.
    pub account: AccountId,
    /// The sequence number of the account's command.
    pub sequence: u64,
}

impl fmt::Debug for BetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}#{}", self.account, self.sequence)
    }
}

/// A game at one table: a pure state machine.
pub trait Game: Sized {
    /// What is fixed for the table.
    type Rules;
    /// What can be bet on.
    type Bet;

    /// The most that the house can lose on a bet beyond returning its stake, whatever the table's state and the dice.
    /// Checks the stake against the table's limits.
    fn exposure(rules: &Self::Rules, bet: &Self::Bet, stake: Amount) -> Result<Amount, BetError>;

    /// Puts a bet up. Refuses what [`exposure`](Game::exposure) refuses, and what the table's state doesn't allow.
    fn place(&mut self, id: BetId, bet: Self::Bet, stake: Amount) -> Result<(), BetError>;

    /// Takes a bet down, and with it the bets that depend on it. The named bet comes first in the answer.
    fn take_down(&mut self, id: BetId) -> Result<Vec<TakenDown>, BetError>;

    /// Settles what the dice decide, in the order of the bets' ids. A settled bet is no longer open.
    fn roll(&mut self, dice: Dice) -> Vec<Settlement>;

    /// The bets that are up, in the order of their ids.
    fn open_bets(&self) -> impl Iterator<Item = OpenBet<Self::Bet>> + '_;

    /// Whether any bet is up.
    fn has_open_bets(&self) -> bool;
}

/// A bet that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenBet<B> {
    /// Its name.
    pub id: BetId,
    /// What it is on.
    pub bet: B,
    /// What was put up.
    pub stake: Amount,
}

/// A bet that its player took down, unresolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TakenDown {
    /// Its name.
    pub bet: BetId,
    /// What the player gets back.
    pub stake: Amount,
}

/// The end of a bet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Settlement {
    /// Its name.
    pub bet: BetId,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a bet ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// The stake returns, and the house pays `payout` on top.
    Won {
        /// Beyond the stake; 0 when all of it was rounded away.
        payout: Amount,
    },
    /// The house keeps the stake.
    Lost,
    /// The stake returns.
    Pushed,
}

/// Why a bet was not placed or not taken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, thiserror::Error)]
pub enum BetError {
    /// Less than the table's minimum.
    #[error("the stake is below the minimum of {min}")]
    StakeTooSmall {
        /// The least stake.
        min: Amount,
    },
    /// More than the table's maximum, or than the odds that the base bet carries.
    #[error("the stake is above the maximum of {max}")]
    StakeTooLarge {
        /// The largest stake.
        max: Amount,
    },
    /// The stake can't be made of whole chips.
    #[error("the stake is not a multiple of {unit}")]
    NotInUnits {
        /// The smallest chip.
        unit: Amount,
    },
    /// The table, or the player's part of it, is full.
    #[error("too many open bets")]
    TooManyBets,
    /// A bet with this id is up.
    #[error("a bet with this id is up")]
    DuplicateId,
    /// No such bet is up.
    #[error("no such bet is up")]
    UnknownBet,
    /// The bet is made only while a point is on.
    #[error("the bet needs a point")]
    NeedsPoint,
    /// The bet is made only before the come-out roll.
    #[error("the bet is made before the come-out roll only")]
    NeedsComeOut,
    /// The bet is made only before a shooter's first roll.
    #[error("the bet is made before a shooter's first roll only")]
    NeedsNewShooter,
    /// The base bet does not take this kind of odds.
    #[error("the base bet takes no such odds")]
    NoSuchOdds,
    /// A contract bet stays up until the dice decide it.
    #[error("a contract bet stays up")]
    Contract,
    /// The next roll could cost the house more than the table may lose.
    #[error("the table may lose only {left} more on this roll")]
    AboveLossLimit {
        /// What it may lose beyond the worst that the bets before can cost.
        left: Amount,
    },
    /// The table has closed: what is up is played out.
    #[error("the table is closed")]
    Closed,
}
