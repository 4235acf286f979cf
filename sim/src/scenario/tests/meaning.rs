//! Files that are well formed and can't be meant.

use super::*;

#[test]
fn each_contradiction_is_named() {
    for (lines, message) in [
        ("gst: 61 s\n", "gst (61 s) is after the end of the run (60 s)"),
        ("validators: { count: 2, stake: [1, 1, 1] }\n", "3 weights for 2 validators"),
        ("validators: { count: 2, regions: { eu: [2] } }\n", "there is no validator 2"),
        ("validators: { count: 2, regions: { eu: [0], us: [0] } }\n", "validator 0 is in two regions"),
        ("links: { eu-us: {} }\n", "unknown region `eu`"),
        (
            "validators: { count: 2, regions: { eu: [0], us: [1] } }\nlinks: { eu-us: {}, us-eu: {} }\n",
            "the same pair",
        ),
        ("links: { default: { latency: { median: 2 s, p99: 1 s } } }\n", "`p99` is below `median`"),
        ("links: { default: { latency: { mean: 1 s, jitter: 2 s } } }\n", "`jitter` is above `mean`"),
        ("links: { default: { latency: { min: 2 s, max: 1 s } } }\n", "`max` is below `min`"),
        ("workload: { games: { craps: 99 % } }\n", "sum to 99 %"),
        ("faults: [{ at: 61 s, inject: clog }]\n", "at 61 s, but the run ends"),
        ("faults: [{ every: 999 us, for: 1 us, inject: clog }]\n", "every 999 us"),
        ("faults: [{ id: gst, at: 1 s, inject: clog }]\n", "`gst` is reserved"),
        (
            "faults: [{ id: a, at: 1 s, inject: clog }, { id: a, at: 1 s, inject: clog }]\n",
            "two faults have the id",
        ),
        (
            "faults: [{ at: 1 s, inject: clog }, { id: fault-1, at: 1 s, inject: clog }]\n",
            "two faults have the id",
        ),
        ("faults: [{ after: b, inject: clog }]\n", "unknown fault `b`"),
        ("faults: [{ id: a, after: a, inject: clog }]\n", "`a` waits for its own end"),
        (
            "faults: [{ id: a, after: b, inject: clog }, { id: b, after: a, inject: clog }]\n",
            "waits for its own end",
        ),
        ("faults: [{ when: { state: { node: 4, is: down } }, inject: clog }]\n", "there is no validator 4"),
        ("faults: [{ at: 1 s, on: 4, inject: clog }]\n", "there is no validator 4"),
        ("faults: [{ at: 1 s, on: [0, 4], inject: clog }]\n", "there is no validator 4"),
        ("faults: [{ at: 1 s, on: { fixed: 5 }, inject: clog }]\n", "5 of 4 validators"),
        ("faults: [{ at: 1 s, on: { region: eu }, inject: clog }]\n", "unknown region `eu`"),
        (
            "validators: { count: 3 }\nfaults: [{ at: 1 s, on: minority_third, inject: clog }]\n",
            "a third of 3",
        ),
        ("faults: [{ at: 1 s, on: ring, inject: clog }]\n", "a shape says how to cut"),
        ("faults: [{ at: 1 s, inject: crash }]\n", "`crash` needs `on`"),
        ("faults: [{ at: 1 s, inject: { jump: { by: 1 s } } }]\n", "`jump` needs `on`"),
        ("faults: [{ at: 1 s, on: 0, inject: heal }]\n", "it takes no `on`"),
        ("faults: [{ at: 1 s, on: 0, between: [0, 1], inject: clog }]\n", "`on` and `between` exclude"),
        ("faults: [{ at: 1 s, between: [0, 9], inject: clog }]\n", "there is no validator 9"),
        ("faults: [{ at: 1 s, between: [0, ring], inject: clog }]\n", "one side of a link"),
        ("faults: [{ at: 1 s, between: [0, 1], inject: pause }]\n", "does not strike links"),
        ("faults: [{ at: 1 s, inject: partition }]\n", "needs `groups`, a `shape` or `on`"),
        (
            "faults: [{ at: 1 s, inject: { partition: { groups: [[0, 1], [1, 2, 3]] } } }]\n",
            "validator 1 is in two groups",
        ),
        ("faults: [{ at: 1 s, inject: { partition: { groups: [[0], [2, 3]] } } }]\n", "in no group: 1"),
        (
            "faults: [{ at: 1 s, inject: { partition: { groups: [[0, 1], [2, 4]] } } }]\n",
            "there is no validator 4",
        ),
        ("faults: [{ at: 1 s, on: 0, inject: { partition: { shape: ring } } }]\n", "already says how to cut"),
        (
            "faults: [{ at: 1 s, inject: { partition: { shape: ring, one_way: true } } }]\n",
            "have a first side",
        ),
        (
            "faults: [{ at: 1 s, on: 0, inject: { equivocate: { what: prevote, groups: [[1], [1]] } } }]\n",
            "in two groups",
        ),
        (
            "faults: [{ at: 1 s, on: 0, inject: { selective_send: { to: [9] } } }]\n",
            "there is no validator 9",
        ),
        ("faults: [{ at: 1 s, on: 0, inject: { frame: { victim: 9 } } }]\n", "there is no validator 9"),
        ("faults: [{ at: 1 s, on: 2, inject: { impersonate: { victim: 2 } } }]\n", "strikes its own victim"),
        (
            "consensus: { engine: pbft }\nexpect: { violation: agreement }\n\
             faults: [{ at: 1 s, on: [0, 1], inject: { collude: { strategy: amnesia } } }]\n",
            "no such plan under pbft",
        ),
        (
            "faults: [{ at: 1 s, inject: { latency: { add: { min: 2 s, max: 1 s } } } }]\n",
            "`max` is below `min`",
        ),
        ("faults: [{ at: 1 s, for: 1 s, inject: heal }]\n", "it has no end"),
        (
            "faults: [{ at: 1 s, on: 0, for: 1 s, inject: { crash: { restart_after: 1 s } } }]\n",
            "both say when",
        ),
        (
            "expect: { eventually: { height: { at_least: 1, within: 61 s } } }\n",
            "within 61 s, but the run ends",
        ),
        (
            "expect: { eventually: [{ height: { at_least: 1, within: 6 s, after: x } }] }\n",
            "unknown fault `x`",
        ),
        ("sweep: { validators.cuont: [1] }\n", "no value has the path `validators.cuont`"),
        ("sweep: { faults.nope.for: [1 s] }\n", "no value has the path `faults.nope.for`"),
    ] {
        let all = bad(lines);
        assert!(all.iter().any(|one| one.message.contains(message)), "{lines} gave\n{}", render(&all));
    }
}

#[test]
fn more_liars_than_the_protocol_bears_need_a_violation_to_be_expected() {
    let silent = |on: &str, trigger: &str| format!("faults: [{{ {trigger}, on: {on}, inject: silent }}]\n");
    let n = |count: u16| format!("validators: {{ count: {count} }}\n");
    for (count, on, trigger, fine) in [
        (4, "0", "at: 1 s", true),
        (4, "[0, 1]", "at: 1 s", false),
        (3, "0", "at: 1 s", false),
        (7, "[0, 1]", "at: 1 s", true),
        (7, "minority_third", "at: 1 s", true),
        (7, "{ percent: 33 % }", "at: 1 s", true),
        (7, "{ fixed: 3 }", "at: 1 s", false),
        (7, "leader", "at: 1 s", true),
        (7, "leader", "every: 1 s", false),
        (7, "leader", "times: 2, every: 1 s", true),
        (7, "all", "at: 1 s", false),
    ] {
        let lines = n(count) + &silent(on, trigger);
        assert_eq!(parse("t.yaml", &with(&lines)).is_ok(), fine, "{lines}");
        if !fine {
            good(&(lines + "expect: { violation: agreement }\n"));
        }
    }
}

#[test]
fn liars_are_weighed_by_stake_and_counted_over_all_faults() {
    let fault = |on: &str| format!("{{ at: 1 s, on: {on}, inject: amnesia }}");
    let one = fault("0");
    let heavy = "validators: { count: 4, stake: [4, 2, 2, 2] }\n";
    assert!(bad(&format!("{heavy}faults: [{one}]\n"))[0].message.contains("up to 4 of 10 stake lies"));
    good(&format!("{heavy}faults: [{}]\n", fault("1")));
    bad(&format!("{heavy}faults: [{}]\n", fault("one")));
    good(&format!("faults: [{one}, {one}]\n"));
    bad(&format!("faults: [{one}, {}]\n", fault("1")));
}

#[test]
fn what_may_not_be_meant_is_a_warning() {
    for (lines, message) in [
        ("gst: 10 s\nfaults: [{ at: 20 s, inject: clog }]\n", "GST heals it at once"),
        (
            "expect: { violation: agreement }\nfaults: [{ at: 1 s, on: 0, inject: silent }]\n",
            "agreement should hold",
        ),
    ] {
        let parsed = parse("t.yaml", &with(lines)).unwrap();
        assert!(
            parsed.warnings.iter().any(|one| one.message.contains(message)),
            "{}",
            render(&parsed.warnings)
        );
    }
}

#[test]
fn a_value_that_was_found_wrong_is_not_blamed_a_second_time() {
    let all = bad("validators: { count: many }\nfaults: [{ at: 1 s, on: 900, inject: pause }]\n");
    assert_eq!(all.len(), 1, "{}", render(&all));
}
