//! What becomes of a message that a Byzantine validator changes.

use crate::*;
use bitcraps_types::Protocol;

/// Four validators of whom one changes these messages at the first place.
fn changed(engine: Protocol, by: u16, mutations: &[(&str, Change, Option<u32>)]) -> Schedule {
    let mutate = mutations.iter().map(|&(kind, change, besides_after)| {
        let to = vec![Name::of(3)];
        Mutation { by, to, kind: kind.into(), change, besides_after }
    });
    let plan = RoundPlan { mutate: mutate.collect(), ..RoundPlan::default() };
    Schedule { byzantine: vec![by], rounds: vec![plan], ..Schedule::quiet(engine, 4, 1) }
}

/// How often validator 3 hears such a message of the first round, and how much was changed. Nothing is wrong.
fn heard(schedule: &Schedule, kind: &str) -> (usize, u32) {
    let (outcome, actions) = run_recorded(schedule).unwrap();
    assert_eq!(outcome.violations, []);
    let wanted = format!(" > 3 {kind} 1/0");
    let heard = actions.iter().filter(|action| action.to_string().ends_with(&wanted)).count();
    (heard, outcome.impact.changed)
}

/// Validator 0 leads view 0 of PBFT.
#[test]
fn a_changed_message_comes_instead_of_the_original_or_besides() {
    for (besides, times) in [(None, 1), (Some(0), 2), (Some(1), 2)] {
        let schedule = changed(Protocol::Pbft, 0, &[("pre-prepare", Change::OtherValue, besides)]);
        assert_eq!(heard(&schedule, "pre-prepare"), (times, 1), "{besides:?}");
    }
    let lost = changed(Protocol::Pbft, 0, &[("pre-prepare", Change::Drop, None)]);
    assert_eq!(heard(&lost, "pre-prepare"), (0, 1));
}

#[test]
fn changes_of_one_message_add_up() {
    let both = [("pre-prepare", Change::RoundUp, None), ("pre-prepare", Change::RoundDown, None)];
    let back = changed(Protocol::Pbft, 0, &both);
    assert_eq!(heard(&back, "pre-prepare"), (1, 0), "up and down again is no change");
    assert_eq!(heard(&changed(Protocol::Pbft, 0, &both[..1]), "pre-prepare"), (0, 1));
}

/// The first round fails. From then on all that a Byzantine validator proposes or asks for shows certificates that nobody
/// signed.
#[test]
fn what_nobody_signed_is_believed_by_nobody() {
    for (engine, withheld, kinds) in [
        (Protocol::Pbft, "commit", &["view-change", "new-view"][..]),
        (Protocol::Tendermint, "proposal", &["proposal", "polka"]),
        (Protocol::HotStuff, "vote", &["proposal", "timeout", "sync-info"]),
    ] {
        let forged: Vec<_> = kinds.iter().map(|kind| (*kind, Change::ForgedProof, None)).collect();
        let mut schedule = changed(engine, 2, &forged);
        schedule.rounds[0].mutate.iter_mut().for_each(|mutation| mutation.to.clear());
        schedule.rounds = vec![schedule.rounds[0].clone(); 4];
        schedule.rounds[0].withhold = vec![withheld.into()];
        let outcome = run(&schedule).unwrap();
        assert_eq!(outcome.violations, [], "{engine}");
        assert!(outcome.impact.changed > 0, "{engine}");
    }
}
