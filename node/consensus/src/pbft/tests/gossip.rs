//! Repetition, the next heights' messages, and who is ahead or behind.

use super::inbox::PER_AUTHOR;
use super::rig::Rig;
use super::*;

fn to_all(rig: &mut Rig) -> Vec<PbftMessage> {
    rig.relayed().into_iter().filter(|(to, _)| *to == Dest::All).map(|(_, message)| message).collect()
}

fn ahead(rig: &mut Rig) -> Vec<(usize, Height)> {
    let ahead = |output| match output {
        Output::Ahead { of, height } => Some((of.index(), height)),
        _ => None,
    };
    rig.take().into_iter().filter_map(ahead).collect()
}

fn behind(rig: &mut Rig) -> Vec<Height> {
    let behind = |output| match output {
        Output::Behind { seen, .. } => Some(seen),
        _ => None,
    };
    rig.take().into_iter().filter_map(behind).collect()
}

#[test]
fn it_repeats_what_it_said_when_nothing_moved_and_not_before() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.ring(TimerKind::Rebroadcast);
    assert!(to_all(&mut rig).is_empty());
    rig.ring(TimerKind::Rebroadcast);
    assert_eq!(to_all(&mut rig), [vote(VoteKind::Prepare, 1, 0, 3, &x)]);
    rig.prepares(0, &x, &[1]);
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    assert!(to_all(&mut rig).is_empty(), "it moved to the COMMIT");
    rig.time_out();
    rig.ring(TimerKind::Rebroadcast);
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    let kinds: Vec<&str> = to_all(&mut rig).iter().map(Message::kind).collect();
    assert_eq!(kinds, ["commit", "view-change"], "also its last COMMIT of an earlier view");
}

#[test]
fn a_primary_repeats_its_new_view() {
    let mut rig = Rig::of(4, Some(1));
    rig.time_out();
    rig.changes(1, &[0, 2]);
    rig.input(Input::Proposed { height: 1, round: 1, value: value("x") });
    rig.ring(TimerKind::Rebroadcast);
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    assert!(to_all(&mut rig).iter().any(|message| message.kind() == "new-view"));
}

#[test]
fn one_who_comes_within_reach_hears_what_it_said_in_this_view() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.take();
    rig.input(Input::Reachable(v(2)));
    assert_eq!(rig.relayed(), [(Dest::One(v(2)), vote(VoteKind::Prepare, 1, 0, 3, &x))]);
}

/// What a faulty validator told to one only reaches the others too.
#[test]
fn one_who_is_stuck_sends_what_it_holds_to_the_next_validator_at_each_ring() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.commits(0, &x, &[0]);
    rig.time_out();
    rig.changes(9, &[2]);
    rig.ring(TimerKind::Rebroadcast);
    rig.take();
    let mut to = Vec::new();
    for _ in 0..3 {
        rig.ring(TimerKind::Rebroadcast);
        let mut sent = rig.relayed();
        sent.retain(|(to, _)| *to != Dest::All);
        to.push(sent[0].0);
        let kinds: Vec<(&str, Round)> =
            sent.iter().map(|(_, message)| (message.kind(), message.view())).collect();
        assert_eq!(kinds, [("view-change", 9), ("view-change", 1), ("commit", 0)]);
    }
    assert_eq!(to, [v(1), v(2), v(0)].map(Dest::One));
}

#[test]
fn while_it_waits_for_the_next_height_it_sends_its_commits_to_a_few_once() {
    let x = value("x");
    let mut rig = Rig::of(10, Some(9));
    rig.pre_prepare(&x);
    rig.commits(0, &x, &[0, 1, 2, 3, 4, 5, 6]);
    assert!(rig.decided().is_some());
    let mut told = Vec::new();
    for _ in 0..8 {
        rig.ring(TimerKind::Rebroadcast);
        let mut to: Vec<Dest> = rig.relayed().into_iter().map(|(to, _)| to).collect();
        to.dedup();
        told.push(to.len());
    }
    assert_eq!(told, [1, 1, 1, 0, 0, 0, 0, 0]);
}

#[test]
fn commits_of_the_last_height_are_sent_too() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.commits(0, &x, &[0, 1, 2]);
    rig.advance();
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    let sent: Vec<(Height, &str)> =
        rig.relayed().iter().map(|(_, message)| (message.height(), message.kind())).collect();
    assert_eq!(sent, [(1, "commit"); 3]);
}

#[test]
fn the_timer_keeps_its_deadline_through_heights() {
    let mut rig = Rig::new();
    let deadline = |rig: &mut Rig| {
        rig.take().into_iter().find_map(|output| match output {
            Output::SetTimer { timer, at } if timer.kind == TimerKind::Rebroadcast => Some(at),
            _ => None,
        })
    };
    let first = deadline(&mut rig);
    rig.now = rig.now + Duration::from_millis(20);
    rig.advance();
    assert!(first.is_some());
    assert_eq!(deadline(&mut rig), first, "or it would never ring where heights are short");
}

#[test]
fn messages_of_the_next_heights_wait_for_them() {
    let x = value("x");
    let mut rig = Rig::new();
    for height in [2, 3] {
        for author in [0, 1, 2] {
            rig.hear(vote(VoteKind::Commit, height, 0, author, &x));
        }
        rig.hear(bare(height, 0, 0, &x));
        rig.hear(bare(height, 0, 0, &x));
    }
    assert_eq!(rig.engine.height(), 1);
    rig.advance();
    assert!(rig.decided().is_none(), "of one author, the last value");
    rig.hear(bare(2, 0, 0, &x));
    assert!(rig.decided().is_some());
    rig.advance();
    assert_eq!(rig.decided().unwrap().0, x);
}

#[test]
fn what_waits_is_bounded_per_author_and_the_latest_stays() {
    let x = value("x");
    let mut rig = Rig::new();
    for view in 0..1_000 {
        rig.hear(vote(VoteKind::Commit, 2, view, 1, &x));
        rig.hear(vote(VoteKind::Commit, 2, view, 1, &x));
        rig.hear(bare(2, 4 * view, 0, &x));
    }
    let waiting = rig.engine.inbox.take(2);
    let mut views: Vec<Round> = waiting.iter().map(|signed| signed.message.view()).collect();
    assert_eq!(views.remove(0), 4 * 999);
    assert_eq!(views, (1_000 - PER_AUTHOR as Round..1_000).collect::<Vec<_>>());
}

#[test]
fn what_was_verified_against_other_validators_is_forgotten() {
    let x = value("x");
    let mut rig = Rig::new();
    for author in [0, 1, 2] {
        rig.hear(vote(VoteKind::Commit, 2, 0, author, &x));
    }
    rig.input(Input::Advance { height: 2, validators: validators(&[1, 1, 1, 2]) });
    assert_eq!((rig.engine.log.held(), rig.engine.past.len()), (0, 0));
}

#[test]
fn f_plus_one_in_the_next_height_say_at_each_repetition_that_we_are_behind() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.hear(vote(VoteKind::Commit, 2, 0, 1, &x));
    rig.ring(TimerKind::Rebroadcast);
    rig.ring(TimerKind::Rebroadcast);
    assert!(behind(&mut rig).is_empty(), "one may lie");
    rig.hear(vote(VoteKind::Commit, 3, 0, 2, &x));
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    assert_eq!(behind(&mut rig), [2, 2], "both are named, for one of them may not help");
}

/// At height 3, having decided 1; validators 1 and 2 were seen there, 0 was not.
fn at_height_3() -> (Rig, Value) {
    let x = value("x");
    let mut rig = Rig::new();
    rig.pre_prepare(&x);
    rig.commits(0, &x, &[1, 2]);
    rig.prepares(0, &x, &[1, 2]);
    rig.advance();
    rig.advance();
    rig.commits(0, &x, &[1, 2]);
    rig.take();
    (rig, x)
}

#[test]
fn one_who_speaks_of_an_old_height_is_named_and_sent_its_commits_once_an_interval() {
    let (mut rig, x) = at_height_3();
    // Height 1 was heard of it before.
    rig.hear(vote(VoteKind::Commit, 1, 0, 0, &x));
    rig.hear(change(1, 1, 0, None));
    let out = rig.take();
    let named: Vec<_> = out
        .iter()
        .filter_map(|output| match output {
            Output::Ahead { of, height } => Some((*of, *height)),
            _ => None,
        })
        .collect();
    assert_eq!(named, [(v(0), 1)]);
    let commits = out.iter().filter(|output| {
        matches!(output, Output::Relay { to, message } if *to == Dest::One(v(0)) && message.message.kind() == "commit")
    });
    assert_eq!(commits.count(), 4);
    rig.hear(change(1, 1, 1, None));
    assert!(ahead(&mut rig).is_empty(), "it was seen later");
    rig.ring(TimerKind::Rebroadcast);
    rig.hear(change(1, 1, 0, None));
    assert_eq!(ahead(&mut rig), [(0, 1)], "what helped it may have been lost");
}

#[test]
fn a_vote_of_the_last_height_is_merely_late_until_an_interval_has_passed() {
    let (mut rig, x) = at_height_3();
    rig.hear(vote(VoteKind::Commit, 2, 0, 0, &x));
    assert!(ahead(&mut rig).is_empty());
    rig.now = rig.now + Duration::from_millis(500);
    rig.hear(vote(VoteKind::Commit, 2, 0, 0, &x));
    assert_eq!(ahead(&mut rig), [(0, 2)]);
}
