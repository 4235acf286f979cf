//! How cost and speed grow with the number of nodes: a line for each engine on two logarithmic axes, and the power of
//! n that fits it.

use std::fmt::Write as _;

use super::chart::{self, Line, Look, Mark};
use super::design::{Design, Point};
use super::fold::{Cell, Quantity, fold};
use super::scale::Scale;
use crate::measure::measure;
use crate::plot::SERIES;
use crate::statistics::{PowerLaw, power_law};
use crate::text::{count, csv_field, plain};
use crate::{Figure, ReportError};

/// What is followed.
const FOLLOWED: [&str; 3] = ["messages_per_block", "commit_p50", "commands_per_second"];

/// The exponent of one engine and one measure.
pub(crate) struct Fit {
    pub(crate) measure: &'static str,
    pub(crate) engine: String,
    pub(crate) sizes: usize,
    pub(crate) runs: u64,
    pub(crate) law: PowerLaw,
}

/// The figures and the exponents in them. Empty with fewer than three sizes.
pub(crate) fn figures(design: &Design<'_>) -> Result<(Vec<Figure>, Vec<Fit>), ReportError> {
    let (mut figures, mut fits) = (Vec::new(), Vec::new());
    let Some(nodes) = design.axis("nodes") else { return Ok((figures, fits)) };
    let sizes: Vec<f64> = design.axes[nodes].values.iter().filter_map(|value| value.parse().ok()).collect();
    if sizes.len() < 3 {
        return Ok((figures, fits));
    }
    for key in FOLLOWED {
        let quantity = Quantity::Measure(measure(key));
        if quantity.is_seen(&design.points) {
            figures.push(figure(design, nodes, &sizes, quantity, &mut fits)?);
        }
    }
    Ok((figures, fits))
}

fn figure(
    design: &Design<'_>,
    nodes: usize,
    sizes: &[f64],
    quantity: Quantity,
    fits: &mut Vec<Fit>,
) -> Result<Figure, ReportError> {
    let engine = design.axis("engine");
    let names: Vec<String> = match engine {
        Some(axis) => design.axes[axis].values.clone(),
        None => vec![design.rows.first().map_or(String::new(), |row| row.engine.clone())],
    };
    let name = quantity.name();
    let mut csv = format!("engine,nodes,{}{},lo,hi,points,runs\n", quantity.key(), quantity.unit().suffix());
    let mut lines = Vec::new();
    for (number, (engine_name, ink)) in names.iter().zip(SERIES.into_iter().cycle()).enumerate() {
        let mut marks = Vec::new();
        let mut runs = 0;
        for (at, size) in sizes.iter().enumerate() {
            let here = |point: &&Point| {
                point.at[nodes] as usize == at && engine.is_none_or(|axis| point.at[axis] as usize == number)
            };
            let cell: Cell = fold(design.points.iter().filter(here), quantity);
            let Some(estimate) = cell.estimate.filter(|estimate| estimate.value > 0.0) else { continue };
            marks.push(Mark::at(*size, estimate));
            runs += cell.runs;
            let Cell { points, runs, .. } = cell;
            let (value, lo, hi) = (estimate.value, estimate.lo, estimate.hi);
            let _ = writeln!(csv, "{},{size},{value},{lo},{hi},{points},{runs}", csv_field(engine_name));
        }
        let through: Vec<(f64, f64)> = marks.iter().map(|mark| (mark.x.value, mark.y.value)).collect();
        let law = power_law(&through);
        let name = match law {
            Some(law) => {
                let exponent = format!("{:.2}", law.exponent.value).replace('-', "−");
                format!("{}, n^{exponent}", plain(engine_name, 16))
            }
            None => plain(engine_name, 22),
        };
        if let Some(law) = law {
            fits.push(Fit {
                measure: quantity.name(),
                engine: engine_name.clone(),
                sizes: marks.len(),
                runs,
                law,
            });
        }
        if number < SERIES.len() {
            lines.push(Line { name, ink, marks, look: Look::Bars });
        }
    }
    let of = |ends: fn(&Mark) -> [f64; 2]| -> Vec<f64> {
        lines.iter().flat_map(|line| line.marks.iter().flat_map(ends)).collect()
    };
    let x = Scale::logarithmic_at("nodes", sizes);
    let y = Scale::logarithmic(&name.to_lowercase(), quantity.unit(), &of(|mark| [mark.y.lo, mark.y.hi]));
    let title = format!("{name}, as the network grows");
    let others: Vec<&str> = design
        .axes
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != nodes && Some(*at) != engine)
        .map(|(_, axis)| axis.key.as_str())
        .collect();
    let over =
        if others.is_empty() { String::new() } else { format!(", over all values of {}", others.join(", ")) };
    let caption = format!(
        "Means of the points' medians{over}; n = {} runs. Bars: 95 % bootstrap intervals over seeds. The exponents are of \
         least squares on logarithms through the marks; the table has their intervals.",
        count(design.rows.len() as u64)
    );
    let file = format!("growth-{}", quantity.key());
    Ok(Figure { svg: chart::draw(&file, &title, &x, &y, &lines)?, name: file, title, caption, csv })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Row;
    use crate::campaign::design::tests::row;
    use crate::measure::MEASURES;
    use crate::statistics::near;

    fn rows(sizes: &[u16]) -> Vec<Row> {
        sizes
            .iter()
            .flat_map(|nodes| (0..8).map(|seed| row("a", *nodes, &[], seed, 5 * u64::from(*nodes))))
            .collect()
    }

    #[test]
    fn the_exponents_are_those_of_what_was_measured() {
        let rows = rows(&[4, 10, 25, 100]);
        let (figures, fits) = figures(&Design::new(&rows)).unwrap();
        assert_eq!(figures.len(), 3);
        let exponent = |key: &str| {
            let name = MEASURES[measure(key)].name;
            fits.iter().find(|fit| fit.measure == name).unwrap().law.exponent.value
        };
        near(exponent("messages_per_block"), 2.0, 1e-9);
        near(exponent("commit_p50"), 1.0, 1e-9);
        near(exponent("commands_per_second"), 0.0, 1e-9);
        assert!(figures[0].svg.contains("a, n^2.00"));
    }

    #[test]
    fn two_sizes_say_nothing_of_growth() {
        let rows = rows(&[4, 10]);
        assert!(figures(&Design::new(&rows)).unwrap().0.is_empty());
    }
}
