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
use crate::tests::{CHAIN, TagVerifier, config, key, signed, v, validators, value};
use crate::{Certificate, Dest, Evidence, Message, Seq};
use bitcraps_types::{Signature, Value};
use std::time::Duration;

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
