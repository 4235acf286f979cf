//! The double-entry ledger as a pure state machine.
//!
//! Money moves between accounts by transfers, or is set aside by two sides until something is decided. The ledger knows
//! nothing of bets and blocks; who may move what is decided by its caller. Everything that happens is on a [page](Page) of
//! the journal, and each page is a leaf of the [log].

mod account;
mod accounts;
mod journal;
mod ledger;
pub mod log;
mod sequence;
mod split;
mod transfer;

pub use account::Account;
pub use accounts::Slot;
pub use journal::Page;
pub use ledger::{Event, Ledger, LedgerFault};
pub use log::Log;
pub use sequence::Sequences;
pub use split::split;
pub use transfer::{Claim, Escrow, EscrowId, LedgerError, Transfer, TransferId, Verdict};
