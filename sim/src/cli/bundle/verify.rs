//! Checks a bundle: its runs are all runs of its sweep, they run again to the same traces, and of them every file comes
//! out the same, byte for byte.

use super::{Bundle, FORMAT, Failed, ROOT, SOURCES, assemble, digests};
use crate::cli::run::{OF_RUNS, bar, threads};
use crate::cli::say::say;
use crate::cli::sweep::gather::gather;
use crate::cli::sweep::journal::{self, Entry, Kept};
use crate::cli::sweep::plan::{Plan, Run};
use crate::cli::sweep::row_of;
use crate::cli::{elsewhere, exit, workers};
use crate::run::{self, Depth};
use crate::scenario::World;
use bitcraps_reports::Row;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, Read as _};
use std::path::{Component, Path};

/// The most bytes that a bundle may unpack to.
const MOST_BYTES: u64 = 8 << 30;

/// Checks a bundle. Exit codes: 0 all of it is reproduced; 1 a claim does not hold; 3 a run or a file came out otherwise;
/// 65 this is no bundle.
pub(in crate::cli) fn verify(file: &Path, sample: Option<u64>, jobs: usize) -> u8 {
    verified(file, sample, jobs).unwrap_or_else(|(code, error)| {
        eprintln!("error: {error}");
        code
    })
}

fn verified(file: &Path, sample: Option<u64>, jobs: usize) -> Result<u8, Failed> {
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
    if bundle.sources != SOURCES {
        eprintln!("note: made of the sources {}; this program is built of {SOURCES}", bundle.sources);
    }
    let parts = [(theirs.clone(), journal::read(&theirs).map_err(bad)?)];
    let (plan, runs) = gather(&parts)?;
    if elsewhere::is_place_of(plan.world) {
        return Ok(elsewhere::go());
    }
    if plan.world == World::Cluster {
        return Err(bad("its runs were made by real daemons, which do not repeat".to_owned()));
    }
    let entries: Vec<Entry> = runs.into_values().map(|(entry, _)| entry).collect();
    if entries.len() != plan.runs.len() || parts[0].1.entries.len() != entries.len() {
        let (has, of) = (parts[0].1.entries.len(), plan.runs.len());
        return Err(bad(format!(
            "it has {has} rows; its sweep is of {of} runs: something was left out or added"
        )));
    }
    say(format_args!("rows       {} runs, all that the sweep has", entries.len()));
    let (same_runs, tried) = again(&plan, &entries, sample, jobs);
    let claims = fs::read_to_string(theirs.join("claims.yaml")).ok();
    let total = entries.len();
    let hold = assemble(&ours, &plan, entries, claims.as_deref().map(|text| ("claims.yaml", text)))?;
    let same_files = files(&ours, &theirs).map_err(bad)?;
    let code = match (same_runs && same_files, hold) {
        (false, _) => exit::NONDETERMINISTIC,
        (true, false) => exit::VIOLATED,
        (true, true) => exit::PASS,
    };
    say(match code {
        exit::PASS if tried < total => format!("REPRODUCED, of the runs a sample: {tried} of {total}"),
        exit::PASS => "REPRODUCED".to_owned(),
        _ => "NOT REPRODUCED".to_owned(),
    });
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
    let mut reader = std::io::BufReader::new(open);
    if reader.fill_buf().map_err(|error| error.to_string())?.starts_with(&[0x1f, 0x8b]) {
        return Err("this is packed with gzip: gunzip it first".to_owned());
    }
    let mut tar = tar::Archive::new(reader);
    let mut left = MOST_BYTES;
    for entry in tar.entries().map_err(|error| error.to_string())? {
        let mut entry = entry.map_err(|error| error.to_string())?;
        if entry.header().entry_type().is_dir() {
            continue;
        }
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

/// Runs the runs again, or so many of them, evenly chosen: whether each came out the same, and how many that were.
fn again(plan: &Plan, entries: &[Entry], sample: Option<u64>, jobs: usize) -> (bool, usize) {
    let planned: BTreeMap<String, &Run> = plan.runs.iter().map(|run| (run.id.to_string(), run)).collect();
    let all: Vec<(&Row, &Run)> =
        entries.iter().filter_map(|entry| Some((&entry.row, *planned.get(&entry.row.run)?))).collect();
    let count = sample.and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX).min(all.len());
    let chosen: Vec<(&Row, &Run)> = (0..count).map(|at| all[at * all.len() / count]).collect();
    let progress = bar(count as u64, OF_RUNS, true);
    let job = |(row, run): &(&Row, &Run)| {
        let difference = difference(plan, row, run);
        if let Some(what) = &difference {
            progress.suspend(|| say(format_args!("DIFFERS    {what}\n  REPRO {}", plan.command(run))));
        }
        progress.inc(1);
        difference.is_none()
    };
    let repro = |(_, run): &(&Row, &Run)| plan.command(run);
    let same = workers::work(&chosen, threads(plan.world, jobs), repro, job, &|| ());
    progress.finish_and_clear();
    let same = same.iter().filter(|same| **same).count();
    say(format_args!("runs       {same} of {count} run again to the same trace, bit for bit"));
    (same == count, count)
}

/// Runs a run again. What differs, if anything does.
fn difference(plan: &Plan, row: &Row, run: &Run) -> Option<String> {
    let point = plan.point(run);
    let examined = run::examine(&point.scenario, plan.world, run.seed, Depth::Once, &plan.command(run));
    let mine = Row { diverged: row.diverged, ..row_of(&run.id, point, &examined, String::new()) };
    if mine == *row {
        return None;
    }
    let (name, seed) = (&point.scenario.name, run.seed);
    Some(if mine.trace_hash == row.trace_hash {
        format!("{name} seed {seed}: the trace is the same, but not what the row says of it")
    } else {
        format!("{name} seed {seed}: the trace is {}, not {}", mine.trace_hash, row.trace_hash)
    })
}

/// Whether the files that the runs make are those of the bundle, and there are no others.
fn files(ours: &Path, theirs: &Path) -> Result<bool, String> {
    let (made, given) = (digests(ours)?, digests(theirs)?);
    let names: std::collections::BTreeSet<&String> = made.keys().chain(given.keys()).collect();
    let other: Vec<&&String> = names.iter().filter(|name| made.get(**name) != given.get(**name)).collect();
    other.iter().for_each(|name| say(format_args!("DIFFERS    {name}")));
    say(format_args!(
        "files      {} of {} made again to the same bytes",
        names.len() - other.len(),
        names.len()
    ));
    Ok(other.is_empty())
}
