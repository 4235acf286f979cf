//! What each command takes.

use super::values::{MOST_SEEDS, Silent, chance, engine, override_, seed, seeds, share, silent, span};
use super::{export, hunt, sweep};
use crate::scenario::World;
use bitcraps_types::Protocol;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Args)]
pub(super) struct RunArgs {
    /// Scenario files or folders
    #[arg(required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Run this seed instead of the file's
    #[arg(long, conflicts_with = "seeds", value_parser = seed)]
    pub(super) seed: Option<u64>,
    /// Run these seeds: A..B, without B
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    pub(super) seeds: Option<(u64, u64)>,
    /// Run seeds that follow from this text, such as the hash of a commit or a date
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["seed", "seeds"])]
    pub(super) seeds_of: Option<String>,
    /// How many of them
    #[arg(long, requires = "seeds_of", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=MOST_SEEDS))]
    pub(super) count: u64,
    /// Where to run: `lab`, `wire` and `madsim` are simulated, `cluster` starts real daemons on this machine (one run
    /// at a time)
    #[arg(long = "on", value_enum, default_value_t = World::Lab)]
    pub(super) world: World,
    /// Override a value of the file, such as `validators.count=10` or `faults.split.for=30s`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = override_)]
    pub(super) set: Vec<(String, String)>,
    /// How many runs at once; 0: one per core
    #[arg(long, default_value_t = 0)]
    pub(super) jobs: usize,
    /// Run everything twice and compare the traces; on a difference show the first event that differs
    #[arg(long)]
    pub(super) verify: bool,
    /// Which messages the report shows
    #[arg(long, value_enum, default_value_t = Film::Windows)]
    pub(super) film: Film,
    /// How to print the verdict
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
    /// Where run folders go
    #[arg(long, default_value = "runs")]
    pub(super) out: PathBuf,
}

#[derive(Args)]
pub(super) struct SweepArgs {
    /// Scenario files or folders
    #[arg(required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Run this seed instead of the file's
    #[arg(long, conflicts_with = "seeds", value_parser = seed)]
    pub(super) seed: Option<u64>,
    /// Run these seeds: A..B, without B
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    pub(super) seeds: Option<(u64, u64)>,
    /// Where to run, as for `run`
    #[arg(long = "on", value_enum, default_value_t = World::Lab)]
    pub(super) world: World,
    /// Sweep a value of the file, such as `validators.count=4,7,10`, or set it; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE[,VALUE…]", value_parser = override_)]
    pub(super) set: Vec<(String, String)>,
    /// How many runs at once; 0: one per core
    #[arg(long, default_value_t = 0)]
    pub(super) jobs: usize,
    /// Run everything twice and compare the traces
    #[arg(long)]
    pub(super) verify: bool,
    /// Run one part of several, such as 3/16; auto: the part that Slurm, Kubernetes or GitLab says
    #[arg(long, value_name = "I/N", value_parser = sweep::shard)]
    pub(super) shard: Option<sweep::ShardArgument>,
    /// Where the results go; by default sweeps/NAME, by the scenario's name
    #[arg(long)]
    pub(super) out: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct CompareArgs {
    /// The baseline: a folder that `sweep` or `merge` wrote, a file of its rows, or a bundle
    pub(super) a: PathBuf,
    /// What is compared with it
    pub(super) b: PathBuf,
    /// Take only these runs of A, such as `engine=pbft`; may be repeated. What is said here is left out of the points
    #[arg(long = "a", value_name = "COLUMN=VALUE", value_parser = override_)]
    pub(super) only_a: Vec<(String, String)>,
    /// The same of B
    #[arg(long = "b", value_name = "COLUMN=VALUE", value_parser = override_)]
    pub(super) only_b: Vec<(String, String)>,
    /// A measure that is worse by more than this, and significantly, is a regression
    #[arg(long, default_value = "5%", value_parser = share)]
    pub(super) worse_by: f64,
    /// The largest p value, corrected for the number of tests, of a difference that counts
    #[arg(long, default_value_t = 0.05, value_parser = chance)]
    pub(super) significance: f64,
    /// A rise of the share of failed runs is a regression only if it is significant
    #[arg(long)]
    pub(super) failures_by_chance: bool,
    /// Compare what is there, though a sweep is not whole
    #[arg(long)]
    pub(super) partial: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t = CompareFormat::Human)]
    pub(super) format: CompareFormat,
    /// Write a page as well
    #[arg(long)]
    pub(super) page: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CompareFormat {
    /// For people
    Human,
    /// One JSON object
    Json,
}

#[derive(Args)]
pub(super) struct CheckArgs {
    /// Scenario files or folders
    #[arg(required = true)]
    pub(super) files: Vec<PathBuf>,
    /// How to print the mistakes
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub(super) format: CheckFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// For people
    Human,
    /// One JSON object per file and line
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

#[cfg(feature = "watch")]
#[derive(Args)]
pub(super) struct WatchArgs {
    /// The scenario
    pub(super) file: PathBuf,
    /// Run this seed instead of the file's first
    #[arg(long, value_parser = seed)]
    pub(super) seed: Option<u64>,
    /// Override a value of the file; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = override_)]
    pub(super) set: Vec<(String, String)>,
}

#[derive(Args)]
pub(super) struct ExportArgs {
    /// A folder that `run` wrote
    pub(super) run: PathBuf,
    /// For which tool
    #[arg(long, value_enum)]
    pub(super) to: ExportTo,
    /// The file; by default beside the run's others
    #[arg(long)]
    pub(super) out: Option<PathBuf>,
    /// Begin at this virtual time, such as 20s
    #[arg(long, default_value = "0s", value_parser = span)]
    pub(super) from: Duration,
    /// End at this virtual time; by default with the run
    #[arg(long, value_parser = span)]
    pub(super) until: Option<Duration>,
    /// For shiviz: at most so many events
    #[arg(long, default_value_t = 500)]
    pub(super) events: u64,
    /// For openmetrics: the time between two scrapes
    #[arg(long, default_value = "1s", value_parser = span)]
    pub(super) every: Duration,
    /// For openmetrics and pcap: what virtual time zero is, as a day or as seconds since 1970
    #[arg(long, default_value = "2026-01-01", value_parser = export::epoch)]
    pub(super) epoch: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportTo {
    /// A trace for ui.perfetto.dev: tracks per node, faults, an arrow per message
    Perfetto,
    /// A log with vector clocks for ShiViz: who could know what
    Shiviz,
    /// What Prometheus would have scraped, as OpenMetrics text for `promtool tsdb create-blocks-from`
    Openmetrics,
    /// The QUIC datagrams for Wireshark, of a run in the `wire` or `turmoil` world
    Pcap,
}

#[derive(Args)]
pub(super) struct HuntArgs {
    /// The scenario to begin with: its network, its work, its faults
    pub(super) file: PathBuf,
    /// How cases are drawn; all: each in turn, for its share of the budget
    #[arg(long, value_enum, default_value_t = hunt::Strategies::All)]
    pub(super) strategy: hunt::Strategies,
    /// How long, such as 30s or 10m
    #[arg(long, default_value = "10m", value_parser = span)]
    pub(super) budget: Duration,
    /// At most so many cases of each strategy
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true)]
    pub(super) cases: u64,
    /// What the cases are drawn with
    #[arg(long, default_value_t = 0, value_parser = seed)]
    pub(super) seed: u64,
    /// Go on after the first find; keep the first of each property
    #[arg(long)]
    pub(super) keep_going: bool,
    /// How long each find may be shrunk; 0s: not at all
    #[arg(long, default_value = "60s", value_parser = span)]
    pub(super) shrink: Duration,
    /// Override a value of the file, such as `consensus.engine=pbft`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = override_)]
    pub(super) set: Vec<(String, String)>,
    /// How many cases at once; 0: one per core
    #[arg(long, default_value_t = 0)]
    pub(super) jobs: usize,
    /// Where finds go
    #[arg(long, default_value = "finds")]
    pub(super) out: PathBuf,
}

#[derive(Args)]
pub(super) struct ExploreArgs {
    /// The engine: pbft, tendermint or hotstuff
    #[arg(long, default_value = "tendermint", value_parser = engine)]
    pub(super) engine: Protocol,
    /// A bug that is put into it (docs/museum.md), which also says the engine
    #[arg(long)]
    pub(super) bug: Option<String>,
    /// How many validators; by default as many as the bug takes, mostly 4
    #[arg(long)]
    pub(super) validators: Option<u16>,
    /// Validators that run twice
    #[arg(long, value_delimiter = ',')]
    pub(super) twins: Vec<u16>,
    /// Validators that never say anything; by default one that does not lead; `none`: nobody
    #[arg(long, value_parser = silent)]
    pub(super) silent: Option<Silent>,
    /// How many heights are decided
    #[arg(long, default_value_t = 1)]
    pub(super) heights: u64,
    /// How many timers may ring at each validator
    #[arg(long, default_value_t = 0)]
    pub(super) timeouts: u32,
    /// How often each validator may fall; it has written all that it said by then
    #[arg(long, default_value_t = 0)]
    pub(super) crashes: u32,
    /// How many events, at most
    #[arg(long, default_value_t = 64)]
    pub(super) depth: usize,
    /// The search ends at a depth that adds more states than this
    #[arg(long, default_value_t = 2_000_000)]
    pub(super) states: usize,
    /// How many threads; 0: one per core
    #[arg(long, default_value_t = 0)]
    pub(super) jobs: usize,
    /// Where a find goes
    #[arg(long, default_value = "finds")]
    pub(super) out: PathBuf,
}

#[derive(Args)]
pub(super) struct MuseumArgs {
    /// Only these exhibits (docs/museum.md); all, if none is named
    pub(super) bugs: Vec<String>,
    /// Only this strategy
    #[arg(long, value_enum, default_value_t = hunt::Strategies::All)]
    pub(super) strategy: hunt::Strategies,
    /// How long each strategy may take for each exhibit
    #[arg(long, default_value = "20s", value_parser = span)]
    pub(super) budget: Duration,
    /// What the cases are drawn with
    #[arg(long, default_value_t = 0, value_parser = seed)]
    pub(super) seed: u64,
    /// How many cases at once; 0: one per core
    #[arg(long, default_value_t = 0)]
    pub(super) jobs: usize,
    /// Shrink the first find of each exhibit and save it here
    #[arg(long)]
    pub(super) save: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct EdgesArgs {
    /// The table's rules, in lines such as `pays.field_twelve = 3:1` (docs/craps.md); what it does not say is as usual
    #[arg(long)]
    pub(super) rules: Option<PathBuf>,
    /// Set a rule, such as `pays.field_twelve=3:1`; may be repeated
    #[arg(long = "set", value_name = "RULE=VALUE", value_parser = override_)]
    pub(super) set: Vec<(String, String)>,
    /// The stake of every bet, with what is rounded off; by default for each bet the least on which nothing is
    #[arg(long)]
    pub(super) stake: Option<u64>,
    /// Run this scenario, and print what the house kept of each bet beside what it keeps exactly. Exit code 1: some bet is
    /// not what it should be
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rules", "set", "stake"])]
    pub(super) measure: Option<PathBuf>,
    /// Run it with these seeds, A..B without B, and count all of them together
    #[arg(long, value_name = "A..B", value_parser = seeds, requires = "measure")]
    pub(super) seeds: Option<(u64, u64)>,
    /// How to print the table
    #[arg(long, value_enum, default_value_t = EdgesFormat::Human)]
    pub(super) format: EdgesFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum EdgesFormat {
    /// For people; bets of one kind that cost the same are in one row
    Human,
    /// The same for documents
    Markdown,
    /// One JSON object per bet and line, with exact fractions
    Json,
    /// One bet per line, with exact fractions
    Csv,
    /// The full Kelly limit of a genesis file's policy (docs/treasury.md)
    Kelly,
}

#[derive(Args)]
pub(super) struct RuinArgs {
    /// The bet, as `edges` names it; may be repeated
    #[arg(long, default_values_t = [String::from("pass_line")])]
    pub(super) bet: Vec<String>,
    /// What the house starts with, in bets; may be repeated
    #[arg(long, default_values_t = [50, 100, 250, 500], value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub(super) bankroll: Vec<u32>,
}

/// A quarter of a minute, and no interval wider than two per cent but those of real signatures.
pub(super) const DICE_ROLLS: u64 = 50_000;

#[derive(Args)]
pub(super) struct DiceArgs {
    /// How many rolls each attacker plays; with real threshold signatures one in 250 of them
    #[arg(long, default_value_t = DICE_ROLLS, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) rolls: u64,
    /// What all randomness is drawn from
    #[arg(long, default_value_t = 0, value_parser = seed)]
    pub(super) seed: u64,
    /// How to print the table
    #[arg(long, value_enum, default_value_t = DiceFormat::Human)]
    pub(super) format: DiceFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DiceFormat {
    /// For people
    Human,
    /// One JSON object per attack and line, with exact fractions
    Json,
    /// One attack per line, with exact fractions
    Csv,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Human,
    /// One JSON object per run and line
    Json,
    /// JUnit XML, for CI
    Junit,
    /// For people who look at GitHub Actions: failures folded away, annotations beside the lines of the scenarios, and
    /// the page of the step
    Github,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Film {
    /// At most a second each around the first violation, or around where each of the first faults begins
    Windows,
    /// Every message of the whole run, up to two million
    All,
}
