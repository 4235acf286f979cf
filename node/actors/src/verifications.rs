//! Signature checks that are remembered and counted.
//!
//! A validator meets most signatures more than once: in a vote, in the certificate that holds it, in a repetition; a
//! command's in gossip, in a proposal and when it is applied. A good one is checked once. The count is what
//! simulations charge to virtual time.

use bitcraps_types::{Digest, PublicKey, Signature, Verify};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

/// A verifier in front of a verifier. Shared by the actors of a node.
pub(crate) struct Verifications {
    inner: Rc<dyn Verify>,
    capacity: usize,
    good: RefCell<Remembered>,
    checked: Cell<u32>,
}

#[derive(Default)]
struct Remembered {
    set: BTreeSet<Digest>,
    order: VecDeque<Digest>,
}

impl Verifications {
    /// Remembers the last `capacity` good signatures. Zero: none, for crypto that costs less than remembering.
    pub(crate) fn new(inner: Rc<dyn Verify>, capacity: usize) -> Verifications {
        Verifications { inner, capacity, good: RefCell::default(), checked: Cell::new(0) }
    }

    /// How many signatures were really checked since the last call.
    pub(crate) fn take_count(&self) -> u32 {
        self.checked.take()
    }

    fn check(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        self.checked.set(self.checked.get().saturating_add(1));
        self.inner.verify(key, message, signature)
    }
}

impl Verify for Verifications {
    fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        if self.capacity == 0 {
            return self.check(key, message, signature);
        }
        let name = name(key, message, signature);
        if self.good.borrow().set.contains(&name) {
            return true;
        }
        let good = self.check(key, message, signature);
        if good {
            let remembered = &mut *self.good.borrow_mut();
            remembered.set.insert(name);
            remembered.order.push_back(name);
            if remembered.order.len() > self.capacity
                && let Some(oldest) = remembered.order.pop_front()
            {
                remembered.set.remove(&oldest);
            }
        }
        good
    }
}

/// Key and signature have fixed lengths, so the parts can't be confused.
fn name(key: &PublicKey, message: &[u8], signature: &Signature) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&key.0).update(&signature.0).update(message);
    Digest(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_types::Sign;
    use bitcraps_types::ed25519::{Ed25519, Ed25519Verifier};

    #[test]
    fn a_good_signature_is_checked_once_and_a_bad_one_each_time() {
        let key = Ed25519::from_seed([1; 32]);
        let (public, signature) = (key.public_key(), key.sign(b"a"));
        let verifications = Verifications::new(Rc::new(Ed25519Verifier), 8);
        assert!(
            verifications.verify(&public, b"a", &signature)
                && verifications.verify(&public, b"a", &signature)
        );
        assert_eq!(verifications.take_count(), 1);
        assert!(
            !verifications.verify(&public, b"b", &signature)
                && !verifications.verify(&public, b"b", &signature)
        );
        assert_eq!(verifications.take_count(), 2);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let key = Ed25519::from_seed([1; 32]);
        let verifications = Verifications::new(Rc::new(Ed25519Verifier), 2);
        let check = |byte: u8| assert!(verifications.verify(&key.public_key(), &[byte], &key.sign(&[byte])));
        (0..4).for_each(check);
        verifications.take_count();
        check(3);
        check(0);
        assert_eq!(verifications.take_count(), 1);
    }
}
