//! Ed25519 with the ZIP-215 rule, in which batch and single verification agree on every input.

use crate::{Claim, PublicKey, Sign, Signature, Verify};
use ed25519_zebra::{SigningKey, VerificationKey, VerificationKeyBytes, batch};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use zeroize::Zeroize;

/// The secret of key number `position` of a network that is made from a number, so that the same network comes again:
/// a function of both alone. Anyone can compute it, so it is for tests only.
pub fn secret_of_test_network(seed: u64, position: usize) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("bitcraps simulation secret key");
    hasher.update(&seed.to_le_bytes());
    hasher.update(&(position as u64).to_le_bytes());
    *hasher.finalize().as_bytes()
}

/// The position, in [`secret_of_test_network`], of what the dice key is dealt from.
pub const DICE_SECRET: usize = u32::MAX as usize;

/// A secret key. It is wiped when it is dropped, which the library's own, a value to copy, can't be.
pub struct Ed25519(SigningKey);

impl Ed25519 {
    /// The key of a 32-byte seed (RFC 8032, section 5.1.5).
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Ed25519(SigningKey::from(seed))
    }
}

impl Drop for Ed25519 {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Sign for Ed25519 {
    fn public_key(&self) -> PublicKey {
        PublicKey(VerificationKey::from(&self.0).into())
    }

    fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).into())
    }
}

/// Verifies Ed25519 signatures by ZIP-215.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ed25519Verifier;

impl Verify for Ed25519Verifier {
    fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        VerificationKey::try_from(key.0).is_ok_and(|key| key.verify(&signature.0.into(), message).is_ok())
    }

    /// One multiscalar multiplication for all of them, at about half the price of each by itself. The coefficients are
    /// drawn from a hash of all that is checked, so nobody can choose signatures to suit them, and the answer needs no
    /// source of randomness.
    fn verify_all(&self, claims: &[Claim<'_>]) -> bool {
        if let [claim] = claims {
            return self.verify(claim.key, claim.message, claim.signature);
        }
        let (mut together, mut seed) = (batch::Verifier::new(), blake3::Hasher::new_derive_key(COEFFICIENTS));
        for claim in claims {
            let key = VerificationKeyBytes::from(claim.key.0);
            together.queue((key, claim.signature.0.into(), claim.message));
            seed.update(&claim.key.0).update(&claim.signature.0);
            seed.update(blake3::hash(claim.message).as_bytes());
        }
        together.verify(ChaCha20Rng::from_seed(*seed.finalize().as_bytes())).is_ok()
    }
}

const COEFFICIENTS: &str = "bitcraps 2026 coefficients of a batch of ed25519 signatures";

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
    }

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn signs_the_vector_of_rfc_8032() {
        let key =
            Ed25519::from_seed(bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
        let signature = key.sign(&[0x72]);
        assert_eq!(
            key.public_key().0,
            bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        );
        assert_eq!(
            signature.0,
            bytes(concat!(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            ))
        );
        assert!(Ed25519Verifier.verify(&key.public_key(), &[0x72], &signature));
        assert!(!Ed25519Verifier.verify(&key.public_key(), &[0x73], &signature));
    }

    /// The eight points of small order, in every encoding that ZIP-215 takes, and the scalar 0: as keys and as `R` they
    /// are where batches and single checks of other rules disagree (ZIP 215, "Speccheck" of Chalkias et al.).
    fn small_order() -> Vec<[u8; 32]> {
        [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "0100000000000000000000000000000000000000000000000000000000000080",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ]
        .map(bytes)
        .to_vec()
    }

    fn good(seed: u8) -> (PublicKey, Vec<u8>, Signature) {
        let key = Ed25519::from_seed([seed / 3; 32]);
        let message = vec![seed; usize::from(seed)];
        (key.public_key(), message.clone(), key.sign(&message))
    }

    fn claims(of: &[(PublicKey, Vec<u8>, Signature)]) -> Vec<Claim<'_>> {
        of.iter().map(|(key, message, signature)| Claim { key, message, signature }).collect()
    }

    #[test]
    fn many_and_one_agree_on_points_of_small_order() {
        for key in small_order() {
            for r in small_order() {
                let mut signature = [0; 64];
                signature[..32].copy_from_slice(&r);
                let odd = (PublicKey(key), b"Zcash".to_vec(), Signature(signature));
                assert!(Ed25519Verifier.verify(&odd.0, &odd.1, &odd.2), "ZIP-215 takes all of these");
                assert!(Ed25519Verifier.verify_all(&claims(&[good(1), odd, good(2)])));
            }
        }
    }

    #[test]
    fn among_many_each_false_one_is_found() {
        for false_ones in [vec![], vec![0], vec![9], vec![3, 4], (0..10).collect()] {
            let mut all: Vec<_> = (1..=10).map(good).collect();
            for (which, at) in false_ones.iter().enumerate() {
                match which % 3 {
                    0 => all[*at].1.push(0),
                    // s + the group's order would do as well, were it not forbidden.
                    1 => all[*at].2.0[63] |= 0xf0,
                    _ => all[*at].0.0 = [2; 32],
                }
            }
            let verdicts = crate::verify_each(&Ed25519Verifier, &claims(&all));
            let expected: Vec<bool> = (0..10).map(|at| !false_ones.contains(&at)).collect();
            assert_eq!(verdicts, expected);
            assert_eq!(Ed25519Verifier.verify_all(&claims(&all)), false_ones.is_empty());
        }
    }

    #[test]
    fn a_key_that_is_no_point_verifies_nothing() {
        let no_point = PublicKey([
            2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]);
        assert!(!Ed25519Verifier.verify(&no_point, b"", &Signature([0; 64])));
    }
}
