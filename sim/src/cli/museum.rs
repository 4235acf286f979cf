//! `museum`: every strategy against every bug, and against engines without one.

use super::hunt::{in_time, jobs};
use super::say::say;
use super::{MuseumArgs, exit, finds};
use crate::hunt::{self, Case, Limits, Strategy, Violation};
use crate::scenario::{self, Scenario};
use bitcraps_consensus::museum::Bug;
use bitcraps_types::Protocol;
use std::time::{Duration, Instant};

/// The network in which the bugs are looked for.
const SCENARIO: &str = include_str!("museum.yaml");

/// How long a find may be shrunk.
const SHRINK: Duration = Duration::from_secs(30);

/// One strategy against one exhibit.
struct Trial {
    strategy: Strategy,
    cases: u64,
    took: Duration,
    found: Option<(Case, Violation)>,
}

/// Shows the table; the exit code says whether every bug was caught and no clean engine was accused.
pub(super) fn museum(args: &MuseumArgs) -> u8 {
    #[expect(clippy::disallowed_methods, reason = "how long it took is told")]
    let started = Instant::now();
    let named: Result<Vec<Bug>, &String> =
        args.bugs.iter().map(|name| Bug::parse(name).ok_or(name)).collect();
    let bugs = match named {
        Ok(named) if named.is_empty() => Bug::ALL.to_vec(),
        Ok(named) => named,
        Err(name) => {
            let all: Vec<&str> = Bug::ALL.into_iter().map(Bug::name).collect();
            eprintln!("error: no exhibit `{name}`\n  the exhibits are {}", all.join(", "));
            return exit::USAGE;
        }
    };
    let strategies = args.strategy.list();
    let width = Bug::ALL.into_iter().map(|bug| bug.name().len()).max().unwrap_or(0);
    let heads: String = strategies.iter().map(|strategy| format!("{:>20}", strategy.name())).collect();
    say(format_args!("{:10} {:width$} {heads}", "engine", "bug"));
    let mut caught = vec![0; strategies.len()];
    let mut missed = Vec::new();
    for &bug in &bugs {
        let trials = all(&with(bug.protocol(), Some(bug)), &strategies, args);
        say(format_args!("{:10} {:width$} {}", bug.protocol().name(), bug.name(), row(&trials)));
        for (count, trial) in caught.iter_mut().zip(&trials) {
            *count += u32::from(trial.found.is_some());
        }
        match trials.iter().find_map(|trial| trial.found.as_ref().map(|found| (trial.strategy, found))) {
            None => missed.push(bug.name()),
            Some((strategy, found)) => save(args, bug, strategy, found),
        }
    }
    let mut accused = 0;
    for protocol in Protocol::ALL.into_iter().filter(|_| args.bugs.is_empty()) {
        let trials = all(&with(protocol, None), &strategies, args);
        say(format_args!("{:10} {:width$} {}", protocol.name(), "(none)", row(&trials)));
        for trial in &trials {
            if let Some((case, violation)) = &trial.found {
                accused += 1;
                let Violation { property, detail } = violation;
                let strategy = trial.strategy.name();
                say(format_args!("  {strategy} case {}: {property}: {detail}", case.number));
            }
        }
    }
    let scores: String =
        caught.iter().map(|caught| format!("{:>20}", format!("{caught} of {}", bugs.len()))).collect();
    say(format_args!("{:10} {:width$} {scores}", "caught", ""));
    let by_any = bugs.len() - missed.len();
    let seconds = started.elapsed().as_secs_f64();
    say(format_args!(
        "{by_any} of {} bugs caught; {accused} finds in clean engines; {seconds:.0} s",
        bugs.len()
    ));
    if !missed.is_empty() {
        say(format_args!("not caught: {}", missed.join(", ")));
    }
    if missed.is_empty() && accused == 0 { exit::PASS } else { exit::VIOLATED }
}

fn all(base: &Scenario, strategies: &[Strategy], args: &MuseumArgs) -> Vec<Trial> {
    let limits = Limits { cases: u64::MAX, jobs: jobs(args.jobs), stop_at_first: true };
    let trial = |&strategy: &Strategy| {
        let (hunted, took) = in_time(base, strategy, args.seed, limits, args.budget);
        Trial { strategy, cases: hunted.progress.cases, took, found: hunted.finds.into_iter().next() }
    };
    strategies.iter().map(trial).collect()
}

/// The museum's network with this engine.
fn with(protocol: Protocol, bug: Option<Bug>) -> Scenario {
    let mut set = vec![("consensus.engine".to_owned(), protocol.name().to_owned())];
    set.extend(bug.map(|bug| ("consensus.bug".to_owned(), bug.name().to_owned())));
    set.extend(bug.map(|bug| ("validators.count".to_owned(), bug.validators().to_string())));
    let parsed = scenario::parse_with("museum.yaml", SCENARIO, &set).expect("the museum's scenario is good");
    hunt::situation(&parsed.scenario).expect("nobody lies in it")
}

/// Cases and seconds to the first find, or how many there were without one.
fn row(trials: &[Trial]) -> String {
    let cell = |trial: &Trial| {
        let Trial { cases, took, found, .. } = trial;
        match found {
            Some((case, _)) => format!("{} in {:.1} s", case.number + 1, took.as_secs_f64()),
            None => format!("- ({cases})"),
        }
    };
    trials.iter().map(|trial| format!("{:>20}", cell(trial))).collect()
}

fn save(args: &MuseumArgs, bug: Bug, strategy: Strategy, (case, violation): &(Case, Violation)) {
    let Some(folder) = &args.save else { return };
    let Some(shrunk) = hunt::shrink(&case.subject, &violation.property, SHRINK) else { return };
    let origin =
        format!("bitcraps-sim museum {} --strategy {} --seed {}", bug.name(), strategy.name(), args.seed);
    match finds::save(folder, bug.name(), &shrunk, &origin) {
        Ok(find) => say(format_args!("  {}: {} faults", find.path.display(), shrunk.subject.faults())),
        Err(error) => eprintln!("error: {error}"),
    }
}
