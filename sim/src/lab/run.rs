//! The loop: the next event, its callback, and the nodes that it woke, polled until all are quiet.

use super::panics;
use super::trace::Kind;
use super::world::{Core, Event};
use super::{Halt, Lab, NodeIndex};
use bitcraps_types::Time;
use std::any::Any;
use std::cell::RefMut;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Wake, Waker};
use tokio::task::LocalSet;

/// So many events of one instant, at most, before nodes are polled: what waits in a mailbox stays short.
const MAX_AT_ONCE: usize = 64;

/// Why the loop came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The time asked for is reached. Events at that time are done.
    Reached,
    /// Nothing will ever happen again by itself. The time is the one asked for.
    Idle,
    /// Somebody raised the attention flag; the time is that of the event that did it.
    Attention,
}

/// What ends a run, whatever the oracles say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// An actor panicked.
    ActorPanicked {
        /// Its node.
        node: NodeIndex,
        /// The panic's message and place.
        message: String,
    },
    /// A node kept itself busy without time moving: it was polled too often at one instant, or made too many port
    /// calls on one event (`livelock_limit` of the configuration). An actor that sends to itself for ever and
    /// touches no port cannot be stopped from within: it hangs the lab.
    Livelock {
        /// The node.
        node: NodeIndex,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::ActorPanicked { node, message } => {
                write!(f, "an actor of node {node} panicked: {message}")
            }
            Finding::Livelock { node } => write!(f, "node {node} never comes to rest"),
        }
    }
}

impl std::error::Error for Finding {}

/// The nodes that were woken: a bit each.
pub(super) struct Ready {
    any: AtomicBool,
    words: Vec<AtomicU64>,
}

impl Ready {
    pub(super) fn new(nodes: NodeIndex) -> Ready {
        let words = usize::from(nodes).div_ceil(64);
        Ready { any: AtomicBool::new(false), words: (0..words).map(|_| AtomicU64::new(0)).collect() }
    }

    pub(super) fn set(&self, node: NodeIndex) {
        self.words[usize::from(node) / 64].fetch_or(1 << (node % 64), Ordering::Release);
        self.any.store(true, Ordering::Release);
    }

    fn clear(&self, node: NodeIndex) {
        self.words[usize::from(node) / 64].fetch_and(!(1 << (node % 64)), Ordering::Acquire);
    }
}

/// Wakes one node.
struct NodeWaker {
    ready: Arc<Ready>,
    node: NodeIndex,
}

impl Wake for NodeWaker {
    fn wake(self: Arc<Self>) {
        self.ready.set(self.node);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.set(self.node);
    }
}

/// The actors of one node.
pub(super) struct Host {
    pub(super) local: Option<LocalSet>,
    /// What boot gave back, which keeps the actors alive.
    pub(super) keep: Vec<Box<dyn Any>>,
    waker: Waker,
    /// When it was last polled, and how often at that instant.
    polled: (u64, u32),
}

impl Host {
    pub(super) fn new(ready: &Arc<Ready>, node: NodeIndex) -> Host {
        let waker = Arc::new(NodeWaker { ready: ready.clone(), node }).into();
        Host { local: None, keep: Vec::new(), waker, polled: (0, 0) }
    }
}

impl Lab {
    /// Virtual time since the start.
    pub fn now(&self) -> Time {
        Time(self.world.core.borrow().now)
    }

    /// Calls `action` at `at`, or now if that is past. Events at that time that are already queued go first.
    pub fn schedule(&mut self, at: Time, action: impl FnOnce(&mut Lab) + 'static) {
        let mut core = self.world.core.borrow_mut();
        let at = at.0.max(core.now);
        core.queue.push(at, Event::Control(Box::new(action)));
    }

    /// Runs until `until`, inclusive, or until the attention flag is raised.
    ///
    /// # Errors
    /// A [`Finding`] ends the run: the lab must not be used any further.
    pub fn run_until(&mut self, until: Time) -> Result<Progress, Finding> {
        self.poll_woken()?;
        loop {
            if self.attention.take() {
                return Ok(Progress::Attention);
            }
            if !self.step_until(until.0)? {
                let mut core = self.world.core.borrow_mut();
                core.now = core.now.max(until.0);
                return Ok(if core.queue.next_at().is_none() { Progress::Idle } else { Progress::Reached });
            }
        }
    }

    /// Handles the next event. `false`: there is none.
    ///
    /// # Errors
    /// As [`Lab::run_until`].
    pub fn step(&mut self) -> Result<bool, Finding> {
        self.poll_woken()?;
        self.step_until(u64::MAX)
    }

    /// Takes the next event, and those of the same instant that only tell a node something: a node is polled once for
    /// all that reaches it at one time. What it does then comes after them, as it would if it were polled for each.
    fn step_until(&mut self, limit: u64) -> Result<bool, Finding> {
        let mut next = {
            let mut core = self.world.core.borrow_mut();
            let Some((at, event)) = core.queue.pop(limit) else { return Ok(false) };
            core.now = at;
            Some(event)
        };
        let mut taken = 0;
        while let Some(event) = next.take() {
            self.world.core.borrow_mut().calls = 0;
            let told = event.is_told();
            self.dispatch(event);
            taken += 1;
            if told && taken < MAX_AT_ONCE {
                next = self.world.core.borrow_mut().queue.pop_now(Event::is_told);
            }
        }
        self.poll_woken()?;
        Ok(true)
    }

    fn dispatch(&mut self, event: Event) {
        match event {
            Event::Control(action) => {
                self.world.core.borrow_mut().record(Kind::Controlled, 0, 0, 0, &[]);
                action(self);
            }
            Event::Supervise { node, epoch } => {
                if self.world.core.borrow_mut().node(node).epoch == epoch {
                    self.restart(node);
                }
            }
            Event::Unblock { node, epoch } => self.unblock(node, epoch),
            event => {
                let node = match &event {
                    Event::Arrive(transit) => transit.to,
                    other => other.owner().map_or(0, |(node, _)| node),
                };
                let mut core = self.world.core.borrow_mut();
                let now = core.now;
                let inbox_limit = core.inbox_limit;
                let state = core.node(node);
                let stale = match event.owner() {
                    Some((_, epoch)) => state.epoch != epoch,
                    None => !state.up,
                };
                if stale {
                    if let Event::Arrive(transit) = &event {
                        core.record(Kind::Undelivered, node, transit.from, transit.sent, &[]);
                        core.drop_frame(transit);
                    }
                    return;
                }
                if state.paused || state.busy_until > now || !state.backlog.is_empty() {
                    state.touched.paused += u64::from(state.paused);
                    if let Event::Arrive(transit) = &event {
                        if state.backlog_packets >= inbox_limit {
                            state.touched.overflowed += 1;
                            core.record(Kind::Undelivered, node, transit.from, transit.sent, &[]);
                            core.drop_frame(transit);
                            return;
                        }
                        state.backlog_packets += 1;
                    }
                    state.backlog.push_back(event);
                    drop(core);
                    self.queue_unblock(node);
                    return;
                }
                handle(core, node, event);
            }
        }
    }

    /// Takes the next event of a node's backlog, if the node can.
    fn unblock(&mut self, node: NodeIndex, epoch: u32) {
        let mut core = self.world.core.borrow_mut();
        let now = core.now;
        let state = core.node(node);
        if state.epoch != epoch {
            return;
        }
        state.unblock_queued = false;
        if state.paused || state.busy_until > now {
            drop(core);
            self.queue_unblock(node);
            return;
        }
        let event = state.backlog.pop_front();
        if let Some(Event::Arrive(_)) = &event {
            state.backlog_packets -= 1;
        }
        if let Some(event) = event {
            handle(core, node, event);
            self.queue_unblock(node);
        }
    }

    /// Sees to it that the backlog goes on as soon as the node can take it. A paused node waits for its resumption.
    pub(super) fn queue_unblock(&mut self, node: NodeIndex) {
        let mut core = self.world.core.borrow_mut();
        let now = core.now;
        let state = core.node(node);
        if state.paused || state.unblock_queued || state.backlog.is_empty() {
            return;
        }
        state.unblock_queued = true;
        let (at, epoch) = (state.busy_until.max(now), state.epoch);
        core.queue.push(at, Event::Unblock { node, epoch });
    }

    /// Polls woken nodes, by index, until none is awake.
    fn poll_woken(&mut self) -> Result<(), Finding> {
        // Plain loads and stores: a waker sets its bit first, and the bits are taken after the flag is cleared.
        while self.ready.any.load(Ordering::Acquire) {
            self.ready.any.store(false, Ordering::Relaxed);
            for word in 0..self.ready.words.len() {
                if self.ready.words[word].load(Ordering::Relaxed) == 0 {
                    continue;
                }
                let mut bits = self.ready.words[word].swap(0, Ordering::Acquire);
                while bits != 0 {
                    let node = word * 64 + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    self.poll(node as NodeIndex)?;
                }
            }
        }
        if self.world.alert.get() {
            self.collect_halts();
        }
        self.finding.clone().map_or(Ok(()), Err)
    }

    fn poll(&mut self, node: NodeIndex) -> Result<(), Finding> {
        let host = &mut self.hosts[usize::from(node)];
        let Some(local) = &mut host.local else { return Ok(()) };
        let (now, limit) = {
            let mut core = self.world.core.borrow_mut();
            let state = core.node(node);
            if state.paused {
                state.touched.paused += u64::from(!state.woken);
                state.woken = true;
                return Ok(());
            }
            (core.now, core.livelock_limit)
        };
        if host.polled.0 != now {
            host.polled = (now, 0);
        }
        host.polled.1 += 1;
        if host.polled.1 > limit {
            self.finding = Some(Finding::Livelock { node });
        } else {
            let mut context = Context::from_waker(&host.waker);
            let _finished = panics::watch(|| Pin::new(local).poll(&mut context));
            self.collect_panic(node);
        }
        if self.world.alert.get() {
            self.collect_halts();
        }
        self.finding.clone().map_or(Ok(()), Err)
    }

    /// Turns a panic in an actor of `node` into a finding, if there was one.
    pub(super) fn collect_panic(&mut self, node: NodeIndex) {
        if let Some(message) = panics::take() {
            let livelock = self.world.core.borrow_mut().livelock.take();
            self.finding.get_or_insert(match livelock {
                Some(node) => Finding::Livelock { node },
                None => Finding::ActorPanicked { node, message },
            });
        }
    }

    /// Drops the actors of halted nodes, and lets the supervisor know.
    fn collect_halts(&mut self) {
        self.world.alert.set(false);
        let (now, halted) = {
            let mut core = self.world.core.borrow_mut();
            (Time(core.now), std::mem::take(&mut core.halted))
        };
        for (node, reason) in halted {
            self.drop_actors(node);
            self.halts.push(Halt { node, at: now, reason });
            let mut core = self.world.core.borrow_mut();
            let epoch = core.node(node).epoch;
            let at = (now + self.supervisor_restart).0;
            core.queue.push(at, Event::Supervise { node, epoch });
        }
    }

    /// Drops a fenced node's actors: their last hooks run, and do nothing to the world.
    pub(super) fn drop_actors(&mut self, node: NodeIndex) {
        let host = &mut self.hosts[usize::from(node)];
        let (local, keep) = (host.local.take(), std::mem::take(&mut host.keep));
        panics::watch(|| drop((local, keep)));
        self.collect_panic(node);
        self.ready.clear(node);
    }
}

/// Gives an event to a node that can take it. Lets go of the world before it calls back.
fn handle(mut core: RefMut<'_, Core>, node: NodeIndex, event: Event) {
    let event_cost = core.event_cost;
    let now = core.now;
    let state = core.node(node);
    if state.cpu_factor > 1.0 {
        state.touched.slowed += 1;
        state.busy_until = now.saturating_add((event_cost as f64 * (state.cpu_factor - 1.0)) as u64);
    }
    match event {
        Event::Arrive(transit) => {
            let call = core.arrive(transit);
            drop(core);
            if let Some(call) = call {
                call.make();
            }
        }
        Event::Alarm { slot, ticket, .. } => {
            let ring = core.alarm_due(node, slot, ticket);
            drop(core);
            if let Some(ring) = ring {
                ring();
            }
        }
        Event::DialTimeout { link, .. } => {
            let call = core.dial_times_out(node, link);
            drop(core);
            if let Some(call) = call {
                call.make();
            }
        }
        Event::Disk { commit, done, .. } => {
            if let Some(commit) = commit {
                core.node(node).disk.commit(&commit);
            }
            core.record(Kind::DiskDone, node, node, 0, &[]);
            drop(core);
            done();
        }
        Event::Compute { then, .. } => {
            core.record(Kind::Computed, node, node, 0, &[]);
            drop(core);
            then();
        }
        Event::Unblock { .. } | Event::Supervise { .. } | Event::Control(_) => {}
    }
}
