//! The scenes of Tendermint. At height 1 the proposer of round r is validator (1 + r) mod n.

use super::stage::{Letter, Stage};
use crate::Message;
use crate::TimerKind::{Precommit, Prevote, Propose};
use crate::tendermint::{PolkaCertificate, Proposal, TendermintMessage, Vote, VoteKind};
use crate::tests::{signed, v, value};
use bitcraps_types::{Digest, Round, Value};
use std::time::Duration;

fn proposal(round: Round, value: &Value, polka: Option<PolkaCertificate>) -> TendermintMessage {
    let author = v((1 + round as usize) % 4);
    TendermintMessage::Proposal(Box::new(Proposal { height: 1, round, author, value: value.clone(), polka }))
}

fn vote(kind: VoteKind, round: Round, author: usize, digest: Option<Digest>) -> TendermintMessage {
    TendermintMessage::Vote(Vote { kind, height: 1, round, author: v(author), digest })
}

fn prevote(round: Round, author: usize, digest: Option<Digest>) -> TendermintMessage {
    vote(VoteKind::Prevote, round, author, digest)
}

fn precommit(round: Round, author: usize, digest: Option<Digest>) -> TendermintMessage {
    vote(VoteKind::Precommit, round, author, digest)
}

/// Of these prevotes, in the order given, as often as given.
fn polka(round: Round, value: &Value, signers: &[usize]) -> PolkaCertificate {
    let digest = value.digest();
    let signatures = signers.iter().map(|&i| (v(i), signed(prevote(round, i, Some(digest))).signature));
    PolkaCertificate { height: 1, round, digest, signatures: signatures.collect() }
}

/// What validator 1 proposes in round 0 if it is asked.
fn of_round_0() -> Value {
    value("1/0 by 1")
}

fn between(letter: &Letter, kind: &str, pairs: &[(usize, usize)]) -> bool {
    letter.is(kind) && pairs.contains(&(letter.from, letter.to))
}

/// Validator 3 is Byzantine. All prevote the value of round 0, and only validator 3 sees that they are a quorum: the
/// others hear one of each other, and its nil. Then all are in round 1.
fn a_hidden_polka(stage: &mut Stage) -> PolkaCertificate {
    let y = of_round_0();
    stage.deliver(|letter| letter.is("proposal"));
    stage.tell(&[0, 1, 2], prevote(0, 3, None));
    stage.deliver(|letter| between(letter, "prevote", &[(1, 0), (2, 1), (0, 2)]));
    stage.lose_all();
    stage.ring(Prevote, &[0, 1, 2]);
    stage.deliver(|letter| letter.is("precommit"));
    stage.ring(Precommit, &[0, 1, 2]);
    assert!((0..3).all(|i| stage.has_said(prevote(0, i, Some(y.digest())).statement())));
    polka(0, &y, &[0, 1, 2])
}

/// A proposer that equivocates, a vote that is on the disk of nobody, a crash.
pub(super) fn a_crash_before_the_sync(stage: &mut Stage) {
    stage.slow_disk(0);
    stage.tell(&[0], proposal(0, &value("x"), None));
    stage.restart(0);
    stage.tell(&[0], proposal(0, &value("y"), None));
    stage.sync(0);
}

/// Validators 0, 1 and the Byzantine 3 precommit x, which 0 decides. Then 1 restarts, and 2, which never saw the polka,
/// proposes another value.
pub(super) fn a_locked_validator_restarts(stage: &mut Stage) {
    let x = Some(of_round_0().digest());
    stage.deliver(|letter| letter.is("proposal"));
    stage.tell(&[0, 1], prevote(0, 3, x));
    stage.tell(&[2], prevote(0, 3, None));
    stage.deliver(|letter| between(letter, "prevote", &[(1, 0), (2, 0), (0, 1), (2, 1), (0, 2)]));
    stage.ring(Prevote, &[2]);
    stage.tell(&[0], precommit(0, 3, x));
    stage.tell(&[2], precommit(0, 3, None));
    stage.deliver(|letter| between(letter, "precommit", &[(1, 0), (1, 2)]));
    stage.lose_all();
    stage.restart(1);
    stage.lose_all();
    stage.ring(Precommit, &[2]);
    stage.tell(&[1], prevote(1, 3, Some(value("1/1 by 2").digest())));
    stage.tell(&[2], prevote(1, 3, Some(value("1/1 by 2").digest())));
    stage.deliver(|letter| between(letter, "proposal", &[(2, 1)]) || between(letter, "prevote", &[(2, 1)]));
    stage.deliver(|letter| between(letter, "prevote", &[(1, 2), (2, 1)]));
    stage.tell(&[1, 2], precommit(1, 3, Some(value("1/1 by 2").digest())));
    stage.deliver(|letter| between(letter, "precommit", &[(1, 2), (2, 1)]));
}

/// The polka of round 0 was hidden, round 1 locks all and decides for one; then the Byzantine proposer of round 2
/// shows the polka of round 0.
pub(super) fn an_old_polka_comes_back(stage: &mut Stage) {
    let hidden = a_hidden_polka(stage);
    stage.deliver(|letter| letter.is("proposal") || letter.is("prevote"));
    stage.deliver(|letter| letter.is("precommit") && letter.to == 0);
    stage.tell(&[1, 2], precommit(1, 3, None));
    stage.deliver(|letter| between(letter, "precommit", &[(1, 2), (2, 1)]));
    stage.lose_all();
    stage.ring(Precommit, &[1, 2]);
    stage.lose_all();
    let y = of_round_0();
    stage.tell(&[1, 2], proposal(2, &y, Some(hidden)));
    stage.tell(&[1, 2], prevote(2, 3, Some(y.digest())));
    stage.deliver(|letter| letter.is("prevote"));
    stage.tell(&[1, 2], precommit(2, 3, Some(y.digest())));
    stage.deliver(|letter| letter.is("precommit"));
}

/// Validator 0 alone locks in round 0, validator 1 alone in round 1 on another value; then the Byzantine one, without
/// which there is no quorum but of all others, says nothing any more.
pub(super) fn two_hidden_locks(stage: &mut Stage) {
    let y = Some(value("1/1 by 2").digest());
    stage.deliver(|letter| letter.is("proposal"));
    stage.tell(&[1, 2], prevote(0, 3, None));
    stage.deliver(|letter| between(letter, "prevote", &[(1, 0), (2, 0), (2, 1), (1, 2)]));
    stage.ring(Prevote, &[1, 2]);
    stage.deliver(|letter| letter.is("precommit"));
    stage.lose_all();
    stage.ring(Precommit, &[0, 1, 2]);
    stage.deliver(|letter| letter.is("proposal"));
    stage.tell(&[1], prevote(1, 3, y));
    stage.deliver(|letter| between(letter, "prevote", &[(2, 1), (0, 2), (1, 2), (1, 0), (2, 0)]));
    stage.ring(Prevote, &[0, 2]);
    stage.deliver(|letter| letter.is("precommit"));
    stage.lose_all();
    stage.ring(Precommit, &[0, 1, 2]);
    stage.lose_all();
    stage.settle(1);
}

/// All lock on x, and 0 decides it; the Byzantine proposer of round 1 proposes y with a polka of its own prevotes.
pub(super) fn a_proposer_makes_a_polka_alone(stage: &mut Stage) {
    stage.deliver(|letter| letter.is("proposal") || letter.is("prevote"));
    stage.deliver(|letter| letter.is("precommit") && letter.to == 0);
    stage.tell(&[1, 3], precommit(0, 2, None));
    stage.deliver(|letter| between(letter, "precommit", &[(1, 3), (3, 1)]));
    stage.lose_all();
    stage.ring(Precommit, &[1, 3]);
    stage.lose_all();
    let y = value("y");
    stage.tell(&[1, 3], proposal(1, &y, Some(polka(0, &y, &[2, 2, 2]))));
    stage.tell(&[1, 3], prevote(1, 2, Some(y.digest())));
    stage.deliver(|letter| letter.is("prevote"));
    stage.tell(&[1, 3], precommit(1, 2, Some(y.digest())));
    stage.deliver(|letter| letter.is("precommit"));
}

/// Six validators, split in the middle. Nobody is Byzantine.
pub(super) fn two_sides_of_three(stage: &mut Stage) {
    stage.groups = vec![0, 0, 0, 1, 1, 1];
    stage.lose_all();
    stage.reconnect();
    stage.run(Duration::from_secs(10), |_| false);
}

/// Nobody has a proposal in round 0, so all precommit nil.
pub(super) fn a_silent_proposer(stage: &mut Stage) {
    stage.settle(1);
}

/// Validator 1 proposes at heights 1 and 5, and is silent.
pub(super) fn a_silent_proposer_in_its_second_turn(stage: &mut Stage) {
    stage.settle(5);
}

/// In round 2 the Byzantine proposer tells two of three a value with the hidden polka of round 0, and then nothing.
pub(super) fn a_polka_that_only_its_proposer_knows(stage: &mut Stage) {
    let hidden = a_hidden_polka(stage);
    stage.ring(Propose, &[0, 1]);
    stage.deliver(|letter| letter.is("prevote"));
    stage.ring(Prevote, &[0, 1, 2]);
    stage.deliver(|letter| letter.is("precommit"));
    stage.ring(Precommit, &[0, 1, 2]);
    stage.lose_all();
    stage.tell(&[0, 1], proposal(2, &of_round_0(), Some(hidden)));
    stage.settle(1);
}

/// Validators 0 and 1 go through two rounds with the Byzantine one, while 2 hears nobody; then the Byzantine one is
/// silent and all others hear each other.
pub(super) fn one_falls_behind(stage: &mut Stage) {
    stage.groups = vec![0, 0, 1, 0];
    stage.lose_all();
    stage.reconnect();
    for round in 0..2 {
        stage.ring(Propose, &[0, 1]);
        stage.tell(&[0, 1], prevote(round, 3, None));
        stage.deliver(|letter| letter.is("prevote"));
        stage.ring(Prevote, &[0, 1]);
        stage.tell(&[0, 1], precommit(round, 3, None));
        stage.deliver(|letter| letter.is("precommit"));
        stage.ring(Precommit, &[0, 1]);
        stage.lose_all();
    }
    stage.groups = vec![0; 4];
    stage.settle(1);
}

pub(super) fn two_proposals(stage: &mut Stage) {
    stage.tell(&[0], proposal(0, &value("x"), None));
    stage.tell(&[0], proposal(0, &value("y"), None));
}
