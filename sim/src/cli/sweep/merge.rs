//! `merge`: the rows of some folders, shards of one sweep mostly, as one.

use super::Failed;
use super::journal::{self, Entry, Sweep};
use super::outputs;
use crate::cli::exit;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes into `out` what an undivided sweep would have written; gives the exit code of the worst run.
pub(in crate::cli) fn merge(folders: &[PathBuf], out: &Path) -> u8 {
    merged(folders, out).unwrap_or_else(|(code, error)| {
        eprintln!("error: {error}");
        code
    })
}

fn merged(folders: &[PathBuf], out: &Path) -> Result<u8, Failed> {
    let io = |error: String| (exit::IO, error);
    let mut all: Option<(PathBuf, Sweep)> = None;
    let mut entries: BTreeMap<String, (Entry, &Path)> = BTreeMap::new();
    for folder in folders {
        let kept = journal::read(folder).map_err(io)?;
        if kept.sweeps.is_empty() {
            return Err(io(format!("{}: no rows of a sweep (rows/*.jsonl)", folder.display())));
        }
        for (path, sweep) in kept.sweeps {
            match &mut all {
                None => all = Some((path, sweep)),
                Some((first, one)) => {
                    if let Some(why) = sweep.differs(one) {
                        let (path, first) = (path.display(), first.display());
                        return Err((
                            exit::USAGE,
                            format!("{path}: {why} as {first}; `compare` sets two builds side by side"),
                        ));
                    }
                    one.take_in(sweep);
                }
            }
        }
        for entry in kept.entries {
            take(&mut entries, entry, folder)?;
        }
    }
    let Some((_, sweep)) = all else { return Err((exit::USAGE, "no folder to merge".into())) };
    two_of_one(entries.values().map(|(entry, _)| entry))?;
    for (entry, folder) in entries.values().filter(|(entry, _)| !entry.row.report.is_empty()) {
        bring(&entry.row.report, folder, out).map_err(io)?;
    }
    let entries: Vec<Entry> = entries.into_values().map(|(entry, _)| entry).collect();
    journal::write(out, &sweep, &entries).map_err(|error| io(format!("{}: {error}", out.display())))?;
    outputs::write(out, &sweep, entries).map_err(io)
}

/// Adds a run. One that two machines made must be the same on both, but for its time.
fn take<'a>(
    entries: &mut BTreeMap<String, (Entry, &'a Path)>,
    entry: Entry,
    folder: &'a Path,
) -> Result<(), Failed> {
    let Some((had, other)) = entries.get_mut(&entry.row.run) else {
        entries.insert(entry.row.run.clone(), (entry, folder));
        return Ok(());
    };
    if had.row.trace_hash != entry.row.trace_hash {
        let (row, folder, other) = (&entry.row, folder.display(), other.display());
        let traces = format!("{} in {folder}, {} in {other}", row.trace_hash, had.row.trace_hash);
        return Err((
            exit::NONDETERMINISTIC,
            format!("one run has two traces: {traces}\nREPRO {}", row.command),
        ));
    }
    had.wall_ms = had.wall_ms.min(entry.wall_ms);
    had.row.diverged |= entry.row.diverged;
    Ok(())
}

/// Refuses two versions of a scenario under one name: the same point and seed, yet not the same run.
fn two_of_one<'a>(entries: impl Iterator<Item = &'a Entry>) -> Result<(), Failed> {
    let mut seen = BTreeMap::new();
    for Entry { row, .. } in entries {
        if seen.insert((&row.scenario, &row.point, row.seed, &row.world), &row.run).is_some() {
            let (name, seed) = (&row.scenario, row.seed);
            let error = format!(
                "two versions of the scenario {name} are in these folders (seed {seed}): merge those of one"
            );
            return Err((exit::USAGE, error));
        }
    }
    Ok(())
}

/// Copies the folder of a run whose page is at `report`.
fn bring(report: &str, from: &Path, to: &Path) -> Result<(), String> {
    let Some(place) = Path::new(report).parent() else { return Ok(()) };
    let (from, to) = (from.join(place), to.join(place));
    if to.exists() || !from.exists() {
        return Ok(());
    }
    copy(&from, &to).map_err(|error| format!("{}: {error}", from.display()))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
