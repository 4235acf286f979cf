//! `hunt`: searches for a scenario that breaks a property, shrinks it, saves it.

use super::run::load;
use super::say::{say, say_all};
use super::watchdog::Watchdog;
use super::{HuntArgs, exit};
use crate::hunt::{self, Case, Hunted, Limits, Progress, Shrunk, Strategy, Violation};
use crate::scenario::{self, Scenario, Seeds};
use bitcraps_types::Digest;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What `--strategy` takes.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Strategies {
    /// Each of the others
    All,
    /// A few faults of any kinds
    Random,
    /// Many faults of few kinds, other links and timeouts
    Swarm,
    /// Cases that took the engines where none had been, changed a little
    Coverage,
}

impl Strategies {
    fn list(self) -> Vec<Strategy> {
        match self {
            Strategies::All => Strategy::ALL.to_vec(),
            Strategies::Random => vec![Strategy::Random],
            Strategies::Swarm => vec![Strategy::Swarm],
            Strategies::Coverage => vec![Strategy::Coverage],
        }
    }
}

/// Hunts; the exit code says whether anything was found.
pub(super) fn hunt(args: &HuntArgs) -> u8 {
    let base = match load(std::slice::from_ref(&args.file), &args.set) {
        Ok(loaded) => loaded.into_iter().next().expect("one file was given").scenario,
        Err(code) => return code,
    };
    let strategies = args.strategy.list();
    let share = args.budget / strategies.len() as u32;
    let mut code = exit::PASS;
    for strategy in strategies {
        let (hunted, took) = one(&base, strategy, args, share);
        say(sum(strategy, &hunted.progress, took));
        for (case, violation) in &hunted.finds {
            code = code.max(tell(&base, strategy, args, case, violation));
        }
        if !hunted.finds.is_empty() && !args.keep_going {
            break;
        }
    }
    code
}

fn one(base: &Scenario, strategy: Strategy, args: &HuntArgs, share: Duration) -> (Hunted, Duration) {
    #[expect(clippy::disallowed_methods, reason = "a budget is real time")]
    let started = Instant::now();
    let watchdog = Watchdog::default();
    let jobs = match args.jobs {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        jobs => jobs,
    };
    let limits = Limits { cases: args.cases, jobs, stop_at_first: !args.keep_going };
    let bar = ProgressBar::with_draw_target(Some(share.as_secs()), ProgressDrawTarget::stderr()).with_style(
        ProgressStyle::with_template("{bar:30} {elapsed} of {len} s, {msg}")
            .expect("the template is well formed"),
    );
    let around = |case: &Case| {
        let what = format!("{} case {} (hunt seed {})", strategy.name(), case.number, args.seed);
        watchdog.during(&what, || hunt::test(&case.scenario, case.seed))
    };
    let hunted = std::thread::scope(|scope| {
        let watch = scope.spawn(|| watchdog.watch(&|| ()));
        let hunted = hunt::hunt(base, strategy, args.seed, limits, &around, |progress| {
            bar.set_position(started.elapsed().as_secs());
            bar.set_message(format!("{}: {} cases", strategy.name(), progress.cases));
            started.elapsed() < share
        });
        watchdog.call_off();
        watch.thread().unpark();
        hunted
    });
    bar.finish_and_clear();
    (hunted, started.elapsed())
}

/// How much was searched.
fn sum(strategy: Strategy, progress: &Progress, took: Duration) -> String {
    let Progress { cases, simulated, features, broken } = *progress;
    let per_hour = cases as f64 / took.as_secs_f64() * 3600.0;
    format!(
        "{:9} {cases} cases ({per_hour:.0} per hour), {:.0} simulated s, {features} features, {broken} broke a property, {:.1} s",
        strategy.name(),
        simulated.as_secs_f64(),
        took.as_secs_f64(),
    )
}

/// Shrinks a find, saves it and says how to see it again.
fn tell(base: &Scenario, strategy: Strategy, args: &HuntArgs, case: &Case, violation: &Violation) -> u8 {
    let Violation { property, detail } = violation;
    say(format_args!("found     {property} in case {}: {detail}", case.number));
    #[expect(clippy::disallowed_methods, reason = "how long it took is told")]
    let started = Instant::now();
    let shrunk = hunt::shrink(&case.scenario, case.seed, property, args.shrink);
    let Shrunk { scenario, violation, runs, cut_short } = shrunk.unwrap_or_else(|| Shrunk {
        scenario: case.scenario.clone(),
        violation: violation.clone(),
        runs: 0,
        cut_short: true,
    });
    say(format_args!(
        "shrunk    {} faults to {}, {} to {}, {} nodes to {}: {runs} runs, {:.1} s{}",
        case.scenario.faults.len(),
        scenario.faults.len(),
        case.scenario.duration,
        scenario.duration,
        case.scenario.validators.count,
        scenario.validators.count,
        started.elapsed().as_secs_f64(),
        if cut_short { ", cut short" } else { "" },
    ));
    let origin = format!(
        "bitcraps-sim hunt {} --strategy {} --seed {}, case {}",
        args.file.display(),
        strategy.name(),
        args.seed,
        case.number
    );
    match save(&args.out, base, scenario, case.seed, &violation, &origin) {
        Ok((path, text)) => {
            say(format_args!("saved     {}", path.display()));
            say_all(
                text.lines()
                    .filter(|line| !line.starts_with('#'))
                    .fold(String::new(), |text, line| text + "          " + line + "\n"),
            );
            say(format_args!("REPRO bitcraps-sim run {}", path.display()));
            exit::VIOLATED
        }
        Err(error) => {
            eprintln!("error: {error}");
            exit::IO
        }
    }
}

/// Writes the scenario with where it comes from; gives its path and text.
fn save(
    folder: &Path,
    base: &Scenario,
    mut scenario: Scenario,
    seed: u64,
    violation: &Violation,
    origin: &str,
) -> Result<(PathBuf, String), String> {
    let property = violation.property.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let id = Digest::of("find", format!("{}{seed}", scenario::resolved(&scenario)).as_bytes()).short();
    scenario.name = format!("{}-{property}-{id}", base.name);
    scenario.claim = format!("{} holds where a hunt once broke it", violation.property.replace('_', " "));
    scenario.seeds = Seeds::One(seed);
    let path = folder.join(format!("{}.yaml", scenario.name));
    let text = format!(
        "# Found by {origin}.\n# {}: {}\n# REPRO bitcraps-sim run {}\n{}",
        violation.property,
        violation.detail.replace('\n', " "),
        path.display(),
        scenario::concise(&scenario)
    );
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, &text))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    Ok((path, text))
}
