//! `replay`: a finished run again, from its folder, with the traces compared.

use super::say::say;
use super::store::{self, Stored};
use super::{elsewhere, exit};
use crate::run::{self, Depth};
use crate::scenario;
use bitcraps_reports::Verdict;
use std::path::Path;

/// Runs it again; the exit code is the verdict's, or that of nondeterminism if the trace is another.
pub(super) fn replay(folder: &Path) -> u8 {
    let Stored { path, text, world, seed, trace_hash: expected } = match store::read(folder) {
        Ok(stored) => stored,
        Err(error) => {
            eprintln!("error: {error}\n  a run's folder has manifest.json and scenario.resolved.yaml");
            return exit::IO;
        }
    };
    if !world.is_deterministic() {
        eprintln!("error: a run in the {} world does not repeat: run it again with `run`", world.name());
        return exit::USAGE;
    }
    if elsewhere::is_place_of(world) {
        return elsewhere::go();
    }
    let scenario = match scenario::parse(&path.display().to_string(), &text) {
        Ok(parsed) => parsed.scenario,
        Err(diagnostics) => {
            diagnostics.iter().for_each(|diagnostic| eprintln!("{diagnostic}\n"));
            return exit::BAD_SCENARIO;
        }
    };
    let repro = format!("bitcraps-sim replay {}", folder.display());
    let mut examined = run::examine(&scenario, world, seed, Depth::Once, &repro);
    if store::was_alone(folder) {
        examined.outcome.demand(&scenario.expect.sometimes);
    }
    let record = &examined.outcome.record;
    let found = &record.manifest.trace_hash;
    if *found != expected {
        say(format_args!(
            "{} seed {seed}: another trace\n  recorded  {expected}\n  now       {found}",
            scenario.name
        ));
        say(format_args!(
            "  the program changed since (then {expected} can't come again), or it is not deterministic:"
        ));
        let (path, world) = (path.display(), world.name());
        say(format_args!("  run `bitcraps-sim run {path} --on {world} --seed {seed} --verify`"));
        return exit::NONDETERMINISTIC;
    }
    let (word, code) = match record.verdict {
        Verdict::Pass => ("pass", exit::PASS),
        Verdict::Violated => ("violated", exit::VIOLATED),
        Verdict::Inconclusive => ("inconclusive", exit::INCONCLUSIVE),
    };
    say(format_args!("{} seed {seed}: {word}, the same trace {found}", scenario.name));
    code
}
