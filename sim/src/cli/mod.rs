//! The command line: what is typed, what is printed, which exit code.
//!
//! Data goes to standard output, progress and diagnostics to standard error.

mod bench;
mod bundle;
mod campaign;
mod check;
mod ci;
mod compare;
mod coverage;
mod dice;
mod diff;
mod edges;
mod elsewhere;
mod explore;
mod export;
mod finds;
mod hunt;
mod museum;
mod output;
mod replay;
mod ruin;
mod run;
mod say;
mod schedule;
mod seeds;
#[cfg(feature = "serve")]
mod serve;
mod store;
mod sweep;
mod trace;
#[cfg(feature = "watch")]
mod watch;
mod watchdog;
mod workers;

use crate::scenario::{Percent, Span, World};
use bitcraps_types::Protocol;
use clap::{Args, Parser, Subcommand, ValueEnum};
#[cfg(feature = "serve")]
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// One contract for all commands. `2` is ours, so clap's own code for bad usage is mapped to [`exit::USAGE`].
pub(crate) mod exit {
    pub(crate) const PASS: u8 = 0;
    pub(crate) const VIOLATED: u8 = 1;
    pub(crate) const INCONCLUSIVE: u8 = 2;
    pub(crate) const NONDETERMINISTIC: u8 = 3;
    pub(crate) const REGRESSION: u8 = 4;
    pub(crate) const USAGE: u8 = 64;
    pub(crate) const BAD_SCENARIO: u8 = 65;
    pub(crate) const INTERNAL: u8 = 70;
    pub(crate) const IO: u8 = 74;
}

const EXIT_CODES: &str = "\
Exit codes:
  0   every property held and every fault landed
  1   a property was violated
  2   inconclusive: a fault touched nothing, a `sometimes` was never reached, or the run was too short to judge
  3   the same seed gave two traces
  4   a regression against a baseline
  64  bad usage
  65  bad scenario
  70  internal error
  74  a file could not be read or written";

/// Runs fault scenarios against a simulated BitCraps network and judges them.
#[derive(Parser)]
#[command(name = "bitcraps-sim", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run scenarios (files, or folders of them) and judge them
    Run(RunArgs),
    /// Run every point of scenarios' `sweep` with every seed, of which only those that are not there yet
    Sweep(SweepArgs),
    /// Put the shards of a sweep together: index, page and verdict, as if it had not been divided
    Merge {
        /// Folders that `sweep` wrote
        #[arg(required = true)]
        folders: Vec<PathBuf>,
        /// Where the whole goes
        #[arg(long)]
        out: PathBuf,
    },
    /// Set two sweeps side by side, point by point. Exit code 4: B is worse than the baseline A by the rule
    Compare(CompareArgs),
    /// Make one file of a sweep that anybody can check. Exit code 1: a claim does not hold
    Bundle {
        /// A folder that `sweep` or `merge` wrote
        folder: PathBuf,
        /// What is claimed, and which number says so (docs/sweeps.md)
        #[arg(long)]
        claims: Option<PathBuf>,
        /// The file to write
        #[arg(long)]
        out: PathBuf,
    },
    /// Run the runs of a bundle again and compare the traces bit for bit; make its documents again; work out its claims.
    /// Exit code 1: a claim does not hold; 3: something came out otherwise; 65: no bundle
    VerifyBundle {
        /// A file that `bundle` wrote
        file: PathBuf,
        /// Run only so many of the runs, evenly chosen
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        sample: Option<u64>,
        /// How many runs at once; 0: one per core
        #[arg(long, default_value_t = 0)]
        jobs: usize,
    },
    /// Check scenarios without running them; prints every mistake with its place
    Check(CheckArgs),
    /// Print the JSON Schema of the scenario file, for editors
    Schema,
    /// List the scenarios of a folder with their claims
    List {
        /// The folder
        #[arg(default_value = "scenarios")]
        folder: PathBuf,
    },
    /// Run a finished run again from its folder and compare the traces
    Replay {
        /// A folder that `run` wrote
        run: PathBuf,
    },
    /// Compare two finished runs: what was asked differently, the first event that differs with its causes, what came of
    /// it. Exit code 1: they differ; 3: though the same was asked
    Diff {
        /// A folder that `run` wrote
        a: PathBuf,
        /// Another
        b: PathBuf,
        /// The program that wrote A, if it is another than this
        #[arg(long)]
        program_a: Option<PathBuf>,
        /// The program that wrote B, if it is another than this
        #[arg(long)]
        program_b: Option<PathBuf>,
    },
    /// Run a finished run again and print its trace: the hashes, or events in words
    Trace {
        /// A folder that `run` wrote
        run: PathBuf,
        /// The numbers of the events: A..B, without B
        #[arg(long, value_name = "A..B", value_parser = events)]
        events: Option<(u64, u64)>,
    },
    /// Run a finished run again and write what happens in it for another tool: Perfetto, ShiViz, Prometheus or Wireshark
    Export(ExportArgs),
    /// Look for the scenario that breaks a property: faults are drawn, run, judged; what is found is shrunk and saved
    Hunt(HuntArgs),
    /// Make a scenario that breaks a property smaller while it still breaks the same one, and save it
    Shrink {
        /// The scenario
        file: PathBuf,
        /// Run with this seed instead of the file's
        #[arg(long, value_parser = seed)]
        seed: Option<u64>,
        /// Override a value of the file; may be repeated
        #[arg(long = "set", value_name = "KEY=VALUE", value_parser = override_)]
        set: Vec<(String, String)>,
        /// How long it may take
        #[arg(long, default_value = "60s", value_parser = span)]
        limit: Duration,
        /// Where the result goes
        #[arg(long, default_value = "finds")]
        out: PathBuf,
    },
    /// Run every strategy against every bug of the museum, and against the clean engines: cases and seconds to detection
    Museum(MuseumArgs),
    /// Go through all interleavings of a small network of engines, up to a depth
    Explore(ExploreArgs),
    /// Print what each craps bet costs, exactly: the house's edge, the variance, the rolls. Exit code 1: some bet favours
    /// the player
    Edges(EdgesArgs),
    /// Print how likely a bankroll is ever lost to bets of one kind that never end
    Ruin(RuinArgs),
    /// Measure what an attacker gets of the dice, in ours and in the schemes that are broken, beside the closed form. Exit
    /// code 1: some chance is not that of its closed form
    Dice(DiceArgs),
    /// Count which lines of the papers' pseudo-code scenarios make the engines take
    Coverage {
        /// Scenario files or folders
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Run schedule files on the engines alone, as `hunt` saves them
    Schedule {
        /// Schedule files or folders of them
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Tell what happened, event by event
        #[arg(long)]
        log: bool,
    },
    /// Watch a run in the lab as it goes, in this terminal: its nodes, what passes between them, what is broken
    #[cfg(feature = "watch")]
    Watch(WatchArgs),
    /// Show the folders of runs in a browser
    #[cfg(feature = "serve")]
    Serve {
        /// What `run` wrote
        #[arg(default_value = "runs")]
        folder: PathBuf,
        /// Where to listen; nobody is asked who they are, so let it be this machine alone
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
    /// Print the table of faults: which world makes which
    Faults,
    /// Measure: this loop beside turmoil and madsim, then whole nodes (see `make bench`)
    Bench {
        /// Only the parts whose name contains this
        only: Option<String>,
        /// Where the figures of the engines go, as SVG and CSV
        #[arg(long)]
        figures: Option<PathBuf>,
    },
}

#[derive(Args)]
pub(crate) struct RunArgs {
    /// Scenario files or folders
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Run this seed instead of the file's
    #[arg(long, conflicts_with = "seeds", value_parser = seed)]
    seed: Option<u64>,
    /// Run these seeds: A..B, without B
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Option<(u64, u64)>,
    /// Run seeds that follow from this text, such as the hash of a commit or a date
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["seed", "seeds"])]
    seeds_of: Option<String>,
    /// How many of them
    #[arg(long, requires = "seeds_of", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=MOST_SEEDS))]
    count: u64,
    /// Where to run: `lab`, `wire` and `madsim` are simulated, `cluster` starts real daemons on this machine (one run
    /// at a time)
    #[arg(long = "on", value_enum, default_value_t = World::Lab)]
    world: World,
    /// Override a value of the file, such as `validators.count=10` or `faults.split.for=30s`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = override_)]
    set: Vec<(String, String)>,
    /// How many runs at once; 0: one per core
    #[arg(long, default_value_t = 0)]
    jobs: usize,
    /// Run everything twice and compare the traces; on a difference show the first event that differs
    #[arg(long)]
    verify: bool,
    /// Which messages the report shows
    #[arg(long, value_enum, default_value_t = Film::Windows)]
    film: Film,
    /// How to print the verdict
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Where run folders go
    #[arg(long, default_value = "runs")]
    out: PathBuf,
}

#[derive(Args)]
pub(crate) struct SweepArgs {
    /// Scenario files or folders
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Run this seed instead of the file's
    #[arg(long, conflicts_with = "seeds", value_parser = seed)]
    seed: Option<u64>,
    /// Run these seeds: A..B, without B
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Option<(u64, u64)>,
    /// Where to run, as for `run`
    #[arg(long = "on", value_enum, default_value_t = World::Lab)]
    world: World,
    /// Sweep a value of the file, such as `validators.count=4,7,10`, or set it; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE[,VALUE…]", value_parser = override_)]
    set: Vec<(String, String)>,
    /// How many runs at once; 0: one per core
    #[arg(long, default_value_t = 0)]
    jobs: usize,
    /// Run everything twice and compare the traces
    #[arg(long)]
    verify: bool,
    /// Run one part of several, such as 3/16; auto: the part that Slurm, Kubernetes or GitLab says
    #[arg(long, value_name = "I/N", value_parser = sweep::shard)]
    shard: Option<sweep::ShardArgument>,
    /// Where the results go; by default sweeps/NAME, by the scenario's name
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct CompareArgs {
    /// The baseline: a folder that `sweep` or `merge` wrote, a file of its rows, or a bundle
    a: PathBuf,
    /// What is compared with it
    b: PathBuf,
    /// Take only these runs of A, such as `engine=pbft`; may be repeated. What is said here is left out of the points
    #[arg(long = "a", value_name = "COLUMN=VALUE", value_parser = override_)]
    only_a: Vec<(String, String)>,
    /// The same of B
    #[arg(long = "b", value_name = "COLUMN=VALUE", value_parser = override_)]
    only_b: Vec<(String, String)>,
    /// A measure that is worse by more than this, and significantly, is a regression
    #[arg(long, default_value = "5%", value_parser = share)]
    worse_by: f64,
    /// The largest p value, corrected for the number of tests, of a difference that counts
    #[arg(long, default_value_t = 0.05, value_parser = chance)]
    significance: f64,
    /// A rise of the share of failed runs is a regression only if it is significant
    #[arg(long)]
    failures_by_chance: bool,
    /// Compare what is there, though a sweep is not whole
    #[arg(long)]
    partial: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t = CompareFormat::Human)]
    format: CompareFormat,
    /// Write a page as well
    #[arg(long)]
    page: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CompareFormat {
    /// For people
    Human,
    /// One JSON object
    Json,
}

#[derive(Args)]
struct CheckArgs {
    /// Scenario files or folders
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How to print the mistakes
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    format: CheckFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
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
struct WatchArgs {
    /// The scenario
    file: PathBuf,
    /// Run this seed instead of the file's first
    #[arg(long, value_parser = seed)]
    seed: Option<u64>,
    /// Override a value of the file; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = override_)]
    set: Vec<(String, String)>,
}

#[derive(Args)]
struct ExportArgs {
    /// A folder that `run` wrote
    run: PathBuf,
    /// For which tool
    #[arg(long, value_enum)]
    to: ExportTo,
    /// The file; by default beside the run's others
    #[arg(long)]
    out: Option<PathBuf>,
    /// Begin at this virtual time, such as 20s
    #[arg(long, default_value = "0s", value_parser = span)]
    from: Duration,
    /// End at this virtual time; by default with the run
    #[arg(long, value_parser = span)]
    until: Option<Duration>,
    /// For shiviz: at most so many events
    #[arg(long, default_value_t = 500)]
    events: u64,
    /// For openmetrics: the time between two scrapes
    #[arg(long, default_value = "1s", value_parser = span)]
    every: Duration,
    /// For openmetrics and pcap: what virtual time zero is, as a day or as seconds since 1970
    #[arg(long, default_value = "2026-01-01", value_parser = export::epoch)]
    epoch: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportTo {
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
pub(crate) struct HuntArgs {
    /// The scenario to begin with: its network, its work, its faults
    file: PathBuf,
    /// How cases are drawn; all: each in turn, for its share of the budget
    #[arg(long, value_enum, default_value_t = hunt::Strategies::All)]
    strategy: hunt::Strategies,
    /// How long, such as 30s or 10m
    #[arg(long, default_value = "10m", value_parser = span)]
    budget: Duration,
    /// At most so many cases of each strategy
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true)]
    cases: u64,
    /// What the cases are drawn with
    #[arg(long, default_value_t = 0, value_parser = seed)]
    seed: u64,
    /// Go on after the first find; keep the first of each property
    #[arg(long)]
    keep_going: bool,
    /// How long each find may be shrunk; 0s: not at all
    #[arg(long, default_value = "60s", value_parser = span)]
    shrink: Duration,
    /// Override a value of the file, such as `consensus.engine=pbft`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = override_)]
    set: Vec<(String, String)>,
    /// How many cases at once; 0: one per core
    #[arg(long, default_value_t = 0)]
    jobs: usize,
    /// Where finds go
    #[arg(long, default_value = "finds")]
    out: PathBuf,
}

#[derive(Args)]
pub(crate) struct ExploreArgs {
    /// The engine: pbft, tendermint or hotstuff
    #[arg(long, default_value = "tendermint", value_parser = engine)]
    engine: Protocol,
    /// A bug that is put into it (docs/museum.md), which also says the engine
    #[arg(long)]
    bug: Option<String>,
    /// How many validators; by default as many as the bug takes, mostly 4
    #[arg(long)]
    validators: Option<u16>,
    /// Validators that run twice
    #[arg(long, value_delimiter = ',')]
    twins: Vec<u16>,
    /// Validators that never say anything; by default one that does not lead; `none`: nobody
    #[arg(long, value_parser = silent)]
    silent: Option<Silent>,
    /// How many heights are decided
    #[arg(long, default_value_t = 1)]
    heights: u64,
    /// How many timers may ring at each validator
    #[arg(long, default_value_t = 0)]
    timeouts: u32,
    /// How often each validator may fall; it has written all that it said by then
    #[arg(long, default_value_t = 0)]
    crashes: u32,
    /// How many events, at most
    #[arg(long, default_value_t = 64)]
    depth: usize,
    /// The search ends at a depth that adds more states than this
    #[arg(long, default_value_t = 2_000_000)]
    states: usize,
    /// How many threads; 0: one per core
    #[arg(long, default_value_t = 0)]
    jobs: usize,
    /// Where a find goes
    #[arg(long, default_value = "finds")]
    out: PathBuf,
}

#[derive(Args)]
pub(crate) struct MuseumArgs {
    /// Only these exhibits (docs/museum.md); all, if none is named
    bugs: Vec<String>,
    /// Only this strategy
    #[arg(long, value_enum, default_value_t = hunt::Strategies::All)]
    strategy: hunt::Strategies,
    /// How long each strategy may take for each exhibit
    #[arg(long, default_value = "20s", value_parser = span)]
    budget: Duration,
    /// What the cases are drawn with
    #[arg(long, default_value_t = 0, value_parser = seed)]
    seed: u64,
    /// How many cases at once; 0: one per core
    #[arg(long, default_value_t = 0)]
    jobs: usize,
    /// Shrink the first find of each exhibit and save it here
    #[arg(long)]
    save: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct EdgesArgs {
    /// The table's rules, in lines such as `pays.field_twelve = 3:1` (docs/craps.md); what it does not say is as usual
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Set a rule, such as `pays.field_twelve=3:1`; may be repeated
    #[arg(long = "set", value_name = "RULE=VALUE", value_parser = override_)]
    set: Vec<(String, String)>,
    /// The stake of every bet, with what is rounded off; by default for each bet the least on which nothing is
    #[arg(long)]
    stake: Option<u64>,
    /// Run this scenario, and print what the house kept of each bet beside what it keeps exactly. Exit code 1: some bet is
    /// not what it should be
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rules", "set", "stake"])]
    measure: Option<PathBuf>,
    /// Run it with these seeds, A..B without B, and count all of them together
    #[arg(long, value_name = "A..B", value_parser = seeds, requires = "measure")]
    seeds: Option<(u64, u64)>,
    /// How to print the table
    #[arg(long, value_enum, default_value_t = EdgesFormat::Human)]
    format: EdgesFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EdgesFormat {
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
pub(crate) struct RuinArgs {
    /// The bet, as `edges` names it; may be repeated
    #[arg(long, default_values_t = [String::from("pass_line")])]
    bet: Vec<String>,
    /// What the house starts with, in bets; may be repeated
    #[arg(long, default_values_t = [50, 100, 250, 500], value_parser = clap::value_parser!(u32).range(..=100_000))]
    bankroll: Vec<u32>,
}

/// A quarter of a minute, and no interval wider than two per cent but those of real signatures.
const DICE_ROLLS: u64 = 50_000;

#[derive(Args)]
pub(crate) struct DiceArgs {
    /// How many rolls each attacker plays; with real threshold signatures one in 250 of them
    #[arg(long, default_value_t = DICE_ROLLS, value_parser = clap::value_parser!(u64).range(1..))]
    rolls: u64,
    /// What all randomness is drawn from
    #[arg(long, default_value_t = 0, value_parser = seed)]
    seed: u64,
    /// How to print the table
    #[arg(long, value_enum, default_value_t = DiceFormat::Human)]
    format: DiceFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DiceFormat {
    /// For people
    Human,
    /// One JSON object per attack and line, with exact fractions
    Json,
    /// One attack per line, with exact fractions
    Csv,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
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
enum Film {
    /// At most a second each around the first violation, or around where each of the first faults begins
    Windows,
    /// Every message of the whole run, up to two million
    All,
}

/// What is kept of each run stays in memory until the sum is printed.
pub(crate) const MOST_SEEDS: u64 = 1_000_000;

fn seed(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| format!("`{text}` is not a number, such as 42 or 0x2a"))
}

fn events(text: &str) -> Result<(u64, u64), String> {
    let range = text.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    range.filter(|(from, to)| from < to).ok_or_else(|| format!("`{text}` is not a range, such as 0..1000"))
}

fn chance(text: &str) -> Result<f64, String> {
    let chance = text.parse().ok().filter(|chance: &f64| *chance > 0.0 && *chance < 1.0);
    chance.ok_or_else(|| format!("`{text}` is no number between 0 and 1, such as 0.05"))
}

fn share(text: &str) -> Result<f64, String> {
    Percent::parse(text).map(Percent::fraction).map_err(|error| format!("{error}, such as 5%"))
}

/// Validators, or `none`.
#[derive(Clone)]
struct Silent(Vec<u16>);

fn silent(text: &str) -> Result<Silent, String> {
    if text == "none" {
        return Ok(Silent(Vec::new()));
    }
    let all: Result<Vec<u16>, _> = text.split(',').map(str::parse).collect();
    all.map(Silent).map_err(|_| format!("`{text}` is not a list of validators such as 0,3, and not `none`"))
}

fn engine(text: &str) -> Result<Protocol, String> {
    Protocol::named(text).ok_or_else(|| format!("no engine `{text}`: pbft, tendermint or hotstuff"))
}

/// `10m` as well as what the scenario language takes.
fn span(text: &str) -> Result<Duration, String> {
    let minutes = text.strip_suffix('m').map(|number| format!("{number} min"));
    let span = Span::parse(minutes.as_deref().unwrap_or(text));
    span.map(Span::duration).map_err(|error| format!("{error}, such as 30s or 10m"))
}

fn seeds(text: &str) -> Result<(u64, u64), String> {
    let (from, to) =
        text.split_once("..").ok_or_else(|| format!("`{text}` is not a range, such as 0..1000"))?;
    let (from, to) = (seed(from)?, seed(to)?);
    match to.checked_sub(from) {
        None | Some(0) => Err(format!("`{text}` is empty: the end is not included")),
        Some(1..=MOST_SEEDS) => Ok((from, to)),
        Some(count) => Err(format!("{count} seeds in one call; at most {MOST_SEEDS}")),
    }
}

fn override_(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err(format!("`{text}` is not KEY=VALUE, such as validators.count=10")),
    }
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            say::check(error.print());
            let code = if error.use_stderr() { exit::USAGE } else { exit::PASS };
            return ExitCode::from(say::code_after(code));
        }
    };
    let code = std::panic::catch_unwind(|| command(cli.command)).unwrap_or(exit::INTERNAL);
    ExitCode::from(say::code_after(code))
}

fn command(command: Command) -> u8 {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Sweep(args) => sweep::sweep(&args),
        Command::Merge { folders, out } => sweep::merge(&folders, &out),
        Command::Compare(args) => compare::compare(&args),
        Command::Bundle { folder, claims, out } => bundle::bundle(&folder, claims.as_deref(), &out),
        Command::VerifyBundle { file, sample, jobs } => bundle::verify(&file, sample, jobs),
        Command::Check(args) => check::check(&args),
        Command::Schema => output::schema(),
        Command::List { folder } => run::list(&folder),
        Command::Replay { run } => replay::replay(&run),
        Command::Diff { a, b, program_a, program_b } => {
            diff::diff((&a, program_a.as_deref()), (&b, program_b.as_deref()))
        }
        Command::Trace { run, events } => trace::trace(&run, events),
        Command::Export(args) => export::export(&args),
        Command::Explore(args) => explore::explore(&args),
        Command::Edges(args) => edges::edges(&args),
        Command::Ruin(args) => ruin::ruin(&args),
        Command::Dice(args) => dice::dice(&args),
        Command::Coverage { files } => coverage::coverage(&files),
        Command::Shrink { file, seed, set, limit, out } => hunt::shrink(&file, seed, &set, limit, &out),
        Command::Schedule { files, log } => schedule::schedule(&files, log),
        Command::Museum(args) => museum::museum(&args),
        Command::Hunt(args) => hunt::hunt(&args),
        #[cfg(feature = "watch")]
        Command::Watch(args) => watch::watch(&args),
        #[cfg(feature = "serve")]
        Command::Serve { folder, listen } => serve::serve(&folder, listen),
        Command::Faults => output::faults(),
        Command::Bench { only, figures } => bench::bench(only.as_deref(), figures.as_deref()),
    }
}
