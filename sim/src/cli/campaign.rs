//! A campaign: some scenarios, each with some seeds. Runs one of them, keeps what was found, sums up.

use super::run::Loaded;
use super::store;
use super::{RunArgs, exit};
use crate::run::{self, Depth, Divergence, Examined};
use crate::scenario::{Sometimes, World};
use bitcraps_reports::{PropertyKind, PropertyResult, Row, Verdict, campaign_html};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// Up to so many runs each get events and a full report with figures; of more, only those that did not pass.
const FULL_REPORTS: usize = 32;

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
        repro(&self.loaded[index].file.display().to_string(), seed, self.args)
    }

    fn examine(&self, index: usize, seed: u64) -> Finished {
        let Loaded { scenario, .. } = &self.loaded[index];
        let full = self.jobs.len() <= FULL_REPORTS;
        // What only a comparison shows is what madsim's world is for.
        let twice = self.args.verify || full || self.args.world == World::Madsim;
        let depth = if twice { Depth::Twice } else { Depth::Once };
        let repro = self.repro(index, seed);
        let mut examined = run::examine(scenario, self.args.world, seed, depth, &repro);
        if self.only_run_of(index) {
            examined.outcome.demand(&scenario.expect.sometimes);
        }
        let verdict = examined.outcome.record.verdict;
        let code = match (&examined.divergence, verdict) {
            (Some(_), _) => exit::NONDETERMINISTIC,
            (None, Verdict::Pass) => exit::PASS,
            (None, Verdict::Violated) => exit::VIOLATED,
            (None, Verdict::Inconclusive) => exit::INCONCLUSIVE,
        };
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
        if !full {
            examined.outcome.forget_details();
        }
        Finished { index, seed, verdict, code, examined, row, repro, folder }
    }

    /// Whether a scenario has one run only, which then must reach by itself what the file says must be reached.
    fn only_run_of(&self, index: usize) -> bool {
        self.runs[index] == 1
    }

    /// Writes the page that lists all runs, with links to their reports.
    pub(super) fn index(&self, finished: &[Finished]) -> Result<PathBuf, String> {
        let rows: Vec<Row> = finished.iter().map(|run| run.row.clone()).collect();
        let path = self.args.out.join("index.html");
        std::fs::write(&path, campaign_html(&rows))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// The command line that runs all seeds of a scenario again, for what only all of them together can show.
    pub(super) fn repro_of_all(&self, scenario: &str) -> Option<String> {
        let index = self.loaded.iter().position(|loaded| loaded.scenario.name == scenario)?;
        let mine = || self.jobs.iter().filter(|(of, _)| *of == index).map(|(_, seed)| *seed);
        let seeds = match &self.args.seeds_of {
            Some(text) => format!("--seeds-of {} --count {}", quoted(text), self.args.count),
            None => format!("--seeds {}..{}", mine().min()?, mine().max()?.checked_add(1)?),
        };
        Some(again(&self.loaded[index].file.display().to_string(), &seeds, self.args))
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
        let worst = [exit::NONDETERMINISTIC, exit::VIOLATED, exit::INCONCLUSIVE]
            .into_iter()
            .find(|code| finished.iter().any(|run| run.code == *code));
        let code = match worst {
            Some(code) => code,
            None if !missing.is_empty() => exit::INCONCLUSIVE,
            None if unwritten => exit::IO,
            None => exit::PASS,
        };
        (missing, code)
    }
}

/// The command line that runs exactly this again.
fn repro(file: &str, seed: u64, args: &RunArgs) -> String {
    again(file, &format!("--seed {seed}"), args)
}

fn again(file: &str, seeds: &str, args: &RunArgs) -> String {
    let mut line = format!("bitcraps-sim run {} {seeds}", quoted(file));
    if args.world != World::Lab {
        line.push_str(&format!(" --on {}", args.world.name()));
    }
    for (key, value) in &args.set {
        line.push_str(&format!(" --set {}", quoted(&format!("{key}={value}"))));
    }
    line
}

/// Quoted for a shell, if it must be.
fn quoted(text: &str) -> String {
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
        let args = |world, set: &[(&str, &str)]| RunArgs {
            files: Vec::new(),
            seed: None,
            seeds: None,
            seeds_of: None,
            count: 1,
            world,
            set: set.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            jobs: 0,
            verify: false,
            format: super::super::Format::Human,
            out: PathBuf::new(),
        };
        assert_eq!(
            repro("my file's.yaml", 7, &args(World::Cluster, &[("faults.split.for", "30 s")])),
            r"bitcraps-sim run 'my file'\''s.yaml' --seed 7 --on cluster --set 'faults.split.for=30 s'"
        );
        let plain = args(World::Lab, &[]);
        assert_eq!(repro("scenarios/a.yaml", 7, &plain), "bitcraps-sim run scenarios/a.yaml --seed 7");
    }
}
