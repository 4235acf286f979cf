//! Points of sweeps.

use super::*;

const BASE: &str = "version: 1\nname: t\nclaim: it works\nduration: 60 s\nvalidators: { count: 4 }\n\
    faults:\n  - { id: split, at: 1 s, on: 0, inject: pause, for: 1 s }\n";

fn labels(text: &str, overrides: &[(&str, &str)]) -> Vec<String> {
    let overrides: Vec<_> =
        overrides.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
    let swept = points("t.yaml", &format!("{BASE}{text}"), &overrides).unwrap_or_else(|all| {
        panic!("{}", all.iter().map(|one| format!("{one}\n")).collect::<String>());
    });
    let values =
        swept.points.iter().map(|point| point.values.iter().map(|(path, value)| format!("{path}={value}")));
    values.map(|values| values.collect::<Vec<_>>().join(" ")).collect()
}

fn mistakes(text: &str, overrides: &[(&str, &str)]) -> String {
    let overrides: Vec<_> =
        overrides.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
    let all = points("t.yaml", &format!("{BASE}{text}"), &overrides).expect_err("it was accepted");
    all.iter().map(|one| format!("{one}\n")).collect()
}

#[test]
fn a_point_takes_one_value_of_each_axis_and_its_scenario_has_them() {
    let sweep = "sweep: { validators.count: [4, 7], faults.split.for: [2 s, 3 s] }\n";
    let expected = [
        "faults.split.for=2 s validators.count=4",
        "faults.split.for=2 s validators.count=7",
        "faults.split.for=3 s validators.count=4",
        "faults.split.for=3 s validators.count=7",
    ];
    assert_eq!(labels(sweep, &[]), expected);
    let points = points("t.yaml", &format!("{BASE}{sweep}"), &[]).unwrap().points;
    let last = &points[3];
    assert_eq!(last.scenario.validators.count, 7);
    assert_eq!(last.scenario.faults[0].end.lasts.unwrap().to_string(), "3 s");
    assert!(last.scenario.sweep.is_empty(), "a point is no sweep");
    let same = parse_with("t.yaml", &format!("{BASE}{sweep}"), &last.set).unwrap().scenario;
    assert_eq!(
        Scenario { sweep: BTreeMap::new(), ..same },
        last.scenario,
        "`run` with its settings is the point"
    );
}

#[test]
fn without_an_axis_the_file_is_the_only_point() {
    assert_eq!(labels("", &[("validators.count", "7")]), [""]);
}

#[test]
fn the_command_line_adds_axes_and_replaces_those_of_the_file() {
    let sweep = "sweep: { validators.count: [4, 7] }\n";
    assert_eq!(labels(sweep, &[("validators.count", "10")]), ["validators.count=10"]);
    let two = labels("", &[("links.default.loss", "0 %, 5 %")]);
    assert_eq!(two, ["links.default.loss=0 %", "links.default.loss=5 %"]);
    // Commas inside brackets and quotes are part of a value.
    assert_eq!(labels("", &[("faults.split.on", "[0, 1],[2, 3]")]).len(), 2);
    assert_eq!(labels("", &[("claim", "'a, b'")]), [""]);
}

#[test]
fn values_may_be_lists_and_mappings_under_a_label() {
    let sweep = "sweep:\n  faults:\n    none: []\n    pause: [{ at: 2 s, on: 1, inject: pause, for: 1 s }]\n";
    assert_eq!(labels(sweep, &[]), ["faults=none", "faults=pause"]);
    let points = points("t.yaml", &format!("{BASE}{sweep}"), &[]).unwrap().points;
    assert_eq!((points[0].scenario.faults.len(), points[1].scenario.faults.len()), (0, 1));
}

#[test]
fn a_text_that_would_read_as_something_else_is_quoted() {
    let sweep = "sweep: { links.default: { plain: { loss: 1 % }, text: { latency: 1 ms } } }\n";
    let points = points("t.yaml", &format!("{BASE}{sweep}"), &[]).unwrap().points;
    assert_eq!(points[0].set, [("links.default".to_owned(), r#"{"loss":"1 %"}"#.to_owned())]);
    assert!(
        reads_as_itself("5 s") && !reads_as_itself("5") && !reads_as_itself("a, b") && !reads_as_itself("[a")
    );
}

#[test]
fn a_wrong_value_is_shown_where_the_file_says_it() {
    let text = mistakes("sweep: { validators.count: [4, many], links.default.loss: [1 %, 5] }\n", &[]);
    assert!(text.contains("t.yaml:8:32") && text.contains("expected a whole number"), "{text}");
    assert!(text.contains("t.yaml:8:65") && text.contains("unit"), "{text}");
    let text = mistakes("", &[("validators.count", "4,many")]);
    assert!(text.contains("--set") && text.contains("expected a whole number"), "{text}");
}

#[test]
fn what_makes_no_sense_in_a_sweep_is_refused() {
    for (path, word) in [("seeds", "--seeds A..B"), ("name", "is not for a sweep")] {
        let text = mistakes("", &[(path, "1,2")]);
        assert!(text.contains(word), "{text}");
    }
    let many: Vec<String> = (0..400).map(|n| format!("{n} ms")).collect();
    let many = many.join(",");
    let text = mistakes("", &[("links.default.latency", &many), ("faults.split.at", &many)]);
    assert!(text.contains("more than 100000 points"), "{text}");
}

#[test]
fn a_value_inside_of_a_swept_one_is_set_whatever_the_order() {
    let sweep = "sweep: { links.default: { near: { latency: 1 ms }, far: { latency: 80 ms } } }\n";
    let loss = [("links.default.loss".to_owned(), "5 %".to_owned())];
    for point in points("t.yaml", &format!("{BASE}{sweep}"), &loss).unwrap().points {
        assert_eq!(point.scenario.links.default.loss, crate::scenario::Percent::from_whole(5));
    }
}

#[test]
fn a_warning_is_given_once_for_all_points() {
    let text = format!("{BASE}gst: 500 ms\nsweep: {{ validators.count: [4, 7] }}\n");
    let warnings = points("t.yaml", &text, &[]).unwrap().warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].message.contains("GST heals it at once"));
}
