//! The table of runs: those that failed first, as many as a page can hold.

use std::fmt::Write as _;

use super::design::{Axis, Design};
use crate::measure::{Unit, failed};
use crate::text::{count, escape, plain, plural, span};
use crate::{Row, Verdict};

/// The most runs that the page lists.
const MOST_RUNS: usize = 500;

pub(super) fn table(page: &mut String, design: &Design<'_>) {
    if design.rows.is_empty() {
        return;
    }
    let mut runs: Vec<&Row> = design.rows.clone();
    runs.sort_by_key(|row| match (failed(row), row.verdict) {
        (true, _) => 0,
        (false, Verdict::Inconclusive) => 1,
        (false, _) => 2,
    });
    let listed = &runs[..runs.len().min(MOST_RUNS)];
    let failures = runs.iter().filter(|row| failed(row)).count();
    page.push_str("<h2 id=\"runs\">Runs</h2>\n");
    if runs.len() > MOST_RUNS {
        let _ = writeln!(
            page,
            "<p class=\"muted\">{} of {} are listed, the failed ones first{}. The index beside this page has all.</p>",
            count(MOST_RUNS as u64),
            plural(runs.len() as u64, "run", "runs"),
            match failures.saturating_sub(MOST_RUNS) {
                0 => String::new(),
                more => format!("; {} failed runs are not", count(more as u64)),
            }
        );
    }
    page.push_str(
        "<div class=\"controls\" id=\"row-controls\" hidden></div>\n<div class=\"scroll tall\" tabindex=\"0\" \
         role=\"region\" aria-label=\"Runs\"><table id=\"row-table\">\n<thead><tr>",
    );
    let mut heading =
        |name: &str, class: &str| _ = write!(page, "<th scope=\"col\"{class}>{}</th>", escape(name));
    heading("Verdict", "");
    if failures > 0 {
        heading("Violated", "");
    }
    design.axes.iter().for_each(|axis| heading(&axis.key, ""));
    heading("Seed", " class=\"n\"");
    heading("Report", "");
    for name in ["Height", "Commit, 50 %", "99 %", "Commands", "Longest stall"] {
        heading(name, " class=\"n\"");
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in listed {
        line(page, row, &design.axes, failures > 0);
    }
    page.push_str("</tbody></table></div>\n");
}

fn line(page: &mut String, row: &Row, axes: &[Axis], with_violated: bool) {
    let (class, word) = match (row.diverged, row.verdict) {
        (true, _) => ("violated", "≠ Diverged"),
        (false, verdict) => (verdict.word(), crate::page::sign(verdict)),
    };
    let _ = write!(page, "<tr><td class=\"word {class}\">{word}</td>");
    if with_violated {
        let _ = write!(page, "<td class=\"words\">{}</td>", escape(&plain(&row.violated.join(", "), 120)));
    }
    for axis in axes {
        let _ = write!(page, "<td>{}</td>", escape(&plain(&axis.value_of(row), 80)));
    }
    let number = |page: &mut String, value: f64, shown: String| {
        let _ = write!(page, "<td class=\"n\" data-v=\"{value}\">{shown}</td>");
    };
    number(page, row.seed as f64, row.seed.to_string());
    let report = link(row).map_or(String::new(), |address| format!("<a href=\"{address}\">open</a>"));
    let _ = write!(page, "<td>{report}</td>");
    number(page, row.height as f64, count(row.height));
    for ns in [row.commit_p50_ns, row.commit_p99_ns] {
        // Without a commit it sorts as the slowest.
        number(page, ns.map_or(1e300, |ns| ns as f64), ns.map_or("none".to_owned(), span));
    }
    number(page, row.commands_per_second(), Unit::PerSecond.show(row.commands_per_second()));
    number(page, row.longest_stall_ns as f64, span(row.longest_stall_ns));
    page.push_str("</tr>\n");
}

/// The address of a run's page, escaped; `None` if it has none.
pub(super) fn link(row: &Row) -> Option<String> {
    (!row.report.is_empty()).then(|| escape(&relative(&row.report)))
}

/// A path as a relative link. With `:` and what else has a meaning in an address encoded it can't become a scheme.
fn relative(path: &str) -> String {
    let mut link = String::from("./");
    for byte in path.trim_start_matches('/').bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' | b'=' => {
                link.push(char::from(byte));
            }
            other => {
                let _ = write!(link, "%{other:02X}");
            }
        }
    }
    link
}
