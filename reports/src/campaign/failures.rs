//! What was violated: how often, where first, and the command that shows it again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::design::{Design, failing};
use super::runs::link;
use crate::measure::Unit;
use crate::statistics::wilson;
use crate::text::{count, escape, plain, plural};
use crate::{Row, Verdict};

/// The most properties that are listed.
const MOST_PROPERTIES: usize = 50;
/// The most runs of a property that are linked.
const MOST_LINKS: usize = 8;

/// One block for each property that was violated, most often first.
pub(super) fn table(page: &mut String, design: &Design<'_>) {
    let mut violated: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in failing(&design.rows) {
        for property in &row.violated {
            violated.entry(property).or_default().push(row);
        }
        if row.diverged {
            violated.entry("the same seed gives the same trace").or_default().push(row);
        } else if row.violated.is_empty() && row.verdict == Verdict::Violated {
            violated.entry("(the row names no property)").or_default().push(row);
        }
    }
    let mut properties: Vec<(&str, Vec<&Row>)> = violated.into_iter().collect();
    properties.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(b.0)));
    if !properties.is_empty() {
        page.push_str("<h2>What was violated</h2>\n");
    }
    for (number, (property, runs)) in properties.iter().enumerate().take(MOST_PROPERTIES) {
        block(page, design, number, property, runs);
    }
    if properties.len() > MOST_PROPERTIES {
        let more = (properties.len() - MOST_PROPERTIES) as u64;
        let _ = writeln!(
            page,
            "<p class=\"muted\">{} violated less often are in the index only.</p>",
            plural(more, "property", "properties")
        );
    }
    unjudged(page, design);
}

fn block(page: &mut String, design: &Design<'_>, number: usize, property: &str, runs: &[&Row]) {
    let all = design.rows.len() as u64;
    let share = wilson(runs.len() as u64, all).map_or(String::new(), |share| {
        format!("{} ({})", Unit::Share.show(share.value), Unit::Share.show_range(share.lo, share.hi))
    });
    let _ = write!(
        page,
        "<section class=\"broken\">\n<h3><span class=\"word violated\">✗</span> {}</h3>\n<p>{} of {}: {share}. ",
        escape(&plain(property, 200)),
        count(runs.len() as u64),
        plural(all, "run", "runs")
    );
    let first = runs[0];
    let _ = write!(page, "First: {}, {}", escape(&place(design, first)), seed(design, first));
    if runs.len() > 1 {
        let others: Vec<String> = runs[1..].iter().take(MOST_LINKS).map(|row| seed(design, row)).collect();
        let _ = write!(page, "; then {}", others.join(", "));
        if runs.len() - 1 > MOST_LINKS {
            let _ = write!(page, " and {} more", count((runs.len() - 1 - MOST_LINKS) as u64));
        }
    }
    page.push_str(".</p>\n");
    if !first.command.is_empty() {
        let _ = writeln!(
            page,
            "<div class=\"repro\"><pre id=\"again-{number}\">{}</pre><button type=\"button\" data-copy=\"again-{number}\">\
             Copy</button></div>",
            escape(&first.command)
        );
    }
    page.push_str("</section>\n");
}

/// Where a run is in the campaign, in words.
fn place(design: &Design<'_>, row: &Row) -> String {
    let words: Vec<String> =
        design.axes.iter().map(|axis| format!("{} {}", axis.key, axis.value_of(row))).collect();
    if words.is_empty() { row.scenario.clone() } else { plain(&words.join(", "), 300) }
}

/// A run's seed, with the link to its page and the place as what is shown on pointing at it.
fn seed(design: &Design<'_>, row: &Row) -> String {
    let seed = format!("seed {}", row.seed);
    match link(row) {
        Some(address) => {
            format!("<a href=\"{address}\" title=\"{}\">{seed}</a>", escape(&place(design, row)))
        }
        None => seed,
    }
}

fn unjudged(page: &mut String, design: &Design<'_>) {
    let mut unjudged: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &design.rows {
        row.unjudged.iter().for_each(|property| *unjudged.entry(property).or_default() += 1);
    }
    if unjudged.is_empty() {
        return;
    }
    let mut properties: Vec<(&str, u64)> = unjudged.into_iter().collect();
    properties.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    page.push_str("<h2>What could not be judged</h2>\n<ul>\n");
    for (property, runs) in properties.iter().take(MOST_PROPERTIES) {
        let _ =
            writeln!(page, "<li>{}: {}</li>", escape(&plain(property, 200)), plural(*runs, "run", "runs"));
    }
    page.push_str("</ul>\n");
    if properties.len() > MOST_PROPERTIES {
        let _ = writeln!(page, "<p class=\"muted\">And {} more.</p>", properties.len() - MOST_PROPERTIES);
    }
}
