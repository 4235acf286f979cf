//! The command line: what is typed, what is printed, which exit code.
//!
//! Data goes to standard output, progress and diagnostics to standard error.

mod args;
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
mod values;
#[cfg(feature = "watch")]
mod watch;
mod watchdog;
mod workers;

#[cfg(feature = "watch")]
use args::WatchArgs;
use args::{
    CheckArgs, CheckFormat, CompareArgs, CompareFormat, DiceArgs, DiceFormat, EdgesArgs, EdgesFormat,
    ExploreArgs, ExportArgs, ExportTo, Film, Format, HuntArgs, MuseumArgs, RuinArgs, RunArgs, SweepArgs,
};
use clap::{Parser, Subcommand};
#[cfg(feature = "serve")]
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use values::{events, override_, seed, span};

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
