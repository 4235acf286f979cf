//! The node's Ed25519 key as a TLS identity: a raw public key in the sense of RFC 7250. And what else of a connection
//! must stay the same when the node restarts: the key of its stateless resets.

use bitcraps_types::PublicKey;
use quinn::crypto::{CryptoError, HmacKey};
use rustls::crypto::ring::sign::any_eddsa_type;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410, section 4).
pub(crate) const SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// What stands before the 32 bytes of an Ed25519 seed in PKCS #8, version 1 (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// What the key of resets is derived for.
const RESET_CONTEXT: &str = "bitcraps 2026 QUIC stateless reset";

/// Who this node is on its links: it holds the secret key, and can sign TLS handshakes with it.
#[derive(Clone, Debug)]
pub struct Identity {
    key: PublicKey,
    certified: Arc<CertifiedKey>,
    resets: ResetKey,
}

impl Identity {
    /// The identity of a 32-byte seed (RFC 8032, section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Identity {
        let mut pkcs8 = Zeroizing::new([0; PKCS8_PREFIX.len() + 32]);
        pkcs8[..PKCS8_PREFIX.len()].copy_from_slice(&PKCS8_PREFIX);
        pkcs8[PKCS8_PREFIX.len()..].copy_from_slice(seed);
        let signing = any_eddsa_type(&PrivatePkcs8KeyDer::from(&pkcs8[..])).expect("a well-formed key");
        let spki = signing.public_key().expect("an Ed25519 key tells its public half").to_vec();
        let key = key_of(&spki).expect("the encoding of an Ed25519 key");
        let certified = Arc::new(CertifiedKey::new(vec![CertificateDer::from(spki)], signing));
        let resets = ResetKey(Arc::new(Zeroizing::new(blake3::derive_key(RESET_CONTEXT, seed))));
        Identity { key, certified, resets }
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        self.key
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        self.certified.clone()
    }

    pub(crate) fn reset_key(&self) -> Arc<dyn HmacKey> {
        Arc::new(self.resets.clone())
    }
}

/// Makes the tokens of stateless resets (RFC 9000, section 10.3.2). Derived from the secret key, so that a node which
/// restarted can tell the peers of its former self that their connections are gone.
#[derive(Clone)]
struct ResetKey(Arc<Zeroizing<[u8; 32]>>);

impl HmacKey for ResetKey {
    fn sign(&self, data: &[u8], signature_out: &mut [u8]) {
        signature_out.copy_from_slice(blake3::keyed_hash(&self.0, data).as_bytes());
    }

    fn signature_len(&self) -> usize {
        blake3::OUT_LEN
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        // The comparison of hashes takes the same time wherever they differ.
        let given = blake3::Hash::from_slice(signature).map_err(|_| CryptoError)?;
        if blake3::keyed_hash(&self.0, data) == given { Ok(()) } else { Err(CryptoError) }
    }
}

impl std::fmt::Debug for ResetKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResetKey(secret)")
    }
}

/// The key in a SubjectPublicKeyInfo that is, byte for byte, the encoding of an Ed25519 key.
pub(crate) fn key_of(spki: &[u8]) -> Option<PublicKey> {
    let key = spki.strip_prefix(&SPKI_PREFIX)?;
    Some(PublicKey(key.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_types::Sign;
    use bitcraps_types::ed25519::Ed25519;

    #[test]
    fn the_identity_of_a_seed_is_the_key_that_the_node_signs_with() {
        for byte in [0, 1, 0xff] {
            let seed = [byte; 32];
            assert_eq!(Identity::from_seed(&seed).public_key(), Ed25519::from_seed(seed).public_key());
        }
    }

    /// RFC 8410, section 10.1, gives this SubjectPublicKeyInfo.
    #[test]
    fn reads_the_public_key_of_rfc_8410_and_nothing_that_differs_from_its_encoding() {
        let key = [
            0x19, 0xbf, 0x44, 0x09, 0x69, 0x84, 0xcd, 0xfe, 0x85, 0x41, 0xba, 0xc1, 0x67, 0xdc, 0x3b, 0x96,
            0xc8, 0x50, 0x86, 0xaa, 0x30, 0xb6, 0xb6, 0xcb, 0x0c, 0x5c, 0x38, 0xad, 0x70, 0x31, 0x66, 0xe1,
        ];
        let spki = [&SPKI_PREFIX[..], &key].concat();
        assert_eq!(spki.len(), 44);
        assert_eq!(key_of(&spki), Some(PublicKey(key)));
        for at in 0..SPKI_PREFIX.len() {
            let mut other = spki.clone();
            other[at] ^= 1;
            assert_eq!(key_of(&other), None, "byte {at} differs");
        }
        assert_eq!(key_of(&spki[..43]), None);
        assert_eq!(key_of(&[&spki[..], &[0]].concat()), None);
    }
}
