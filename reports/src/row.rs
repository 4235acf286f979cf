//! One run as one row of a campaign's index: what ran, what came of it, how to run it again.
//!
//! A row holds nothing that the machine or the hour decides, so the same campaign gives the same rows, whoever ran
//! which part of it and however often it was interrupted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::latency::{command_histogram, histogram, percentile_ns, v2_hex};
use crate::{RunRecord, Verdict};

/// One run of a campaign. Times are nanoseconds of virtual time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Digest of the resolved scenario, the seed, the world and the program's version: the same run has the same one.
    pub run: String,
    /// The scenario's name.
    pub scenario: String,
    /// The swept keys and their values, as the sweep wrote them; empty outside a sweep.
    pub point: BTreeMap<String, String>,
    /// The seed.
    pub seed: u64,
    /// The world that ran it.
    pub world: String,
    /// The consensus engine.
    pub engine: String,
    /// The number of nodes.
    pub nodes: u16,
    /// The judgement of the run.
    pub verdict: Verdict,
    /// Whether a second pass of the same seed gave another trace.
    pub diverged: bool,
    /// The names of the properties that were violated.
    pub violated: Vec<String>,
    /// The names of the properties that could not be judged.
    pub unjudged: Vec<String>,
    /// The names of what must be reached sometimes, of that which this run reached.
    pub reached: Vec<String>,
    /// How many faults were injected.
    pub faults: u64,
    /// How many of them changed something.
    pub faults_landed: u64,
    /// The highest block that any honest node made final; of a record alone, any node.
    pub height: u64,
    /// Commits of blocks at nodes.
    pub commits: u64,
    /// Commands that were settled where they were submitted.
    pub commands: u64,
    /// Median commit latency; `None` without commits, as in the three below.
    pub commit_p50_ns: Option<u64>,
    /// 95 % of the commits did not exceed it.
    pub commit_p95_ns: Option<u64>,
    /// 99 % of the commits did not exceed it.
    pub commit_p99_ns: Option<u64>,
    /// 99.9 % of the commits did not exceed it.
    pub commit_p999_ns: Option<u64>,
    /// Median time from a command's submission to its settlement; `None` without settled commands.
    pub settle_p50_ns: Option<u64>,
    /// 99 % of the settled commands did not exceed it.
    pub settle_p99_ns: Option<u64>,
    /// The longest time in which no node made a new height final, the run's start and end included.
    pub longest_stall_ns: u64,
    /// How long the run was.
    pub simulated_ns: u64,
    /// Events that the world handled.
    pub events: u64,
    /// Messages that nodes sent.
    pub messages: u64,
    /// The trace's hash, hexadecimal; empty in a world whose runs do not repeat.
    pub trace_hash: String,
    /// The command line that runs exactly this again.
    pub command: String,
    /// Where the run's own page is, relative to the campaign's, with `/`; empty if it has none.
    pub report: String,
    /// The commit latencies: HdrHistogram's V2 format, microseconds, hexadecimal; empty without commits.
    pub commit_histogram: String,
}

impl Row {
    /// The row of a record. What a record does not know is left empty: `run`, `point`, `diverged`, `reached`, `report`.
    pub fn of(record: &RunRecord) -> Row {
        let manifest = &record.manifest;
        let (commits, commands) = (histogram(record), command_histogram(record));
        let named = |wanted: Option<bool>| {
            let judged = record.properties.iter().filter(move |property| property.holds == wanted);
            judged.map(|property| property.name.clone()).collect()
        };
        Row {
            scenario: manifest.scenario.clone(),
            seed: manifest.seed,
            world: manifest.world.clone(),
            engine: manifest.engine.clone(),
            nodes: manifest.nodes,
            verdict: record.verdict,
            violated: named(Some(false)),
            unjudged: named(None),
            faults: record.faults.len() as u64,
            faults_landed: record.faults.iter().filter(|fault| fault.touched > 0).count() as u64,
            height: record.commits.iter().map(|commit| commit.height).max().unwrap_or(0),
            commits: record.commits.len() as u64,
            commands: record.commands.len() as u64,
            commit_p50_ns: percentile_ns(&commits, 50.0),
            commit_p95_ns: percentile_ns(&commits, 95.0),
            commit_p99_ns: percentile_ns(&commits, 99.0),
            commit_p999_ns: percentile_ns(&commits, 99.9),
            settle_p50_ns: percentile_ns(&commands, 50.0),
            settle_p99_ns: percentile_ns(&commands, 99.0),
            longest_stall_ns: longest_stall_ns(record),
            simulated_ns: manifest.duration_ns,
            events: manifest.events,
            messages: manifest.messages,
            trace_hash: manifest.trace_hash.clone(),
            command: manifest.command.clone(),
            commit_histogram: if commits.is_empty() { String::new() } else { v2_hex(&commits) },
            ..Row::default()
        }
    }

    /// Settled commands per second of virtual time.
    pub fn commands_per_second(&self) -> f64 {
        per_second(self.commands, self.simulated_ns)
    }

    /// Blocks per second of virtual time.
    pub fn blocks_per_second(&self) -> f64 {
        per_second(self.height, self.simulated_ns)
    }

    /// Messages for each block; `None` without a block.
    pub fn messages_per_block(&self) -> Option<f64> {
        (self.height > 0).then(|| self.messages as f64 / self.height as f64)
    }
}

fn per_second(count: u64, ns: u64) -> f64 {
    if ns == 0 { 0.0 } else { count as f64 * 1e9 / ns as f64 }
}

fn longest_stall_ns(record: &RunRecord) -> u64 {
    let mut first: BTreeMap<u64, u64> = BTreeMap::new();
    for commit in &record.commits {
        let at = first.entry(commit.height).or_insert(commit.at_ns);
        *at = commit.at_ns.min(*at);
    }
    let mut times: Vec<u64> = first.into_values().chain([0, record.manifest.duration_ns]).collect();
    times.sort_unstable();
    times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Commit, Manifest};

    #[test]
    fn a_stall_is_counted_from_the_start_between_heights_and_to_the_end() {
        let at = |height, at_ns| Commit { node: 0, height, round: 0, at_ns, latency_ns: 1 };
        let stall = |commits: &[Commit]| {
            let manifest = Manifest { duration_ns: 100, ..Manifest::default() };
            longest_stall_ns(&RunRecord { manifest, commits: commits.to_vec(), ..RunRecord::default() })
        };
        assert_eq!(stall(&[]), 100);
        assert_eq!(stall(&[at(1, 60), at(2, 90)]), 60);
        assert_eq!(stall(&[at(1, 10), at(2, 20)]), 80);
        // A second node that is late with a height ends no stall: another had made it final.
        assert_eq!(stall(&[at(1, 10), at(1, 45), at(2, 80)]), 70);
    }
}
