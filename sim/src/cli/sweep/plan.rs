//! The runs of a sweep: each file, each point, each seed.

use super::journal::{self, Sweep};
use crate::cli::campaign::again;
use crate::cli::run::{expand, mistakes, text};
use crate::cli::seeds::given;
use crate::cli::values::MOST_SEEDS;
use crate::cli::{SweepArgs, exit, store};
use crate::scenario::{self, Point, Swept, World};
use bitcraps_types::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What is to be run.
pub(in crate::cli) struct Plan {
    pub(in crate::cli) sweep: Sweep,
    points: Vec<(String, Point)>,
    pub(in crate::cli) runs: Vec<Run>,
    pub(in crate::cli) world: World,
}

/// One run.
pub(in crate::cli) struct Run {
    /// The place of its point.
    point: usize,
    pub(in crate::cli) seed: u64,
    pub(in crate::cli) id: Digest,
}

impl Plan {
    /// Reads the files. `Err`: the exit code; what is wrong has been told.
    pub(super) fn new(args: &SweepArgs) -> Result<Plan, u8> {
        Plan::of(Sweep {
            format: journal::FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sources: journal::SOURCES.to_owned(),
            world: args.world.name().to_owned(),
            files: read(&args.files)?,
            set: args.set.clone(),
            seed: args.seed,
            seeds: args.seeds,
        })
    }

    /// The runs of a sweep. `Err`: the exit code; what is wrong has been told.
    pub(in crate::cli) fn of(sweep: Sweep) -> Result<Plan, u8> {
        let Some(world) = World::ALL.into_iter().find(|world| world.name() == sweep.world) else {
            eprintln!("error: no world `{}`", sweep.world);
            return Err(exit::BAD_SCENARIO);
        };
        let points = points(&sweep.files, &sweep.set)?;
        let seeds = |point: &Point| given(sweep.seed, sweep.seeds, &point.scenario);
        let count = points.iter().map(|(_, point)| seeds(point).count());
        let count = count.fold(0u64, u64::saturating_add);
        if count > MOST_SEEDS {
            eprintln!(
                "error: {count} runs in one sweep; at most {MOST_SEEDS}: give fewer seeds with `--seeds A..B`"
            );
            return Err(exit::USAGE);
        }
        let mut first = BTreeMap::new();
        let mut runs = Vec::new();
        for (place, (_, point)) in points.iter().enumerate() {
            let id = |seed| store::id(&store::resolved(&point.scenario, seed), seed, world.name());
            runs.extend(seeds(point).iter().map(|seed| Run { point: place, seed, id: id(seed) }));
            if let Some(other) = first.insert(store::resolved(&point.scenario, 0), point) {
                let (one, two) = (in_words(other), in_words(point));
                eprintln!("error: two points are the same scenario: {one}, and {two}");
                return Err(exit::BAD_SCENARIO);
            }
        }
        Ok(Plan { sweep, points, runs, world })
    }

    pub(in crate::cli) fn point(&self, run: &Run) -> &Point {
        &self.points[run.point].1
    }

    /// Of all its runs.
    pub(super) fn ids(&self) -> BTreeSet<String> {
        self.runs.iter().map(|run| run.id.to_string()).collect()
    }

    /// The command line that runs exactly this again.
    pub(in crate::cli) fn command(&self, run: &Run) -> String {
        let (file, point) = &self.points[run.point];
        again(file, &format!("--seed {}", run.seed), self.world, &point.set)
    }

    /// For each scenario what must be reached in at least one of its runs.
    pub(super) fn sometimes(&self) -> BTreeMap<String, Vec<String>> {
        let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (_, point) in &self.points {
            let names = point.scenario.expect.sometimes.iter().map(|sometimes| sometimes.name().to_owned());
            wanted.entry(point.scenario.name.clone()).or_default().extend(names);
        }
        wanted.retain(|_, names| !names.is_empty());
        wanted.into_iter().map(|(scenario, names)| (scenario, names.into_iter().collect())).collect()
    }

    /// The name of the only scenario, if there is one only.
    pub(super) fn only_name(&self) -> Option<&str> {
        let names: BTreeSet<&str> =
            self.points.iter().map(|(_, point)| point.scenario.name.as_str()).collect();
        (names.len() == 1).then(|| names.first().copied()).flatten()
    }
}

/// A point as its values.
fn in_words(point: &Point) -> String {
    let values = point.values.iter().map(|(path, value)| format!("{path}={value}"));
    values.collect::<Vec<_>>().join(" ")
}

/// The texts of all files.
fn read(paths: &[PathBuf]) -> Result<BTreeMap<String, String>, u8> {
    let mut files = BTreeMap::new();
    for file in expand(paths, "scenario", &[".yaml", ".yml"])? {
        let text = text(&file)?.ok_or(exit::BAD_SCENARIO)?;
        files.insert(file.display().to_string(), text);
    }
    Ok(files)
}

/// The points of all files, each with its file's name. `Err`: the exit code; what is wrong has been told.
fn points(files: &BTreeMap<String, String>, set: &[(String, String)]) -> Result<Vec<(String, Point)>, u8> {
    let (mut points, mut names, mut bad) = (Vec::new(), BTreeMap::new(), false);
    for (file, text) in files {
        match scenario::points(file, text, set) {
            Ok(Swept { points: found, warnings }) => {
                warnings.iter().for_each(|warning| eprintln!("{warning}\n"));
                let name = found.first().map(|point| point.scenario.name.clone()).unwrap_or_default();
                if let Some(other) = names.insert(name.clone(), file) {
                    eprintln!("error: {other} and {file} have the same name, {name}");
                    bad = true;
                }
                points.extend(found.into_iter().map(|point| (file.clone(), point)));
            }
            Err(diagnostics) => {
                bad = true;
                mistakes(Path::new(file), &diagnostics);
            }
        }
    }
    if bad { Err(exit::BAD_SCENARIO) } else { Ok(points) }
}
