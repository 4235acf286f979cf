//! The engine's contract: by hand on one engine ([`rig`]), and on simulated networks ([`network`]).

mod byzantine;
mod evidence;
mod known;
mod network;
mod pacemaker;
mod published;
mod restart;
mod rig;
mod rules;
mod sync;
mod verify;
mod wire;

use super::*;
use crate::tests::{CHAIN, TagVerifier, config, key, signed, v, validators, value};
use crate::{Dest, Evidence, Timer, TimerKind};
use bitcraps_types::{Digest, Value};
use std::time::Duration;

/// A vote of height 1.
fn vote(round: Round, value: &Value, justify: Option<Round>, author: usize) -> Vote {
    Vote { height: 1, round, author: v(author), digest: value.digest(), justify }
}

/// A certificate of height 1.
fn qc(round: Round, value: &Value, justify: Option<Round>, signers: &[usize]) -> QuorumCertificate {
    let sign = |&i: &usize| (v(i), signed(HotStuffMessage::Vote(vote(round, value, justify, i))).signature);
    let signatures = signers.iter().map(sign).collect();
    QuorumCertificate { height: 1, round, digest: value.digest(), justify, signatures }
}

fn timeout(round: Round, high_qc: Option<QuorumCertificate>, author: usize) -> HotStuffMessage {
    HotStuffMessage::Timeout(Box::new(Timeout { height: 1, round, author: v(author), high_qc }))
}

fn timeout_statement(round: Round, high_qc_round: Option<Round>, author: usize) -> Statement {
    Statement::Timeout { height: 1, round, author: v(author), high_qc_round }
}

/// A timeout certificate of height 1, from who signed and what each claims to know.
fn tc(round: Round, claims: &[(usize, Option<Round>)]) -> TimeoutCertificate {
    let sign = |&(i, high_qc_round): &(usize, Option<Round>)| TimeoutSignature {
        signer: v(i),
        high_qc_round,
        signature: signed(timeout_statement(round, high_qc_round, i)).signature,
    };
    TimeoutCertificate { height: 1, round, timeouts: claims.iter().map(sign).collect() }
}

/// A proposal of height 1 by the round's leader among `n` equal validators.
fn proposal(
    n: usize,
    round: Round,
    justify: Option<QuorumCertificate>,
    tc: Option<TimeoutCertificate>,
    value: Option<&Value>,
) -> HotStuffMessage {
    let author = HotStuff::leader(&validators(&vec![1; n]), 1, round);
    let value = value.cloned();
    HotStuffMessage::Proposal(Box::new(Proposal { height: 1, round, author, justify, tc, value }))
}

fn sync_info(
    author: usize,
    qc: Option<QuorumCertificate>,
    tc: Option<TimeoutCertificate>,
) -> HotStuffMessage {
    HotStuffMessage::SyncInfo(Box::new(SyncInfo { height: 1, author: v(author), qc, tc }))
}
