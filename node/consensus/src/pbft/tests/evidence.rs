//! Who is accused, and who never is.

use super::log::{FUTURE_VIEWS, PAST_VIEWS};
use super::rig::Rig;
use super::*;

fn offenders(rig: &mut Rig) -> Vec<ValidatorIndex> {
    rig.accused().iter().map(Evidence::offender).collect()
}

#[test]
fn two_votes_of_one_kind_in_one_view_are_evidence_once_and_the_first_counts() {
    let (x, y) = (value("x"), value("y"));
    for kind in [VoteKind::Prepare, VoteKind::Commit] {
        let mut rig = Rig::new();
        for value in [&x, &x, &y, &value("z"), &x] {
            rig.hear(vote(kind, 1, 0, 2, value));
        }
        assert_eq!(offenders(&mut rig), [v(2)]);
        assert_eq!(rig.engine.log.vote(kind, 0, v(2)).unwrap().message, vote(kind, 1, 0, 2, &x));
    }
}

#[test]
fn a_second_commit_does_not_complete_a_quorum() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.commits(0, &value("y"), &[2]);
    rig.commits(0, &x, &[0, 1, 2]);
    assert!(rig.decided().is_none());
}

#[test]
fn two_pre_prepares_of_one_view_are_evidence_also_inside_a_new_view() {
    let (x, y) = (value("x"), value("y"));
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.pre_prepare(&y);
    assert_eq!(offenders(&mut rig), [v(0)]);

    let mut rig = Rig::new();
    let claims = [change(1, 1, 0, None), change(1, 1, 1, None), change(1, 1, 2, None)];
    rig.hear(new_view(pre_prepare(1, 1, 1, &x), &claims, None));
    rig.hear(bare(1, 1, 1, &x));
    assert!(rig.accused().is_empty(), "a NEW-VIEW may repeat a PRE-PREPARE");
    rig.hear(bare(1, 1, 1, &y));
    assert_eq!(offenders(&mut rig), [v(1)]);
}

#[test]
fn evidence_of_two_long_proposals_is_short_and_still_proves_it() {
    let mut rig = Rig::new();
    for byte in [1, 2] {
        rig.pre_prepare(&Value::new(vec![byte; 1 << 20]));
    }
    let bytes = borsh::to_vec(&rig.accused()[0]).unwrap();
    assert!(bytes.len() < 300, "{} bytes", bytes.len());
    let mut evidence: Evidence<PbftMessage> = borsh::from_slice(&bytes).unwrap();
    assert_eq!(evidence.check::<Pbft>(&rig.set, &CHAIN, &TagVerifier), Ok(v(0)));
    if let Statement::PrePrepare { digest, .. } = &mut evidence.second.message {
        digest.0[0] ^= 1;
    }
    assert!(evidence.check::<Pbft>(&rig.set, &CHAIN, &TagVerifier).is_err(), "nobody signed that");
}

#[test]
fn who_committed_and_then_claims_not_to_have_been_prepared_is_convicted_in_either_order() {
    let x = value("x");
    let commit = vote(VoteKind::Commit, 1, 0, 2, &x);
    let forgets = change(1, 1, 2, None);
    for messages in [[&commit, &forgets], [&forgets, &commit]] {
        let mut rig = Rig::new();
        messages.into_iter().for_each(|message| rig.hear(message.clone()));
        assert_eq!(offenders(&mut rig), [v(2)]);
    }
}

#[test]
fn who_claims_less_than_in_an_earlier_view_change_is_convicted() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.hear(change(1, 1, 2, Some(prepared(4, 1, 0, &x, &[1, 2]))));
    rig.hear(change(1, 2, 2, None));
    assert_eq!(offenders(&mut rig), [v(2)]);
}

#[test]
fn two_view_changes_to_one_view_are_evidence() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.hear(change(1, 1, 2, None));
    rig.hear(change(1, 1, 2, Some(prepared(4, 1, 0, &x, &[1, 2]))));
    assert_eq!(offenders(&mut rig), [v(2)]);
}

/// Each pair is said by a correct validator in some run.
#[test]
fn what_a_correct_validator_may_say_does_not_conflict() {
    let (x, y) = (value("x"), value("y"));
    let commit = |view, value| vote(VoteKind::Commit, 1, view, 2, value);
    let certificate = |view, value: &Value| Some(prepared(4, 1, view, value, &[2, 3]));
    let pairs = [
        (commit(0, &x), commit(1, &y)),
        (commit(0, &x), vote(VoteKind::Prepare, 1, 0, 2, &x)),
        (commit(0, &x), vote(VoteKind::Commit, 2, 0, 2, &y)),
        (commit(0, &x), vote(VoteKind::Commit, 1, 0, 3, &y)),
        // Prepared in view 0, then in a later one for another value.
        (commit(0, &x), change(1, 1, 2, certificate(0, &x))),
        (commit(0, &x), change(1, 3, 2, certificate(1, &y))),
        // It committed after the view change, in the new view or above.
        (commit(1, &x), change(1, 1, 2, None)),
        (commit(5, &x), change(1, 1, 2, None)),
        // It said PREPARE, and was not prepared.
        (vote(VoteKind::Prepare, 1, 0, 2, &x), change(1, 1, 2, None)),
        (change(1, 1, 2, None), change(1, 2, 2, certificate(1, &x))),
        (change(1, 1, 2, certificate(0, &x)), change(1, 3, 2, certificate(1, &y))),
        (change(1, 1, 2, certificate(0, &x)), change(2, 3, 2, None)),
        (change(1, 1, 2, certificate(0, &x)), change(1, 3, 3, None)),
    ];
    for (first, second) in pairs {
        let (first, second) = (first.statement(), second.statement());
        assert!(!Pbft::conflicting(&first, &second), "{first:?} {second:?}");
        assert!(!Pbft::conflicting(&second, &first), "{second:?} {first:?}");
        assert!(!Pbft::conflicting(&first, &first));
    }
}

#[test]
fn a_late_vote_or_proposal_of_a_decided_height_is_still_evidence() {
    let (x, y) = (value("x"), value("y"));
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.commits(0, &x, &[0, 1, 2]);
    rig.advance();
    rig.advance();
    rig.take();
    rig.hear(vote(VoteKind::Commit, 1, 0, 2, &y));
    rig.hear(bare(1, 0, 0, &y));
    rig.hear(vote(VoteKind::Commit, 1, 0, 2, &value("z")));
    assert_eq!(offenders(&mut rig), [v(2), v(0)]);
}

#[test]
fn a_flood_of_messages_for_future_views_takes_no_memory() {
    let mut rig = Rig::new();
    for view in (0..20_000).chain(u32::MAX - 100..=u32::MAX) {
        rig.hear(vote(VoteKind::Commit, 1, view, 2, &value(&format!("{}", view % 251))));
        if view > 0 {
            rig.hear(change(1, view, 2, None));
        }
    }
    assert_eq!(rig.engine.round(), 0);
    assert!(rig.engine.log.held() <= 1 + FUTURE_VIEWS as usize, "{}", rig.engine.log.held());
}

#[test]
fn a_thousand_views_take_no_more_memory_than_the_window() {
    let mut rig = Rig::new();
    for view in 1..1_000u32 {
        let x = value(&format!("{view}"));
        rig.changes(view, &[0, 1, 2]);
        if view % 4 != 3 {
            let claims = [0, 1, 2].map(|author| change(1, view, author, None));
            rig.hear(new_view(pre_prepare(1, view, view as usize % 4, &x), &claims, None));
        }
        assert_eq!(rig.engine.round(), view);
        rig.take();
    }
    assert!(rig.engine.log.held() <= (PAST_VIEWS as usize + 1) * 3);
    assert!(format!("{:?}", rig.engine).len() < 1_000_000);
}
