//! `sweep`: the points of scenario files × seeds, of which only those are run that the folder does not have yet.
//!
//! ```text
//! DIR/rows/*.jsonl     the finished runs, appended as they end (`journal`)
//! DIR/runs/…           the folder of each run that did not pass
//! DIR/index.csv        what `outputs` makes of the rows when all are there
//! DIR/index.parquet
//! DIR/index.html, plots/
//! DIR/timings.csv      how long each run took: never twice the same, so it is not in the index
//! ```

pub(super) mod gather;
pub(super) mod journal;
mod merge;
pub(super) mod outputs;
pub(super) mod plan;
mod shard;

pub(super) use merge::merge;
pub(super) use shard::{ShardArgument, argument as shard};

use super::campaign::{code_of, worst};
use super::output::word;
use super::run::{OF_RUNS, bar, threads};
use super::say::say;
use super::{SweepArgs, elsewhere, exit, store, workers};
use crate::run::{self, Depth, Examined};
use crate::scenario::Point;
use bitcraps_reports::{Row, Verdict};
use bitcraps_types::Digest;
use journal::{Entry, Journal, Sweep};
use plan::{Plan, Run};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Runs what is missing; gives the exit code of the worst of all runs of this shard, those of earlier calls included.
pub(super) fn sweep(args: &SweepArgs) -> u8 {
    if elsewhere::is_place_of(args.world) {
        return elsewhere::go();
    }
    let plan = match Plan::new(args) {
        Ok(plan) => plan,
        Err(code) => return code,
    };
    swept(args, &plan).unwrap_or_else(|(code, error)| {
        eprintln!("error: {error}");
        code
    })
}

type Failed = (u8, String);

fn swept(args: &SweepArgs, plan: &Plan) -> Result<u8, Failed> {
    let shard = match args.shard {
        None => None,
        Some(ShardArgument::Given(shard)) => Some(shard),
        Some(ShardArgument::Auto) => {
            let shard = shard::of_environment(|name| std::env::var(name).ok());
            Some(shard.map_err(|error| (exit::USAGE, error))?)
        }
    };
    let folder = match (&args.out, plan.only_name()) {
        (Some(out), _) => out.clone(),
        (None, Some(name)) => Path::new("sweeps").join(name),
        (None, None) => {
            return Err((exit::USAGE, "a sweep of several files needs a folder: --out DIR".into()));
        }
    };
    let io = |error: String| (exit::IO, error);
    let kept = journal::read(&folder).map_err(io)?;
    let elsewhere = |(path, had): &(PathBuf, Sweep)| Some((path.clone(), had.made_elsewhere(&plan.sweep)?));
    if let Some((path, why)) = kept.sweeps.iter().find_map(elsewhere) {
        let path = path.display();
        return Err((
            exit::USAGE,
            format!("{path}: {why}: give another folder with --out, or remove this one"),
        ));
    }
    let mine: Vec<&Run> =
        plan.runs.iter().filter(|run| shard.is_none_or(|shard| shard.has(&run.id))).collect();
    let parts = [(folder.clone(), kept)];
    let had = gather::of_plan(plan, &parts)?;
    let missing = |run: &&Run| {
        let had = had.get(&run.id.to_string());
        had.is_none_or(|(entry, _)| args.verify && !entry.twice)
    };
    let missing: Vec<&Run> = mine.iter().copied().filter(missing).collect();
    let all = match shard {
        Some(shard) => format!("shard {shard} has {} of {} runs", mine.len(), plan.runs.len()),
        None => format!("{} runs", mine.len()),
    };
    say(format_args!("{all}, {} of them here already", mine.len() - missing.len()));
    let name = shard.map_or_else(|| "all".to_owned(), |shard| shard.to_string());
    let journal = Journal::open(&folder, &name, &plan.sweep).map_err(io)?;
    let progress = bar(missing.len() as u64, OF_RUNS, true);
    let job = |run: &&Run| {
        let done = catch_unwind(AssertUnwindSafe(|| examine(args, plan, run, &folder)));
        let kept = match done {
            Ok(Ok(entry)) => {
                let bad = entry.row.diverged || entry.row.verdict != Verdict::Pass;
                if bad {
                    progress.suspend(|| say(in_a_line(&entry.row)));
                }
                journal.append(entry).map_err(io)
            }
            Ok(Err(error)) => Err(io(error)),
            Err(_) => Err((exit::INTERNAL, format!("the testbed panicked\nREPRO {}", plan.command(run)))),
        };
        progress.inc(1);
        kept
    };
    let ended = workers::work(&missing, threads(args.world, args.jobs), |run| plan.command(run), job, &|| ());
    progress.finish_and_clear();
    let failures: Vec<Failed> = ended.into_iter().filter_map(Result::err).collect();
    if let Some(first) = failures.iter().max_by_key(|(code, _)| *code == exit::INTERNAL) {
        failures.iter().for_each(|(_, error)| eprintln!("error: {error}"));
        return Err((first.0, format!("{} of {} runs were not finished", failures.len(), missing.len())));
    }
    let parts = [(folder.clone(), journal::read(&folder).map_err(io)?)];
    let mut runs = gather::of_plan(plan, &parts)?;
    let ids: BTreeSet<String> = mine.iter().map(|run| run.id.to_string()).collect();
    runs.retain(|id, _| ids.contains(id));
    let entries: Vec<Entry> = runs.into_values().map(|(entry, _)| entry).collect();
    match shard {
        None => outputs::write(&folder, plan, entries).map_err(io),
        Some(_) => {
            let rows: Vec<Row> = entries.into_iter().map(|entry| entry.row).collect();
            outputs::tell(&rows);
            say(format_args!(
                "then   bitcraps-sim merge {} [FOLDERS OF THE OTHER SHARDS] --out DIR",
                folder.display()
            ));
            Ok(worst(rows.iter().map(|row| code_of(row.diverged, row.verdict))))
        }
    }
}

/// Runs once, or twice to compare; a run that did not pass leaves its folder.
fn examine(args: &SweepArgs, plan: &Plan, run: &Run, folder: &Path) -> Result<Entry, String> {
    let point = plan.point(run);
    let depth = if args.verify { Depth::Twice } else { Depth::Once };
    let examined =
        run::examine_failures_closely(&point.scenario, args.world, run.seed, depth, &plan.command(run));
    let diverged = examined.divergence.is_some();
    let outcome = &examined.outcome;
    let report = if diverged || outcome.record.verdict != Verdict::Pass {
        let place = store::write(&folder.join("runs"), &point.scenario, &examined, true)?;
        let place: PathBuf = place.strip_prefix(folder).unwrap_or(&place).join("report.html");
        place.display().to_string()
    } else {
        String::new()
    };
    let row = row_of(&run.id, point, &examined, report);
    Ok(Entry { row, wall_ms: outcome.record.manifest.wall_ms, twice: examined.twice })
}

/// What the index says of a run, whose page is at `report` if it has one.
pub(super) fn row_of(run: &Digest, point: &Point, examined: &Examined, report: String) -> Row {
    let outcome = &examined.outcome;
    Row {
        run: run.to_string(),
        point: point.values.clone(),
        height: outcome.height,
        diverged: examined.divergence.is_some(),
        reached: outcome.reached.iter().map(|sometimes| sometimes.name().to_owned()).collect(),
        report,
        ..Row::of(&outcome.record)
    }
}

/// A run that did not pass.
fn in_a_line(row: &Row) -> String {
    let point: String = row.point.iter().map(|(key, value)| format!(" {key}={value}")).collect();
    let what = if row.diverged { "NONDETERMINISM" } else { word(row.verdict) };
    let why: Vec<&str> = row.violated.iter().chain(&row.unjudged).map(String::as_str).collect();
    let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
    format!("{what:13} {} seed {}{point}{why}\n  REPRO {}", row.scenario, row.seed, row.command)
}
