//! A sign-state's slot under bytes that a stranger chose: a body for `fuzz/`.

use super::Finding;
use super::claim::Claim;
use super::slots::{MAGIC, decode, encode};
use bitcraps_types::PublicKey;

/// A slot, and a journal to hold against it. The first byte: even, the slot is as it comes; odd, it gets the magic and
/// a checksum that fits. What does not belong to the slot is the journal.
///
/// Held: what decodes is the encoding. What a start makes of the journal never forgets what was said: neither the floor
/// nor the highest height sinks, a stale journal puts the floor over all that was said, and the claim that it goes on
/// with is true of the journal that it goes on with.
pub(crate) fn sign_state(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let length = slot().len();
    let slot = if which % 2 == 0 {
        bytes[..bytes.len().min(length)].to_vec()
    } else {
        let content = [MAGIC, &bytes[..bytes.len().min(length - MAGIC.len() - 32)]].concat();
        let checksum = blake3::hash(&content);
        [&content[..], checksum.as_bytes()].concat()
    };
    let Some((number, claim)) = decode(&slot) else { return };
    assert_eq!(encode(number, &claim), slot);
    let journal = bytes.get(length - MAGIC.len() - 32..).unwrap_or_default();
    for claim in [Claim { length: 0, hash: *blake3::hash(&[]).as_bytes(), ..claim.clone() }, claim] {
        let (next, finding, replaced) = claim.recover(journal, u64::from(which >> 1), 0);
        assert!(next.floor >= claim.floor && next.highest >= claim.highest && next.highest >= next.floor);
        assert!(finding != Finding::Stale || next.floor >= claim.highest);
        let goes_on_with = replaced.as_deref().unwrap_or(journal);
        assert!(next.begins(goes_on_with) && goes_on_with.len() <= journal.len());
    }
}

fn slot() -> Vec<u8> {
    encode(7, &Claim::new(PublicKey([1; 32])))
}

/// A whole slot, one to be completed, and one with a journal after it.
pub(crate) fn sign_state_seeds() -> Vec<Vec<u8>> {
    let slot = slot();
    let content = &slot[MAGIC.len()..slot.len() - 32];
    vec![
        [&[0][..], &slot].concat(),
        [&[1][..], content].concat(),
        [&[9][..], content, b"BCJ2\x01\0\0\0\0\0\0\0\x02BCJ2"].concat(),
    ]
}
