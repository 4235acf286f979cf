//! BLAKE3 digests, separated by domain.

use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// A 32-byte BLAKE3 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize)]
pub struct Digest(pub [u8; 32]);

/// The digest of the genesis: what separates one network's signatures from another's.
pub type ChainId = Digest;

impl Digest {
    /// All zeros: the parent of the first block, and nothing's digest.
    pub const ZERO: Digest = Digest([0; 32]);

    /// The digest of `bytes` in a domain. Two domains never give the same digest for the same bytes
    /// (the domain is length-prefixed and hashed first).
    pub fn of(domain: &str, bytes: &[u8]) -> Digest {
        let mut hasher = DomainHasher::new(domain);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The first eight hexadecimal digits, for people.
    pub fn short(&self) -> String {
        self.0[..4].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A [`Digest`] computed piece by piece.
pub(crate) struct DomainHasher(blake3::Hasher);

impl DomainHasher {
    pub(crate) fn new(domain: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        let length = u8::try_from(domain.len()).expect("a domain is a short literal");
        hasher.update(&[length]);
        hasher.update(domain.as_bytes());
        DomainHasher(hasher)
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}
