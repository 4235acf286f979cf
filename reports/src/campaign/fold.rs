//! What several points come to when some axes are folded away.
//!
//! A fold weighs each point the same: the mean of the points' medians. A median over all their runs would jump from
//! one point's values to another's. The page's script folds by the same rules (`cells.js`).

use super::design::{Point, Tally};
use crate::measure::{MEASURES, Unit};
use crate::statistics::{Estimate, mean_of_estimates, wilson};

/// With fewer runs an interval over them says little, and what shows it is marked.
pub(crate) const FEW_RUNS: u64 = 5;

/// What is folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// One of [`MEASURES`].
    Measure(usize),
    /// The share of the runs that failed.
    Failures,
}

/// Some points as one number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    /// `None` if no run has the measure.
    pub(crate) estimate: Option<Estimate>,
    /// How many points have it.
    pub(crate) points: u64,
    /// How many runs have it.
    pub(crate) runs: u64,
    /// All runs.
    pub(crate) tally: Tally,
}

impl Quantity {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Quantity::Measure(at) => MEASURES[at].key,
            Quantity::Failures => "failure_rate",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Quantity::Measure(at) => MEASURES[at].name,
            Quantity::Failures => "Failed runs",
        }
    }

    pub(crate) fn unit(self) -> Unit {
        match self {
            Quantity::Measure(at) => MEASURES[at].unit,
            Quantity::Failures => Unit::Share,
        }
    }

    /// All that there are.
    pub(crate) fn all() -> impl Iterator<Item = Quantity> {
        (0..MEASURES.len()).map(Quantity::Measure).chain([Quantity::Failures])
    }

    /// Whether some point has it, other than as a zero everywhere.
    pub(crate) fn is_seen(self, points: &[Point]) -> bool {
        points.iter().any(|point| fold([point], self).estimate.is_some_and(|estimate| estimate.hi > 0.0))
    }
}

/// Folds points. The interval takes them as independent (see [`mean_of_estimates`]); that of a share is Wilson's,
/// of all runs together.
pub(crate) fn fold<'p>(points: impl IntoIterator<Item = &'p Point>, quantity: Quantity) -> Cell {
    let mut cell = Cell::default();
    let mut estimates = Vec::new();
    for point in points {
        cell.tally.add(point.tally);
        match quantity {
            Quantity::Failures => {
                cell.points += 1;
                cell.runs += point.tally.runs();
            }
            Quantity::Measure(at) => {
                let Some(measured) = point.measured[at] else { continue };
                cell.points += 1;
                cell.runs += measured.runs;
                estimates.push(measured.estimate);
            }
        }
    }
    cell.estimate = match quantity {
        Quantity::Failures => wilson(cell.tally.failed(), cell.tally.runs()),
        Quantity::Measure(_) => mean_of_estimates(&estimates),
    };
    cell
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::design::{Design, tests::row};
    use crate::{Row, Verdict};

    #[test]
    fn each_point_weighs_the_same_however_many_runs_it_has() {
        let many = (0..30).map(|seed| row("a", 4, &[("x", "1")], seed, 10));
        let few = (0..3).map(|seed| row("a", 4, &[("x", "2")], seed, 40));
        let rows: Vec<Row> = many.chain(few).collect();
        let design = Design::new(&rows);
        let cell = fold(&design.points, Quantity::Measure(0));
        assert_eq!((cell.estimate.unwrap().value, cell.points, cell.runs), (25e6, 2, 33));
    }

    #[test]
    fn failures_are_counted_over_all_runs() {
        let mut rows: Vec<Row> = (0..20).map(|seed| row("a", 4, &[], seed, 10)).collect();
        rows[0].verdict = Verdict::Violated;
        let design = Design::new(&rows);
        let cell = fold(&design.points, Quantity::Failures);
        assert_eq!(cell.estimate, wilson(1, 20));
        assert!(Quantity::Failures.is_seen(&design.points));
    }

    #[test]
    fn what_no_run_has_is_not_seen() {
        let rows: Vec<Row> = (0..3).map(|seed| row("a", 4, &[], seed, 10)).collect();
        let design = Design::new(&rows);
        let seen: Vec<&str> =
            Quantity::all().filter(|quantity| quantity.is_seen(&design.points)).map(Quantity::key).collect();
        assert_eq!(
            seen,
            [
                "commit_p50",
                "commit_p99",
                "commands_per_second",
                "blocks_per_second",
                "messages_per_block",
                "failure_rate"
            ]
        );
    }
}
