//! Repetition, help for those who are behind, the next height's messages, and who is ahead or behind.

use super::rig::Rig;
use super::*;
use crate::inbox::PER_AUTHOR;
use bitcraps_types::Height;

fn x() -> Value {
    value("x")
}

fn x_in_round_0() -> QuorumCertificate {
    qc(0, &x(), None, &[1, 2, 3])
}

fn deciding() -> QuorumCertificate {
    qc(1, &x(), Some(0), &[1, 2, 3])
}

fn advance(rig: &mut Rig, height: Height) {
    rig.input(Input::Advance { height, validators: rig.set.clone() });
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

fn vote_at(height: Height, author: usize) -> HotStuffMessage {
    HotStuffMessage::Vote(Vote { height, ..vote(0, &x(), None, author) })
}

#[test]
fn it_repeats_what_it_said_when_nothing_moved_and_not_before() {
    let my_vote = HotStuffMessage::Vote(vote(0, &x(), None, 0));
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.ring(TimerKind::Rebroadcast);
    assert!(rig.relayed().is_empty());
    rig.ring(TimerKind::Rebroadcast);
    assert_eq!(rig.relayed(), [(Dest::One(v(2)), my_vote.clone())], "to who counts it");
    rig.ring(TimerKind::Propose);
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    assert!(rig.relayed().is_empty(), "it gave the round up");
    rig.ring(TimerKind::Rebroadcast);
    assert_eq!(rig.relayed(), [(Dest::All, my_vote), (Dest::All, timeout(0, None, 0))]);
}

#[test]
fn a_leader_repeats_its_proposal() {
    let mut rig = Rig::of_four(1);
    rig.answer(0, &x());
    rig.ring(TimerKind::Rebroadcast);
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    assert_eq!(rig.relayed()[0], (Dest::All, proposal(4, 0, None, None, Some(&x()))));
}

#[test]
fn one_who_comes_within_reach_hears_what_it_would_have_heard() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.take();
    rig.input(Input::Reachable(v(3)));
    assert!(rig.relayed().is_empty(), "the vote is not for it");
    rig.input(Input::Reachable(v(2)));
    assert_eq!(rig.relayed(), [(Dest::One(v(2)), HotStuffMessage::Vote(vote(0, &x(), None, 0)))]);
    rig.ring(TimerKind::Propose);
    rig.take();
    rig.input(Input::Reachable(v(3)));
    assert_eq!(rig.relayed().len(), 2, "the timeout, and now the vote too");
}

#[test]
fn who_misses_a_certificate_is_sent_it_once_per_ring() {
    let mut rig = Rig::new(4);
    rig.hear(sync_info(2, Some(x_in_round_0()), None));
    rig.take();
    rig.hear(timeout(0, None, 3));
    let help = (Dest::One(v(3)), sync_info(0, Some(x_in_round_0()), None));
    assert_eq!(rig.said_to(), std::slice::from_ref(&help));
    rig.hear(timeout(0, None, 3));
    assert!(rig.said().is_empty());
    rig.ring(TimerKind::Rebroadcast);
    rig.take();
    rig.hear(timeout(0, None, 3));
    assert_eq!(rig.said_to(), [help]);
}

#[test]
fn who_misses_a_timeout_certificate_is_sent_it_with_the_certificate_that_it_needs() {
    let mut rig = Rig::new(4);
    let claims = tc(4, &[(1, Some(0)), (2, None), (3, None)]);
    rig.hear(sync_info(2, Some(x_in_round_0()), Some(claims.clone())));
    rig.take();
    rig.hear(timeout(2, Some(x_in_round_0()), 3));
    assert_eq!(rig.said_to(), [(Dest::One(v(3)), sync_info(0, Some(x_in_round_0()), Some(claims)))]);
}

/// Everyone hears everyone's timeouts: one that comes after the quorum is no cry for help.
#[test]
fn a_late_timeout_of_the_round_before_and_a_late_vote_are_not_answered() {
    let mut rig = Rig::new(4);
    rig.timeouts(0, &[1, 2]);
    assert_eq!(rig.engine.round(), 1);
    rig.take();
    rig.timeouts(0, &[3]);
    rig.votes(0, &x(), None, &[3]);
    assert!(rig.said().is_empty());
    rig.ring(TimerKind::Rebroadcast);
    rig.take();
    rig.timeouts(0, &[3]);
    assert_eq!(rig.said_to().len(), 1, "but if it stays there");
}

#[test]
fn once_it_decided_it_answers_every_timeout_with_the_proof() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.hear(sync_info(3, Some(deciding()), None));
    rig.take();
    rig.hear(timeout(1, Some(x_in_round_0()), 2));
    rig.hear(timeout(7, Some(x_in_round_0()), 3));
    let proof = sync_info(0, Some(deciding()), None);
    assert_eq!(rig.said_to(), [(Dest::One(v(2)), proof.clone()), (Dest::One(v(3)), proof)]);
}

#[test]
fn the_timer_keeps_its_deadline_through_heights() {
    let mut rig = Rig::new(4);
    let deadline = |rig: &mut Rig| {
        rig.take().into_iter().find_map(|output| match output {
            Output::SetTimer { timer, at } if timer.kind == TimerKind::Rebroadcast => Some(at),
            _ => None,
        })
    };
    let first = deadline(&mut rig);
    rig.now = rig.now + Duration::from_millis(20);
    advance(&mut rig, 2);
    assert!(first.is_some());
    assert_eq!(deadline(&mut rig), first, "or it would never ring where heights are short");
}

#[test]
fn messages_of_the_next_height_wait_for_it() {
    let author = HotStuff::leader(&validators(&[1; 4]), 2, 0);
    let first = Proposal { height: 2, round: 0, author, justify: None, tc: None, value: Some(x()) };
    let mut rig = Rig::weighted(&[1; 4], Some(3));
    for author in [0, 1] {
        rig.hear(vote_at(2, author));
    }
    rig.hear(HotStuffMessage::Proposal(Box::new(first)));
    assert_eq!(rig.engine.height(), 1);
    rig.take();
    advance(&mut rig, 2);
    assert!(rig.transitions().contains(&"qc"), "with its own vote");
}

#[test]
fn what_waits_is_bounded_per_author_and_the_latest_stays() {
    let mut rig = Rig::new(4);
    for round in 0..1_000 {
        let early = HotStuffMessage::Vote(Vote { height: 2, ..vote(round, &x(), None, 1) });
        rig.hear(early.clone());
        rig.hear(early);
    }
    let waiting = rig.engine.inbox.take(4);
    let rounds: Vec<Round> = waiting.iter().map(|signed| signed.message.round()).collect();
    assert_eq!(rounds, (1_000 - PER_AUTHOR as Round..1_000).collect::<Vec<_>>());
}

#[test]
fn messages_verified_against_other_validators_are_not_replayed() {
    let mut rig = Rig::of_four(3);
    for author in [0, 1, 2] {
        rig.hear(vote_at(2, author));
    }
    rig.take();
    rig.input(Input::Advance { height: 2, validators: validators(&[1, 1, 1, 2]) });
    assert!(!rig.transitions().contains(&"qc"));
}

#[test]
fn a_far_height_makes_the_host_sync_once_per_height_seen() {
    let mut rig = Rig::new(4);
    rig.take();
    for height in [2, 5, 5, 4, 9] {
        rig.hear(vote_at(height, 3));
    }
    assert_eq!(behind(&mut rig), [5, 9]);
}

#[test]
fn stuck_while_more_than_a_third_is_ahead_it_makes_the_host_sync_again() {
    let mut rig = Rig::new(4);
    rig.hear(vote_at(2, 1));
    rig.ring(TimerKind::Rebroadcast);
    rig.ring(TimerKind::Rebroadcast);
    assert!(behind(&mut rig).is_empty(), "one may lie");
    rig.hear(vote_at(3, 2));
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    assert_eq!(behind(&mut rig), [2]);
}

#[test]
fn the_author_of_a_timeout_of_a_decided_height_is_reported_at_once_and_of_a_late_vote_is_not() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.hear(sync_info(3, Some(deciding()), None));
    advance(&mut rig, 2);
    rig.take();
    rig.votes(1, &x(), Some(0), &[2]);
    assert!(ahead(&mut rig).is_empty());
    rig.hear(timeout(1, Some(x_in_round_0()), 2));
    rig.hear(timeout(1, Some(x_in_round_0()), 2));
    assert_eq!(ahead(&mut rig), [(2, 1)]);
    rig.ring(TimerKind::Rebroadcast);
    rig.hear(timeout(1, Some(x_in_round_0()), 2));
    assert_eq!(ahead(&mut rig), [(2, 1)], "again after a ring: help may be lost");
    rig.hear(vote_at(2, 3));
    rig.hear(timeout(1, Some(x_in_round_0()), 3));
    assert!(ahead(&mut rig).is_empty(), "its latest message is of this height");
}

#[test]
fn a_vote_of_the_last_height_is_a_sign_after_an_interval_or_in_a_later_round() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.hear(sync_info(3, Some(deciding()), None));
    advance(&mut rig, 2);
    rig.take();
    rig.votes(5, &x(), None, &[1]);
    assert_eq!(ahead(&mut rig), [(1, 1)]);
    rig.ring(TimerKind::Rebroadcast);
    rig.votes(1, &x(), Some(0), &[2]);
    assert_eq!(ahead(&mut rig), [(2, 1)]);
}

#[test]
fn an_older_height_is_ignored_by_advance() {
    let mut rig = Rig::new(4);
    advance(&mut rig, 5);
    rig.take();
    advance(&mut rig, 5);
    advance(&mut rig, 3);
    assert_eq!(rig.engine.height(), 5);
    assert!(rig.take().is_empty());
}
