//! Randomness: one seed from the operating system at the start, and from it an independent stream for each use.

use bitcraps_actors::ports::Entropy;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Streams from one seed that nobody else knows.
pub struct OsEntropy {
    seed: [u8; 32],
}

impl OsEntropy {
    /// Takes a seed from the operating system.
    pub fn new() -> Result<OsEntropy, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(OsEntropy { seed })
    }
}

impl Entropy for OsEntropy {
    fn stream(&self, actor: &str, purpose: &str) -> ChaCha8Rng {
        let mut hasher = blake3::Hasher::new_keyed(&self.seed);
        for name in [actor, purpose] {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
        }
        ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn each_use_has_its_own_stream_and_each_start_another_seed() {
        let entropy = OsEntropy { seed: [7; 32] };
        let first = |entropy: &OsEntropy, actor, purpose| entropy.stream(actor, purpose).next_u64();
        assert_eq!(first(&entropy, "ab", "c"), first(&entropy, "ab", "c"));
        assert_ne!(first(&entropy, "ab", "c"), first(&entropy, "a", "bc"));
        let (one, other) = (OsEntropy::new().unwrap(), OsEntropy::new().unwrap());
        assert_ne!(first(&one, "ab", "c"), first(&other, "ab", "c"));
    }
}
