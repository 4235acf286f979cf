//! `explore`: all interleavings of a small network of engines, up to a depth.

use super::say::say;
use super::{ExploreArgs, exit, finds, hunt};
use crate::hunt::{Shrunk, Subject, Violation};
use bitcraps_consensus::museum::Bug;
use bitcraps_search::explore::{Params, Report, explore as search};
use std::time::{Duration, Instant};

/// Explores; the exit code says whether anything was found, or 2: whether not everything was gone through.
pub(super) fn explore(args: &ExploreArgs) -> u8 {
    let bug = match args.bug.as_deref().map(|name| Bug::parse(name).ok_or(name)).transpose() {
        Ok(bug) => bug,
        Err(name) => {
            eprintln!("error: no exhibit `{name}`: docs/museum.md lists them");
            return exit::USAGE;
        }
    };
    let engine = bug.map_or(args.engine, Bug::protocol);
    let usual = Params::small(engine);
    let params = Params {
        bug: args.bug.clone(),
        validators: args.validators.unwrap_or(bug.map_or(usual.validators, |bug| bug.validators() as u16)),
        twins: args.twins.clone(),
        silent: args.silent.clone().map_or(usual.silent.clone(), |silent| silent.0),
        heights: args.heights,
        timeouts: args.timeouts,
        crashes: args.crashes,
        depth: args.depth,
        most_states: args.states,
        threads: hunt::jobs(args.jobs),
        ..usual
    };
    #[expect(clippy::disallowed_methods, reason = "how long it took is told")]
    let started = Instant::now();
    let report = match search(&params) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("error: {error}");
            return exit::USAGE;
        }
    };
    say(sum(&params, &report, started.elapsed()));
    let Some(found) = &report.counterexample else {
        // A search that was cut off, or in which nobody could decide anything, shows little.
        return if report.exhausted && report.decided > 0 { exit::PASS } else { exit::INCONCLUSIVE };
    };
    let violation =
        Violation { property: found.violation.property.to_string(), detail: found.violation.detail.clone() };
    say(format_args!(
        "found     {}: {}, after {} events",
        violation.property,
        violation.detail,
        found.actions.len()
    ));
    let subject = Subject::Cores(Box::new(found.schedule(&params)));
    // Two messages may read the same; what is saved must show what was found.
    if crate::hunt::test(&subject).violation.is_none_or(|seen| seen.property != violation.property) {
        eprintln!("error: the events in words do not lead there again; they are:");
        found.actions.iter().for_each(|action| eprintln!("  {action}"));
        return exit::VIOLATED;
    }
    let shrunk = Shrunk { subject, violation, runs: 0, cut_short: false };
    let origin = format!("bitcraps-sim explore, {} validators", params.validators);
    finds::save_and_tell(&args.out, &format!("explore-{}", params.engine.name()), &shrunk, &origin)
}

fn sum(params: &Params, report: &Report, took: Duration) -> String {
    let Report { states, unique, depth, exhausted, decided, .. } = report;
    let per_second = *states as f64 / took.as_secs_f64();
    let end = if *exhausted { "all there are" } else { "the limit" };
    format!(
        "{}: {states} states reached, {unique} different, {end} at depth {depth}, {decided} with a decision; \
         {per_second:.0} states/s, {:.1} s",
        params.engine,
        took.as_secs_f64()
    )
}
