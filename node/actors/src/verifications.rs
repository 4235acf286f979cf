//! Signature checks that are remembered and counted.
//!
//! A validator meets most signatures more than once: in a vote, in the certificate that holds it, in a repetition; a
//! command's in gossip, in a proposal and when it is applied. A good one is checked once. The count is what
//! simulations charge to virtual time.

use bitcraps_types::{Claim, Digest, PublicKey, Signature, Verify};
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

    /// Remembers claims that were checked elsewhere in this process.
    pub(crate) fn remember_all(&self, claims: &[Claim<'_>]) {
        if self.capacity > 0 {
            claims.iter().for_each(|claim| self.remember(name(claim.key, claim.message, claim.signature)));
        }
    }

    /// How many signatures were really checked since the last call.
    pub(crate) fn take_count(&self) -> u32 {
        self.checked.take()
    }

    fn remember(&self, name: Digest) {
        let remembered = &mut *self.good.borrow_mut();
        if !remembered.set.insert(name) {
            return;
        }
        remembered.order.push_back(name);
        if remembered.order.len() > self.capacity
            && let Some(oldest) = remembered.order.pop_front()
        {
            remembered.set.remove(&oldest);
        }
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
            self.remember(name);
        }
        good
    }

    fn verify_all(&self, claims: &[Claim<'_>]) -> bool {
        let check = |claims: &[Claim<'_>]| {
            let count = u32::try_from(claims.len()).unwrap_or(u32::MAX);
            self.checked.set(self.checked.get().saturating_add(count));
            self.inner.verify_all(claims)
        };
        if self.capacity == 0 {
            return check(claims);
        }
        let names = claims.iter().map(|claim| name(claim.key, claim.message, claim.signature));
        let good = self.good.borrow();
        let (new, names): (Vec<Claim<'_>>, Vec<Digest>) =
            claims.iter().zip(names).filter(|(_, name)| !good.set.contains(name)).unzip();
        drop(good);
        let good = new.is_empty() || check(&new);
        if good {
            names.into_iter().for_each(|name| self.remember(name));
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
    fn among_many_only_those_not_met_before_are_checked_and_one_bad_one_is_not_remembered() {
        let key = Ed25519::from_seed([1; 32]);
        let public = key.public_key();
        let messages: Vec<[u8; 1]> = (0..4).map(|byte| [byte]).collect();
        let mut signatures: Vec<Signature> = messages.iter().map(|message| key.sign(message)).collect();
        let verifications = Verifications::new(Rc::new(Ed25519Verifier), 8);
        let all = |signatures: &[Signature]| {
            let claims: Vec<Claim<'_>> = messages
                .iter()
                .zip(signatures)
                .map(|(message, signature)| Claim { key: &public, message, signature })
                .collect();
            (verifications.verify_all(&claims), verifications.take_count())
        };
        assert!(verifications.verify(&public, &[0], &signatures[0]));
        verifications.take_count();
        let good = signatures[3];
        signatures[3] = signatures[2];
        assert_eq!(all(&signatures), (false, 3));
        assert_eq!(all(&signatures), (false, 3));
        signatures[3] = good;
        assert_eq!(all(&signatures), (true, 3));
        assert_eq!(all(&signatures), (true, 0));
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
