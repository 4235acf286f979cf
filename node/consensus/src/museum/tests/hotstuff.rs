//! The scenes of HotStuff. At height 1 the leader of round r is validator (1 + r) mod 4, and the votes of a round go
//! to the leader of the next.

use super::stage::Stage;
use crate::TimerKind::Propose;
use crate::hotstuff::{
    HotStuffMessage, Proposal, QuorumCertificate, Statement, SyncInfo, Timeout, TimeoutCertificate,
    TimeoutSignature, Vote,
};
use crate::tests::{signed, v, value};
use bitcraps_types::{Round, Signature, Value};

fn proposal(
    round: Round,
    justify: Option<&QuorumCertificate>,
    tc: Option<TimeoutCertificate>,
    value: Option<&Value>,
) -> HotStuffMessage {
    let author = v((1 + round as usize) % 4);
    let (justify, value) = (justify.cloned(), value.cloned());
    HotStuffMessage::Proposal(Box::new(Proposal { height: 1, round, author, justify, tc, value }))
}

fn vote(round: Round, value: &Value, justify: Option<Round>, author: usize) -> Vote {
    Vote { height: 1, round, author: v(author), digest: value.digest(), justify }
}

fn cast(round: Round, value: &Value, justify: Option<Round>, author: usize) -> HotStuffMessage {
    HotStuffMessage::Vote(vote(round, value, justify, author))
}

fn timeout(round: Round, high_qc: Option<&QuorumCertificate>, author: usize) -> HotStuffMessage {
    HotStuffMessage::Timeout(Box::new(Timeout {
        height: 1,
        round,
        author: v(author),
        high_qc: high_qc.cloned(),
    }))
}

fn sync_info(author: usize, qc: &QuorumCertificate) -> HotStuffMessage {
    HotStuffMessage::SyncInfo(Box::new(SyncInfo {
        height: 1,
        author: v(author),
        qc: Some(qc.clone()),
        tc: None,
    }))
}

fn certificate(round: Round, value: &Value, justify: Option<Round>, signers: &[usize]) -> QuorumCertificate {
    let sign = |&i: &usize| (v(i), signed(cast(round, value, justify, i)).signature);
    let signatures = signers.iter().map(sign).collect();
    QuorumCertificate { height: 1, round, digest: value.digest(), justify, signatures }
}

/// A certificate, if all who sign it voted so.
fn qc(
    stage: &Stage,
    round: Round,
    value: &Value,
    justify: Option<Round>,
    signers: &[usize],
) -> Option<QuorumCertificate> {
    let said = |i: &usize| stage.has_said(Statement::Vote(vote(round, value, justify, *i)));
    signers.iter().all(said).then(|| certificate(round, value, justify, signers))
}

fn claims(round: Round, claims: &[(usize, Option<Round>)]) -> TimeoutCertificate {
    let timeouts = claims.iter().map(|&(i, high_qc_round)| {
        let statement = Statement::Timeout { height: 1, round, author: v(i), high_qc_round };
        TimeoutSignature { signer: v(i), high_qc_round, signature: signed(statement).signature }
    });
    TimeoutCertificate { height: 1, round, timeouts: timeouts.collect() }
}

/// A timeout certificate. All who sign it gave the round up so.
fn tc(stage: &Stage, round: Round, claimed: &[(usize, Option<Round>)]) -> TimeoutCertificate {
    for &(i, high_qc_round) in claimed {
        let statement = Statement::Timeout { height: 1, round, author: v(i), high_qc_round };
        assert!(stage.has_said(statement), "{i} gave up round {round}, knowing {high_qc_round:?}");
    }
    claims(round, claimed)
}

/// What the leader of this round proposes if it is asked.
fn of_round(round: Round) -> Value {
    value(&format!("1/{round} by {}", (1 + round) % 4))
}

/// The rounds 0 and 2 certify x, 1 and 3 certify y. Nobody is Byzantine: the certificates of rounds 0 and 1 are late,
/// and so are the votes of round 2.
pub(super) fn two_chains_with_gaps(stage: &mut Stage) {
    let all = &[0, 1, 2, 3];
    // Round 0: x is certified, when all have given it up. Only validator 3 hears of it.
    stage.deliver(|letter| letter.is("proposal"));
    stage.ring(Propose, all);
    stage.deliver(|letter| letter.is("timeout"));
    stage.deliver(|letter| letter.is("vote") && letter.to == 3);
    stage.lose_votes();
    // Round 1: y on the root. Only validator 0 hears that it is certified.
    stage.deliver(|letter| letter.is("proposal"));
    stage.lose_all();
    stage.ring(Propose, all);
    stage.deliver(|letter| letter.is("timeout"));
    stage.deliver(|letter| letter.is("vote") && letter.to == 0);
    stage.lose_votes();
    // Round 2: validator 3 carries x on. Only validator 1 hears that it is certified.
    stage.deliver(|letter| letter.is("proposal") && letter.to != 0);
    stage.lose_all();
    stage.ring(Propose, all);
    stage.deliver(|letter| letter.is("vote") && letter.to == 1);
    stage.deliver(|letter| letter.is("timeout") && letter.to != 1);
    stage.lose_votes();
    // Round 3: validator 0 carries y on.
    stage.deliver(|letter| letter.is("proposal"));
    stage.lose_all();
    stage.ring(Propose, &[0, 2, 3]);
    stage.deliver(|letter| letter.is("vote") && letter.to == 2);
}

/// Rounds 0 and 1 decide x, which the Byzantine leader of round 2 tells to validator 1 alone. The others give round 1
/// up; all know the certificate of round 0.
fn decided_for_one(stage: &mut Stage) -> QuorumCertificate {
    let x = of_round(0);
    stage.deliver_all();
    let first = qc(stage, 0, &x, None, &[0, 1, 2]).expect("all voted");
    let second = qc(stage, 1, &x, Some(0), &[0, 1, 2]).expect("all voted");
    stage.tell(&[1], sync_info(3, &second));
    stage.lose_all();
    stage.ring(Propose, &[0, 2]);
    stage.lose_all();
    first
}

/// The Byzantine leader of round 2 proposed y to validators 0 and 2. If they vote for it, it is carried on in round 3,
/// and decided.
fn carry_on(stage: &mut Stage, y: &Value, justify: Option<Round>) {
    stage.tell(&[0], cast(2, y, justify, 3));
    stage.deliver(|letter| letter.is("vote") && letter.to == 0);
    stage.deliver(|letter| letter.is("proposal") && letter.to == 2);
    stage.lose_all();
    stage.tell(&[2], cast(3, y, Some(2), 3));
    stage.ring(Propose, &[0]);
    stage.deliver(|letter| letter.is("vote") && letter.to == 2);
}

pub(super) fn a_new_value_on_the_root(stage: &mut Stage) {
    decided_for_one(stage);
    let y = value("y");
    let claims = tc(stage, 1, &[(0, Some(0)), (2, Some(0)), (3, None)]);
    stage.tell(&[0, 2], proposal(2, None, Some(claims), Some(&y)));
    carry_on(stage, &y, None);
}

pub(super) fn a_new_value_on_an_old_certificate(stage: &mut Stage) {
    let first = decided_for_one(stage);
    let y = value("y");
    let claims = tc(stage, 1, &[(0, Some(0)), (2, Some(0)), (3, None)]);
    stage.tell(&[0, 2], proposal(2, Some(&first), Some(claims), Some(&y)));
    carry_on(stage, &y, Some(0));
}

/// The signatures are those of what was claimed.
pub(super) fn the_leader_makes_claims_less(stage: &mut Stage) {
    decided_for_one(stage);
    let y = value("y");
    let mut claims = tc(stage, 1, &[(0, Some(0)), (2, Some(0)), (3, None)]);
    claims.timeouts.iter_mut().for_each(|timeout| timeout.high_qc_round = None);
    stage.tell(&[0, 2], proposal(2, None, Some(claims), Some(&y)));
    carry_on(stage, &y, None);
}

/// x is certified in round 0, but late, and only the Byzantine validator knows; y is decided in rounds 1 and 2. Then
/// the certificate of x is shown as one of round 2.
pub(super) fn an_old_certificate_is_given_a_later_round(stage: &mut Stage) {
    let (x, y) = (of_round(0), of_round(1));
    stage.deliver(|letter| letter.is("proposal"));
    stage.lose_all();
    stage.ring(Propose, &[0, 1, 2]);
    stage.deliver(|letter| letter.is("timeout"));
    stage.lose_votes();
    stage.deliver(|letter| letter.is("proposal"));
    stage.lose_all();
    let old = qc(stage, 0, &x, None, &[0, 1, 2]).expect("all voted");
    let current = qc(stage, 1, &y, None, &[0, 1, 2]).expect("all voted");
    stage.tell(&[0, 1, 2], proposal(2, Some(&current), None, None));
    stage.deliver(|letter| letter.is("vote") && letter.to == 0);
    stage.lose_all();
    let inflated = QuorumCertificate { round: 2, ..old };
    stage.tell(&[1, 2], sync_info(3, &inflated));
    stage.ring(Propose, &[1, 2]);
    stage.tell(&[1, 2], timeout(3, Some(&inflated), 3));
    stage.deliver(|letter| letter.is("timeout"));
    stage.deliver(|letter| letter.is("proposal") && letter.to == 2);
    stage.tell(&[2], cast(4, &x, Some(2), 3));
    stage.deliver(|letter| letter.is("vote") && letter.to == 2);
    stage.deliver(|letter| letter.is("proposal") && letter.to == 1);
    stage.tell(&[1], cast(5, &x, Some(4), 3));
    stage.lose_all();
    stage.ring(Propose, &[2]);
    stage.deliver(|letter| letter.is("vote") && letter.to == 1);
}

/// All give round 1 up and know no certificate; then its proposal comes. With the votes of those who gave it up x is
/// decided, and with their timeouts y may be proposed.
pub(super) fn a_late_proposal(stage: &mut Stage) {
    let x = of_round(0);
    stage.deliver(|letter| letter.is("proposal"));
    stage.deliver(|letter| letter.is("vote") && letter.to == 2);
    stage.ring(Propose, &[0, 1]);
    stage.tell(&[0, 1], timeout(0, None, 3));
    stage.deliver(|letter| letter.is("timeout") && letter.to != 2);
    stage.ring(Propose, &[0, 1]);
    stage.lose_all();
    stage.reconnect();
    stage.deliver(|letter| letter.is("proposal"));
    if let Some(decides) = qc(stage, 1, &x, Some(0), &[0, 1, 2]) {
        stage.tell(&[1], sync_info(3, &decides));
    }
    stage.lose_all();
    let y = value("y");
    let claims = tc(stage, 1, &[(0, None), (1, None), (3, None)]);
    stage.tell(&[0, 2], proposal(2, None, Some(claims), Some(&y)));
    carry_on(stage, &y, None);
}

/// The leader equivocates.
pub(super) fn a_crash_after_the_vote(stage: &mut Stage) {
    stage.tell(&[0], proposal(0, None, None, Some(&value("x"))));
    stage.restart(0);
    stage.tell(&[0], proposal(0, None, None, Some(&value("y"))));
}

/// A Byzantine validator gives round 1 up for all, proposes in round 2, and decides for all in round 3.
pub(super) fn certificates_of_one_signer(stage: &mut Stage) {
    let y = value("y");
    stage.tell(&[0], proposal(2, None, Some(claims(1, &[(3, None); 3])), Some(&y)));
    stage.tell(&[0], sync_info(3, &certificate(3, &y, Some(2), &[3, 3, 3])));
}

pub(super) fn a_forged_certificate_in_a_timeout(stage: &mut Stage) {
    let x = value("x");
    stage.tell(&[0], proposal(0, None, None, Some(&x)));
    let mut forged = certificate(1, &x, Some(0), &[0, 2, 3]);
    forged.signatures.iter_mut().for_each(|(_, signature)| *signature = Signature([0; 64]));
    stage.tell(&[0], timeout(2, Some(&forged), 1));
}

/// In round 1, before the others' votes come to the leader of round 2.
pub(super) fn one_votes_for_another_block(stage: &mut Stage) {
    stage.deliver(|letter| letter.is("proposal") || (letter.is("vote") && letter.to == 2));
    stage.tell(&[3], cast(1, &value("y"), Some(0), 0));
    stage.deliver(|letter| letter.is("vote"));
}

pub(super) fn the_deciding_certificate_comes_twice(stage: &mut Stage) {
    stage.slow_application(0);
    stage.deliver(|letter| !letter.is("sync-info"));
    stage.repeat(|letter| letter.is("sync-info") && letter.to == 0);
    stage.deliver(|letter| letter.to == 0);
}

/// The leader of round 1 is silent. All stop when two of them are in round 2. What they say at once after the restart is
/// lost, as their links are not open yet.
pub(super) fn all_restart_after_two_failed_rounds(stage: &mut Stage) {
    let all = &[0, 1, 3];
    stage.lose_all();
    stage.ring(Propose, all);
    stage.deliver(|letter| letter.is("timeout"));
    stage.ring(Propose, all);
    stage.deliver(|letter| letter.is("timeout") && letter.to != 3);
    all.iter().for_each(|i| stage.restart(*i));
    stage.lose_all();
    stage.reconnect();
    stage.settle(1);
}

/// The leader of round 0 is silent.
pub(super) fn all_timeouts_are_lost(stage: &mut Stage) {
    stage.ring(Propose, &[0, 2, 3]);
    stage.lose_all();
    stage.settle(1);
}

/// Validator 0 never gets the bytes of what is decided.
pub(super) fn a_proposal_is_lost(stage: &mut Stage) {
    stage.deliver(|letter| letter.to != 0 && !letter.is("sync-info"));
    stage.deliver(|letter| letter.to == 0 && letter.is("sync-info"));
}
