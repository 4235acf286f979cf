//! How the runs ended, at a glance: in all, along each axis, and where most failed.

use std::fmt::Write as _;

use super::design::{Design, Point, Tally};
use super::fold::{Quantity, fold};
use crate::measure::{Unit, measure};
use crate::statistics::wilson;
use crate::text::{count, escape, plain, span};

/// The most values of an axis that have a line.
const MOST_VALUES: usize = 40;
/// The most points that are listed.
const MOST_POINTS: usize = 20;

/// The four ways to end, with their share, and what the campaign was.
pub(super) fn tiles(page: &mut String, design: &Design<'_>, tally: Tally) {
    page.push_str("<dl class=\"tiles\">\n");
    for (class, name, runs) in [
        ("pass", "✓ Passed", tally.passed),
        ("violated", "✗ Violated", tally.violated),
        ("inconclusive", "? Inconclusive", tally.inconclusive),
        ("violated", "≠ Diverged", tally.diverged),
    ] {
        let class = if runs == 0 { "zero" } else { class };
        let share = share(runs, tally.runs());
        let _ = writeln!(
            page,
            "<div class=\"tile {class}\"><dt>{name}</dt><dd>{}<small>{share}</small></dd></div>",
            count(runs)
        );
    }
    page.push_str("</dl>\n");
    page.push_str(&strip(tally));
    let total =
        |of: fn(&crate::Row) -> u64| design.rows.iter().map(|row| of(row)).fold(0, u64::saturating_add);
    let seeds: std::collections::BTreeSet<u64> = design.rows.iter().map(|row| row.seed).collect();
    page.push_str("<dl class=\"key\">\n");
    for (name, value) in [
        ("Points", count(design.points.len() as u64)),
        ("Seeds", count(seeds.len() as u64)),
        (
            "Faults that landed",
            format!("{} of {}", count(total(|row| row.faults_landed)), count(total(|row| row.faults))),
        ),
        ("Simulated", span(total(|row| row.simulated_ns))),
        ("Events", count(total(|row| row.events))),
        ("Messages", count(total(|row| row.messages))),
    ] {
        let _ = writeln!(page, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    page.push_str("</dl>\n");
}

/// A table for each axis: a line for each of its values.
pub(super) fn by_axis(page: &mut String, design: &Design<'_>) {
    if design.axes.is_empty() {
        return;
    }
    page.push_str("<h2>Verdicts along each axis</h2>\n");
    for (at, axis) in design.axes.iter().enumerate() {
        let values = axis.values.iter().enumerate().take(MOST_VALUES).map(|(value, name)| {
            let points = design.points.iter().filter(move |point| point.at[at] as usize == value);
            (name.as_str(), points.collect::<Vec<&Point>>())
        });
        table(page, &axis.key, &axis.key, values);
        if axis.values.len() > MOST_VALUES {
            let more = axis.values.len() - MOST_VALUES;
            let _ = writeln!(page, "<p class=\"muted\">{more} further values are in points.csv only.</p>");
        }
    }
}

/// The points with the largest share of failed runs.
pub(super) fn worst_points(page: &mut String, design: &Design<'_>) {
    let mut failing: Vec<&Point> = design.points.iter().filter(|point| point.any_failed()).collect();
    if failing.is_empty() || design.points.len() < 2 {
        return;
    }
    let (found, points) = (failing.len(), design.points.len());
    let rate = |point: &Point| point.tally.failed() as f64 / point.tally.runs() as f64;
    failing.sort_by(|a, b| rate(b).total_cmp(&rate(a)).then_with(|| a.at.cmp(&b.at)));
    let _ = writeln!(
        page,
        "<h2>Points with failed runs</h2>\n<p class=\"muted\">{} of {} points have some{}</p>",
        count(found as u64),
        count(points as u64),
        if found > MOST_POINTS {
            format!("; the {MOST_POINTS} with the largest share are listed, points.csv has all.")
        } else {
            ".".to_owned()
        }
    );
    let names: Vec<(String, Vec<&Point>)> =
        failing.into_iter().take(MOST_POINTS).map(|point| (design.label(point), vec![point])).collect();
    table(
        page,
        &design.heading(),
        "points with failed runs",
        names.iter().map(|(name, points)| (name.as_str(), points.clone())),
    );
}

/// A line for each group of points: its verdicts, its share of failures, its latencies.
fn table<'p>(
    page: &mut String,
    heading: &str,
    label: &str,
    groups: impl Iterator<Item = (&'p str, Vec<&'p Point>)>,
) {
    let _ = write!(
        page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Verdicts: {}\"><table class=\"verdicts\">\n\
         <thead><tr><th scope=\"col\">{}</th><th scope=\"col\">Verdicts</th><th scope=\"col\" class=\"n\">Runs</th>\
         <th scope=\"col\" class=\"n\">Failed</th><th scope=\"col\" class=\"n\">Inconclusive</th>\
         <th scope=\"col\" class=\"n\">Commit, 50 %</th><th scope=\"col\" class=\"n\">99 %</th></tr></thead>\n<tbody>\n",
        escape(label),
        escape(heading)
    );
    for (name, points) in groups {
        let cell = fold(points.iter().copied(), Quantity::Failures);
        let latency = |key: &str| {
            let folded = fold(points.iter().copied(), Quantity::Measure(measure(key)));
            folded.estimate.map_or("–".to_owned(), |estimate| {
                let range = Unit::Nanoseconds.show_range(estimate.lo, estimate.hi);
                format!("{}<small>{range}</small>", Unit::Nanoseconds.show(estimate.value))
            })
        };
        let tally = cell.tally;
        let failed = match tally.failed() {
            0 => "0".to_owned(),
            some => format!("<span class=\"word violated\">{}</span>", count(some)),
        };
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{failed}<small>{}</small></td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td></tr>",
            escape(&plain(name, 120)),
            strip(tally),
            count(tally.runs()),
            share(tally.failed(), tally.runs()),
            count(tally.inconclusive),
            latency("commit_p50"),
            latency("commit_p99")
        );
    }
    page.push_str("</tbody></table></div>\n");
}

/// A share with its interval.
fn share(runs: u64, of: u64) -> String {
    wilson(runs, of).map_or(String::new(), |share| {
        format!("{} ({})", Unit::Share.show(share.value), Unit::Share.show_range(share.lo, share.hi))
    })
}

/// A bar of the verdicts, each as long as its share. The failures come first: they are what is looked for.
fn strip(tally: Tally) -> String {
    let parts = [
        ("violated", "violated", tally.violated),
        ("diverged", "diverged", tally.diverged),
        ("inconclusive", "inconclusive", tally.inconclusive),
        ("pass", "passed", tally.passed),
    ];
    let present = || parts.iter().filter(|part| part.2 > 0);
    let words: Vec<String> = present().map(|(_, word, runs)| format!("{} {word}", count(*runs))).collect();
    let bars: String = present()
        .map(|(class, _, runs)| format!("<i class=\"{class}\" style=\"flex-grow:{runs}\"></i>"))
        .collect();
    format!("<div class=\"strip\" role=\"img\" aria-label=\"{}\">{bars}</div>", words.join(", "))
}
