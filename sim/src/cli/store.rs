//! A run's folder: what it was, what came of it, how to run it again.
//!
//! ```text
//! runs/<scenario>/<seed>-<id>/
//!   manifest.json            what ran, with which program, and the trace's hash
//!   scenario.resolved.yaml   the scenario with every default filled in; runs by itself
//!   result.json              verdict, properties, faults
//!   events.jsonl             commits, settled commands and what happened at nodes, a line each, by time
//!   report.html, plots/, hist.*   see the reports crate
//! ```
//!
//! The last two lines are written only of a run that is to be shown in full.
//!
//! The id is a digest of the resolved scenario, the seed, the world and the program's version: the same run has the same folder.

use crate::run::Examined;
use crate::scenario::{self, Scenario, Seeds, World};
use bitcraps_reports::{CommandDone, Commit, NodeEvent, RunRecord};
use bitcraps_types::Digest;
use serde::Serialize;
use serde_json::json;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes the folder and gives its path. `in_full`: with events, report and figures.
pub(super) fn write(
    out: &Path,
    scenario: &Scenario,
    examined: &Examined,
    in_full: bool,
) -> Result<PathBuf, String> {
    let record = &examined.outcome.record;
    let RunRecord { manifest, .. } = record;
    let resolved = resolved(scenario, manifest.seed);
    let id = id(&resolved, manifest.seed, &manifest.world);
    let folder = out.join(&scenario.name).join(format!("{}-{}", manifest.seed, id.short()));
    let written = fs::create_dir_all(&folder).and_then(|()| files(&folder, record, &resolved));
    written.map_err(|error| format!("{}: {error}", folder.display()))?;
    if in_full {
        let path = folder.join("events.jsonl");
        events(&path, record).map_err(|error| format!("{}: {error}", path.display()))?;
        bitcraps_reports::write(record, &folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    Ok(folder)
}

/// The scenario of one run: with every default filled in, its own seed, and no sweep.
pub(super) fn resolved(scenario: &Scenario, seed: u64) -> String {
    let mut alone = scenario.clone();
    alone.seeds = Seeds::One(seed);
    alone.sweep.clear();
    scenario::resolved(&alone)
}

/// The digest of a resolved scenario, the seed, the world and the program's version: the same run has the same one.
pub(super) fn id(resolved: &str, seed: u64, world: &str) -> Digest {
    // The lab's folders keep the names that they had before there were other worlds.
    let world = if world == World::Lab.name() { "" } else { world };
    Digest::of("run", format!("{resolved}{seed}{}{world}", env!("CARGO_PKG_VERSION")).as_bytes())
}

fn files(folder: &Path, record: &RunRecord, resolved: &str) -> io::Result<()> {
    fs::write(folder.join("scenario.resolved.yaml"), resolved)?;
    json_file(&folder.join("manifest.json"), &record.manifest)?;
    let result = json!({
        "verdict": record.verdict,
        "properties": record.properties,
        "faults": record.faults,
        "honest": record.honest,
        "notes": record.notes,
        "trace_hash": record.manifest.trace_hash,
    });
    json_file(&folder.join("result.json"), &result)
}

fn json_file(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    fs::write(path, text)
}

/// A line of `events.jsonl`.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Commit(&'a Commit),
    Command(&'a CommandDone),
    NodeEvent(&'a NodeEvent),
}

fn events(path: &Path, record: &RunRecord) -> io::Result<()> {
    let commits = record.commits.iter().map(|commit| (commit.at_ns, Line::Commit(commit)));
    let commands = record.commands.iter().map(|command| (command.at_ns, Line::Command(command)));
    let nodes = record.node_events.iter().map(|event| (event.at_ns, Line::NodeEvent(event)));
    let mut lines: Vec<_> = commits.chain(commands).chain(nodes).collect();
    lines.sort_by_key(|(at, _)| *at);
    let mut file = io::BufWriter::new(fs::File::create(path)?);
    for (_, line) in lines {
        serde_json::to_writer(&mut file, &line)?;
        file.write_all(b"\n")?;
    }
    file.flush()
}

/// Whether the run had to reach by itself what must be reached sometimes: then its result says so.
pub(super) fn was_alone(folder: &Path) -> bool {
    let text = fs::read_to_string(folder.join("result.json")).unwrap_or_default();
    let result: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let properties = result["properties"].as_array().into_iter().flatten();
    properties.filter_map(|property| property["name"].as_str()).any(|name| name.starts_with("sometimes "))
}

/// What a replay needs.
pub(super) struct Stored {
    /// Of the resolved scenario.
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) world: World,
    pub(super) seed: u64,
    pub(super) trace_hash: String,
}

/// Reads back what a replay needs.
pub(super) fn read(folder: &Path) -> Result<Stored, String> {
    let read = |name: &str| {
        let path = folder.join(name);
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()));
        text.map(|text| (path, text))
    };
    let (path, manifest) = read("manifest.json")?;
    let manifest: bitcraps_reports::Manifest =
        serde_json::from_str(&manifest).map_err(|error| format!("{}: {error}", path.display()))?;
    let world = World::ALL.into_iter().find(|world| world.name() == manifest.world);
    let world = world.ok_or_else(|| format!("{}: no world `{}`", path.display(), manifest.world))?;
    let (path, text) = read("scenario.resolved.yaml")?;
    Ok(Stored { path, text, world, seed: manifest.seed, trace_hash: manifest.trace_hash })
}
