//! `run` and `list`: files in, runs on all cores, verdicts out.

use super::campaign::{Campaign, FULL_REPORTS};
use super::check::check;
use super::elsewhere;
use super::finds::SCHEDULE;
use super::output::{Printer, complain};
use super::say::say;
use super::values::MOST_SEEDS;
use super::{CheckArgs, CheckFormat, Film, Format, RunArgs, exit, seeds, workers};
use crate::run::heartbeat;
use crate::scenario::{self, Diagnostic, Scenario, World};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Nanoseconds of virtual time.
const SECOND: u64 = 1_000_000_000;

/// One scenario file, parsed.
pub(super) struct Loaded {
    pub(super) file: PathBuf,
    pub(super) scenario: Scenario,
}

/// Runs scenarios; gives the exit code of the worst.
pub(super) fn run(args: &RunArgs) -> u8 {
    if elsewhere::is_place_of(args.world) {
        return elsewhere::go();
    }
    let loaded = match load(&args.files, &args.set) {
        Ok(loaded) => loaded,
        Err(code) => {
            if args.format == Format::Github && code == exit::BAD_SCENARIO {
                check(&CheckArgs { files: args.files.clone(), format: CheckFormat::Github });
            }
            return code;
        }
    };
    if let Some((first, second)) = of_one_name(&loaded) {
        let (one, name) = (first.file.display(), &first.scenario.name);
        eprintln!("error: {one} and {} are both named `{name}`", second.file.display());
        eprintln!(
            "  folders, summaries and JUnit suites go by the name: change `name:` in one, or run them one by one"
        );
        return exit::BAD_SCENARIO;
    }
    let runs = loaded.iter().map(|loaded| seeds::count(args, &loaded.scenario));
    let runs = runs.fold(0u64, u64::saturating_add);
    if runs > MOST_SEEDS {
        eprintln!("error: {runs} runs in one call; at most {MOST_SEEDS}: give a part with `--seeds A..B`");
        return exit::USAGE;
    }
    if args.film == Film::All && runs > FULL_REPORTS as u64 {
        eprintln!(
            "error: {runs} runs with `--film all`; at most {FULL_REPORTS}: give a part with `--seeds A..B`"
        );
        return exit::USAGE;
    }
    if args.film == Film::All && args.world == World::Cluster {
        eprintln!("error: `--film all` with `--on cluster`: messages between real daemons are not filmed");
        return exit::USAGE;
    }
    let jobs: Vec<(usize, u64)> = loaded
        .iter()
        .enumerate()
        .flat_map(|(index, loaded)| {
            seeds::of(args, &loaded.scenario).into_iter().map(move |seed| (index, seed))
        })
        .collect();
    let honest = |loaded: &Loaded| args.world.inside_daemons(&loaded.scenario).is_empty();
    if args.world == World::Cluster
        && loaded.iter().any(honest)
        && let Err(error) = crate::run::cluster::program(false)
    {
        eprintln!("error: {error}");
        return exit::IO;
    }
    let campaign = Campaign::new(args, &loaded, &jobs);
    let printer = Mutex::new(Printer::new(args.format));
    for Loaded { file, .. } in loaded.iter().filter(|loaded| !loaded.scenario.sweep.is_empty()) {
        let file = file.display();
        eprintln!(
            "note: {file}: its own values are run; `bitcraps-sim sweep {file}` runs the points of its `sweep`"
        );
    }
    let alone = (jobs.len() == 1).then(|| &loaded[0].scenario);
    let progress = progress(jobs.len(), alone, args.format);
    let job = |&(index, seed): &(usize, u64)| {
        let run = campaign.run(index, seed);
        progress.suspend(|| {
            let printer = printer.lock().expect("no printer panics");
            match &run {
                Ok(run) => printer.finished(run, jobs.len()),
                Err(broken) => printer.broke(broken),
            }
        });
        if alone.is_none() {
            progress.inc(1);
        }
        run
    };
    let show = || {
        if alone.is_some() {
            progress.set_position(heartbeat::now().0 / SECOND);
        }
    };
    let repro = |&(index, seed): &(usize, u64)| campaign.repro(index, seed);
    let ended = workers::work(&jobs, threads(args.world, args.jobs), repro, job, &show);
    progress.finish_and_clear();
    let (mut finished, mut broken) = (Vec::new(), Vec::new());
    for run in ended {
        match run {
            Ok(run) => finished.push(run),
            Err(run) => broken.push(run),
        }
    }
    finished.sort_by_key(|run| (run.index, run.seed));
    broken.sort_by_key(|run| (run.index, run.seed));
    let (missing, code) = campaign.conclude(&finished);
    let code = if broken.is_empty() { code } else { exit::INTERNAL };
    let printer = printer.into_inner().expect("all workers have ended");
    printer.conclude(&campaign, &finished, &broken, &missing, code);
    code
}

/// Lists the scenarios of a folder.
pub(super) fn list(folder: &Path) -> u8 {
    match load(&[folder.to_owned()], &[]) {
        Ok(loaded) => {
            let width = loaded.iter().map(|loaded| loaded.scenario.name.len()).max().unwrap_or(0);
            for Loaded { file, scenario } in &loaded {
                say(format_args!("{:width$}  {}  ({})", scenario.name, scenario.claim, file.display()));
            }
            exit::PASS
        }
        Err(code) => code,
    }
}

/// The first two files whose scenarios have one name.
fn of_one_name(loaded: &[Loaded]) -> Option<(&Loaded, &Loaded)> {
    let mut by_name = BTreeMap::new();
    loaded.iter().find_map(|this| Some((by_name.insert(&this.scenario.name, this)?, this)))
}

/// Parses every file; prints all diagnostics of all of them.
pub(super) fn load(paths: &[PathBuf], set: &[(String, String)]) -> Result<Vec<Loaded>, u8> {
    let mut loaded = Vec::new();
    let mut bad = false;
    for file in expand(paths, "scenario", &[".yaml", ".yml"])? {
        let Some(text) = text(&file)? else {
            bad = true;
            continue;
        };
        match scenario::parse_with(&file.display().to_string(), &text, set) {
            Ok(parsed) => {
                parsed.warnings.iter().for_each(|warning| eprintln!("{warning}\n"));
                loaded.push(Loaded { file, scenario: parsed.scenario });
            }
            Err(diagnostics) => {
                bad = true;
                mistakes(&file, &diagnostics);
            }
        }
    }
    if bad { Err(exit::BAD_SCENARIO) } else { Ok(loaded) }
}

/// The text of a file; `None`, with a word, if it is none.
pub(super) fn text(file: &Path) -> Result<Option<String>, u8> {
    let bytes = std::fs::read(file).map_err(|error| complain(file, &error))?;
    let text = String::from_utf8(bytes);
    Ok(text
        .inspect_err(|error| {
            let place = error.utf8_error().valid_up_to();
            eprintln!("error: {}: byte {place} is not UTF-8", file.display());
        })
        .ok())
}

/// Tells what is wrong with a file.
pub(super) fn mistakes(file: &Path, diagnostics: &[Diagnostic]) {
    diagnostics.iter().for_each(|diagnostic| eprintln!("{diagnostic}\n"));
    let count = diagnostics.len();
    eprintln!("{}: {count} mistake{}", file.display(), if count == 1 { "" } else { "s" });
}

/// Files as given; for folders, those directly in them whose names end so, by name. Each file once. `what` they are.
/// Where others are wanted, a folder's schedules are left out, with a word.
pub(super) fn expand(paths: &[PathBuf], what: &str, ends: &[&str]) -> Result<Vec<PathBuf>, u8> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(|error| complain(path, &error))?;
        let wanted = |file: &PathBuf| ends.iter().any(|end| file.to_string_lossy().ends_with(end));
        let mut found: Vec<PathBuf> =
            entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(wanted).collect();
        if !ends.contains(&SCHEDULE) {
            let schedules = found.extract_if(.., |file| file.to_string_lossy().ends_with(SCHEDULE)).count();
            if schedules > 0 {
                let folder = path.display();
                eprintln!("note: {folder}: {schedules} schedules are for `bitcraps-sim schedule {folder}`");
            }
        }
        if found.is_empty() {
            eprintln!("error: {}: no {what} (*{}) in this folder", path.display(), ends[0]);
            return Err(exit::IO);
        }
        found.sort();
        files.extend(found);
    }
    let mut seen = BTreeSet::new();
    files.retain(|file| seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())));
    Ok(files)
}

/// The worlds that make all faults of a scenario.
pub(super) fn worlds(scenario: &Scenario) -> Vec<&'static str> {
    let makes = |world: &World| world.unsupported(scenario).is_empty();
    World::ALL.into_iter().filter(makes).map(World::name).collect()
}

/// How many runs go on at once; 0 jobs: one per core.
pub(super) fn threads(world: World, jobs: usize) -> usize {
    if world == World::Cluster {
        return 1; // The machine's real time is shared.
    }
    match jobs {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        jobs => jobs,
    }
}

/// The bar on a terminal: of many runs, how many are over; of a run alone, how far its virtual time is.
fn progress(runs: usize, alone: Option<&Scenario>, format: Format) -> ProgressBar {
    let (length, template) = match alone {
        None => (runs as u64, OF_RUNS),
        Some(scenario) => (scenario.duration.nanos() / SECOND, "{bar:30} {pos}/{len} simulated s, {elapsed}"),
    };
    bar(length, template, format == Format::Human)
}

/// How a bar of many runs looks.
pub(super) const OF_RUNS: &str = "{bar:30} {pos}/{len} runs, {elapsed} (about {eta} left)";

/// A bar on standard error; hidden if nobody reads it.
pub(super) fn bar(length: u64, template: &str, read: bool) -> ProgressBar {
    let target = if read { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template(template).expect("the template is well formed");
    ProgressBar::with_draw_target(Some(length), target).with_style(style)
}
