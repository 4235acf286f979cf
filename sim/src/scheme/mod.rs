//! Signature schemes for simulations: a cheap one that nobody can forge inside the simulation, and the real one with
//! what was checked once remembered.
//!
//! Both are plain [`Sign`] and [`Verify`]: no actor can tell which it was given. What the production node uses is
//! [`bitcraps_types::ed25519`]; nothing here reaches it.

mod dice;
mod memo;
mod mock;
mod real;

pub use dice::{DiceKeys, DiceOfRun};

use bitcraps_types::ed25519::secret_of_test_network;
use bitcraps_types::{PublicKey, Sign, Verify};
use std::rc::Rc;
use std::time::Duration;

/// Which signatures a run uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// A keyed BLAKE3 tag, checked against a registry of the run. Costs no virtual time.
    Mock,
    /// Ed25519. Each distinct signature is computed once per run, and costs virtual time at every node that checks it.
    Real,
}

impl Scheme {
    /// What one verification costs a node, in virtual time. Ed25519: the order of what one core needs today; a
    /// constant, so that the trace does not depend on the machine.
    pub fn verify_cost(self) -> Duration {
        match self {
            Scheme::Mock => Duration::ZERO,
            Scheme::Real => Duration::from_micros(45),
        }
    }
}

/// The keys of one run: its validators' and its players', and the verifier that all nodes share.
#[derive(Clone)]
pub struct Keyring {
    scheme: Scheme,
    signers: Rc<[Rc<dyn Sign>]>,
    verifier: Rc<dyn Verify>,
}

impl Keyring {
    /// `count` keys, a function of `scheme`, `seed` and their position alone: adding keys does not change the others.
    pub fn new(scheme: Scheme, seed: u64, count: usize) -> Keyring {
        let secrets = (0..count).map(|position| secret_of_test_network(seed, position));
        let (signers, verifier): Keys = match scheme {
            Scheme::Mock => mock::keys(secrets),
            Scheme::Real => real::keys(secrets),
        };
        Keyring { scheme, signers, verifier }
    }

    /// The holder of key number `position`. Panics if there is none: positions are the testbed's own.
    pub fn signer(&self, position: usize) -> Rc<dyn Sign> {
        self.signers[position].clone()
    }

    /// The public half of key number `position`. Panics if there is none.
    pub fn public_key(&self, position: usize) -> PublicKey {
        self.signers[position].public_key()
    }

    /// How many keys there are.
    pub fn count(&self) -> usize {
        self.signers.len()
    }

    /// Checks signatures by any of the keys.
    pub fn verifier(&self) -> Rc<dyn Verify> {
        self.verifier.clone()
    }

    /// [`Scheme::verify_cost`] of this run's scheme.
    pub fn verify_cost(&self) -> Duration {
        self.scheme.verify_cost()
    }
}

/// The holders of the keys, in order, and what checks their signatures.
type Keys = (Rc<[Rc<dyn Sign>]>, Rc<dyn Verify>);

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_types::Signature;

    fn both() -> [Keyring; 2] {
        [Keyring::new(Scheme::Mock, 7, 3), Keyring::new(Scheme::Real, 7, 3)]
    }

    #[test]
    fn a_signature_is_valid_for_its_key_and_message_only() {
        for keys in both() {
            let verifier = keys.verifier();
            let signature = keys.signer(0).sign(b"seven out");
            for _ in 0..2 {
                assert!(verifier.verify(&keys.public_key(0), b"seven out", &signature));
                assert!(!verifier.verify(&keys.public_key(0), b"seven ouT", &signature));
                assert!(!verifier.verify(&keys.public_key(1), b"seven out", &signature));
            }
        }
    }

    #[test]
    fn no_bit_of_a_signature_is_free() {
        for keys in both() {
            let verifier = keys.verifier();
            let signature = keys.signer(0).sign(b"m");
            for bit in 0..512 {
                let mut forged = signature;
                forged.0[bit / 8] ^= 1 << (bit % 8);
                assert!(!verifier.verify(&keys.public_key(0), b"m", &forged), "bit {bit}");
            }
        }
    }

    #[test]
    fn a_key_outside_the_run_verifies_nothing() {
        for keys in both() {
            let stranger = Keyring::new(Scheme::Mock, 8, 1);
            let signature = stranger.signer(0).sign(b"m");
            assert!(!keys.verifier().verify(&stranger.public_key(0), b"m", &signature));
            assert!(!keys.verifier().verify(&PublicKey([255; 32]), b"m", &Signature([0; 64])));
        }
    }

    /// The encoding of a point of small order: by ZIP-215 a signature of zeros by it is valid.
    #[test]
    fn an_empty_memory_answers_nothing() {
        let [mock, real] = both();
        let zeros = (PublicKey([0; 32]), Signature([0; 64]));
        let answer = |keys: Keyring| keys.verifier().verify(&zeros.0, b"", &zeros.1);
        assert!(!answer(mock));
        assert_eq!(answer(real), bitcraps_types::ed25519::Ed25519Verifier.verify(&zeros.0, b"", &zeros.1));
    }

    #[test]
    fn more_questions_than_the_memory_holds_are_all_answered_rightly() {
        let keys = Keyring::new(Scheme::Mock, 7, 2);
        let (signer, verifier) = (keys.signer(0), keys.verifier());
        let signed: Vec<_> = (0..40_000u32).map(u32::to_le_bytes).map(|m| (m, signer.sign(&m))).collect();
        for (message, signature) in signed.iter().chain(&signed[..100]) {
            assert!(verifier.verify(&keys.public_key(0), message, signature));
            assert!(!verifier.verify(&keys.public_key(1), message, signature));
        }
    }

    #[test]
    fn keys_depend_on_the_seed_and_their_position_alone() {
        for scheme in [Scheme::Mock, Scheme::Real] {
            let (few, many) = (Keyring::new(scheme, 1, 2), Keyring::new(scheme, 1, 5));
            assert_eq!(few.public_key(1), many.public_key(1));
            assert_ne!(few.public_key(0), few.public_key(1));
            assert_ne!(few.public_key(0), Keyring::new(scheme, 2, 1).public_key(0));
        }
    }
}
