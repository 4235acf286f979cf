//! Which bytes commit to a value, written down from the description. Nothing here calls the engines' own rules.

use crate::scheme::CHAIN;
use bitcraps_types::{Digest, Height, Round};

/// The length of the domain, the domain, the chain, the height, the round, the digest.
pub(super) fn commit_bytes(height: Height, round: Round, digest: &Digest) -> Vec<u8> {
    let parts: [&[u8]; 5] = [b"\x06commit", &CHAIN.0, &height.to_le_bytes(), &round.to_le_bytes(), &digest.0];
    parts.concat()
}
