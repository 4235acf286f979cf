//! A comparison in words: for the terminal, and the pieces that the page shares.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Comparison, Finding, GroupComparison, MeasureComparison, Place, TestKind};
use crate::measure::{MEASURES, Unit};
use crate::statistics::Estimate;
use crate::text::{count, plural};

/// The most points that are listed.
const MOST_POINTS: usize = 40;
/// So few points are shown whole, whatever was found.
pub(super) const FEW_POINTS: usize = 3;
/// The most groups of points that are listed.
const MOST_GROUPS: usize = 25;

impl Comparison {
    /// The comparison as a table for the terminal: all points together, then each point where something changed.
    pub fn to_text(&self) -> String {
        let [a, b] = &self.names;
        let mut text = format!("A  {a}\nB  {b}\n{}\n", self.summary());
        self.notes.iter().for_each(|note| _ = writeln!(text, "{note}"));
        for (count, side) in [(self.only_a.len(), "A"), (self.only_b.len(), "B")] {
            if count > 0 {
                let _ = writeln!(text, "{} only in {side}", plural(count as u64, "point is", "points are"));
            }
        }
        for (at, group) in self.shown_groups().enumerate() {
            let _ = writeln!(
                text,
                "\n{} ({}, medians over them)",
                group.name,
                plural(group.points as u64, "point", "points")
            );
            table(&mut text, group.measures.iter().filter(|measure| at == 0 || is_finding(measure)));
        }
        let few = self.points.len() <= FEW_POINTS;
        let changed: Vec<_> =
            self.points.iter().filter(|point| few || point.measures.iter().any(is_finding)).collect();
        for point in changed.iter().take(MOST_POINTS) {
            let runs = if point.runs_a == point.runs_b {
                plural(point.runs_a as u64, "run each", "runs each")
            } else {
                format!("{} and {} runs", point.runs_a, point.runs_b)
            };
            let _ = writeln!(text, "\n{} ({runs})", point.place);
            table(&mut text, point.measures.iter().filter(|measure| few || is_finding(measure)));
        }
        if changed.len() > MOST_POINTS {
            let _ =
                writeln!(text, "\n{} further points changed; the JSON has all.", changed.len() - MOST_POINTS);
        }
        text
    }

    /// All points together, and the groups in which something changed.
    pub(super) fn shown_groups(&self) -> impl Iterator<Item = &GroupComparison> {
        let changed =
            |(at, group): &(usize, &GroupComparison)| *at == 0 || group.measures.iter().any(is_finding);
        self.groups.iter().enumerate().filter(changed).map(|(_, group)| group).take(MOST_GROUPS)
    }

    /// The verdict: what is a regression, and how many single measures went which way.
    pub(super) fn summary(&self) -> String {
        let of_points = || self.points.iter().flat_map(|point| &point.measures);
        let all = self.groups.iter().flat_map(|group| &group.measures).chain(of_points());
        let regressions: BTreeSet<&str> = all.filter(|judged| judged.regression).map(name).collect();
        let verdict = if self.regression {
            format!("REGRESSION: {}", regressions.into_iter().collect::<Vec<_>>().join("; "))
        } else {
            "No regression".to_owned()
        };
        let of =
            |finding: Finding| count(of_points().filter(|measure| measure.finding == finding).count() as u64);
        format!(
            "{verdict}. {} compared by {}; of their single measures {} are worse, {} better, {} changed, {} not significantly different, {} \
             identical.",
            plural(self.points.len() as u64, "point", "points"),
            plural(self.tests as u64, "test", "tests"),
            of(Finding::Worse),
            of(Finding::Better),
            of(Finding::Changed),
            of(Finding::Same),
            of(Finding::Identical)
        )
    }
}

/// Whether a measure did something that a reader should see.
pub(super) fn is_finding(measure: &MeasureComparison) -> bool {
    matches!(measure.finding, Finding::Worse | Finding::Better | Finding::Changed)
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.scenario)?;
        // What the sides differ in is no part of a place: an engine without a name, no nodes.
        if !self.engine.is_empty() {
            write!(f, ", {}", self.engine)?;
        }
        if self.nodes > 0 {
            write!(f, ", {} nodes", self.nodes)?;
        }
        // These two are the engine and the nodes.
        let mut others = self
            .point
            .iter()
            .filter(|(key, _)| !["consensus.engine", "validators.count"].contains(&key.as_str()));
        others.try_for_each(|(key, value)| write!(f, ", {key} {value}"))
    }
}

/// The cells of a line: measure, A, B, change, p value, finding.
pub(super) fn cells(judged: &MeasureComparison) -> [String; 6] {
    let measure = MEASURES.iter().find(|measure| measure.key == judged.measure);
    let unit = measure.map_or(Unit::Share, |measure| measure.unit);
    let show = |value: Option<f64>| value.map_or("none".to_owned(), |value| unit.show(value));
    let suffix = if unit == Unit::Share { " points" } else { " %" };
    let change = judged.change.map_or(String::new(), |change| signed_interval(change, suffix));
    let finding = match judged.finding {
        Finding::Worse => "worse",
        Finding::Better => "better",
        Finding::Changed => "changed",
        Finding::Same => "not significant",
        Finding::Identical => "identical",
        Finding::Unjudged => "not judged",
    };
    let mut finding = if judged.regression { format!("{finding}, REGRESSION") } else { finding.to_owned() };
    if judged.unchanged > 0 {
        let _ = write!(finding, " ({} unchanged)", count(judged.unchanged as u64));
    }
    [
        name(judged).to_owned(),
        show(judged.a),
        show(judged.b),
        change,
        judged.p_corrected.map_or(String::new(), p_value),
        finding,
    ]
}

/// What is measured, in words.
fn name(judged: &MeasureComparison) -> &'static str {
    let measure = MEASURES.iter().find(|measure| measure.key == judged.measure);
    measure.map_or("Runs that did not pass", |measure| measure.name)
}

/// What a test is called.
pub(super) fn test_name(test: TestKind) -> &'static str {
    match test {
        TestKind::MannWhitney => "Mann–Whitney",
        TestKind::SignedRank => "Wilcoxon signed-rank",
        TestKind::FisherExact => "Fisher, exact",
        TestKind::McNemarExact => "McNemar, exact",
    }
}

/// `+5.1 % (+4.8 to +5.4)`; an end that the runs can't tell is `?`.
fn signed_interval(change: Estimate, suffix: &str) -> String {
    let percent = |share: f64| match share {
        share if share.is_infinite() => "?".to_owned(),
        share if share > 0.0 => format!("+{}", Unit::Share.show(share).trim_end_matches(" %")),
        share => Unit::Share.show(share).trim_end_matches(" %").to_owned(),
    };
    // A ratio without a lower end is −100 %, which is no finding either.
    let lo = if change.lo <= -1.0 && suffix == " %" { "?".to_owned() } else { percent(change.lo) };
    format!("{}{suffix} ({lo} to {})", percent(change.value), percent(change.hi))
}

fn p_value(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

/// Lines in columns: names left, numbers right.
fn table<'m>(text: &mut String, measures: impl Iterator<Item = &'m MeasureComparison>) {
    let heading = ["", "A", "B", "change (95 %)", "p", "finding"].map(str::to_owned);
    let lines: Vec<[String; 6]> = [heading].into_iter().chain(measures.map(cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    for line in &lines {
        let mut row = String::from(" ");
        for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
            let gap = " ".repeat(width - cell.chars().count());
            let _ = if matches!(column, 0 | 5) {
                write!(row, " {cell}{gap} ")
            } else {
                write!(row, " {gap}{cell} ")
            };
        }
        let _ = writeln!(text, "{}", row.trim_end());
    }
}
