//! Latency by percentile: HDR histograms drawn with an axis on which 90, 99 and 99.9 % are equally far apart.

use std::fmt::Write as _;

use hdrhistogram::Histogram;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::{Figure, provenance};
use crate::axis::{Axis, LatencyAxis};
use crate::latency::{PERCENTILES, command_histogram, histogram, percentile_ns};
use crate::plot::{self, Ink, SERIES, STRONG, TITLE_ROW, X_AXIS};
use crate::text::{count, span};
use crate::{ReportError, RunRecord};

/// Height of the plotting area, canvas pixels.
const PLOT: u32 = 480;
/// Room for the names of the curves.
const RIGHT: u32 = 180;

struct Curve {
    name: &'static str,
    ink: Ink,
    histogram: Histogram<u64>,
}

pub(super) fn figure(record: &RunRecord) -> Result<Option<Figure>, ReportError> {
    let curves: Vec<Curve> = [
        Curve { name: "commits", ink: SERIES[0], histogram: histogram(record) },
        Curve { name: "commands", ink: SERIES[1], histogram: command_histogram(record) },
    ]
    .into_iter()
    .filter(|curve| !curve.histogram.is_empty())
    .collect();
    let Some(most_samples) = curves.iter().map(|curve| curve.histogram.len()).max() else {
        return Ok(None);
    };
    let over = |of: fn(&Histogram<u64>) -> u64| curves.iter().map(move |curve| of(&curve.histogram));
    let y = LatencyAxis::new(
        "latency",
        over(Histogram::min).min().unwrap_or(0) as f64,
        over(|histogram| histogram.value_at_percentile(50.0)).min().unwrap_or(0) as f64,
        over(Histogram::max).max().unwrap_or(0) as f64,
    );
    let x = percentile_axis(most_samples);
    let top = TITLE_ROW + 8;
    let bottom = top + PLOT + X_AXIS;
    let title = "Latency by percentile";
    let svg = plot::draw("cdf", title, bottom, |canvas| {
        plot::y_title(canvas, TITLE_ROW - 8, &y.axis.title)?;
        let mut panel = plot::panel(canvas, (top, bottom), RIGHT, &x, &y.axis)?;
        let mut ends: Vec<(i32, &Curve)> = Vec::new();
        for curve in &curves {
            let steps = staircase(&curve.histogram, x.hi, &y);
            let Some(end) = steps.last().copied() else { continue };
            ends.push((panel.backend_coord(&end).1, curve));
            panel.draw_series([PathElement::new(steps, curve.ink.color().stroke_width(4))])?;
        }
        ends.sort_by_key(|end| end.0);
        let mut free = 0;
        for (row, curve) in ends {
            let at = row.max(free);
            free = at + 32;
            let left = plot::x_pixel(1.0, RIGHT) + 14;
            plot::write(canvas, curve.name, (left, at), curve.ink, (HPos::Left, VPos::Center))?;
        }
        if let [only] = curves.as_slice() {
            for (place, label) in x.ticks.iter().skip(1) {
                let quantile = 1.0 - 10_f64.powf(-place);
                let us = only.histogram.value_at_quantile(quantile);
                let at = panel.backend_coord(&(*place, y.place(us as f64)));
                if at.0 > plot::x_pixel(0.0, RIGHT) + 120 && !label.is_empty() {
                    canvas.draw(&Circle::new(at, 6, only.ink.color().filled()))?;
                    let text = span(us * 1_000);
                    plot::write(canvas, &text, (at.0 - 8, at.1 - 10), STRONG, (HPos::Right, VPos::Bottom))?;
                }
            }
        }
        Ok(())
    })?;
    let samples: Vec<String> =
        curves.iter().map(|curve| format!("{} {}", count(curve.histogram.len()), curve.name)).collect();
    let caption = format!(
        "How long all but the slowest took: at 99 %, one in a hundred took longer. From HDR histograms of three \
         significant digits (n = {}). Commands are timed from submission to settlement at the node they were \
         given to.{}",
        samples.join(", "),
        provenance(record),
    );
    Ok(Some(Figure { name: "cdf".into(), title: title.into(), caption, svg, csv: csv(&curves) }))
}

/// Minus the decimal logarithm of the share that is slower, as far as the samples reach.
fn percentile_axis(samples: u64) -> Axis {
    let hi = (samples as f64 * 2.0).log10().max(1.05);
    let mut ticks = vec![(0.0, "0".to_owned()), (2_f64.log10(), "50".to_owned())];
    for nines in 1_u8..=12 {
        if f64::from(nines) <= hi {
            let label = match nines {
                1 => "90".to_owned(),
                2 => "99".to_owned(),
                more => format!("99.{}", "9".repeat(usize::from(more - 2))),
            };
            ticks.push((f64::from(nines), label));
        }
    }
    Axis { lo: 0.0, hi, ticks, title: "percentile (%, logarithmic towards 100)".into() }
}

/// The histogram as a staircase; steps narrower than a pixel are merged.
fn staircase(histogram: &Histogram<u64>, hi: f64, y: &LatencyAxis) -> Vec<(f64, f64)> {
    let total = histogram.len() as f64;
    let narrow = hi / 1_600.0;
    let mut steps: Vec<(f64, f64)> = Vec::new();
    let mut seen = 0;
    let mut last_x = 0.0;
    for bucket in histogram.iter_recorded() {
        let value = y.place(bucket.value_iterated_to() as f64);
        seen += bucket.count_since_last_iteration();
        let to = if seen == histogram.len() { hi } else { (-(1.0 - seen as f64 / total).log10()).min(hi) };
        if to - last_x < narrow && seen < histogram.len() {
            continue;
        }
        steps.push((last_x, value));
        steps.push((to, value));
        last_x = to;
    }
    steps
}

fn csv(curves: &[Curve]) -> String {
    let mut csv = String::from("series,percentile,latency_us,count\n");
    for curve in curves {
        for percentile in PERCENTILES {
            let us = percentile_ns(&curve.histogram, percentile).unwrap_or(0) / 1_000;
            let _ = writeln!(csv, "{},{percentile},{us},", curve.name);
        }
        let mut seen = 0;
        for bucket in curve.histogram.iter_recorded() {
            seen += bucket.count_since_last_iteration();
            let percentile = seen as f64 / curve.histogram.len() as f64 * 100.0;
            let _ = writeln!(csv, "{},{percentile},{},{seen}", curve.name, bucket.value_iterated_to());
        }
    }
    csv
}
