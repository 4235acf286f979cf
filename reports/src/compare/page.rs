//! A comparison as a page, self-contained like a run's.

use std::fmt::Write as _;

use super::text::{FEW_POINTS, cells, is_finding, test_name};
use super::{Comparison, Finding, MeasureComparison, Place, PointComparison};
use crate::measure::{MEASURES, significant};
use crate::page::head;
use crate::text::{count, escape, plain, plural};

const STYLE: &str = include_str!("compare.css");
/// The most points that are shown.
const MOST_POINTS: usize = 200;
/// The most points of one side only that are named.
const MOST_NAMES: usize = 50;

/// The page: the verdict, all points together, each point where something changed, and how it was judged.
pub fn compare_html(comparison: &Comparison) -> String {
    let verdict = if comparison.regression { "Regression" } else { "No regression" };
    let mut page = head(&format!("Comparison: {}", verdict.to_lowercase()), STYLE);
    let (class, sign) = if comparison.regression { ("violated", "✗") } else { ("pass", "✓") };
    let summary = comparison.summary();
    let sentence =
        summary.strip_prefix("REGRESSION: ").or(summary.strip_prefix("No regression. ")).unwrap_or(&summary);
    let _ = write!(
        page,
        "<header>\n<p class=\"kicker\">A, the baseline: {}. B: {}.</p>\n<h1>Comparison</h1>\n</header>\n\
         <section class=\"verdict {class}\">\n<strong>{sign} {verdict}</strong>\n<p>{}</p>\n</section>\n",
        escape(&comparison.names[0]),
        escape(&comparison.names[1]),
        escape(sentence)
    );
    comparison.notes.iter().for_each(|note| _ = writeln!(page, "<p class=\"muted\">{}</p>", escape(note)));
    if !comparison.groups.is_empty() {
        page.push_str("<h2>Points together</h2>\n");
    }
    for (at, group) in comparison.shown_groups().enumerate() {
        let _ = writeln!(
            page,
            "<h3>{}</h3>\n<p class=\"muted\">{}, medians over them as pairs</p>",
            escape(&plain(&group.name, 200)),
            plural(group.points as u64, "point", "points")
        );
        table(&mut page, &group.name, group.measures.iter().filter(|measure| at == 0 || is_finding(measure)));
    }
    points(&mut page, comparison);
    only(&mut page, "A", &comparison.only_a);
    only(&mut page, "B", &comparison.only_b);
    method(&mut page, comparison);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn points(page: &mut String, comparison: &Comparison) {
    let few = comparison.points.len() <= FEW_POINTS;
    let shown: Vec<&PointComparison> =
        comparison.points.iter().filter(|point| few || point.measures.iter().any(is_finding)).collect();
    if shown.is_empty() {
        if !comparison.points.is_empty() {
            page.push_str("<p>No single point changed.</p>\n");
        }
        return;
    }
    let _ = writeln!(page, "<h2>{}</h2>", if few { "Points" } else { "Points that changed" });
    for point in shown.iter().take(MOST_POINTS) {
        let kind = if point.paired { "pairs of runs" } else { "runs of A" };
        let others = if point.paired { String::new() } else { format!(", {} of B", point.runs_b) };
        let _ = writeln!(
            page,
            "<h3>{}</h3>\n<p class=\"muted\">{} {kind}{others}</p>",
            escape(&plain(&point.place.to_string(), 300)),
            point.runs_a
        );
        table(
            page,
            &point.place.to_string(),
            point.measures.iter().filter(|measure| few || is_finding(measure)),
        );
    }
    if shown.len() > MOST_POINTS {
        let more = (shown.len() - MOST_POINTS) as u64;
        let _ = writeln!(page, "<p class=\"muted\">{} more changed.</p>", plural(more, "point", "points"));
    }
}

fn table<'m>(page: &mut String, label: &str, measures: impl Iterator<Item = &'m MeasureComparison>) {
    let _ = write!(
        page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table>\n<thead><tr>\
         <th scope=\"col\">Measure</th><th scope=\"col\" class=\"n\">A</th><th scope=\"col\" class=\"n\">B</th>\
         <th scope=\"col\" class=\"n\">Change (95 %)</th><th scope=\"col\" class=\"n\">Shift (95 %)</th>\
         <th scope=\"col\" class=\"n\">Cliff’s δ</th><th scope=\"col\" class=\"n\">p, corrected</th>\
         <th scope=\"col\">Finding</th></tr></thead>\n<tbody>\n",
        escape(&plain(label, 300))
    );
    for judged in measures {
        let [name, a, b, change, p, _] = cells(judged);
        let unit = MEASURES.iter().find(|measure| measure.key == judged.measure).map(|measure| measure.unit);
        let shift = judged.shift.zip(unit).map_or(String::new(), |(shift, unit)| {
            let show = |value: f64| if value.is_finite() { unit.show(value) } else { "?".to_owned() };
            format!("{}<small>{} to {}</small>", show(shift.value), show(shift.lo), show(shift.hi))
        });
        let delta = judged.cliffs_delta.map_or(String::new(), significant);
        let test = judged.test.map_or(String::new(), |test| format!("<small>{}</small>", test_name(test)));
        let (class, words) = match judged.finding {
            Finding::Worse => ("word violated", "✗ worse"),
            Finding::Better => ("word pass", "✓ better"),
            Finding::Changed => ("word inconclusive", "≠ changed"),
            Finding::Same => ("muted", "not significant"),
            Finding::Identical => ("muted", "identical"),
            Finding::Unjudged => ("muted", "not judged"),
        };
        let regression = if judged.regression { "<small>regression</small>" } else { "" };
        let unchanged = match judged.unchanged {
            0 => String::new(),
            some => format!("<small>{} unchanged</small>", count(some as u64)),
        };
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{name}</th><td class=\"n\">{a}</td><td class=\"n\">{b}</td><td class=\"n\">{change}</td>\
             <td class=\"n\">{shift}</td><td class=\"n\">{delta}</td><td class=\"n\">{p}{test}</td>\
             <td class=\"{class}\">{words}{regression}{unchanged}</td></tr>"
        );
    }
    page.push_str("</tbody></table></div>\n");
}

fn only(page: &mut String, side: &str, places: &[Place]) {
    if places.is_empty() {
        return;
    }
    let _ = writeln!(page, "<h2>Only in {side}</h2>\n<ul>");
    for place in places.iter().take(MOST_NAMES) {
        let _ = writeln!(page, "<li>{}</li>", escape(&plain(&place.to_string(), 300)));
    }
    page.push_str("</ul>\n");
    if places.len() > MOST_NAMES {
        let _ = writeln!(page, "<p class=\"muted\">And {} more.</p>", places.len() - MOST_NAMES);
    }
}

fn method(page: &mut String, comparison: &Comparison) {
    let rule = comparison.rule;
    let failures = if rule.any_new_failure {
        ", or any rise of the share of failed runs"
    } else {
        ", or more failed runs"
    };
    let _ = write!(
        page,
        "<h2>How it was judged</h2>\n<ul>\n\
         <li>A regression: worse by more than {} %, with the interval excluding zero and p ≤ {} after correction{failures}.</li>\n\
         <li>A and B are medians over runs; of points together, medians over the points’ medians. Failed runs: their \
         share; a run failed if it did not pass.</li>\n\
         <li>Change: the Hodges–Lehmann estimate of the ratio B to A, minus one. Shift: that of the difference, in the \
         measure’s unit. Of failed runs: the difference of the shares, with Newcombe’s interval. “?”: too few runs for \
         an end.</li>\n\
         <li>Runs of the same seeds are pairs: Wilcoxon’s signed-rank test, McNemar’s for failures. Otherwise Mann and \
         Whitney’s, and Fisher’s. Small samples are judged exactly.</li>\n\
         <li>p values are corrected for {} by Holm’s method.</li>\n\
         <li>Unchanged pairs, the same to the last digit, are left out of change, shift and test: a deterministic run that \
         a change did not touch says nothing about what it did to the others.</li>\n\
         <li>Cliff’s δ: how much more often B is above A than below, from −1 to 1.</li>\n</ul>\n",
        significant(rule.worse_by * 100.0),
        significant(rule.significance),
        plural(comparison.tests as u64, "test", "tests")
    );
}
