//! The consensus engines as pure state machines, behind one trait.
//!
//! An engine decides one [`Value`](bitcraps_types::Value) per height. It has no clock, no entropy, no I/O and no
//! keys: its host (the round actor, or a test) verifies what comes in, signs what goes out, writes what must be
//! durable, and feeds the outcomes back. [`engine`] is that contract; [`pbft`], [`tendermint`] and [`hotstuff`] fulfil it.

mod any;
mod backoff;
mod certificate;
pub mod engine;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
pub mod hotstuff;
mod inbox;
pub mod museum;
pub mod pbft;
mod signed;
pub mod tendermint;
#[cfg(test)]
mod tests;
mod transitions;
mod validators;
mod values;

pub use any::{AnyEngine, AnyEntry, AnyMessage, AnyStatement, OtherProtocol};
pub use certificate::{Certificate, CertificateError, commit_bytes};
pub use engine::{Config, Dest, Engine, Input, Output, Seq, Timer, TimerKind};
pub use hotstuff::HotStuff;
pub use pbft::Pbft;
pub use signed::{Evidence, EvidenceError, Invalid, Message, SignBytes, Signed, Verified};
pub use tendermint::Tendermint;
pub use transitions::transitions;
pub use validators::{Validator, ValidatorSet, ValidatorSetError};
