//! Ed25519 with the ZIP-215 rule, in which batch and single verification agree on every input.

use crate::{PublicKey, Sign, Signature, Verify};
use ed25519_zebra::{SigningKey, VerificationKey};

/// The secret of key number `position` of a network that is made from a number, so that the same network comes again:
/// a function of both alone. Anyone can compute it, so it is for tests only.
pub fn secret_of_test_network(seed: u64, position: usize) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("bitcraps simulation secret key");
    hasher.update(&seed.to_le_bytes());
    hasher.update(&(position as u64).to_le_bytes());
    *hasher.finalize().as_bytes()
}

/// A secret key.
pub struct Ed25519(SigningKey);

impl Ed25519 {
    /// The key of a 32-byte seed (RFC 8032, section 5.1.5).
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Ed25519(SigningKey::from(seed))
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
}

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

    #[test]
    fn a_key_that_is_no_point_verifies_nothing() {
        let no_point = PublicKey([
            2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]);
        assert!(!Ed25519Verifier.verify(&no_point, b"", &Signature([0; 64])));
    }
}
