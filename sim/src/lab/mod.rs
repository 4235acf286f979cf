//! The lab: a simulated world for the actors of many nodes, in one thread, in nanoseconds of virtual time.
//!
//! Each node has a tokio `LocalSet` of its own, polled by hand; no tokio runtime exists, so that an actor that
//! reaches for a real timer or socket panics at once. The loop (`run`) takes the next event by time, applies it,
//! which calls a port's callback, and polls the nodes that this woke until all are quiet. The same configuration and
//! seed give the same events in the same order: the trace's hash tells.
//!
//! `network`, `model` and `effects` decide the fate of packets, `links` makes connections of them, `datagrams` hands
//! them over as they are, `disk` models its namesake, `control` has what the runner does to nodes, `hosts` polls their
//! tasks, and `scheduler` lets another poll them. Crypto, lies, wrong clocks (`bitcraps_adversary`), scenarios and
//! oracles are left to others.

pub mod bench;
mod content;
mod control;
mod datagrams;
pub(crate) mod disk;
mod effects;
mod hosts;
mod links;
pub(crate) mod model;
pub(crate) mod network;
pub(crate) mod panics;
pub(crate) mod ports;
mod queue;
mod random;
mod run;
mod scheduler;
mod tape;
#[cfg(test)]
mod tests;
pub(crate) mod trace;
mod world;

pub use datagrams::{Datagrams, MOST_DATAGRAM_BYTES};
pub use disk::{CrashReport, DiskFate, DiskOp};
pub use effects::{BlockMode, Effect, EffectId, EffectKind, HOLD_LIMIT, PairSet};
pub use links::address_of;
pub use model::{Latency, LinkModel, Loss, Reorder};
pub use ports::{Attention, Observer, WALL_AT_START, WorldPorts};
pub use run::{Finding, Progress};
pub use scheduler::{Lender, Schedule, Scheduler, Turn, lend};
pub(crate) use scheduler::{borrow as borrow_scheduler, is_lent as has_scheduler};
pub use tape::Tape;
pub use trace::{CHECKPOINT_EVENTS, TraceSummary, Words};
pub use world::{Counters, FrameRecord, FrameWatcher, Touched};

use bitcraps_types::Time;
use hosts::{Host, Ready};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use world::{Core, World};

/// A node of the lab, from 0.
pub type NodeIndex = u16;

/// Starts a node's actors in the node's `LocalSet` and gives back what must live as long as they (their addresses).
/// Told the node, the incarnation (from 0) and the ports.
pub type Boot = Box<dyn Fn(NodeIndex, u32, WorldPorts) -> Vec<Box<dyn Any>>>;

/// The base model of the link from the first node to the second.
pub type LinkModels = Box<dyn Fn(NodeIndex, NodeIndex) -> LinkModel>;

/// What a lab is made of.
pub struct LabConfig {
    /// Where all randomness comes from.
    pub seed: u64,
    /// How many nodes.
    pub nodes: NodeIndex,
    /// The longest frame in bytes.
    pub mtu: usize,
    /// The longest datagram in bytes. A longer one is lost.
    pub datagram_mtu: usize,
    /// After this a dial that was not answered fails.
    pub connect_timeout: Duration,
    /// The links.
    pub links: LinkModels,
    /// What the links draw, as far as it goes.
    pub tape: Tape,
    /// Whether what they draw is written down.
    pub record: bool,
    /// Starts a node's actors.
    pub boot: Boot,
    /// A node that halted is started again after this.
    pub supervisor_restart: Duration,
    /// What a disk operation takes.
    pub disk_latency: Duration,
    /// What the Compute port says that a verification costs.
    pub verify_cost: Duration,
    /// What each event costs a CPU that is slowed by the factor 2. At factor `f` it is this times `f - 1`.
    pub event_cost: Duration,
    /// Packets that may wait for a node that is paused or busy; more are lost.
    pub inbox_limit: usize,
    /// Polls of one node at one instant, or port calls on one event, above which the node is livelocked. Far above
    /// what any legitimate burst takes.
    pub livelock_limit: u32,
    /// Whether events are hashed.
    pub trace: bool,
    /// Runs the nodes' tasks in the place of the lab's own loop.
    pub scheduler: Option<Rc<dyn Scheduler>>,
}

impl LabConfig {
    /// Faultless links of 50 ms, MTU 1200 bytes, datagrams as on Ethernet, connect timeout 1 s, supervisor 1 s, disk 100 µs, free crypto,
    /// 10 µs per event on a CPU at half speed, 4096 packets in an inbox,
    /// livelock above a million, trace on.
    pub fn new(seed: u64, nodes: NodeIndex, boot: Boot) -> LabConfig {
        LabConfig {
            seed,
            nodes,
            mtu: 1200,
            datagram_mtu: MOST_DATAGRAM_BYTES,
            connect_timeout: Duration::from_secs(1),
            tape: Tape::new(),
            record: false,
            links: Box::new(|_, _| LinkModel::constant(Duration::from_millis(50))),
            boot,
            supervisor_restart: Duration::from_secs(1),
            disk_latency: Duration::from_micros(100),
            verify_cost: Duration::ZERO,
            event_cost: Duration::from_micros(10),
            inbox_limit: 4096,
            livelock_limit: 1_000_000,
            trace: true,
            scheduler: None,
        }
    }
}

/// A node that stopped itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Halt {
    /// Who.
    pub node: NodeIndex,
    /// When.
    pub at: Time,
    /// What it gave as the reason.
    pub reason: String,
}

/// The simulated world. See the module.
pub struct Lab {
    world: Rc<World>,
    hosts: Vec<Host>,
    ready: Arc<Ready>,
    scheduler: Option<Rc<dyn Scheduler>>,
    boot: Boot,
    attention: Attention,
    supervisor_restart: Duration,
    halts: Vec<Halt>,
    finding: Option<Finding>,
}

impl Lab {
    /// A lab in which no node runs yet, at time zero.
    pub fn new(config: LabConfig) -> Lab {
        panics::install();
        let ready = Arc::new(Ready::new(config.nodes));
        let core = Core::new(&config);
        let time = config.scheduler.as_ref().map(|scheduler| scheduler.clock());
        let attention = Attention::new(core.bell.clone());
        Lab {
            world: Rc::new(World { core: RefCell::new(core), alert: Cell::new(false), time }),
            hosts: (0..config.nodes).map(|node| Host::new(&ready, node)).collect(),
            ready,
            scheduler: config.scheduler,
            boot: config.boot,
            attention,
            supervisor_restart: config.supervisor_restart,
            halts: Vec::new(),
            finding: None,
        }
    }
}

impl Drop for Lab {
    /// The end of a run is a power failure for all: no actor can act on the world while it is dropped.
    fn drop(&mut self) {
        for node in 0..self.hosts.len() {
            self.crash(node as NodeIndex, DiskFate::LostUnsynced);
        }
    }
}
