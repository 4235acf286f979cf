//! Plain types that every subsystem shares: identities, digests, time, amounts, signatures.
//!
//! Nothing here decides anything. A core may depend on this crate and on no other subsystem.

mod digest;
pub mod ed25519;
mod gcd;
mod identity;
mod merkle;
mod protocol;
mod signature;
mod threshold;
mod time;
mod value;

pub use digest::{ChainId, Digest};
pub use gcd::gcd;
pub use identity::{AccountId, Height, Round, TableId, ValidatorIndex};
pub use merkle::merkle_root;
pub use protocol::Protocol;
pub use signature::{Claim, PublicKey, Sign, Signature, Verify, verify_each};
pub use threshold::{GroupKey, PartialSignature, ThresholdKey, ThresholdSignature};
pub use time::{Time, WallTime};
pub use value::Value;

/// Money: a whole number of the smallest unit. No float comes near it.
pub type Amount = u64;
