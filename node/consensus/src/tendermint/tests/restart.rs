//! After a crash: the same promises, the same lock, the same words.

use super::rig::Rig;
use super::*;

/// Locked on x in round 0, failed, and prevoted nil against y in round 1.
fn a_life() -> (Rig, Value, Value) {
    let (x, y) = (value("x"), value("y"));
    let mut rig = Rig::new(4);
    rig.proposal(0, &x);
    rig.prevotes(0, Some(x.digest()), &[1, 2]);
    rig.fail_round();
    rig.proposal(1, &y);
    (rig, x, y)
}

#[test]
fn it_resumes_in_the_highest_round_it_had_spoken_in_and_repeats_itself() {
    let (rig, x, _) = a_life();
    let mut again = rig.restarted(rig.log.len());
    assert_eq!(again.engine.round(), 1);
    assert_eq!(again.said(), [Rig::my_precommit(0, Some(x.digest())), Rig::my_prevote(1, None)]);
}

#[test]
fn what_it_repeats_waits_for_no_write_and_writes_nothing() {
    let (rig, ..) = a_life();
    let mut again = rig.restarted(rig.log.len());
    let out = again.take();
    assert!(!out.iter().any(|output| matches!(output, Output::Persist { .. })));
    assert!(out.iter().all(|output| !matches!(output, Output::Sign { after: 1.., .. })));
}

#[test]
fn it_keeps_the_lock_and_the_valid_value_with_its_bytes() {
    let (rig, x, y) = a_life();
    let mut again = rig.restarted(rig.log.len());
    again.fail_round();
    again.take();
    again.proposal(2, &y);
    assert_eq!(again.said(), [Rig::my_prevote(2, None)]);
    again.fail_round();
    let proposed = again.said().into_iter().find_map(|message| match message {
        TendermintMessage::Proposal(proposal) => Some(proposal),
        _ => None,
    });
    let proposal = proposed.expect("validator 0 proposes in round 3");
    assert_eq!((proposal.value.bytes(), proposal.valid_round()), (x.bytes(), Some(0)));
}

#[test]
fn at_no_cut_of_the_log_does_it_contradict_what_was_durable() {
    let (rig, x, y) = a_life();
    for writes in 0..=rig.log.len() {
        let promised: Vec<TendermintMessage> = rig.log[..writes]
            .iter()
            .filter_map(|entry| match entry {
                Entry::Said(message) => Some(message.clone()),
                Entry::Polka { .. } => None,
            })
            .collect();
        let mut again = rig.restarted(writes);
        again.proposal(0, &y);
        again.prevotes(0, None, &[1, 2, 3]);
        again.proposal(1, &x);
        again.prevotes(1, Some(x.digest()), &[1, 2, 3]);
        again.precommits(1, None, &[1, 2, 3]);
        again.ring(TimerKind::Precommit);
        for message in again.said() {
            for promise in &promised {
                assert!(
                    !Tendermint::conflicting(&promise.statement(), &message.statement()),
                    "{promise:?} then {message:?}"
                );
            }
        }
    }
}

#[test]
fn a_proposer_repeats_its_proposal_and_asks_for_no_other() {
    let x = value("x");
    let mut rig = Rig::weighted(&[1; 4], Some(1));
    rig.input(Input::Proposed { height: 1, round: 0, value: x.clone() });
    let mut again = rig.restarted(1);
    let out = again.take();
    assert!(!out.iter().any(|output| matches!(output, Output::Propose { .. })));
    let repeated = out.iter().find_map(|output| match output {
        Output::Sign { message: TendermintMessage::Proposal(proposal), .. } => Some(proposal.value.clone()),
        _ => None,
    });
    assert_eq!(repeated, Some(x));
}

#[test]
fn entries_of_other_heights_and_other_validators_are_ignored() {
    let (rig, ..) = a_life();
    let mut engine = Tendermint::new(config(Some(0)), rig.set.clone(), 2);
    engine.restore(rig.log.clone());
    let mut out = Vec::new();
    engine.step(Time(1), Input::Start, &mut out);
    assert_eq!((engine.height(), engine.round()), (2, 0));
    assert!(!out.iter().any(|output| matches!(output, Output::Sign { .. })));

    let mut other = Tendermint::new(config(Some(1)), rig.set.clone(), 1);
    other.restore(rig.log.clone());
    other.step(Time(1), Input::Start, &mut out);
    assert_eq!(other.round(), 0);
}

#[test]
fn a_restarted_engine_starts_once() {
    let (rig, ..) = a_life();
    let mut again = rig.restarted(rig.log.len());
    again.take();
    again.input(Input::Start);
    assert!(again.take().is_empty());
}

/// It skips to round 3 without a word, writes the polka of round 2 that it hears of there, and crashes.
#[test]
fn it_never_proposes_with_a_proof_of_lock_that_is_not_of_an_earlier_round() {
    let x = value("x");
    let mut rig = Rig::weighted(&[1; 4], Some(1));
    rig.input(Input::Proposed { height: 1, round: 0, value: value("w") });
    let said_in_round_0 = rig.log.len();
    rig.prevotes(3, None, &[2, 3]);
    rig.hear(TendermintMessage::Proposal(Box::new(Proposal {
        height: 1,
        round: 2,
        author: Tendermint::proposer(&rig.set, 1, 2),
        value: x.clone(),
        polka: None,
    })));
    rig.prevotes(2, Some(x.digest()), &[0, 2, 3]);
    let polka = rig.log[said_in_round_0..].iter().find(|entry| matches!(entry, Entry::Polka { .. })).cloned();
    // As if it had slept through round 0 too.
    rig.log = vec![polka.expect("the valid value is written")];
    let mut again = rig.restarted(1);
    let out = again.take();
    assert!(out.iter().any(|output| matches!(output, Output::Propose { round: 0, .. })), "{out:?}");
    again.input(Input::Proposed { height: 1, round: 0, value: value("y") });
    let proposal = again.said().into_iter().find(|said| said.kind() == "proposal").expect("its turn");
    assert!(Tendermint::verify(signed(proposal), &again.set, &CHAIN, &TagVerifier).is_ok());
}
