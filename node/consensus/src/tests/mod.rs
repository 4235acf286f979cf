//! What the tests of all engines share: keys, validators, and a network ([`net`]).

mod any;
pub(crate) mod net;

use crate::*;
use bitcraps_types::{ChainId, Digest, PublicKey, Sign, Signature, ValidatorIndex, Value, Verify};
use std::time::Duration;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) const CHAIN: ChainId = Digest([7; 32]);

/// A signature scheme that nobody in the tests breaks: a tag that any one could compute, but only
/// `Tag(key)` does.
pub(crate) struct Tag(pub(crate) PublicKey);

pub(crate) struct TagVerifier;

pub(crate) fn tag(key: &PublicKey, message: &[u8]) -> Signature {
    let mut tag = [0; 64];
    blake3::Hasher::new_keyed(&key.0).update(message).finalize_xof().fill(&mut tag);
    Signature(tag)
}

impl Sign for Tag {
    fn public_key(&self) -> PublicKey {
        self.0
    }

    fn sign(&self, message: &[u8]) -> Signature {
        tag(&self.0, message)
    }
}

impl Verify for TagVerifier {
    fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        tag(key, message) == *signature
    }
}

pub(crate) fn v(index: usize) -> ValidatorIndex {
    ValidatorIndex(u16::try_from(index).unwrap())
}

pub(crate) fn key(author: ValidatorIndex) -> Tag {
    let mut bytes = [0x5a; 32];
    bytes[..2].copy_from_slice(&author.0.to_le_bytes());
    Tag(PublicKey(bytes))
}

pub(crate) fn validators(powers: &[u64]) -> ValidatorSet {
    let validator = |(i, &power): (usize, &u64)| Validator { key: key(v(i)).public_key(), power };
    ValidatorSet::new(powers.iter().enumerate().map(validator).collect()).unwrap()
}

pub(crate) fn config(me: Option<usize>) -> Config {
    Config {
        chain: CHAIN,
        me: me.map(v),
        propose: Duration::from_millis(300),
        prevote: Duration::from_millis(100),
        precommit: Duration::from_millis(100),
        growth: 1.5,
        rebroadcast: Duration::from_millis(500),
    }
}

pub(crate) fn value(name: &str) -> Value {
    Value::new(name.as_bytes().to_vec())
}

pub(crate) fn signed<M: Message>(message: M) -> Signed<M> {
    let author = message.author();
    Signed::new(message, &CHAIN, &key(author))
}
