//! The points as data: JSON for the page's script, CSV for everyone else.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::design::{Design, Point};
use super::fold::{FEW_RUNS, Quantity};
use super::heatmap::View;
use super::percentiles::Curves;
use crate::ReportError;
use crate::measure::{MEASURES, Unit};
use crate::text::{csv_field, json_in_script};

/// The most points that the page carries. With more, what can be explored is left out; the figures stay.
const MOST_POINTS: usize = 4_000;

/// What the script reads; `None` if it is too much, or there is nothing.
pub(super) fn json(
    design: &Design<'_>,
    view: Option<View>,
    curves: &[Curves],
) -> Result<Option<String>, ReportError> {
    if design.points.is_empty() || design.points.len() > MOST_POINTS {
        return Ok(None);
    }
    let seen: Vec<Quantity> = Quantity::all().filter(|quantity| quantity.is_seen(&design.points)).collect();
    let axes: Vec<Value> = design
        .axes
        .iter()
        .map(|axis| {
            let numbers = axis.numbers.as_ref().map(|numbers| &numbers.0);
            json!({"key": axis.key, "values": axis.values, "numbers": numbers})
        })
        .collect();
    let quantities: Vec<Value> = seen
        .iter()
        .map(
            |quantity| json!({"key": quantity.key(), "name": quantity.name(), "unit": unit(quantity.unit())}),
        )
        .collect();
    let points: Vec<Value> = design.points.iter().map(|point| values_of(point, &seen)).collect();
    let curves: Vec<Value> = curves.iter().map(curves_of).collect();
    let view = view.map(|view| json!({"x": view.x, "y": view.y, "panel": view.panel}));
    let quantity = super::first_quantity(design);
    let first = seen.iter().position(|other| *other == quantity);
    let all = json!({
        "axes": axes, "quantities": quantities, "points": points, "curves": curves,
        "view": view, "quantity": first, "few": FEW_RUNS,
    });
    let text = serde_json::to_string(&all)
        .map_err(|error| ReportError::Encode { what: "the points", reason: error.to_string() })?;
    Ok(Some(json_in_script(&text)))
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Nanoseconds => "ns",
        Unit::PerSecond => "/s",
        Unit::Count => "",
        Unit::Share => "%",
    }
}

/// Places on the axes; runs that passed, violated, were inconclusive, diverged; and of each quantity its value, ends
/// and runs, or zero without one. The share of failures follows from the verdicts.
fn values_of(point: &Point, seen: &[Quantity]) -> Value {
    let tally = point.tally;
    let measured: Vec<Value> = seen
        .iter()
        .map(|quantity| match quantity {
            Quantity::Failures => json!(0),
            Quantity::Measure(at) => point.measured[*at].map_or(json!(0), |measured| {
                let estimate = measured.estimate.map(short);
                json!([estimate.value, estimate.lo, estimate.hi, measured.runs])
            }),
        })
        .collect();
    json!([point.at, [tally.passed, tally.violated, tally.inconclusive, tally.diverged], measured])
}

fn curves_of(set: &Curves) -> Value {
    let curves: Vec<Value> = set
        .curves
        .iter()
        .map(|curve| {
            let points: Vec<Value> = curve
                .points
                .iter()
                .map(|(place, latency)| {
                    let latency = latency.map(short);
                    json!([place, latency.value, latency.lo, latency.hi])
                })
                .collect();
            json!({"name": curve.name, "runs": curve.runs, "commits": curve.commits, "points": points})
        })
        .collect();
    json!({"axis": set.axis, "left_out": set.left_out, "curves": curves})
}

/// A number to six significant digits: three are shown.
fn short(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// A line for each point.
pub(super) fn points_csv(design: &Design<'_>) -> String {
    let mut csv = String::new();
    design.axes.iter().for_each(|axis| _ = write!(csv, "{},", csv_field(&axis.key)));
    csv.push_str("runs,passed,violated,inconclusive,diverged");
    for measure in &MEASURES {
        let column = format!("{}{}", measure.key, measure.unit.suffix());
        let _ = write!(csv, ",{column},{column}_lo,{column}_hi,{}_runs", measure.key);
    }
    csv.push('\n');
    for point in &design.points {
        for (axis, at) in design.axes.iter().zip(&point.at) {
            let _ = write!(csv, "{},", csv_field(&axis.values[*at as usize]));
        }
        let tally = point.tally;
        let _ = write!(
            csv,
            "{},{},{},{},{}",
            tally.runs(),
            tally.passed,
            tally.violated,
            tally.inconclusive,
            tally.diverged
        );
        for measured in &point.measured {
            match measured {
                Some(measured) => {
                    let estimate = measured.estimate;
                    let _ =
                        write!(csv, ",{},{},{},{}", estimate.value, estimate.lo, estimate.hi, measured.runs);
                }
                None => csv.push_str(",,,,0"),
            }
        }
        csv.push('\n');
    }
    csv
}
