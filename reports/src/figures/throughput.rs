//! Throughput over time: blocks decided and commands settled per second, one panel each on a shared time axis.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use plotters::prelude::*;

use super::{Figure, provenance};
use crate::axis::{self, Axis};
use crate::bands::Bands;
use crate::plot::{self, Ink, RIGHT, SERIES, TITLE_ROW, X_AXIS};
use crate::text::{plural, span};
use crate::{ReportError, RunRecord};

/// Height of a plotting area, canvas pixels.
const PLOT: u32 = 260;
/// About as many bins as this.
const BINS: u64 = 60;

struct Rates {
    title: &'static str,
    ink: Ink,
    /// Things per bin.
    counts: Vec<u64>,
}

pub(super) fn figure(record: &RunRecord) -> Result<Option<Figure>, ReportError> {
    let duration_ns = record.manifest.duration_ns;
    if record.manifest.nodes == 0 || duration_ns == 0 {
        return Ok(None);
    }
    let bin_ns = bin_width(duration_ns);
    let decided = first_commits(record);
    let settled: Vec<u64> = record.commands.iter().map(|command| command.at_ns).collect();
    let blocks = bins(&decided, duration_ns, bin_ns);
    let commands = bins(&settled, duration_ns, bin_ns);
    let csv = csv(&blocks, &commands, duration_ns, bin_ns);
    let mut panels = vec![Rates { title: "blocks decided (1/s)", ink: SERIES[0], counts: blocks }];
    if !settled.is_empty() {
        panels.push(Rates { title: "commands settled (1/s)", ink: SERIES[2], counts: commands });
    }
    let (x, divisor) = axis::time_axis(duration_ns);
    let bands = Bands::new(&record.faults, duration_ns, RIGHT);
    let first = TITLE_ROW + bands.height() + 8;
    let pitch = TITLE_ROW + PLOT + X_AXIS;
    let height = first - TITLE_ROW + pitch * u32::try_from(panels.len()).unwrap_or(1);
    let title = "Throughput over time";
    let svg = plot::draw("throughput", title, height, |canvas| {
        for (at, rates) in (0..).zip(&panels) {
            let top = first + pitch * at;
            let bottom = top + PLOT + X_AXIS;
            let steps = staircase(&rates.counts, duration_ns, bin_ns, divisor);
            let most = steps.iter().map(|step| step.1).fold(0.0, f64::max);
            let y: Axis = axis::amount_axis(most, false, rates.title);
            let title_row = if at == 0 { TITLE_ROW - 8 } else { top - 16 };
            plot::y_title(canvas, title_row, rates.title)?;
            let mut panel = plot::panel(canvas, (top, bottom), RIGHT, &x, &y)?;
            bands.shade(&mut panel, x.hi, (y.lo, y.hi))?;
            if at == 0 {
                bands.strip(canvas, top, RIGHT)?;
            }
            let outline: Vec<(f64, f64)> =
                [(0.0, 0.0)].into_iter().chain(steps.iter().copied()).chain([(x.hi, 0.0)]).collect();
            panel.draw_series([Polygon::new(outline, rates.ink.color().mix(0.18))])?;
            panel.draw_series([PathElement::new(steps, rates.ink.color().stroke_width(3))])?;
        }
        Ok(())
    })?;
    let caption = format!(
        "Rates in bins of {}. A block counts when the first node makes it final (n = {}), a command when it is \
         settled at the node it was given to (n = {}).{}{}",
        span(bin_ns),
        plural(decided.len() as u64, "block", "blocks"),
        plural(settled.len() as u64, "command", "commands"),
        bands.caption(),
        provenance(record),
    );
    Ok(Some(Figure { name: "throughput".into(), title: title.into(), caption, svg, csv }))
}

/// When each height was first made final by an honest node, or by any if no honest one did.
fn first_commits(record: &RunRecord) -> Vec<u64> {
    let mut first: BTreeMap<u64, (bool, u64)> = BTreeMap::new();
    for commit in &record.commits {
        let byzantine = !record.honest[usize::from(commit.node)];
        let candidate = (byzantine, commit.at_ns);
        first.entry(commit.height).and_modify(|seen| *seen = candidate.min(*seen)).or_insert(candidate);
    }
    first.into_values().map(|(_, at_ns)| at_ns).collect()
}

/// The least round width (1, 2 or 5 times a power of ten nanoseconds) that gives at most [`BINS`] bins.
fn bin_width(duration_ns: u64) -> u64 {
    (0..19)
        .flat_map(|power| [1, 2, 5].map(|factor: u64| factor.saturating_mul(10_u64.pow(power))))
        .find(|width_ns| duration_ns.div_ceil(*width_ns) <= BINS)
        .unwrap_or(u64::MAX)
}

fn bins(times_ns: &[u64], duration_ns: u64, bin_ns: u64) -> Vec<u64> {
    let mut counts = vec![0; usize::try_from(duration_ns.div_ceil(bin_ns)).unwrap_or(1).max(1)];
    let last = counts.len() - 1;
    for at_ns in times_ns {
        counts[usize::try_from(at_ns / bin_ns).unwrap_or(last).min(last)] += 1;
    }
    counts
}

/// The end of a bin; the run's end cuts the last one short.
fn bin_end(bin: u64, duration_ns: u64, bin_ns: u64) -> u64 {
    (bin + 1).saturating_mul(bin_ns).min(duration_ns)
}

fn staircase(counts: &[u64], duration_ns: u64, bin_ns: u64, divisor: f64) -> Vec<(f64, f64)> {
    (0..)
        .zip(counts)
        .flat_map(|(bin, count)| {
            let (from_ns, to_ns) = (bin * bin_ns, bin_end(bin, duration_ns, bin_ns));
            let rate = *count as f64 / ((to_ns - from_ns).max(1) as f64 / 1e9);
            [(from_ns as f64 / divisor, rate), (to_ns as f64 / divisor, rate)]
        })
        .collect()
}

fn csv(blocks: &[u64], commands: &[u64], duration_ns: u64, bin_ns: u64) -> String {
    let mut csv = String::from("from_ns,to_ns,blocks,commands\n");
    for (bin, (blocks, commands)) in (0..).zip(blocks.iter().zip(commands)) {
        let _ = writeln!(csv, "{},{},{blocks},{commands}", bin * bin_ns, bin_end(bin, duration_ns, bin_ns));
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_in_one_bin_and_the_last_bin_ends_with_the_run() {
        for duration_ns in [1, 59, 60, 61, 1_000_000_007, 3_600_000_000_000] {
            let bin_ns = bin_width(duration_ns);
            let counts = bins(&[0, duration_ns / 2, duration_ns], duration_ns, bin_ns);
            assert_eq!(counts.iter().sum::<u64>(), 3);
            assert!(counts.len() as u64 <= BINS);
            assert_eq!(bin_end(counts.len() as u64 - 1, duration_ns, bin_ns), duration_ns);
        }
    }
}
