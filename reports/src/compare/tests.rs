use super::*;
use crate::statistics::near;
use crate::{Row, Verdict};

/// A run whose latency differs with its seed.
fn run(nodes: u16, seed: u64, factor: f64) -> Row {
    let p50 = (100e6 + (seed * 7919 % 101) as f64 * 1e5) * factor;
    Row {
        scenario: "s".into(),
        engine: "e".into(),
        nodes,
        seed,
        verdict: Verdict::Pass,
        commit_p50_ns: Some(p50 as u64),
        commit_p99_ns: Some(300_000_000 + seed * 1_000),
        commands: 500 + seed,
        height: 50,
        messages: 5_000 + seed,
        simulated_ns: 10_000_000_000,
        ..Row::default()
    }
}

fn runs(nodes: u16, seeds: std::ops::Range<u64>, factor: f64) -> Vec<Row> {
    seeds.map(|seed| run(nodes, seed, factor)).collect()
}

fn of<'c>(measures: &'c [MeasureComparison], key: &str) -> &'c MeasureComparison {
    measures.iter().find(|measure| measure.measure == key).expect("it is compared")
}

#[test]
fn a_campaign_is_identical_to_itself() {
    let rows = runs(4, 0..20, 1.0);
    let comparison = compare(&rows, &rows, &Rule::default());
    assert!(!comparison.regression);
    assert_eq!(comparison.tests, 0);
    assert!(comparison.points[0].measures.iter().all(|measure| measure.finding == Finding::Identical));
}

#[test]
fn the_same_seeds_are_pairs_and_a_slower_build_is_a_regression() {
    let comparison = compare(&runs(4, 0..20, 1.0), &runs(4, 0..20, 1.1), &Rule::default());
    let p50 = of(&comparison.points[0].measures, "commit_p50");
    assert!(comparison.points[0].paired);
    assert_eq!((p50.test, p50.finding, p50.regression), (Some(TestKind::SignedRank), Finding::Worse, true));
    near(p50.change.unwrap().value, 0.1, 1e-6);
    near(p50.p.unwrap(), 2.0 / 1_048_576.0, 1e-12);
    assert!(comparison.regression);
    // What did not change is identical, not merely the same.
    assert_eq!(of(&comparison.points[0].measures, "commit_p99").finding, Finding::Identical);
}

#[test]
fn other_seeds_are_independent_samples() {
    let comparison = compare(&runs(4, 0..25, 1.0), &runs(4, 100..120, 1.2), &Rule::default());
    let p50 = of(&comparison.points[0].measures, "commit_p50");
    assert!(!comparison.points[0].paired);
    assert_eq!((p50.test, p50.finding, p50.regression), (Some(TestKind::MannWhitney), Finding::Worse, true));
    let change = p50.change.unwrap();
    assert!(change.lo < 0.2 && 0.2 < change.hi && change.lo > 0.1, "{change:?}");
    let none = compare(&runs(4, 0..25, 1.0), &runs(4, 100..120, 1.0), &Rule::default());
    assert_eq!(of(&none.points[0].measures, "commit_p50").finding, Finding::Same);
    assert!(!none.regression);
}

#[test]
fn a_small_change_is_worse_but_no_regression_and_a_gain_is_better() {
    let slightly = compare(&runs(4, 0..20, 1.0), &runs(4, 0..20, 1.03), &Rule::default());
    let p50 = of(&slightly.points[0].measures, "commit_p50");
    assert_eq!((p50.finding, p50.regression), (Finding::Worse, false));
    let strict = Rule { worse_by: 0.02, ..Rule::default() };
    assert!(compare(&runs(4, 0..20, 1.0), &runs(4, 0..20, 1.03), &strict).regression);
    let faster = compare(&runs(4, 0..20, 1.0), &runs(4, 0..20, 0.8), &Rule::default());
    assert_eq!(of(&faster.points[0].measures, "commit_p50").finding, Finding::Better);
    assert!(!faster.regression);
}

#[test]
fn fewer_commands_are_worse_and_blocks_have_no_direction() {
    let a = runs(4, 0..20, 1.0);
    let b: Vec<Row> = a
        .iter()
        .map(|row| Row { commands: row.commands / 2, height: 80 + row.seed, ..row.clone() })
        .collect();
    let comparison = compare(&a, &b, &Rule::default());
    let measures = &comparison.points[0].measures;
    assert_eq!(of(measures, "commands_per_second").finding, Finding::Worse);
    assert_eq!(of(measures, "blocks_per_second").finding, Finding::Changed);
    assert!(!of(measures, "blocks_per_second").regression);
    assert_eq!(of(measures, "messages_per_block").finding, Finding::Better);
}

#[test]
fn a_failure_that_was_not_there_is_a_regression_unless_the_rule_wants_significance() {
    let a = runs(4, 0..20, 1.0);
    let mut b = a.clone();
    b[7].verdict = Verdict::Inconclusive;
    assert!(compare(&a, &b, &Rule::default()).regression, "what can't be judged any more has not passed");
    b[7].verdict = Verdict::Violated;
    let comparison = compare(&a, &b, &Rule::default());
    let failures = of(&comparison.points[0].measures, "failure_rate");
    assert_eq!((failures.test, failures.regression), (Some(TestKind::McNemarExact), true));
    assert_eq!(failures.p, Some(1.0));
    let lenient = Rule { any_new_failure: false, ..Rule::default() };
    assert!(!compare(&a, &b, &lenient).regression);
    b.iter_mut().for_each(|row| row.verdict = Verdict::Violated);
    assert!(compare(&a, &b, &lenient).regression);
    assert!(!compare(&b, &a, &Rule::default()).regression, "fewer failures are no regression");
}

#[test]
fn all_points_together_show_what_no_single_point_can() {
    let sizes: Vec<u16> = (4..34).collect();
    let all =
        |factor: f64| -> Vec<Row> { sizes.iter().flat_map(|nodes| runs(*nodes, 0..4, factor)).collect() };
    let comparison = compare(&all(1.0), &all(1.1), &Rule::default());
    let alone = comparison.points.iter().map(|point| of(&point.measures, "commit_p50").finding);
    assert!(alone.into_iter().all(|finding| finding == Finding::Same));
    let together = of(&comparison.groups[0].measures, "commit_p50");
    assert_eq!((together.finding, together.regression), (Finding::Worse, true));
    assert!(comparison.notes.iter().any(|note| note.contains("At 30 of 30 points there are too few runs")));
}

#[test]
fn a_change_to_one_engine_is_found_among_points_that_it_did_not_touch() {
    let side = |factor: f64| -> Vec<Row> {
        let of = |engine: &str, factor: f64| -> Vec<Row> {
            let rows = (4..24).flat_map(|nodes| runs(nodes, 0..4, factor + f64::from(nodes) / 1e4));
            rows.map(|row| Row { engine: engine.into(), ..row }).collect()
        };
        [of("touched", factor), of("untouched", 1.0), of("untouched too", 1.0)].concat()
    };
    let comparison = compare(&side(1.0), &side(1.2), &Rule::default());
    let all = of(&comparison.groups[0].measures, "commit_p50");
    assert_eq!((comparison.groups[0].points, all.unchanged, all.finding), (60, 40, Finding::Worse));
    near(all.change.unwrap().value, 0.2, 0.001);
    let found = comparison.groups.iter().filter(|group| of(&group.measures, "commit_p50").regression);
    assert_eq!(found.map(|group| group.name.as_str()).collect::<Vec<_>>(), ["all points", "engine touched"]);
}

#[test]
fn p_values_are_corrected_over_the_whole_comparison() {
    let a: Vec<Row> = [4, 7].into_iter().flat_map(|nodes| runs(nodes, 0..20, 1.0)).collect();
    let mut b: Vec<Row> =
        [(4, 1.1), (7, 1.0)].into_iter().flat_map(|(nodes, factor)| runs(nodes, 0..20, factor)).collect();
    b.iter_mut().filter(|row| row.nodes == 7 && row.seed % 2 == 0).for_each(|row| row.messages += 1);
    let comparison = compare(&a, &b, &Rule::default());
    assert_eq!(comparison.tests, 2);
    let p50 = of(&comparison.points[0].measures, "commit_p50");
    near(p50.p_corrected.unwrap(), 2.0 * p50.p.unwrap(), 1e-15);
}

#[test]
fn points_of_one_side_are_named_and_a_side_without_commits_is_not_judged() {
    let a: Vec<Row> = [4, 7].into_iter().flat_map(|nodes| runs(nodes, 0..8, 1.0)).collect();
    let mut b: Vec<Row> = [7, 10].into_iter().flat_map(|nodes| runs(nodes, 0..8, 1.0)).collect();
    b.iter_mut().for_each(|row| row.commit_p50_ns = None);
    let comparison = compare(&a, &b, &Rule::default());
    assert_eq!((comparison.only_a[0].nodes, comparison.only_b[0].nodes), (4, 10));
    assert_eq!(of(&comparison.points[0].measures, "commit_p50").finding, Finding::Unjudged);
}

#[test]
fn a_measure_that_was_zero_can_become_worse() {
    let a: Vec<Row> = runs(4, 0..20, 1.0);
    let b: Vec<Row> = a.iter().map(|row| Row { longest_stall_ns: 5_000 + row.seed, ..row.clone() }).collect();
    let comparison = compare(&a, &b, &Rule::default());
    let stall = of(&comparison.points[0].measures, "longest_stall");
    assert_eq!((stall.change, stall.finding, stall.regression), (None, Finding::Worse, true));
    near(stall.shift.unwrap().value, 5_009.5, 1e-6);
}

#[test]
fn the_order_of_the_rows_changes_nothing() {
    let (mut a, mut b) = (runs(4, 0..20, 1.0), runs(4, 5..25, 1.1));
    let there = compare(&a, &b, &Rule::default());
    a.reverse();
    b.rotate_left(7);
    assert_eq!(compare(&a, &b, &Rule::default()), there);
}

#[test]
fn the_text_the_json_and_the_page_say_the_same() {
    let comparison = compare(&runs(4, 0..20, 1.0), &runs(4, 0..20, 1.1), &Rule::default());
    insta::assert_snapshot!(comparison.to_text());
    let json = serde_json::to_value(&comparison).unwrap();
    assert_eq!(json["regression"], true);
    assert_eq!(json["points"][0]["measures"][0]["finding"], "worse");
    assert_eq!(json["points"][0]["measures"][0]["test"], "signed-rank");
    let page = compare_html(&comparison);
    assert!(page.contains("✗ Regression") && page.contains("+10 % (+10 to +10)"), "{page}");
    assert!(!page.contains("<script"));
}
