//! A keyed tag instead of a signature.
//!
//! The public key is derived from the secret. A registry that only the verifier holds maps it back, so that the
//! verifier can compute the tag again, while a node can make one only with the signer that it was given. Inside a
//! simulation that is as good as a signature, at a few hundredths of the price. Outside it is worth nothing.

use super::Keys;
use super::memo::Memo;
use bitcraps_types::{PublicKey, Sign, Signature, Verify};
use std::rc::Rc;

/// One key. The first four bytes of the public half are its position, so that the registry needs no search.
struct MockKey {
    public: PublicKey,
    secret: [u8; 32],
}

/// How many answers are remembered for each key.
const ANSWERS: usize = 64;

struct MockSigner {
    key: Rc<MockKey>,
    memo: Rc<Memo>,
}

struct MockVerifier {
    registry: Rc<[Rc<MockKey>]>,
    memo: Rc<Memo>,
}

pub(super) fn keys(secrets: impl Iterator<Item = [u8; 32]>) -> Keys {
    let registry: Rc<[Rc<MockKey>]> =
        secrets.zip(0u32..).map(|(secret, position)| Rc::new(MockKey::new(secret, position))).collect();
    // A tag costs less than memory that is not in the processor's cache.
    let memo = Rc::new(Memo::new((ANSWERS * registry.len()).clamp(1, Memo::MOST)));
    let signer =
        |key: &Rc<MockKey>| Rc::new(MockSigner { key: key.clone(), memo: memo.clone() }) as Rc<dyn Sign>;
    (registry.iter().map(signer).collect(), Rc::new(MockVerifier { registry, memo }))
}

impl MockKey {
    fn new(secret: [u8; 32], position: u32) -> MockKey {
        let mut public = blake3::derive_key("bitcraps mock public key", &secret);
        public[..4].copy_from_slice(&position.to_le_bytes());
        MockKey { public: PublicKey(public), secret }
    }

    fn tag(&self, message: &[u8]) -> [u8; 32] {
        *blake3::keyed_hash(&self.secret, message).as_bytes()
    }
}

impl Sign for MockSigner {
    fn public_key(&self) -> PublicKey {
        self.key.public
    }

    fn sign(&self, message: &[u8]) -> Signature {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.key.tag(message));
        let signature = Signature(bytes);
        // To verify it is to make it once more.
        self.memo.remember(&self.key.public, message, &signature, true);
        signature
    }
}

impl MockVerifier {
    fn compute(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        let [a, b, c, d, ..] = key.0;
        let entry = self.registry.get(u32::from_le_bytes([a, b, c, d]) as usize);
        let (tag, rest) = signature.0.split_at(32);
        entry.is_some_and(|entry| entry.public == *key && entry.tag(message) == tag && rest == [0; 32])
    }
}

impl Verify for MockVerifier {
    fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        self.memo.answer(key, message, signature, || self.compute(key, message, signature))
    }
}
