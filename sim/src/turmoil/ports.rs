//! The ports that a host gives to its node, save links, which are QUIC's over [`socket`](super::socket).

use super::calendar::Calendar;
use super::socket::resolve;
use super::state::{Access, State};
use crate::lab::WALL_AT_START;
use crate::lab::disk::Pending;
use crate::lab::model::nanos;
use crate::lab::ports::SeededEntropy;
use crate::lab::trace::Kind;
use crate::wire::{Ground, PortSocket};
use bitcraps_actors::ports::{Alarm, Clock, Compute, Disk, DiskError, Done, Entropy};
use bitcraps_adversary::machine::BentClock;
use bitcraps_types::{Time, WallTime};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The ports of one incarnation of a node. The runner adds the crypto, the probe and the adversary.
pub(crate) struct HostPorts {
    pub(crate) clock: Rc<dyn Clock>,
    pub(crate) entropy: Rc<dyn Entropy>,
    pub(crate) disk: Rc<dyn Disk>,
    pub(crate) compute: Rc<dyn Compute>,
    /// Stops the node. The supervisor starts it again.
    pub(crate) halt: Rc<dyn Fn(&str)>,
    /// For links: the host's UDP.
    pub(crate) ground: Ground,
    /// For the runner's probe; no port of an actor.
    pub(crate) witness: Access,
}

impl HostPorts {
    pub(super) fn new(
        access: &Access,
        calendar: &Rc<Calendar>,
        socket: PortSocket,
        network: IpAddr,
    ) -> HostPorts {
        let port = || Port { access: access.clone(), calendar: calendar.clone() };
        let halting = access.clone();
        let entropy = {
            let mut state = access.look();
            let incarnation = state.node(access.node).incarnations;
            SeededEntropy { seed: state.seed, node: access.node, incarnation }
        };
        let (clock, entropy): (Rc<dyn Clock>, Rc<dyn Entropy>) = (Rc::new(port()), Rc::new(entropy));
        HostPorts {
            ground: Ground {
                clock: clock.clone(),
                entropy: entropy.clone(),
                socket: Arc::new(socket),
                resolve: resolve(network),
            },
            clock,
            entropy,
            disk: Rc::new(port()),
            compute: Rc::new(port()),
            halt: Rc::new(move |reason: &str| {
                let calendar = halting.enter().map(|mut state| state.halt(halting.node, reason));
                drop(calendar);
            }),
            witness: access.clone(),
        }
    }
}

/// What every port needs.
struct Port {
    access: Access,
    calendar: Rc<Calendar>,
}

impl Port {
    fn read(&self, read: impl Fn(&BentClock, u64) -> u64, wall: bool) -> u64 {
        let mut state = self.access.look();
        let now = state.now;
        let node = state.node(self.access.node);
        node.touched.drifted += u64::from(node.clock.drifts());
        node.touched.skewed += u64::from(wall && node.clock.is_skewed());
        read(&node.clock, now)
    }
}

impl Clock for Port {
    fn now(&self) -> Time {
        Time(self.read(BentClock::now, false))
    }

    fn wall(&self) -> WallTime {
        WallTime(self.read(|clock, now| clock.wall(now, WALL_AT_START), true))
    }

    fn alarm(&self, ring: Box<dyn Fn()>) -> Box<dyn Alarm> {
        let alarm = self.calendar.alarm(ring);
        Box::new(HostAlarm { access: self.access.clone(), calendar: self.calendar.clone(), alarm })
    }
}

struct HostAlarm {
    access: Access,
    calendar: Rc<Calendar>,
    alarm: u32,
}

impl Alarm for HostAlarm {
    fn set(&self, at: Option<Time>) {
        let Some(mut state) = self.access.enter() else { return };
        let now = state.now;
        let clock = &state.node(self.access.node).clock;
        self.calendar.set(self.alarm, at, clock, now);
    }
}

impl Drop for HostAlarm {
    fn drop(&mut self) {
        self.calendar.cancel(self.alarm);
    }
}

impl Port {
    /// Tells the end of a disk operation when it is done, if the incarnation lives to see it.
    fn finish<T: 'static>(&self, pending: Pending<T>, done: Done<T>) {
        let Pending { at, commit, result } = pending;
        let access = self.access.clone();
        let end = move || {
            let Some(mut state) = access.enter() else { return };
            if let Some(commit) = commit {
                state.node(access.node).disk.commit(&commit);
            }
            state.record(Kind::DiskDone, access.node, access.node, 0, &[]);
            drop(state);
            done(result);
        };
        self.calendar.once(at, Box::new(end));
    }
}

fn record_operation(state: &mut State, node: u16, kind: Kind, file: &str, bytes: &[u8]) {
    state.record(kind, node, node, bytes.len() as u64, file.as_bytes());
    if !bytes.is_empty() {
        state.record(kind, node, node, 0, bytes);
    }
}

impl Disk for Port {
    fn append(&self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let Some(mut state) = self.access.enter() else {
            return Err(DiskError::Io("the node is down".to_owned()));
        };
        record_operation(&mut state, self.access.node, Kind::Appended, file, bytes);
        let node = state.node(self.access.node);
        node.disk.append(file, bytes, &mut node.touched)
    }

    fn sync(&self, file: &str, done: Done<()>) {
        let Some(mut state) = self.access.enter() else { return };
        record_operation(&mut state, self.access.node, Kind::SyncAsked, file, &[]);
        let now = state.now;
        let node = state.node(self.access.node);
        self.finish(node.disk.sync(now, file, &mut node.touched), done);
    }

    fn read(&self, file: &str, done: Done<Vec<u8>>) {
        let Some(mut state) = self.access.enter() else { return };
        record_operation(&mut state, self.access.node, Kind::ReadAsked, file, &[]);
        let now = state.now;
        let node = state.node(self.access.node);
        self.finish(node.disk.read(now, file, &mut node.touched), done);
    }

    fn replace(&self, file: &str, bytes: Vec<u8>, done: Done<()>) {
        let Some(mut state) = self.access.enter() else { return };
        record_operation(&mut state, self.access.node, Kind::ReplaceAsked, file, &bytes);
        let now = state.now;
        let node = state.node(self.access.node);
        self.finish(node.disk.replace(now, file, bytes, &mut node.touched), done);
    }
}

impl Compute for Port {
    fn run(&self, cost: Duration, then: Box<dyn FnOnce()>) {
        let at = {
            let Some(mut state) = self.access.enter() else { return };
            let now = state.now;
            let node = state.node(self.access.node);
            node.compute_free_at = node.compute_free_at.max(now).saturating_add(nanos(cost));
            node.compute_free_at
        };
        let access = self.access.clone();
        let end = move || {
            let Some(mut state) = access.enter() else { return };
            state.record(Kind::Computed, access.node, access.node, 0, &[]);
            drop(state);
            then();
        };
        self.calendar.once(at, Box::new(end));
    }

    fn verify_cost(&self) -> Duration {
        self.access.look().verify_cost
    }
}
