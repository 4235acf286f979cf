//! What is printed: for people, as JSON lines, or as a service wants it.

use super::campaign::{Broken, Campaign, Finished, explain};
use super::ci::github::{self, Level};
use super::say::{say, say_all};
use super::{Format, ci, exit};
use crate::scenario::{self, World};
use bitcraps_reports::{FaultSpan, PropertyKind, PropertyResult, RunRecord, Verdict};
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::io;
use std::path::Path;

/// So many fault instances are listed one by one.
const TIMELINE: usize = 24;

/// Prints runs as they end, and the sum at last.
pub(super) struct Printer {
    format: Format,
}

impl Printer {
    pub(super) fn new(format: Format) -> Printer {
        Printer { format }
    }

    /// One run has ended. A single run is told in full; of many, those that did not pass.
    pub(super) fn finished(&self, run: &Finished, runs: usize) {
        match self.format {
            Format::Github if run.code != exit::PASS => github::group(&in_a_line(run), &in_full(run)),
            Format::Human if runs == 1 || run.code != exit::PASS => say_all(in_full(run)),
            Format::Human | Format::Github if runs <= 64 => say(in_a_line(run)),
            Format::Json => say(as_json(run)),
            Format::Human | Format::Github | Format::Junit => {}
        }
    }

    /// The testbed broke inside a run.
    pub(super) fn broke(&self, broken: &Broken) {
        eprintln!("{}: {}\nREPRO {}", broken.scenario, Broken::WHAT, broken.repro);
        if self.format == Format::Json {
            say(broken_as_json(broken));
        }
    }

    /// All runs have ended.
    pub(super) fn conclude(
        &self,
        campaign: &Campaign<'_>,
        finished: &[Finished],
        broken: &[Broken],
        missing: &[PropertyResult],
        code: u8,
    ) {
        match self.format {
            Format::Human | Format::Github => {
                say_all(summary(campaign, finished, broken.len(), missing, code));
            }
            Format::Json => {
                for property in missing {
                    say(json!({ "missing": property }));
                }
            }
            Format::Junit => say_all(ci::junit::junit(campaign, finished, broken, missing)),
        }
        let repros: BTreeSet<String> = missing
            .iter()
            .filter_map(|property| campaign.repro_of_all(property.name.split_once(": ")?.0))
            .collect();
        for repro in repros {
            match self.format {
                Format::Human | Format::Github => say(format_args!("REPRO {repro}")),
                Format::Json | Format::Junit => eprintln!("REPRO {repro}"),
            }
        }
        if matches!(self.format, Format::Json | Format::Junit) {
            for run in finished.iter().filter(|run| run.code != exit::PASS) {
                eprintln!("REPRO {}", run.repro);
            }
        }
        for error in finished.iter().filter_map(|run| run.folder.as_ref().err()) {
            eprintln!("error: {error}");
        }
        if self.format == Format::Github {
            github::annotate(&ci::remarks(campaign, finished, broken, missing), Level::Error);
            github::summarise(campaign, finished, broken, missing);
        }
    }
}

/// A file could not be read.
pub(super) fn complain(path: &Path, error: &io::Error) -> u8 {
    eprintln!("error: {}: {error}", path.display());
    exit::IO
}

/// Prints the schema.
pub(super) fn schema() -> u8 {
    let text = serde_json::to_string_pretty(&scenario::json_schema()).expect("a JSON value has text");
    say(text);
    exit::PASS
}

/// Prints the table of faults.
pub(super) fn faults() -> u8 {
    let table = scenario::faults_table();
    let width = table.iter().map(|fault| fault.name.len()).max().unwrap_or(0);
    let made_by = |worlds: &[&str]| if worlds.is_empty() { "-".to_owned() } else { worlds.join(" ") };
    let makers = table.iter().map(|fault| made_by(&fault.worlds).len()).max().unwrap_or(0);
    let mut family = None;
    for fault in &table {
        if family != Some(fault.family) {
            say(format_args!("{}{}", if family.is_some() { "\n" } else { "" }, fault.family.name()));
            family = Some(fault.family);
        }
        let worlds = made_by(&fault.worlds);
        let keys: Vec<&str> = fault.parameters.iter().map(|parameter| parameter.name).collect();
        let keys = if keys.is_empty() { String::new() } else { format!(" {{ {} }}", keys.join(", ")) };
        say(format_args!("  {:width$}  {worlds:makers$}  {}{keys}", fault.name, fault.doc));
    }
    say(format_args!(
        "\nBefore each fault's meaning: the worlds that make it.  - : known to the language, not made by this version."
    ));
    exit::PASS
}

/// A verdict as it is printed.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Violated => "VIOLATED",
        Verdict::Inconclusive => "INCONCLUSIVE",
    }
}

fn seconds(ns: u64) -> String {
    format!("{:.1} s", ns as f64 / 1e9)
}

fn milliseconds(ns: u64) -> String {
    format!("{:.0} ms", ns as f64 / 1e6)
}

fn in_a_line(run: &Finished) -> String {
    let record = &run.examined.outcome.record;
    let manifest = &record.manifest;
    let twice = if run.examined.twice { ", twice the same" } else { "" };
    format!(
        "{:13} {} seed {}{}: height {}, {}{twice}, {} ms{}",
        word(run.verdict),
        manifest.scenario,
        run.seed,
        if manifest.world == World::Lab.name() { String::new() } else { format!(" on {}", manifest.world) },
        run.examined.outcome.height,
        trace(&manifest.trace_hash, 16),
        manifest.wall_ms,
        unsupported(record)
    )
}

/// The first digits of the hash; a world whose runs do not repeat has none.
fn trace(hash: &str, digits: usize) -> String {
    if hash.is_empty() { "no trace".to_owned() } else { format!("trace {}", &hash[..digits.min(hash.len())]) }
}

/// What kept a run from being made at all, if anything did.
fn unsupported(record: &RunRecord) -> String {
    let names: Vec<&str> = record
        .properties
        .iter()
        .filter(|property| property.kind == PropertyKind::Unsupported)
        .map(|property| &*property.detail)
        .collect();
    if names.is_empty() { String::new() } else { format!("; {}", names.join("; ")) }
}

fn in_full(run: &Finished) -> String {
    let record = &run.examined.outcome.record;
    let mut text = String::new();
    head(&mut text, record);
    timeline(&mut text, &record.faults);
    properties(&mut text, &record.properties);
    if !run.examined.outcome.is_unsupported() {
        figures(&mut text, run);
        record.notes.iter().for_each(|note| _ = writeln!(text, "note: {note}"));
    }
    if let Some(divergence) = &run.examined.divergence {
        text.push_str(&explain(divergence));
    }
    let _ = writeln!(text, "\n{}  {}", word(run.verdict), record.manifest.claim);
    if let Ok(folder) = &run.folder {
        let report = folder.join("report.html");
        let _ = writeln!(text, "report  {}", if report.exists() { report } else { folder.clone() }.display());
    }
    if run.code != exit::PASS {
        let _ = writeln!(text, "REPRO {}", run.repro);
    }
    text
}

fn head(text: &mut String, record: &RunRecord) {
    let manifest = &record.manifest;
    let place = if manifest.world == World::Turmoil.name() { "on" } else { "in the" };
    let _ = writeln!(
        text,
        "{} seed {}  {} validators, {}, {} crypto, {} {place} {}",
        manifest.scenario,
        manifest.seed,
        manifest.nodes,
        manifest.engine,
        manifest.crypto,
        seconds(manifest.duration_ns),
        manifest.world
    );
}

fn timeline(text: &mut String, faults: &[FaultSpan]) {
    if faults.is_empty() {
        return;
    }
    text.push_str("\nfaults\n");
    let mut spans: Vec<&FaultSpan> = faults.iter().collect();
    spans.sort_by_key(|fault| fault.start_ns);
    let width = spans.iter().map(|fault| fault.id.chars().count()).max().unwrap_or(0);
    for fault in spans.iter().take(TIMELINE) {
        let nodes: Vec<String> = fault.nodes.iter().map(u16::to_string).collect();
        let _ = writeln!(
            text,
            "  {:>7} – {:<7}  {:width$}  {} on {}: {} {}{}",
            seconds(fault.start_ns),
            seconds(fault.end_ns),
            fault.id,
            fault.label,
            nodes.join(" "),
            fault.touched,
            fault.unit,
            if fault.touched == 0 { "   ← touched nothing" } else { "" }
        );
    }
    if spans.len() > TIMELINE {
        let _ = writeln!(text, "  … and {} more", spans.len() - TIMELINE);
    }
}

fn properties(text: &mut String, properties: &[PropertyResult]) {
    text.push_str("\nproperties\n");
    let width = properties.iter().map(|property| property.name.chars().count()).max().unwrap_or(0);
    for property in properties {
        let mark = match property.holds {
            Some(true) => "✓",
            Some(false) => "✗",
            None => "?",
        };
        let at = property.at_ns.map_or(String::new(), |at| format!(" (at {})", seconds(at)));
        let _ = writeln!(text, "  {mark} {:width$}  {}{at}", property.name, property.detail);
    }
}

fn figures(text: &mut String, run: &Finished) {
    // Of many runs the details are forgotten by now; their numbers are in the row.
    let (row, manifest) = (&run.row, &run.examined.outcome.record.manifest);
    let latency = |ns: Option<u64>| ns.map_or_else(|| "none".to_owned(), milliseconds);
    text.push('\n');
    let _ = writeln!(
        text,
        "height {}, {} commits, {} commands settled; commit latency p50 {} p99 {}",
        row.height,
        row.commits,
        row.commands,
        latency(row.commit_p50_ns),
        latency(row.commit_p99_ns),
    );
    let speed = manifest.duration_ns as f64 / 1e6 / (manifest.wall_ms.max(1) as f64);
    let twice = if run.examined.twice && run.examined.divergence.is_none() { ", the same twice" } else { "" };
    let _ = writeln!(
        text,
        "{} messages, {} events in {} ms ({speed:.0} simulated seconds per second); {}{twice}",
        manifest.messages,
        manifest.events,
        manifest.wall_ms,
        trace(&manifest.trace_hash, 64)
    );
}

fn as_json(run: &Finished) -> String {
    let record = &run.examined.outcome.record;
    json!({
        "scenario": record.manifest.scenario,
        "seed": run.seed,
        "verdict": record.verdict,
        "exit_code": run.code,
        "trace_hash": record.manifest.trace_hash,
        "ran_twice": run.examined.twice,
        "height": run.examined.outcome.height,
        "wall_ms": record.manifest.wall_ms,
        "properties": record.properties,
        "faults": record.faults,
        "folder": run.folder.as_ref().ok(),
        "repro": run.repro,
    })
    .to_string()
}

fn broken_as_json(broken: &Broken) -> String {
    json!({
        "scenario": broken.scenario,
        "seed": broken.seed,
        "verdict": null,
        "exit_code": exit::INTERNAL,
        "error": Broken::WHAT,
        "repro": broken.repro,
    })
    .to_string()
}

fn summary(
    campaign: &Campaign<'_>,
    finished: &[Finished],
    broken: usize,
    missing: &[PropertyResult],
    code: u8,
) -> String {
    let mut text = String::new();
    for property in missing {
        let _ = writeln!(text, "? {}: {}", property.name, property.detail);
    }
    let runs = finished.len() + broken;
    if runs > 1 {
        let count = |wanted: u8| finished.iter().filter(|run| run.code == wanted).count();
        let failed = runs - count(exit::PASS);
        let _ = writeln!(
            text,
            "\n{}{} runs: {} passed, {failed} did not ({} violated, {} inconclusive, {} nondeterministic, {broken} internal errors)",
            if campaign.loaded.len() == 1 {
                String::new()
            } else {
                format!("{} scenarios, ", campaign.loaded.len())
            },
            runs,
            count(exit::PASS),
            count(exit::VIOLATED),
            count(exit::INCONCLUSIVE),
            count(exit::NONDETERMINISTIC),
        );
        match campaign.index(finished, missing) {
            Ok(page) => writeln!(text, "report  {}", page.display()),
            Err(error) => writeln!(text, "error: {error}"),
        }
        .expect("a string takes all text");
    }
    if code != exit::PASS && runs > 1 {
        finished
            .iter()
            .filter(|run| run.code != exit::PASS)
            .for_each(|run| text.push_str(&format!("REPRO {}\n", run.repro)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_in_which_the_testbed_broke_is_an_error_and_not_left_out() {
        let repro = "bitcraps-sim run a.yaml --seed 7".to_owned();
        let broken = Broken { index: 0, seed: 7, scenario: "a".to_owned(), repro: repro.clone() };
        let line: serde_json::Value = serde_json::from_str(&broken_as_json(&broken)).unwrap();
        assert_eq!((&line["exit_code"], &line["repro"]), (&json!(exit::INTERNAL), &json!(repro)));
    }
}
