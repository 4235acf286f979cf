//! What folders have of a sweep: each of its runs once, and nothing else that lies there.

use super::Failed;
use super::journal::{Entry, Kept, Sweep};
use super::plan::Plan;
use crate::cli::exit;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Runs by their ids, each with the folder that it is in.
pub(in crate::cli) type Runs<'a> = BTreeMap<String, (Entry, &'a Path)>;

/// The sweep that folders are parts of, and its runs that are there.
pub(in crate::cli) fn gather(parts: &[(PathBuf, Kept)]) -> Result<(Plan, Runs<'_>), Failed> {
    let mut all: Option<(&Path, &Sweep)> = None;
    for (path, sweep) in parts.iter().flat_map(|(_, kept)| &kept.sweeps) {
        let Some((first, one)) = all else {
            all = Some((path, sweep));
            continue;
        };
        let otherwise =
            (one != sweep).then(|| "of other files, settings or seeds, or of another world".to_owned());
        if let Some(why) = sweep.made_elsewhere(one).or(otherwise) {
            return Err((
                exit::USAGE,
                format!("{} is no part of what {} is: {why}", path.display(), first.display()),
            ));
        }
    }
    let Some((_, sweep)) = all else {
        let names: Vec<String> = parts.iter().map(|(folder, _)| folder.display().to_string()).collect();
        return Err((exit::IO, format!("{}: no rows of a sweep (rows/*.jsonl)", names.join(", "))));
    };
    let plan = Plan::of(sweep.clone())
        .map_err(|code| (code, "the scenario files of these rows are not for this program".to_owned()))?;
    let runs = of_plan(&plan, parts)?;
    Ok((plan, runs))
}

/// The runs of a plan that are in folders. Rows of what the sweep was before it changed stay where they are.
pub(super) fn of_plan<'a>(plan: &Plan, parts: &'a [(PathBuf, Kept)]) -> Result<Runs<'a>, Failed> {
    let ids = plan.ids();
    let mut runs = Runs::new();
    for (folder, kept) in parts {
        for entry in kept.entries.iter().filter(|entry| ids.contains(&entry.row.run)) {
            match runs.get_mut(&entry.row.run) {
                None => _ = runs.insert(entry.row.run.clone(), (entry.clone(), folder)),
                Some((had, _)) if had.row.trace_hash.is_empty() => keep_one(had, entry),
                Some((had, place)) => {
                    if !join(had, entry, place, folder) {
                        return Err((exit::NONDETERMINISTIC, two_outcomes(had, entry)));
                    }
                }
            }
        }
    }
    Ok(runs)
}

/// Of two real runs, which are never the same, the same one in whatever order they come.
fn keep_one(had: &mut Entry, entry: &Entry) {
    let text = |entry: &Entry| serde_json::to_string(&entry.row).expect("plain data has JSON");
    if text(entry) < text(had) {
        *had = entry.clone();
    }
}

/// Joins what two machines say of one run. Whether it came out the same on both.
fn join<'a>(had: &mut Entry, entry: &Entry, place: &mut &'a Path, folder: &'a Path) -> bool {
    let outcome = |entry: &Entry| {
        let mut row = entry.row.clone();
        row.diverged = false;
        row.report.clear();
        row
    };
    if outcome(had) != outcome(entry) {
        return false;
    }
    if entry.row.report > had.row.report {
        had.row.report.clone_from(&entry.row.report);
        *place = folder;
    }
    had.row.diverged |= entry.row.diverged;
    had.twice |= entry.twice;
    had.wall_ms = had.wall_ms.min(entry.wall_ms);
    true
}

fn two_outcomes(one: &Entry, other: &Entry) -> String {
    let (a, b) = (&one.row, &other.row);
    let what = if a.trace_hash == b.trace_hash {
        format!("with one trace, {}", a.trace_hash)
    } else {
        format!("with the traces {} and {}", a.trace_hash, b.trace_hash)
    };
    format!("one run has two outcomes, {what}\nREPRO {}", a.command)
}
