//! Commit latency over time: a point per commit, the median of each time slice as a line, faults shaded.

use std::fmt::Write as _;

use plotters::prelude::*;

use super::{Figure, median_ns, provenance};
use crate::axis::{self, LatencyAxis};
use crate::bands::Bands;
use crate::plot::{self, RIGHT, SERIES, STRONG, TITLE_ROW, X_AXIS};
use crate::text::{count, plural, span};
use crate::{ReportError, RunRecord, thin};

/// Slices of the run that have a median of their own.
const SLICES: usize = 60;
/// Columns of the plot for thinning, and the most points in each.
const COLUMNS: usize = 780;
const PER_COLUMN: usize = 5;
/// Height of the plotting area, canvas pixels.
const PLOT: u32 = 480;

pub(super) fn figure(record: &RunRecord) -> Result<Option<Figure>, ReportError> {
    let latencies_ns: Vec<u64> = record.commits.iter().map(|commit| commit.latency_ns).collect();
    let (Some(least), Some(most)) = (latencies_ns.iter().min(), latencies_ns.iter().max()) else {
        return Ok(None);
    };
    let us = |ns: u64| ns as f64 / 1e3;
    let median = median_ns(latencies_ns.clone()).unwrap_or(0);
    let y = LatencyAxis::new("commit latency", us(*least), us(median), us(*most));
    let (x, divisor) = axis::time_axis(record.manifest.duration_ns);
    let points: Vec<(f64, f64)> = record
        .commits
        .iter()
        .map(|commit| (commit.at_ns as f64 / divisor, y.place(us(commit.latency_ns))))
        .collect();
    let total = points.len();
    let points = thin::scatter(points, (x.lo, x.hi), COLUMNS, PER_COLUMN);
    let opacity = if points.len() > 1_000 { 0.35 } else { 0.6 };
    let medians = slice_medians(record);
    let bands = Bands::new(&record.faults, record.manifest.duration_ns, RIGHT);
    let top = TITLE_ROW + bands.height() + 8;
    let bottom = top + PLOT + X_AXIS;
    let title = "Commit latency over time";
    let svg = plot::draw("latency", title, bottom, |canvas| {
        plot::y_title(canvas, TITLE_ROW - 8, &y.axis.title)?;
        let mut panel = plot::panel(canvas, (top, bottom), RIGHT, &x, &y.axis)?;
        bands.shade(&mut panel, x.hi, (y.axis.lo, y.axis.hi))?;
        bands.strip(canvas, top, RIGHT)?;
        let ink = SERIES[0].color().mix(opacity).filled();
        panel.draw_series(points.iter().map(|point| Circle::new(*point, 4, ink)))?;
        for run in &medians {
            let placed: Vec<(f64, f64)> =
                run.iter().map(|(at_ns, ns)| (at_ns / divisor, y.place(us(*ns)))).collect();
            panel.draw_series([PathElement::new(placed, STRONG.color().stroke_width(3))])?;
        }
        Ok(())
    })?;
    let drawn = if points.len() < total {
        format!(
            " {} of {} points are drawn, the lowest and the highest of each of {COLUMNS} time slices \
             among them; the CSV has all.",
            count(points.len() as u64),
            count(total as u64)
        )
    } else {
        String::new()
    };
    let caption = format!(
        "Each point is a block becoming final at a node (n = {}). The line joins the medians of spans of {}; \
         it breaks where nothing was committed.{}{drawn}{}",
        plural(total as u64, "commit", "commits"),
        span(record.manifest.duration_ns / SLICES as u64),
        bands.caption(),
        provenance(record),
    );
    let mut csv = String::from("at_ns,node,height,round,latency_ns\n");
    for commit in &record.commits {
        let _ = writeln!(
            csv,
            "{},{},{},{},{}",
            commit.at_ns, commit.node, commit.height, commit.round, commit.latency_ns
        );
    }
    Ok(Some(Figure { name: "latency".into(), title: title.into(), caption, svg, csv }))
}

/// Medians of equal slices of the run, at the middle of each: a list for each stretch without an empty slice.
fn slice_medians(record: &RunRecord) -> Vec<Vec<(f64, u64)>> {
    let width = record.manifest.duration_ns as f64 / SLICES as f64;
    let mut slices: Vec<Vec<u64>> = vec![Vec::new(); SLICES];
    for commit in &record.commits {
        let slice = (commit.at_ns as f64 / width.max(1.0)) as usize;
        slices[slice.min(SLICES - 1)].push(commit.latency_ns);
    }
    let medians: Vec<(usize, Option<u64>)> = slices.into_iter().map(median_ns).enumerate().collect();
    medians
        .chunk_by(|a, b| a.1.is_some() == b.1.is_some())
        .map(|run| {
            run.iter().filter_map(|(slice, ns)| Some(((*slice as f64 + 0.5) * width, (*ns)?))).collect()
        })
        .filter(|run: &Vec<(f64, u64)>| !run.is_empty())
        .collect()
}
