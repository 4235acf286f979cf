//! The runs of a sweep: each file, each point, each seed.

use crate::cli::campaign::again;
use crate::cli::run::{expand, mistakes, text};
use crate::cli::seeds::given;
use crate::cli::{MOST_SEEDS, SweepArgs, exit, store};
use crate::scenario::{self, Point, World};
use bitcraps_reports::index;
use bitcraps_types::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What is to be run.
pub(super) struct Plan {
    /// The scenario files: as they were named, and their texts.
    pub(super) files: BTreeMap<String, String>,
    points: Vec<(String, Point)>,
    pub(super) runs: Vec<Run>,
    world: World,
}

/// One run.
pub(super) struct Run {
    /// The place of its point.
    point: usize,
    pub(super) seed: u64,
    pub(super) id: Digest,
}

impl Plan {
    /// Reads the files. `Err`: the exit code; what is wrong has been told.
    pub(super) fn new(args: &SweepArgs) -> Result<Plan, u8> {
        let files = read(&args.files)?;
        let points = points(&files, &args.set)?;
        let seeds = |point: &Point| given(args.seed, args.seeds, &point.scenario);
        let count = points.iter().map(|(_, point)| seeds(point).count());
        let count = count.fold(0u64, u64::saturating_add);
        if count > MOST_SEEDS {
            eprintln!(
                "error: {count} runs in one sweep; at most {MOST_SEEDS}: give fewer seeds with `--seeds A..B`"
            );
            return Err(exit::USAGE);
        }
        let mut runs = Vec::new();
        for (place, (_, point)) in points.iter().enumerate() {
            let resolved = scenario::resolved(&point.scenario);
            let run = |seed| Run { point: place, seed, id: store::id(&resolved, seed, args.world.name()) };
            runs.extend(seeds(point).iter().map(run));
        }
        Ok(Plan { files, points, runs, world: args.world })
    }

    pub(super) fn point(&self, run: &Run) -> &Point {
        &self.points[run.point].1
    }

    /// The command line that runs exactly this again.
    pub(super) fn command(&self, run: &Run) -> String {
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
pub(in crate::cli) fn points(
    files: &BTreeMap<String, String>,
    set: &[(String, String)],
) -> Result<Vec<(String, Point)>, u8> {
    let (mut points, mut names, mut bad) = (Vec::new(), BTreeMap::new(), false);
    for (file, text) in files {
        match scenario::points(file, text, set) {
            Ok(found) => {
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
    let axes: BTreeSet<&String> = points.iter().flat_map(|(_, point)| point.values.keys()).collect();
    for axis in axes.into_iter().filter(|axis| index::is_column(axis)) {
        eprintln!("error: the index has a column `{axis}` already, so it can't be swept");
        bad = true;
    }
    if bad { Err(exit::BAD_SCENARIO) } else { Ok(points) }
}
