//! §4.4 and §4.5.2: what survives a view change, who may begin a view, and how all find each other.

use super::rig::Rig;
use super::*;

/// A backup (validator 3) that was prepared for x in view 0, and asked for view 1.
fn prepared_on(x: &Value) -> Rig {
    let mut rig = Rig::new();
    rig.pre_prepare(x);
    rig.prepares(0, x, &[1]);
    rig.time_out();
    rig
}

#[test]
fn a_view_that_decides_nothing_in_time_is_left() {
    let mut rig = Rig::new();
    rig.take();
    rig.time_out();
    let out = rig.take();
    let entered = |output: &Output<Pbft>| matches!(output, Output::Entered { round: 1, proposer, .. } if *proposer == v(1));
    assert!(out.iter().any(entered));
    assert!(out.iter().any(|output| {
        matches!(output, Output::Sign { message, .. } if *message == change(1, 1, 3, None))
    }));
}

#[test]
fn who_left_a_view_says_nothing_in_it_any_more() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.time_out();
    rig.take();
    rig.pre_prepare(&x);
    rig.prepares(0, &x, &[1, 2]);
    assert!(rig.said().is_empty());
    rig.commits(0, &x, &[0, 1, 2]);
    assert_eq!(rig.decided().unwrap().0, x, "but a quorum's COMMITs are a decision in any view");
}

#[test]
fn a_view_change_carries_the_certificate_and_its_author_sends_the_value_to_the_new_primary() {
    let x = value("x");
    let mut rig = prepared_on(&x);
    let out = rig.take();
    let change = out.iter().find_map(|output| match output {
        Output::Sign { message: PbftMessage::ViewChange(change), .. } => Some(change),
        _ => None,
    });
    assert_eq!(change.unwrap().prepared, Some(prepared(4, 1, 0, &x, &[1, 3])));
    let sent = |output: &Output<Pbft>| {
        matches!(output, Output::Relay { to, message }
            if *to == Dest::One(v(1)) && message.message == bare(1, 0, 0, &x))
    };
    assert!(out.iter().any(sent));
    rig.ring(TimerKind::Rebroadcast);
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    assert!(rig.take().iter().any(sent), "and again with each repetition");
}

#[test]
fn the_new_primary_proposes_afresh_if_a_quorum_was_not_prepared() {
    let y = value("y");
    let mut rig = Rig::of(4, Some(1));
    rig.time_out();
    rig.changes(1, &[2]);
    let asks = |output: &Output<Pbft>| matches!(output, Output::Propose { height: 1, round: 1 });
    assert!(!rig.take().iter().any(asks), "two of four");
    rig.changes(1, &[3]);
    assert!(rig.take().iter().any(asks));
    rig.input(Input::Proposed { height: 1, round: 1, value: y.clone() });
    let new_view = rig.new_view().unwrap();
    let authors: Vec<usize> = new_view.changes.iter().map(|claim| claim.author.index()).collect();
    assert_eq!((new_view.proposal.value, new_view.prepared, authors), (y, None, vec![1, 2, 3]));
}

#[test]
fn the_new_primary_proposes_what_one_of_a_quorum_was_prepared_for() {
    let x = value("x");
    let mut rig = Rig::of(4, Some(1));
    rig.time_out();
    rig.changes(1, &[2]);
    let certificate = prepared(4, 1, 0, &x, &[2, 3]);
    rig.hear(change(1, 1, 3, Some(certificate.clone())));
    assert!(rig.new_view().is_none(), "it lacks the value");
    rig.hear(bare(1, 0, 0, &x));
    let new_view = rig.new_view().unwrap();
    assert_eq!((new_view.proposal.value, new_view.prepared), (x, Some(certificate)));
}

#[test]
fn the_highest_prepared_view_counts() {
    let (x, y) = (value("x"), value("y"));
    let mut rig = Rig::of(4, Some(2));
    rig.hear(bare(1, 0, 0, &x));
    rig.hear(bare(1, 1, 1, &y));
    rig.time_out();
    rig.hear(change(1, 2, 0, Some(prepared(4, 1, 0, &x, &[2, 3]))));
    rig.hear(change(1, 2, 1, Some(prepared(4, 1, 1, &y, &[0, 3]))));
    assert_eq!(rig.new_view().unwrap().proposal.value, y);
}

#[test]
fn a_value_that_comes_while_the_application_is_asked_goes_first() {
    let x = value("x");
    let mut rig = Rig::of(7, Some(1));
    rig.hear(bare(1, 0, 0, &x));
    rig.time_out();
    rig.changes(1, &[2, 3, 4, 5]);
    assert!(rig.take().iter().any(|output| matches!(output, Output::Propose { round: 1, .. })));
    rig.accepts = false;
    rig.hear(change(1, 1, 6, Some(prepared(7, 1, 0, &x, &[2, 3, 4, 6]))));
    assert_eq!(rig.new_view().unwrap().proposal.value, x);
    rig.input(Input::Proposed { height: 1, round: 1, value: value("y") });
    assert!(rig.said().is_empty());
}

/// Validator 3 alone committed x: it told nobody. The others time out, and x it is in view 1.
#[test]
fn what_one_node_alone_committed_survives() {
    let x = value("x");
    let mut alone = Rig::new();
    alone.pre_prepare(&x);
    alone.prepares(0, &x, &[1]);
    alone.commits(0, &x, &[0, 1]);
    assert!(alone.decided().is_some());

    let mut primary = Rig::of(4, Some(1));
    primary.pre_prepare(&x);
    primary.prepares(0, &x, &[3]);
    primary.time_out();
    primary.changes(1, &[0, 2]);
    let new_view = primary.new_view().unwrap();
    assert_eq!(new_view.proposal.value, x);

    let mut backup = Rig::of(4, Some(2));
    backup.time_out();
    backup.take();
    backup.hear(PbftMessage::NewView(Box::new(new_view)));
    assert_eq!(backup.said(), [vote(VoteKind::Prepare, 1, 1, 2, &x)]);
    backup.prepares(1, &x, &[3]);
    backup.commits(1, &x, &[1, 3]);
    let (decided, certificate) = backup.decided().unwrap();
    assert_eq!((decided, certificate.round), (x, 1));
}

#[test]
fn what_was_prepared_survives_two_faulty_primaries() {
    let x = value("x");
    let mut rig = prepared_on(&x);
    rig.changes(1, &[0, 2]);
    rig.take();
    rig.time_out();
    let change = rig.changed().unwrap();
    assert_eq!((change.view, change.prepared.map(|certificate| certificate.view)), (2, Some(0)));
    let claims = [
        super::change(1, 2, 0, None),
        super::change(1, 2, 2, None),
        super::change(1, 2, 3, Some(prepared(4, 1, 0, &x, &[1, 3]))),
    ];
    let certificate = Some(prepared(4, 1, 0, &x, &[1, 3]));
    rig.hear(new_view(pre_prepare(1, 2, 2, &x), &claims, certificate));
    rig.prepares(2, &x, &[0]);
    assert_eq!(rig.spoke(), [("prepare", 2), ("commit", 2)]);
    rig.time_out();
    let claim = rig.changed().unwrap().prepared.unwrap();
    assert_eq!(claim.view, 2, "prepared again, in a later view");
}

#[test]
fn a_backup_that_was_prepared_for_another_value_follows_a_later_certificate() {
    let (x, y) = (value("x"), value("y"));
    let mut rig = prepared_on(&x);
    rig.take();
    let later = prepared(4, 1, 1, &y, &[0, 2]);
    let claims = [change(1, 2, 0, Some(later.clone())), change(1, 2, 1, None), change(1, 2, 2, None)];
    rig.hear(new_view(pre_prepare(1, 2, 2, &y), &claims, Some(later)));
    assert_eq!(rig.said(), [vote(VoteKind::Prepare, 1, 2, 3, &y)]);
}

#[test]
fn a_bare_pre_prepare_is_taken_in_the_base_view_only() {
    let (x, y) = (value("x"), value("y"));
    let mut rig = prepared_on(&x);
    rig.take();
    rig.hear(bare(1, 1, 1, &y));
    rig.hear(bare(1, 1, 1, &y));
    assert!(rig.said().is_empty());
    let claims = [change(1, 1, 0, None), change(1, 1, 1, None), change(1, 1, 2, None)];
    rig.hear(new_view(pre_prepare(1, 1, 1, &y), &claims, None));
    assert_eq!(rig.said(), [vote(VoteKind::Prepare, 1, 1, 3, &y)]);
}

#[test]
fn a_new_view_is_followed_by_one_who_did_not_ask_for_it() {
    let y = value("y");
    let mut rig = Rig::new();
    rig.take();
    let claims = [change(1, 5, 0, None), change(1, 5, 1, None), change(1, 5, 2, None)];
    rig.hear(new_view(pre_prepare(1, 5, 1, &y), &claims, None));
    assert_eq!(rig.engine.round(), 5);
    assert_eq!(rig.said(), [vote(VoteKind::Prepare, 1, 5, 3, &y)]);
}

#[test]
fn more_than_a_third_in_higher_views_are_joined() {
    let mut rig = Rig::of(7, Some(6));
    rig.pre_prepare(&value("x"));
    rig.take();
    rig.changes(4, &[0]);
    rig.changes(2, &[1]);
    assert_eq!(rig.engine.round(), 0, "two of seven may both lie");
    rig.changes(3, &[2]);
    assert_eq!(
        rig.spoke(),
        [("view-change", 2)],
        "one of the three is correct, and it is in view 2 or above"
    );
    rig.changes(3, &[1]);
    assert_eq!(rig.engine.round(), 3);
}

#[test]
fn whoever_changes_views_alone_waits_for_a_quorum_before_its_timer_runs() {
    let mut rig = Rig::new();
    rig.time_out();
    rig.take();
    rig.changes(1, &[0]);
    assert_eq!(rig.timer_set(), None);
    rig.changes(3, &[1]);
    assert!(rig.timer_set().is_some(), "three of four are in view 1 or above");
}

#[test]
fn timeouts_grow_with_the_views_of_a_height_and_are_short_again_at_the_next() {
    let millis = |rig: &mut Rig| rig.timer_set().map(|timeout| timeout.as_millis());
    let mut rig = Rig::new();
    assert_eq!(millis(&mut rig), Some(500));
    for (view, expected) in [(1, 750), (2, 1125), (3, 1687)] {
        rig.time_out();
        rig.changes(view, &[0, 1, 2]);
        assert_eq!(millis(&mut rig), Some(expected));
    }
    rig.changes(100, &[0, 1, 2]);
    assert_eq!(millis(&mut rig), Some(Config::MAX_TIMEOUT.as_millis()));
    rig.advance();
    assert_eq!(rig.engine.round(), 100);
    assert_eq!(millis(&mut rig), Some(500));
}

#[test]
fn the_view_of_the_others_goes_on_at_the_next_height_without_a_new_view() {
    let (x, y) = (value("x"), value("y"));
    let mut rig = Rig::new();
    let claims = [change(1, 1, 0, None), change(1, 1, 1, None), change(1, 1, 2, None)];
    rig.hear(new_view(pre_prepare(1, 1, 1, &x), &claims, None));
    rig.commits(1, &x, &[0, 1, 2]);
    rig.advance();
    rig.take();
    rig.hear(bare(2, 1, 1, &y));
    assert_eq!(rig.said(), [vote(VoteKind::Prepare, 2, 1, 3, &y)]);
}

#[test]
fn a_view_change_of_one_s_own_that_came_to_nothing_ends_with_the_height() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.time_out();
    rig.commits(0, &x, &[0, 1, 2]);
    rig.advance();
    assert_eq!(rig.engine.round(), 0);
}

#[test]
fn who_said_nothing_at_a_height_goes_on_with_those_who_vote_in_a_higher_view() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.take();
    rig.commits(7, &x, &[0]);
    assert_eq!(rig.engine.round(), 0);
    rig.prepares(7, &x, &[1]);
    assert_eq!(rig.engine.round(), 7);
    assert!(rig.said().is_empty(), "no view change is needed");
    assert_eq!(rig.log, [Entry::Base { height: 1, view: 7 }]);
    rig.hear(bare(1, 7, 3, &x));
    assert_eq!(rig.log.len(), 1, "it is the primary of view 7 itself");

    let mut bound = Rig::new();
    bound.pre_prepare(&x);
    bound.take();
    bound.prepares(6, &x, &[0, 1]);
    assert_eq!(bound.spoke(), [("view-change", 6)], "who said something leaves the lower views first");
}

/// Validators 0 and 2 entered height 2 in view 0, validators 1 (the primary of view 1) and 3 in view 1.
#[test]
fn who_began_the_height_in_the_view_that_others_ask_for_joins_in_and_the_primary_shows_its_right() {
    let enter_at_1 = |me| {
        let mut rig = Rig::of(4, Some(me));
        rig.changes(1, &[0, 2]);
        rig.advance();
        rig.take();
        assert_eq!((rig.engine.height(), rig.engine.round()), (2, 1));
        rig
    };
    let y = value("y");
    let (mut primary, mut backup) = (enter_at_1(1), enter_at_1(3));
    primary.input(Input::Proposed { height: 2, round: 1, value: y.clone() });
    assert_eq!(primary.said(), [bare(2, 1, 1, &y)]);
    backup.hear(change(2, 1, 0, None));
    assert_eq!(backup.said(), [change(2, 1, 3, None)]);
    primary.hear(change(2, 1, 0, None));
    primary.hear(change(2, 1, 3, None));
    let new_view = primary.new_view().unwrap();
    assert_eq!((new_view.proposal.value.clone(), new_view.changes.len()), (y.clone(), 3));

    let mut other = Rig::of(4, Some(0));
    other.advance();
    other.time_out();
    other.take();
    other.hear(bare(2, 1, 1, &y));
    assert!(other.said().is_empty());
    other.hear(PbftMessage::NewView(Box::new(new_view)));
    assert_eq!(other.said(), [vote(VoteKind::Prepare, 2, 1, 0, &y)]);
}

#[test]
fn a_primary_that_pre_prepared_does_not_contradict_itself_for_a_certificate_that_comes_late() {
    let (x, y) = (value("x"), value("y"));
    let mut rig = Rig::of(4, Some(1));
    rig.changes(1, &[0, 2]);
    rig.advance();
    rig.input(Input::Proposed { height: 2, round: 1, value: y });
    rig.take();
    rig.hear(bare(2, 0, 0, &x));
    rig.hear(change(2, 1, 0, Some(prepared(4, 2, 0, &x, &[1, 2]))));
    rig.hear(change(2, 1, 2, None));
    assert_eq!(rig.spoke(), [("view-change", 1)]);
}

#[cfg(feature = "byzantine")]
#[test]
fn amnesia_forgets_the_certificate_and_convicts() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.prepares(0, &x, &[1]);
    rig.engine.forget_lock();
    rig.take();
    rig.time_out();
    let change = rig.changed().unwrap();
    assert_eq!(change.prepared, None);
    let commit = vote(VoteKind::Commit, 1, 0, 3, &x).statement();
    assert!(Pbft::conflicting(&commit, &change.statement()));
}
