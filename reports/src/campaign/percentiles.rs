//! Commit latency by percentile: the histograms of many runs added up, one curve for each value of an axis.
//!
//! Commits of the same run are alike, so the interval is over runs, not over commits: runs are drawn again, with
//! all their commits (a cluster bootstrap: Davison and Hinkley, "Bootstrap Methods and their Application", 1997,
//! section 3.8). Many runs are dealt into blocks first, which are drawn as wholes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::chart::{self, Line, Look, Mark};
use super::design::Design;
use super::scale::Scale;
use crate::latency::counts_of_hex;
use crate::measure::Unit;
use crate::plot::SERIES;
use crate::statistics::{Estimate, central, resample};
use crate::text::{count, csv_field, plural};
use crate::thin::evenly;
use crate::{Figure, ReportError};

/// The most blocks that the runs of a curve are dealt into.
const BLOCKS: usize = 50;
/// Resamples behind each interval.
const RESAMPLES: usize = 400;
/// Points of a curve between 0 and 90 %, and for each further nine.
const STEPS: u32 = 16;

/// The curves of one axis.
pub(crate) struct Curves {
    /// The axis, or `None` if all runs are one curve.
    pub(crate) axis: Option<usize>,
    /// How many values of the axis have no curve.
    pub(crate) left_out: usize,
    pub(crate) curves: Vec<Curve>,
}

pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) runs: usize,
    pub(crate) commits: u64,
    /// Where on the axis of nines, and the latency in nanoseconds.
    pub(crate) points: Vec<(f64, Estimate)>,
}

/// Curves along each axis, the axis of the static figure first. Empty without commits. Errors: a row whose
/// histogram can't be read.
pub(crate) fn curves(design: &Design<'_>) -> Result<Vec<Curves>, ReportError> {
    let mut sets: Vec<Set> = match design.axes.len() {
        0 => vec![Set::new(None, &[0], 1)],
        _ => preferred(design).map(|axis| Set::of_axis(design, axis)).collect(),
    };
    for point in &design.points {
        for (at, row) in point.runs.clone().zip(design.runs_of(point)) {
            if row.commit_histogram.is_empty() {
                continue;
            }
            let counts = counts_of_hex(&row.commit_histogram).map_err(|reason| ReportError::Invalid {
                list: "rows",
                at,
                reason: format!("({}, seed {}): its commit histogram {reason}", row.scenario, row.seed),
            })?;
            sets.iter_mut().for_each(|set| set.add(&point.at, &counts));
        }
    }
    let name = |axis: Option<usize>, value: u32| match axis {
        Some(axis) => design.axes[axis].values[value as usize].clone(),
        None => "all runs".to_owned(),
    };
    let all = sets.into_iter().map(|set| Curves {
        axis: set.axis,
        left_out: set.left_out,
        curves: set
            .blocks
            .iter()
            .filter_map(|(value, blocks)| blocks.curve(name(set.axis, *value)))
            .collect(),
    });
    Ok(all.filter(|curves| !curves.curves.is_empty()).collect())
}

/// Engines are compared first, then what was swept, then the rest.
fn preferred(design: &Design<'_>) -> impl Iterator<Item = usize> {
    let rank = |at: &usize| {
        let axis = &design.axes[*at];
        (axis.key != "engine", !axis.swept, *at)
    };
    let mut order: Vec<usize> = (0..design.axes.len()).collect();
    order.sort_by_key(rank);
    order.into_iter()
}

/// Runs of a campaign by the values of one axis.
struct Set {
    axis: Option<usize>,
    left_out: usize,
    blocks: BTreeMap<u32, Blocks>,
}

impl Set {
    fn new(axis: Option<usize>, values: &[u32], of: usize) -> Set {
        let blocks = values.iter().map(|value| (*value, Blocks::default())).collect();
        Set { axis, left_out: of - values.len(), blocks }
    }

    fn of_axis(design: &Design<'_>, axis: usize) -> Set {
        let values = design.axes[axis].values.len();
        let shown: Vec<u32> = evenly(values, SERIES.len()).map(|at| at as u32).collect();
        Set::new(Some(axis), &shown, values)
    }

    fn add(&mut self, at: &[u32], counts: &[(u64, u64)]) {
        let value = self.axis.map_or(0, |axis| at[axis]);
        if let Some(blocks) = self.blocks.get_mut(&value) {
            blocks.add(counts);
        }
    }
}

/// The latencies of some runs, dealt into blocks: microseconds, and how often they were seen in each.
#[derive(Default)]
struct Blocks {
    runs: usize,
    seen: BTreeMap<u64, [u64; BLOCKS]>,
}

impl Blocks {
    fn add(&mut self, counts: &[(u64, u64)]) {
        let block = self.runs % BLOCKS;
        self.runs += 1;
        for (us, times) in counts {
            self.seen.entry(*us).or_insert([0; BLOCKS])[block] += times;
        }
    }

    fn curve(&self, name: String) -> Option<Curve> {
        let blocks = self.runs.min(BLOCKS);
        let mut below = [0; BLOCKS];
        let up_to = self.seen.iter().map(|(us, seen)| {
            below.iter_mut().zip(seen).for_each(|(below, times)| *below += times);
            (*us, below)
        });
        let up_to: Vec<(u64, [u64; BLOCKS])> = up_to.collect();
        let commits: u64 = up_to.last()?.1.iter().sum();
        let places = places(commits);
        let values = at_places(&up_to, &[1; BLOCKS], &places);
        let mut drawn: Vec<Vec<f64>> = vec![Vec::with_capacity(RESAMPLES); places.len()];
        resample(blocks, RESAMPLES, |chosen| {
            let mut weights = [0; BLOCKS];
            chosen.iter().for_each(|block| weights[*block] += 1);
            let values = at_places(&up_to, &weights, &places);
            drawn.iter_mut().zip(values).for_each(|(all, value)| all.push(value));
        });
        let estimates = values.into_iter().zip(&mut drawn).map(|(value, drawn)| {
            let (lo, hi) = central(drawn).unwrap_or((value, value));
            Estimate { value: value * 1e3, lo: lo.min(value) * 1e3, hi: hi.max(value) * 1e3 }
        });
        let points = places.iter().copied().zip(estimates).collect();
        Some(Curve { name, runs: self.runs, commits, points })
    }
}

/// Places on the axis of nines, as far as so many commits reach.
fn places(commits: u64) -> Vec<f64> {
    let reach = (commits.max(1) as f64).log10().max(1.0);
    let steps = (reach * f64::from(STEPS)).floor() as u32;
    (0..=steps).map(|step| f64::from(step) / f64::from(STEPS)).collect()
}

/// The values at places, from how often each block has values up to each, and how often each block was drawn.
fn at_places(up_to: &[(u64, [u64; BLOCKS])], weights: &[u64; BLOCKS], places: &[f64]) -> Vec<f64> {
    let count = |seen: &[u64; BLOCKS]| -> u64 {
        seen.iter().zip(weights).map(|(times, weight)| times * weight).sum()
    };
    let Some((most, all)) = up_to.last() else { return Vec::new() };
    let total = count(all) as f64;
    let value = |place: &f64| {
        let wanted = (((1.0 - 10_f64.powf(-place)) * total).ceil() as u64).max(1);
        let at = up_to.partition_point(|(_, seen)| count(seen) < wanted);
        up_to.get(at).map_or(*most, |(us, _)| *us) as f64
    };
    places.iter().map(value).collect()
}

/// The figure of the first set of curves; `None` without one.
pub(crate) fn figure(design: &Design<'_>, sets: &[Curves]) -> Result<Option<Figure>, ReportError> {
    let Some(set) = sets.first() else { return Ok(None) };
    let title = match set.axis {
        Some(axis) => format!("Commit latency by percentile, for each {}", design.axes[axis].key),
        None => "Commit latency by percentile".to_owned(),
    };
    let values: Vec<f64> = set
        .curves
        .iter()
        .flat_map(|curve| curve.points.iter().flat_map(|point| [point.1.lo, point.1.hi]))
        .collect();
    let reach = set.curves.iter().filter_map(|curve| curve.points.last()).map(|last| last.0);
    let x = Scale::percentiles(reach.fold(1.0, f64::max));
    let y = Scale::fitting("latency", Unit::Nanoseconds, &values);
    let lines: Vec<Line> = set.curves.iter().zip(SERIES).map(|(curve, ink)| line(curve, ink)).collect();
    let svg = chart::draw("cdf", &title, &x, &y, &lines)?;
    let samples: Vec<String> = set
        .curves
        .iter()
        .map(|curve| {
            let commits = plural(curve.commits, "commit", "commits");
            format!("{}: {commits} in {}", curve.name, plural(curve.runs as u64, "run", "runs"))
        })
        .collect();
    let left_out = match set.left_out {
        0 => String::new(),
        some => format!(" {} of the axis are not shown.", plural(some as u64, "value", "values")),
    };
    let caption = format!(
        "How long all but the slowest commits took: at 99 %, one in a hundred took longer. The HDR histograms of all \
         runs added up ({}). Bands: 95 % bootstrap intervals over runs, {} resamples.{left_out}",
        samples.join("; "),
        count(RESAMPLES as u64)
    );
    Ok(Some(Figure { name: "cdf".into(), title, caption, svg, csv: csv(design, sets) }))
}

fn line(curve: &Curve, ink: crate::plot::Ink) -> Line {
    let marks = curve.points.iter().map(|(place, latency)| Mark::at(*place, *latency)).collect();
    Line { name: crate::text::plain(&curve.name, 22), ink, marks, look: Look::Band }
}

fn csv(design: &Design<'_>, sets: &[Curves]) -> String {
    let mut csv = String::from("axis,value,runs,commits,percentile,latency_ns,lo_ns,hi_ns\n");
    for set in sets {
        let axis = set.axis.map_or("", |axis| &design.axes[axis].key);
        for curve in &set.curves {
            for (place, latency) in &curve.points {
                let percentile = 100.0 * (1.0 - 10_f64.powf(-place));
                let _ = writeln!(
                    csv,
                    "{},{},{},{},{percentile},{},{},{}",
                    csv_field(axis),
                    csv_field(&curve.name),
                    curve.runs,
                    curve.commits,
                    latency.value,
                    latency.lo,
                    latency.hi
                );
            }
        }
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Row;
    use crate::campaign::design::tests::row;
    use crate::latency::{of_ns, v2_hex};

    fn with_latencies(engine: &str, seed: u64, latencies_ms: impl Iterator<Item = u64>) -> Row {
        let histogram = of_ns(latencies_ms.map(|ms| ms * 1_000_000));
        Row { commit_histogram: v2_hex(&histogram), ..row(engine, 4, &[], seed, 10) }
    }

    #[test]
    fn a_curve_is_that_of_all_commits_of_its_runs() {
        let rows: Vec<Row> = (0..10)
            .flat_map(|seed| {
                let of = |engine, from: u64| {
                    with_latencies(engine, seed, (0..100).map(move |at| from + at * 10 + seed))
                };
                [of("a", 0), of("b", 5_000)]
            })
            .collect();
        let design = Design::new(&rows);
        let sets = curves(&design).unwrap();
        assert_eq!(sets.len(), 1);
        let [a, b] = sets[0].curves.as_slice() else { panic!("two engines") };
        assert_eq!((a.name.as_str(), a.runs, a.commits), ("a", 10, 1_000));
        let at = |curve: &Curve, place: f64| curve.points.iter().find(|point| point.0 == place).unwrap().1;
        let p90 = at(a, 1.0);
        assert!((p90.value / 1e6 - 900.0).abs() < 2.0, "{p90:?}");
        assert!(p90.lo <= p90.value && p90.value <= p90.hi && p90.hi - p90.lo < 20e6, "{p90:?}");
        assert!((at(b, 1.0).value / 1e6 - 5_900.0).abs() < 8.0);
        let figure = figure(&design, &sets).unwrap().unwrap();
        assert!(figure.caption.contains("a: 1,000 commits in 10 runs"), "{}", figure.caption);
    }

    #[test]
    fn runs_that_differ_make_the_band_wide() {
        let width = |spread: u64| {
            let rows: Vec<Row> =
                (0..12).map(|seed| with_latencies("a", seed, (0..50).map(|_| 100 + seed * spread))).collect();
            let sets = curves(&Design::new(&rows)).unwrap();
            let middle = sets[0].curves[0].points[5].1;
            (middle.value - middle.lo, middle.hi - middle.value)
        };
        assert_eq!(width(0), (0.0, 0.0));
        let (below, above) = width(10);
        assert!(below > 5e6 && above > 5e6, "{below} {above}");
    }

    #[test]
    fn a_histogram_that_cannot_be_read_is_named() {
        let broken = Row { commit_histogram: "1c84x".into(), ..row("a", 4, &[], 7, 10) };
        let error = curves(&Design::new(&[broken])).err().expect("it is refused").to_string();
        assert!(error.contains("seed 7") && error.contains("hexadecimal"), "{error}");
    }
}
