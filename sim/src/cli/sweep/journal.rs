//! The rows of a sweep on disk: one JSON line for each finished run, appended as it ends.
//!
//! ```text
//! DIR/rows/all.jsonl       of an undivided sweep
//! DIR/rows/3-of-16.jsonl   of a shard
//! ```
//!
//! A kill loses the runs in flight and at most leaves half a line at the end, which the next start cuts off. Other
//! damage is an error with its line, for what can't be read might be a violation.

use bitcraps_reports::Row;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The version of the lines.
pub(super) const FORMAT: u32 = 1;

/// What a sweep is: with it all its runs can be made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Sweep {
    pub(in crate::cli) format: u32,
    /// The program that made the rows.
    pub(in crate::cli) version: String,
    /// The digest of the sources that it is built of (build.rs).
    pub(in crate::cli) sources: String,
    pub(in crate::cli) world: String,
    /// The scenario files: as they were named, and their texts.
    pub(in crate::cli) files: BTreeMap<String, String>,
    /// What the command line set, and which seeds it gave, if any.
    pub(in crate::cli) set: Vec<(String, String)>,
    pub(in crate::cli) seed: Option<u64>,
    pub(in crate::cli) seeds: Option<(u64, u64)>,
}

/// The digest of this program's sources.
pub(in crate::cli) const SOURCES: &str = env!("BITCRAPS_SOURCES");

/// A finished run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Entry {
    pub(in crate::cli) row: Row,
    /// Real time that it took: kept apart from the row, since it is never twice the same.
    pub(in crate::cli) wall_ms: u64,
    /// Whether it was run twice and the traces were compared.
    pub(in crate::cli) twice: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Sweep(Sweep),
    Run(Box<Entry>),
}

/// All that a folder has.
#[derive(Default)]
pub(in crate::cli) struct Kept {
    /// What is said of the sweep; the last word of each file.
    pub(in crate::cli) sweeps: Vec<(PathBuf, Sweep)>,
    pub(in crate::cli) entries: Vec<Entry>,
}

impl Sweep {
    /// Why a run of the one may not be the same run of the other, if so: other sources.
    pub(in crate::cli) fn made_elsewhere(&self, other: &Sweep) -> Option<String> {
        let made_by = |sweep: &Sweep| {
            let sources = sweep.sources.get(..16).unwrap_or(&sweep.sources);
            format!("{} of the sources {sources}", sweep.version)
        };
        (self.sources != other.sources)
            .then(|| format!("made by {}, not by {}", made_by(self), made_by(other)))
    }
}

/// Reads all rows of a folder; one without any has none.
pub(in crate::cli) fn read(folder: &Path) -> Result<Kept, String> {
    let mut kept = Kept::default();
    let rows = folder.join("rows");
    let entries = match fs::read_dir(&rows) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(kept),
        Err(error) => return Err(format!("{}: {error}", rows.display())),
    };
    let files: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut files = files.map_err(|error| format!("{}: {error}", rows.display()))?;
    files.retain(|file| file.extension().is_some_and(|end| end == "jsonl"));
    files.sort();
    for file in files {
        read_file(&file, &mut kept)?;
    }
    Ok(kept)
}

/// Reads one file of rows.
pub(in crate::cli) fn read_file(file: &Path, kept: &mut Kept) -> Result<(), String> {
    let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut sweep = None;
    let lines = whole(&bytes).split(|byte| *byte == b'\n');
    for (number, line) in (1..).zip(lines).filter(|(_, line)| !line.is_empty()) {
        let read = serde_json::from_slice(line);
        match read.map_err(|error| format!("{}:{number}: not a row of a sweep: {error}", file.display()))? {
            Line::Sweep(said) if said.format != FORMAT => {
                return Err(format!("{}: the format is {}, not {FORMAT}", file.display(), said.format));
            }
            Line::Sweep(said) => sweep = Some(said),
            Line::Run(entry) => kept.entries.push(*entry),
        }
    }
    kept.sweeps.extend(sweep.map(|sweep| (file.to_owned(), sweep)));
    Ok(())
}

/// The lines that were written to their ends.
fn whole(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    &bytes[..end]
}

/// Writes a folder's rows as one file, for a merged sweep. The file is there whole or not at all.
pub(in crate::cli) fn write(folder: &Path, sweep: &Sweep, entries: &[Entry]) -> io::Result<()> {
    let mut text = line(&Line::Sweep(sweep.clone()));
    entries.iter().for_each(|entry| text.extend(line(&Line::Run(Box::new(entry.clone())))));
    let rows = folder.join("rows");
    fs::create_dir_all(&rows)?;
    let part = rows.join("all.jsonl.part");
    fs::write(&part, text)?;
    fs::rename(part, rows.join("all.jsonl"))
}

fn line(line: &Line) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(line).expect("plain data has JSON");
    bytes.push(b'\n');
    bytes
}

/// A file of rows that this process alone writes.
pub(super) struct Journal {
    path: PathBuf,
    file: Mutex<File>,
}

impl Journal {
    /// Opens the file of a shard, cuts off half a line at its end, and says in it what is written next.
    pub(super) fn open(folder: &Path, name: &str, sweep: &Sweep) -> Result<Journal, String> {
        let path = folder.join("rows").join(format!("{name}.jsonl"));
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        fs::create_dir_all(folder.join("rows")).map_err(failed)?;
        let options = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let mut file = options.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(format!("{}: another process is at this part of the sweep", path.display()));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let bytes = fs::read(&path).map_err(failed)?;
        file.set_len(whole(&bytes).len() as u64).map_err(failed)?;
        file.write_all(&line(&Line::Sweep(sweep.clone()))).map_err(failed)?;
        Ok(Journal { path, file: Mutex::new(file) })
    }

    /// Appends a finished run.
    pub(super) fn append(&self, entry: Entry) -> Result<(), String> {
        let bytes = line(&Line::Run(Box::new(entry)));
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let written = file.write_all(&bytes).and_then(|()| file.sync_data());
        written.map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep() -> Sweep {
        Sweep {
            format: FORMAT,
            version: "1".into(),
            sources: "x".into(),
            world: "lab".into(),
            files: BTreeMap::new(),
            set: Vec::new(),
            seed: None,
            seeds: Some((0, 4)),
        }
    }

    fn entry(seed: u64) -> Entry {
        Entry { row: Row { run: format!("{seed:032}"), seed, ..Row::default() }, wall_ms: 3, twice: false }
    }

    #[test]
    fn half_a_line_at_the_end_is_a_run_that_was_not_finished() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path(), "all", &sweep()).unwrap();
        journal.append(entry(1)).unwrap();
        journal.append(entry(2)).unwrap();
        drop(journal);
        let path = folder.path().join("rows/all.jsonl");
        let bytes = fs::read(&path).unwrap();
        let second = whole(&bytes[..bytes.len() - 1]).len();
        for cut in second..bytes.len() {
            fs::write(&path, &bytes[..cut]).unwrap();
            assert_eq!(read(folder.path()).unwrap().entries, [entry(1)], "cut at {cut}");
        }
        let journal = Journal::open(folder.path(), "all", &sweep()).unwrap();
        journal.append(entry(3)).unwrap();
        assert_eq!(read(folder.path()).unwrap().entries, [entry(1), entry(3)]);
    }

    #[test]
    fn damage_elsewhere_is_an_error_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &sweep(), &[entry(1), entry(2)]).unwrap();
        let path = folder.path().join("rows/all.jsonl");
        let text = fs::read_to_string(&path).unwrap().replacen("wall_ms", "wall", 1);
        fs::write(&path, text).unwrap();
        let error = read(folder.path()).err().unwrap();
        assert!(error.contains("all.jsonl:2: not a row of a sweep"), "{error}");
    }

    #[test]
    fn one_process_at_a_time_writes_a_part() {
        let folder = tempfile::tempdir().unwrap();
        let first = Journal::open(folder.path(), "1-of-2", &sweep()).unwrap();
        let error = Journal::open(folder.path(), "1-of-2", &sweep()).err().unwrap();
        assert!(error.contains("another process"), "{error}");
        Journal::open(folder.path(), "2-of-2", &sweep()).unwrap();
        drop(first);
        Journal::open(folder.path(), "1-of-2", &sweep()).unwrap();
    }
}
