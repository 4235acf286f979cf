//! `coverage`: which lines of the papers' pseudo-code a set of scenarios makes the engines take.

use super::exit;
use super::run::{Loaded, load};
use super::say::say;
use crate::run;
use crate::scenario;
use bitcraps_consensus::transitions;
use bitcraps_types::Protocol;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Runs each scenario once under each engine (a file that names an engine, under that one), and counts. The exit code
/// says whether every line was taken.
pub(super) fn coverage(files: &[PathBuf]) -> u8 {
    let loaded = match load(files, &[]) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let mut all = true;
    for protocol in Protocol::ALL {
        let mut taken: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut scenarios = 0;
        for Loaded { file, scenario: given } in &loaded {
            let mut scenario = given.clone();
            let names_one = std::fs::read_to_string(file).is_ok_and(|text| scenario::names_engine(&text));
            if names_one && scenario.consensus.engine != protocol {
                continue;
            }
            scenario.consensus.engine = protocol;
            scenarios += 1;
            let seed = scenario.seeds.iter().next().unwrap_or(0);
            let outcome = run::sample(&scenario, seed, "");
            let mut lines: Vec<&str> = outcome.coverage.iter().map(|feature| feature.transition).collect();
            lines.dedup();
            for line in lines {
                taken.entry(line).or_default().push(&given.name);
            }
        }
        let lines = transitions(protocol);
        let reached = lines.iter().filter(|line| taken.contains_key(**line)).count();
        all &= reached == lines.len();
        say(format_args!("{protocol}: {reached} of {} lines in {scenarios} scenarios", lines.len()));
        for line in lines {
            match taken.get(line).map(Vec::as_slice) {
                Some([one]) => say(format_args!("  {line:36} only in {one}")),
                Some(several) => say(format_args!("  {line:36} in {} scenarios", several.len())),
                None => say(format_args!("  {line:36} NEVER")),
            }
        }
    }
    if all { exit::PASS } else { exit::INCONCLUSIVE }
}
