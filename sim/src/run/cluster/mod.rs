//! The cluster world: the real daemon as one process for each validator, on this machine and in real time.
//!
//! Every link between two nodes goes through a proxy ([`proxy`]) that treats its datagrams as the scenario's network
//! model says; a crash is SIGKILL, a pause SIGSTOP ([`process`]). Lies, wrong clocks and broken disks are made inside a
//! daemon that is built for it ([`program`]) and does what it is told ([`orders`]). Each daemon logs its events; here
//! they are read and told to the same oracles that judge the lab ([`log`], [`replay`]). Runs don't repeat: the machine's
//! own timing is part of them.

mod daemon;
mod log;
mod orders;
mod players;
mod ports;
mod process;
mod program;
mod proxy;
mod replay;

use super::Outcome;
use super::faults::Faults;
use super::heartbeat;
use super::inject;
use super::judge::{self, Closing};
use super::network::Network;
use super::pass::{self, Plan};
use super::players::Cheats;
use super::shared::Shared;
use super::stage::Stage;
use crate::lab::{DiskFate, Effect, EffectId, Halt, Touched, TraceSummary};
use crate::scenario::{Inject, Scenario, World};
use bitcraps_adversary::orders::Order;
use bitcraps_adversary::puppet::Lie;
use bitcraps_types::{Digest, Time};
use daemon::{Daemon, Ending};
use log::Told;
use players::Post;
pub(crate) use program::{Program, program};
use proxy::Proxy;
use replay::Replay;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

/// How often the run is looked at.
const TICK: Duration = Duration::from_millis(5);
/// How long an event may take from a daemon's write to the reader: events of that age are told in their order.
const SETTLE: Duration = Duration::from_millis(20);
/// How long a daemon that stopped itself stays down.
const SUPERVISOR: Duration = Duration::from_secs(1);

/// Runs a scenario against real daemons.
///
/// # Panics
/// If this machine does not let processes, files or sockets be made.
pub(super) fn run(scenario: &Scenario, program: &Program, seed: u64, repro: &str) -> Outcome {
    let place = tempfile::Builder::new().prefix("bitcraps-cluster-").tempdir().expect("a temporary folder");
    let network = Rc::new(Network::new(scenario, World::Cluster, seed));
    let plan = Plan { liars: pass::liars(scenario, World::Cluster, seed), ..Plan::new(World::Cluster) };
    let homes = daemon::testnet(place.path(), &program.path, scenario, seed, &network);
    let clock = Clock::start();
    let proxy = Proxy::start(scenario, seed, &homes, clock.started);
    let cheats = Rc::new(Cheats::default());
    let shared = Rc::new(Shared::new(scenario, &network, &plan, seed, true, cheats.clone()));
    let daemons = homes.iter().map(|home| Daemon::new(home.clone(), program, scenario, &proxy)).collect();
    let posts = homes.iter().map(|home| home.gateway).collect();
    let mut cluster = Cluster {
        clock,
        proxy,
        daemons,
        shared: shared.clone(),
        replay: Replay::new(&network),
        waiting: Vec::new(),
        pauses: vec![0; homes.len()],
        seed,
        halts: Vec::new(),
        refused: Vec::new(),
    };
    let mut faults = Faults::new(scenario, seed, cheats);
    let post = Post::start(posts);
    let end = Time(scenario.duration.nanos());
    (0..scenario.validators.count).for_each(|node| cluster.restart(node));
    drive(&mut cluster, &mut faults, &post, end);
    let counters = cluster.proxy.counters();
    let (instances, liars) = faults.finish(end, &cluster);
    cluster.stop();
    let closing = Closing {
        scenario,
        seed,
        repro,
        wall: scenario.duration.duration(),
        counters,
        trace: TraceSummary { digest: Digest::ZERO, events: cluster.replay.told(), checkpoints: Vec::new() },
        instances,
        liars,
        finding: None,
        halts: std::mem::take(&mut cluster.halts),
        refused: std::mem::take(&mut cluster.refused),
        at: end,
        notes: Vec::new(),
        world: World::Cluster,
    };
    judge::judge(closing, &shared)
}

/// From the start to the end, in real time.
fn drive(cluster: &mut Cluster, faults: &mut Faults<'_>, post: &Post, end: Time) {
    let shared = cluster.shared.clone();
    loop {
        let now = cluster.clock.now();
        heartbeat::beat(now);
        if now >= end {
            cluster.tell_until(end);
            return;
        }
        faults.run_due(now, cluster, &shared);
        faults.tell(now, &shared);
        for (node, command) in shared.act(now, cluster.daemons.len(), |node| cluster.is_up(node)) {
            post.send(node, &command);
        }
        cluster.look_after_daemons();
        cluster.tell_until(now - SETTLE);
        if std::mem::take(&mut shared.watch.borrow_mut().changed) {
            faults.react(now, cluster, &shared);
            faults.tell(now, &shared);
        }
        let next = [faults.next(), shared.players.borrow().next()].into_iter().flatten().min();
        let pause = next.map_or(TICK, |next| next.since(cluster.clock.now()).min(TICK));
        std::thread::park_timeout(pause);
    }
}

/// The run's time, from zero, and how the daemons' wall clock maps to it: they are on this machine.
struct Clock {
    started: Instant,
    wall: u64,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this world is in real time")]
    fn start() -> Clock {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Clock { started: Instant::now(), wall: u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX) }
    }

    fn now(&self) -> Time {
        Time::ZERO + self.started.elapsed()
    }
}

/// The world while it runs.
struct Cluster {
    clock: Clock,
    proxy: Proxy,
    daemons: Vec<Daemon>,
    shared: Rc<Shared>,
    replay: Replay,
    /// Read, and not told yet.
    waiting: Vec<Told>,
    /// How often each node was paused.
    pauses: Vec<u64>,
    seed: u64,
    halts: Vec<Halt>,
    /// Of daemons that could not start because the machine refused them something.
    refused: Vec<Halt>,
}

impl Cluster {
    fn is_up(&self, node: u16) -> bool {
        self.daemons[usize::from(node)].is_up()
    }

    /// Reads what the daemons wrote, and tells what is no later than `until`, in order of time.
    fn tell_until(&mut self, until: Time) {
        for (node, daemon) in self.daemons.iter_mut().enumerate() {
            for (wall, event) in daemon.read_events() {
                let at = Time(wall.0.saturating_sub(self.clock.wall));
                self.waiting.push(Told { at, node: node as u16, event });
            }
        }
        self.waiting.sort_by_key(|told| told.at);
        let due = self.waiting.partition_point(|told| told.at <= until);
        for told in self.waiting.drain(..due) {
            self.replay.tell(&told, &self.shared);
        }
    }

    /// Daemons that ended by themselves, and those that the supervisor starts again.
    fn look_after_daemons(&mut self) {
        let now = self.clock.now();
        for node in 0..self.daemons.len() {
            if let Some(Ending { reason, refused_at_start }) = self.daemons[node].ended_by_itself() {
                self.tell_until(now);
                let index = node as u16;
                self.shared.recorder.borrow_mut().note(now, index, "halt", reason.clone());
                self.shared.went_down(now, index, "halt");
                let halts = if refused_at_start { &mut self.refused } else { &mut self.halts };
                halts.push(Halt { node: index, at: now, reason });
                self.daemons[node].supervise_at(now + SUPERVISOR);
            }
            if self.daemons[node].is_due(now) {
                self.restart(node as u16);
            }
        }
    }

    /// Ends all daemons in order.
    fn stop(&mut self) {
        self.daemons.iter_mut().for_each(Daemon::ask_to_stop);
        self.daemons.iter_mut().for_each(Daemon::wait);
        self.proxy.stop();
    }
}

impl Stage for Cluster {
    fn now(&self) -> Time {
        self.clock.now()
    }

    fn add_effect(&mut self, effect: Effect) -> EffectId {
        self.proxy.add_effect(effect)
    }

    fn remove_effect(&mut self, effect: EffectId) {
        self.proxy.remove_effect(effect);
    }

    fn effect_touched(&self, effect: EffectId) -> u64 {
        self.proxy.touched(effect)
    }

    /// SIGKILL. What the process had not written is lost. A torn write leaves garbage behind what was written.
    fn crash(&mut self, node: u16, fate: DiskFate) -> bool {
        if !self.daemons[usize::from(node)].kill(fate) {
            return false;
        }
        let now = self.clock.now();
        self.tell_until(now);
        true
    }

    fn restart(&mut self, node: u16) {
        let now = self.clock.now();
        let daemon = &mut self.daemons[usize::from(node)];
        if let Some(incarnation) = daemon.start() {
            self.shared.booted(now, node, incarnation);
        }
    }

    fn degrade(&mut self, inject: &Inject, node: u16) {
        let daemon = &mut self.daemons[usize::from(node)];
        match inject {
            Inject::Pause {} => self.pauses[usize::from(node)] += u64::from(daemon.pause()),
            Inject::SlowCpu { factor } => daemon.slow(*factor),
            inject => inject::order(inject, self.seed).into_iter().for_each(|order| daemon.order(order)),
        }
    }

    fn repair(&mut self, inject: &Inject, node: u16) {
        let daemon = &mut self.daemons[usize::from(node)];
        match inject {
            Inject::Pause {} => daemon.resume(),
            Inject::SlowCpu { .. } => daemon.slow(1.0),
            inject => inject::order_to_end(inject).into_iter().for_each(|order| daemon.order(order)),
        }
    }

    fn jump_clock(&mut self, node: u16, by: i64) {
        self.daemons[usize::from(node)].order(Order::Jump(by));
    }

    fn touched(&self, node: u16) -> Touched {
        let daemon = &self.daemons[usize::from(node)];
        let done = daemon.done();
        Touched {
            paused: self.pauses[usize::from(node)],
            overflowed: 0,
            slowed: daemon.stops(),
            drifted: done.drifted,
            skewed: done.skewed,
            disk_errors: done.disk_errors,
            disk_full: done.disk_full,
            disk_slowed: done.disk_slowed,
        }
    }

    /// The liars are in processes of their own: each is told how to reach the others.
    fn lie(&mut self, name: &str, lie: &Lie, nodes: &[u16], chance: f64) {
        let controls: Vec<(u16, String)> = nodes
            .iter()
            .filter_map(|&node| Some((node, self.daemons[usize::from(node)].control()?.to_str()?.to_owned())))
            .collect();
        for &node in nodes {
            let others = controls.iter().filter(|(other, _)| *other != node);
            let accomplices = others.map(|(_, control)| control.clone()).collect();
            let order = Order::Lie { fault: name.to_owned(), lie: lie.clone(), chance, accomplices };
            self.daemons[usize::from(node)].order(order);
        }
    }

    fn stop_lying(&mut self, name: &str, node: u16) {
        self.daemons[usize::from(node)].order(Order::Stop { fault: name.to_owned() });
    }

    fn lies_told(&self, name: &str, node: u16) -> u64 {
        self.daemons[usize::from(node)].done().lies.get(name).copied().unwrap_or(0)
    }
}
