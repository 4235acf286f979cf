//! A campaign: some scenarios, each with some seeds. Runs one of them, keeps what was found, sums up.

use super::run::Loaded;
use super::store;
use super::{Film, RunArgs, exit};
use crate::run::{self, Depth, Divergence, Examined};
use crate::scenario::{Sometimes, World};
use bitcraps_reports::{PropertyKind, PropertyResult, Row, Verdict, write_campaign};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// Up to so many runs each get events and a full report with figures; of more, only those that did not pass.
pub(super) const FULL_REPORTS: usize = 32;

/// What is run, and how.
pub(super) struct Campaign<'a> {
    pub(super) args: &'a RunArgs,
    pub(super) loaded: &'a [Loaded],
    /// Scenario and seed of each run.
    jobs: &'a [(usize, u64)],
    /// How many runs each scenario has.
    runs: Vec<usize>,
}

/// One run, judged. Its record is in its folder; here is what the summary needs.
pub(super) struct Finished {
    pub(super) index: usize,
    pub(super) seed: u64,
    pub(super) verdict: Verdict,
    /// The exit code of this run alone.
    pub(super) code: u8,
    pub(super) examined: Examined,
    pub(super) row: Row,
    pub(super) repro: String,
    /// The run's folder, or why it could not be written.
    pub(super) folder: Result<PathBuf, String>,
}

/// A run in which the testbed itself broke.
pub(super) struct Broken {
    pub(super) index: usize,
    pub(super) seed: u64,
    pub(super) scenario: String,
    pub(super) repro: String,
}

impl Broken {
    pub(super) const WHAT: &str = "internal error: the testbed panicked";
}

impl<'a> Campaign<'a> {
    pub(super) fn new(args: &'a RunArgs, loaded: &'a [Loaded], jobs: &'a [(usize, u64)]) -> Campaign<'a> {
        let mut runs = vec![0; loaded.len()];
        jobs.iter().for_each(|(index, _)| runs[*index] += 1);
        Campaign { args, loaded, jobs, runs }
    }

    /// Runs one scenario with one seed and writes its folder. `Err`: the testbed itself broke.
    pub(super) fn run(&self, index: usize, seed: u64) -> Result<Finished, Broken> {
        catch_unwind(AssertUnwindSafe(|| self.examine(index, seed))).map_err(|_| Broken {
            index,
            seed,
            scenario: self.loaded[index].scenario.name.clone(),
            repro: self.repro(index, seed),
        })
    }

    /// The command line that runs exactly this again.
    pub(super) fn repro(&self, index: usize, seed: u64) -> String {
        let file = self.loaded[index].file.display().to_string();
        again(&file, &format!("--seed {seed}"), self.args.world, &self.args.set)
    }

    fn examine(&self, index: usize, seed: u64) -> Finished {
        let Loaded { scenario, .. } = &self.loaded[index];
        let full = self.jobs.len() <= FULL_REPORTS;
        // What only a comparison shows is what madsim's world is for.
        let twice = self.args.verify || full || self.args.world == World::Madsim;
        let depth = match (self.args.film, twice) {
            (Film::All, _) => Depth::Filmed,
            (Film::Windows, true) => Depth::Twice,
            (Film::Windows, false) => Depth::Once,
        };
        let repro = self.repro(index, seed);
        let mut examined = run::examine_failures_closely(scenario, self.args.world, seed, depth, &repro);
        if self.only_run_of(index) {
            examined.outcome.demand(&scenario.expect.sometimes);
        }
        let verdict = examined.outcome.record.verdict;
        let code = code_of(examined.divergence.is_some(), verdict);
        let with_figures = full || code != exit::PASS;
        let folder = store::write(&self.args.out, scenario, &examined, with_figures);
        let report = match (&folder, with_figures) {
            (Ok(folder), true) => folder.join("report.html"),
            _ => PathBuf::new(),
        };
        let relative = report.strip_prefix(&self.args.out).unwrap_or(&report).display().to_string();
        let row = Row {
            height: examined.outcome.height,
            diverged: examined.divergence.is_some(),
            report: relative,
            ..Row::of(&examined.outcome.record)
        };
        // Films are in the folder, and too long to be kept of many runs.
        examined.outcome.record.windows = Vec::new();
        if !full {
            examined.outcome.forget_details();
        }
        Finished { index, seed, verdict, code, examined, row, repro, folder }
    }

    /// Whether a scenario has one run only, which then must reach by itself what the file says must be reached.
    fn only_run_of(&self, index: usize) -> bool {
        self.runs[index] == 1
    }

    /// Writes the page of all runs with its figures, with links to their reports.
    pub(super) fn index(&self, finished: &[Finished], missing: &[PropertyResult]) -> Result<PathBuf, String> {
        let rows: Vec<Row> = finished.iter().map(|run| run.row.clone()).collect();
        let open: Vec<String> = missing.iter().map(|one| format!("{}: {}.", one.name, one.detail)).collect();
        write_campaign(&rows, &open, &self.args.out).map_err(|error| error.to_string())
    }

    /// The command line that runs all seeds of a scenario again, for what only all of them together can show.
    pub(super) fn repro_of_all(&self, scenario: &str) -> Option<String> {
        let index = self.loaded.iter().position(|loaded| loaded.scenario.name == scenario)?;
        let mine = || self.jobs.iter().filter(|(of, _)| *of == index).map(|(_, seed)| *seed);
        let seeds = match &self.args.seeds_of {
            Some(text) => format!("--seeds-of {} --count {}", quoted(text), self.args.count),
            None => format!("--seeds {}..{}", mine().min()?, mine().max()?.checked_add(1)?),
        };
        let file = self.loaded[index].file.display().to_string();
        Some(again(&file, &seeds, self.args.world, &self.args.set))
    }

    /// Judges what only all seeds of a scenario together can show, and gives the exit code of the worst.
    pub(super) fn conclude(&self, finished: &[Finished]) -> (Vec<PropertyResult>, u8) {
        let mut missing = Vec::new();
        for (index, Loaded { scenario, .. }) in self.loaded.iter().enumerate() {
            if self.only_run_of(index) {
                continue;
            }
            let runs = finished.iter().filter(|run| run.index == index);
            let reached: BTreeSet<Sometimes> =
                runs.flat_map(|run| run.examined.outcome.reached.iter().copied()).collect();
            for sometimes in scenario.expect.sometimes.iter().filter(|wanted| !reached.contains(wanted)) {
                missing.push(PropertyResult {
                    name: format!("{}: {}", scenario.name, sometimes.name()),
                    kind: PropertyKind::Sometimes,
                    holds: None,
                    detail: "never reached in any of the runs".to_owned(),
                    at_ns: None,
                });
            }
        }
        let unwritten = finished.iter().any(|run| run.folder.is_err());
        let code = match worst(finished.iter().map(|run| run.code)) {
            exit::PASS if !missing.is_empty() => exit::INCONCLUSIVE,
            exit::PASS if unwritten => exit::IO,
            code => code,
        };
        (missing, code)
    }
}

/// Of the exit codes of runs the one that tells most; of no run that nothing is wrong.
pub(super) fn worst(codes: impl Iterator<Item = u8> + Clone) -> u8 {
    let order = [exit::NONDETERMINISTIC, exit::VIOLATED, exit::INCONCLUSIVE];
    order.into_iter().find(|bad| codes.clone().any(|code| code == *bad)).unwrap_or(exit::PASS)
}

/// The exit code of one run.
pub(super) fn code_of(diverged: bool, verdict: Verdict) -> u8 {
    match verdict {
        _ if diverged => exit::NONDETERMINISTIC,
        Verdict::Pass => exit::PASS,
        Verdict::Violated => exit::VIOLATED,
        Verdict::Inconclusive => exit::INCONCLUSIVE,
    }
}

/// The command line that runs a file again: `seeds` is what it says of them.
pub(super) fn again(file: &str, seeds: &str, world: World, set: &[(String, String)]) -> String {
    let mut line = format!("bitcraps-sim run {} {seeds}", quoted(file));
    if world != World::Lab {
        line.push_str(&format!(" --on {}", world.name()));
    }
    for (key, value) in set {
        line.push_str(&format!(" --set {}", quoted(&format!("{key}={value}"))));
    }
    line
}

/// Quoted for a shell, if it must be.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,%".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Where and how two runs of one seed differ, in words.
pub(super) fn explain(divergence: &Divergence) -> String {
    let Divergence { first, second, event, before } = divergence;
    let mut text = format!("NONDETERMINISM the two runs differ first at event {event}\n");
    before.iter().for_each(|line| text.push_str(&format!("   both    {line}\n")));
    text.push_str(&format!("   first   {first}\n   second  {second}\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repro_line_survives_a_shell() {
        let set = [("faults.split.for".to_owned(), "30 s".to_owned())];
        assert_eq!(
            again("my file's.yaml", "--seed 7", World::Cluster, &set),
            r"bitcraps-sim run 'my file'\''s.yaml' --seed 7 --on cluster --set 'faults.split.for=30 s'"
        );
        let plain = again("scenarios/a.yaml", "--seeds 0..9", World::Lab, &[]);
        assert_eq!(plain, "bitcraps-sim run scenarios/a.yaml --seeds 0..9");
    }
}
