//! The scenes of PBFT. The primary of view v is validator v mod n.

use super::stage::Stage;
use crate::TimerKind::Propose;
use crate::pbft::{
    ChangeClaim, NewView, PbftMessage, PrePrepare, PreparedCertificate, Statement, ViewChange, Vote, VoteKind,
};
use crate::tests::{signed, v, value};
use bitcraps_types::{Digest, Round, Signature, Value};
use std::time::Duration;

fn pre_prepare(view: Round, value: &Value) -> PrePrepare {
    PrePrepare { height: 1, view, author: v(view as usize % 4), value: value.clone() }
}

fn bare(view: Round, value: &Value) -> PbftMessage {
    PbftMessage::PrePrepare(Box::new(pre_prepare(view, value)))
}

fn vote(kind: VoteKind, view: Round, author: usize, value: &Value) -> PbftMessage {
    PbftMessage::Vote(Vote { kind, height: 1, view, author: v(author), digest: value.digest() })
}

fn view_change(view: Round, author: usize, prepared: Option<PreparedCertificate>) -> PbftMessage {
    PbftMessage::ViewChange(Box::new(ViewChange {
        height: 1,
        view,
        author: v(author),
        stable: None,
        prepared,
    }))
}

/// What this validator said in its VIEW-CHANGE.
fn claim(stage: &Stage, view: Round, author: usize, prepared: Option<(Round, Digest)>) -> ChangeClaim {
    let author = v(author);
    let statement = Statement::ViewChange { height: 1, view, author, stable: 0, prepared };
    assert!(stage.has_said(statement), "{author} asked for view {view}, prepared for {prepared:?}");
    ChangeClaim { author, stable: 0, prepared, signature: signed(statement).signature }
}

/// What primary 0 proposes in view 0.
fn of_view_0() -> Value {
    value("1/0 by 0")
}

fn prepare_all(stage: &mut Stage) {
    stage.deliver(|letter| letter.is("pre-prepare") || letter.is("prepare"));
}

/// All are prepared; only validator 0 hears the COMMITs, and decides. Then it is cut off, and the request timers of the
/// others ring.
fn decided_for_one(stage: &mut Stage, others: &[usize]) {
    prepare_all(stage);
    stage.deliver(|letter| letter.is("commit") && letter.to == 0);
    stage.lose_all();
    stage.groups = vec![1, 0, 0, 0];
    stage.ring(Propose, others);
}

/// These prepare and commit what is proposed in the view, with the Byzantine validator 1.
fn commit_with_1(stage: &mut Stage, view: Round, value: &Value, to: &[usize]) {
    stage.deliver(|letter| letter.is("new-view") || letter.is("prepare"));
    stage.tell(to, vote(VoteKind::Commit, view, 1, value));
    stage.deliver(|letter| letter.is("commit"));
}

pub(super) fn a_decided_value_is_left_behind(stage: &mut Stage) {
    decided_for_one(stage, &[1, 2, 3]);
    stage.deliver(|letter| letter.is("view-change"));
    stage.deliver(|letter| letter.is("new-view") || letter.is("prepare"));
    stage.deliver(|letter| letter.is("commit") && letter.to != 0);
}

/// Though two of three VIEW-CHANGEs claim what was decided.
pub(super) fn the_new_primary_proposes_what_it_likes(stage: &mut Stage) {
    let (x, y) = (of_view_0(), value("y"));
    decided_for_one(stage, &[2, 3]);
    stage.lose_all();
    let prepared = Some((0, x.digest()));
    let changes = vec![claim(stage, 1, 1, None), claim(stage, 1, 2, prepared), claim(stage, 1, 3, prepared)];
    let new_view = NewView { proposal: pre_prepare(1, &y), changes, prepared: None };
    stage.tell(&[2, 3], PbftMessage::NewView(Box::new(new_view)));
    commit_with_1(stage, 1, &y, &[2, 3]);
}

/// Nothing was prepared in view 1, whose primary is Byzantine and silent; but it claims so when it asks for view 2.
pub(super) fn a_claim_out_of_thin_air(stage: &mut Stage) {
    let y = value("y");
    decided_for_one(stage, &[2, 3]);
    stage.tell(&[2, 3], view_change(1, 1, None));
    stage.deliver(|letter| letter.is("view-change"));
    stage.lose_all();
    stage.ring(Propose, &[2, 3]);
    let (digest, nobody) = (y.digest(), Signature([0; 64]));
    let forged =
        PreparedCertificate { height: 1, view: 1, digest, pre_prepare: nobody, prepares: Vec::new() };
    stage.tell(&[2, 3], view_change(2, 1, Some(forged)));
    stage.tell(&[2], bare(1, &y));
    stage.deliver(|letter| letter.is("view-change"));
    stage.tell(&[2, 3], vote(VoteKind::Prepare, 2, 1, &y));
    commit_with_1(stage, 2, &y, &[2, 3]);
}

/// In view 0 only validator 3 is prepared, for y. View 1 begins without it, and x is decided, by validator 0 alone.
/// In view 2 validators 1 and 2 claim x of view 1, and validator 3 claims y of view 0.
pub(super) fn two_prepared_values(stage: &mut Stage) {
    stage.deliver(|letter| letter.is("pre-prepare") || (letter.is("prepare") && letter.to == 3));
    stage.lose_all();
    stage.ring(Propose, &[0, 1, 2]);
    stage.deliver(|letter| letter.is("view-change") && letter.to != 3);
    stage.deliver(|letter| (letter.is("new-view") || letter.is("prepare")) && letter.to != 3);
    stage.deliver(|letter| letter.is("commit") && letter.to == 0);
    stage.lose_all();
    stage.ring(Propose, &[1, 2]);
    stage.deliver(|letter| letter.is("view-change") || letter.is("pre-prepare"));
    stage.deliver(|letter| letter.is("new-view") || letter.is("prepare"));
    stage.deliver(|letter| letter.is("commit") && letter.to != 0);
}

/// Six validators, split in the middle. Nobody is Byzantine.
pub(super) fn two_sides_of_three(stage: &mut Stage) {
    stage.groups = vec![0, 0, 0, 1, 1, 1];
    stage.lose_all();
    stage.reconnect();
    stage.run(Duration::from_secs(20), |_| false);
}

/// Validator 1 hears x, validator 2 hears y, and each hears PREPARE of the primary.
pub(super) fn an_equivocating_primary_prepares(stage: &mut Stage) {
    for (to, value) in [(1, value("x")), (2, value("y"))] {
        stage.tell(&[to], bare(0, &value));
        stage.tell(&[to], vote(VoteKind::Prepare, 0, 0, &value));
    }
    stage.lose_all();
    stage.settle(1);
}

pub(super) fn a_crash_after_the_commit(stage: &mut Stage) {
    prepare_all(stage);
    stage.restart(1);
    stage.ring(Propose, &[1]);
}

/// It asked for view 1, prepared for nothing; then it is prepared in view 0.
pub(super) fn a_crash_after_the_view_change(stage: &mut Stage) {
    stage.ring(Propose, &[1]);
    stage.restart(1);
    prepare_all(stage);
}

/// View 0 failed, and validator 1 is the primary of view 1.
pub(super) fn the_new_primary_is_silent(stage: &mut Stage) {
    stage.lose_all();
    stage.ring(Propose, &[0, 2, 3]);
    stage.settle(1);
}

pub(super) fn all_view_changes_are_lost(stage: &mut Stage) {
    stage.lose_all();
    stage.ring(Propose, &[0, 1, 2, 3]);
    stage.lose_all();
    stage.settle(1);
}

/// All are prepared in view 0, and some hear a COMMIT; then all prepare and commit it again in view 1.
pub(super) fn a_value_is_carried_on(stage: &mut Stage) {
    prepare_all(stage);
    stage.deliver(|letter| letter.is("commit") && (letter.from, letter.to) == (1, 2));
    stage.lose_all();
    stage.ring(Propose, &[0, 1, 2, 3]);
    stage.deliver(|letter| letter.is("view-change"));
    stage.deliver(|letter| letter.is("new-view") || letter.is("prepare"));
    stage.deliver(|letter| letter.is("commit") && letter.to == 2);
}
