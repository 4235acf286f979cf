//! Ed25519, with the work of a whole network done once: answers are remembered, and so are parsed keys.

use super::Keys;
use super::memo::Memo;
use bitcraps_types::ed25519::Ed25519;
use bitcraps_types::{PublicKey, Sign, Signature, Verify};
use ed25519_zebra::VerificationKey;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

struct CachingVerifier {
    /// `None`: the bytes are no key.
    keys: RefCell<BTreeMap<PublicKey, Option<VerificationKey>>>,
    memo: Memo,
}

pub(super) fn keys(secrets: impl Iterator<Item = [u8; 32]>) -> Keys {
    let signers = secrets.map(|secret| Rc::new(Ed25519::from_seed(secret)) as Rc<dyn Sign>).collect();
    (signers, Rc::new(CachingVerifier { keys: RefCell::default(), memo: Memo::new(Memo::MOST) }))
}

impl CachingVerifier {
    /// How many parsed keys are kept. Beyond it, keys are parsed each time.
    const KEYS: usize = 4096;

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
        if keys.len() < Self::KEYS {
            keys.insert(*key, parsed);
        }
        valid
    }
}

impl Verify for CachingVerifier {
    fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        self.memo.answer(key, message, signature, || self.compute(key, message, signature))
    }
}
