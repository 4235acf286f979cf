//! Names of things: validators, accounts, tables, heights, rounds.

use crate::{Digest, PublicKey};
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// The number of a block, from 1. Height 0 is the genesis.
pub type Height = u64;

/// An attempt to decide a height, from 0.
pub type Round = u32;

/// A validator's position in the validator set of its height.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct ValidatorIndex(pub u16);

impl ValidatorIndex {
    /// The position as an index into a slice.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Debug for ValidatorIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl fmt::Display for ValidatorIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Who owns money: the digest of a public key, or of a name that no key has (the bank, the issue).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct AccountId(pub Digest);

impl AccountId {
    /// The account that a key controls.
    pub fn of_key(key: &PublicKey) -> AccountId {
        AccountId(Digest::of("account/key", &key.0))
    }

    /// An account of the house, which no key controls.
    pub fn of_house(name: &str) -> AccountId {
        AccountId(Digest::of("account/house", name.as_bytes()))
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0.short())
    }
}

/// A table's number, fixed in the genesis.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct TableId(pub u32);

impl fmt::Debug for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}", self.0)
    }
}
