//! The command line: one file for each verb. What they do is in the library; here it is asked for and told.

mod backup;
mod config;
mod dice;
mod doctor;
mod failure;
mod handover;
mod healthcheck;
mod init;
mod keys;
mod metrics;
mod remote;
mod run;
mod status;
mod testnet;

pub use failure::{Failure, code};

use crate::client;
use crate::config::{Config, Sources};
use crate::home::Home;
use clap::{Parser, Subcommand};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// A node of a BitCraps casino, and the tools of its operator.
#[derive(Parser, Debug)]
#[command(name = "bitcraps-node", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 a check says no, 64 usage, 65 bad data, 69 the node does not answer, \
                        70 internal error, 74 I/O error, 75 in use, 78 bad configuration."
)]
struct Cli {
    /// The node's home [default: $BITCRAPS_HOME, $XDG_DATA_HOME/bitcraps, ~/.local/share/bitcraps, /var/lib/bitcraps].
    #[arg(long, global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    /// The configuration [default: config/node.toml in the home].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Overrides one setting; may be given again. Goes before the environment and the file.
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE")]
    set: Vec<String>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Make a home: a key, a configuration, a genesis.
    Init(init::Init),
    /// Write a whole network of nodes for this machine, with scripts that start and stop it.
    Testnet(testnet::Testnet),
    /// Run the node.
    Run(run::Run),
    /// Show how the running node is.
    Status(status::Status),
    /// Show the running node's peers.
    Peers(status::Peers),
    /// Check or show the configuration.
    Config(config::ConfigVerb),
    /// The node's key.
    Keys(keys::Keys),
    /// The ceremony in which the validators of a new network make their dice key.
    Dice(dice::Dice),
    /// The committee hands over to another: who validates changes.
    Handover(handover::Handover),
    /// Copy the node's state away, check a copy, bring one back.
    Backup(backup::Backup),
    /// Look for what keeps the node from running well.
    Doctor(doctor::Doctor),
    /// Exit with 0 if the running node is ready to serve, for container runtimes.
    Healthcheck(healthcheck::Healthcheck),
    /// The metrics that a node exports.
    Metrics(metrics::MetricsVerb),
    /// Show the program's version.
    Version(status::Version),
    /// Play: what a player does against a gateway.
    Client(client::Client),
    /// Measure a network under load: throughput and latency of commands, or of reads.
    Load(client::load::Load),
}

/// What all verbs share.
#[derive(Clone)]
struct Context {
    home: Home,
    file: Option<PathBuf>,
    set: Vec<String>,
}

impl Context {
    /// The same with the configuration's file named, if there is one: from now on it must be there.
    fn with_its_file(&self) -> Context {
        let file = || Some(self.home.config()).filter(|path| path.exists());
        Context { file: self.file.clone().or_else(file), ..self.clone() }
    }

    fn config(&self) -> Result<Config, Failure> {
        let path = self.file.clone().unwrap_or_else(|| self.home.config());
        let file = match std::fs::read_to_string(&path) {
            Ok(text) => Some((path, text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.file.is_none() => None,
            Err(error) => return Err(Failure::new(code::CONFIG, format!("{}: {error}", path.display()))),
        };
        // A name or value of someone else's may be no text; one of ours then fails as what it looks like.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
            .collect();
        Ok(Config::read(&Sources { file, environment, flags: self.set.clone() })?)
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // What can't be printed has no reader.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { code::USAGE } else { 0 });
        }
    };
    match perform(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                let start = if failure.message.starts_with("error: ") { "" } else { "error: " };
                let _ = writeln!(std::io::stderr(), "{start}{}", failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}

fn perform(cli: Cli) -> Result<(), Failure> {
    let variable = |name: &str| std::env::var(name).ok();
    let home =
        cli.home.or_else(|| variable("BITCRAPS_HOME").filter(|home| !home.is_empty()).map(PathBuf::from));
    let home = Home::at(home.unwrap_or_else(|| Home::default_path(variable)));
    let context = Context { home, file: cli.config, set: cli.set };
    match cli.verb {
        Verb::Init(verb) => verb.perform(&context),
        Verb::Testnet(verb) => verb.perform(&context),
        Verb::Run(verb) => verb.perform(&context),
        Verb::Status(verb) => verb.perform(&context),
        Verb::Peers(verb) => verb.perform(&context),
        Verb::Config(verb) => verb.perform(&context),
        Verb::Keys(verb) => verb.perform(&context),
        Verb::Dice(verb) => verb.perform(&context),
        Verb::Handover(verb) => verb.perform(&context),
        Verb::Backup(verb) => verb.perform(&context),
        Verb::Doctor(verb) => verb.perform(&context),
        Verb::Healthcheck(verb) => verb.perform(&context),
        Verb::Metrics(verb) => verb.perform(),
        Verb::Version(verb) => verb.perform(),
        Verb::Load(load) => client::load::run(&load, &mut std::io::stdout())
            .map_err(|error| Failure::new(error.exit_code(), error.to_string())),
        Verb::Client(client) => client::run(&client, &mut std::io::stdout())
            .map_err(|error| Failure::new(error.exit_code(), error.to_string())),
    }
}

/// Prints a line.
fn say(text: impl AsRef<str>) -> Result<(), Failure> {
    match writeln!(std::io::stdout(), "{}", text.as_ref()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|error| Failure::new(code::IO, format!("can't print: {error}"))),
    }
}

/// Prints data as JSON.
fn say_json(value: &serde_json::Value) -> Result<(), Failure> {
    say(serde_json::to_string_pretty(value).expect("a value is JSON"))
}
