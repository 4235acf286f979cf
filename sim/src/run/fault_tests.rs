//! Each trigger, end and selector does what docs/scenario.md says; and where two faults meet on one node, the end of
//! one leaves the other alone. Driven by small scenarios through the whole of [`examine`].

use super::{Depth, Outcome, examine};
use crate::scenario::{self, World};
use bitcraps_reports::{FaultSpan, Verdict};

const SECOND: u64 = 1_000_000_000;

/// Four validators, short links, no players, and these faults, a line each.
fn run_with(more: &str, seconds: u64, faults: &[&str]) -> Outcome {
    run_under("tendermint", more, seconds, faults)
}

/// The same under one of the engines.
fn run_under(engine: &str, more: &str, seconds: u64, faults: &[&str]) -> Outcome {
    let faults: String = faults.iter().map(|fault| format!("  - {fault}\n")).collect();
    let text = format!(
        "version: 1\nname: small\nclaim: a fault does what it says\nduration: {seconds} s\n\
         validators: {{ count: 4 }}\nconsensus: {{ engine: {engine}, interval: 100 ms }}\n\
         workload: {{ tables: 1, players: 0, bets: 0/s }}\n{more}faults:\n{faults}"
    );
    let parsed = scenario::parse("(test)", &text);
    let parsed = parsed.unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
    examine(&parsed.scenario, World::Lab, 1, Depth::Once, "").outcome
}

fn run(seconds: u64, faults: &[&str]) -> Outcome {
    run_with("", seconds, faults)
}

/// The instances of one fault.
fn of<'a>(outcome: &'a Outcome, id: &str) -> Vec<&'a FaultSpan> {
    let again = format!("{id} #");
    let mine = outcome.record.faults.iter().filter(|span| span.id == id || span.id.starts_with(&again));
    mine.collect()
}

fn times(outcome: &Outcome, id: &str) -> Vec<(f64, f64)> {
    let seconds = |ns: u64| (ns as f64 / 1e6).round() / 1e3;
    of(outcome, id).into_iter().map(|span| (seconds(span.start_ns), seconds(span.end_ns))).collect()
}

/// When a node came up again, in whole milliseconds.
fn restarts(outcome: &Outcome, node: u16) -> Vec<u64> {
    let events = outcome.record.node_events.iter();
    events
        .filter(|event| event.node == node && event.kind == "restart")
        .map(|e| e.at_ns / 1_000_000)
        .collect()
}

#[test]
fn a_fault_at_zero_starts_with_the_run_and_for_ends_it() {
    let outcome = run(3, &["{ id: a, at: 0 s, for: 1 s, on: 1, inject: isolate }"]);
    assert_eq!(times(&outcome, "a"), [(0.0, 1.0)]);
    assert_eq!(outcome.record.verdict, Verdict::Pass, "{:?}", outcome.record.properties);
}

#[test]
fn every_starts_after_one_period_and_at_most_so_many_times() {
    let outcome = run(6, &["{ id: a, every: 1 s, times: 3, for: 100 ms, on: 1, inject: isolate }"]);
    assert_eq!(times(&outcome, "a"), [(1.0, 1.1), (2.0, 2.1), (3.0, 3.1)]);
}

#[test]
fn jitter_moves_each_start_by_no_more_than_it_says() {
    let outcome = run(20, &["{ id: a, every: 1 s ± 200 ms, for: 10 ms, on: 1, inject: isolate }"]);
    let starts: Vec<u64> = of(&outcome, "a").iter().map(|span| span.start_ns).collect();
    let gaps: Vec<u64> = starts.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(
        gaps.len() > 12 && gaps.iter().all(|gap| (800_000_000..=1_200_000_000).contains(gap)),
        "{gaps:?}"
    );
    assert!(gaps.iter().max() > gaps.iter().min());
}

#[test]
fn a_condition_starts_a_fault_once_unless_the_file_says_how_often() {
    let leads = "when: { state: { node: 2, is: leader } }, for: 10 ms, on: 1, inject: isolate";
    assert_eq!(of(&run(4, &[&format!("{{ id: a, {leads} }}")]), "a").len(), 1);
    assert_eq!(of(&run(4, &[&format!("{{ id: a, times: 3, {leads} }}")]), "a").len(), 3);
}

#[test]
fn a_condition_on_the_height_starts_a_fault_as_the_first_node_decides_it() {
    let outcome = run(4, &["{ id: a, when: { height: 5 }, until: { height: 9 }, on: 1, inject: isolate }"]);
    let decided = |height: u64| {
        let at = outcome.record.commits.iter().filter(|commit| commit.height == height).map(|c| c.at_ns);
        at.min().unwrap()
    };
    let spans = of(&outcome, "a");
    assert_eq!((spans[0].start_ns, spans[0].end_ns, spans.len()), (decided(5), decided(9), 1));
}

#[test]
fn the_nth_message_and_a_failed_round_start_faults() {
    let outcome = run(
        8,
        &[
            "{ id: third, when: { message: { kind: proposal, nth: 3 } }, for: 10 ms, on: 1, inject: isolate }",
            "{ id: crash, at: 2 s, on: leader, inject: { crash: { restart_after: 2 s } } }",
            "{ id: round, when: { round: 1 }, for: 10 ms, on: all, inject: { latency: { add: 1 ms } } }",
            "{ id: change, when: { view_change: { count: 1 } }, for: 10 ms, on: all, inject: clog }",
            "{ id: down, when: { state: { node: 3, is: down } }, for: 10 ms, on: 0, inject: isolate }",
        ],
    );
    let second = outcome.record.commits.iter().filter(|commit| commit.height == 2).map(|commit| commit.at_ns);
    let third = of(&outcome, "third")[0].start_ns;
    assert!(third > 0 && third < second.min().unwrap() + SECOND);
    let round = of(&outcome, "round")[0].start_ns;
    assert_eq!(round, of(&outcome, "change")[0].start_ns);
    let crashed = of(&outcome, "crash")[0].nodes == [3];
    assert_eq!(of(&outcome, "down").len(), usize::from(crashed));
}

#[test]
fn after_starts_when_the_first_has_ended() {
    let outcome = run(
        6,
        &[
            "{ id: b, after: a, for: 1 s, on: 2, inject: pause }",
            "{ id: a, at: 1 s, for: 2 s, on: 1, inject: isolate }",
        ],
    );
    assert_eq!(times(&outcome, "b"), [(3.0, 4.0)]);
}

#[test]
fn a_random_crash_stays_down_as_long_as_it_says() {
    let fault =
        "{ id: a, random: { rate: 1/s, min_up: 2 s }, on: 1, inject: { crash: { restart_after: 700 ms } } }";
    let outcome = run(20, &[fault]);
    let spans = times(&outcome, "a");
    let whole = &spans[..spans.len() - 1];
    assert!(
        whole.len() >= 3 && whole.iter().all(|(start, end)| (end - start - 0.7).abs() < 1e-6),
        "{spans:?}"
    );
    assert!(spans.windows(2).all(|two| two[1].0 - two[0].1 >= 2.0), "{spans:?}");
}

#[test]
fn a_random_fault_whose_chance_said_no_gets_another() {
    let fault = "{ id: a, random: { rate: 5/s }, for: 100 ms, probability: 20 %, on: 1, inject: pause }";
    assert!(of(&run(20, &[fault]), "a").len() > 5);
}

#[test]
fn a_random_fault_without_an_end_lasts() {
    let outcome = run(20, &["{ id: a, random: { rate: 1/s }, on: 1, inject: isolate }"]);
    assert_eq!(of(&outcome, "a").len(), 1);
    assert_eq!(times(&outcome, "a")[0].1, 20.0);
}

#[test]
fn a_chance_of_a_limit_is_drawn_when_it_starts() {
    let faults = |what: &str| {
        format!("{{ id: a, every: 1 s, for: 500 ms, probability: 50 %, on: 1, inject: {{ {what} }} }}")
    };
    let limited = run(30, &[&faults("bandwidth: { rate: 1 Mbit/s }")]);
    assert!((5..25).contains(&of(&limited, "a").len()), "{}", of(&limited, "a").len());
    assert_eq!(of(&run(30, &[&faults("loss: { rate: 100 % }")]), "a").len(), 29, "there, by message");
}

#[test]
fn gst_heals_what_is_not_marked_and_heal_heals_all() {
    let faults = [
        "{ id: a, at: 1 s, on: 1, inject: { crash: {} } }",
        "{ id: b, at: 1 s, on: 2, survives_gst: true, inject: { latency: { add: 5 ms } } }",
        "{ id: c, every: 1 s, for: 100 ms, on: 3, inject: pause }",
    ];
    let outcome = run_with("gst: 4500 ms\n", 8, &faults);
    assert_eq!((times(&outcome, "a"), times(&outcome, "b")), (vec![(1.0, 4.5)], vec![(1.0, 8.0)]));
    assert_eq!((of(&outcome, "c").len(), restarts(&outcome, 1)), (4, vec![4500]));
    let faults = [faults[0], faults[1], "{ id: h, at: 3 s, inject: heal }"];
    let outcome = run(8, &faults);
    assert_eq!((times(&outcome, "a"), times(&outcome, "b")), (vec![(1.0, 3.0)], vec![(1.0, 3.0)]));
    assert_eq!(of(&outcome, "h")[0].touched, 2);
}

#[test]
fn selectors_strike_whom_they_name() {
    let outcome = run(
        8,
        &[
            "{ id: third, every: 1 s, for: 10 ms, on: minority_third, inject: isolate }",
            "{ id: most, every: 1 s, for: 10 ms, on: majority, inject: isolate }",
            "{ id: half, every: 1 s, for: 10 ms, on: { percent: 50 % }, inject: isolate }",
            "{ id: leads, every: 1 s, for: 10 ms, on: leader, inject: isolate }",
            "{ id: next, every: 1 s, for: 10 ms, on: next_leader, inject: isolate }",
            "{ id: rest, every: 1 s, for: 10 ms, on: not_leader, inject: isolate }",
            "{ id: any, every: 1 s, for: 10 ms, on: random, inject: isolate }",
        ],
    );
    let nodes = |id: &str| of(&outcome, id).iter().map(|span| span.nodes.clone()).collect::<Vec<_>>();
    for (id, count) in [("third", 1), ("most", 3), ("half", 2)] {
        let all = nodes(id);
        assert!(all.iter().all(|some| some.len() == count && *some == all[0]), "{id} {all:?}");
    }
    for ((leader, next), rest) in nodes("leads").iter().zip(nodes("next")).zip(nodes("rest")) {
        assert_eq!((leader[0] + 1) % 4, next[0]);
        assert!(rest.len() == 3 && !rest.contains(&leader[0]));
    }
    assert!(nodes("any").iter().collect::<std::collections::BTreeSet<_>>().len() > 1);
}

#[test]
fn a_lie_without_a_number_lasts_and_one_with_a_number_tells_so_many() {
    let outcome = run(5, &["{ id: a, when: { height: 3 }, on: 1, inject: silent }"]);
    assert_eq!(times(&outcome, "a")[0].1, 5.0);
    // Three recipients hear each message.
    let outcome = run(5, &["{ id: a, every: 500 ms, times: 6, on: 1, inject: silent }"]);
    let touched: u64 = of(&outcome, "a").iter().map(|span| span.touched).sum();
    assert!((6..12).contains(&touched), "{touched}");
}

#[test]
fn the_latency_of_a_commit_counts_the_rounds_that_were_wasted() {
    let outcome = run(8, &["{ id: a, at: 1 s, for: 6 s, on: 1, inject: silent }"]);
    let late: Vec<u64> =
        outcome.record.commits.iter().filter(|commit| commit.round > 0).map(|c| c.latency_ns).collect();
    assert!(!late.is_empty() && late.iter().all(|ns| *ns >= 500_000_000), "{late:?}");
}

/// How much the second of two faults of node 1 touches, which begins just before the first ends.
fn second_of_two(first: &str, second: &str) -> (u64, u64) {
    let first = format!("{{ id: a, at: 500 ms, for: 500 ms, on: 1, inject: {{ {first} }} }}");
    let second = format!("{{ id: b, at: 990 ms, for: 4 s, on: 1, inject: {{ {second} }} }}");
    let alone = run(6, &[&second]);
    let both = run(6, &[&first, &second]);
    (of(&both, "b")[0].touched, of(&alone, "b")[0].touched)
}

#[test]
fn the_end_of_a_fault_leaves_another_of_its_kind_in_force() {
    for (first, second) in [
        ("slow_cpu: { factor: 3 }", "slow_cpu: { factor: 2 }"),
        ("skew: { offset: 1 s }", "skew: { offset: -50 ms }"),
        ("drift: { ppm: 100 }", "drift: { ppm: -100 }"),
        ("disk_slow: { latency: 1 ms }", "disk_slow: { latency: 2 ms }"),
        ("disk_full: { capacity: 1 MiB }", "disk_slow: { latency: 2 ms }"),
        ("disk_error: { op: read }", "disk_slow: { latency: 2 ms }"),
    ] {
        let (both, alone) = second_of_two(first, second);
        assert!(alone > 20 && both > alone / 2, "{first}, then {second}: {both} of {alone}");
    }
}

#[test]
fn a_paused_node_goes_on_when_its_last_pause_ends() {
    let outcome = run(
        8,
        &[
            "{ id: a, at: 1 s, for: 1 s, on: 1, inject: pause }",
            "{ id: b, at: 1500 ms, for: 3 s, on: 1, inject: pause }",
        ],
    );
    let quiet = |commit: &&bitcraps_reports::Commit| {
        commit.node == 1 && (1_010_000_000..4_500_000_000).contains(&commit.at_ns)
    };
    assert_eq!(outcome.record.commits.iter().filter(quiet).count(), 0);
    assert!(outcome.record.commits.iter().any(|c| c.node == 1 && c.at_ns > 5 * SECOND));
}

#[test]
fn a_crashed_node_comes_back_when_its_last_crash_ends() {
    let outcome = run(
        8,
        &[
            "{ id: a, at: 1 s, for: 2 s, on: 1, inject: { crash: {} } }",
            "{ id: b, at: 2 s, for: 3 s, on: [1], inject: { crash: {} } }",
        ],
    );
    assert_eq!(restarts(&outcome, 1), [5000]);
    assert!(of(&outcome, "b")[0].touched > 0);
}

#[test]
fn a_node_that_is_down_can_be_paused_and_slowed_and_a_paused_one_can_crash() {
    let outcome = run(
        8,
        &[
            "{ id: a, at: 1 s, for: 2 s, on: 1, inject: { crash: {} } }",
            "{ id: b, at: 2 s, for: 500 ms, on: 1, inject: pause }",
            "{ id: c, at: 4 s, for: 2 s, on: 2, inject: pause }",
            "{ id: d, at: 5 s, on: 2, inject: { crash: { restart_after: 500 ms } } }",
        ],
    );
    assert_eq!((restarts(&outcome, 1), restarts(&outcome, 2)), (vec![3000], vec![5500]));
    assert_eq!(of(&outcome, "b")[0].touched, 0);
    assert_eq!(outcome.record.verdict, Verdict::Inconclusive, "a pause of a node that is down did nothing");
}

#[test]
fn room_on_a_full_disk_is_what_can_still_be_written() {
    let full = |capacity: &str| {
        let fault = format!(
            "{{ id: a, at: 3 s, for: 500 ms, on: 1, inject: {{ disk_full: {{ capacity: {capacity} }} }} }}"
        );
        of(&run(5, &[&fault]), "a")[0].touched
    };
    assert!(full("0 B") > 0);
    assert_eq!(full("1 MiB"), 0);
}

#[test]
fn a_pause_from_the_start_counts_what_it_kept_back() {
    let outcome = run(4, &["{ id: a, at: 0 s, for: 1 s, on: all, inject: pause }"]);
    assert!(of(&outcome, "a")[0].touched > 0);
}

/// Every lie of the language on one of four, with its parameters.
const LIES: [&str; 22] = [
    "silent",
    "withhold: { kinds: [prevote, precommit] }",
    "selective_send: { to: [1] }",
    "equivocate: { what: [proposal, prevote, precommit] }",
    "equivocate: { what: [prevote, precommit], groups: everyone }",
    "force_nil",
    "invalid_signature",
    "garbage_bytes",
    "invalid_value",
    "wrong_epoch",
    "outdated",
    "future: { by: 3 }",
    "conflicting_certificate",
    "impersonate: { victim: 1 }",
    "late",
    "rushing",
    "flood: { rate: 500/s }",
    "lie_in_sync",
    "frame: { victim: 1 }",
    "drop_inbound: { kinds: [proposal, prevote] }",
    "mutate: { scope: any, rounds: 2 }",
    "mutate",
];

#[test]
fn one_of_four_that_tells_any_lie_touches_something_and_stops_nobody_under_any_engine() {
    for engine in ["pbft", "tendermint", "hotstuff"] {
        for lie in LIES {
            let lie = if lie.contains(':') { lie.to_owned() } else { format!("{lie}: {{}}") };
            // PBFT's primary of view 0.
            let fault = format!("{{ id: liar, at: 1 s, on: 0, inject: {{ {lie} }} }}");
            let outcome = run_under(engine, "", 12, &[&fault]);
            let (verdict, properties) = (&outcome.record.verdict, &outcome.record.properties);
            assert_eq!(*verdict, Verdict::Pass, "{engine}, {lie}: {properties:?}");
            assert!(of(&outcome, "liar")[0].touched > 0, "{engine}, {lie}");
        }
    }
}

#[test]
fn a_lie_that_ends_is_told_no_more_and_what_it_held_back_is_sent() {
    for (lie, most) in [("flood: { rate: 1000/s }", 3_000), ("late: {}", 200), ("rushing: {}", 200)] {
        let fault = format!("{{ id: liar, at: 1 s, for: 1 s, on: 0, inject: {{ {lie} }} }}");
        let outcome = run(8, &[&fault]);
        let touched = of(&outcome, "liar")[0].touched;
        assert!((1..=most).contains(&touched), "{lie}: {touched}");
        assert_eq!(outcome.record.verdict, Verdict::Pass, "{lie}: {:?}", outcome.record.properties);
    }
}

#[test]
fn two_of_four_that_collude_fork_every_engine_and_are_named() {
    for engine in ["pbft", "tendermint", "hotstuff"] {
        let fault = "{ id: plan, at: 1 s, on: [0, 1], inject: { collude: { strategy: fork } } }";
        let outcome = run_under(engine, "expect: { violation: agreement }\n", 20, &[fault]);
        assert_eq!(outcome.record.verdict, Verdict::Pass, "{engine}: {:?}", outcome.record.properties);
    }
}

#[test]
fn an_amnesia_attack_forks_tendermint_and_its_votes_against_their_locks_convict() {
    let fault = "{ id: plan, at: 1 s, on: [0, 1], inject: { collude: { strategy: amnesia } } }";
    let outcome = run_under("tendermint", "expect: { violation: agreement }\n", 10, &[fault]);
    let holds = |name: &str| {
        outcome.record.properties.iter().find(|property| property.name == name).and_then(|found| found.holds)
    };
    assert_eq!(holds("agreement is violated"), Some(true));
    assert_eq!(holds("accountability"), Some(true));
}
