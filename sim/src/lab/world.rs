//! What the loop and the ports share: time, the queue of events, and the state of every node outside its actors.
//!
//! There is one `RefCell`. It is borrowed for one step of bookkeeping at a time, and never while a callback runs or
//! is dropped, because either may call a port.

use super::disk::{Commit, DiskFate, NodeDisk};
use super::effects::EffectId;
use super::links::{LinkEnd, Transit};
use super::model::nanos;
use super::network::Network;
use super::queue::Queue;
use super::scheduler::Bell;
use super::tape::Deck;
use super::trace::{Entry, Kind, Trace};
use super::{Lab, LabConfig, NodeIndex};
use bitcraps_actors::ports::LinkEvent;
use bitcraps_adversary::machine::BentClock;
use bitcraps_types::Time;
use bytes::Bytes;
use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::rc::Rc;

/// Something that will happen.
pub(super) enum Event {
    /// A packet reaches its receiver.
    Arrive(Transit),
    /// An alarm is due, if its ticket is still the last.
    Alarm { node: NodeIndex, epoch: u32, slot: u32, ticket: u32 },
    /// A dial that was not answered fails.
    DialTimeout { node: NodeIndex, epoch: u32, link: u32 },
    /// A disk operation is done.
    Disk { node: NodeIndex, epoch: u32, commit: Option<Commit>, done: Box<dyn FnOnce()> },
    /// Costly work is done.
    Compute { node: NodeIndex, epoch: u32, then: Box<dyn FnOnce()> },
    /// The node can take the next event of its backlog.
    Unblock { node: NodeIndex, epoch: u32 },
    /// The supervisor starts a halted node again.
    Supervise { node: NodeIndex, epoch: u32 },
    /// The runner does something.
    Control(Box<dyn FnOnce(&mut Lab)>),
}

impl Event {
    /// Whether it only tells a node something, and changes nothing else.
    pub(super) fn is_told(&self) -> bool {
        matches!(self, Event::Arrive(_) | Event::Alarm { .. } | Event::Disk { .. } | Event::Compute { .. })
    }

    /// The node and epoch that it belongs to; `None` if it concerns whoever is there.
    pub(super) fn owner(&self) -> Option<(NodeIndex, u32)> {
        match *self {
            Event::Alarm { node, epoch, .. }
            | Event::DialTimeout { node, epoch, .. }
            | Event::Disk { node, epoch, .. }
            | Event::Compute { node, epoch, .. }
            | Event::Unblock { node, epoch }
            | Event::Supervise { node, epoch } => Some((node, epoch)),
            Event::Arrive(_) | Event::Control(_) => None,
        }
    }
}

/// An alarm of a node.
pub(super) struct AlarmSlot {
    pub(super) ring: Rc<dyn Fn()>,
    /// On the node's clock.
    pub(super) due: Option<Time>,
    /// Lab time of the queued event that holds the last ticket; `u64::MAX` if there is none.
    pub(super) queued: u64,
    pub(super) ticket: u32,
}

/// What faults did to a node, in counts that only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Events that waited because the node was paused.
    pub paused: u64,
    /// Frames that were dropped because too many waited.
    pub overflowed: u64,
    /// Events and computations that took longer on a slow CPU.
    pub slowed: u64,
    /// Clock readings and alarms while the clocks ran at a wrong rate.
    pub drifted: u64,
    /// Readings of the wall clock while it was skewed.
    pub skewed: u64,
    /// Disk operations that failed by a fault.
    pub disk_errors: u64,
    /// Disk operations refused because the disk was full.
    pub disk_full: u64,
    /// Disk operations that took longer.
    pub disk_slowed: u64,
}

/// A node, save for its actors.
pub(super) struct Node {
    /// Counts up whenever the node stops: ports and events of an older epoch are dead.
    pub(super) epoch: u32,
    pub(super) incarnations: u32,
    pub(super) up: bool,
    pub(super) paused: bool,
    /// It was woken while it was paused.
    pub(super) woken: bool,
    pub(super) cpu_factor: f64,
    pub(super) busy_until: u64,
    /// Events that wait, and how many of them are packets.
    pub(super) backlog: VecDeque<Event>,
    pub(super) backlog_packets: usize,
    pub(super) unblock_queued: bool,
    pub(super) inbox: Option<Rc<dyn Fn(LinkEvent)>>,
    pub(super) socket: Option<Socket>,
    pub(super) links: Vec<Option<LinkEnd>>,
    pub(super) alarms: Vec<Option<AlarmSlot>>,
    pub(super) free_alarms: Vec<u32>,
    pub(super) last_ticket: u32,
    pub(super) compute_free_at: u64,
    pub(super) clock: BentClock,
    pub(super) disk: NodeDisk,
    pub(super) touched: Touched,
}

/// Takes the datagrams that reach a node.
pub(super) type Socket = Rc<dyn Fn(NodeIndex, Bytes)>;

/// What a node is to be told, once nothing is borrowed.
pub(super) enum Call {
    /// By its links.
    Link(Rc<dyn Fn(LinkEvent)>, LinkEvent),
    /// By its socket: a datagram and who sent it.
    Datagram(Socket, NodeIndex, Bytes),
}

impl Call {
    pub(super) fn make(self) {
        match self {
            Call::Link(inbox, event) => inbox(event),
            Call::Datagram(socket, from, bytes) => socket(from, bytes),
        }
    }
}

/// What a stopped node leaves behind: callbacks, to be dropped when nothing is borrowed.
pub(super) type Remains = (
    Option<Rc<dyn Fn(LinkEvent)>>,
    Option<Socket>,
    Vec<Option<AlarmSlot>>,
    VecDeque<Event>,
    Vec<Option<LinkEnd>>,
);

/// How many frames and datagrams, and what became of them. Bytes are those of accepted ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames accepted from actors.
    pub sent: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Frames given to actors, copies included.
    pub delivered: u64,
    /// Frames lost by the network or by a receiver that was down or full.
    pub lost: u64,
    /// Frames refused at the sender.
    pub refused: u64,
    /// Second copies made.
    pub duplicated: u64,
    /// Frames damaged.
    pub corrupted: u64,
    /// Datagrams that were too long for the network. They count as neither sent nor lost.
    pub oversized: u64,
}

/// One frame or datagram, for a diagram. Told when its fate is known: at its arrival, or at its loss.
#[derive(Debug)]
pub struct FrameRecord<'a> {
    /// Sender.
    pub from: NodeIndex,
    /// Receiver.
    pub to: NodeIndex,
    /// When it was sent.
    pub sent: Time,
    /// When it was delivered to the receiver's actors; `None` if it was lost.
    pub received: Option<Time>,
    /// As it arrived, or as it was sent if it was lost.
    pub bytes: &'a Bytes,
    /// The last effect that changed it.
    pub effect: Option<EffectId>,
    /// Whether it is a datagram, and no frame of a link.
    pub datagram: bool,
}

/// Looks at frames. It must not call the lab or a port.
pub type FrameWatcher = Box<dyn FnMut(FrameRecord<'_>)>;

/// See the module.
pub(super) struct Core {
    pub(super) now: u64,
    pub(super) queue: Queue<Event>,
    pub(super) nodes: Vec<Node>,
    pub(super) network: Network<Transit>,
    pub(super) trace: Trace,
    pub(super) counters: Counters,
    pub(super) watcher: Option<FrameWatcher>,
    pub(super) seed: u64,
    pub(super) mtu: usize,
    pub(super) datagram_mtu: usize,
    pub(super) connect_timeout: u64,
    pub(super) event_cost: u64,
    pub(super) inbox_limit: usize,
    pub(super) verify_cost: std::time::Duration,
    /// Port calls since the last event.
    pub(super) calls: u32,
    pub(super) livelock_limit: u32,
    /// Nodes that halted and whose actors are still to be dropped, with the reason.
    pub(super) halted: Vec<(NodeIndex, String)>,
    pub(super) livelock: Option<NodeIndex>,
    /// With a lent scheduler: when the loop will look at the queue again, and how to have it look earlier.
    pub(super) next_turn: u64,
    pub(super) bell: Bell,
}

impl Core {
    pub(super) fn new(config: &LabConfig) -> Core {
        let node = |index| Node {
            epoch: 0,
            incarnations: 0,
            up: false,
            paused: false,
            woken: false,
            cpu_factor: 1.0,
            busy_until: 0,
            backlog: VecDeque::new(),
            backlog_packets: 0,
            unblock_queued: false,
            inbox: None,
            socket: None,
            links: Vec::new(),
            alarms: Vec::new(),
            free_alarms: Vec::new(),
            last_ticket: 0,
            compute_free_at: 0,
            clock: BentClock::default(),
            disk: NodeDisk::new(config.seed, index, nanos(config.disk_latency)),
            touched: Touched::default(),
        };
        let deck = Deck::new(usize::from(config.nodes), &config.tape, config.record);
        Core {
            now: 0,
            queue: Queue::new(),
            nodes: (0..config.nodes).map(node).collect(),
            network: Network::new(config.nodes, config.seed, &*config.links).with_deck(deck),
            trace: Trace::new(config.trace),
            counters: Counters::default(),
            watcher: None,
            seed: config.seed,
            mtu: config.mtu,
            datagram_mtu: config.datagram_mtu,
            connect_timeout: nanos(config.connect_timeout),
            event_cost: nanos(config.event_cost),
            inbox_limit: config.inbox_limit,
            verify_cost: config.verify_cost,
            calls: 0,
            livelock_limit: config.livelock_limit,
            halted: Vec::new(),
            livelock: None,
            next_turn: 0,
            bell: Bell::default(),
        }
    }

    pub(super) fn node(&mut self, node: NodeIndex) -> &mut Node {
        &mut self.nodes[usize::from(node)]
    }

    /// Queues an event.
    pub(super) fn push(&mut self, at: u64, event: Event) {
        self.queue.push(at, event);
        if at < self.next_turn {
            self.next_turn = at;
            self.bell.ring();
        }
    }

    /// Adds to the trace, at this time.
    pub(super) fn record(&mut self, kind: Kind, node: NodeIndex, peer: NodeIndex, aux: u64, bytes: &[u8]) {
        self.trace.record(Entry { at: self.now, kind, node, peer, aux, bytes });
    }

    /// Cuts a node off from the world, as a power failure does: nothing that its actors still do has any effect.
    #[must_use]
    pub(super) fn fence(&mut self, node: NodeIndex) -> Remains {
        let node = self.node(node);
        node.epoch += 1;
        node.up = false;
        node.paused = false;
        node.woken = false;
        node.busy_until = 0;
        node.backlog_packets = 0;
        node.unblock_queued = false;
        node.compute_free_at = 0;
        node.free_alarms.clear();
        (
            node.inbox.take(),
            node.socket.take(),
            std::mem::take(&mut node.alarms),
            std::mem::take(&mut node.backlog),
            std::mem::take(&mut node.links),
        )
    }

    /// The node stops itself. What it wrote stays, save where a sync failed.
    pub(super) fn halt(&mut self, node: NodeIndex, reason: &str) -> Remains {
        let remains = self.fence(node);
        self.node(node).disk.crash(DiskFate::Keep);
        self.record(Kind::Halted, node, node, 0, reason.as_bytes());
        self.halted.push((node, reason.to_owned()));
        self.bell.ring();
        remains
    }
}

/// The shared state, and a flag that it needs the loop's attention.
pub(super) struct World {
    pub(super) core: RefCell<Core>,
    /// A node halted or ran into a limit.
    pub(super) alert: Cell<bool>,
    /// Tells the time where the loop does not set it.
    pub(super) time: Option<Rc<dyn Fn() -> u64>>,
}

impl World {
    /// The shared state, with the time as it is.
    pub(super) fn core(&self) -> RefMut<'_, Core> {
        let mut core = self.core.borrow_mut();
        if let Some(time) = &self.time {
            core.now = time();
        }
        core
    }
}

/// A port's way into the world: one node in one epoch.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) world: Rc<World>,
    pub(super) node: NodeIndex,
    pub(super) epoch: u32,
}

impl Access {
    /// The world, or nothing if this incarnation is dead. Counts the call.
    ///
    /// # Panics
    /// As [`Access::look`].
    pub(super) fn enter(&self) -> Option<RefMut<'_, Core>> {
        let mut core = self.look();
        (core.node(self.node).epoch == self.epoch).then_some(core)
    }

    /// The world, dead or alive. Counts the call.
    ///
    /// # Panics
    /// If one event has caused more calls than `livelock_limit`: the only way to stop an actor that never yields.
    pub(super) fn look(&self) -> RefMut<'_, Core> {
        let mut core = self.world.core();
        core.calls += 1;
        // While an actor is unwound its last hooks run, and a second panic would abort the process.
        if core.calls > core.livelock_limit && !std::thread::panicking() {
            core.calls = 0;
            core.livelock = Some(self.node);
            drop(core);
            self.world.alert.set(true);
            panic!("node {} made too many port calls on one event", self.node);
        }
        core
    }
}
