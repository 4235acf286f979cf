//! Each rule of the paper, by its lines.

use super::rig::Rig;
use super::*;
use crate::backoff::timeout;
use proptest::prelude::*;

/// Validator 0 locks on `x` in round 0 and stands at the start of round 1.
fn locked_on(x: &Value) -> Rig {
    let mut rig = Rig::new(4);
    rig.proposal(0, x);
    rig.prevotes(0, Some(x.digest()), &[1, 2]);
    assert!(rig.take().iter().any(|output| matches!(output, Output::Locked { round: 0, .. })));
    rig.fail_round();
    rig.take();
    rig
}

#[test]
fn l11_the_proposer_asks_the_application_and_proposes_its_value() {
    let mut rig = Rig::weighted(&[1; 4], Some(1));
    assert!(rig.take().iter().any(|output| matches!(output, Output::Propose { height: 1, round: 0 })));
    rig.input(Input::Proposed { height: 1, round: 0, value: value("x") });
    let x = value("x");
    let polka = None;
    let proposal = Proposal { height: 1, round: 0, author: v(1), value: x.clone(), polka };
    let prevote = vote(VoteKind::Prevote, 1, 0, 1, Some(x.digest()));
    assert_eq!(rig.said(), [TendermintMessage::Proposal(Box::new(proposal)), prevote]);
}

#[test]
fn l11_an_answer_that_nobody_waits_for_is_not_proposed() {
    let mut rig = Rig::weighted(&[1; 4], Some(1));
    rig.input(Input::Proposed { height: 2, round: 0, value: value("x") });
    rig.input(Input::Proposed { height: 1, round: 1, value: value("x") });
    rig.ring(TimerKind::Propose);
    rig.input(Input::Proposed { height: 1, round: 0, value: value("too late") });
    assert_eq!(rig.said(), [vote(VoteKind::Prevote, 1, 0, 1, None)]);
}

#[test]
fn l22_a_valid_fresh_proposal_is_prevoted_once() {
    let mut rig = Rig::new(4);
    rig.proposal(0, &value("x"));
    rig.proposal(0, &value("x"));
    assert_eq!(rig.said(), [Rig::my_prevote(0, Some(value("x").digest()))]);
}

#[test]
fn l22_an_invalid_proposal_is_answered_with_nil() {
    let mut rig = Rig::new(4);
    rig.accepts = false;
    rig.proposal(0, &value("x"));
    assert!(rig.said().is_empty(), "the verdict is pending");
    rig.input(Input::Verdict { height: 1, digest: value("x").digest(), valid: false });
    assert_eq!(rig.said(), [Rig::my_prevote(0, None)]);
}

#[test]
fn a_verdict_is_asked_for_once_and_one_of_another_height_does_not_count() {
    let mut rig = Rig::new(4);
    rig.accepts = false;
    rig.proposal(0, &value("x"));
    rig.prevotes(0, Some(value("x").digest()), &[1, 2, 3]);
    rig.input(Input::Verdict { height: 2, digest: value("x").digest(), valid: true });
    let asked =
        rig.take().iter().filter(|output| matches!(output, Output::Validate { fresh: true, .. })).count();
    assert_eq!(asked, 1);
    rig.input(Input::Verdict { height: 1, digest: value("x").digest(), valid: true });
    assert_eq!(rig.lines(), ["L22", "L36"]);
}

/// Only a fresh value is judged by the local clock: a polka says that others found it timely.
#[test]
fn a_fresh_value_that_was_refused_is_asked_about_again_when_a_quorum_prevoted_it() {
    let mut rig = Rig::new(4);
    rig.accepts = false;
    rig.proposal(0, &value("x"));
    rig.input(Input::Verdict { height: 1, digest: value("x").digest(), valid: false });
    rig.take();
    rig.prevotes(0, Some(value("x").digest()), &[1, 2, 3]);
    assert!(rig.take().iter().any(|output| matches!(output, Output::Validate { fresh: false, .. })));
    rig.input(Input::Verdict { height: 1, digest: value("x").digest(), valid: true });
    assert_eq!(rig.said(), [Rig::my_precommit(0, Some(value("x").digest()))]);
}

#[test]
fn a_locked_validator_does_not_prevote_another_value() {
    let mut rig = locked_on(&value("x"));
    rig.proposal(1, &value("y"));
    assert_eq!(rig.said(), [Rig::my_prevote(1, None)]);
}

#[test]
fn a_locked_validator_prevotes_its_value_again() {
    let mut rig = locked_on(&value("x"));
    rig.proposal(1, &value("x"));
    assert_eq!(rig.said(), [Rig::my_prevote(1, Some(value("x").digest()))]);
}

#[test]
fn a_polka_in_a_later_round_unlocks() {
    let (x, y) = (value("x"), value("y"));
    let mut rig = locked_on(&x);
    rig.fail_round();
    rig.take();
    rig.proposal_again(2, &y, polka(1, 1, &y, &[1, 2, 3]));
    assert_eq!(rig.said(), [Rig::my_prevote(2, Some(y.digest()))]);
    rig.prevotes(2, Some(y.digest()), &[1, 2]);
    let locked = rig.take().into_iter().find_map(|output| match output {
        Output::Locked { round, digest, .. } => Some((round, digest)),
        _ => None,
    });
    assert_eq!(locked, Some((2, y.digest())));
}

#[test]
fn a_polka_of_an_earlier_round_than_the_lock_does_not_unlock() {
    let (x, y) = (value("x"), value("y"));
    let mut rig = Rig::new(4);
    rig.fail_round();
    rig.proposal(1, &x);
    rig.prevotes(1, Some(x.digest()), &[1, 2]);
    rig.fail_round();
    rig.take();
    rig.proposal_again(2, &y, polka(1, 0, &y, &[1, 2, 3]));
    assert_eq!(rig.said(), [Rig::my_prevote(2, None)]);
}

#[test]
fn a_proposal_with_a_valid_round_needs_its_polka() {
    let (x, y) = (value("x"), value("y"));
    let set = validators(&[1; 4]);
    let with = |polka| {
        let author = Tendermint::proposer(&set, 1, 2);
        let proposal = Proposal { height: 1, round: 2, author, value: x.clone(), polka: Some(polka) };
        Tendermint::verify(
            signed(TendermintMessage::Proposal(Box::new(proposal))),
            &set,
            &CHAIN,
            &TagVerifier,
        )
    };
    assert!(with(polka(1, 1, &x, &[0, 1, 2])).is_ok());
    for not_a_proof in [
        polka(1, 1, &x, &[0, 1]),
        polka(1, 1, &y, &[0, 1, 2]),
        polka(2, 1, &x, &[0, 1, 2]),
        polka(1, 2, &x, &[0, 1, 2]),
    ] {
        assert!(matches!(with(not_a_proof), Err(Invalid::Malformed(_))));
    }
}

#[test]
fn l28_waits_for_the_verdict_but_not_for_the_prevotes_of_the_valid_round() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.accepts = false;
    rig.fail_round();
    rig.take();
    rig.proposal_again(1, &x, polka(1, 0, &x, &[1, 2, 3]));
    let out = rig.take();
    assert!(out.iter().any(|output| matches!(output, Output::Validate { fresh: false, .. })));
    assert!(!out.iter().any(|output| matches!(output, Output::Sign { .. })));
    rig.input(Input::Verdict { height: 1, digest: x.digest(), valid: true });
    assert_eq!(rig.lines(), ["L28", "L42"]);
}

#[test]
fn l34_a_quorum_of_any_prevotes_starts_the_timeout_once() {
    let mut rig = Rig::new(4);
    rig.proposal(0, &value("x"));
    rig.take();
    rig.prevotes(0, None, &[1]);
    assert!(rig.lines().is_empty());
    rig.prevotes(0, Some(value("y").digest()), &[2, 3]);
    assert_eq!(rig.lines(), ["L34"]);
    rig.ring(TimerKind::Prevote);
    assert_eq!(rig.said(), [Rig::my_precommit(0, None)]);
}

#[test]
fn l36_a_polka_locks_writes_and_precommits_in_this_order() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.proposal(0, &x);
    rig.take();
    rig.prevotes(0, Some(x.digest()), &[1, 2]);
    let out = rig.take();
    let position = |is: fn(&Output<Tendermint>) -> bool| out.iter().position(is).unwrap();
    let lock =
        position(|output| matches!(output, Output::Persist { entry: Entry::Polka { locks: true, .. }, .. }));
    let write = position(|output| matches!(output, Output::Persist { entry: Entry::Said(_), .. }));
    let sign = position(|output| matches!(output, Output::Sign { .. }));
    assert!(lock < write && write < sign);
    let (Output::Persist { seq, .. }, Output::Sign { after, message }) = (&out[write], &out[sign]) else {
        unreachable!("they were just matched")
    };
    assert_eq!(seq, after);
    assert_eq!(*message, Rig::my_precommit(0, Some(x.digest())));
}

#[test]
fn l36_a_polka_after_a_nil_precommit_is_remembered_and_does_not_lock() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.proposal(0, &x);
    rig.prevotes(0, None, &[1]);
    rig.ring(TimerKind::Prevote);
    rig.take();
    rig.prevotes(0, Some(x.digest()), &[2, 3]);
    let out = rig.take();
    assert!(
        out.iter().any(|o| matches!(o, Output::Persist { entry: Entry::Polka { locks: false, .. }, .. }))
    );
    assert!(!out.iter().any(|output| matches!(output, Output::Locked { .. })));
    rig.fail_round();
    rig.fail_round();
    rig.take();
    rig.fail_round();
    let reproposed = rig.said().into_iter().find_map(|message| match message {
        TendermintMessage::Proposal(proposal) => Some((proposal.value.clone(), proposal.valid_round())),
        _ => None,
    });
    assert_eq!(reproposed, Some((x, Some(0))), "validator 0 proposes in round 3");
}

#[test]
fn l44_a_quorum_of_nil_prevotes_is_answered_with_a_nil_precommit() {
    let mut rig = Rig::new(4);
    rig.ring(TimerKind::Propose);
    rig.take();
    rig.prevotes(0, None, &[1, 2]);
    assert_eq!(rig.said(), [Rig::my_precommit(0, None)]);
}

#[test]
fn l47_a_quorum_of_any_precommits_starts_the_timeout_in_any_step() {
    let mut rig = Rig::new(4);
    rig.take();
    rig.precommits(0, None, &[1, 2]);
    rig.precommits(0, Some(value("x").digest()), &[3]);
    assert_eq!(rig.lines(), ["L47"]);
    rig.ring(TimerKind::Precommit);
    assert_eq!(rig.engine.round(), 1);
}

#[test]
fn l49_a_quorum_of_precommits_of_an_earlier_round_decides() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.proposal(0, &x);
    rig.fail_round();
    rig.fail_round();
    rig.take();
    rig.precommits(0, Some(x.digest()), &[1, 2, 3]);
    let (decided, certificate) = rig.decided().unwrap();
    assert_eq!(decided, x);
    assert_eq!((certificate.height, certificate.round, certificate.digest), (1, 0, x.digest()));
    certificate.verify(&rig.set, &CHAIN, &TagVerifier).unwrap();
}

#[test]
fn a_decided_engine_says_nothing_more_until_the_next_height() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.proposal(0, &x);
    rig.precommits(0, Some(x.digest()), &[1, 2, 3]);
    rig.take();
    rig.prevotes(0, Some(x.digest()), &[1, 2, 3]);
    rig.precommits(4, None, &[1, 2, 3]);
    for kind in [TimerKind::Propose, TimerKind::Prevote, TimerKind::Precommit] {
        rig.ring(kind);
    }
    assert!(rig.take().is_empty());
    rig.input(Input::Advance { height: 2, validators: rig.set.clone() });
    assert!(rig.take().iter().any(|output| matches!(output, Output::Entered { height: 2, round: 0, .. })));
}

#[test]
fn f_plus_one_votes_of_a_later_round_skip_to_it() {
    let mut rig = Rig::new(4);
    rig.prevotes(5, None, &[1]);
    rig.precommits(5, None, &[1]);
    assert_eq!(rig.engine.round(), 0, "one validator alone moves nobody");
    rig.take();
    rig.precommits(5, None, &[2]);
    assert_eq!(rig.lines(), ["L55", "L11"]);
    assert_eq!(rig.engine.round(), 5);
}

#[test]
fn a_skip_goes_no_further_than_a_correct_validator_can_have_gone() {
    let mut rig = Rig::new(4);
    rig.prevotes(1_000_000, None, &[1]);
    rig.prevotes(3, None, &[2]);
    assert_eq!(rig.engine.round(), 3);
    rig.prevotes(u32::MAX, None, &[1, 2]);
    assert_eq!(rig.engine.round(), u32::MAX);
    rig.ring(TimerKind::Precommit);
    assert_eq!(rig.engine.round(), u32::MAX, "there is no later round");
}

#[test]
fn timers_of_another_round_height_or_step_are_ignored() {
    let mut rig = Rig::new(4);
    rig.proposal(0, &value("x"));
    rig.take();
    let timer = |kind, height, round| Input::Timer(Timer { kind, height, round });
    rig.input(timer(TimerKind::Propose, 1, 0));
    rig.input(timer(TimerKind::Prevote, 1, 1));
    rig.input(timer(TimerKind::Precommit, 2, 0));
    rig.input(timer(TimerKind::Rebroadcast, 1, 9));
    assert!(rig.take().is_empty());
}

#[test]
fn timeouts_grow() {
    let base = Duration::from_millis(100);
    assert_eq!(timeout(base, 2.0, 0), base);
    assert_eq!(timeout(base, 2.0, 3), 8 * base);
    assert_eq!(timeout(base, 1.0, u32::MAX), base);
    for limitless in [timeout(base, 2.0, 10), timeout(base, 1.5, u32::MAX), timeout(base, f64::INFINITY, 1)] {
        assert_eq!(limitless, Config::MAX_TIMEOUT);
    }
    assert_eq!(timeout(base, f64::NAN, 7), base);

    let mut rig = Rig::new(4);
    let wait = |rig: &mut Rig| {
        let now = rig.now;
        rig.take().into_iter().find_map(|output| match output {
            Output::SetTimer { timer, at } if timer.kind == TimerKind::Propose => Some(at.since(now)),
            _ => None,
        })
    };
    assert_eq!(wait(&mut rig), Some(Duration::from_millis(300)));
    rig.fail_round();
    assert_eq!(wait(&mut rig), Some(Duration::from_millis(450)));
}

#[test]
fn power_counts_not_heads() {
    let x = value("x");
    let mut rig = Rig::weighted(&[1, 1, 10, 1], Some(0));
    rig.proposal(0, &x);
    rig.prevotes(0, Some(x.digest()), &[1, 3]);
    rig.precommits(0, Some(x.digest()), &[1, 3]);
    assert!(!rig.lines().contains(&"L36"), "three heads of four, but 3 of 13");
    rig.prevotes(0, Some(x.digest()), &[2]);
    assert!(rig.lines().contains(&"L36"));
    rig.precommits(0, Some(x.digest()), &[2]);
    let (_, certificate) = rig.decided().unwrap();
    certificate.verify(&rig.set, &CHAIN, &TagVerifier).unwrap();
    let turns = (0..13).filter(|&round| Tendermint::proposer(&rig.set, 1, round) == v(2)).count();
    assert_eq!(turns, 10);
}

#[test]
fn one_validator_alone_decides() {
    let mut rig = Rig::weighted(&[5], Some(0));
    rig.input(Input::Proposed { height: 1, round: 0, value: value("x") });
    assert_eq!(rig.decided().unwrap().0, value("x"));
}

#[test]
fn a_node_that_only_follows_decides_and_says_nothing() {
    let x = value("x");
    let mut rig = Rig::weighted(&[1; 4], None);
    rig.proposal(0, &x);
    rig.prevotes(0, Some(x.digest()), &[0, 1, 2]);
    rig.ring(TimerKind::Rebroadcast);
    rig.ring(TimerKind::Rebroadcast);
    assert!(rig.said().is_empty());
    rig.precommits(0, Some(x.digest()), &[0, 1, 2]);
    assert_eq!(rig.decided().unwrap().0, x);
}

#[test]
fn a_decided_value_whose_bytes_never_came_makes_the_host_sync() {
    let mut rig = Rig::new(4);
    rig.take();
    rig.precommits(0, Some(value("x").digest()), &[1, 2, 3]);
    let behind = |rig: &mut Rig| {
        let is_behind =
            |output: &Output<_>| matches!(output, Output::Behind { seen: 2, from } if *from == v(1));
        rig.take().iter().filter(|output| is_behind(output)).count()
    };
    assert_eq!(behind(&mut rig), 1);
    rig.ring(TimerKind::Rebroadcast);
    assert_eq!(behind(&mut rig), 1, "and again while nothing came");
    rig.proposal(0, &value("x"));
    assert!(rig.decided().is_some());
}

/// What one validator hears of a height that is decided in round 1, after a nil round 0.
fn a_height() -> Vec<TendermintMessage> {
    let (x, y) = (value("x"), value("y"));
    let author = v(2);
    let mut messages = vec![TendermintMessage::Proposal(Box::new(Proposal {
        height: 1,
        round: 1,
        author,
        value: x.clone(),
        polka: None,
    }))];
    for i in 1..4 {
        messages.push(vote(VoteKind::Prevote, 1, 0, i, (i == 1).then_some(y.digest())));
        messages.push(vote(VoteKind::Precommit, 1, 0, i, None));
        messages.push(vote(VoteKind::Prevote, 1, 1, i, Some(x.digest())));
        messages.push(vote(VoteKind::Precommit, 1, 1, i, Some(x.digest())));
    }
    messages
}

proptest! {
    #[test]
    fn the_same_messages_in_any_order_lead_to_the_same_decision(
        messages in Just(a_height()).prop_shuffle(),
        repeated in prop::collection::vec(0usize..13, 0..10),
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
            rig.input(Input::Verdict { height: 1, digest: value("x").digest(), valid: true });
        }
        let decisions: Vec<_> = rig.take().into_iter().filter_map(|output| match output {
            Output::Decide { value, certificate, .. } => Some((value, certificate)),
            Output::Accuse(evidence) => panic!("{evidence:?}"),
            _ => None,
        }).collect();
        prop_assert_eq!(decisions.len(), 1);
        prop_assert_eq!(&decisions[0].0, &value("x"));
        prop_assert!(decisions[0].1.verify(&rig.set, &CHAIN, &TagVerifier).is_ok());
    }
}
