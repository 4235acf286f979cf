//! The turmoil world: each node is a host of the simulator turmoil, a second opinion on what the lab says.
//!
//! Turmoil brings the time, the tasks, UDP and TCP; each host is a tokio runtime with paused time, and all of them are
//! run in turn, a tick of one millisecond each. On a host run the live node's actors, its QUIC links over turmoil's UDP,
//! and its HTTP gateway over turmoil's TCP. Two more hosts: the players, who hand in commands over HTTP, and the network,
//! through which every datagram goes, and which does to it what the lab's model says ([`network`]); turmoil itself
//! neither delays nor loses anything. Clocks and disks are the lab's models too.
//!
//! All that happens inside a tick happens at its start. What the models say in nanoseconds comes with the first tick
//! that is not before.

mod calendar;
mod control;
mod gateway;
mod network;
mod players;
mod ports;
mod socket;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use ports::HostPorts;

use crate::lab::{
    Attention, Counters, DiskFate, Finding, FrameWatcher, Halt, LinkModels, MOST_DATAGRAM_BYTES, NodeIndex,
    Progress, TraceSummary, WALL_AT_START, Words, panics,
};
use ::turmoil::{Builder, Sim};
use bitcraps_casino::SignedCommand;
use bitcraps_node::gateway::GatewayConfig;
use bitcraps_types::Time;
use gateway::host;
use players::Post;
use state::{State, World};
use std::any::Any;
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

/// Turmoil's step. Tokio's timers know no shorter time.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// The world's time zero is this long after turmoil's: meanwhile the network and the players take their places.
const LEAD: Duration = TICK;
/// Room in each UDP socket, in datagrams, and in each TCP stream, in segments. Only the model of the network loses.
const ROOM: usize = 1 << 16;

/// What a boot gives back.
pub(crate) struct Booted {
    /// What must live as long as the node's actors.
    pub(crate) keep: Vec<Box<dyn Any>>,
    /// The node as its gateway sees it; `None`: it has no gateway.
    pub(crate) gateway: Option<bitcraps_node::gateway::Node>,
}

/// Starts a node's actors on the node's host. Told the node, the incarnation (from 0) and the ports.
pub(crate) type Boot = Box<dyn Fn(NodeIndex, u32, HostPorts) -> Booted>;

/// What the world is made of.
pub(crate) struct Config {
    pub(crate) seed: u64,
    pub(crate) nodes: NodeIndex,
    pub(crate) links: LinkModels,
    pub(crate) boot: Boot,
    /// What the Compute port says that a verification costs.
    pub(crate) verify_cost: Duration,
    pub(crate) disk_latency: Duration,
    /// A node that halted is started again after this.
    pub(crate) supervisor_restart: Duration,
    pub(crate) datagram_mtu: usize,
    pub(crate) gateway: GatewayConfig,
}

impl Config {
    /// As the lab's: disks of 100 µs, a supervisor of 1 s. The gateways are the daemon's, without a limit of requests:
    /// all players come from one address.
    pub(crate) fn new(seed: u64, nodes: NodeIndex, links: LinkModels, boot: Boot) -> Config {
        Config {
            seed,
            nodes,
            links,
            boot,
            verify_cost: Duration::ZERO,
            disk_latency: Duration::from_micros(100),
            supervisor_restart: Duration::from_secs(1),
            datagram_mtu: MOST_DATAGRAM_BYTES,
            gateway: GatewayConfig { rate: None, ..GatewayConfig::default() },
        }
    }
}

/// The world. See the module.
pub(crate) struct Turmoil {
    sim: Sim<'static>,
    world: World,
    post: Post,
    attention: Attention,
    supervisor_restart: Duration,
    halts: Vec<Halt>,
    /// Nodes that halted, with the epoch in which they are down and when they are started again.
    supervised: Vec<(Time, NodeIndex, u32)>,
}

/// A node's name in turmoil.
fn name(node: NodeIndex) -> String {
    format!("node-{node}")
}

impl Turmoil {
    /// A world in which no node runs yet, at time zero.
    pub(crate) fn new(config: Config) -> Turmoil {
        panics::install();
        let world: World = Rc::new(RefCell::new(State::new(&config)));
        let mut builder = Builder::new();
        builder
            .rng_seed(config.seed)
            .epoch(UNIX_EPOCH + Duration::from_nanos(WALL_AT_START) - LEAD)
            .simulation_duration(Duration::MAX)
            .tick_duration(TICK)
            .min_message_latency(Duration::ZERO)
            .max_message_latency(Duration::ZERO)
            .udp_capacity(ROOM)
            .tcp_capacity(ROOM);
        let mut sim = builder.build();
        let network = sim.lookup(network::NAME);
        let boot = Rc::new(config.boot);
        // Hosts run in this order in each tick: what the nodes send reaches the network in the same tick.
        for node in 0..config.nodes {
            let (world, boot, limits) = (world.clone(), boot.clone(), config.gateway.clone());
            sim.host(name(node), move || host(world.clone(), node, network, boot.clone(), limits.clone()));
        }
        let nodes: Vec<_> = (0..config.nodes).map(|node| sim.lookup(name(node))).collect();
        let (post, players) = players::players(&world, &nodes);
        sim.client("players", players);
        sim.client(network::NAME, network::run(world.clone(), nodes));
        let mut turmoil = Turmoil {
            sim,
            world,
            post,
            attention: Attention::default(),
            supervisor_restart: config.supervisor_restart,
            halts: Vec::new(),
            supervised: Vec::new(),
        };
        turmoil.step().expect("nobody who could panic runs yet");
        turmoil
    }

    /// Virtual time since the start.
    pub(crate) fn now(&self) -> Time {
        Time(self.world.borrow().now)
    }

    /// Runs until `until`, or the first tick after it, or until the attention flag is raised.
    ///
    /// # Errors
    /// A [`Finding`] ends the run.
    pub(crate) fn run_until(&mut self, until: Time) -> Result<Progress, Finding> {
        loop {
            if self.attention.take() {
                return Ok(Progress::Attention);
            }
            if self.now() >= until {
                return Ok(Progress::Reached);
            }
            self.supervise();
            self.step()?;
            self.collect_halts();
        }
    }

    /// Hands a command to a node's gateway, over TCP.
    pub(crate) fn submit(&mut self, node: NodeIndex, command: &SignedCommand) {
        self.post.submit(node, command);
    }

    /// The flag that makes [`Turmoil::run_until`] come back.
    pub(crate) fn attention(&self) -> Attention {
        self.attention.clone()
    }

    /// The nodes that halted themselves since the last call.
    pub(crate) fn take_halts(&mut self) -> Vec<Halt> {
        std::mem::take(&mut self.halts)
    }

    /// Datagrams so far.
    pub(crate) fn counters(&self) -> Counters {
        self.world.borrow().counters
    }

    /// Requests to gateways so far, and those that were not answered with a success.
    pub(crate) fn requests(&self) -> (u64, u64) {
        let world = self.world.borrow();
        (world.requests, world.unsuccessful)
    }

    /// Tells each datagram's fate to `watcher` from now on.
    pub(crate) fn watch_frames(&mut self, watcher: Option<FrameWatcher>) {
        let before = std::mem::replace(&mut self.world.borrow_mut().watcher, watcher);
        drop(before);
    }

    /// Keeps the events with these numbers in words. Call it before the run.
    pub(crate) fn record_window(&mut self, events: Range<u64>, words: Option<Words>) {
        self.world.borrow_mut().trace.record_window(events, words);
    }

    /// The events of the window, a line each.
    pub(crate) fn window(&self) -> Vec<String> {
        self.world.borrow().trace.lines().to_vec()
    }

    /// The trace up to now.
    pub(crate) fn trace_summary(&mut self) -> TraceSummary {
        self.world.borrow_mut().trace.finish()
    }

    /// One tick of every host.
    fn step(&mut self) -> Result<(), Finding> {
        self.world.borrow_mut().calls = 0;
        let stepped = panics::watch(|| self.sim.step());
        if let Some(message) = panics::take() {
            let mut world = self.world.borrow_mut();
            return Err(match world.livelock.take() {
                Some(node) => Finding::Livelock { node },
                None => Finding::ActorPanicked { node: world.running, message },
            });
        }
        stepped.expect("no host of this world ends by itself");
        let elapsed = self.sim.elapsed() - LEAD;
        self.world.borrow_mut().now = crate::lab::model::nanos(elapsed);
        Ok(())
    }

    /// Starts halted nodes again whose time has come, unless somebody did meanwhile.
    fn supervise(&mut self) {
        let now = self.now();
        let (due, later): (Vec<_>, Vec<_>) = self.supervised.drain(..).partition(|(at, ..)| *at <= now);
        self.supervised = later;
        for (_, node, epoch) in due {
            if self.world.borrow_mut().node(node).epoch == epoch {
                self.start(node);
            }
        }
    }

    /// Drops the actors of halted nodes, and lets the supervisor know.
    fn collect_halts(&mut self) {
        let halted = std::mem::take(&mut self.world.borrow_mut().halted);
        for (node, at, reason) in halted {
            self.drop_host(node);
            self.halts.push(Halt { node, at, reason });
            let epoch = self.world.borrow_mut().node(node).epoch;
            self.supervised.push((self.now() + self.supervisor_restart, node, epoch));
        }
    }
}

impl Drop for Turmoil {
    /// The end of a run is a power failure for all: no actor can act on the world while it is dropped.
    fn drop(&mut self) {
        let nodes = self.world.borrow().nodes.len();
        for node in 0..nodes {
            self.crash(node as NodeIndex, DiskFate::LostUnsynced);
        }
    }
}
