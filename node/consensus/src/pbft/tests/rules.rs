//! §4.2, the normal case: who says what when.

use super::rig::Rig;
use super::*;

#[test]
fn the_primary_asks_the_application_and_pre_prepares_its_value() {
    let x = value("x");
    let mut rig = Rig::of(4, Some(0));
    assert!(rig.take().iter().any(|output| matches!(output, Output::Propose { height: 1, round: 0 })));
    rig.input(Input::Proposed { height: 1, round: 0, value: x.clone() });
    assert_eq!(rig.said(), [bare(1, 0, 0, &x)]);
    rig.input(Input::Proposed { height: 1, round: 0, value: value("y") });
    assert!(rig.said().is_empty(), "one value per view");
}

#[test]
fn an_answer_that_nobody_waits_for_is_not_proposed() {
    let mut rig = Rig::of(4, Some(0));
    rig.input(Input::Proposed { height: 2, round: 0, value: value("x") });
    rig.input(Input::Proposed { height: 1, round: 4, value: value("x") });
    rig.time_out();
    rig.take();
    rig.input(Input::Proposed { height: 1, round: 0, value: value("too late") });
    assert!(rig.said().is_empty());
}

#[test]
fn a_backup_prepares_the_first_pre_prepare_and_no_second() {
    let (x, y) = (value("x"), value("y"));
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.pre_prepare(&y);
    rig.pre_prepare(&x);
    assert_eq!(rig.said(), [vote(VoteKind::Prepare, 1, 0, 3, &x)]);
}

#[test]
fn a_value_that_the_application_refuses_is_not_prepared() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.accepts = false;
    rig.pre_prepare(&x);
    let fresh = rig.take().iter().any(|output| matches!(output, Output::Validate { fresh: true, .. }));
    assert!(fresh);
    rig.input(Input::Verdict { height: 1, digest: x.digest(), valid: false });
    assert!(rig.said().is_empty());
}

/// Only a fresh value is judged by the local clock: a quorum's PREPAREs say that others found it timely.
#[test]
fn who_refused_a_fresh_value_still_commits_to_what_a_quorum_prepared() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.accepts = false;
    rig.pre_prepare(&x);
    rig.input(Input::Verdict { height: 1, digest: x.digest(), valid: false });
    rig.prepares(0, &x, &[1, 2]);
    assert!(rig.take().iter().any(|output| matches!(output, Output::Validate { fresh: false, .. })));
    rig.input(Input::Verdict { height: 1, digest: x.digest(), valid: true });
    assert_eq!(rig.said(), [vote(VoteKind::Commit, 1, 0, 3, &x)]);
}

#[test]
fn prepared_takes_the_pre_prepare_and_prepares_of_a_quorum_together() {
    let x = value("x");
    let mut rig = Rig::of(7, Some(6));
    rig.pre_prepare(&x);
    rig.prepares(0, &x, &[1, 2]);
    assert_eq!(rig.spoke(), [("prepare", 0)], "the primary and three others are four of seven");
    rig.prepares(0, &x, &[3]);
    let out = rig.take();
    let locked = out.iter().any(
        |output| matches!(output, Output::Locked { height: 1, round: 0, digest } if *digest == x.digest()),
    );
    let said = out.iter().any(|output| {
        matches!(output, Output::Sign { message, .. } if *message == vote(VoteKind::Commit, 1, 0, 6, &x))
    });
    assert!(locked && said, "{out:?}");
}

#[test]
fn prepares_without_the_pre_prepare_or_for_another_value_count_for_nothing() {
    let (x, y) = (value("x"), value("y"));
    let mut rig = Rig::new();
    rig.prepares(0, &x, &[1, 2]);
    assert!(rig.said().is_empty());
    rig.pre_prepare(&y);
    assert_eq!(rig.spoke(), [("prepare", 0)]);
    let mut rig = Rig::new();
    rig.prepares(0, &x, &[1, 2]);
    rig.pre_prepare(&x);
    assert_eq!(rig.spoke(), [("prepare", 0), ("commit", 0)], "in whatever order they come");
}

#[test]
fn the_certificate_is_written_before_the_commit() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.prepares(0, &x, &[1]);
    let expected = Entry::Prepared {
        certificate: prepared(4, 1, 0, &x, &[1, 3]),
        proposal: Box::new(signed(bare(1, 0, 0, &x))),
    };
    let commit = Entry::Said(vote(VoteKind::Commit, 1, 0, 3, &x));
    assert_eq!(rig.log[1..], [expected, commit]);
}

#[test]
fn a_quorum_of_commits_decides_with_a_certificate_that_anyone_can_check() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.prepares(0, &x, &[1]);
    rig.take();
    rig.commits(0, &x, &[0]);
    assert!(rig.decided().is_none(), "two of four, its own with it");
    rig.commits(0, &x, &[2]);
    let (decided, certificate) = rig.decided().unwrap();
    assert_eq!((decided, certificate.round, certificate.signatures.len()), (x, 0, 3));
    certificate.verify(&rig.set, &CHAIN, &TagVerifier).unwrap();
}

#[test]
fn commits_of_two_views_or_values_don_t_add_up() {
    let (x, y) = (value("x"), value("y"));
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.commits(0, &x, &[0, 1]);
    rig.commits(1, &x, &[0, 2]);
    rig.commits(0, &y, &[2]);
    assert!(rig.decided().is_none());
}

#[test]
fn who_decided_says_no_more_at_this_height_and_waits() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.commits(0, &x, &[0, 1, 2]);
    assert!(rig.decided().is_some());
    rig.time_out();
    rig.changes(1, &[0, 1, 2]);
    assert!(rig.said().is_empty());
    assert_eq!((rig.engine.height(), rig.engine.round()), (1, 0));
}

#[test]
fn commits_of_a_value_that_never_came_ask_for_the_block() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.take();
    rig.commits(0, &x, &[0, 1, 2]);
    let behind = |rig: &mut Rig| {
        rig.take().iter().filter(|output| matches!(output, Output::Behind { seen: 2, .. })).count()
    };
    assert_eq!(behind(&mut rig), 2, "of more than a third, for one of them may lie");
    rig.commits(0, &x, &[0, 1]);
    assert_eq!(behind(&mut rig), 0, "once until the timer rings");
    rig.ring(TimerKind::Rebroadcast);
    assert_eq!(behind(&mut rig), 2);
    rig.pre_prepare(&x);
    assert_eq!(rig.decided().unwrap().0, x);
}

/// The primary gave this validator y and the others x.
#[test]
fn the_second_pre_prepare_can_still_be_decided() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&value("y"));
    rig.pre_prepare(&x);
    rig.commits(0, &x, &[0, 1, 2]);
    assert_eq!(rig.decided().unwrap().0, x);
}

#[test]
fn power_counts_and_not_heads() {
    let x = value("x");
    let mut rig = Rig::weighted(&[1, 1, 5, 1], Some(3));
    assert_eq!(Pbft::primary(&rig.set, 0), v(2), "the heaviest first");
    rig.hear(bare(1, 0, 2, &x));
    assert_eq!(rig.spoke(), [("prepare", 0), ("commit", 0)], "6 of 8 is a quorum");
    rig.commits(0, &x, &[0, 1]);
    assert!(rig.decided().is_none(), "3 of 8");
    rig.commits(0, &x, &[2]);
    assert!(rig.decided().is_some());
}

#[test]
fn a_lone_validator_decides_by_itself() {
    let x = value("x");
    let mut rig = Rig::of(1, Some(0));
    rig.input(Input::Proposed { height: 1, round: 0, value: x.clone() });
    assert_eq!(rig.decided().unwrap().0, x);
}

#[test]
fn a_follower_decides_and_says_nothing() {
    let x = value("x");
    let mut rig = Rig::of(4, None);
    rig.pre_prepare(&x);
    rig.prepares(0, &x, &[1, 2]);
    rig.time_out();
    assert_eq!(rig.engine.round(), 0);
    rig.changes(1, &[1, 2]);
    assert_eq!(rig.engine.round(), 1);
    rig.commits(0, &x, &[0, 1, 2]);
    let out = rig.take();
    assert!(out.iter().any(|output| matches!(output, Output::Decide { .. })));
    assert!(!out.iter().any(|output| matches!(output, Output::Sign { .. } | Output::Persist { .. })));
}

#[test]
fn the_primary_and_the_view_stay_from_height_to_height() {
    let mut rig = Rig::of(4, Some(0));
    for height in 1..5 {
        let x = value(&format!("{height}"));
        let asked = rig
            .take()
            .iter()
            .any(|output| matches!(output, Output::Propose { height: at, round: 0 } if *at == height));
        assert!(asked);
        rig.input(Input::Proposed { height, round: 0, value: x.clone() });
        rig.prepares(0, &x, &[1, 2]);
        rig.commits(0, &x, &[1, 2]);
        assert!(rig.decided().is_some());
        rig.advance();
    }
}
