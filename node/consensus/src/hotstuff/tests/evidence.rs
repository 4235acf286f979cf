//! Who is accused, and who never is.

use super::rig::Rig;
use super::*;
use proptest::prelude::*;

fn x() -> Value {
    value("x")
}

fn convicts(rig: &mut Rig, offender: usize) {
    let evidence = rig.accused();
    assert_eq!(evidence.len(), 1, "once: {evidence:?}");
    assert_eq!(evidence[0].check::<HotStuff>(&rig.set, &CHAIN, &TagVerifier), Ok(v(offender)));
}

#[test]
fn two_votes_in_one_round_are_evidence_once_and_the_first_counts() {
    let mut rig = Rig::of_four(2);
    rig.votes(0, &x(), None, &[3]);
    rig.votes(0, &value("y"), None, &[3]);
    rig.votes(0, &value("z"), None, &[3]);
    convicts(&mut rig, 3);
    let HotStuffMessage::Vote(kept) = rig.engine.votes.get(0, v(3)).unwrap().message else {
        panic!("a vote")
    };
    assert_eq!(kept.digest, x().digest());
}

#[test]
fn two_proposals_in_one_round_are_evidence_and_the_second_value_is_known_too() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.first_proposal(&value("y"));
    rig.first_proposal(&value("z"));
    convicts(&mut rig, 1);
    // The others voted for the second.
    rig.hear(proposal(4, 1, Some(qc(0, &value("y"), None, &[1, 2, 3])), None, None));
    assert_eq!(rig.stated(), [Statement::Vote(vote(1, &value("y"), Some(0), 0))]);
}

/// It showed this node one block and the others another: their certificate holds its vote.
#[test]
fn a_leader_that_votes_for_another_block_than_it_showed_is_convicted_by_a_certificate() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.hear(sync_info(2, Some(qc(0, &value("y"), None, &[1, 2, 3])), None));
    convicts(&mut rig, 1);
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.hear(sync_info(2, Some(qc(0, &x(), None, &[1, 2, 3])), None));
    assert!(rig.accused().is_empty());
}

#[test]
fn one_value_on_two_certificates_in_one_round_is_two_proposals() {
    let mut rig = Rig::new(4);
    let claims = || Some(tc(2, &[(0, None), (1, Some(0)), (3, None)]));
    rig.hear(proposal(4, 3, Some(qc(0, &x(), None, &[1, 2, 3])), claims(), Some(&x())));
    rig.accused();
    rig.hear(proposal(4, 3, Some(qc(1, &x(), Some(0), &[1, 2, 3])), claims(), Some(&x())));
    let offenders: Vec<_> = rig.accused().iter().map(Evidence::offender).collect();
    assert!(offenders.contains(&HotStuff::leader(&rig.set, 1, 3)), "{offenders:?}");
}

/// The amnesiac: it voted on the certificate of round 0, and claims to know none when it gives the round up.
#[test]
fn a_vote_on_a_certificate_and_a_later_timeout_without_it_are_evidence_in_either_order() {
    for later in [1, 2, 9] {
        let mut rig = Rig::of_four(3);
        rig.votes(1, &x(), Some(0), &[2]);
        rig.hear(timeout(later, None, 2));
        convicts(&mut rig, 2);
        let mut rig = Rig::of_four(3);
        rig.hear(timeout(later, None, 2));
        rig.votes(1, &x(), Some(0), &[2]);
        convicts(&mut rig, 2);
    }
}

#[test]
fn what_a_validator_knew_is_remembered_through_any_number_of_rounds() {
    let mut rig = Rig::new(4);
    rig.votes(1, &x(), Some(0), &[2]);
    for round in 0..60 {
        rig.timeouts(round, &[1, 3]);
    }
    assert!(rig.accused().is_empty());
    rig.hear(timeout(60, None, 2));
    convicts(&mut rig, 2);
}

#[test]
fn two_timeouts_of_which_the_later_knows_less_are_evidence() {
    let mut rig = Rig::new(4);
    rig.hear(timeout(1, Some(qc(0, &x(), None, &[1, 2, 3])), 2));
    rig.hear(timeout(3, None, 2));
    convicts(&mut rig, 2);
}

#[test]
fn what_is_said_inside_certificates_is_evidence_too() {
    let y = value("y");
    let mut rig = Rig::new(4);
    rig.hear(sync_info(2, Some(qc(1, &x(), Some(0), &[1, 2, 3])), None));
    rig.accused();
    let forgetful = tc(4, &[(1, None), (2, Some(0)), (3, None)]);
    rig.hear(sync_info(2, Some(qc(3, &y, None, &[1, 2, 3])), Some(forgetful)));
    let mut offenders: Vec<_> = rig.accused().iter().map(Evidence::offender).collect();
    offenders.sort_unstable();
    assert_eq!(offenders, [v(1), v(3)]);
}

#[test]
fn what_is_said_late_about_the_last_height_is_still_evidence() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.hear(sync_info(3, Some(qc(1, &x(), Some(0), &[1, 2, 3])), None));
    rig.input(Input::Advance { height: 2, validators: rig.set.clone() });
    rig.take();
    rig.hear(timeout(2, None, 3));
    rig.first_proposal(&value("y"));
    let offenders: Vec<_> = rig.accused().iter().map(Evidence::offender).collect();
    assert_eq!(offenders, [v(3), v(1)]);
    rig.input(Input::Advance { height: 3, validators: rig.set.clone() });
    rig.hear(timeout(2, None, 2));
    assert!(rig.accused().is_empty(), "one height is remembered");
}

#[test]
fn what_a_correct_validator_may_say_does_not_conflict() {
    let timeout = timeout_statement;
    let vote = |round, justify| Statement::Vote(vote(round, &x(), justify, 1));
    let pairs = [
        (vote(1, Some(0)), vote(2, Some(1))),
        (vote(1, Some(0)), vote(2, None)), // on a timeout by others who knew less
        (vote(3, Some(2)), timeout(2, Some(0), 1)), // it learned of it afterwards
        (vote(3, Some(2)), timeout(3, Some(2), 1)),
        (vote(3, None), timeout(3, Some(2), 1)),
        (timeout(2, None, 1), timeout(3, Some(1), 1)),
        (timeout(2, Some(1), 1), timeout(2, Some(1), 1)),
        (vote(1, Some(0)), timeout(1, None, 2)), // another's
        (vote(1, Some(0)), Statement::Timeout { height: 2, round: 1, author: v(1), high_qc_round: None }),
        (
            Statement::SyncInfo { height: 1, author: v(1), qc_round: Some(4), tc_round: None },
            timeout(9, Some(2), 1),
        ),
    ];
    for (a, b) in pairs {
        assert!(!HotStuff::conflicting(&a, &b) && !HotStuff::conflicting(&b, &a), "{a:?} and {b:?}");
    }
}

/// One step of a stranger's choosing.
#[derive(Clone, Debug)]
enum Step {
    Hear { kind: u8, round: Round, justify: Option<Round>, high: Option<Round>, value: u8, author: usize },
    Ring,
    Repeat,
    Answer(u8),
    Crash(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let low = || prop::option::of(0u32..6);
    prop_oneof![
        6 => (0u8..4, 0u32..7, low(), low(), 0u8..2, 1usize..4).prop_map(
            |(kind, round, justify, high, value, author)| Step::Hear { kind, round, justify, high, value, author }
        ),
        2 => Just(Step::Ring),
        1 => Just(Step::Repeat),
        1 => (0u8..2).prop_map(Step::Answer),
        1 => any::<prop::sample::Index>().prop_map(Step::Crash),
    ]
}

fn heard(step: &Step, me: usize) -> Option<HotStuffMessage> {
    let Step::Hear { kind, round, justify, high, value: which, author } = *step else { return None };
    let value = value(if which == 0 { "x" } else { "y" });
    // The others sign whatever is asked of them.
    let others: Vec<usize> = (0..4).filter(|other| *other != me).collect();
    let author = others[author - 1];
    let certified = |round: Round| qc(round, &value, round.checked_sub(1), &others);
    let claims = |round| tc(round, &[(others[0], high), (others[1], high), (others[2], None)]);
    Some(match kind {
        0 => HotStuffMessage::Vote(vote(round, &value, justify, author)),
        1 => timeout(round, justify.map(certified), author),
        2 => {
            let follows = justify.map_or(0, |justify| justify + 1) == round;
            let failed = (!follows).then(|| claims(round.saturating_sub(1)));
            let brings = failed.is_some() || justify.is_none();
            proposal(4, round, justify.map(certified), failed, brings.then_some(&value))
        }
        _ => sync_info(author, justify.map(certified), high.map(|_| claims(round))),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// The other three are in one hand and sign anything; the disk loses what no signature waited for.
    #[test]
    fn no_correct_validator_is_ever_convicted_whatever_it_hears_and_whenever_it_crashes(
        me in 0usize..4,
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut rig = Rig::of_four(me);
        let (mut said, mut base, mut durable) = (Vec::<Statement>::new(), 0, 0);
        for step in steps {
            match &step {
                Step::Hear { .. } => {
                    if let Some(message) = heard(&step, me)
                        && message.author() != v(me)
                        && let Ok(verified) = HotStuff::verify(signed(message), &rig.set, &CHAIN, &TagVerifier)
                    {
                        rig.input(Input::Message(verified));
                    }
                }
                Step::Ring => rig.ring(TimerKind::Propose),
                Step::Repeat => rig.ring(TimerKind::Rebroadcast),
                Step::Answer(which) => {
                    let round = rig.engine.round();
                    rig.answer(round, &value(if *which == 0 { "x" } else { "y" }));
                }
                Step::Crash(at) => {
                    let kept = durable + at.index(rig.log.len() - durable + 1);
                    rig = rig.restarted(kept);
                    (base, durable) = (kept, kept);
                }
            }
            for output in rig.take() {
                if let Output::Sign { message, after, .. } = output {
                    durable = durable.max(if after == 0 { 0 } else { base + after as usize });
                    let statement = message.statement();
                    let broken = said.iter().find(|before| HotStuff::conflicting(before, &statement));
                    prop_assert_eq!(broken, None, "and now {:?}", statement);
                    said.push(statement);
                } else if let Output::Accuse(evidence) = output {
                    let offender = evidence.check::<HotStuff>(&rig.set, &CHAIN, &TagVerifier);
                    prop_assert!(offender.is_ok_and(|offender| offender != v(me)));
                }
            }
        }
    }
}

/// Byzantine amnesia from the inside: what it says convicts it.
#[cfg(feature = "byzantine")]
#[test]
fn a_validator_that_forgets_its_lock_convicts_itself() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.hear(proposal(4, 1, Some(qc(0, &x(), None, &[1, 2, 3])), None, None));
    let mut said = rig.stated();
    rig.engine.forget_lock();
    rig.ring(TimerKind::Propose);
    said.extend(rig.stated());
    assert_eq!(said.last(), Some(&timeout_statement(1, None, 0)));
    let broken = said.iter().any(|before| HotStuff::conflicting(before, said.last().unwrap()));
    assert!(broken, "{said:?}");
}
