//! After a crash: the same promises, the same lock, the same words.

use super::rig::Rig;
use super::*;

fn x() -> Value {
    value("x")
}

fn x_in_round_0() -> QuorumCertificate {
    qc(0, &x(), None, &[1, 2, 3])
}

/// Voted for x in rounds 0 and 1, gave round 1 up, and entered round 2.
fn a_life() -> Rig {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.hear(proposal(4, 1, Some(x_in_round_0()), None, None));
    rig.timeouts(1, &[1, 2]);
    assert_eq!(rig.engine.round(), 2);
    rig
}

fn statements(log: &[Entry]) -> Vec<Statement> {
    let said = |entry: &Entry| match entry {
        Entry::Said(message) => Some(message.statement()),
        _ => None,
    };
    log.iter().filter_map(said).collect()
}

#[test]
fn it_resumes_in_the_round_it_was_in_with_its_certificates_and_its_value() {
    let rig = a_life();
    let mut again = rig.restarted(rig.log.len());
    assert_eq!((again.engine.round(), again.engine.high_qc_round()), (2, Some(0)));
    assert_eq!(again.engine.last_voted, Some(1));
    again.timeouts(2, &[1, 2]);
    // It leads round 3, and must propose x again: no other value.
    let said = again.said();
    let proposed = said.iter().find(|message| message.kind() == "proposal").expect("it can");
    let HotStuffMessage::Proposal(proposed) = proposed else { unreachable!("its kind") };
    assert_eq!((proposed.justify.clone(), proposed.value.clone()), (Some(x_in_round_0()), Some(x())));
}

#[test]
fn it_repeats_what_it_said_in_its_round_to_the_same_recipients_without_a_write() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.ring(TimerKind::Propose);
    let mut again = rig.restarted(rig.log.len());
    let out = again.take();
    assert!(!out.iter().any(|output| matches!(output, Output::Persist { .. })));
    let repeated = out.into_iter().filter_map(|output| match output {
        Output::Sign { message, to, after } => Some((message, to, after)),
        _ => None,
    });
    let my_vote = HotStuffMessage::Vote(vote(0, &x(), None, 0));
    assert_eq!(
        repeated.collect::<Vec<_>>(),
        [(my_vote, Dest::One(v(2)), 0), (timeout(0, None, 0), Dest::All, 0)]
    );
}

#[test]
fn it_votes_in_no_round_that_it_voted_in_or_gave_up_before() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    let mut again = rig.restarted(rig.log.len());
    again.take();
    again.first_proposal(&value("y"));
    assert!(again.said().is_empty());

    let mut rig = Rig::new(4);
    rig.ring(TimerKind::Propose);
    let mut again = rig.restarted(rig.log.len());
    again.take();
    again.first_proposal(&x());
    assert!(again.said().is_empty());
}

/// Whatever it hears next, at whatever write it stopped: nothing contradicts what was durable.
#[test]
fn at_no_cut_of_the_log_does_it_contradict_what_was_durable() {
    let rig = a_life();
    let y = value("y");
    let failed = |round| tc(round, &[(1, None), (2, None), (3, None)]);
    for writes in 0..=rig.log.len() {
        let promised = statements(&rig.log[..writes]);
        let mut again = rig.restarted(writes);
        again.first_proposal(&y);
        again.ring(TimerKind::Propose);
        again.hear(proposal(4, 1, None, Some(failed(0)), Some(&y)));
        again.hear(proposal(4, 2, None, Some(failed(1)), Some(&y)));
        again.timeouts(2, &[1, 2, 3]);
        again.answer(3, &y);
        again.ring(TimerKind::Propose);
        let mut said = promised.clone();
        for statement in again.stated() {
            let broken = said.iter().find(|before| HotStuff::conflicting(before, &statement));
            assert_eq!(broken, None, "after {writes} writes: {statement:?}");
            said.push(statement);
        }
    }
}

#[test]
fn its_highest_certificate_survives_the_vote_that_made_it_a_promise() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.hear(proposal(4, 1, Some(x_in_round_0()), None, None));
    let mut again = rig.restarted(rig.log.len());
    again.take();
    again.ring(TimerKind::Propose);
    assert_eq!(again.stated(), [timeout_statement(1, Some(0), 0)]);
}

#[test]
fn if_it_crashed_before_it_could_tell_the_decision_it_decides_again() {
    let mut rig = Rig::of_four(3);
    rig.first_proposal(&x());
    rig.hear(proposal(4, 1, Some(x_in_round_0()), None, None));
    rig.votes(1, &x(), Some(0), &[0, 1]);
    assert!(rig.decided().is_some());
    let mut again = rig.restarted(rig.log.len());
    again.hear(sync_info(0, Some(qc(1, &x(), Some(0), &[0, 1, 3])), None));
    assert_eq!(again.decided().unwrap().0, x());
}

#[test]
fn a_leader_repeats_its_proposal_and_asks_for_no_other() {
    let mut rig = Rig::of_four(1);
    rig.answer(0, &x());
    let mut again = rig.restarted(1);
    let out = again.take();
    assert!(!out.iter().any(|output| matches!(output, Output::Propose { .. })));
    let repeats = |output: &Output<_>| matches!(output, Output::Sign { message, .. } if *message == proposal(4, 0, None, None, Some(&x())));
    assert!(out.iter().any(repeats));
}

#[test]
fn entries_of_other_heights_and_other_validators_are_ignored() {
    let rig = a_life();
    let mut engine = HotStuff::new(config(Some(0)), rig.set.clone(), 2);
    engine.restore(rig.log.clone());
    let mut out = Vec::new();
    engine.step(Time(1), Input::Start, &mut out);
    assert_eq!((engine.height(), engine.round(), engine.high_qc.clone()), (2, 0, None));
    assert!(!out.iter().any(|output| matches!(output, Output::Sign { .. })));

    let said = rig.log.iter().filter(|entry| matches!(entry, Entry::Said(_))).cloned().collect();
    let mut other = HotStuff::new(config(Some(1)), rig.set.clone(), 1);
    other.restore(said);
    other.step(Time(1), Input::Start, &mut out);
    assert_eq!((other.round(), other.last_voted), (0, None));
}

#[test]
fn a_restarted_engine_starts_once() {
    let rig = a_life();
    let mut again = rig.restarted(rig.log.len());
    again.take();
    again.input(Input::Start);
    assert!(again.take().is_empty());
}
