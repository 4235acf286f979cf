//! What a whole sweep comes to: the index, the page, the verdict. The same rows give the same bytes in whatever order
//! they come; only `timings.csv` differs from machine to machine.

use super::journal::Entry;
use super::plan::Plan;
use crate::cli::campaign::{code_of, worst};
use crate::cli::exit;
use crate::cli::say::say;
use bitcraps_reports::{Row, Verdict, index, write_campaign};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// Writes the folder's index and page, tells the sum, gives the exit code. `Err`: a file that could not be written.
pub(super) fn write(folder: &Path, plan: &Plan, entries: Vec<Entry>) -> Result<u8, String> {
    save(folder, "timings.csv", timings(&entries).as_bytes())?;
    let mut rows: Vec<Row> = entries.into_iter().map(|entry| entry.row).collect();
    index::sort(&mut rows);
    let mut open = never_reached_by(plan, &rows);
    let lacking = plan.runs.len() - rows.len();
    if lacking > 0 {
        open.push(format!("Incomplete: {lacking} of {} runs are not here.", plan.runs.len()));
    }
    documents(folder, &rows, &open)?;
    tell(&rows);
    open.iter().for_each(|open| say(format_args!("? {open}")));
    say(format_args!("report  {}", folder.join("index.html").display()));
    say(format_args!("index   {} and .parquet", folder.join("index.csv").display()));
    let whole = if open.is_empty() { exit::PASS } else { exit::INCONCLUSIVE };
    let codes = rows.iter().map(|row| code_of(row.diverged, row.verdict)).chain([whole]);
    Ok(worst(codes))
}

/// Writes the index, the page, its figures. `rows` are in the order of the index; `open` is what they leave open.
pub(in crate::cli) fn documents(folder: &Path, rows: &[Row], open: &[String]) -> Result<(), String> {
    let parquet = index::parquet(rows).map_err(|error| format!("index.parquet: {error}"))?;
    save(folder, "index.csv", index::csv(rows).as_bytes())?;
    save(folder, "index.parquet", &parquet)?;
    // Figures of what the sweep was before would stay.
    match std::fs::remove_dir_all(folder.join("plots")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(format!("plots: {error}")),
        _ => {}
    }
    write_campaign(rows, open, folder).map(drop).map_err(|error| error.to_string())
}

fn save(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), String> {
    let path = folder.join(name);
    std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// Tells how many runs ended how.
pub(super) fn tell(rows: &[Row]) {
    let of = |verdict| rows.iter().filter(|row| row.verdict == verdict && !row.diverged).count();
    say(format_args!(
        "{} runs: {} passed, {} violated, {} inconclusive, {} nondeterministic",
        rows.len(),
        of(Verdict::Pass),
        of(Verdict::Violated),
        of(Verdict::Inconclusive),
        rows.iter().filter(|row| row.diverged).count(),
    ));
}

/// What must be reached in some run of a scenario and was reached in none, a sentence each.
pub(in crate::cli) fn never_reached_by(plan: &Plan, rows: &[Row]) -> Vec<String> {
    let reached: BTreeSet<(&str, &str)> = rows
        .iter()
        .flat_map(|row| row.reached.iter().map(|name| (row.scenario.as_str(), name.as_str())))
        .collect();
    let wanted = plan.sometimes();
    let wanted = wanted
        .iter()
        .flat_map(|(scenario, names)| names.iter().map(move |name| (scenario.as_str(), name.as_str())));
    wanted
        .filter(|pair| !reached.contains(pair))
        .map(|(scenario, name)| format!("{scenario}: {name} was never reached in any of the runs."))
        .collect()
}

fn timings(entries: &[Entry]) -> String {
    let mut times: Vec<(&str, u64)> =
        entries.iter().map(|entry| (entry.row.run.as_str(), entry.wall_ms)).collect();
    times.sort_unstable();
    times.iter().fold("run,wall_ms\n".to_owned(), |mut text, (run, wall_ms)| {
        let _ = writeln!(text, "{run},{wall_ms}");
        text
    })
}
