//! The actors of a node, and the ports through which they reach the world.
//!
//! An actor owns one core, turns messages into inputs and outputs into messages, and decides nothing itself. It
//! knows nothing of where it runs: time, entropy, links, disk and keys come through [`ports`]. [`node::start`] builds
//! a whole node from [`ports::Ports`] and [`config::NodeConfig`].
//!
//! ```text
//! links ⇄ transport ⇄ mempool, round, dice ⇄ sync ⇄ treasury ⇄ table (one per table)
//!             ⇅
//!           peer (one per link)
//! ```

mod boot;
mod chain;
pub mod committee;
pub mod config;
mod deadlines;
mod dice;
mod disk;
pub mod event_log;
pub mod files;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod high_water;
mod journal;
mod listeners;
mod mempool;
mod message;
pub mod node;
mod peer;
pub mod ports;
mod round;
mod store;
mod sync;
mod table;
mod transport;
mod treasury;
mod verifications;
pub mod wire;

/// Whether the hooks of the testbed are built in.
pub const BYZANTINE: bool = cfg!(feature = "byzantine");

pub use boot::BootError;
pub use journal::JournalError;
pub use peer::handshake::{Hello, PROTOCOL_VERSION, Proof};
