//! Latency against throughput: along an offered load if the sweep has one, otherwise one dot for each point.

use std::fmt::Write as _;

use super::chart::{self, Line, Look, Mark};
use super::design::{Axis, Design, Point};
use super::fold::{Quantity, fold};
use super::scale::Scale;
use crate::measure::{MEASURES, measure};
use crate::plot::SERIES;
use crate::quantity::Dimension;
use crate::text::{count, csv_field};
use crate::{Figure, ReportError};

/// The last part of a key that says how much work is offered.
const LOADS: [&str; 7] = ["bets", "rate", "load", "clients", "players", "commands", "tables"];
/// The most engines that are shown: each has two lines.
const MOST_ENGINES: usize = 4;
/// The most dots of a scatter; more are thinned out evenly.
const MOST_DOTS: usize = 1_500;
/// With more dots than this their intervals would hide them.
const MOST_BARS: usize = 60;

/// The axis that says how much work was offered, if there is one.
pub(crate) fn load_axis(design: &Design<'_>) -> Option<usize> {
    let offers = |axis: &&Axis| {
        let last = axis.key.rsplit('.').next().unwrap_or("");
        let per_second = axis.numbers.as_ref().is_some_and(|numbers| numbers.1 == Dimension::PerSecond);
        axis.swept && axis.numbers.is_some() && (per_second || LOADS.contains(&last))
    };
    let found = design.axes.iter().find(offers)?;
    design.axis(&found.key)
}

/// The figure; `None` if nothing was settled, or there is nothing to compare.
pub(crate) fn figure(design: &Design<'_>) -> Result<Option<Figure>, ReportError> {
    let throughput = Quantity::Measure(measure("commands_per_second"));
    if design.points.len() < 2 || !throughput.is_seen(&design.points) {
        return Ok(None);
    }
    // A client waits for the settlement. Worlds that don't time it have the commit's latency.
    let settled = Quantity::Measure(measure("settle_p50")).is_seen(&design.points);
    let latencies =
        if settled { ["settle_p50", "settle_p99"] } else { ["commit_p50", "commit_p99"] }.map(measure);
    match load_axis(design) {
        Some(load) => curves(design, load, throughput, latencies).map(Some),
        None => scatter(design, throughput, latencies[1]).map(Some),
    }
}

/// The values of the engine's axis with their names, or all points as one.
fn engines(design: &Design<'_>) -> (Option<usize>, Vec<String>) {
    match design.axis("engine") {
        Some(axis) => (Some(axis), design.axes[axis].values.clone()),
        None => (None, vec![design.rows.first().map_or(String::new(), |row| row.engine.clone())]),
    }
}

fn curves(
    design: &Design<'_>,
    load: usize,
    throughput: Quantity,
    latencies: [usize; 2],
) -> Result<Figure, ReportError> {
    let (axis, names) = engines(design);
    let key = &design.axes[load].key;
    let mut lines = Vec::new();
    let mut csv = format!(
        "engine,{},percentile,commands_per_second,lo,hi,latency_ns,lo_ns,hi_ns,runs\n",
        csv_field(key)
    );
    for ((engine, name), ink) in names.iter().enumerate().zip(SERIES) {
        for (latency, percentile, look) in [(latencies[0], 50, Look::Faint), (latencies[1], 99, Look::Bars)] {
            let mut marks = Vec::new();
            for (at, offered) in design.axes[load].values.iter().enumerate() {
                let here = |point: &&Point| {
                    point.at[load] as usize == at && axis.is_none_or(|axis| point.at[axis] as usize == engine)
                };
                let points = || design.points.iter().filter(here);
                let (x, y) = (fold(points(), throughput), fold(points(), Quantity::Measure(latency)));
                let (Some(x_estimate), Some(y_estimate)) = (x.estimate, y.estimate) else { continue };
                marks.push(Mark { x: x_estimate, y: y_estimate });
                let _ = writeln!(
                    csv,
                    "{},{},{percentile},{},{},{},{},{},{},{}",
                    csv_field(name),
                    csv_field(offered),
                    x_estimate.value,
                    x_estimate.lo,
                    x_estimate.hi,
                    y_estimate.value,
                    y_estimate.lo,
                    y_estimate.hi,
                    y.runs
                );
            }
            if engine < MOST_ENGINES {
                lines.push(Line {
                    name: format!("{}, {percentile} %", crate::text::plain(name, 16)),
                    ink,
                    marks,
                    look,
                });
            }
        }
    }
    let what = if MEASURES[latencies[0]].key == "settle_p50" { "settlement" } else { "commit" };
    let title = format!("Latency against throughput, along {key}");
    let caption = format!(
        "Each mark is one value of {key} ({}), joined in its order: what was settled per second, and the {what} latency \
         that half (hollow) and 99 % of it (filled) did not exceed. A line that turns back gave less for more load. \
         Means of the points' medians over n = {} runs, bars: 95 % intervals.{}",
        crate::text::plain(&design.axes[load].values.join(", "), 120),
        count(design.rows.len() as u64),
        left_out(names.len())
    );
    Ok(Figure { name: "load".into(), svg: draw(&title, &lines, what)?, title, caption, csv })
}

fn scatter(design: &Design<'_>, throughput: Quantity, latency: usize) -> Result<Figure, ReportError> {
    let (axis, names) = engines(design);
    let keys: String = design.axes.iter().map(|axis| format!("{},", csv_field(&axis.key))).collect();
    let mut csv = format!("{keys}commands_per_second,lo,hi,latency_ns,lo_ns,hi_ns,runs\n");
    let mut lines: Vec<Line> = names
        .iter()
        .zip(SERIES)
        .map(|(name, ink)| Line {
            name: crate::text::plain(name, 22),
            ink,
            marks: Vec::new(),
            look: Look::Dots,
        })
        .collect();
    for point in &design.points {
        let (x, y) = (fold([point], throughput), fold([point], Quantity::Measure(latency)));
        let (Some(x), Some(y_estimate)) = (x.estimate, y.estimate) else { continue };
        if let Some(line) = lines.get_mut(axis.map_or(0, |axis| point.at[axis] as usize)) {
            line.marks.push(Mark { x, y: y_estimate });
        }
        let values = design.axes.iter().zip(&point.at).map(|(axis, at)| &axis.values[*at as usize]);
        let values: String = values.map(|value| format!("{},", csv_field(value))).collect();
        let _ = writeln!(
            csv,
            "{values}{},{},{},{},{},{},{}",
            x.value, x.lo, x.hi, y_estimate.value, y_estimate.lo, y_estimate.hi, y.runs
        );
    }
    let dots: usize = lines.iter().map(|line| line.marks.len()).sum();
    if dots > MOST_DOTS {
        for line in &mut lines {
            let most = (line.marks.len() * MOST_DOTS).div_ceil(dots);
            line.marks = crate::thin::evenly(line.marks.len(), most).map(|at| line.marks[at]).collect();
        }
    }
    if dots > MOST_BARS {
        lines.iter_mut().for_each(|line| line.look = Look::BareDots);
    }
    // The name stands at the rightmost dot.
    lines.iter_mut().for_each(|line| line.marks.sort_by(|a, b| a.x.value.total_cmp(&b.x.value)));
    let what = if MEASURES[latency].key == "settle_p99" { "settlement" } else { "commit" };
    let title = "Latency against throughput".to_owned();
    let caption = format!(
        "Each dot is one of {} points: the medians over its runs (n = {} in all) of what was settled per second and of \
         the {what} latency that 99 % did not exceed; {}.{}{}",
        count(design.points.len() as u64),
        count(design.rows.len() as u64),
        if dots > MOST_BARS { "the CSV has their 95 % intervals" } else { "bars: 95 % intervals" },
        if dots > MOST_DOTS { " An even choice is drawn; the CSV has all." } else { "" },
        left_out(names.len().saturating_sub(SERIES.len() - MOST_ENGINES))
    );
    Ok(Figure { name: "load".into(), svg: draw(&title, &lines, what)?, title, caption, csv })
}

fn draw(title: &str, lines: &[Line], what: &str) -> Result<String, ReportError> {
    let of = |ends: fn(&Mark) -> [f64; 2]| -> Vec<f64> {
        lines.iter().flat_map(|line| line.marks.iter().flat_map(ends)).collect()
    };
    let x = Scale::fitting(
        "commands settled",
        crate::measure::Unit::PerSecond,
        &of(|mark| [mark.x.lo, mark.x.hi]),
    );
    let y = Scale::fitting(
        &format!("{what} latency"),
        crate::measure::Unit::Nanoseconds,
        &of(|mark| [mark.y.lo, mark.y.hi]),
    );
    chart::draw("load", title, &x, &y, lines)
}

fn left_out(engines: usize) -> String {
    match engines.saturating_sub(MOST_ENGINES) {
        0 => String::new(),
        more => format!(" {more} further engines are in the CSV only."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Row;
    use crate::campaign::design::tests::row;

    fn rows(key: &str) -> Vec<Row> {
        let at = |load: u64, seed: u64, engine| {
            let value = format!("{load}/s");
            Row { commands: load * 10, ..row(engine, 4, &[(key, &value)], seed, 10 + load / 10) }
        };
        let loads = [20, 100, 400];
        loads
            .into_iter()
            .flat_map(|load| (0..6).flat_map(move |seed| [at(load, seed, "a"), at(load, seed, "b")]))
            .collect()
    }

    #[test]
    fn an_offered_load_is_followed_in_its_order() {
        let rows = rows("workload.bets");
        let design = Design::new(&rows);
        let figure = figure(&design).unwrap().unwrap();
        assert!(figure.title.ends_with("along workload.bets"), "{}", figure.title);
        let offered: Vec<&str> =
            figure.csv.lines().skip(1).take(3).filter_map(|line| line.split(',').nth(1)).collect();
        assert_eq!(offered, ["20/s", "100/s", "400/s"]);
        assert_eq!(figure.csv.lines().count(), 1 + 2 * 2 * 3);
        assert!(figure.caption.contains("n = 36 runs"), "{}", figure.caption);
    }

    #[test]
    fn without_an_offered_load_each_point_is_a_dot() {
        let rows: Vec<Row> = [("1 s", 1), ("2 s", 2)]
            .into_iter()
            .map(|(x, seed)| row("a", 4, &[("for", x)], seed, 9))
            .collect();
        let figure = figure(&Design::new(&rows)).unwrap().unwrap();
        assert_eq!(figure.csv.lines().count(), 3);
    }

    #[test]
    fn one_point_is_not_compared() {
        let rows = [row("a", 4, &[], 1, 9), row("a", 4, &[], 2, 9)];
        assert!(figure(&Design::new(&rows)).unwrap().is_none());
    }
}
