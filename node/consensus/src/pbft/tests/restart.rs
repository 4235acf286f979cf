//! After a crash: the same promises, the same certificate, the same view, the same words.

use super::rig::Rig;
use super::*;

/// Prepared for x in view 0; then view 1, whose NEW-VIEW brought x again; then view 2 was asked for.
fn a_life() -> (Rig, Value) {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.prepares(0, &x, &[1]);
    rig.time_out();
    let certificate = prepared(4, 1, 0, &x, &[1, 3]);
    let claims = [change(1, 1, 1, None), change(1, 1, 2, None), change(1, 1, 3, Some(certificate.clone()))];
    rig.hear(new_view(pre_prepare(1, 1, 1, &x), &claims, Some(certificate)));
    rig.time_out();
    (rig, x)
}

#[test]
fn it_goes_on_in_its_view_and_repeats_itself_without_a_write() {
    let (rig, x) = a_life();
    let mut again = rig.restarted(rig.log.len());
    assert_eq!(again.engine.round(), 2);
    assert_eq!(again.log.len(), rig.log.len());
    let certificate = Some(prepared(4, 1, 0, &x, &[1, 3]));
    assert_eq!(again.said(), [vote(VoteKind::Commit, 1, 0, 3, &x), change(1, 2, 3, certificate)]);
}

#[test]
fn it_keeps_the_certificate_with_its_value_and_claims_it_again() {
    let (rig, x) = a_life();
    let mut again = rig.restarted(rig.log.len());
    again.take();
    again.changes(2, &[0, 1]);
    again.time_out();
    let out = again.take();
    let claimed = out.iter().any(|output| {
        matches!(output, Output::Sign { message: PbftMessage::ViewChange(change), .. }
            if change.view == 3 && change.prepared.as_ref().is_some_and(|claim| claim.digest == x.digest()))
    });
    assert!(claimed);
    again.changes(3, &[0, 1]);
    let new_view = again.new_view().expect("validator 3 is the primary of view 3");
    assert_eq!(new_view.proposal.value, x);
}

#[test]
fn at_no_cut_of_the_log_does_it_contradict_what_was_durable() {
    let (rig, x) = a_life();
    let y = value("y");
    for writes in 0..=rig.log.len() {
        let promised: Vec<Statement> = rig.log[..writes]
            .iter()
            .filter_map(|entry| match entry {
                Entry::Said(message) => Some(message.statement()),
                _ => None,
            })
            .collect();
        let mut again = rig.restarted(writes);
        again.pre_prepare(&y);
        again.prepares(0, &y, &[1, 2]);
        again.changes(1, &[0, 1, 2]);
        let claims = [change(1, 1, 0, None), change(1, 1, 1, None), change(1, 1, 2, None)];
        again.hear(new_view(pre_prepare(1, 1, 1, &y), &claims, None));
        again.prepares(1, &x, &[0, 2]);
        again.prepares(1, &y, &[0, 2]);
        again.time_out();
        for message in again.said() {
            for promise in &promised {
                assert!(
                    !Pbft::conflicting(promise, &message.statement()),
                    "{promise:?} then {message:?} after {writes} writes"
                );
            }
        }
    }
}

#[test]
fn a_commit_that_was_lost_after_its_certificate_is_said() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.prepares(0, &x, &[1]);
    let mut again = rig.restarted(rig.log.len() - 1);
    assert_eq!(again.spoke(), [("prepare", 0), ("commit", 0)]);
    assert_eq!(again.log, rig.log, "the certificate is not written twice");
}

#[test]
fn a_primary_repeats_its_proposal_and_asks_for_no_other() {
    let x = value("x");
    let mut rig = Rig::of(4, Some(0));
    rig.input(Input::Proposed { height: 1, round: 0, value: x.clone() });
    let mut again = rig.restarted(1);
    let out = again.take();
    assert!(!out.iter().any(|output| matches!(output, Output::Propose { .. })));
    let repeats = |output: &Output<Pbft>| matches!(output, Output::Sign { message, after: 0, .. } if *message == bare(1, 0, 0, &x));
    assert!(out.iter().any(repeats));
}

/// It began height 1 again in view 6. After the crash it would not take a bare PRE-PREPARE above, nor speak below.
#[test]
fn the_base_view_is_kept() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.prepares(6, &x, &[0, 1]);
    rig.hear(bare(1, 6, 2, &x));
    assert_eq!(rig.spoke().last(), Some(&("commit", 6)));
    let mut again = rig.restarted(rig.log.len());
    assert_eq!((again.engine.round(), again.engine.base), (6, 6));
    again.take();
    again.time_out();
    again.hear(bare(1, 7, 3, &x));
    let claim = again.changed().unwrap();
    assert_eq!((claim.view, claim.prepared.unwrap().view), (7, 6));
    // Nothing was said: it may begin anew.
    let mut silent = rig.restarted(1);
    assert_eq!(silent.engine.round(), 6);
    silent.prepares(9, &x, &[0, 2]);
    assert_eq!(silent.engine.round(), 9);
}

#[test]
fn entries_of_earlier_heights_give_the_view_alone_and_those_of_others_nothing() {
    let (rig, x) = a_life();
    let mut next = Rig::unstarted(&[1; 4], Some(3), 2, &rig.log);
    next.input(Input::Start);
    assert_eq!(next.engine.round(), 1, "the last view it took part in");
    assert!(next.said().is_empty());
    assert_eq!(next.log.last(), Some(&Entry::Base { height: 2, view: 1 }));
    next.hear(bare(2, 1, 1, &x));
    assert_eq!(next.spoke(), [("prepare", 1)]);

    let mut other = Rig::unstarted(&[1; 4], Some(1), 1, &[Entry::Said(change(1, 4, 3, None))]);
    other.input(Input::Start);
    assert_eq!(other.engine.round(), 0);
}

#[test]
fn a_restarted_engine_starts_once() {
    let (rig, _) = a_life();
    let mut again = rig.restarted(rig.log.len());
    again.take();
    again.input(Input::Start);
    assert!(again.take().is_empty());
}
