//! Digests, separated by domain: BLAKE3, and SHA-256 where that is faster.

use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest as _, Sha256};
use std::cmp::Ordering;
use std::fmt;

/// A 32-byte digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, BorshSerialize, BorshDeserialize)]
pub struct Digest(pub [u8; 32]);

/// That of the bytes. Digests are the keys of nearly all maps, and the first eight bytes of two nearly always differ.
impl Ord for Digest {
    fn cmp(&self, other: &Digest) -> Ordering {
        self.head().cmp(&other.head()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Digest {
    fn partial_cmp(&self, other: &Digest) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The digest of the genesis: what separates one network's signatures from another's.
pub type ChainId = Digest;

impl Digest {
    /// All zeros: the parent of the first block, and nothing's digest.
    pub const ZERO: Digest = Digest([0; 32]);

    /// The digest of `bytes` in a domain. Two domains never give the same digest for the same bytes
    /// (the domain is length-prefixed and hashed first).
    pub fn of(domain: &str, bytes: &[u8]) -> Digest {
        // What is hashed most often is short: gathered first, it is hashed in half the time.
        let mut short = [0; Self::SHORT];
        let from = 1 + domain.len();
        let Some(all) = short.get_mut(..from + bytes.len()) else {
            let mut hasher = DomainHasher::new(domain);
            hasher.update(bytes);
            return hasher.finish();
        };
        all[0] = domain_length(domain);
        all[1..from].copy_from_slice(domain.as_bytes());
        all[from..].copy_from_slice(bytes);
        Digest(*blake3::hash(all).as_bytes())
    }

    /// The SHA-256 digest of `bytes` in a domain: for what is hashed in pieces of some hundred bytes, very often.
    /// Processors have instructions for it, and BLAKE3 is fast on long inputs only.
    pub fn sha256(domain: &str, bytes: &[u8]) -> Digest {
        let hasher = Sha256::new().chain_update([domain_length(domain)]).chain_update(domain);
        Digest(hasher.chain_update(bytes).finalize().into())
    }

    /// The first eight bytes as a number, which orders digests as their bytes do.
    pub fn head(&self) -> u64 {
        self.0.first_chunk().map_or(0, |head| u64::from_be_bytes(*head))
    }

    const SHORT: usize = 128;

    /// The first eight hexadecimal digits, for people.
    pub fn short(&self) -> String {
        self.0[..4].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn domain_length(domain: &str) -> u8 {
    u8::try_from(domain.len()).expect("a domain is a short literal")
}

/// A [`Digest`] computed piece by piece.
pub(crate) struct DomainHasher(blake3::Hasher);

impl DomainHasher {
    pub(crate) fn new(domain: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[domain_length(domain)]);
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_digest() -> impl Strategy<Value = Digest> {
        // Few values, so that many digests begin alike.
        prop::collection::vec(0..3u8, 32).prop_map(|bytes| Digest(bytes.try_into().unwrap()))
    }

    proptest! {
        #[test]
        fn digests_are_ordered_as_their_bytes(a in any_digest(), b in any_digest(), same in 0..=32usize) {
            let mut b = b;
            b.0[..same].copy_from_slice(&a.0[..same]);
            prop_assert_eq!(a.cmp(&b), a.0.cmp(&b.0));
        }

        #[test]
        fn a_digest_depends_on_where_the_domain_ends(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = [&b"a"[..], &bytes].concat();
            prop_assert_ne!(Digest::of("domain", &text), Digest::of("domaina", &bytes));
            prop_assert_ne!(Digest::sha256("domain", &text), Digest::sha256("domaina", &bytes));
            let mut pieces = DomainHasher::new("domain");
            text.iter().for_each(|byte| pieces.update(&[*byte]));
            prop_assert_eq!(Digest::of("domain", &text), pieces.finish(), "short or long");
        }
    }
}
