//! A Merkle tree that rehashes only what was touched.
//!
//! Accounts fall into 256 buckets by the first byte of their id, which keeps them sorted. Ids are digests, so buckets
//! fill evenly. Sixteen buckets make a group, sixteen groups the root. A touched account costs its bucket, one group
//! and the root; an untouched tree costs nothing.

use bitcraps_types::{AccountId, Digest};

const FAN_OUT: usize = 16;
const BUCKETS: usize = FAN_OUT * FAN_OUT;

/// The cached hashes. A new tree counts every bucket as touched.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// One bit per bucket, a word per group.
    touched: [u16; FAN_OUT],
    buckets: Vec<Digest>,
    groups: [Digest; FAN_OUT],
    root: Digest,
}

impl Default for Tree {
    fn default() -> Self {
        Tree {
            touched: [u16::MAX; FAN_OUT],
            buckets: vec![Digest::ZERO; BUCKETS],
            groups: [Digest::ZERO; FAN_OUT],
            root: Digest::ZERO,
        }
    }
}

impl Tree {
    /// Notes that an account, or something that is filed under it, changed.
    pub(crate) fn touch(&mut self, account: &AccountId) {
        let bucket = usize::from(account.0.0[0]);
        self.touched[bucket / FAN_OUT] |= 1 << (bucket % FAN_OUT);
    }

    /// The root; `digest_of` gives the digest of the bucket of the accounts whose ids begin with a byte.
    pub(crate) fn root(&mut self, digest_of: impl Fn(u8) -> Digest) -> Digest {
        if self.touched == [0; FAN_OUT] {
            return self.root;
        }
        for group in 0..FAN_OUT {
            let touched = std::mem::take(&mut self.touched[group]);
            if touched == 0 {
                continue;
            }
            let first = group * FAN_OUT;
            for i in (0..FAN_OUT).filter(|i| touched & (1 << i) != 0) {
                let bucket = u8::try_from(first + i).expect("there are 256 buckets");
                self.buckets[first + i] = digest_of(bucket);
            }
            self.groups[group] = node("ledger/group", &self.buckets[first..first + FAN_OUT]);
        }
        self.root = node("ledger/tree", &self.groups);
        self.root
    }
}

fn node(domain: &str, children: &[Digest]) -> Digest {
    let mut bytes = [0; 32 * FAN_OUT];
    for (slot, child) in bytes.chunks_exact_mut(32).zip(children) {
        slot.copy_from_slice(&child.0);
    }
    Digest::of(domain, &bytes)
}
