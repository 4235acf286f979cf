//! The engine's contract: by hand on one engine ([`rig`]), and on simulated networks ([`net`]).

mod evidence;
mod gossip;
mod known;
mod net;
mod network;
mod restart;
mod rig;
mod rules;
mod verify;
mod wire;

use super::*;
use crate::{Certificate, Dest, Evidence, Timer, TimerKind, Validator};
use bitcraps_types::{PublicKey, Sign};
use std::time::Duration;

const CHAIN: ChainId = Digest([7; 32]);

/// A signature scheme that nobody in the tests breaks: a tag that any one could compute, but only
/// `Tag(key)` does.
struct Tag(PublicKey);

struct TagVerifier;

fn tag(key: &PublicKey, message: &[u8]) -> Signature {
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

fn v(index: usize) -> ValidatorIndex {
    ValidatorIndex(u16::try_from(index).unwrap())
}

fn key(author: ValidatorIndex) -> Tag {
    let mut bytes = [0x5a; 32];
    bytes[..2].copy_from_slice(&author.0.to_le_bytes());
    Tag(PublicKey(bytes))
}

fn validators(powers: &[u64]) -> ValidatorSet {
    let validator = |(i, &power): (usize, &u64)| Validator { key: key(v(i)).public_key(), power };
    ValidatorSet::new(powers.iter().enumerate().map(validator).collect()).unwrap()
}

fn config(me: Option<usize>) -> Config {
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

fn value(name: &str) -> Value {
    Value::new(name.as_bytes().to_vec())
}

fn signed(message: TendermintMessage) -> Signed<TendermintMessage> {
    let author = message.author();
    Signed::new(message, &CHAIN, &key(author))
}

fn vote(
    kind: VoteKind,
    height: Height,
    round: Round,
    author: usize,
    digest: Option<Digest>,
) -> TendermintMessage {
    TendermintMessage::Vote(Vote { kind, height, round, author: v(author), digest })
}

fn polka(height: Height, round: Round, value: &Value, signers: &[usize]) -> PolkaCertificate {
    let digest = value.digest();
    let sign = |&i: &usize| (v(i), signed(vote(VoteKind::Prevote, height, round, i, Some(digest))).signature);
    PolkaCertificate { height, round, digest, signatures: signers.iter().map(sign).collect() }
}
