//! Why the bank refuses commands.

use bitcraps_tables::BetError;
use bitcraps_treasury::LedgerError;
use bitcraps_types::{AccountId, Amount};

/// A command of the last block that changed nothing, save that its sequence number may be used up and its fee paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The account of the key in it; with a bad signature, not necessarily its sender.
    pub account: AccountId,
    /// Its number.
    pub sequence: u64,
    /// Why.
    pub reason: Reason,
}

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The key's holder did not sign it for this chain.
    #[error("the signature is not valid")]
    Signature,
    /// The ledger refused: an unknown account, a used sequence number, too little money.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The account has less than the fee.
    #[error("the fee can't be paid: {available} available")]
    Fee {
        /// What it has.
        available: Amount,
    },
    /// The transfer would open one account more than [`Bank::MAX_ACCOUNTS`](crate::Bank::MAX_ACCOUNTS).
    #[error("there are too many accounts to open another")]
    TooManyAccounts,
    /// The house has less free money than the bet can cost it.
    #[error("the bank can't cover the bet: {available} available")]
    BankCannotCover {
        /// What it has.
        available: Amount,
    },
    /// The bet would reach into what the bank keeps back.
    #[error("the bank keeps a reserve: {left} left for bets")]
    BankReserve {
        /// What may still stand behind bets.
        left: Amount,
    },
    /// The bet could win more than its Kelly limit.
    #[error("the bet may win at most {most}, by its edge and the bank's money")]
    KellyLimit {
        /// The limit.
        most: Amount,
    },
    /// No such table.
    #[error("there is no such table")]
    UnknownTable,
    /// Only a bet's owner takes it down.
    #[error("the bet is another's")]
    NotYourBet,
    /// Only validators have stakes, and only where the policy asks for them.
    #[error("the key has no stake")]
    NoStake,
    /// The validator's power requires the rest of its stake.
    #[error("only {left} more than the validator's power requires")]
    StakeRequired {
        /// What can be unbonded.
        left: Amount,
    },
    /// So many parts of the validator's stake are unbonding already.
    #[error("too many parts of the stake are unbonding")]
    TooManyUnbondings,
    /// The table's limits, or its state, don't allow it.
    #[error(transparent)]
    Table(BetError),
}
