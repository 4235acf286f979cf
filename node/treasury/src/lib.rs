//! The double-entry ledger as a pure state machine.
//!
//! Money moves between accounts by transfers, at once or in two phases. The ledger knows nothing of bets and blocks;
//! who may move what is decided by its caller. Everything that happens is a leaf of the [log].

mod account;
mod ledger;
pub mod log;
mod sequence;
mod split;
mod transfer;
mod tree;

pub use account::Account;
pub use ledger::{Event, Ledger, LedgerFault};
pub use log::Log;
pub use sequence::Sequences;
pub use split::split;
pub use transfer::{Applied, LedgerError, Transfer, TransferId};
