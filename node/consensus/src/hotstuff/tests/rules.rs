//! Propose, vote, lock, commit: each rule by hand.

use super::rig::Rig;
use super::*;
use crate::commit_bytes;
use proptest::prelude::*;

fn x() -> Value {
    value("x")
}

fn y() -> Value {
    value("y")
}

/// The block of round 1 on the certificate of round 0, among four.
fn second_block() -> HotStuffMessage {
    proposal(4, 1, Some(qc(0, &x(), None, &[1, 2, 3])), None, None)
}

#[test]
fn the_leader_asks_the_application_and_proposes_its_value() {
    let mut rig = Rig::of_four(1);
    assert!(rig.take().iter().any(|output| matches!(output, Output::Propose { height: 1, round: 0 })));
    rig.answer(0, &x());
    assert_eq!(rig.said_to()[0], (Dest::All, proposal(4, 0, None, None, Some(&x()))));
}

#[test]
fn an_answer_that_nobody_waits_for_is_not_proposed() {
    let mut rig = Rig::of_four(1);
    rig.input(Input::Proposed { height: 2, round: 0, value: x() });
    rig.answer(1, &x());
    assert!(rig.said().is_empty());
    rig.answer(0, &x());
    rig.answer(0, &y());
    assert_eq!(rig.stated().iter().filter(|said| said.kind() == "proposal").count(), 1);
    let mut other = Rig::of_four(2);
    other.answer(0, &x());
    assert!(other.said().is_empty(), "not its turn");
}

#[test]
fn a_leader_that_gave_its_round_up_does_not_propose_in_it() {
    let mut rig = Rig::of_four(1);
    rig.ring(TimerKind::Propose);
    rig.answer(0, &x());
    assert_eq!(rig.stated(), [timeout_statement(0, None, 1)]);
}

#[test]
fn a_valid_block_gets_one_vote_which_goes_to_the_next_leader() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.first_proposal(&x());
    rig.first_proposal(&y());
    let mine = HotStuffMessage::Vote(vote(0, &x(), None, 0));
    assert_eq!(rig.said_to(), [(Dest::One(v(2)), mine)]);
}

#[test]
fn a_value_that_the_application_refuses_or_has_not_judged_gets_no_vote() {
    let mut rig = Rig::new(4);
    rig.accepts = false;
    rig.first_proposal(&x());
    assert!(rig.said().is_empty());
    rig.input(Input::Verdict { height: 2, digest: x().digest(), valid: true });
    rig.input(Input::Verdict { height: 1, digest: y().digest(), valid: true });
    assert!(rig.said().is_empty(), "answers to other questions");
    rig.input(Input::Verdict { height: 1, digest: x().digest(), valid: false });
    rig.first_proposal(&x());
    let out = rig.take();
    assert!(out.is_empty(), "it is asked once: {out:?}");
}

/// Only a fresh value is judged by the local clock: a certificate says that others found it timely.
#[test]
fn a_fresh_value_that_was_refused_is_asked_about_again_when_a_quorum_voted_for_it() {
    let mut rig = Rig::new(4);
    rig.accepts = false;
    rig.first_proposal(&x());
    assert!(rig.take().iter().any(|output| matches!(output, Output::Validate { fresh: true, .. })));
    rig.input(Input::Verdict { height: 1, digest: x().digest(), valid: false });
    rig.hear(second_block());
    assert!(rig.take().iter().any(|output| matches!(output, Output::Validate { fresh: false, .. })));
    rig.input(Input::Verdict { height: 1, digest: x().digest(), valid: true });
    assert_eq!(rig.said(), [HotStuffMessage::Vote(vote(1, &x(), Some(0), 0))]);
}

#[test]
fn the_next_leader_makes_the_certificate_and_proposes_on_it_at_once_without_the_value() {
    let mut rig = Rig::of_four(2);
    rig.first_proposal(&x());
    rig.votes(0, &x(), None, &[1]);
    rig.take();
    rig.votes(0, &x(), None, &[3]);
    let certificate = qc(0, &x(), None, &[1, 2, 3]);
    assert_eq!(rig.said_to()[0], (Dest::All, proposal(4, 1, Some(certificate), None, None)));
}

#[test]
fn a_leader_carries_on_a_certificate_whose_value_it_lacks_but_votes_only_when_it_comes() {
    let mut rig = Rig::of_four(2);
    rig.votes(0, &x(), None, &[0, 1, 3]);
    assert_eq!(rig.stated().iter().map(Message::kind).collect::<Vec<_>>(), ["proposal"]);
    rig.first_proposal(&x());
    assert_eq!(rig.said(), [HotStuffMessage::Vote(vote(1, &x(), Some(0), 2))]);
}

#[test]
fn two_votes_of_one_validator_and_votes_for_different_blocks_make_no_quorum() {
    let mut rig = Rig::of_four(2);
    rig.votes(0, &x(), None, &[1, 1]);
    rig.votes(0, &y(), None, &[1, 3]);
    rig.votes(0, &x(), None, &[0]);
    assert!(!rig.transitions().contains(&"qc"));
    // One value on two certificates: two blocks.
    let mut rig = Rig::weighted(&[1; 4], Some(1));
    rig.votes(3, &x(), Some(0), &[0, 2]);
    rig.votes(3, &x(), Some(1), &[3]);
    assert!(!rig.transitions().contains(&"qc"));
    rig.hear(HotStuffMessage::Vote(vote(3, &x(), Some(0), 3)));
    assert!(!rig.transitions().contains(&"qc"), "the first vote counts");
}

#[test]
fn a_certificate_is_a_lock() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.take();
    rig.hear(second_block());
    let locked = rig.take().into_iter().find_map(|output| match output {
        Output::Locked { height, round, digest } => Some((height, round, digest)),
        _ => None,
    });
    assert_eq!(locked, Some((1, 0, x().digest())));
    rig.ring(TimerKind::Propose);
    assert_eq!(rig.said(), [timeout(1, Some(qc(0, &x(), None, &[1, 2, 3])), 0)]);
    rig.hear(timeout(1, None, 1));
    assert_eq!(rig.engine.high_qc_round(), Some(0), "it never falls");
}

#[test]
fn before_a_vote_its_value_and_its_certificate_are_written() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.hear(second_block());
    let votes = [vote(0, &x(), None, 0), vote(1, &x(), Some(0), 0)];
    let said = votes.map(|vote| Entry::Said(HotStuffMessage::Vote(vote)));
    let certificate = Entry::HighQc(qc(0, &x(), None, &[1, 2, 3]));
    let value = Entry::Value { height: 1, round: 0, value: x() };
    assert_eq!(rig.log, [value, said[0].clone(), certificate, said[1].clone()]);
    let afters = rig.take().into_iter().filter_map(|output| match output {
        Output::Sign { after, .. } => Some(after),
        _ => None,
    });
    assert_eq!(afters.collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn the_vote_for_the_second_of_two_consecutive_rounds_signs_the_decision_and_no_other_does() {
    let bytes = |round, justify| HotStuffMessage::Vote(vote(round, &x(), justify, 0)).sign_bytes(&CHAIN);
    assert_eq!(bytes(1, Some(0)), commit_bytes(&CHAIN, 1, 1, &x().digest()));
    assert_eq!(bytes(7, Some(6)), commit_bytes(&CHAIN, 1, 7, &x().digest()));
    for (round, justify) in [(0, None), (1, None), (2, Some(0)), (7, Some(5))] {
        assert_ne!(bytes(round, justify), commit_bytes(&CHAIN, 1, round, &x().digest()));
    }
}

#[test]
fn the_certificates_of_two_consecutive_rounds_decide_and_the_last_proves_it() {
    let mut rig = Rig::of_four(3);
    rig.first_proposal(&x());
    rig.hear(second_block());
    rig.votes(1, &x(), Some(0), &[0]);
    assert!(rig.decided().is_none());
    rig.votes(1, &x(), Some(0), &[1]);
    let out = rig.take();
    let told = |output: &Output<HotStuff>| {
        matches!(output, Output::Sign { message: HotStuffMessage::SyncInfo(info), to: Dest::All, .. }
            if info.qc == Some(qc(1, &x(), Some(0), &[0, 1, 3])))
    };
    assert!(out.iter().any(told), "only this leader saw the votes");
    let decided = out.into_iter().find_map(|output| match output {
        Output::Decide { height, value, certificate } => Some((height, value, certificate)),
        _ => None,
    });
    let (height, decided, certificate) = decided.unwrap();
    assert_eq!((height, decided, certificate.round), (1, x(), 1));
    certificate.verify(&rig.set, &CHAIN, &TagVerifier).unwrap();
    rig.votes(1, &x(), Some(0), &[2]);
    rig.ring(TimerKind::Propose);
    let out = rig.take();
    assert!(out.is_empty(), "once, and then it waits: {out:?}");
}

#[test]
fn who_is_told_of_the_deciding_certificate_decides_and_tells_nobody() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.take();
    rig.hear(sync_info(3, Some(qc(1, &x(), Some(0), &[1, 2, 3])), None));
    let out = rig.take();
    assert!(!out.iter().any(|output| matches!(output, Output::Sign { .. })));
    assert!(out.iter().any(|output| matches!(output, Output::Decide { .. })));
}

#[test]
fn the_root_is_no_certificate_so_round_0_decides_nothing() {
    assert!(!qc(0, &x(), None, &[1, 2, 3]).commits());
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.hear(sync_info(3, Some(qc(0, &x(), None, &[1, 2, 3])), None));
    assert!(rig.decided().is_none());
}

#[test]
fn a_validator_votes_in_no_round_below_one_that_it_voted_in_or_gave_up() {
    let mut rig = Rig::new(4);
    rig.timeouts(0, &[1, 2, 3]);
    rig.take();
    rig.first_proposal(&x());
    assert!(rig.said().is_empty(), "it is in round 1");
    rig.ring(TimerKind::Propose);
    rig.take();
    let on_root = tc(0, &[(1, None), (2, None), (3, None)]);
    rig.hear(proposal(4, 1, None, Some(on_root), Some(&y())));
    assert!(rig.said().is_empty(), "it gave round 1 up");
}

/// Validator 0 is locked on the certificate of round 0, the others timed out without it.
#[test]
fn a_validator_accepts_a_lower_certificate_than_its_own_if_those_who_timed_out_knew_no_higher() {
    let mut rig = Rig::new(4);
    rig.hear(sync_info(2, Some(qc(0, &x(), None, &[1, 2, 3])), None));
    rig.take();
    let others = tc(1, &[(1, None), (2, None), (3, None)]);
    rig.hear(proposal(4, 2, None, Some(others), Some(&y())));
    assert_eq!(rig.said(), [HotStuffMessage::Vote(vote(2, &y(), None, 0))]);
    assert_eq!(rig.engine.high_qc_round(), Some(0));
}

#[test]
fn power_counts_not_heads() {
    let mut rig = Rig::weighted(&[1, 1, 10, 1], Some(2));
    let collector = |round| rig_next_leader(&[1, 1, 10, 1], round);
    assert_eq!(collector(0), v(2));
    rig.votes(0, &x(), None, &[0, 1, 3]);
    assert!(!rig.transitions().contains(&"qc"), "three heads of four, but 3 of 13");
    rig.first_proposal(&x());
    assert!(rig.transitions().contains(&"qc"));
}

fn rig_next_leader(powers: &[u64], round: Round) -> ValidatorIndex {
    HotStuff::leader(&validators(powers), 1, round + 1)
}

#[test]
fn one_validator_alone_decides() {
    let mut rig = Rig::weighted(&[5], Some(0));
    rig.answer(0, &x());
    assert_eq!(rig.decided().unwrap().0, x());
}

#[test]
fn a_node_that_only_follows_decides_says_nothing_and_writes_nothing() {
    let mut rig = Rig::weighted(&[1; 4], None);
    rig.first_proposal(&x());
    rig.hear(second_block());
    rig.timeouts(1, &[1, 2]);
    rig.ring(TimerKind::Propose);
    rig.ring(TimerKind::Rebroadcast);
    rig.ring(TimerKind::Rebroadcast);
    assert!(rig.said().is_empty() && rig.log.is_empty());
    rig.hear(sync_info(3, Some(qc(1, &x(), Some(0), &[1, 2, 3])), None));
    assert_eq!(rig.decided().unwrap().0, x());
}

#[test]
fn a_decided_value_whose_bytes_never_came_makes_the_host_sync() {
    let mut rig = Rig::new(4);
    rig.hear(sync_info(3, Some(qc(1, &x(), Some(0), &[1, 2, 3])), None));
    let behind = |rig: &mut Rig| {
        let is_behind =
            |output: &Output<_>| matches!(output, Output::Behind { seen: 2, from } if *from == v(1));
        rig.take().iter().filter(|output| is_behind(output)).count()
    };
    assert_eq!(behind(&mut rig), 1);
    rig.ring(TimerKind::Rebroadcast);
    assert_eq!(behind(&mut rig), 1, "and again while nothing came");
    rig.first_proposal(&x());
    assert!(rig.decided().is_some());
}

#[test]
fn the_bytes_of_a_decided_value_are_taken_from_any_round() {
    let mut rig = Rig::new(4);
    rig.hear(sync_info(3, Some(qc(40, &x(), Some(39), &[1, 2, 3])), None));
    let failed = tc(38, &[(1, None), (2, None), (3, None)]);
    rig.hear(proposal(4, 39, None, Some(failed), Some(&x())));
    assert_eq!(rig.decided().unwrap().0, x());
}

/// What a validator that collects the last votes hears of a height: a failed round 0, then two that succeed.
fn a_height() -> Vec<HotStuffMessage> {
    let failed = tc(0, &[(1, None), (2, None), (3, None)]);
    let mut messages = vec![
        proposal(4, 0, None, None, Some(&y())),
        proposal(4, 1, None, Some(failed), Some(&x())),
        proposal(4, 2, Some(qc(1, &x(), None, &[1, 2, 3])), None, None),
    ];
    for i in 1..4 {
        messages.push(timeout(0, None, i));
        messages.push(HotStuffMessage::Vote(vote(2, &x(), Some(1), i)));
    }
    messages
}

proptest! {
    #[test]
    fn the_same_messages_in_any_order_lead_to_the_same_decision(
        messages in Just(a_height()).prop_shuffle(),
        repeated in prop::collection::vec(0usize..9, 0..10),
        late_verdict in any::<bool>(),
    ) {
        let mut rig = Rig::new(4);
        rig.accepts = !late_verdict;
        for &i in &repeated {
            rig.hear(messages[i].clone());
        }
        for message in &messages {
            rig.hear(message.clone());
        }
        if late_verdict {
            rig.input(Input::Verdict { height: 1, digest: x().digest(), valid: true });
        }
        let decisions: Vec<_> = rig.take().into_iter().filter_map(|output| match output {
            Output::Decide { value, certificate, .. } => Some((value, certificate)),
            Output::Accuse(evidence) => panic!("{evidence:?}"),
            _ => None,
        }).collect();
        prop_assert_eq!(decisions.len(), 1);
        prop_assert_eq!(&decisions[0].0, &x());
        prop_assert!(decisions[0].1.verify(&rig.set, &CHAIN, &TagVerifier).is_ok());
    }
}
