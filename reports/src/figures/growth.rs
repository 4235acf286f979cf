//! How a quantity grows with the number of nodes: a line per series, both axes logarithmic, with the slope of each.

use std::fmt::Write as _;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::Figure;
use crate::ReportError;
use crate::axis::Axis;
use crate::plot::{self, SERIES, TITLE_ROW, X_AXIS};

/// Height of the plotting area, canvas pixels.
const PLOT: u32 = 480;
/// Room for the names of the curves.
const RIGHT: u32 = 240;

/// A series: its name and its points, by n.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Written at its end.
    pub name: String,
    /// (n, quantity), each above zero; in the order of n.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// Those that can stand on logarithmic axes: by the decimal logarithms of n and the quantity.
    fn shown(&self) -> Vec<(f64, f64)> {
        let positive = self.points.iter().filter(|(n, y)| *n > 0.0 && *y > 0.0);
        positive.map(|(n, y)| (n.log10(), y.log10())).collect()
    }

    /// The power of n that it grows with: the slope of the line through the logarithms, by least squares. `None` of fewer
    /// than two points.
    pub fn exponent(&self) -> Option<f64> {
        let points = self.shown();
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(|point| point.0), mean(|point| point.1));
        let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
        let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
        (points.len() > 1 && variance > 0.0).then(|| covariance / variance)
    }
}

/// The figure. Points that are not above zero can't be on a logarithmic axis and are left out of the picture.
pub fn growth(
    name: &str,
    title: &str,
    unit: &str,
    caption: &str,
    curves: &[Curve],
) -> Result<Figure, ReportError> {
    let all: Vec<(f64, f64)> = curves.iter().flat_map(Curve::shown).collect();
    let x = log_axis("validators", all.iter().map(|point| point.0));
    let y = log_axis(unit, all.iter().map(|point| point.1));
    let top = TITLE_ROW + 8;
    let bottom = top + PLOT + X_AXIS;
    let svg = plot::draw(name, title, bottom, |canvas| {
        plot::y_title(canvas, TITLE_ROW - 8, &y.title)?;
        let mut panel = plot::panel(canvas, (top, bottom), RIGHT, &x, &y)?;
        let mut ends = Vec::new();
        for (curve, ink) in curves.iter().zip(SERIES) {
            let points = curve.shown();
            let Some(end) = points.last().copied() else { continue };
            let label = match curve.exponent() {
                Some(exponent) => format!("{}, n^{exponent:.2}", curve.name),
                None => curve.name.clone(),
            };
            ends.push((panel.backend_coord(&end).1, label, ink));
            panel.draw_series([PathElement::new(points.clone(), ink.color().stroke_width(4))])?;
            panel.draw_series(points.iter().map(|at| Circle::new(*at, 7, ink.color().filled())))?;
        }
        ends.sort_by_key(|end| end.0);
        let mut free = 0;
        for (row, label, ink) in ends {
            let at = row.max(free);
            free = at + 32;
            let left = plot::x_pixel(1.0, RIGHT) + 14;
            plot::write(canvas, &label, (left, at), ink, (HPos::Left, VPos::Center))?;
        }
        Ok(())
    })?;
    let mut csv = format!("series,n,{unit}\n");
    for curve in curves {
        curve.points.iter().for_each(|(n, y)| _ = writeln!(csv, "{},{n},{y}", curve.name));
    }
    Ok(Figure { name: name.into(), title: title.into(), caption: caption.into(), svg, csv })
}

/// An axis of logarithms around the values, with ticks at 1, 2 and 5 of each power of ten.
fn log_axis(title: &str, values: impl Iterator<Item = f64> + Clone) -> Axis {
    let (least, most) =
        (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max));
    let (lo, hi) = if least <= most { (least - 0.08, most + 0.08) } else { (0.0, 1.0) };
    let mut ticks = Vec::new();
    for power in lo.floor() as i32..=hi.ceil() as i32 {
        for digit in [1.0, 2.0, 5.0] {
            let value = digit * 10_f64.powi(power);
            if (lo..=hi).contains(&value.log10()) {
                ticks.push((value.log10(), number(value)));
            }
        }
    }
    Axis { lo, hi, ticks, title: title.to_owned() }
}

fn number(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{} M", value / 1e6),
        value if value >= 1e3 => format!("{} k", value / 1e3),
        value => format!("{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_series_is_named_with_its_exponent_and_its_points_are_in_the_table() {
        let square =
            Curve { name: "all to all".into(), points: vec![(4.0, 16.0), (10.0, 100.0), (100.0, 10_000.0)] };
        let flat = Curve { name: "flat".into(), points: vec![(4.0, 7.0), (100.0, 7.0)] };
        let figure = growth("g", "Growth", "messages", "c", &[square, flat]).unwrap();
        assert!(
            figure.svg.contains("all to all, n^2.00") && figure.svg.contains("flat, n^0.00"),
            "{}",
            figure.svg
        );
        assert_eq!(figure.csv.lines().count(), 6);
        assert!(figure.csv.contains("all to all,100,10000"), "{}", figure.csv);
    }

    #[test]
    fn without_a_point_the_figure_is_empty_but_there() {
        let none = Curve { name: "none".into(), points: vec![(4.0, 0.0)] };
        assert!(growth("g", "Growth", "messages", "c", &[none]).unwrap().svg.contains("<svg"));
    }
}
