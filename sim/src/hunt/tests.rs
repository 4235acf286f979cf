//! What a hunt draws is allowed; what it finds is there; what it shrinks still fails.

use super::strategy::Cases;
use super::*;
use crate::scenario;
use std::time::Duration;

const SITUATION: &str = "version: 1\nname: hunted\nclaim: x\nduration: 8 s\ngst: 3 s\nvalidators: { count: 4 }\n\
    consensus: { timeouts: { propose: 100 ms, prevote: 50 ms, precommit: 50 ms, growth: 1.2, rebroadcast: 200 ms } }\n\
    links: { default: { latency: 5 ms } }\nworkload: { tables: 1, players: 1, bets: 1/s }\n";

const LAB: [Strategy; 3] = [Strategy::Random, Strategy::Swarm, Strategy::Coverage];

fn situation(set: &[(&str, &str)]) -> Scenario {
    let set: Vec<_> = set.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    scenario::parse_with("(test)", SITUATION, &set).unwrap().scenario
}

fn drawn(strategy: Strategy, seed: u64, count: usize) -> Vec<Case> {
    let mut cases = Cases::new(&situation(&[]), strategy, seed);
    let drawn = (0..count).filter_map(|number| {
        let case = cases.next()?;
        // As if every third case had met something new, so that coverage has something to change.
        let met = Feature::of_an_engine_alone(Box::leak(number.to_string().into_boxed_str()));
        cases.learn(&case, &BTreeSet::from_iter((number % 3 == 0).then_some(met)));
        Some(case)
    });
    drawn.collect()
}

fn scenario_of(case: &Case) -> &Scenario {
    match &case.subject {
        Subject::Nodes { scenario, .. } => scenario,
        Subject::Cores(schedule) => panic!("{schedule} is no scenario"),
    }
}

#[test]
fn no_more_lie_in_a_case_than_the_protocol_bears_and_all_of_it_ends_at_gst() {
    for case in LAB.into_iter().flat_map(|strategy| drawn(strategy, 1, 150)) {
        let scenario = scenario_of(&case);
        let weights = scenario.validators.weights();
        let lies = scenario.faults.iter().filter(|fault| fault.inject.is_lie());
        let liars: BTreeSet<u16> = lies
            .flat_map(|fault| match &fault.on {
                scenario::Selector::Node(node) => vec![*node],
                scenario::Selector::Nodes(nodes) => nodes.clone(),
                other => panic!("{other:?} may be anybody"),
            })
            .collect();
        let lying: u64 = liars.iter().map(|node| weights[usize::from(*node)]).sum();
        assert!(3 * lying < weights.iter().sum(), "{}", scenario::concise(scenario));
        assert!(scenario.gst.is_some() && scenario.faults.iter().all(|fault| !fault.survives_gst));
    }
}

#[test]
fn every_kind_of_fault_is_drawn_and_nearly_every_case_has_some() {
    let cases: Vec<Case> = LAB.into_iter().flat_map(|strategy| drawn(strategy, 2, 200)).collect();
    let kinds: BTreeSet<&str> = cases
        .iter()
        .flat_map(|case| scenario_of(case).faults.iter().map(|fault| fault.inject.name()))
        .collect();
    for kind in menu::KINDS {
        assert!(kinds.contains(kind), "{kind} is never drawn");
    }
    let inject = cases.iter().flat_map(|case| scenario_of(case).faults.iter().map(|fault| &fault.inject));
    assert!(inject.clone().all(|inject| inject.is_lie() == scenario::is_lie(inject.name())));
    let idle = cases.iter().filter(|case| case.subject.faults() == 0).count();
    assert!(idle < cases.len() / 20, "{idle} of {} cases have no fault", cases.len());
}

#[test]
fn a_number_and_a_seed_say_which_case_it_is() {
    for strategy in Strategy::ALL {
        let text = |cases: Vec<Case>| format!("{cases:?}");
        assert_eq!(text(drawn(strategy, 3, 12)), text(drawn(strategy, 3, 12)), "{strategy:?}");
        assert_ne!(text(drawn(strategy, 3, 12)), text(drawn(strategy, 4, 12)), "{strategy:?}");
    }
}

fn hunted(base: &Scenario, strategy: Strategy, cases: u64, jobs: usize) -> Hunted {
    let limits = Limits { cases, jobs, stop_at_first: true };
    hunt(base, strategy, 0, limits, &|case| test(&case.subject), |_| true)
}

#[test]
fn right_engines_survive() {
    for (strategy, cases) in [(Strategy::Swarm, 16), (Strategy::Coverage, 16), (Strategy::Twins, 150)] {
        for engine in ["pbft", "tendermint", "hotstuff"] {
            let hunted = hunted(&situation(&[("consensus.engine", engine)]), strategy, cases, 1);
            assert_eq!(hunted.progress.cases, cases);
            assert!(hunted.finds.is_empty(), "{engine}: {:?}", hunted.finds);
        }
    }
}

#[test]
fn which_thread_was_faster_changes_nothing() {
    let base = situation(&[]);
    let features = || hunted(&base, Strategy::Coverage, 32, 2).progress;
    assert_eq!(features(), features());
}

#[test]
fn a_bug_is_found_in_whole_nodes_and_shrunk_to_what_it_needs() {
    let base = situation(&[("consensus.engine", "pbft"), ("consensus.bug", "revote-is-equivocation")]);
    let hunted = hunted(&base, Strategy::Swarm, 400, 1);
    let (case, violation) = hunted.finds.first().expect("the bug is found");
    let shrunk = shrink(&case.subject, &violation.property, Duration::from_secs(60)).unwrap();
    let Subject::Nodes { scenario, seed } = &shrunk.subject else { panic!("a scenario was shrunk") };
    assert!(scenario.faults.len() <= 3, "{}", scenario::concise(scenario));
    assert!(scenario.duration < base.duration, "{}", scenario::concise(scenario));
    // What was saved is the scenario as text, and it still fails.
    let again = scenario::parse("(again)", &scenario::concise(scenario)).unwrap().scenario;
    let tested = test(&Subject::Nodes { scenario: Box::new(again), seed: *seed });
    assert_eq!(tested.violation.unwrap().property, violation.property);
}

#[test]
fn a_bug_is_found_in_the_cores_and_shrunk_to_what_it_needs() {
    let base = situation(&[("consensus.engine", "pbft"), ("consensus.bug", "prepared-not-restored")]);
    let hunted = hunted(&base, Strategy::Byzzfuzz, 20_000, 1);
    let (case, violation) = hunted.finds.first().expect("the bug is found");
    let shrunk = shrink(&case.subject, &violation.property, Duration::from_secs(60)).unwrap();
    assert!(shrunk.subject.faults() <= case.subject.faults() && shrunk.subject.faults() <= 4, "{shrunk:?}");
    assert_eq!(test(&shrunk.subject).violation.unwrap().property, violation.property);
}

#[test]
fn where_too_many_lie_already_there_is_nothing_to_hunt() {
    let fault =
        "faults: [{ at: 1 s, on: [0, 1], inject: { silent: {} } }]\nexpect: { violation: agreement }\n";
    let base = scenario::parse("(test)", &format!("{SITUATION}{fault}")).unwrap().scenario;
    assert!(super::situation(&base).is_err());
    assert!(Strategy::Twins.applies(&situation(&[("validators.count", "12")])).is_err());
}

#[test]
fn what_does_not_fail_is_not_shrunk() {
    let subject = Subject::Nodes { scenario: Box::new(situation(&[])), seed: 1 };
    assert!(shrink(&subject, "agreement", Duration::from_secs(5)).is_none());
}
