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
