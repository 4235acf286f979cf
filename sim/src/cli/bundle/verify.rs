//! Checks a bundle: its files are whole, its runs run again to the same traces, its documents come out the same, its
//! claims hold.

use super::{Bundle, FORMAT, ROOT, SOURCES, claims, digests, judge};
use crate::cli::run::{OF_RUNS, bar, threads};
use crate::cli::say::say;
use crate::cli::sweep::journal::{self, Entry, Kept, Sweep};
use crate::cli::sweep::{outputs, plan, row_of};
use crate::cli::{exit, store, workers};
use crate::run::{self, Depth};
use crate::scenario::{self, Point, World};
use bitcraps_reports::{Row, index};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Component, Path};

/// The most bytes that a bundle may unpack to.
const MOST_BYTES: u64 = 8 << 30;

type Failed = (u8, String);

/// Checks a bundle. Exit codes: 0 all of it is reproduced; 1 a claim does not hold; 3 a run or a document came out
/// otherwise; 65 this is no bundle.
pub(in crate::cli) fn verify(file: &Path, sample: Option<usize>, jobs: usize) -> u8 {
    verified(file, sample, jobs).unwrap_or_else(|(code, error)| {
        eprintln!("error: {error}");
        code
    })
}

fn verified(file: &Path, sample: Option<usize>, jobs: usize) -> Result<u8, Failed> {
    let bad = |error: String| (exit::BAD_SCENARIO, format!("{}: {error}", file.display()));
    let io = |error: std::io::Error| (exit::IO, format!("{}: {error}", file.display()));
    let work = tempfile::tempdir().map_err(io)?;
    let (theirs, ours) = (work.path().join("theirs"), work.path().join("ours"));
    unpack(file, &theirs).map_err(bad)?;
    let text = fs::read_to_string(theirs.join("bundle.json"))
        .map_err(|error| bad(format!("bundle.json: {error}")))?;
    let bundle: Bundle = serde_json::from_str(&text).map_err(|error| bad(format!("bundle.json: {error}")))?;
    if bundle.format != FORMAT {
        return Err(bad(format!("bundle.json: the format is {}, not {FORMAT}", bundle.format)));
    }
    let mut found = digests(&theirs).map_err(bad)?;
    found.remove("bundle.json");
    if let Some(name) = first_difference(&found, &bundle.files) {
        return Err(bad(format!("{name} is not what bundle.json says")));
    }
    say(format_args!("files      {} as bundle.json says", found.len()));
    if bundle.sources != SOURCES {
        eprintln!("note: made of the sources {}; this program is built of {SOURCES}", bundle.sources);
    }
    let kept = journal::read(&theirs).map_err(bad)?;
    let [(_, sweep)] = kept.sweeps.as_slice() else { return Err(bad("no rows of one sweep".into())) };
    let mut rows: Vec<Row> = kept.entries.iter().map(|entry| entry.row.clone()).collect();
    index::sort(&mut rows);
    let same_runs = again(sweep, &kept.entries, sample, jobs)?;
    fs::create_dir_all(&ours).map_err(io)?;
    outputs::documents(&ours, &rows).map_err(bad)?;
    let same_documents = documents(&ours, &theirs).map_err(bad)?;
    let hold = match fs::read_to_string(theirs.join("claims.yaml")) {
        Ok(text) => {
            say("claims");
            judge(&claims::read("claims.yaml", &text).map_err(bad)?, &rows).map_err(bad)?.1
        }
        Err(_) => true,
    };
    let code = match (same_runs && same_documents, hold) {
        (false, _) => exit::NONDETERMINISTIC,
        (true, false) => exit::VIOLATED,
        (true, true) => exit::PASS,
    };
    say(if code == exit::PASS { "REPRODUCED" } else { "NOT REPRODUCED" });
    Ok(code)
}

/// The runs that a bundle says there were; nothing of it is checked.
pub(in crate::cli) fn read(file: &Path) -> Result<Kept, String> {
    let place = tempfile::tempdir().map_err(|error| error.to_string())?;
    unpack(file, place.path()).map_err(|error| format!("{}: {error}", file.display()))?;
    journal::read(place.path())
}

/// Unpacks what lies in the study's folder, and refuses all else.
fn unpack(file: &Path, to: &Path) -> Result<(), String> {
    let open = fs::File::open(file).map_err(|error| error.to_string())?;
    let mut tar = tar::Archive::new(std::io::BufReader::new(open));
    let mut left = MOST_BYTES;
    for entry in tar.entries().map_err(|error| error.to_string())? {
        let mut entry = entry.map_err(|error| error.to_string())?;
        let path = entry.path().map_err(|error| error.to_string())?.into_owned();
        let name = path.strip_prefix(ROOT).ok().filter(|name| {
            name.components().all(|part| matches!(part, Component::Normal(_)))
                && entry.header().entry_type().is_file()
        });
        let name = name.ok_or_else(|| format!("{} is no file of a bundle", path.display()))?;
        left = left.checked_sub(entry.size()).ok_or_else(|| format!("more than {MOST_BYTES} bytes"))?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        let place = to.join(name);
        let folder = place.parent().expect("a file lies in a folder");
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&place, bytes));
        written.map_err(|error| format!("{}: {error}", name.display()))?;
    }
    Ok(())
}

/// The first name of which the one says otherwise than the other.
fn first_difference<'a>(
    a: &'a BTreeMap<String, String>,
    b: &'a BTreeMap<String, String>,
) -> Option<&'a String> {
    a.keys().chain(b.keys()).find(|name| a.get(*name) != b.get(*name))
}

/// Runs the runs again, or so many of them, evenly chosen; whether each came out the same.
fn again(sweep: &Sweep, entries: &[Entry], sample: Option<usize>, jobs: usize) -> Result<bool, Failed> {
    let world = World::ALL.into_iter().find(|world| world.name() == sweep.world);
    let world = world.ok_or_else(|| (exit::BAD_SCENARIO, format!("no world `{}`", sweep.world)))?;
    let points = plan::points(&sweep.files, &sweep.set)
        .map_err(|code| (code, "the scenario files of the bundle are not for this program".to_owned()))?;
    let by_values: BTreeMap<_, _> =
        points.iter().map(|(file, point)| ((&point.scenario.name, &point.values), (file, point))).collect();
    let chosen = match sample {
        Some(count) if count < entries.len() => {
            (0..count).map(|at| &entries[at * entries.len() / count]).collect::<Vec<_>>()
        }
        _ => entries.iter().collect(),
    };
    let mut todo = Vec::new();
    for entry in chosen {
        let point = by_values.get(&(&entry.row.scenario, &entry.row.point)).ok_or_else(|| {
            (exit::BAD_SCENARIO, format!("no scenario of the bundle gives the run {}", entry.row.run))
        })?;
        todo.push((&entry.row, point.1));
    }
    let progress = bar(todo.len() as u64, OF_RUNS, true);
    let job = |(row, point): &(&Row, &Point)| {
        let difference = difference(row, point, world);
        if let Some(what) = &difference {
            progress.suspend(|| say(format_args!("DIFFERS    {what}\n  REPRO {}", row.command)));
        }
        progress.inc(1);
        difference.is_none()
    };
    let same = workers::work(&todo, threads(world, jobs), |(row, _)| row.command.clone(), job, &|| ());
    progress.finish_and_clear();
    let count = same.iter().filter(|same| **same).count();
    say(format_args!(
        "runs       {count} of {} the same, bit for bit ({} in the bundle)",
        todo.len(),
        entries.len()
    ));
    Ok(count == todo.len())
}

/// Runs a run again. What differs, if anything does.
fn difference(row: &Row, point: &Point, world: World) -> Option<String> {
    let id = store::id(&scenario::resolved(&point.scenario), row.seed, world.name());
    let examined = run::examine(&point.scenario, world, row.seed, Depth::Once, &row.command);
    let mine = Row { diverged: row.diverged, ..row_of(&id, point, &examined, String::new()) };
    if mine == *row {
        return None;
    }
    let (name, seed) = (&row.scenario, row.seed);
    Some(if mine.trace_hash == row.trace_hash {
        format!("{name} seed {seed}: the trace is the same, but not what was made of it")
    } else {
        format!("{name} seed {seed}: the trace is {}, not {}", mine.trace_hash, row.trace_hash)
    })
}

/// Whether the documents that the rows make are those of the bundle.
fn documents(ours: &Path, theirs: &Path) -> Result<bool, String> {
    let (made, given) = (digests(ours)?, digests(theirs)?);
    let other: Vec<&String> =
        made.iter().filter(|(name, digest)| given.get(*name) != Some(digest)).map(|(name, _)| name).collect();
    other.iter().for_each(|name| say(format_args!("DIFFERS    {name}")));
    say(format_args!("documents  {} of {} the same", made.len() - other.len(), made.len()));
    Ok(other.is_empty())
}
