//! The loop: the next event, its callback, and the nodes that it woke, polled until all are quiet.

use super::trace::Kind;
use super::world::{Core, Event};
use super::{Lab, NodeIndex};
use bitcraps_types::Time;
use std::cell::RefMut;
use std::fmt;

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

impl Lab {
    /// Virtual time since the start.
    pub fn now(&self) -> Time {
        Time(self.world.core().now)
    }

    /// Calls `action` at `at`, or now if that is past. Events at that time that are already queued go first.
    pub fn schedule(&mut self, at: Time, action: impl FnOnce(&mut Lab) + 'static) {
        let mut core = self.world.core();
        let at = at.0.max(core.now);
        core.push(at, Event::Control(Box::new(action)));
    }

    /// Runs until `until`, inclusive, or until the attention flag is raised.
    ///
    /// # Errors
    /// A [`Finding`] ends the run: the lab must not be used any further.
    pub fn run_until(&mut self, until: Time) -> Result<Progress, Finding> {
        if let Some(scheduler) = self.scheduler.clone() {
            return self.run_lent(&*scheduler, until);
        }
        self.poll_woken()?;
        loop {
            if self.attention.take() {
                return Ok(Progress::Attention);
            }
            if !self.step_until(until.0)? {
                let mut core = self.world.core();
                core.now = core.now.max(until.0);
                return Ok(if core.queue.next_at().is_none() { Progress::Idle } else { Progress::Reached });
            }
        }
    }

    /// Takes the next event, and those of the same instant that only tell a node something: a node is polled once for
    /// all that reaches it at one time. What it does then comes after them, as it would if it were polled for each.
    fn step_until(&mut self, limit: u64) -> Result<bool, Finding> {
        let mut next = {
            let mut core = self.world.core();
            let Some((at, event)) = core.queue.pop(limit) else { return Ok(false) };
            core.now = at;
            Some(event)
        };
        let mut taken = 0;
        while let Some(event) = next.take() {
            self.world.core().calls = 0;
            let told = event.is_told();
            self.dispatch(event);
            taken += 1;
            if told && taken < MAX_AT_ONCE {
                next = self.world.core().queue.pop_now(Event::is_told);
            }
        }
        self.poll_woken()?;
        Ok(true)
    }

    pub(super) fn dispatch(&mut self, event: Event) {
        match event {
            Event::Control(action) => {
                self.world.core().record(Kind::Controlled, 0, 0, 0, &[]);
                action(self);
            }
            Event::Supervise { node, epoch } => {
                if self.world.core().node(node).epoch == epoch {
                    self.restart(node);
                }
            }
            Event::Unblock { node, epoch } => self.unblock(node, epoch),
            event => {
                let node = match &event {
                    Event::Arrive(transit) => transit.to,
                    other => other.owner().map_or(0, |(node, _)| node),
                };
                let mut core = self.world.core();
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
        let mut core = self.world.core();
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
        let mut core = self.world.core();
        let now = core.now;
        let state = core.node(node);
        if state.paused || state.unblock_queued || state.backlog.is_empty() {
            return;
        }
        state.unblock_queued = true;
        let (at, epoch) = (state.busy_until.max(now), state.epoch);
        core.push(at, Event::Unblock { node, epoch });
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
