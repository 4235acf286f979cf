//! Exhaustive exploration.

use crate::explore::{Params, explore};
use crate::*;
use bitcraps_types::Protocol;

/// The exact sizes: if one changes, either an engine says more or less than before, or states are merged otherwise.
#[test]
fn without_faults_the_whole_space_is_small_and_safe() {
    for (engine, unique) in [(Protocol::Pbft, 183), (Protocol::Tendermint, 1_089), (Protocol::HotStuff, 25)] {
        let report = explore(&Params::small(engine)).unwrap();
        assert_eq!((report.unique, report.exhausted), (unique, true), "{engine}: {report:?}");
        assert_eq!(report.counterexample, None);
        assert!(report.decided > 0, "{engine}: nobody ever decides");
    }
}

#[test]
fn the_number_of_threads_changes_no_count() {
    let timeouts = Params { timeouts: 1, ..Params::small(Protocol::Tendermint) };
    let one = explore(&Params { threads: 1, ..timeouts.clone() }).unwrap();
    let three = explore(&Params { threads: 3, ..timeouts }).unwrap();
    assert!(one.exhausted && one.unique > 10_000, "{one:?}");
    assert_eq!((one.unique, one.states, one.depth), (three.unique, three.states, three.depth));
    assert_eq!((one.decided, one.counterexample), (three.decided, three.counterexample));
}

/// Twins that nobody notices would make the exploration of twins idle.
#[test]
fn twins_are_explored_to_a_depth_and_safe() {
    for engine in Protocol::ALL {
        let params = Params { twins: vec![1], depth: 7, most_states: 20_000, ..Params::small(engine) };
        let report = explore(&params).unwrap();
        assert_eq!(report.counterexample, None);
        let alone = explore(&Params { twins: Vec::new(), ..params }).unwrap();
        assert!(report.unique > alone.unique, "{engine}");
    }
}

#[test]
fn crashes_are_explored_and_safe() {
    for engine in Protocol::ALL {
        let params = Params { crashes: 1, most_states: 10_000, ..Params::small(engine) };
        let report = explore(&params).unwrap();
        assert_eq!(report.counterexample, None);
        assert!(report.unique > 1_000, "{engine}: {report:?}");
    }
}

/// One of the shortest ways into a bug, which also leads there when it is run as a schedule, and shrinks no further.
#[test]
fn a_bug_of_the_museum_is_found_at_a_small_depth() {
    let params = Params {
        bug: Some("view-change-without-prepared".into()),
        timeouts: 1,
        threads: 1,
        ..Params::small(Protocol::Pbft)
    };
    let found = explore(&params).unwrap().counterexample.expect("the bug is there");
    assert_eq!(found.violation.property, Property::VoteOnce);
    let told: Vec<String> = found.actions.iter().map(Action::to_string).collect();
    assert_eq!(told.len(), 4, "{told:?}");
    let schedule = found.schedule(&params);
    assert!(run(&schedule).unwrap().violates(Property::VoteOnce), "{told:?}");
    let clean = Schedule { bug: None, ..schedule };
    assert_eq!(run(&clean).unwrap().violations, []);
}
