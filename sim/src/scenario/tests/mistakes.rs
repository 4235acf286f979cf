//! Mistakes in the form of a file: how they read, that all come at once, and that nothing panics.

use super::*;
use proptest::prelude::*;

/// `BLESS=1` prints what the file should hold.
#[test]
fn ten_mistakes_are_reported_in_one_go() {
    let all = parse("scenarios/ten_mistakes.yaml", include_str!("ten_mistakes.yaml")).unwrap_err();
    let text = render(&all);
    if std::env::var_os("BLESS").is_some() {
        println!("{text}");
    }
    assert_eq!(text, include_str!("ten_mistakes.txt"));
    assert!(all.len() >= 10);
}

#[test]
fn each_mistake_of_form_is_named_where_it_stands() {
    for (lines, message, place) in [
        ("crypt: real\n", "unknown key `crypt`", (6, 1)),
        ("crypto: rael\n", "expected one of `mock`, `real`, found `rael`", (6, 9)),
        ("gst: 10\n", "`10` has no unit", (6, 6)),
        ("gst: 10 sec\n", "unknown unit `sec`", (6, 6)),
        ("gst: 0 s\n", "it must be above zero", (6, 6)),
        ("gst: [1]\n", "expected a duration such as `500 ms`, found a list", (6, 6)),
        ("gst: 1 s\ngst: 2 s\n", "`gst` is given twice", (7, 1)),
        ("links: { default: { loss: 101 % } }\n", "out of range", (6, 27)),
        ("links: { eu: {} }\n", "unknown key `eu`", (6, 10)),
        ("links: { default: { kind: ble } }\n", "`kind` is not in this version", (6, 21)),
        ("links: { default: { latency: { median: 1 s } } }\n", "`median` needs `p99`", (6, 32)),
        ("links: { default: { latency: { min: 1 s, p99: 2 s } } }\n", "exclude each other", (6, 42)),
        ("links: { default: { latency: 40 } }\n", "`40` has no unit", (6, 30)),
        ("consensus: { timeouts: { growth: 0.9 } }\n", "out of range", (6, 34)),
        ("consensus: { timeouts: { growth: .nan } }\n", "out of range", (6, 34)),
        ("consensus: { timeouts: { propose: 61 s } }\n", "out of range", (6, 35)),
        ("faults: [{ inject: heal }]\n", "expected one of `at`, `every`", (6, 10)),
        ("faults: [{ at: 1 s }]\n", "missing key `inject`", (6, 10)),
        ("faults: [{ at: 1 s, every: 1 s, inject: heal }]\n", "`at` and `every` exclude", (6, 21)),
        ("faults: [{ at: 1 s, inject: { heal: {}, clog: {} } }]\n", "exclude each other", (6, 41)),
        ("faults: [{ at: 1 s, inject: twins }]\n", "`twins` is not in this version", (6, 29)),
        ("faults: [{ at: 1 s, inject: latency }]\n", "`latency` needs parameters", (6, 29)),
        ("faults: [{ at: 1 s, inject: craash }]\n", "unknown word `craash`", (6, 29)),
        ("faults: [{ at: 1 s, inject: { craash: {} } }]\n", "unknown key `craash`", (6, 31)),
        ("faults: [{ at: 1 s, on: { role: relay }, inject: clog }]\n", "`role` is not in this", (6, 27)),
        ("faults: [{ at: 1 s, on: [], inject: clog }]\n", "the list has 0 entries", (6, 25)),
        ("faults: [{ at: 1 s, on: [1, 1], inject: clog }]\n", "`1` is listed twice", (6, 29)),
        ("faults: [{ id: 7, at: 1 s, inject: heal }]\n", "expected an id", (6, 16)),
        ("expect: { always: [agrement] }\n", "found `agrement`", (6, 20)),
        ("workload: { games: { poker: 1 % } }\n", "`poker` is not in this version", (6, 22)),
        ("validators: { count: 1025 }\n", "out of range", (5, 22)),
        ("validators: { stake: equal }\n", "missing key `count`", (5, 13)),
    ] {
        let all = bad(lines);
        let first = all.iter().find(|one| one.message.contains(message));
        let found = first.unwrap_or_else(|| panic!("{lines} gave\n{}", render(&all)));
        assert_eq!((found.line, found.column), place, "{found}");
    }
}

#[test]
fn a_near_miss_is_told_what_was_meant() {
    for (lines, meant) in [
        ("consensus: { timeouts: { propse: 1 s } }\n", "propose"),
        ("faults: [{ at: 1 s, on: nextleader, inject: clog }]\n", "next_leader"),
        ("expect: { sometimes: [view-change] }\n", "view_change"),
        ("links: { default: { bandwidth: 20 mbit/s } }\n", "Mbit/s"),
        ("Duration: 5 s\n", "duration"),
    ] {
        let text = render(&bad(lines));
        assert!(text.contains(&format!("did you mean `{meant}`?")), "{text}");
    }
}

#[test]
fn a_blank_claim_and_a_file_without_anything_are_mistakes() {
    let all = parse("t.yaml", "").unwrap_err();
    assert_eq!(all.len(), 5, "{}", render(&all));
    assert!(parse("t.yaml", &with("").replace("it works", "' '")).is_err());
    assert!(parse("t.yaml", "[]").is_err());
    assert!(parse("t.yaml", "7").is_err());
}

#[test]
fn a_file_full_of_mistakes_is_answered_with_a_bounded_list() {
    let lines: String = (0..1_900).map(|n| format!("k{n}: 1\n")).collect();
    assert_eq!(bad(&lines).len(), 100);
}

#[test]
fn a_file_beyond_the_limits_is_refused_quickly() {
    for lines in [
        (0..20_000).map(|n| format!("k{n}: 1\n")).collect(),
        format!("links: {{ {} }}\n", (0..20_000).map(|n| format!("a{n}-b: {{}}, ")).collect::<String>()),
        format!("faults: [{}]\n", "{ after: x, inject: clog }, ".repeat(20_000)),
        format!("faults: [{{ at: 1 s, on: [{}], inject: clog }}]\n", "9, ".repeat(90_000)),
    ] {
        let text = render(&bad(&lines));
        assert!(text.contains("expected"), "{text}");
    }
}

#[test]
fn a_diagnostic_of_a_long_line_shows_the_part_around_the_place() {
    let lines = format!(
        "x-a: {{ {} }}\nlinks: {{ {}default: {{ loss: 5 }} }}\n",
        "b: 1, ".repeat(10),
        " ".repeat(300)
    );
    let text = render(&bad(&lines));
    assert!(text.lines().all(|line| line.chars().count() < 200), "{text}");
    assert!(text.contains("loss: 5"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = parse("t.yaml", &text);
    }

    #[test]
    fn no_mutation_of_a_scenario_makes_the_parser_panic(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<char>()), 1..6),
        ten in any::<bool>(),
    ) {
        let original = if ten { include_str!("ten_mistakes.yaml") } else { include_str!("example.yaml") };
        let mut text: Vec<char> = original.chars().collect();
        for (from, to, insert) in cuts {
            let (from, to) = (from.index(text.len()), to.index(text.len()));
            match from % 3 {
                0 => text[from] = insert,
                1 => drop(text.drain(from.min(to)..from.min(to) + (from.max(to) - from.min(to)).min(20))),
                _ => {
                    let piece: Vec<char> = text[from.min(to)..].iter().take(30).copied().collect();
                    text.splice(from..from, piece);
                }
            }
            if text.is_empty() {
                text.push(insert);
            }
        }
        let text: String = text.into_iter().collect();
        match parse("t.yaml", &text) {
            Ok(parsed) => {
                let again = parse("r.yaml", &resolved(&parsed.scenario)).map(|parsed| parsed.scenario);
                prop_assert_eq!(again, Ok(parsed.scenario));
            }
            Err(all) => {
                prop_assert!(all.iter().any(|one| one.severity == Severity::Error));
                let _ = render(&all);
            }
        }
    }
}
