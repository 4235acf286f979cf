//! A campaign as a design: the axes along which its runs differ, and the points that were tried, with what came of
//! the runs of each.
//!
//! Rows are put into one order first, so that the order in which they were made changes nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::measure::{MEASURES, failed};
use crate::quantity::{self, Dimension};
use crate::statistics::{Estimate, median_estimate};
use crate::{Row, Verdict};

/// What stands for a key that a run's sweep did not have.
const ABSENT: &str = "–";

/// A campaign's runs, sorted into points.
pub(crate) struct Design<'a> {
    /// All runs; those of a point are beside each other.
    pub(crate) rows: Vec<&'a Row>,
    /// What differs between runs: scenario, world, engine, nodes, then the swept keys.
    pub(crate) axes: Vec<Axis>,
    /// What was swept and is the same as one of the axes, value by value.
    pub(crate) aliases: Vec<String>,
    pub(crate) points: Vec<Point>,
}

/// One of the things that differ between runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    /// `scenario`, `world`, `engine`, `nodes`, or the swept key.
    pub(crate) key: String,
    /// Whether it is a key of the sweep.
    pub(crate) swept: bool,
    /// Its values as they were written, in order.
    pub(crate) values: Vec<String>,
    /// The values in their base unit, if all are numbers of the same kind.
    pub(crate) numbers: Option<(Vec<f64>, Dimension)>,
}

/// All runs with the same value on every axis.
pub(crate) struct Point {
    /// The value on each axis, as a place in its list.
    pub(crate) at: Vec<u32>,
    /// Where its runs begin and end in the design's rows.
    pub(crate) runs: std::ops::Range<usize>,
    pub(crate) tally: Tally,
    /// The median over the runs of each measure.
    pub(crate) measured: [Option<Measured>; MEASURES.len()],
}

/// A median over runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Measured {
    pub(crate) estimate: Estimate,
    /// How many runs have the measure.
    pub(crate) runs: u64,
}

/// How many runs ended how. Each run counts once; one that diverged counts as that, whatever its verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) violated: u64,
    pub(crate) inconclusive: u64,
    pub(crate) diverged: u64,
}

impl Tally {
    pub(crate) fn of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Tally {
        let mut tally = Tally::default();
        for row in rows {
            *match (row.diverged, row.verdict) {
                (true, _) => &mut tally.diverged,
                (false, Verdict::Pass) => &mut tally.passed,
                (false, Verdict::Violated) => &mut tally.violated,
                (false, Verdict::Inconclusive) => &mut tally.inconclusive,
            } += 1;
        }
        tally
    }

    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.violated += other.violated;
        self.inconclusive += other.inconclusive;
        self.diverged += other.diverged;
    }

    pub(crate) fn runs(self) -> u64 {
        self.passed + self.failed() + self.inconclusive
    }

    pub(crate) fn failed(self) -> u64 {
        self.violated + self.diverged
    }
}

impl<'a> Design<'a> {
    pub(crate) fn new(given: &'a [Row]) -> Design<'a> {
        let (axes, aliases) = axes(given);
        let mut placed: Vec<(Vec<u32>, &Row)> = given
            .iter()
            .map(|row| (axes.iter().map(|axis| axis.place(&axis.value_of(row))).collect(), row))
            .collect();
        // The last part only matters for rows of the same seed at the same point; it makes the order total.
        placed.sort_by(|(a_at, a), (b_at, b)| {
            let by_run = a_at.cmp(b_at).then(a.seed.cmp(&b.seed)).then_with(|| a.run.cmp(&b.run));
            by_run.then_with(|| format!("{a:?}").cmp(&format!("{b:?}")))
        });
        let mut points = Vec::new();
        let mut begin = 0;
        for together in placed.chunk_by(|a, b| a.0 == b.0) {
            let runs = begin..begin + together.len();
            begin = runs.end;
            points.push(Point::new(together[0].0.clone(), runs, together));
        }
        let rows = placed.into_iter().map(|(_, row)| row).collect();
        Design { rows, axes, aliases, points }
    }

    /// The rows of a point.
    pub(crate) fn runs_of(&self, point: &Point) -> &[&'a Row] {
        &self.rows[point.runs.clone()]
    }

    /// The place of an axis.
    pub(crate) fn axis(&self, key: &str) -> Option<usize> {
        self.axes.iter().position(|axis| axis.key == key)
    }

    /// The names of the axes in a line: `engine · loss`.
    pub(crate) fn heading(&self) -> String {
        self.axes.iter().map(|axis| axis.key.as_str()).collect::<Vec<_>>().join(" · ")
    }

    /// A point's values under that heading: `tendermint · 1 %`.
    pub(crate) fn label(&self, point: &Point) -> String {
        let values = self.axes.iter().zip(&point.at).map(|(axis, at)| axis.values[*at as usize].as_str());
        values.collect::<Vec<_>>().join(" · ")
    }
}

impl Axis {
    fn new(key: &str, swept: bool, mut values: Vec<String>) -> Axis {
        values.sort_by(|a, b| quantity::order(a, b));
        let numbers = quantity::numbers(&values);
        Axis { key: key.to_owned(), swept, values, numbers }
    }

    /// A run's value, as it was written.
    pub(crate) fn value_of<'r>(&self, row: &'r Row) -> Cow<'r, str> {
        value_of(row, &self.key, self.swept)
    }

    fn place(&self, value: &str) -> u32 {
        let at = self.values.binary_search_by(|other| quantity::order(other, value));
        u32::try_from(at.expect("an axis has the value of each row")).unwrap_or(u32::MAX)
    }
}

impl Point {
    fn new(at: Vec<u32>, runs: std::ops::Range<usize>, placed: &[(Vec<u32>, &Row)]) -> Point {
        let measured = std::array::from_fn(|measure| {
            let samples: Vec<f64> =
                placed.iter().filter_map(|(_, row)| (MEASURES[measure].of)(row)).collect();
            let runs = samples.len() as u64;
            median_estimate(samples).map(|estimate| Measured { estimate, runs })
        });
        Point { at, runs, tally: Tally::of(placed.iter().map(|(_, row)| *row)), measured }
    }

    /// Whether one of its runs failed; see [`failed`].
    pub(crate) fn any_failed(&self) -> bool {
        self.tally.failed() > 0
    }
}

/// What a row has under a key; `swept` tells a key of the sweep from a field of the same name.
fn value_of<'r>(row: &'r Row, key: &str, swept: bool) -> Cow<'r, str> {
    match (swept, key) {
        (false, "scenario") => Cow::Borrowed(&row.scenario),
        (false, "world") => Cow::Borrowed(&row.world),
        (false, "engine") => Cow::Borrowed(&row.engine),
        (false, "nodes") => Cow::Owned(row.nodes.to_string()),
        _ => Cow::Borrowed(row.point.get(key).map_or(ABSENT, String::as_str)),
    }
}

/// All that may differ: the keys, and whether they are of the sweep.
fn keys(rows: &[Row]) -> Vec<(&str, bool)> {
    let swept: BTreeSet<&str> = rows.iter().flat_map(|row| row.point.keys()).map(String::as_str).collect();
    let built_in = ["scenario", "world", "engine", "nodes"].map(|key| (key, false));
    built_in.into_iter().chain(swept.into_iter().map(|key| (key, true))).collect()
}

/// The keys with more than one value, save swept ones that go along with another: `validators.count` is what `nodes`
/// is. Those are told by name.
fn axes(rows: &[Row]) -> (Vec<Axis>, Vec<String>) {
    let mut axes: Vec<Axis> = Vec::new();
    let mut aliases = Vec::new();
    for (key, swept) in keys(rows) {
        let values: BTreeSet<Cow<'_, str>> = rows.iter().map(|row| value_of(row, key, swept)).collect();
        if values.len() < 2 {
            continue;
        }
        let axis = Axis::new(key, swept, values.into_iter().map(Cow::into_owned).collect());
        if swept && axes.iter().any(|other| go_together(rows, &axis, other)) {
            aliases.push(axis.key);
        } else {
            axes.push(axis);
        }
    }
    (axes, aliases)
}

/// Whether each value of the one always comes with the same value of the other, both ways.
fn go_together(rows: &[Row], a: &Axis, b: &Axis) -> bool {
    let (mut b_of, mut a_of) = (BTreeMap::new(), BTreeMap::new());
    a.values.len() == b.values.len()
        && rows.iter().all(|row| {
            let (a, b) = (a.value_of(row), b.value_of(row));
            *b_of.entry(a.clone()).or_insert_with(|| b.clone()) == b
                && *a_of.entry(b).or_insert(a.clone()) == a
        })
}

/// The failing runs of some rows.
pub(crate) fn failing<'r, 'a>(rows: &'r [&'a Row]) -> impl Iterator<Item = &'a Row> + 'r {
    rows.iter().copied().filter(|row| failed(row))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A run at a point.
    pub(crate) fn row(engine: &str, nodes: u16, point: &[(&str, &str)], seed: u64, p50_ms: u64) -> Row {
        Row {
            scenario: "s".into(),
            engine: engine.into(),
            nodes,
            seed,
            verdict: Verdict::Pass,
            point: point.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            commit_p50_ns: Some(p50_ms * 1_000_000),
            commit_p99_ns: Some(p50_ms * 3_000_000),
            simulated_ns: 10_000_000_000,
            height: 20,
            commands: 500,
            messages: u64::from(nodes).pow(2) * 20,
            ..Row::default()
        }
    }

    #[test]
    fn only_what_differs_is_an_axis_and_its_values_are_in_order_of_size() {
        let rows = [
            row("a", 4, &[("link.loss", "1 %"), ("validators.count", "4")], 1, 10),
            row("a", 10, &[("link.loss", "0.5 %"), ("validators.count", "10")], 1, 12),
            row("a", 10, &[("link.loss", "10 %"), ("validators.count", "10")], 1, 11),
        ];
        let design = Design::new(&rows);
        let keys: Vec<&str> = design.axes.iter().map(|axis| axis.key.as_str()).collect();
        assert_eq!(keys, ["nodes", "link.loss"]);
        assert_eq!(design.axes[1].values, ["0.5 %", "1 %", "10 %"]);
        assert_eq!(design.aliases, ["validators.count"]);
        assert_eq!(
            (design.heading(), design.label(&design.points[0])),
            ("nodes · link.loss".into(), "4 · 1 %".into())
        );
    }

    #[test]
    fn a_point_has_the_median_over_its_runs_and_how_they_ended() {
        let mut rows: Vec<Row> = (0..9).map(|seed| row("a", 4, &[], seed, 10 + seed)).collect();
        rows[3].verdict = Verdict::Violated;
        rows[4].diverged = true;
        rows[5].commit_p50_ns = None;
        let design = Design::new(&rows);
        assert_eq!(design.points.len(), 1);
        let point = &design.points[0];
        assert_eq!(point.tally, Tally { passed: 7, violated: 1, inconclusive: 0, diverged: 1 });
        let measured = point.measured[0].unwrap();
        assert_eq!((measured.estimate.value, measured.runs), (13.5e6, 8));
        assert!(point.measured[crate::measure::measure("settle_p50")].is_none());
    }

    #[test]
    fn the_order_of_the_rows_changes_nothing() {
        let mut rows: Vec<Row> = (0..20)
            .map(|at| row("a", 4 + at % 3, &[("x", ["1", "2"][usize::from(at % 2)])], u64::from(at / 6), 10))
            .collect();
        let there: Vec<Row> = Design::new(&rows).rows.into_iter().cloned().collect();
        rows.reverse();
        let back: Vec<Row> = Design::new(&rows).rows.into_iter().cloned().collect();
        assert_eq!(there, back);
    }

    #[test]
    fn a_key_that_a_run_does_not_have_is_a_value_too() {
        let rows = [row("a", 4, &[("x", "1")], 1, 10), row("a", 4, &[], 1, 10)];
        assert_eq!(Design::new(&rows).axes[0].values, [ABSENT, "1"]);
    }
}
