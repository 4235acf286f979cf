//! Where dice come from.

use bitcraps_tables::Seed;
use bitcraps_types::{Digest, ThresholdSignature};

/// The seed of all dice of a block: the one function from which dice come.
///
/// It follows from the validators' threshold signature over the block, which they make only once the block is final, so
/// nobody knew the dice while bets could still be made; and which is unique, so nobody chose them. See the crate
/// `bitcraps-beacon`.
pub fn seed_of(signature: &ThresholdSignature) -> Seed {
    Seed(Digest::of("casino/seed", &signature.0))
}
