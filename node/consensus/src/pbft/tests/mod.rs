//! The engine's contract: by hand on one engine ([`rig`]), and on simulated networks ([`net`]).

mod checkpoints;
mod evidence;
mod gossip;
mod hand;
mod known;
mod net;
mod network;
mod restart;
mod rig;
mod rules;
mod verify;
mod view_change;
mod wire;

use super::*;
use crate::{Certificate, Dest, Evidence, Message, Seq, Validator};
use bitcraps_types::{PublicKey, Sign, Signature, Value};
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

fn signed(message: PbftMessage) -> Signed<PbftMessage> {
    let author = message.author();
    Signed::new(message, &CHAIN, &key(author))
}

fn vote(kind: VoteKind, height: Height, view: Round, author: usize, value: &Value) -> PbftMessage {
    PbftMessage::Vote(Vote { kind, height, view, author: v(author), digest: value.digest() })
}

fn pre_prepare(height: Height, view: Round, author: usize, value: &Value) -> PrePrepare {
    PrePrepare { height, view, author: v(author), value: value.clone() }
}

fn bare(height: Height, view: Round, author: usize, value: &Value) -> PbftMessage {
    PbftMessage::PrePrepare(Box::new(pre_prepare(height, view, author, value)))
}

/// By the primary of the view, which has as many equal colleagues as `n` says, and these others.
fn prepared(n: usize, height: Height, view: Round, value: &Value, others: &[usize]) -> PreparedCertificate {
    let primary = view as usize % n;
    let sign = |&i: &usize| (v(i), signed(vote(VoteKind::Prepare, height, view, i, value)).signature);
    PreparedCertificate {
        height,
        view,
        digest: value.digest(),
        pre_prepare: signed(bare(height, view, primary, value)).signature,
        prepares: others.iter().map(sign).collect(),
    }
}

fn change(height: Height, view: Round, author: usize, prepared: Option<PreparedCertificate>) -> PbftMessage {
    let author = v(author);
    PbftMessage::ViewChange(Box::new(ViewChange { height, view, author, stable: None, prepared }))
}

fn claim(message: &PbftMessage) -> ChangeClaim {
    let PbftMessage::ViewChange(change) = message else { panic!("{message:?}") };
    change.claim(signed(message.clone()).signature)
}

/// A NEW-VIEW of the primary's, with these VIEW-CHANGEs as V.
fn new_view(
    proposal: PrePrepare,
    changes: &[PbftMessage],
    prepared: Option<PreparedCertificate>,
) -> PbftMessage {
    let changes = changes.iter().map(claim).collect();
    PbftMessage::NewView(Box::new(NewView { proposal, changes, prepared }))
}
