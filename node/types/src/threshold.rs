//! Threshold signatures, whatever the scheme: a secret that nobody has whole. The production scheme is BLS12-381, in the
//! crate `bitcraps-beacon`.

use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// What one share of the secret makes of a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct PartialSignature(pub [u8; 96]);

/// What enough partial signatures of one message give together: always the same, whichever they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct ThresholdSignature(pub [u8; 96]);

/// The public half of a shared secret, in the form of its scheme. With it anyone checks signatures.
#[derive(Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GroupKey(pub Vec<u8>);

/// A shared secret as one node sees it: the public half, and the shares that the node holds. Pure: the same arguments
/// always give the same answer.
pub trait ThresholdKey {
    /// Signs with each share that this node holds, in the order of their numbers.
    fn sign(&self, message: &[u8]) -> Vec<PartialSignature>;
    /// Whether `partial` was made of `message` with the share of this number.
    fn verify_partial(&self, message: &[u8], share: u32, partial: &PartialSignature) -> bool;
    /// What these partial signatures give, each with the number of its share; more than needed are left out. `None`: they
    /// are too few, or one of those taken is wrong.
    fn combine(&self, message: &[u8], partials: &[(u32, PartialSignature)]) -> Option<ThresholdSignature>;
    /// Whether it is the group's signature of `message`.
    fn verify(&self, message: &[u8], signature: &ThresholdSignature) -> bool;
}

fn debug(name: &str, bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{name}:")?;
    bytes.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Debug for PartialSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("partial", &self.0, f)
    }
}

impl fmt::Debug for ThresholdSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("threshold", &self.0, f)
    }
}

impl fmt::Debug for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("group", &self.0, f)
    }
}
