//! Two campaigns beside each other: what became better, what worse, and whether that is a regression.
//!
//! A is the baseline, B what is compared with it. Points that both have are compared measure by measure, and all of
//! them together. The lab is deterministic: where both sides ran the same seeds, runs are pairs. Every p value is
//! corrected for the number of tests in the whole comparison, so that a large sweep does not find what is not there.

mod judge;
mod page;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;

pub use page::compare_html;

use crate::measure::{MEASURES, measure};
use crate::statistics::{Estimate, holm};
use crate::{Row, Verdict};

/// What is compared, besides the share of failed runs: those that did not pass.
const COMPARED: [&str; 6] = [
    "commit_p50",
    "commit_p99",
    "commands_per_second",
    "blocks_per_second",
    "messages_per_block",
    "longest_stall",
];
/// The fewest points that are judged together.
const FEWEST_POINTS: usize = 6;

/// When a difference is a regression.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rule {
    /// A measure must be worse by more than this share of the baseline: 0.05 is 5 %.
    pub worse_by: f64,
    /// The largest p value, after correction, of a difference that counts.
    pub significance: f64,
    /// Whether any rise of the share of failed runs is a regression, however small and whatever its p value. With
    /// the same seeds on both sides a rise is no chance.
    pub any_new_failure: bool,
}

impl Default for Rule {
    /// Worse by more than 5 %, with significance 0.05; and any rise of the share of failed runs.
    fn default() -> Rule {
        Rule { worse_by: 0.05, significance: 0.05, any_new_failure: true }
    }
}

/// Two campaigns, compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// What the baseline and the other are called.
    pub names: [String; 2],
    /// The rule that was applied.
    pub rule: Rule,
    /// Whether something is a regression by the rule.
    pub regression: bool,
    /// How many tests the p values were corrected for.
    pub tests: usize,
    /// Points together: all of them first, then those of a scenario and of an engine. Empty with fewer than six points.
    pub groups: Vec<GroupComparison>,
    /// Each point that both have, in order.
    pub points: Vec<PointComparison>,
    /// Points of the baseline that the other does not have.
    pub only_a: Vec<Place>,
    /// The reverse.
    pub only_b: Vec<Place>,
    /// What the reader must know, one sentence each.
    pub notes: Vec<String>,
}

/// Where runs are the same but for their seed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The scenario's name.
    pub scenario: String,
    /// The consensus engine.
    pub engine: String,
    /// The number of nodes.
    pub nodes: u16,
    /// The swept keys and their values.
    pub point: BTreeMap<String, String>,
}

/// Several points together: each point's two medians are a pair.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupComparison {
    /// `all points`, or what they share: `engine tendermint`.
    pub name: String,
    /// How many there are.
    pub points: usize,
    /// Each measure.
    pub measures: Vec<MeasureComparison>,
}

/// A point that both sides have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PointComparison {
    /// Which one.
    pub place: Place,
    /// Runs of the baseline.
    pub runs_a: usize,
    /// Runs of the other.
    pub runs_b: usize,
    /// Whether both sides ran the same seeds, each once: then runs are pairs.
    pub paired: bool,
    /// Each measure.
    pub measures: Vec<MeasureComparison>,
}

/// One measure on both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeasureComparison {
    /// Its stable name: `commit_p50`, …, `failure_rate`.
    pub measure: &'static str,
    /// The baseline's median over runs (over points, of all points together); of failures their share. In `_ns`,
    /// per second, or a plain number, as the index has it.
    pub a: Option<f64>,
    /// The other's.
    pub b: Option<f64>,
    /// Pairs in which nothing changed; `change`, `shift` and `p` are of the others. Zero of independent samples.
    pub unchanged: usize,
    /// How much more the second has, as a share of the first: 0.05 is 5 % more. The Hodges–Lehmann estimate of the
    /// ratio, minus one, where all values are above zero; otherwise that of the difference, over the baseline's median;
    /// `None` if that is zero. Of failures the difference of the shares. Intervals without an end are `null` there in JSON.
    pub change: Option<Estimate>,
    /// The Hodges–Lehmann estimate of the difference, in the measure's unit; `None` of failures and of all points
    /// together.
    pub shift: Option<Estimate>,
    /// Cliff's delta: how much more often the second is larger than smaller, −1 to 1. `None` of failures.
    pub cliffs_delta: Option<f64>,
    /// The test; `None` if there was nothing to test.
    pub test: Option<TestKind>,
    /// Its p value.
    pub p: Option<f64>,
    /// The same, corrected for all tests of the comparison (Holm).
    pub p_corrected: Option<f64>,
    /// What came of it.
    pub finding: Finding,
    /// Whether the rule calls it a regression.
    pub regression: bool,
}

/// How two samples were tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestKind {
    /// Independent samples.
    MannWhitney,
    /// Pairs.
    SignedRank,
    /// Shares of independent samples.
    FisherExact,
    /// Shares of pairs.
    McNemarExact,
}

/// What a comparison of a measure found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// A significant difference in the wrong direction; or more failures.
    Worse,
    /// A significant difference in the right direction.
    Better,
    /// A significant difference of a measure that has no direction.
    Changed,
    /// No significant difference: perhaps none, perhaps too few runs to tell.
    Same,
    /// The same values, each one.
    Identical,
    /// A side has no value.
    Unjudged,
}

/// Compares two campaigns by their rows, in any order.
pub fn compare(a: &[Row], b: &[Row], rule: &Rule) -> Comparison {
    let (mut a, mut b) = (by_place(a), by_place(b));
    let both: Vec<Place> = a.keys().filter(|place| b.contains_key(*place)).cloned().collect();
    let sides = both.iter().filter_map(|place| Some(Sides::new(a.remove(place)?, b.remove(place)?)));
    let sides: Vec<Sides<'_>> = sides.collect();
    let mut points: Vec<PointComparison> =
        both.into_iter().zip(&sides).map(|(place, sides)| point(place, sides)).collect();
    let mut groups: Vec<GroupComparison> =
        members(&points).into_iter().map(|(name, members)| group(name, &members, &points, &sides)).collect();
    let of_groups = groups.iter_mut().flat_map(|group| &mut group.measures);
    let of_points = points.iter_mut().flat_map(|point| &mut point.measures);
    let mut judged: Vec<&mut MeasureComparison> = of_groups.chain(of_points).collect();
    let p_values: Vec<f64> = judged.iter().filter_map(|measure| measure.p).collect();
    let tests = p_values.len();
    let mut corrected = holm(&p_values).into_iter();
    for measure in &mut judged {
        measure.p_corrected = measure.p.and_then(|_| corrected.next());
        judge::conclude(measure, rule);
    }
    let regression = judged.iter().any(|measure| measure.regression);
    let (only_a, only_b) = (a.into_keys().collect(), b.into_keys().collect());
    let notes = notes(&points, tests, rule);
    let names = ["A".to_owned(), "B".to_owned()];
    Comparison { names, rule: *rule, regression, tests, groups, points, only_a, only_b, notes }
}

fn point(place: Place, sides: &Sides<'_>) -> PointComparison {
    let measured = COMPARED.iter().map(|key| judge::measure(sides, &MEASURES[measure(key)]));
    PointComparison {
        place,
        runs_a: sides.a.len(),
        runs_b: sides.b.len(),
        paired: sides.paired,
        measures: measured.chain([judge::failures([sides])]).collect(),
    }
}

fn group(
    name: String,
    members: &[usize],
    points: &[PointComparison],
    sides: &[Sides<'_>],
) -> GroupComparison {
    let measured = COMPARED.iter().enumerate().map(|(at, key)| {
        let of_points = members.iter().map(|member| &points[*member].measures[at]);
        let medians: Vec<(f64, f64)> = of_points.filter_map(|measure| measure.a.zip(measure.b)).collect();
        judge::medians(&MEASURES[measure(key)], &medians)
    });
    let failures = judge::failures(members.iter().map(|member| &sides[*member]));
    GroupComparison { name, points: members.len(), measures: measured.chain([failures]).collect() }
}

fn by_place(rows: &[Row]) -> BTreeMap<Place, Vec<&Row>> {
    let mut places: BTreeMap<Place, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let place = Place {
            scenario: row.scenario.clone(),
            engine: row.engine.clone(),
            nodes: row.nodes,
            point: row.point.clone(),
        };
        places.entry(place).or_default().push(row);
    }
    places
}

/// The groups of enough points: all, then by scenario and by engine. The same points are one group.
fn members(points: &[PointComparison]) -> Vec<(String, Vec<usize>)> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, point) in points.iter().enumerate() {
        groups.entry(format!("scenario {}", point.place.scenario)).or_default().push(at);
        groups.entry(format!("engine {}", point.place.engine)).or_default().push(at);
    }
    let mut seen = std::collections::BTreeSet::new();
    let all = ("all points".to_owned(), (0..points.len()).collect::<Vec<usize>>());
    let mut named: Vec<(String, Vec<usize>)> = [all].into_iter().chain(groups).collect();
    named.retain(|(_, members)| members.len() >= FEWEST_POINTS && seen.insert(members.clone()));
    named
}

/// The runs of one point on both sides, by seed.
struct Sides<'a> {
    a: Vec<&'a Row>,
    b: Vec<&'a Row>,
    paired: bool,
}

impl<'a> Sides<'a> {
    fn new(mut a: Vec<&'a Row>, mut b: Vec<&'a Row>) -> Sides<'a> {
        let order = |row: &&Row| (row.seed, row.run.clone());
        a.sort_by_key(order);
        b.sort_by_key(order);
        let once = |rows: &[&Row]| rows.windows(2).all(|pair| pair[0].seed != pair[1].seed);
        let same = a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.seed == b.seed);
        let paired = same && once(&a);
        Sides { a, b, paired }
    }

    /// Failed runs and all runs of each side.
    fn failures(&self) -> [(u64, u64); 2] {
        [&self.a, &self.b]
            .map(|rows| (rows.iter().filter(|row| failed(row)).count() as u64, rows.len() as u64))
    }

    /// Pairs that failed on the second side only, and on the first only.
    fn changed_failures(&self) -> (u64, u64) {
        let pairs = || self.a.iter().zip(&self.b).map(|(a, b)| (failed(a), failed(b)));
        let count = |wanted: (bool, bool)| pairs().filter(|pair| *pair == wanted).count() as u64;
        (count((false, true)), count((true, false)))
    }
}

/// Whether a run did not pass: one that could not be judged is no better than the one before it that was.
fn failed(row: &Row) -> bool {
    row.diverged || row.verdict != Verdict::Pass
}

fn notes(points: &[PointComparison], tests: usize, rule: &Rule) -> Vec<String> {
    let mut notes = Vec::new();
    let paired = points.iter().filter(|point| point.paired).count();
    match (paired, points.len()) {
        (_, 0) => notes.push("No point is on both sides.".to_owned()),
        (all, of) if all == of => {
            notes.push("Both sides ran the same seeds: runs are compared as pairs.".to_owned())
        }
        (0, _) => {
            notes.push("The sides ran different seeds: runs are compared as independent samples.".to_owned())
        }
        (some, of) => notes.push(format!("The same seeds at {some} of {of} points: runs are pairs there.")),
    }
    let blind =
        points.iter().filter(|point| judge::least_p(point) * tests as f64 > rule.significance).count();
    if blind > 0 && tests > 0 {
        notes.push(format!(
            "At {blind} of {} points there are too few runs for any single difference to stand out among {tests} tests; \
             more seeds, or all points together, can show it.",
            points.len()
        ));
    }
    notes
}

#[cfg(test)]
mod tests;
