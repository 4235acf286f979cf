//! What is asked of the ledger and what it answers.

use crate::Slot;
use bitcraps_types::{AccountId, Amount};
use borsh::{BorshDeserialize, BorshSerialize};

/// Names what moved: no two movements ever have the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct TransferId {
    /// Whose command it is.
    pub account: AccountId,
    /// The command's sequence number.
    pub sequence: u64,
    /// Which of the command's transfers.
    pub leg: u8,
}

/// Names an escrow: the command that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct EscrowId {
    /// Whose it is.
    pub account: AccountId,
    /// The command's sequence number.
    pub sequence: u64,
}

/// Money from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transfer {
    /// Its name.
    pub id: TransferId,
    /// Who gives.
    pub debit: AccountId,
    /// Who gets.
    pub credit: AccountId,
    /// How much, at least 1.
    pub amount: Amount,
}

/// A sequence number that was just used up: the right to move money once under its name.
///
/// The ledger gives it out once for each number, and nobody can copy it. So a command that is asked for twice is done
/// once, whatever its executor does.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    pub(crate) slot: Slot,
    pub(crate) account: AccountId,
    pub(crate) sequence: u64,
    /// How many transfers it was used for.
    pub(crate) legs: u8,
}

impl Claim {
    /// Whose number it is.
    pub fn account(&self) -> AccountId {
        self.account
    }
}

/// Money that two sides have set aside until something is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escrow {
    /// The other side.
    pub with: Slot,
    /// What its owner may lose to the other side; at least 1.
    pub stake: Amount,
    /// What the other side may lose to its owner.
    pub cover: Amount,
}

/// How an escrow ends. What does not move is free again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Verdict {
    /// The owner keeps the stake and gets so much of the cover.
    Won(Amount),
    /// The other side gets the stake.
    Lost,
    /// Nothing moves.
    Returned,
}

/// Why the ledger refused. It is unchanged then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, thiserror::Error)]
pub enum LedgerError {
    /// No such account.
    #[error("no such account")]
    UnknownAccount,
    /// The account has less than that to spend.
    #[error("only {available} available")]
    Insufficient {
        /// What it has.
        available: Amount,
    },
    /// The other side of an escrow has less than the cover to spend.
    #[error("the other side has only {available} available")]
    Uncovered {
        /// What it has.
        available: Amount,
    },
    /// The amount is 0.
    #[error("the amount is 0")]
    NoAmount,
    /// Both sides are one account.
    #[error("both sides are one account")]
    SameAccount,
    /// Only [`Ledger::issue`](crate::Ledger::issue) and [`burn`](crate::Ledger::burn) move money from or to the issue
    /// account.
    #[error("the issue account takes part in no transfer")]
    IssueAccount,
    /// The sequence number was used, or is too far below the highest to know.
    #[error("the sequence number was used, or is too far below {highest}")]
    SequenceUsed {
        /// The highest number used.
        highest: u64,
    },
    /// No escrow has the name, or it is resolved.
    #[error("there is no such escrow")]
    NoEscrow,
    /// More than the cover.
    #[error("only {cover} are set aside")]
    AboveCover {
        /// What was set aside.
        cover: Amount,
    },
    /// A total or the supply would not fit.
    #[error("the sum does not fit")]
    Overflow,
}
