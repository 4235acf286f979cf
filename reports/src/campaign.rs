//! The page of a campaign: many runs, one row each, every row a link to its report.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::page::{head, sign, word};
use crate::text::{count, escape, plural, span};
use crate::{Row, Verdict};

/// The campaign's page, self-contained like a run's: first how many runs ended how, then each run in the given
/// order.
pub fn campaign_html(runs: &[Row]) -> String {
    let total = runs.len() as u64;
    let of = |verdict| runs.iter().filter(|run| run.verdict == verdict).count() as u64;
    let (violated, inconclusive) = (of(Verdict::Violated), of(Verdict::Inconclusive));
    let worst = match (violated, inconclusive, total) {
        (1.., _, _) => Verdict::Violated,
        (0, 0, 1..) => Verdict::Pass,
        _ => Verdict::Inconclusive,
    };
    let scenarios: std::collections::BTreeSet<&str> = runs.iter().map(|run| run.scenario.as_str()).collect();
    let mut page = head(&format!("Campaign of {}: {}", plural(total, "run", "runs"), word(worst)));
    let _ = write!(
        page,
        "<header>\n<p class=\"kicker\">{}, {}</p>\n<h1>Campaign</h1>\n</header>\n\
         <section class=\"verdict {}\">\n<strong>{}</strong>\n<p>{}</p>\n</section>\n",
        plural(scenarios.len() as u64, "scenario", "scenarios"),
        plural(total, "run", "runs"),
        word(worst),
        sign(worst),
        if total == 0 {
            "No run was made.".to_owned()
        } else {
            format!(
                "{} passed, {} violated a property, {} were inconclusive.",
                count(of(Verdict::Pass)),
                count(violated),
                count(inconclusive)
            )
        }
    );
    if scenarios.len() > 1 {
        by_scenario(&mut page, runs);
    }
    rows(&mut page, runs);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn by_scenario(page: &mut String, runs: &[Row]) {
    let mut tally: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    for run in runs {
        tally.entry(&run.scenario).or_default()[run.verdict as usize] += 1;
    }
    page.push_str(
        "<h2>Scenarios</h2>\n<div class=\"scroll\"><table>\n<tr><th>Scenario</th><th class=\"n\">Passed</th>\
         <th class=\"n\">Violated</th><th class=\"n\">Inconclusive</th></tr>\n",
    );
    for (scenario, [pass, violated, inconclusive]) in tally {
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escape(scenario),
            count(pass),
            count(violated),
            count(inconclusive)
        );
    }
    page.push_str("</table></div>\n");
}

fn rows(page: &mut String, runs: &[Row]) {
    page.push_str(
        "<h2>Runs</h2>\n<div class=\"scroll\"><table>\n<tr><th>Verdict</th><th>Scenario</th><th class=\"n\">Seed</th>\
         <th class=\"n\">Height</th><th class=\"n\">Commit, 50 %</th><th class=\"n\">99 %</th><th>Trace hash</th><th>Report</th>\
         </tr>\n",
    );
    for run in runs {
        let latency = |ns: Option<u64>| ns.map_or("none".to_owned(), span);
        let hash: String = run.trace_hash.chars().take(16).collect();
        let link = if run.report.is_empty() {
            String::new()
        } else {
            format!("<a href=\"{}\">open</a>", escape(&relative(&run.report)))
        };
        let _ = writeln!(
            page,
            "<tr><td class=\"word {}\">{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"id\"><code title=\"{}\">{}</code></td>\
             <td>{link}</td></tr>",
            word(run.verdict),
            sign(run.verdict),
            escape(&run.scenario),
            run.seed,
            count(run.height),
            latency(run.commit_p50_ns),
            latency(run.commit_p99_ns),
            escape(&run.trace_hash),
            escape(&hash)
        );
    }
    page.push_str("</table></div>\n");
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
