//! `doctor`: looks for what keeps the node from running well. Each check has a name, a verdict, and a remedy.

use super::config::doubts;
use super::{Context, Failure, code, remote, say, say_json};
use crate::config::Config;
use crate::sign_state;
use crate::world::{SystemClock, disk};
use bitcraps_actors::files::{BLOCKS, decided_blocks};
use bitcraps_actors::ports::Clock;
use bitcraps_casino::Block;
use clap::Args;
use rustix::process::{Resource, getrlimit};
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::net::{TcpListener, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant};

/// A disk that takes longer to make a write durable slows every round down.
const SLOW_SYNC: Duration = Duration::from_millis(20);
const LITTLE_SPACE: u64 = 2 << 30;
const FEW_FILES: u64 = 4096;
const OLD_BACKUP: Duration = Duration::from_secs(36 * 3600);
/// 2026-01-01: a clock before that was never set.
const NEVER_SET: u64 = 1_767_225_600;

/// `doctor`.
#[derive(Args, Debug)]
pub(super) struct Doctor {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Good,
    Doubtful,
    Bad,
}

#[derive(Clone, Debug, Serialize)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

fn good(name: &'static str, detail: impl Into<String>) -> Check {
    Check { name, verdict: Verdict::Good, detail: detail.into(), remedy: None }
}

fn doubtful(name: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Check {
    Check { name, verdict: Verdict::Doubtful, detail: detail.into(), remedy: Some(remedy.into()) }
}

fn bad(name: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Check {
    Check { name, verdict: Verdict::Bad, detail: detail.into(), remedy: Some(remedy.into()) }
}

impl Doctor {
    pub(super) fn perform(self, context: &Context) -> Result<(), Failure> {
        let mut checks =
            vec![program(), home(context), key(context), signing(context), network(context), clock(context)];
        checks.extend([sync_time(context), space(context), files(), backup(context)]);
        match context.config() {
            Ok(config) => {
                checks.extend(lints(&config));
                checks.extend(ports(context, &config));
                checks.extend(peers(&config));
            }
            Err(failure) => {
                checks.push(bad("config", failure.message, "`bitcraps-node config check` shows it alone"))
            }
        }
        let worst_is_bad = checks.iter().any(|check| check.verdict == Verdict::Bad);
        if self.json {
            say_json(&serde_json::json!({ "good": !worst_is_bad, "checks": checks }))?;
        } else {
            checks.iter().try_for_each(tell)?;
        }
        if worst_is_bad { Err(Failure::new(code::NO, "")) } else { Ok(()) }
    }
}

fn tell(check: &Check) -> Result<(), Failure> {
    let verdict = match check.verdict {
        Verdict::Good => "good    ",
        Verdict::Doubtful => "doubtful",
        Verdict::Bad => "BAD     ",
    };
    say(format!(
        "{verdict}  {:14}  {}",
        check.name,
        check.detail.replace('\n', "\n                          ")
    ))?;
    match &check.remedy {
        Some(remedy) => say(format!("                          -> {remedy}")),
        None => Ok(()),
    }
}

fn program() -> Check {
    let (version, features) = (crate::node::VERSION, crate::node::FEATURES.join(", "));
    let remedy = "build it alone: `cargo build --release -p bitcraps-node`";
    if features.is_empty() {
        good("program", version)
    } else if cfg!(feature = "byzantine") {
        bad("program", format!("{version} can misbehave ({features})"), remedy)
    } else {
        doubtful("program", format!("{version} was built together with the testbed ({features})"), remedy)
    }
}

fn home(context: &Context) -> Check {
    match context.home.check_version() {
        Ok(()) => good("home", format!("{}, layout {}", context.home.root().display(), crate::home::VERSION)),
        Err(error) => bad("home", error.to_string(), "see the message"),
    }
}

fn key(context: &Context) -> Check {
    match context.home.read_key() {
        Ok(key) => good("key", format!("{}, its owner's alone", crate::hex::encode(&key.public().0))),
        Err(error) => bad("key", error.to_string(), "see the message"),
    }
}

fn signing(context: &Context) -> Check {
    let path = context.home.sign_state();
    match sign_state::describe(&path) {
        Ok(Some((highest, floor))) => {
            good("sign-state", format!("spoke up to height {highest}, signs above {floor}"))
        }
        Ok(None) => bad(
            "sign-state",
            format!("{} is damaged", path.display()),
            "move it away and start once with `run --sign-above HEIGHT`",
        ),
        Err(error) => bad(
            "sign-state",
            format!("{}: {error}", path.display()),
            "bring it back, or start once with `run --sign-above HEIGHT`",
        ),
    }
}

fn network(context: &Context) -> Check {
    let genesis = match context.home.read_genesis() {
        Ok(genesis) => genesis,
        Err(error) => {
            return bad("genesis", error.to_string(), "take the genesis of the network's other nodes");
        }
    };
    let count = genesis.validators.len();
    let chain = genesis.chain_id();
    let ours = context.home.read_key().ok().map(|key| key.public());
    match genesis.validators.iter().position(|validator| Some(validator.key) == ours) {
        Some(index) => good("genesis", format!("chain {chain}: validator {index} of {count}")),
        None => doubtful(
            "genesis",
            format!("chain {chain}: this key is none of its {count} validators"),
            "nothing, if this node is to follow only",
        ),
    }
}

fn clock(context: &Context) -> Check {
    let now = SystemClock::new().wall().0 / 1_000_000_000;
    if now < NEVER_SET {
        return bad(
            "clock",
            format!("it says {now} seconds since 1970"),
            "set the clock, and run a time service (chrony, systemd-timesyncd)",
        );
    }
    let blocks = disk::read(&context.home.data().join(BLOCKS)).unwrap_or_default();
    let last =
        decided_blocks(&blocks).ok().and_then(|blocks| Block::decode(blocks.last()?.value.bytes()).ok());
    match last.map(|block| block.time.0 / 1_000_000_000) {
        Some(decided) if decided > now + 1 => bad(
            "clock",
            format!("the last block was decided {} s in the future of this clock", decided - now),
            "run a time service (chrony, systemd-timesyncd): a proposal from the future is refused",
        ),
        _ => good("clock", "not behind the chain"),
    }
}

#[expect(clippy::disallowed_methods, reason = "the device is measured by the clock")]
fn sync_time(context: &Context) -> Check {
    let path = context.home.data().join("doctor.tmp");
    let measure = || -> std::io::Result<Duration> {
        let mut file = File::create(&path)?;
        let mut times = Vec::new();
        for _ in 0..16 {
            file.write_all(&[0; 512])?;
            let begin = Instant::now();
            file.sync_data()?;
            times.push(begin.elapsed());
        }
        times.sort_unstable();
        Ok(times[times.len() / 2])
    };
    let measured = measure();
    // A file that was not made need not go.
    let _ = std::fs::remove_file(&path);
    match measured {
        Ok(median) if median > SLOW_SYNC => doubtful(
            "disk latency",
            format!("a durable write takes {median:.1?}"),
            "use a disk with a lower latency: each vote waits for two such writes",
        ),
        Ok(median) => good("disk latency", format!("a durable write takes {median:.1?}")),
        Err(error) => {
            bad("disk latency", format!("{}: {error}", path.display()), "let the node's user write there")
        }
    }
}

fn space(context: &Context) -> Check {
    let path = context.home.root();
    match rustix::fs::statvfs(path) {
        Ok(found) => {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            let detail = format!("{} MiB free", free >> 20);
            if free < LITTLE_SPACE {
                doubtful("disk space", detail, "make room: a node whose disk is full stops")
            } else {
                good("disk space", detail)
            }
        }
        Err(error) => bad("disk space", format!("{}: {error}", path.display()), "see the message"),
    }
}

fn files() -> Check {
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < FEW_FILES => doubtful(
            "open files",
            format!("at most {limit}"),
            format!("LimitNOFILE={FEW_FILES} in the unit, or `ulimit -n {FEW_FILES}`"),
        ),
        Some(limit) => good("open files", format!("at most {limit}")),
        None => good("open files", "without limit"),
    }
}

fn backup(context: &Context) -> Check {
    let remedy = "`bitcraps-node backup create DIR`, daily";
    let text = disk::read(&context.home.last_backup()).unwrap_or_default();
    let created =
        serde_json::from_slice::<serde_json::Value>(&text).ok().and_then(|value| value["created"].as_u64());
    let Some(created) = created else { return doubtful("backup", "none was made", remedy) };
    let age = (SystemClock::new().wall().0 / 1_000_000_000).saturating_sub(created);
    let detail = format!("the last one is {} h old", age / 3600);
    if age > OLD_BACKUP.as_secs() { doubtful("backup", detail, remedy) } else { good("backup", detail) }
}

fn lints(config: &Config) -> Vec<Check> {
    let doubts = doubts(config);
    if doubts.is_empty() {
        return vec![good("config", "nothing doubtful")];
    }
    doubts.into_iter().map(|doubt| doubtful("config", doubt, "change it, if it is not meant")).collect()
}

/// Ports are free, or our own node has them.
fn ports(context: &Context, config: &Config) -> Vec<Check> {
    let runs = remote::status(context).is_ok();
    let free = [
        ("p2p.listen", config.p2p.listen, UdpSocket::bind(config.p2p.listen).map(drop)),
        ("gateway.listen", config.gateway.listen, TcpListener::bind(config.gateway.listen).map(drop)),
        ("admin.listen", config.gateway.admin, TcpListener::bind(config.gateway.admin).map(drop)),
    ];
    free.into_iter()
        .map(|(name, address, outcome)| match outcome {
            Ok(()) => good(name, format!("{address} is free")),
            Err(_) if runs => good(name, format!("{address} is in use, and the node runs")),
            Err(error) => {
                bad(name, format!("{address}: {error}"), "end what uses it, or set another address")
            }
        })
        .collect()
}

/// Whether the names of the peers can be found. Whether the peers answer, the running node's `peers` shows.
fn peers(config: &Config) -> Vec<Check> {
    let lost: Vec<&str> = config
        .p2p
        .peers
        .iter()
        .map(|peer| peer.address.0.as_str())
        .filter(|address| address.to_socket_addrs().map_or(true, |mut found| found.next().is_none()))
        .collect();
    match lost.as_slice() {
        [] => vec![good("peers", format!("{} with an address each", config.p2p.peers.len()))],
        lost => vec![doubtful(
            "peers",
            format!("no address for {}", lost.join(", ")),
            "correct the name, or look after the name service",
        )],
    }
}
