//! Where dice come from.

use bitcraps_tables::Seed;
use bitcraps_types::Digest;

/// The seed of all dice of a block: the one function from which dice come.
///
/// It follows from the digest of the finalized block alone, so every node rolls the same dice and nobody rolls them
/// twice. But the proposer sees the digest first, and can vary the block until it likes the dice (it can grind). A
/// threshold signature of the validators over the height, which nobody knows before the block is final, is to take its
/// place.
pub fn seed_of(block: &Digest) -> Seed {
    Seed(Digest::of("casino/seed", &block.0))
}
