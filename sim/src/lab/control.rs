//! What the runner does to nodes, the network, disks and clocks. Each of these is an event of the trace.

use super::disk::{CrashReport, DiskFate, DiskOp};
use super::effects::{Effect, EffectId};
use super::model::Latency;
use super::ports::{Attention, WorldPorts, access};
use super::tape::Tape;
use super::trace::{Kind, TraceSummary, Words};
use super::world::{Core, Counters, FrameWatcher, Touched};
use super::{Finding, Halt, Lab, NodeIndex};
use bitcraps_types::Time;
use std::cell::RefMut;
use std::ops::Range;
use tokio::task::LocalSet;

/// Processes.
impl Lab {
    /// Starts a node that is down, with the disk that it left. `false` if it is up.
    pub fn start(&mut self, node: NodeIndex) -> bool {
        let incarnation = {
            let mut core = self.core();
            let state = core.node(node);
            if state.up {
                return false;
            }
            state.up = true;
            let incarnation = state.incarnations;
            state.incarnations += 1;
            core.record(Kind::Started, node, node, u64::from(incarnation), &[]);
            incarnation
        };
        let ports = WorldPorts::new(&access(&self.world, node), &self.attention);
        if let Some(scheduler) = &self.scheduler {
            scheduler.start(node, Box::new(|| (self.boot)(node, incarnation, ports)));
            return true;
        }
        let local = LocalSet::new();
        let keep = {
            let _inside = local.enter();
            (self.boot)(node, incarnation, ports)
        };
        let host = &mut self.hosts[usize::from(node)];
        host.local = Some(local);
        host.keep = keep;
        self.ready.set(node);
        true
    }

    /// Starts a node again after a crash: a new incarnation. `false` if it is up.
    pub fn restart(&mut self, node: NodeIndex) -> bool {
        self.start(node)
    }

    /// Cuts a node's power. First its ports go dead, then its actors are dropped; actix runs their `stopped`, which
    /// can do nothing any more. `None` if it is down.
    pub fn crash(&mut self, node: NodeIndex, fate: DiskFate) -> Option<CrashReport> {
        let (remains, report) = {
            let mut core = self.core();
            if !core.node(node).up {
                return None;
            }
            let remains = core.fence(node);
            let report = core.node(node).disk.crash(fate);
            core.record(Kind::Crashed, node, node, report.lost_bytes, &report.garbled_bytes.to_le_bytes());
            (remains, report)
        };
        self.drop_actors(node);
        drop(remains);
        Some(report)
    }

    /// Stops a node as SIGSTOP does: nothing of it runs, and what arrives waits. `false` if it is down or paused.
    pub fn pause(&mut self, node: NodeIndex) -> bool {
        let mut core = self.core();
        let state = core.node(node);
        if !state.up || state.paused {
            return false;
        }
        state.paused = true;
        core.record(Kind::Paused, node, node, 0, &[]);
        drop(core);
        if let Some(scheduler) = &self.scheduler {
            scheduler.pause(node);
        }
        true
    }

    /// Lets a paused node go on: it takes what waited, in order, due alarms included. `false` if it is not paused.
    pub fn resume(&mut self, node: NodeIndex) -> bool {
        let mut core = self.core();
        let state = core.node(node);
        if !state.paused {
            return false;
        }
        state.paused = false;
        if std::mem::take(&mut state.woken) {
            self.ready.set(node);
        }
        core.record(Kind::Resumed, node, node, 0, &[]);
        drop(core);
        if let Some(scheduler) = &self.scheduler {
            scheduler.resume(node);
        }
        self.queue_unblock(node);
        true
    }

    /// Makes each event cost the node `factor - 1` times the configured event cost, during which others wait, and
    /// each computation `factor` times its cost. 1 or less: as fast as at first.
    pub fn slow_cpu(&mut self, node: NodeIndex, factor: f64) {
        let mut core = self.core();
        core.node(node).cpu_factor = factor.max(1.0);
        core.record(Kind::CpuSlowed, node, node, factor.to_bits(), &[]);
    }

    /// Whether a node is up. A paused node is.
    pub fn is_up(&self, node: NodeIndex) -> bool {
        self.core().node(node).up
    }

    /// The nodes that halted themselves since the last call.
    pub fn take_halts(&mut self) -> Vec<Halt> {
        std::mem::take(&mut self.halts)
    }
}

/// Network.
impl Lab {
    /// Adds an effect, from now on.
    ///
    /// # Panics
    /// If its pairs are of a network of another size.
    pub fn add_effect(&mut self, effect: Effect) -> EffectId {
        let words = format!("{:?}", effect.kind);
        let mut core = self.core();
        let id = core.network.add(effect);
        core.record(Kind::EffectAdded, 0, 0, u64::from(id.0), words.as_bytes());
        id
    }

    /// Removes an effect. Packets that it held go on, in order. `false` if it is not in force.
    pub fn remove_effect(&mut self, id: EffectId) -> bool {
        let mut core = self.core();
        core.record(Kind::EffectRemoved, 0, 0, u64::from(id.0), &[]);
        let Core { network, queue, now, .. } = &mut *core;
        network.remove(id, *now, |at, transit| queue.push(at, super::world::Event::Arrive(transit)))
    }

    /// How many packets an effect changed, kept or lost, also after its removal. Handshakes count too.
    pub fn effect_touched(&self, id: EffectId) -> u64 {
        self.core().network.touched(id)
    }

    /// Frames so far.
    pub fn counters(&self) -> Counters {
        self.core().counters
    }

    /// Tells each frame's fate to `watcher` from now on; `None` ends it.
    pub fn watch_frames(&mut self, watcher: Option<FrameWatcher>) {
        let before = std::mem::replace(&mut self.core().watcher, watcher);
        drop(before);
    }
}

/// Clocks. Offsets are in nanoseconds; ahead is positive.
impl Lab {
    /// Sets how far a node's wall clock is off.
    pub fn skew_clock(&mut self, node: NodeIndex, offset: i64) {
        let mut core = self.core();
        core.node(node).clock.skew(offset);
        core.record(Kind::ClockBent, node, node, offset as u64, b"skew");
    }

    /// Moves a node's wall clock once.
    pub fn jump_clock(&mut self, node: NodeIndex, by: i64) {
        let mut core = self.core();
        core.node(node).clock.jump(by);
        core.record(Kind::ClockBent, node, node, by as u64, b"jump");
    }

    /// Makes a node's clocks run `ppm` parts per million fast, from now on; alarms ring accordingly. -1,000,000 stops
    /// them.
    pub fn drift_clock(&mut self, node: NodeIndex, ppm: i32) {
        let mut core = self.core();
        let now = core.now;
        core.node(node).clock.drift(now, ppm);
        core.record(Kind::ClockBent, node, node, ppm as u64, b"drift");
        for slot in 0..core.node(node).alarms.len() {
            core.queue_alarm(node, slot as u32);
        }
    }
}

/// Disks.
impl Lab {
    /// Makes operations of one kind fail with this probability.
    pub fn disk_error(&mut self, node: NodeIndex, op: DiskOp, rate: f64) {
        let mut core = self.core();
        core.node(node).disk.set_error_rate(op, rate);
        core.record(Kind::DiskFault, node, node, rate.to_bits(), format!("{op:?}").as_bytes());
    }

    /// How many bytes all files together hold now.
    pub fn disk_used(&self, node: NodeIndex) -> u64 {
        self.core().node(node).disk.used()
    }

    /// Lets all files together hold no more than this many bytes; `u64::MAX` is no limit.
    pub fn disk_full(&mut self, node: NodeIndex, capacity: u64) {
        let mut core = self.core();
        core.node(node).disk.set_capacity(capacity);
        core.record(Kind::DiskFault, node, node, capacity, b"full");
    }

    /// Makes operations take longer, by so much each.
    pub fn disk_slow(&mut self, node: NodeIndex, extra: Latency) {
        let mut core = self.core();
        core.node(node).disk.set_extra_latency(extra);
        core.record(Kind::DiskFault, node, node, 0, format!("slow {extra:?}").as_bytes());
    }

    /// Makes the disk good again.
    pub fn clear_disk_faults(&mut self, node: NodeIndex) {
        let mut core = self.core();
        core.node(node).disk.clear_faults();
        core.record(Kind::DiskFault, node, node, 0, b"clear");
    }

    /// What a read of a file would see now.
    pub fn file(&self, node: NodeIndex, file: &str) -> Vec<u8> {
        self.core().node(node).disk.content(file)
    }
}

/// Observation.
impl Lab {
    /// The flag that makes [`Lab::run_until`] come back.
    pub fn attention(&self) -> Attention {
        self.attention.clone()
    }

    /// What faults did to a node so far.
    pub fn touched(&self, node: NodeIndex) -> Touched {
        self.core().node(node).touched
    }

    /// Adds a note of the runner to the trace.
    pub fn note(&mut self, node: NodeIndex, note: &[u8]) {
        self.core().record(Kind::Note, node, node, 0, note);
    }

    /// Keeps the events with these numbers in words. Call it before the run.
    pub fn record_window(&mut self, events: Range<u64>, words: Option<Words>) {
        self.core().trace.record_window(events, words);
    }

    /// The events of the window, a line each.
    pub fn window(&self) -> Vec<String> {
        self.core().trace.lines().to_vec()
    }

    /// What the links drew so far, if it is recorded.
    pub fn recorded(&mut self) -> Tape {
        self.core().network.recorded()
    }

    /// The trace up to now.
    pub fn trace_summary(&mut self) -> TraceSummary {
        self.core().trace.finish()
    }

    /// When the next event is due.
    pub fn next_event_at(&self) -> Option<Time> {
        self.core().queue.next_at().map(Time)
    }

    /// The finding that ended the run, if one did.
    pub fn finding(&self) -> Option<&Finding> {
        self.finding.as_ref()
    }

    fn core(&self) -> RefMut<'_, Core> {
        self.world.core()
    }
}
