//! Treasury and tables composed: a block in, a state root out.
//!
//! [`Bank`] and [`Table`] are the halves that actors run separately; [`Casino`] is their sequential composition, for
//! search, for replay and for the oracle. Both ways give the same root. What a block is, and what a player signs, stands
//! in [`Block`] and [`SignedCommand`]; [`Blobs`] are in a block too, and change nothing. Which block follows which is decided by consensus, not here.

mod bank;
mod blobs;
mod block;
mod casino;
mod command;
mod committee;
mod dice;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod genesis;
mod policy;
mod table;
#[cfg(test)]
mod testing;

pub use bank::{AuditError, Bank, Reason, Refusal, Stake};
pub use blobs::{Blobs, BlobsError};
pub use block::{Attendance, Block, BlockError, Offence};
pub use casino::{Casino, SnapshotError};
pub use command::{Action, Bet, Command, SignedCommand};
pub use committee::{Committee, Committees, DiceKey, Handover, HandoverError, Terms};
pub use dice::seed_of;
pub use genesis::{Genesis, GenesisError, GenesisValidator, TableConfig};
pub use policy::{
    Fee, FeesTo, Fraction, Kelly, Kept, PerMille, Policy, PolicyError, Reserve, StakePolicy, stake_account,
};
pub use table::{Answer, AnswerTo, Order, Orders, Play, Table, TableReport};
