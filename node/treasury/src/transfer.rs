//! What is asked of the ledger and what it answers.

use bitcraps_types::{AccountId, Amount};
use borsh::{BorshDeserialize, BorshSerialize};

/// Names a transfer: the client's own name for it, and so the key of idempotence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct TransferId {
    /// Whose command it is.
    pub account: AccountId,
    /// The command's sequence number.
    pub sequence: u64,
    /// Which of the command's transfers.
    pub leg: u8,
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

/// Whether a request changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It did.
    Now,
    /// The same request was done before; nothing changed.
    Before,
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
    /// The id stands for another request.
    #[error("the id stands for another request")]
    IdReused,
    /// The id is too old to know whether it was used.
    #[error("the id is forgotten")]
    Forgotten,
    /// The account has not claimed this sequence number.
    #[error("the sequence number was not claimed")]
    Unclaimed,
    /// The sequence number was used, or is too far below the highest to know.
    #[error("the sequence number was used, or is too far below {highest}")]
    SequenceUsed {
        /// The highest number used.
        highest: u64,
    },
    /// Nothing is reserved under the id.
    #[error("nothing is reserved under the id")]
    NotReserved,
    /// The reserve was posted or voided before.
    #[error("the reserve is resolved")]
    Resolved,
    /// More than was reserved.
    #[error("only {reserved} reserved")]
    AboveReserve {
        /// What was.
        reserved: Amount,
    },
    /// A total or the supply would not fit.
    #[error("the sum does not fit")]
    Overflow,
}
