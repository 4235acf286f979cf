//! The page of one run: verdict first, then what was checked, what was done to the system, and the figures.
//!
//! One file: style, script, figures and the record itself are inside. It asks the network for nothing.

use std::fmt::Write as _;

use hdrhistogram::Histogram;

use crate::latency::{command_histogram, histogram, percentile_ns};
use crate::text::{count, escape, moment, plural, span};
use crate::{FaultSpan, Figure, Manifest, PropertyKind, PropertyResult, ReportError, RunRecord, Verdict};
use crate::{carried, explorer};

pub(crate) const STYLE: &str = include_str!("page.css");

/// The whole page. Links to CSV and SVG files are relative: [`crate::write`] puts those beside it. Errors: an
/// inconsistent record, drawing or encoding that failed.
pub fn html(record: &RunRecord) -> Result<String, ReportError> {
    render(record, &crate::figures(record)?)
}

/// The page from figures that are already drawn.
pub(crate) fn render(record: &RunRecord, figures: &[Figure]) -> Result<String, ReportError> {
    let manifest = &record.manifest;
    let commits = histogram(record);
    let commands = command_histogram(record);
    let title = format!("{}, seed {}: {}", manifest.scenario, manifest.seed, record.verdict.word());
    let mut page = head(&title, explorer::STYLE);
    let _ = write!(
        page,
        "<header>\n<p class=\"kicker\">{} engine, {} world, {}, seed {}</p>\n<h1>{}</h1>\n",
        escape(&manifest.engine),
        escape(&manifest.world),
        plural(manifest.nodes.into(), "node", "nodes"),
        manifest.seed,
        escape(&manifest.scenario)
    );
    if !manifest.claim.is_empty() {
        let _ = writeln!(page, "<p class=\"claim\">{}</p>", escape(&sentence(&manifest.claim)));
    }
    page.push_str("</header>\n");
    verdict(&mut page, record);
    key_figures(&mut page, record, &commits, &commands);
    page.push_str(explorer::SECTION);
    notes(&mut page, &record.notes);
    properties(&mut page, &record.properties);
    faults(&mut page, &record.faults);
    latency_table(&mut page, &commits, &commands);
    figure_list(&mut page, record, figures);
    reproduce(&mut page, manifest);
    page.push_str(
        "<footer><p>The whole record is in this page, at its end: it can be sent alone.</p></footer>\n</main>\n",
    );
    carried::write(&mut page, record)?;
    page.push_str(&explorer::script());
    page.push_str("</body>\n</html>\n");
    Ok(page)
}

/// The page up to and including the start of its main part; `more` is style that follows the common one.
pub(crate) fn head(title: &str, more: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <title>{}</title>\n<style>\n{STYLE}{more}</style>\n</head>\n<body>\n<main>\n",
        escape(title)
    )
}

/// A verdict with a sign that does not rely on colour.
pub(crate) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓ Pass",
        Verdict::Violated => "✗ Violated",
        Verdict::Inconclusive => "? Inconclusive",
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}

fn verdict(page: &mut String, record: &RunRecord) {
    let _ = write!(
        page,
        "<section class=\"verdict {}\">\n<strong>{}</strong>\n",
        record.verdict.word(),
        sign(record.verdict)
    );
    for reason in reasons(record) {
        let _ = writeln!(page, "<p>{}</p>", escape(&sentence(&reason)));
    }
    page.push_str("</section>\n");
}

/// Why the verdict is what it is, from the record's own lists.
fn reasons(record: &RunRecord) -> Vec<String> {
    let mut reasons = Vec::new();
    let broken = record.properties.iter().filter(|property| property.holds == Some(false));
    let mut broken: Vec<&PropertyResult> = broken.collect();
    broken.sort_by_key(|property| property.at_ns.unwrap_or(u64::MAX));
    if let Some(first) = broken.first() {
        let when = first.at_ns.map(|at_ns| format!(" at {}", moment(at_ns))).unwrap_or_default();
        let detail = if first.detail.is_empty() { String::new() } else { format!(": {}", first.detail) };
        reasons.push(format!("{} does not hold{when}{detail}", first.name));
        if broken.len() > 1 {
            reasons.push(format!("{} do not hold", plural(broken.len() as u64, "property", "properties")));
        }
    }
    for property in record.properties.iter().filter(|property| property.holds.is_none()) {
        reasons.push(format!("{} could not be judged", property.name));
    }
    for fault in record.faults.iter().filter(|fault| fault.touched == 0) {
        reasons.push(format!("Fault {} touched nothing", fault.id));
    }
    if record.commits.is_empty() {
        reasons.push("No block was committed in this run".into());
    }
    if reasons.is_empty() {
        reasons.push(match (record.properties.len() as u64, record.faults.len() as u64) {
            (0, 0) => "No property was checked and no fault injected".into(),
            (0, faults) => format!("No property was checked; {}", landed(faults)),
            (held, 0) => format!("{}; no fault was injected", all_held(held)),
            (held, faults) => format!("{} and {}", all_held(held), landed(faults)),
        });
    }
    reasons
}

fn all_held(properties: u64) -> String {
    if properties == 1 {
        "The property held".into()
    } else {
        format!("All {} properties held", count(properties))
    }
}

fn landed(faults: u64) -> String {
    if faults == 1 {
        "the fault touched something".into()
    } else {
        format!("all {} faults touched something", count(faults))
    }
}

fn key_figures(page: &mut String, record: &RunRecord, commits: &Histogram<u64>, commands: &Histogram<u64>) {
    let manifest = &record.manifest;
    let honest = record.honest.iter().filter(|honest| **honest).count();
    let highest = record.commits.iter().map(|commit| commit.height).max().unwrap_or(0);
    let latency = |percentile| percentile_ns(commits, percentile).map_or("none".to_owned(), span);
    let mut list: Vec<(&str, String)> = vec![
        ("Height reached", count(highest)),
        ("Commits, all nodes", count(commits.len())),
        ("Commit latency, median", latency(50.0)),
        ("Commit latency, 99 %", latency(99.0)),
    ];
    if let Some(p50_ns) = percentile_ns(commands, 50.0) {
        list.push(("Commands settled", count(commands.len())));
        list.push(("Settlement, median", span(p50_ns)));
    }
    list.push(("Honest nodes", format!("{honest} of {}", manifest.nodes)));
    list.push(("Messages", count(manifest.messages)));
    list.push(("Events", count(manifest.events)));
    let wall = match manifest.wall_ms {
        0 => "under 1 ms".to_owned(),
        wall_ms => span(wall_ms.saturating_mul(1_000_000)),
    };
    list.push(("Simulated, in real time", format!("{} in {wall}", span(manifest.duration_ns))));
    page.push_str("<dl class=\"key\">\n");
    for (name, value) in list {
        let _ = writeln!(page, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(&value));
    }
    page.push_str("</dl>\n");
}

fn notes(page: &mut String, notes: &[String]) {
    if notes.is_empty() {
        return;
    }
    page.push_str("<h2>Notes</h2>\n<ul>\n");
    for note in notes {
        let _ = writeln!(page, "<li>{}</li>", escape(&sentence(note)));
    }
    page.push_str("</ul>\n");
}

fn properties(page: &mut String, properties: &[PropertyResult]) {
    page.push_str("<h2>Properties</h2>\n");
    if properties.is_empty() {
        page.push_str("<p class=\"none\">No property was checked.</p>\n");
        return;
    }
    page.push_str(&table_box("Properties"));
    page.push_str(
        "<table>\n<tr><th>Outcome</th><th>Property</th><th>Kind</th><th>What was seen</th>\
         <th class=\"n\">At</th></tr>\n",
    );
    for property in properties {
        let (class, outcome) = match property.holds {
            Some(true) => ("pass", "✓ held"),
            Some(false) => ("violated", "✗ violated"),
            None => ("inconclusive", "? not judged"),
        };
        let kind = match property.kind {
            PropertyKind::Always => "always",
            PropertyKind::Eventually => "eventually",
            PropertyKind::Sometimes => "sometimes",
            PropertyKind::Unsupported => "unsupported",
            PropertyKind::Slo => "SLO",
        };
        let _ = writeln!(
            page,
            "<tr><td class=\"word {class}\">{outcome}</td><td>{}</td><td class=\"id\">{kind}</td><td>{}</td>\
             <td class=\"n\">{}</td></tr>",
            escape(&property.name),
            escape(&property.detail),
            property.at_ns.map(|at_ns| go(at_ns, at_ns, at_ns)).unwrap_or_default()
        );
    }
    page.push_str("</table></div>\n");
}

fn faults(page: &mut String, faults: &[FaultSpan]) {
    page.push_str("<h2>Faults</h2>\n");
    if faults.is_empty() {
        page.push_str("<p class=\"none\">No fault was injected.</p>\n");
        return;
    }
    page.push_str(&table_box("Faults"));
    page.push_str(
        "<table>\n<tr><th>Fault</th><th>Family</th><th>What it does</th><th>Nodes</th>\
         <th class=\"n\">From</th><th class=\"n\">To</th><th class=\"n\">Touched</th></tr>\n",
    );
    for fault in faults {
        let touched = if fault.touched == 0 {
            "<span class=\"word inconclusive\">nothing</span>".to_owned()
        } else {
            format!("{} {}", count(fault.touched), escape(&fault.unit))
        };
        let _ = writeln!(
            page,
            "<tr><td class=\"id\">{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{touched}</td></tr>",
            escape(&fault.id),
            escape(&fault.family),
            escape(&fault.label),
            node_list(&fault.nodes),
            go(fault.start_ns, fault.start_ns, fault.end_ns),
            go(fault.end_ns, fault.start_ns, fault.end_ns)
        );
    }
    page.push_str("</table></div>\n");
}

/// The opening of a box that scrolls a wide table; without a mouse it takes the focus for that.
pub(crate) fn table_box(label: &str) -> String {
    format!("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">")
}

/// A moment that leads to a span of the time line.
fn go(at_ns: u64, from_ns: u64, to_ns: u64) -> String {
    let text = moment(at_ns);
    format!("<a class=\"go\" href=\"#timeline\" data-from=\"{from_ns}\" data-to=\"{to_ns}\">{text}</a>")
}

/// Node numbers with runs of three or more joined: `0–3, 7`.
fn node_list(nodes: &[u16]) -> String {
    let mut nodes = nodes.to_vec();
    nodes.sort_unstable();
    nodes.dedup();
    let runs = nodes.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [first, .., last] if run.len() > 2 => format!("{first}–{last}"),
        few => few.iter().map(u16::to_string).collect::<Vec<_>>().join(", "),
    });
    runs.collect::<Vec<_>>().join(", ")
}

fn latency_table(page: &mut String, commits: &Histogram<u64>, commands: &Histogram<u64>) {
    page.push_str("<h2>Latency</h2>\n");
    if commits.is_empty() {
        page.push_str(
            "<p class=\"none\">No block was committed in this run, so there is no commit latency.</p>\n",
        );
    }
    if commits.is_empty() && commands.is_empty() {
        return;
    }
    page.push_str(&table_box("Latency"));
    page.push_str("<table>\n<tr><td></td><th class=\"n\">Samples</th>");
    let columns =
        [(0.0, "Least"), (50.0, "50 %"), (90.0, "90 %"), (99.0, "99 %"), (99.9, "99.9 %"), (100.0, "Most")];
    for (_, name) in columns {
        let _ = write!(page, "<th class=\"n\">{name}</th>");
    }
    page.push_str("</tr>\n");
    for (name, histogram) in [("Block committed", commits), ("Command settled", commands)] {
        if histogram.is_empty() {
            continue;
        }
        let _ = write!(page, "<tr><td>{name}</td><td class=\"n\">{}</td>", count(histogram.len()));
        for (percentile, _) in columns {
            let value = percentile_ns(histogram, percentile).map(span).unwrap_or_default();
            let _ = write!(page, "<td class=\"n\">{value}</td>");
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table></div>\n");
}

fn figure_list(page: &mut String, record: &RunRecord, figures: &[Figure]) {
    page.push_str("<h2>Figures</h2>\n<div class=\"figures\">\n");
    if record.windows.is_empty() && figures.is_empty() {
        page.push_str("<p class=\"none\">The record holds nothing to draw.</p>\n");
    }
    for (number, figure) in (1..).zip(figures) {
        let name = &figure.name;
        let _ = write!(
            page,
            "<figure id=\"{name}\">\n<h3>Figure {number}. {}</h3>\n{}<figcaption>{} \
             <a href=\"plots/{name}.csv\">CSV</a> <a href=\"plots/{name}.svg\">SVG</a></figcaption>\n</figure>\n",
            escape(&figure.title),
            figure.svg,
            escape(&figure.caption)
        );
    }
    page.push_str("</div>\n");
}

fn reproduce(page: &mut String, manifest: &Manifest) {
    let _ = write!(
        page,
        "<h2>Reproduce</h2>\n<p>This command runs exactly this again; the trace hash must be the same.</p>\n\
         <div class=\"repro\"><pre id=\"command\">{}</pre>\
         <button type=\"button\" data-copy=\"command\">Copy</button></div>\n",
        escape(&manifest.command)
    );
    page.push_str(&table_box("What ran"));
    page.push_str("<table>\n");
    let rows: [(&str, String); 11] = [
        ("Scenario", escape(&manifest.scenario)),
        ("Seed", manifest.seed.to_string()),
        ("World", escape(&manifest.world)),
        ("Engine", escape(&manifest.engine)),
        ("Cryptography", escape(&manifest.crypto)),
        ("Nodes", manifest.nodes.to_string()),
        ("Simulated time", format!("{} ({} ns)", span(manifest.duration_ns), count(manifest.duration_ns))),
        ("Events", count(manifest.events)),
        ("Messages", count(manifest.messages)),
        ("Trace hash", format!("<code>{}</code>", escape(&manifest.trace_hash))),
        ("Version", escape(&manifest.version)),
    ];
    for (name, value) in rows {
        let _ = writeln!(page, "<tr><th>{name}</th><td>{value}</td></tr>");
    }
    page.push_str("</table></div>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_lists_join_runs() {
        assert_eq!(node_list(&[3, 0, 1, 2, 7, 9, 10]), "0–3, 7, 9, 10");
        assert_eq!(node_list(&[]), "");
        assert_eq!(node_list(&[u16::MAX, u16::MAX - 1, u16::MAX - 2]), "65533–65535");
    }

    #[test]
    fn a_claim_ends_as_a_sentence_once() {
        assert_eq!(sentence("It holds "), "It holds.");
        assert_eq!(sentence("Does it hold?"), "Does it hold?");
    }
}
