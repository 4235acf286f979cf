//! What the hosts share: the time, the models of the network, clocks and disks, the trace.
//!
//! There is one `RefCell`. It is borrowed for one step of bookkeeping at a time, and never while a callback runs or is
//! dropped, because either may call a port.

use super::Config;
use super::calendar::Calendar;
use super::network::Transit;
use crate::lab::disk::NodeDisk;
use crate::lab::model::nanos;
use crate::lab::network::Network;
use crate::lab::trace::{Entry, Kind, Trace};
use crate::lab::{Counters, DiskFate, FrameWatcher, NodeIndex, Touched};
use crate::run::shared::Witness;
use bitcraps_adversary::machine::BentClock;
use bitcraps_types::Time;
use std::any::Any;
use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// Port calls in one tick, over all nodes, above which one of them is livelocked. Far above what any tick takes.
const LIVELOCK: u32 = 4_000_000;

/// The shared state.
pub(super) type World = Rc<RefCell<State>>;

/// A node, save for its actors.
pub(super) struct Node {
    /// Counts up whenever the node stops: ports of an older epoch are dead.
    pub(super) epoch: u32,
    pub(super) incarnations: u32,
    pub(super) up: bool,
    pub(super) compute_free_at: u64,
    pub(super) clock: BentClock,
    pub(super) disk: NodeDisk,
    pub(super) touched: Touched,
    /// What this incarnation waits for.
    pub(super) calendar: Option<Rc<Calendar>>,
    /// What must live as long as its actors.
    pub(super) keep: Vec<Box<dyn Any>>,
}

/// See the module.
pub(super) struct State {
    pub(super) now: u64,
    pub(super) seed: u64,
    pub(super) nodes: Vec<Node>,
    pub(super) network: Network<Transit>,
    /// Datagrams on their way, by their arrival and the order in which they got it.
    pub(super) on_the_way: BTreeMap<(u64, u64), Transit>,
    pub(super) scheduled: u64,
    pub(super) datagram_mtu: usize,
    pub(super) verify_cost: Duration,
    pub(super) trace: Trace,
    pub(super) counters: Counters,
    pub(super) requests: u64,
    /// Requests without an answer, or with another than a success.
    pub(super) unsuccessful: u64,
    pub(super) watcher: Option<FrameWatcher>,
    /// The node that called a port last.
    pub(super) running: NodeIndex,
    /// Port calls in this tick.
    pub(super) calls: u32,
    pub(super) livelock: Option<NodeIndex>,
    /// Nodes that halted and whose actors are still to be dropped.
    pub(super) halted: Vec<(NodeIndex, Time, String)>,
}

impl State {
    pub(super) fn new(config: &Config) -> State {
        let node = |index| Node {
            epoch: 0,
            incarnations: 0,
            up: false,
            compute_free_at: 0,
            clock: BentClock::default(),
            disk: NodeDisk::new(config.seed, index, nanos(config.disk_latency)),
            touched: Touched::default(),
            calendar: None,
            keep: Vec::new(),
        };
        State {
            now: 0,
            seed: config.seed,
            nodes: (0..config.nodes).map(node).collect(),
            network: Network::new(config.nodes, config.seed, &*config.links),
            on_the_way: BTreeMap::new(),
            scheduled: 0,
            datagram_mtu: config.datagram_mtu,
            verify_cost: config.verify_cost,
            trace: Trace::new(true),
            counters: Counters::default(),
            requests: 0,
            unsuccessful: 0,
            watcher: None,
            running: 0,
            calls: 0,
            livelock: None,
            halted: Vec::new(),
        }
    }

    pub(super) fn node(&mut self, node: NodeIndex) -> &mut Node {
        &mut self.nodes[usize::from(node)]
    }

    /// Adds to the trace, at this time.
    pub(super) fn record(&mut self, kind: Kind, node: NodeIndex, peer: NodeIndex, aux: u64, bytes: &[u8]) {
        self.trace.record(Entry { at: self.now, kind, node, peer, aux, bytes });
    }

    /// Cuts a node off from the world, as a power failure does: nothing that its actors still do has any effect. Gives
    /// what is to be dropped when nothing is borrowed.
    #[must_use]
    pub(super) fn fence(&mut self, node: NodeIndex) -> Option<Rc<Calendar>> {
        let node = self.node(node);
        node.epoch += 1;
        node.up = false;
        node.compute_free_at = 0;
        node.calendar.take()
    }

    /// The node stops itself. What it wrote stays, save where a sync failed.
    pub(super) fn halt(&mut self, node: NodeIndex, reason: &str) -> Option<Rc<Calendar>> {
        let calendar = self.fence(node);
        self.node(node).disk.crash(DiskFate::Keep);
        self.record(Kind::Halted, node, node, 0, reason.as_bytes());
        self.halted.push((node, Time(self.now), reason.to_owned()));
        calendar
    }
}

/// A port's way into the world: one node in one epoch.
#[derive(Clone)]
pub(crate) struct Access {
    pub(super) world: World,
    pub(super) node: NodeIndex,
    pub(super) epoch: u32,
}

impl Access {
    /// The world, or nothing if this incarnation is dead. Counts the call.
    ///
    /// # Panics
    /// As [`Access::look`].
    pub(super) fn enter(&self) -> Option<RefMut<'_, State>> {
        let mut state = self.look();
        (state.node(self.node).epoch == self.epoch).then_some(state)
    }

    /// The world, dead or alive. Counts the call.
    ///
    /// # Panics
    /// If there were more calls in one tick than [`LIVELOCK`]: the only way to stop an actor that never yields.
    pub(super) fn look(&self) -> RefMut<'_, State> {
        let mut state = self.world.borrow_mut();
        state.running = self.node;
        state.calls += 1;
        // While an actor is unwound its last hooks run, and a second panic would abort the process.
        if state.calls > LIVELOCK && !std::thread::panicking() {
            state.calls = 0;
            state.livelock = Some(self.node);
            drop(state);
            panic!("node {} made too many port calls in one tick", self.node);
        }
        state
    }
}

impl Witness for Access {
    fn node(&self) -> NodeIndex {
        self.node
    }

    fn now(&self) -> Time {
        Time(self.world.borrow().now)
    }

    fn is_live(&self) -> bool {
        self.world.borrow_mut().node(self.node).epoch == self.epoch
    }

    fn note(&self, note: &[u8]) {
        if let Some(mut state) = self.enter() {
            state.record(Kind::Note, self.node, self.node, 0, note);
        }
    }
}
