//! The daemons: their homes, their processes, what is done to them.

use super::log::Reader;
use super::orders::Line;
use super::ports;
use super::process::Process;
use super::program::Program;
use super::proxy::Proxy;
use crate::lab::DiskFate;
use crate::run::house;
use crate::run::network::Network;
use crate::scenario::{House, Scenario, Timeouts};
use bitcraps_actors::event_log::Logged;
use bitcraps_actors::files::{BLOCKS, CONSENSUS};
use bitcraps_adversary::orders::{Done, Order};
use bitcraps_types::{PublicKey, Time, WallTime};
use rustix::process::{Pid, Signal};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a torn write leaves behind the last whole record, in bytes.
const TORN: &[u8] = b"BCJ2\x40\0\0\0torn in the midst";

/// The exit code of a daemon to which the system refused a file or a port.
const IO: i32 = 74;

/// Where a node lives and listens.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) node: u16,
    pub(super) key: PublicKey,
    path: PathBuf,
    pub(super) links: SocketAddr,
    pub(super) gateway: SocketAddr,
    admin: SocketAddr,
}

/// Writes the homes of a scenario's network, with the keys and the genesis that the oracles know.
///
/// # Panics
/// If the daemon can't write them, or makes another network of the same description.
pub(super) fn testnet(
    place: &Path,
    program: &Path,
    scenario: &Scenario,
    seed: u64,
    network: &Network,
) -> Vec<Home> {
    let (validators, workload) = (&scenario.validators, &scenario.workload);
    let powers: Vec<String> = validators.weights().iter().map(u64::to_string).collect();
    let dir = place.join("net");
    let mut policy = Vec::new();
    if scenario.policy != House::default() {
        let file = place.join("policy.json");
        let form = house::as_json(&network.genesis.policy).to_string();
        fs::write(&file, form).expect("a folder of the run takes a file");
        policy.extend(["--policy".into(), file.into_os_string()]);
    }
    let output = Command::new(program)
        .args(["testnet", "--json", "--dir"])
        .arg(&dir)
        .args(["--validators", &validators.count.to_string()])
        .args(["--seed", &seed.to_string(), "--name", &scenario.name, "--powers", &powers.join(",")])
        .args(["--players", &workload.players.to_string(), "--buy-in", &workload.buy_in.to_string()])
        .args(["--engine", scenario.consensus.engine.name()])
        .args(policy)
        .args(["--bank", &workload.bank.to_string(), "--tables", &workload.tables.to_string()])
        .output()
        .expect("the daemon can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`bitcraps-node testnet` failed: {said}");
    let made: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    let chain = network.chain.to_string();
    assert!(
        made["chain_id"] == *chain,
        "the daemon makes another network of the same description: is it of the testbed's version?"
    );
    let mut ports = ports::free();
    (0..validators.count)
        .map(|node| Home {
            node,
            key: network.keyring.public_key(usize::from(node)),
            path: dir.join(format!("node{node}")),
            links: ports.next().expect("this machine has free ports"),
            gateway: ports.next().expect("this machine has free ports"),
            admin: ports.next().expect("this machine has free ports"),
        })
        .collect()
}

/// One daemon, up or down.
pub(super) struct Daemon {
    home: Home,
    program: PathBuf,
    settings: Vec<String>,
    running: Option<(Child, Process)>,
    starts: u32,
    /// How much slower its processor is, now and after a restart.
    slowness: f64,
    /// How often earlier processes were stopped for it.
    stops: u64,
    /// To the adversary inside, if the program has one.
    line: Option<Line>,
    log: Option<Reader>,
    /// Events of earlier incarnations that were not given out yet.
    leftover: Vec<(WallTime, Logged)>,
    supervised: Option<Time>,
    /// Whether this incarnation came so far.
    started: bool,
}

/// How a process ended that nobody ended.
pub(super) struct Ending {
    /// Its status, and what it said last.
    pub(super) reason: String,
    /// It could not start because a file or a port was refused to it.
    pub(super) refused_at_start: bool,
}

impl Daemon {
    pub(super) fn new(home: Home, program: &Program, scenario: &Scenario, proxy: &Proxy) -> Daemon {
        let peers: Vec<String> =
            proxy.peers_of(home.node).map(|(key, address)| format!("{}@{address}", hex(&key.0))).collect();
        let Timeouts { propose, prevote, precommit, growth, rebroadcast } = &scenario.consensus.timeouts;
        let ns = |span: u64| format!("{} us", span / 1000);
        let settings = vec![
            format!("p2p.listen={}", home.links),
            format!("p2p.peers={}", peers.join(",")),
            format!("consensus.propose={}", ns(propose.nanos())),
            format!("consensus.prevote={}", ns(prevote.nanos())),
            format!("consensus.precommit={}", ns(precommit.nanos())),
            format!("consensus.growth={growth}"),
            format!("consensus.rebroadcast={}", ns(rebroadcast.nanos())),
            format!("consensus.interval={}", ns(scenario.consensus.interval.nanos())),
            format!("gateway.listen={}", home.gateway),
            "gateway.requests_per_second=0".to_owned(),
            format!("admin.listen={}", home.admin),
            "node.log_format=text".to_owned(),
        ];
        Daemon {
            line: program.misbehaves.then(|| Line::new(&home.path)),
            home,
            program: program.path.clone(),
            settings,
            running: None,
            starts: 0,
            slowness: 1.0,
            stops: 0,
            log: None,
            leftover: Vec::new(),
            supervised: None,
            started: false,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.running.is_some()
    }

    /// Starts the process; gives its incarnation, from 0. `None` if it is up.
    pub(super) fn start(&mut self) -> Option<u32> {
        if self.is_up() {
            return None;
        }
        self.supervised = None;
        self.started = false;
        let incarnation = self.starts;
        self.starts += 1;
        let events = self.home.path.join(format!("events-{incarnation}"));
        let log = OpenOptions::new().create(true).append(true).open(self.log_path()).expect("a log file");
        let mut command = Command::new(&self.program);
        command.arg("--home").arg(&self.home.path);
        self.settings.iter().for_each(|setting| _ = command.args(["--set", setting]));
        command.args(["run", "--event-log"]).arg(&events).stdin(Stdio::null());
        // This thread lives as long as the run: whatever ends the testbed ends the daemons.
        command.args(["--ends-with", &std::process::id().to_string()]);
        if let Some(line) = &self.line {
            command.arg("--control").arg(line.control());
        }
        command.stdout(log.try_clone().expect("a file can be shared")).stderr(log);
        let child = command.spawn().expect("the daemon can be started");
        let mut process = Process::new(Pid::from_raw(child.id().cast_signed()));
        process.slow(self.slowness);
        self.running = Some((child, process));
        self.log = Some(Reader::new(events));
        Some(incarnation)
    }

    /// Ends the process with no chance to say goodbye. `false` if it is down.
    pub(super) fn kill(&mut self, fate: DiskFate) -> bool {
        let Some((mut child, process)) = self.running.take() else { return false };
        child.kill().expect("a child can be killed");
        self.forget(process);
        child.wait().expect("a child can be waited for");
        self.keep_what_it_left();
        if fate == DiskFate::TornWrite {
            for file in [BLOCKS, CONSENSUS] {
                let path = self.home.path.join("data").join(file);
                match OpenOptions::new().append(true).open(path) {
                    Ok(mut file) => file.write_all(TORN).expect("the daemon's files can be written"),
                    // It was killed before it wrote anything there.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => panic!("the daemon's files can't be written: {error}"),
                }
            }
        }
        true
    }

    /// SIGSTOP. `false` if it is down or paused.
    pub(super) fn pause(&mut self) -> bool {
        self.running.as_ref().is_some_and(|(_, process)| process.pause())
    }

    /// SIGCONT, after a pause.
    pub(super) fn resume(&mut self) {
        if let Some((_, process)) = &self.running {
            process.resume();
        }
    }

    /// Makes its processor so many times slower; 1: as fast as the machine's.
    pub(super) fn slow(&mut self, factor: f64) {
        self.slowness = factor;
        if let Some((_, process)) = &mut self.running {
            process.slow(factor);
        }
    }

    /// How often it was stopped because its processor is slow.
    pub(super) fn stops(&self) -> u64 {
        self.stops + self.running.as_ref().map_or(0, |(_, process)| process.stops())
    }

    /// Has the adversary inside do something from now on, also after a restart. Without one nothing happens; the run
    /// has been refused before.
    pub(super) fn order(&mut self, order: Order) {
        if let Some(line) = &mut self.line {
            line.order(order);
        }
    }

    /// Where it takes orders.
    pub(super) fn control(&self) -> Option<&Path> {
        self.line.as_ref().map(Line::control)
    }

    /// What the adversary inside has done.
    pub(super) fn done(&self) -> Done {
        self.line.as_ref().map(Line::done).unwrap_or_default()
    }

    /// If the process ended though nobody ended it: how.
    pub(super) fn ended_by_itself(&mut self) -> Option<Ending> {
        let (child, _) = self.running.as_mut()?;
        let status = child.try_wait().ok().flatten()?;
        if let Some((_, process)) = self.running.take() {
            self.forget(process);
        }
        self.keep_what_it_left();
        let log = fs::read_to_string(self.log_path()).unwrap_or_default();
        let last = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        let refused_at_start = !self.started && status.code() == Some(IO);
        Some(Ending { reason: format!("{status}: {last}"), refused_at_start })
    }

    /// Has it started again at this time.
    pub(super) fn supervise_at(&mut self, at: Time) {
        self.supervised = Some(at);
    }

    /// Whether that time has come.
    pub(super) fn is_due(&self, now: Time) -> bool {
        self.supervised.is_some_and(|at| at <= now)
    }

    /// SIGTERM, at full speed.
    pub(super) fn ask_to_stop(&mut self) {
        self.slow(1.0);
        self.resume();
        if let Some((_, process)) = &self.running {
            process.signal(Signal::TERM);
        }
    }

    /// Until it has ended; it has a deadline of its own, and a bug in it is ended here.
    pub(super) fn wait(&mut self) {
        let Some((mut child, _process)) = self.running.take() else { return };
        for _ in 0..1000 {
            if child.try_wait().ok().flatten().is_some() {
                return;
            }
            std::thread::park_timeout(std::time::Duration::from_millis(10));
        }
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
    }

    /// The events that came since the last call. What its adversary did is heard too.
    pub(super) fn read_events(&mut self) -> Vec<(WallTime, Logged)> {
        if self.is_up()
            && let Some(line) = &mut self.line
        {
            line.attend();
        }
        let mut events = std::mem::take(&mut self.leftover);
        let new = self.log.as_mut().map(Reader::read).unwrap_or_default();
        self.note_start(&new);
        events.extend(new);
        events
    }

    fn note_start(&mut self, events: &[(WallTime, Logged)]) {
        self.started |= events.iter().any(|(_, event)| matches!(event, Logged::Started { .. }));
    }

    /// No signal goes to it any more: soon its number may be another's.
    fn forget(&mut self, process: Process) {
        self.stops += process.stops();
        drop(process);
    }

    /// Of a process that is gone: what its adversary did, and its log to the end.
    fn keep_what_it_left(&mut self) {
        if let Some(line) = &mut self.line {
            line.process_ended();
        }
        let rest = self.log.take().map(|mut log| log.read()).unwrap_or_default();
        self.note_start(&rest);
        self.leftover.extend(rest);
    }

    fn log_path(&self) -> PathBuf {
        self.home.path.join("log")
    }
}

impl Drop for Daemon {
    /// No process outlives the run, even if the testbed panics.
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// As the daemon's settings and its gateway take bytes.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
