//! `replay`: a finished run again, from its folder, with the traces compared.

use super::campaign::code_of;
use super::say::say;
use super::store::{self, Stored};
use super::{elsewhere, exit};
use crate::run::{self, Depth};
use crate::scenario::{self, Scenario, World};
use std::path::{Path, PathBuf};

/// A finished run, as its folder tells it.
pub(super) struct Past {
    pub(super) scenario: Scenario,
    pub(super) world: World,
    pub(super) seed: u64,
    pub(super) trace_hash: String,
    /// Of the resolved scenario.
    path: PathBuf,
}

/// Reads a run's folder; complains if it can't.
pub(super) fn read(folder: &Path) -> Result<Past, u8> {
    let Stored { path, text, world, seed, trace_hash } = store::read(folder).map_err(|error| {
        eprintln!("error: {error}\n  a run's folder has manifest.json and scenario.resolved.yaml");
        exit::IO
    })?;
    let parsed = scenario::parse(&path.display().to_string(), &text).map_err(|diagnostics| {
        diagnostics.iter().for_each(|diagnostic| eprintln!("{diagnostic}\n"));
        exit::BAD_SCENARIO
    })?;
    Ok(Past { scenario: parsed.scenario, world, seed, trace_hash, path })
}

/// Runs it again; the exit code is the verdict's, or that of nondeterminism if the trace is another.
pub(super) fn replay(folder: &Path) -> u8 {
    let Past { scenario, world, seed, trace_hash: expected, path } = match read(folder) {
        Ok(past) => past,
        Err(code) => return code,
    };
    if !world.is_deterministic() {
        eprintln!("error: a run in the {} world does not repeat: run it again with `run`", world.name());
        return exit::USAGE;
    }
    if elsewhere::is_place_of(world) {
        return elsewhere::go();
    }
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
    say(format_args!("{} seed {seed}: {}, the same trace {found}", scenario.name, record.verdict.word()));
    code_of(false, record.verdict)
}
