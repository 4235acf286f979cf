//! `hunt`: searches for a scenario that breaks a property, shrinks it, saves it.

use super::run::{Loaded, load};
use super::say::say;
use super::watchdog::Watchdog;
use super::{HuntArgs, exit, finds};
use crate::hunt::{self, Case, Hunted, Limits, Progress, Shrunk, Strategy, Subject, Violation};
use crate::run::heartbeat;
use crate::scenario::Scenario;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::Path;
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
    /// The engines alone: every partition of validators of whom some run twice
    Twins,
    /// The engines alone: small changes of Byzantine messages, partitions, crashes
    Byzzfuzz,
}

impl Strategies {
    pub(super) fn list(self) -> Vec<Strategy> {
        match self {
            Strategies::All => Strategy::ALL.to_vec(),
            Strategies::Random => vec![Strategy::Random],
            Strategies::Swarm => vec![Strategy::Swarm],
            Strategies::Coverage => vec![Strategy::Coverage],
            Strategies::Twins => vec![Strategy::Twins],
            Strategies::Byzzfuzz => vec![Strategy::Byzzfuzz],
        }
    }
}

/// Hunts; the exit code says whether anything was found.
pub(super) fn hunt(args: &HuntArgs) -> u8 {
    let loaded = match load(std::slice::from_ref(&args.file), &args.set) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let [Loaded { scenario, .. }] = &loaded[..] else {
        eprintln!("error: {}: a hunt begins with one scenario", args.file.display());
        return exit::USAGE;
    };
    let base = match hunt::situation(scenario) {
        Ok(situation) => situation,
        Err(diagnostics) => {
            eprintln!("error: without what it expects, {} is no scenario:", args.file.display());
            diagnostics.iter().for_each(|diagnostic| eprintln!("{diagnostic}\n"));
            return exit::BAD_SCENARIO;
        }
    };
    let (strategies, others): (Vec<_>, Vec<_>) =
        args.strategy.list().into_iter().partition(|strategy| strategy.applies(&base).is_ok());
    others
        .iter()
        .filter_map(|strategy| strategy.applies(&base).err())
        .for_each(|why| eprintln!("note: {why}"));
    if strategies.is_empty() {
        return exit::USAGE;
    }
    let share = args.budget / strategies.len() as u32;
    let mut code = exit::PASS;
    for strategy in strategies {
        let (hunted, took) = one(&base, strategy, args, share);
        say(sum(strategy, &hunted, took));
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
    let limits = Limits { cases: args.cases, jobs: jobs(args.jobs), stop_at_first: !args.keep_going };
    in_time(base, strategy, args.seed, limits, share)
}

/// How many cases run at once.
pub(super) fn jobs(asked: usize) -> usize {
    match asked {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        jobs => jobs,
    }
}

/// Hunts for so long, with a bar on a terminal.
pub(super) fn in_time(
    base: &Scenario,
    strategy: Strategy,
    seed: u64,
    limits: Limits,
    budget: Duration,
) -> (Hunted, Duration) {
    #[expect(clippy::disallowed_methods, reason = "a budget is real time")]
    let started = Instant::now();
    let watchdog = Watchdog::default();
    let bar = ProgressBar::with_draw_target(Some(budget.as_secs()), ProgressDrawTarget::stderr()).with_style(
        ProgressStyle::with_template("{bar:30} {elapsed} of {len} s, {msg}")
            .expect("the template is well formed"),
    );
    let run = |case: &Case| {
        let what = format!("{} case {} (hunt seed {seed})", strategy.name(), case.number);
        let tested = watchdog.during(&what, || hunt::test(&case.subject));
        heartbeat::beat_alone();
        tested
    };
    let hunted = std::thread::scope(|scope| {
        let watch = scope.spawn(|| watchdog.watch(&|| ()));
        let hunted = hunt::hunt(base, strategy, seed, limits, &run, |progress| {
            bar.set_position(started.elapsed().as_secs());
            bar.set_message(format!("{}: {} cases", strategy.name(), progress.cases));
            started.elapsed() < budget
        });
        watchdog.call_off();
        watch.thread().unpark();
        hunted
    });
    bar.finish_and_clear();
    (hunted, started.elapsed())
}

/// How much was searched.
fn sum(strategy: Strategy, hunted: &Hunted, took: Duration) -> String {
    let Progress { cases, simulated, features, broken } = hunted.progress;
    let per_hour = cases as f64 / took.as_secs_f64() * 3600.0;
    let simulated = match simulated.as_secs() {
        0 => String::new(),
        seconds => format!(", {seconds} simulated s"),
    };
    let all = if hunted.exhausted { ", which is all there are" } else { "" };
    format!(
        "{:9} {cases} cases{all} ({per_hour:.0} per hour){simulated}, {features} features, {broken} broke a property, \
         {:.1} s",
        strategy.name(),
        took.as_secs_f64(),
    )
}

/// Tells of a find, shrinks it, saves it.
fn tell(base: &Scenario, strategy: Strategy, args: &HuntArgs, case: &Case, violation: &Violation) -> u8 {
    let Violation { property, detail } = violation;
    say(format_args!("found     {property} in case {}: {detail}", case.number));
    let set: String = args.set.iter().map(|(key, value)| format!(" --set '{key}={value}'")).collect();
    // What coverage learns from depends on how many cases run at once.
    let jobs =
        if strategy == Strategy::Coverage { format!(" --jobs {}", jobs(args.jobs)) } else { String::new() };
    let origin = format!(
        "bitcraps-sim hunt {} --strategy {} --seed {}{jobs}{set}, case {}",
        args.file.display(),
        strategy.name(),
        args.seed,
        case.number
    );
    shrink_and_save(&base.name, &case.subject, violation, args.shrink, &args.out, &origin)
}

/// Shrinks a scenario file. The exit code is 1 if it breaks a property, 0 if there is nothing to shrink.
pub(super) fn shrink(
    file: &Path,
    seed: Option<u64>,
    set: &[(String, String)],
    limit: Duration,
    out: &Path,
) -> u8 {
    let loaded = match load(&[file.to_owned()], set) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let [Loaded { scenario, .. }] = &loaded[..] else {
        eprintln!("error: {}: one scenario is shrunk at a time", file.display());
        return exit::USAGE;
    };
    let seed = seed.or(scenario.seeds.iter().next()).unwrap_or(0);
    // What it expects to be violated is what is to be kept, and so must count as broken.
    let mut judged = scenario.clone();
    judged.expect.violation = None;
    let subject = Subject::Nodes { scenario: Box::new(judged), seed };
    let Some(violation) = hunt::test(&subject).violation else {
        say(format_args!("{}: every property holds with seed {seed}", scenario.name));
        return exit::PASS;
    };
    say(format_args!("broken    {}: {}", violation.property, violation.detail));
    let origin = format!("bitcraps-sim shrink {} --seed {seed}", file.display());
    shrink_and_save(&scenario.name, &subject, &violation, limit, out, &origin)
}

fn shrink_and_save(
    name: &str,
    subject: &Subject,
    violation: &Violation,
    limit: Duration,
    out: &Path,
    origin: &str,
) -> u8 {
    #[expect(clippy::disallowed_methods, reason = "how long it took is told")]
    let started = Instant::now();
    let shrunk = hunt::shrink(subject, &violation.property, limit).unwrap_or_else(|| Shrunk {
        subject: subject.clone(),
        violation: violation.clone(),
        runs: 0,
        cut_short: true,
    });
    say(format_args!(
        "shrunk    {} to {}: {} runs, {:.1} s{}",
        size(subject),
        size(&shrunk.subject),
        shrunk.runs,
        started.elapsed().as_secs_f64(),
        if shrunk.cut_short { ", cut short" } else { "" },
    ));
    finds::save_and_tell(out, name, &shrunk, origin)
}

/// How large something is to read.
fn size(subject: &Subject) -> String {
    let faults = subject.faults();
    match subject {
        Subject::Nodes { scenario, .. } => {
            format!("{faults} faults, {} nodes, {}", scenario.validators.count, scenario.duration)
        }
        Subject::Cores(schedule) => {
            let places = schedule.rounds.len();
            format!("{faults} faults, {} validators, {places} rounds", schedule.validators)
        }
    }
}
