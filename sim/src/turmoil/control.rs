//! What the runner does to hosts, the network, disks and clocks. Each of these is an event of the trace.

use super::{Turmoil, name};
use crate::lab::trace::Kind;
use crate::lab::{CrashReport, DiskFate, DiskOp, Effect, EffectId, Latency, NodeIndex, Touched, panics};

/// Processes.
impl Turmoil {
    /// Starts a node that is down, with the disk that it left. `false` if it is up.
    pub(crate) fn start(&mut self, node: NodeIndex) -> bool {
        {
            let mut world = self.world.borrow_mut();
            let state = world.node(node);
            if state.up {
                return false;
            }
            state.up = true;
            let incarnation = state.incarnations;
            state.incarnations += 1;
            world.record(Kind::Started, node, node, u64::from(incarnation), &[]);
        }
        self.sim.bounce(name(node));
        true
    }

    /// Cuts a host's power. First its ports go dead, then its actors are dropped; actix runs their `stopped`, which can do
    /// nothing any more. Its TCP connections end as those of a process that died. `None` if it is down.
    pub(crate) fn crash(&mut self, node: NodeIndex, fate: DiskFate) -> Option<CrashReport> {
        let (calendar, report) = {
            let mut world = self.world.borrow_mut();
            if !world.node(node).up {
                return None;
            }
            let calendar = world.fence(node);
            let report = world.node(node).disk.crash(fate);
            world.record(Kind::Crashed, node, node, report.lost_bytes, &report.garbled_bytes.to_le_bytes());
            (calendar, report)
        };
        self.drop_host(node);
        drop(calendar);
        Some(report)
    }

    /// Drops all that runs on a fenced host: the last hooks of its actors do nothing to the world.
    pub(super) fn drop_host(&mut self, node: NodeIndex) {
        panics::watch(|| self.sim.crash(name(node)));
        let keep = std::mem::take(&mut self.world.borrow_mut().node(node).keep);
        panics::watch(|| drop(keep));
    }

    /// Whether a node is up.
    pub(crate) fn is_up(&self, node: NodeIndex) -> bool {
        self.world.borrow_mut().node(node).up
    }

    /// What faults did to a node so far.
    pub(crate) fn touched(&self, node: NodeIndex) -> Touched {
        self.world.borrow_mut().node(node).touched
    }
}

/// Network.
impl Turmoil {
    /// Adds an effect, from now on.
    ///
    /// # Panics
    /// If its pairs are of a network of another size.
    pub(crate) fn add_effect(&mut self, effect: Effect) -> EffectId {
        let words = format!("{:?}", effect.kind);
        let mut world = self.world.borrow_mut();
        let id = world.network.add(effect);
        world.record(Kind::EffectAdded, 0, 0, u64::from(id.0), words.as_bytes());
        id
    }

    /// Removes an effect. Datagrams that it held go on, in order.
    pub(crate) fn remove_effect(&mut self, id: EffectId) {
        let mut world = self.world.borrow_mut();
        world.record(Kind::EffectRemoved, 0, 0, u64::from(id.0), &[]);
        let (now, mut released) = (world.now, Vec::new());
        world.network.remove(id, now, |at, transit| released.push((at, transit)));
        released.into_iter().for_each(|(at, transit)| world.schedule(at, transit));
    }

    /// How many datagrams an effect changed, kept or lost, also after its removal.
    pub(crate) fn effect_touched(&self, id: EffectId) -> u64 {
        self.world.borrow().network.touched(id)
    }
}

/// Clocks. Offsets are in nanoseconds; ahead is positive.
impl Turmoil {
    /// Sets how far a node's wall clock is off.
    pub(crate) fn skew_clock(&mut self, node: NodeIndex, offset: i64) {
        let mut world = self.world.borrow_mut();
        world.node(node).clock.skew(offset);
        world.record(Kind::ClockBent, node, node, offset as u64, b"skew");
    }

    /// Moves a node's wall clock once.
    pub(crate) fn jump_clock(&mut self, node: NodeIndex, by: i64) {
        let mut world = self.world.borrow_mut();
        world.node(node).clock.jump(by);
        world.record(Kind::ClockBent, node, node, by as u64, b"jump");
    }

    /// Makes a node's clocks run `ppm` parts per million fast, from now on; alarms ring accordingly.
    pub(crate) fn drift_clock(&mut self, node: NodeIndex, ppm: i32) {
        let mut world = self.world.borrow_mut();
        let now = world.now;
        let state = world.node(node);
        state.clock.drift(now, ppm);
        if let Some(calendar) = &state.calendar {
            calendar.clock_changed(&state.clock, now);
        }
        world.record(Kind::ClockBent, node, node, ppm as u64, b"drift");
    }
}

/// Disks.
impl Turmoil {
    /// Makes operations of one kind fail with this probability.
    pub(crate) fn disk_error(&mut self, node: NodeIndex, op: DiskOp, rate: f64) {
        let mut world = self.world.borrow_mut();
        world.node(node).disk.set_error_rate(op, rate);
        world.record(Kind::DiskFault, node, node, rate.to_bits(), format!("{op:?}").as_bytes());
    }

    /// How many bytes all files together hold now.
    pub(crate) fn disk_used(&self, node: NodeIndex) -> u64 {
        self.world.borrow_mut().node(node).disk.used()
    }

    /// Lets all files together hold no more than this many bytes; `u64::MAX` is no limit.
    pub(crate) fn disk_full(&mut self, node: NodeIndex, capacity: u64) {
        let mut world = self.world.borrow_mut();
        world.node(node).disk.set_capacity(capacity);
        world.record(Kind::DiskFault, node, node, capacity, b"full");
    }

    /// Makes operations take longer, by so much each.
    pub(crate) fn disk_slow(&mut self, node: NodeIndex, extra: Latency) {
        let mut world = self.world.borrow_mut();
        world.node(node).disk.set_extra_latency(extra);
        world.record(Kind::DiskFault, node, node, 0, format!("slow {extra:?}").as_bytes());
    }
}
