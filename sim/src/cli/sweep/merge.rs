//! `merge`: what some folders have of one sweep, its shards mostly, in one.

use super::gather::gather;
use super::journal::{self, Entry, Kept};
use super::{Failed, outputs};
use crate::cli::exit;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Writes into `out` what an undivided sweep would have written; gives the exit code of the worst run.
pub(in crate::cli) fn merge(folders: &[PathBuf], out: &Path) -> u8 {
    merged(folders, out).unwrap_or_else(|(code, error)| {
        eprintln!("error: {error}");
        code
    })
}

fn merged(folders: &[PathBuf], out: &Path) -> Result<u8, Failed> {
    let io = |error: String| (exit::IO, error);
    let read = |folder: &PathBuf| -> Result<(PathBuf, Kept), Failed> {
        let kept = journal::read(folder).map_err(io)?;
        if kept.sweeps.is_empty() {
            return Err(io(format!("{}: no rows of a sweep (rows/*.jsonl)", folder.display())));
        }
        Ok((folder.clone(), kept))
    };
    let parts = folders.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let (plan, runs) = gather(&parts)?;
    let there = journal::read(out).map_err(io)?;
    if let Some((path, _)) = there.sweeps.iter().find(|(_, sweep)| *sweep != plan.sweep) {
        let error = format!("{}: this folder has another sweep: give another with --out", path.display());
        return Err((exit::USAGE, error));
    }
    for (entry, folder) in runs.values().filter(|(entry, _)| !entry.row.report.is_empty()) {
        bring(&entry.row.report, folder, out).map_err(io)?;
    }
    let entries: Vec<Entry> = runs.into_values().map(|(entry, _)| entry).collect();
    journal::write(out, &plan.sweep, &entries).map_err(|error| io(format!("{}: {error}", out.display())))?;
    outputs::write(out, &plan, entries).map_err(io)
}

/// Copies the folder of a run whose page is at `report`: below `runs`, and nowhere else, whatever the row says.
fn bring(report: &str, from: &Path, to: &Path) -> Result<(), String> {
    let place = Path::new(report).parent().filter(|place| {
        place.starts_with("runs") && place.components().all(|part| matches!(part, Component::Normal(_)))
    });
    let place = place.ok_or_else(|| format!("{}: `{report}` is no page of a run", from.display()))?;
    let (from, to) = (from.join(place), to.join(place));
    if to.exists() || !from.exists() {
        return Ok(());
    }
    copy(&from, &to).map_err(|error| format!("{}: {error}", from.display()))
}

/// Files and folders; no links.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
