//! Ed25519, with the work of a whole network done once.
//!
//! In a simulation one process plays all nodes: a vote that is broadcast to 99 peers would be verified 99 times. The
//! nodes share a verifier that remembers each answer. The answer is a pure function of key, message and signature, so
//! that no node can notice.

use super::Keys;
use bitcraps_types::ed25519::Ed25519;
use bitcraps_types::{PublicKey, Sign, Signature, Verify};
use ed25519_zebra::VerificationKey;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many answers are remembered: those of a few heights of a hundred validators.
const ANSWERS: usize = 1 << 16;
/// How many parsed keys are kept. Beyond it, keys are parsed each time.
const KEYS: usize = 4096;

struct CachingVerifier {
    /// `None`: the bytes are no key.
    keys: RefCell<BTreeMap<PublicKey, Option<VerificationKey>>>,
    /// Direct-mapped by the digest of the question; a newer answer takes the older one's place.
    answers: RefCell<Vec<([u8; 32], bool)>>,
}

pub(super) fn keys(secrets: impl Iterator<Item = [u8; 32]>) -> Keys {
    let signers = secrets.map(|secret| Rc::new(Ed25519::from_seed(secret)) as Rc<dyn Sign>).collect();
    let verifier =
        CachingVerifier { keys: RefCell::default(), answers: RefCell::new(vec![([0; 32], false); ANSWERS]) };
    (signers, Rc::new(verifier))
}

impl CachingVerifier {
    fn compute(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        let check = |parsed: &Option<VerificationKey>| {
            parsed.as_ref().is_some_and(|key| key.verify(&signature.0.into(), message).is_ok())
        };
        let mut keys = self.keys.borrow_mut();
        if let Some(parsed) = keys.get(key) {
            return check(parsed);
        }
        let parsed = VerificationKey::try_from(key.0).ok();
        let valid = check(&parsed);
        if keys.len() < KEYS {
            keys.insert(*key, parsed);
        }
        valid
    }
}

impl Verify for CachingVerifier {
    fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&key.0).update(&signature.0).update(message);
        let question = *hasher.finalize().as_bytes();
        let [a, b, ..] = question;
        let place = usize::from(u16::from_le_bytes([a, b])) % ANSWERS;
        let (asked, answer) = self.answers.borrow()[place];
        if asked == question {
            return answer;
        }
        let valid = self.compute(key, message, signature);
        self.answers.borrow_mut()[place] = (question, valid);
        valid
    }
}
