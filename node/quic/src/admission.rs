//! Whom this node talks to: the keys it knows, less those it denies, and the key that each address must prove.

use bitcraps_actors::config::PeerAddress;
use bitcraps_actors::ports::Address;
use bitcraps_types::PublicKey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};

/// What a key is to this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Known,
    Unknown,
    Denied,
}

/// The peers. Shared with TLS, whose verifiers must be `Sync`; otherwise one thread uses it.
#[derive(Debug)]
pub(crate) struct Admission {
    known: BTreeSet<PublicKey>,
    pins: BTreeMap<Address, PublicKey>,
    denied: RwLock<BTreeSet<PublicKey>>,
}

impl Admission {
    /// All of `peers` but this node itself.
    pub(crate) fn new(me: PublicKey, peers: &[PeerAddress], denied: BTreeSet<PublicKey>) -> Admission {
        let others = || peers.iter().filter(|peer| peer.key != me);
        Admission {
            known: others().map(|peer| peer.key).collect(),
            pins: others().map(|peer| (peer.address.clone(), peer.key)).collect(),
            denied: RwLock::new(denied),
        }
    }

    pub(crate) fn standing(&self, key: &PublicKey) -> Standing {
        let denied = self.denied.read().unwrap_or_else(PoisonError::into_inner).contains(key);
        match self.known.contains(key) {
            _ if denied => Standing::Denied,
            true => Standing::Known,
            false => Standing::Unknown,
        }
    }

    /// The key that whoever answers at `address` must prove.
    pub(crate) fn pin(&self, address: &Address) -> Option<PublicKey> {
        self.pins.get(address).copied()
    }

    pub(crate) fn deny(&self, key: PublicKey) {
        self.denied.write().unwrap_or_else(PoisonError::into_inner).insert(key);
    }

    pub(crate) fn pardon(&self, key: &PublicKey) {
        self.denied.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_key_is_denied_even_if_known_until_it_is_pardoned() {
        let key = |n| PublicKey([n; 32]);
        let peer = |n: u8| PeerAddress { key: key(n), address: Address(n.to_string()) };
        let admission = Admission::new(key(0), &[peer(0), peer(1), peer(2)], [key(2)].into());
        let standing = |n| admission.standing(&key(n));
        assert_eq!([0, 1, 2, 3].map(standing), {
            use Standing::{Denied, Known, Unknown};
            [Unknown, Known, Denied, Unknown]
        });
        admission.deny(key(1));
        admission.pardon(&key(2));
        assert_eq!((standing(1), standing(2)), (Standing::Denied, Standing::Known));
        assert_eq!(admission.pin(&Address("1".into())), Some(key(1)));
        assert_eq!(admission.pin(&Address("0".into())), None, "this node itself");
    }
}
