//! When rounds end, and that no leader waits.

use super::rig::Rig;
use super::*;
use crate::Config;

fn x() -> Value {
    value("x")
}

fn x_in_round_0() -> QuorumCertificate {
    qc(0, &x(), None, &[1, 2, 3])
}

#[test]
fn the_rounds_timer_makes_it_give_up_once() {
    let mut rig = Rig::new(4);
    rig.take();
    rig.ring(TimerKind::Propose);
    rig.ring(TimerKind::Propose);
    assert_eq!(rig.said_to(), [(Dest::All, timeout(0, None, 0))]);
    assert_eq!(rig.engine.round(), 0, "alone it does not leave");
}

#[test]
fn timers_of_other_rounds_heights_and_kinds_are_ignored() {
    let mut rig = Rig::new(4);
    rig.timeouts(0, &[1, 2, 3]);
    rig.take();
    for (kind, height, round) in [
        (TimerKind::Propose, 1, 0),
        (TimerKind::Propose, 2, 1),
        (TimerKind::Prevote, 1, 1),
        (TimerKind::Rebroadcast, 1, 9),
    ] {
        rig.input(Input::Timer(Timer { kind, height, round }));
    }
    let out = rig.take();
    assert!(out.is_empty(), "{out:?}");
}

#[test]
fn each_round_waits_longer_than_the_one_before_up_to_a_bound() {
    let mut rig = Rig::new(4);
    let wait = |rig: &mut Rig| {
        let now = rig.now;
        rig.take().into_iter().find_map(|output| match output {
            Output::SetTimer { timer, at } if timer.kind == TimerKind::Propose => Some(at.since(now)),
            _ => None,
        })
    };
    assert_eq!(wait(&mut rig), Some(Duration::from_millis(400)));
    rig.timeouts(0, &[1, 2, 3]);
    assert_eq!(wait(&mut rig), Some(Duration::from_millis(600)));
    rig.timeouts(60, &[1, 2, 3]);
    assert_eq!(wait(&mut rig), Some(Config::MAX_TIMEOUT));
}

#[test]
fn more_than_a_third_makes_it_give_up_too_and_a_third_does_not() {
    let mut rig = Rig::new(7);
    rig.take();
    rig.timeouts(0, &[1, 2, 1]);
    assert!(rig.said().is_empty());
    rig.timeouts(0, &[3]);
    assert_eq!(rig.stated(), [timeout_statement(0, None, 0)]);
}

#[test]
fn it_joins_those_in_later_rounds_in_the_highest_round_that_a_correct_one_gave_up() {
    let mut rig = Rig::new(7);
    rig.take();
    rig.timeouts(5, &[1]);
    rig.timeouts(900, &[2]);
    assert!(rig.said().is_empty());
    rig.timeouts(7, &[3]);
    assert_eq!(rig.stated(), [timeout_statement(5, None, 0)]);
    rig.timeouts(6, &[1]);
    assert_eq!(rig.stated(), [timeout_statement(6, None, 0)]);
}

#[test]
fn a_quorums_timeouts_end_the_round_and_the_leader_proposes_at_once_on_the_highest_certificate() {
    let mut rig = Rig::of_four(2);
    rig.first_proposal(&x());
    rig.hear(proposal(4, 1, Some(x_in_round_0()), None, None));
    rig.timeouts(1, &[0, 3]);
    assert!(rig.engine.round() == 2, "its own joined them");

    let mut leader = Rig::of_four(3);
    leader.first_proposal(&x());
    leader.take();
    leader.timeouts(1, &[0]);
    leader.hear(timeout(1, Some(x_in_round_0()), 1));
    let out = leader.take();
    let proposed = out.iter().find_map(|output| match output {
        Output::Sign { message: HotStuffMessage::Proposal(proposal), .. } => Some(proposal),
        _ => None,
    });
    let proposed = proposed.expect("in the step that completed the quorum");
    assert_eq!((proposed.round, proposed.justify.clone()), (2, Some(x_in_round_0())));
    assert_eq!(proposed.value, Some(x()), "who lacks it gets it now");
    let claims = tc(1, &[(0, None), (1, Some(0)), (3, Some(0))]);
    assert_eq!(proposed.tc, Some(claims));
}

#[test]
fn a_leader_that_is_told_a_timeout_certificate_can_lead_with_what_came_with_it() {
    let mut rig = Rig::of_four(3);
    rig.first_proposal(&x());
    rig.take();
    let claims = tc(1, &[(0, None), (1, Some(0)), (2, Some(0))]);
    rig.hear(sync_info(0, Some(x_in_round_0()), Some(claims)));
    assert_eq!(rig.stated()[0].kind(), "proposal");
}

#[test]
fn on_the_root_the_leader_of_a_later_round_asks_for_a_new_value() {
    let mut rig = Rig::of_four(2);
    rig.timeouts(0, &[0, 1, 3]);
    assert!(rig.take().iter().any(|output| matches!(output, Output::Propose { height: 1, round: 1 })));
    rig.answer(1, &x());
    let HotStuffMessage::Proposal(proposed) = &rig.said()[0] else { panic!("it proposes") };
    assert_eq!((proposed.round, proposed.justify_round(), proposed.value.clone()), (1, None, Some(x())));
}

#[test]
fn a_leader_without_the_value_to_propose_again_leaves_its_round_to_the_next() {
    let mut rig = Rig::of_four(3);
    let claims = tc(1, &[(0, None), (1, Some(0)), (2, Some(0))]);
    rig.hear(sync_info(0, Some(x_in_round_0()), Some(claims)));
    assert!(rig.said().is_empty());
    rig.ring(TimerKind::Propose);
    assert_eq!(rig.stated(), [timeout_statement(2, Some(0), 3)]);
}

#[test]
fn a_certificate_ends_its_round_however_it_comes() {
    for message in [
        proposal(4, 1, Some(x_in_round_0()), None, None),
        timeout(5, Some(x_in_round_0()), 1),
        sync_info(1, Some(x_in_round_0()), None),
    ] {
        let mut rig = Rig::new(4);
        rig.hear(message);
        assert_eq!(rig.engine.round(), 1);
    }
}

#[test]
fn a_vote_of_a_round_that_is_given_up_goes_to_all_and_the_certificate_forms_without_the_leader() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.take();
    rig.ring(TimerKind::Propose);
    let mine = HotStuffMessage::Vote(vote(0, &x(), None, 0));
    assert_eq!(rig.relayed(), [(Dest::All, mine)]);
    rig.votes(0, &x(), None, &[1, 3]);
    assert_eq!((rig.engine.round(), rig.engine.high_qc_round()), (1, Some(0)));
}

/// The votes that decide went to leader 3, which is silent. Everyone can decide without it.
#[test]
fn a_decision_does_not_need_the_leader_that_collects_its_votes() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.hear(proposal(4, 1, Some(x_in_round_0()), None, None));
    rig.ring(TimerKind::Propose);
    rig.votes(1, &x(), Some(0), &[1, 2]);
    assert!(rig.decided().is_some());
}

#[test]
fn a_flood_of_far_rounds_takes_no_memory_and_moves_nobody() {
    let mut rig = Rig::new(4);
    for round in (0..2_000).chain(u32::MAX - 100..u32::MAX) {
        rig.hear(HotStuffMessage::Vote(vote(round, &x(), None, 3)));
        rig.hear(timeout(round, None, 3));
    }
    assert_eq!(rig.engine.round(), 0);
    let held = (rig.engine.votes.held(), rig.engine.timeouts.held(), rig.engine.witness.held());
    assert!(held.0 <= 17 && held.1 <= 18 && held.2 <= 34, "{held:?}");
}

/// Few may have the value of a certificate that few know of: who voted for it keeps it, through a restart too, as long
/// as it knows no certificate as high.
#[test]
fn a_value_that_it_voted_for_is_kept_until_a_certificate_is_known_that_is_as_high() {
    let mut rig = Rig::of_four(3);
    rig.first_proposal(&x());
    for round in 0..41 {
        rig.timeouts(round, &[0, 1]);
    }
    for mut rig in [rig.restarted(rig.log.len()), rig] {
        rig.take();
        rig.timeouts(41, &[0]);
        rig.hear(timeout(41, Some(x_in_round_0()), 1));
        let said = rig.said();
        let HotStuffMessage::Proposal(proposed) = &said[1] else { panic!("{said:?}") };
        assert_eq!((proposed.round, proposed.value.clone()), (42, Some(x())));
        let later = tc(99, &[(0, None), (1, Some(60)), (2, None)]);
        let higher = qc(60, &value("y"), None, &[0, 1, 2]);
        rig.hear(sync_info(1, Some(higher), Some(later)));
        assert!(rig.engine.values.get(&x().digest()).is_none());
    }
}

#[test]
fn a_thousand_failed_rounds_take_no_more_memory_than_the_window() {
    let mut rig = Rig::new(4);
    for round in 0..1_000 {
        rig.answer(round, &value(&format!("{round}")));
        rig.timeouts(round, &[1, 2, 3]);
        rig.take();
    }
    assert_eq!(rig.engine.round(), 1_000);
    assert!(rig.engine.timeouts.held() <= 17 * 4 + 4);
    assert!(rig.engine.witness.held() <= 18 * 4 * 2);
    assert!(format!("{:?}", rig.engine).len() < 300_000, "{}", format!("{:?}", rig.engine).len());
}
