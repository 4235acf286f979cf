//! `trace`: a finished run again, as events. `diff` compares what this prints.

use super::replay::{self, Past};
use super::say::say;
use super::{elsewhere, exit};
use crate::lab::TraceSummary;
use crate::run;
use bitcraps_reports::{RunRecord, Verdict};
use bitcraps_types::Digest;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::Path;
use std::process::Command;

/// What a trace comes to, as it is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// The hash over all events.
    pub(super) hash: String,
    /// How many there are.
    pub(super) events: u64,
    /// The hash after each block of events.
    checkpoints: Vec<String>,
    /// What the run came to, in a few words.
    pub(super) outcome: String,
    /// When each height was first decided, and in which round.
    pub(super) heights: Vec<(u64, u32, u64)>,
}

impl Told {
    /// The numbers of the first block of events that is not the same.
    pub(super) fn first_difference(&self, other: &Told) -> Option<Range<u64>> {
        self.summary().first_difference(&other.summary())
    }

    fn summary(&self) -> TraceSummary {
        let digest = |text: &String| Digest::of("printed", text.as_bytes());
        TraceSummary {
            digest: digest(&self.hash),
            events: self.events,
            checkpoints: self.checkpoints.iter().map(digest).collect(),
        }
    }
}

/// Prints it.
pub(super) fn trace(folder: &Path, events: Option<(u64, u64)>) -> u8 {
    let past = match replay::read(folder) {
        Ok(past) => past,
        Err(code) => return code,
    };
    if elsewhere::is_place_of(past.world) {
        return elsewhere::go();
    }
    let Some((told, lines)) = again(&past, events.map(|(from, to)| from..to)) else {
        eprintln!("error: a run in the {} world does not repeat, or can't be made there", past.world.name());
        return exit::USAGE;
    };
    match events {
        None => say(serde_json::to_string(&told).expect("plain data is JSON")),
        Some(_) => lines.iter().for_each(say),
    }
    exit::PASS
}

/// Runs it again in this program. `None`: its world does not repeat.
pub(super) fn again(past: &Past, events: Option<Range<u64>>) -> Option<(Told, Vec<String>)> {
    let (outcome, lines) = run::trace(&past.scenario, past.world, past.seed, events)?;
    let told = Told {
        hash: outcome.trace.digest.to_string(),
        events: outcome.trace.events,
        checkpoints: outcome.trace.checkpoints.iter().map(ToString::to_string).collect(),
        outcome: in_words(&outcome.record),
        heights: heights(&outcome.record),
    };
    Some((told, lines))
}

/// The same in another program, or in that of another world.
pub(super) fn again_by(
    program: &Path,
    folder: &Path,
    events: Option<Range<u64>>,
) -> Result<(Option<Told>, Vec<String>), String> {
    let mut command = Command::new(program);
    command.arg("trace").arg(folder);
    if let Some(Range { start, end }) = &events {
        command.arg("--events").arg(format!("{start}..{end}"));
    }
    let output = command.output().map_err(|error| format!("{}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} trace {}: {}", program.display(), folder.display(), why.trim()));
    }
    if events.is_some() {
        return Ok((None, text.lines().map(str::to_owned).collect()));
    }
    let told = serde_json::from_str(&text);
    told.map(|told| (Some(told), Vec::new())).map_err(|error| format!("{}: {error}", program.display()))
}

fn in_words(record: &RunRecord) -> String {
    let broken = record.properties.iter().find(|property| property.holds == Some(false));
    match (record.verdict, broken) {
        (Verdict::Violated, Some(property)) => format!("{} violated: {}", property.name, property.detail),
        (Verdict::Violated, None) => "violated".to_owned(),
        (Verdict::Pass, _) => "pass".to_owned(),
        (Verdict::Inconclusive, _) => "inconclusive".to_owned(),
    }
}

fn heights(record: &RunRecord) -> Vec<(u64, u32, u64)> {
    let mut commits: Vec<_> = record.commits.iter().map(|it| (it.height, it.at_ns, it.round)).collect();
    commits.sort_unstable();
    commits.dedup_by_key(|(height, ..)| *height);
    commits.into_iter().map(|(height, at, round)| (height, round, at)).collect()
}
