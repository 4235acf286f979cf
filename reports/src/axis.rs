//! Axes: what range they cover, where they have ticks, how a value is labelled.
//!
//! Every axis is linear in what plotters sees; a logarithmic one is given logarithms. Ticks are chosen here, so
//! that their labels are round, carry units and fit.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::text::span;

/// One axis: its range, its ticks with their labels, and its title with the unit.
#[derive(Clone)]
pub(crate) struct Axis {
    pub(crate) lo: f64,
    pub(crate) hi: f64,
    pub(crate) ticks: Vec<(f64, String)>,
    pub(crate) title: String,
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.lo) / (self.hi - self.lo);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks.iter().map(|tick| tick.0).collect()
    }

    fn range(&self) -> Range<f64> {
        self.lo..self.hi
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let near = (self.hi - self.lo) * 1e-9;
        self.ticks
            .iter()
            .find(|tick| (tick.0 - value).abs() <= near)
            .map_or(String::new(), |tick| tick.1.clone())
    }
}

/// Virtual time from zero to `duration_ns`, and what to divide nanoseconds by to be on it.
pub(crate) fn time_axis(duration_ns: u64) -> (Axis, f64) {
    let duration = duration_ns.max(1) as f64;
    let (unit, divisor) = match duration {
        d if d < 2e3 => ("ns", 1.0),
        d if d < 2e6 => ("µs", 1e3),
        d if d < 2e9 => ("ms", 1e6),
        d if d < 900e9 => ("s", 1e9),
        d if d < 36_000e9 => ("min", 60e9),
        _ => ("h", 3_600e9),
    };
    let hi = duration / divisor;
    let axis = Axis { lo: 0.0, hi, ticks: ticks(0.0, hi, 9), title: format!("virtual time ({unit})") };
    (axis, divisor)
}

/// An axis of counts or rates from zero.
pub(crate) fn amount_axis(most: f64, whole: bool, title: &str) -> Axis {
    let most = if most > 0.0 { most } else { 1.0 };
    let step = step(most, 5).max(if whole { 1.0 } else { 0.0 });
    // A little headroom, but no empty part up to the next tick.
    let hi = (most * 1.04).max(step);
    Axis { lo: 0.0, hi, ticks: ticks_by(0.0, hi, step), title: title.to_owned() }
}

/// An axis for latencies in microseconds: linear from zero, or logarithmic when the largest dwarfs the typical.
pub(crate) struct LatencyAxis {
    pub(crate) axis: Axis,
    pub(crate) logarithmic: bool,
    divisor: f64,
}

impl LatencyAxis {
    /// For positive extremes and a median; `what` starts the title.
    pub(crate) fn new(what: &str, least_us: f64, median_us: f64, most_us: f64) -> LatencyAxis {
        let (least, most) = (least_us.max(1.0), most_us.max(1.0));
        if most > 30.0 * median_us.max(1.0) {
            let (lo, hi) = (round_down(least).log10(), round_up(most * 1.02).log10());
            let minor: &[f64] = if hi - lo <= 3.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
            let mut ticks = Vec::new();
            for decade in lo.floor() as i32..=hi.ceil() as i32 {
                for factor in minor {
                    let value_us = factor * 10_f64.powi(decade);
                    if (lo - 1e-9..=hi + 1e-9).contains(&value_us.log10()) {
                        ticks.push((value_us.log10(), span((value_us * 1e3).round() as u64)));
                    }
                }
            }
            let title = format!("{what} (logarithmic)");
            return LatencyAxis { axis: Axis { lo, hi, ticks, title }, logarithmic: true, divisor: 1.0 };
        }
        let (unit, divisor) = match most {
            m if m < 2e3 => ("µs", 1.0),
            m if m < 2e6 => ("ms", 1e3),
            _ => ("s", 1e6),
        };
        let axis = amount_axis(most / divisor, false, &format!("{what} ({unit})"));
        LatencyAxis { axis, logarithmic: false, divisor }
    }

    /// Where a latency lies on the axis.
    pub(crate) fn place(&self, us: f64) -> f64 {
        if self.logarithmic { us.max(1.0).log10().max(self.axis.lo) } else { us / self.divisor }
    }
}

/// The largest 1, 2 or 5 times a power of ten that is not above `value`.
fn round_down(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|factor| factor * power).find(|round| *round <= value).unwrap_or(power)
}

/// The smallest 1, 2 or 5 times a power of ten that is not below `value`.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|round| *round >= value)
        .unwrap_or(power * 10.0)
}

/// A round step (1, 2 or 5 times a power of ten) that gives no more than about `about` ticks on `span`.
fn step(span: f64, about: u32) -> f64 {
    round_up(span / f64::from(about) * 0.999)
}

pub(crate) fn ticks(lo: f64, hi: f64, about: u32) -> Vec<(f64, String)> {
    ticks_by(lo, hi, step(hi - lo, about))
}

fn ticks_by(lo: f64, hi: f64, step: f64) -> Vec<(f64, String)> {
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let last = ((hi - lo) / step * (1.0 + 1e-9)).floor() as u32;
    (0..=last)
        .map(|at| {
            let value = lo + f64::from(at) * step;
            (value, format!("{value:.decimals$}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside_the_axis() {
        for hi in [0.003, 0.7, 1.0, 9.99, 60.0, 101.0, 86_400.0] {
            let ticks = ticks(0.0, hi, 9);
            assert!((4..=10).contains(&ticks.len()), "{hi}: {ticks:?}");
            assert!(ticks.iter().all(|tick| (0.0..=hi * 1.000_001).contains(&tick.0)), "{hi}: {ticks:?}");
            let labels: std::collections::BTreeSet<&String> = ticks.iter().map(|tick| &tick.1).collect();
            assert_eq!(labels.len(), ticks.len(), "{hi}: labels repeat in {ticks:?}");
        }
    }

    #[test]
    fn latencies_turn_logarithmic_only_when_the_largest_dwarfs_the_typical() {
        assert!(!LatencyAxis::new("latency", 900.0, 1_000.0, 20_000.0).logarithmic);
        let axis = LatencyAxis::new("latency", 900.0, 1_000.0, 2_000_000.0);
        assert!(axis.logarithmic);
        for us in [0.0, 1.0, 900.0, 2_000_000.0] {
            let place = axis.place(us);
            assert!((axis.axis.lo..=axis.axis.hi).contains(&place), "{us} µs at {place}");
        }
    }
}
