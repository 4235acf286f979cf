//! The audit log: an append-only Merkle tree over everything that happened, and the proofs that need no trust.
//!
//! The tree is that of Certificate Transparency (RFC 9162 section 2.1; RFC 6962 has the same), over SHA-256: so any
//! verifier of such logs checks these proofs. Whoever appends keeps only [`Log`], one hash for each full subtree; whoever
//! has all leaves makes the proofs; whoever has a root checks them.

use bitcraps_types::Digest;
use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest as _, Sha256};

#[cfg(test)]
mod tests;

/// The root of a log and what it takes to append to it: at most 64 hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Log {
    size: u64,
    /// The roots of the full subtrees that the leaves fall into, the largest first: one for each bit of the size.
    peaks: Vec<Digest>,
}

impl Log {
    /// Appends a leaf by its [hash](leaf_hash).
    pub fn append(&mut self, leaf: Digest) {
        let full = self.size.trailing_ones() as usize;
        let kept = self.peaks.len() - full;
        let subtree = self.peaks.drain(kept..).rev().fold(leaf, |right, left| node(&left, &right));
        self.peaks.push(subtree);
        self.size += 1;
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hash of the whole tree.
    pub fn root(&self) -> Digest {
        let joined = self.peaks.iter().rev().copied().reduce(|right, left| node(&left, &right));
        joined.unwrap_or_else(|| Digest(Sha256::digest([]).into()))
    }

    /// Whether there are as many hashes as the size needs; always, save in what came from elsewhere.
    pub(crate) fn is_sound(&self) -> bool {
        self.peaks.len() == self.size.count_ones() as usize && self.size < u64::MAX
    }
}

/// The hash of a leaf.
pub fn leaf_hash(bytes: &[u8]) -> Digest {
    Digest(Sha256::new().chain_update([0]).chain_update(bytes).finalize().into())
}

fn node(left: &Digest, right: &Digest) -> Digest {
    Digest(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// The hash of the tree over these leaves.
pub fn root_of(leaves: &[Digest]) -> Digest {
    let mut log = Log::default();
    leaves.iter().for_each(|leaf| log.append(*leaf));
    log.root()
}

/// What proves that the leaf at `index` is in the tree over `leaves`: section 2.1.3.1. `None` if there is none.
pub fn inclusion_proof(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut leaves, mut index, mut proof) = (leaves, index, Vec::new());
    while leaves.len() > 1 {
        let (left, right) = leaves.split_at(largest_power_of_two_below(leaves.len()));
        if index < left.len() {
            proof.push(root_of(right));
            leaves = left;
        } else {
            proof.push(root_of(left));
            index -= left.len();
            leaves = right;
        }
    }
    proof.reverse();
    Some(proof)
}

/// What proves that the tree over the first `old` leaves only grew into the tree over all: section 2.1.4.1. `None` unless
/// there are that many, and at least one.
pub fn consistency_proof(leaves: &[Digest], old: usize) -> Option<Vec<Digest>> {
    if old == 0 || old > leaves.len() {
        return None;
    }
    let (mut leaves, mut old, mut proof, mut whole) = (leaves, old, Vec::new(), true);
    while old < leaves.len() {
        let (left, right) = leaves.split_at(largest_power_of_two_below(leaves.len()));
        if old <= left.len() {
            proof.push(root_of(right));
            leaves = left;
        } else {
            proof.push(root_of(left));
            old -= left.len();
            (leaves, whole) = (right, false);
        }
    }
    // The verifier knows the root of the old tree: only a part of it is told.
    if !whole {
        proof.push(root_of(leaves));
    }
    proof.reverse();
    Some(proof)
}

fn largest_power_of_two_below(n: usize) -> usize {
    1 << (n - 1).ilog2()
}

/// Whether the proof shows the leaf at `index` of a tree of `size` leaves with this root: section 2.1.3.2.
pub fn verify_inclusion(leaf: &Digest, index: u64, size: u64, proof: &[Digest], root: &Digest) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            let up = if at & 1 == 0 { at.trailing_zeros().min(63) } else { 0 };
            (at, last) = (at >> up, last >> up);
        } else {
            hash = node(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Whether the proof shows that the tree of `old` leaves with the one root only grew into the tree of `new` leaves with the
/// other: section 2.1.4.2. Everything follows the empty tree, and a tree follows itself, by an empty proof.
pub fn verify_consistency(old: (u64, &Digest), new: (u64, &Digest), proof: &[Digest]) -> bool {
    let ((old, old_root), (new, new_root)) = (old, new);
    if old == 0 {
        return proof.is_empty() && *old_root == root_of(&[]);
    }
    if old >= new {
        return old == new && old_root == new_root && proof.is_empty();
    }
    let mut proof = proof.iter();
    let first = if old.is_power_of_two() { Some(old_root) } else { proof.next() };
    let Some(&first) = first else { return false };
    let up = (old - 1).trailing_ones();
    let (mut at, mut last) = ((old - 1) >> up, (new - 1) >> up);
    let (mut of_old, mut of_new) = (first, first);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            of_old = node(sibling, &of_old);
            of_new = node(sibling, &of_new);
            let up = if at & 1 == 0 { at.trailing_zeros().min(63) } else { 0 };
            (at, last) = (at >> up, last >> up);
        } else {
            of_new = node(&of_new, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && of_old == *old_root && of_new == *new_root
}
