//! The engine's contract: by hand on one engine ([`rig`]), and on simulated networks ([`network`]).

mod byzantine;
mod evidence;
mod gossip;
mod known;
mod network;
mod restart;
mod rig;
mod rules;
mod verify;
mod wire;

use super::*;
use crate::tests::{CHAIN, TagVerifier, config, key, signed, v, validators, value};
use crate::{Certificate, Dest, Evidence, Timer, TimerKind};
use std::time::Duration;

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
