//! What the strategies find in the museum, and in how many cases: a strategy that becomes weaker is noticed.

use crate::*;
use bitcraps_consensus::museum::Bug;

/// The first schedule that violates something, and after how many.
fn first(schedules: impl Iterator<Item = Schedule>, budget: usize) -> Option<(usize, Schedule, Property)> {
    schedules.take(budget).enumerate().find_map(|(i, schedule)| {
        let property = run(&schedule).unwrap().violations.first()?.property;
        Some((i + 1, schedule, property))
    })
}

fn bug(name: &str) -> Bug {
    Bug::parse(name).expect("it is in the museum")
}

/// The budgets are some times what was needed when they were set.
#[test]
fn twins_find_bugs() {
    for (name, budget, breaks) in [
        ("view-change-without-prepared", 200, Property::VoteOnce),
        ("view-change-said-once", 40, Property::Liveness),
        ("revote-is-equivocation", 200, Property::FalseAccusation),
        ("nil-precommits-start-no-timer", 40, Property::Liveness),
        ("second-proposal-panics", 40, Property::Panic),
        ("votes-after-timeout", 300, Property::VoteOnce),
        ("decides-again", 500, Property::Order),
        ("timeout-said-once", 40, Property::Liveness),
    ] {
        let params =
            twins::Params { bug: Some(name.into()), ..twins::Params::small(bug(name).protocol(), 4) };
        let found = first(twins::Space::new(params).sample(1), budget);
        let (_, _, property) = found.unwrap_or_else(|| panic!("{name} was not found in {budget} cases"));
        assert_eq!(property, breaks, "{name}");
    }
}

#[test]
fn byzzfuzz_finds_bugs() {
    for (name, budget, breaks) in [
        ("view-change-without-prepared", 50, Property::VoteOnce),
        ("prepared-not-restored", 300, Property::VoteOnce),
        ("vote-before-durable", 100, Property::VoteOnce),
        ("prepared-claim-not-proven", 20_000, Property::SafeVote),
        ("root-not-checked", 20_000, Property::SafeVote),
        ("last-voted-not-restored", 20_000, Property::VoteOnce),
        ("embedded-certificate-not-verified", 500, Property::FalseAccusation),
        ("signer-counted-twice", 500, Property::Certificate),
        ("foreign-vote-in-certificate", 200, Property::FalseAccusation),
        ("ghost-certificate-panics", 200, Property::Panic),
    ] {
        let engine = bug(name).protocol();
        let small = byzzfuzz::Params::small(engine, 4, 4);
        let params = byzzfuzz::Params { bug: Some(name.into()), crashes: 2, refusals: 1, ..small };
        let found = any((0..).map(|seed| byzzfuzz::schedule(seed, &params)), budget, breaks);
        assert!(found, "{name} was not found in {budget} cases");
    }
}

/// Whether some schedule violates this.
fn any(schedules: impl Iterator<Item = Schedule>, budget: usize, property: Property) -> bool {
    schedules.take(budget).any(|schedule| run(&schedule).unwrap().violates(property))
}

/// Two dozen faults, of which one crash is to blame.
#[test]
fn a_padded_schedule_shrinks_to_what_is_to_blame() {
    let name = "vote-before-durable";
    let engine = bug(name).protocol();
    let params = byzzfuzz::Params {
        bug: Some(name.into()),
        validators: 5,
        crashes: 8,
        refusals: 4,
        rounds: 6,
        heights: 3,
        ..byzzfuzz::Params::small(engine, 8, 4)
    };
    let seeds = (0..).map(|seed| byzzfuzz::schedule(seed, &params));
    let (_, padded, property) = first(seeds, 100).expect("so many crashes hit the moment");
    let shrunk = shrink::shrink(&padded, property);
    let small = &shrunk.schedule;
    let text = serde_saphyr::to_string(small).unwrap();
    assert!(shrunk.minimal, "{} runs: {text}", shrunk.runs);
    assert!(run(small).unwrap().violates(property));
    assert_eq!((small.heights, small.byzantine.len()), (1, 0), "{text}");
    let crashes: usize = small.rounds.iter().map(|plan| plan.crash.len()).sum();
    assert_eq!(crashes, 1, "{text}");
    assert!(small.validators <= 4 && small.rounds.len() <= 2, "{text}");
    assert_eq!(shrink::shrink(small, property).schedule, *small, "nothing is left to leave out");
}

/// The record of a failing run fails, and most of it can go.
#[test]
fn a_recorded_run_shrinks_to_the_deliveries_that_matter() {
    let name = "view-change-without-prepared";
    let params =
        byzzfuzz::Params { bug: Some(name.into()), ..byzzfuzz::Params::small(bug(name).protocol(), 0, 4) };
    let (_, failing, property) = first((0..).map(|seed| byzzfuzz::schedule(seed, &params)), 100).unwrap();
    let (_, actions) = run_recorded(&failing).unwrap();
    let recorded = Schedule { deliveries: Some(actions.clone()), ..failing };
    assert!(run(&recorded).unwrap().violates(property));
    let shrunk = shrink::shrink(&recorded, property);
    let kept = shrunk.schedule.deliveries.as_ref().unwrap().len();
    assert!(kept < actions.len() / 2 && kept < 20, "{kept} of {} deliveries", actions.len());
    assert!(run(&shrunk.schedule).unwrap().violates(property));
}
