//! Verifications that were done before. In a simulation one process plays all nodes: a vote that is broadcast to 99
//! peers would be verified 99 times. The nodes share a verifier, and it remembers its answers.
//!
//! An answer is a pure function of key, message and signature, and is found again only by all three, byte by byte. So
//! no node can notice, and nobody can plant a wrong one.

use bitcraps_types::{PublicKey, Signature};
use std::cell::RefCell;

/// The latest answers, direct-mapped by the signature: a newer one takes the older one's place.
pub(super) struct Memo(RefCell<Vec<Option<Entry>>>);

struct Entry {
    key: PublicKey,
    signature: Signature,
    message: Vec<u8>,
    valid: bool,
}

impl Memo {
    /// The most answers that any memo holds: those of a few heights of a hundred validators, and their players'.
    pub(super) const MOST: usize = 1 << 14;
    /// Longer messages are not remembered. Votes, proposals and commands sign less.
    const LONGEST_MESSAGE: usize = 256;

    /// With room for so many answers.
    pub(super) fn new(entries: usize) -> Memo {
        Memo(RefCell::new((0..entries).map(|_| None).collect()))
    }

    /// The answer to this question, from memory or from `compute`.
    pub(super) fn answer(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &Signature,
        compute: impl FnOnce() -> bool,
    ) -> bool {
        let entries = self.0.borrow();
        if let Some(entry) = &entries[place(signature, entries.len())]
            && entry.signature == *signature
            && entry.key == *key
            && entry.message == message
        {
            return entry.valid;
        }
        drop(entries);
        let valid = compute();
        self.remember(key, message, signature, valid);
        valid
    }

    /// This is the answer.
    pub(super) fn remember(&self, key: &PublicKey, message: &[u8], signature: &Signature, valid: bool) {
        if message.len() > Self::LONGEST_MESSAGE {
            return;
        }
        let mut entries = self.0.borrow_mut();
        let place = place(signature, entries.len());
        let slot = &mut entries[place];
        let mut kept = slot.take().map_or_else(Vec::new, |entry| entry.message);
        kept.clear();
        kept.extend_from_slice(message);
        *slot = Some(Entry { key: *key, signature: *signature, message: kept, valid });
    }
}

fn place(signature: &Signature, entries: usize) -> usize {
    let [a, b, ..] = signature.0;
    usize::from(u16::from_le_bytes([a, b])) % entries
}
