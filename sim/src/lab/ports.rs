//! The ports that the lab gives to a node, save links, datagrams and disk, which have files of their own.

use super::NodeIndex;
use super::datagrams::Datagrams;
use super::disk::LabDisk;
use super::links::LabLinks;
use super::model::nanos;
use super::scheduler::Bell;
use super::trace::Kind;
use super::world::{Access, AlarmSlot, Core, Event, World};
use bitcraps_actors::ports::{Alarm, Clock, Compute, Disk, Entropy, Links};
use bitcraps_adversary::machine::BentClock;
use bitcraps_types::{Time, WallTime};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// The ports of one incarnation of a node. The runner adds the crypto, the probe and the adversary, which are not the
/// lab's business.
#[derive(Clone)]
pub struct WorldPorts {
    /// Time.
    pub clock: Rc<dyn Clock>,
    /// Randomness.
    pub entropy: Rc<dyn Entropy>,
    /// Links. An address is a node's index in decimal digits.
    pub links: Rc<dyn Links>,
    /// Datagrams, for a world that makes its own links of them.
    pub datagrams: Datagrams,
    /// Files. They outlive the incarnation.
    pub disk: Rc<dyn Disk>,
    /// Costly work: inline, one after the other, and its cost goes into virtual time.
    pub compute: Rc<dyn Compute>,
    /// Stops the node. The supervisor starts it again.
    pub halt: Rc<dyn Fn(&str)>,
    /// For the runner's probe; no port of an actor.
    pub observer: Observer,
}

impl WorldPorts {
    pub(super) fn new(access: &Access, attention: &Attention) -> WorldPorts {
        let halting = access.clone();
        let entropy = {
            let mut core = access.world.core.borrow_mut();
            let incarnation = core.node(access.node).incarnations;
            SeededEntropy { seed: core.seed, node: access.node, incarnation }
        };
        WorldPorts {
            clock: Rc::new(LabClock(access.clone())),
            entropy: Rc::new(entropy),
            links: Rc::new(LabLinks(access.clone())),
            datagrams: Datagrams(access.clone()),
            disk: Rc::new(LabDisk(access.clone())),
            compute: Rc::new(LabCompute(access.clone())),
            halt: Rc::new(move |reason: &str| {
                let remains = halting.enter().map(|mut core| core.halt(halting.node, reason));
                halting.world.alert.set(true);
                drop(remains);
            }),
            observer: Observer { access: access.clone(), attention: attention.clone() },
        }
    }
}

/// A flag that makes the running lab return to its caller after the current event.
#[derive(Clone, Debug, Default)]
pub struct Attention {
    raised: Rc<Cell<bool>>,
    bell: Bell,
}

impl Attention {
    pub(super) fn new(bell: Bell) -> Attention {
        Attention { raised: Rc::default(), bell }
    }

    /// Raises the flag.
    pub fn raise(&self) {
        self.raised.set(true);
        self.bell.ring();
    }

    /// Lowers the flag and tells whether it was raised.
    pub(crate) fn take(&self) -> bool {
        self.raised.take()
    }
}

/// What a probe may do: look at the lab's own time, write into the trace, ask for attention.
#[derive(Clone)]
pub struct Observer {
    access: Access,
    attention: Attention,
}

impl Observer {
    /// The lab's time, whatever the node's clocks show.
    pub fn now(&self) -> Time {
        Time(self.access.world.core().now)
    }

    /// The node.
    pub fn node(&self) -> NodeIndex {
        self.access.node
    }

    /// Whether this incarnation still lives. A dead one's actors are dropped, and then their hooks run.
    pub fn is_live(&self) -> bool {
        self.access.world.core().node(self.access.node).epoch == self.access.epoch
    }

    /// Adds `note` to the trace, unless this incarnation is dead.
    pub fn note(&self, note: &[u8]) {
        if let Some(mut core) = self.access.enter() {
            core.record(Kind::Note, self.access.node, self.access.node, 0, note);
        }
    }

    /// The flag that stops the running lab after the current event.
    pub fn attention(&self) -> &Attention {
        &self.attention
    }
}

/// What every wall clock shows when the lab starts: 2030-01-01T00:00:00Z, in nanoseconds since 1970.
pub const WALL_AT_START: u64 = 1_893_456_000_000_000_000;

struct LabClock(Access);

impl LabClock {
    fn read(&self, read: impl Fn(&BentClock, u64) -> u64, wall: bool) -> u64 {
        let mut core = self.0.look();
        let now = core.now;
        let node = core.node(self.0.node);
        node.touched.drifted += u64::from(node.clock.drifts());
        node.touched.skewed += u64::from(wall && node.clock.is_skewed());
        read(&node.clock, now)
    }
}

impl Clock for LabClock {
    fn now(&self) -> Time {
        Time(self.read(BentClock::now, false))
    }

    fn wall(&self) -> WallTime {
        WallTime(self.read(|clock, now| clock.wall(now, WALL_AT_START), true))
    }

    fn alarm(&self, ring: Box<dyn Fn()>) -> Box<dyn Alarm> {
        let mut slot = 0;
        if let Some(mut core) = self.0.enter() {
            let node = core.node(self.0.node);
            let alarm = AlarmSlot { ring: ring.into(), due: None, queued: u64::MAX, ticket: 0 };
            slot = node.free_alarms.pop().unwrap_or_else(|| {
                node.alarms.push(None);
                (node.alarms.len() - 1) as u32
            });
            node.alarms[slot as usize] = Some(alarm);
        }
        Box::new(LabAlarm { access: self.0.clone(), slot })
    }
}

struct LabAlarm {
    access: Access,
    slot: u32,
}

impl Alarm for LabAlarm {
    fn set(&self, at: Option<Time>) {
        let Some(mut core) = self.access.enter() else { return };
        if let Some(alarm) = core.alarm(self.access.node, self.slot) {
            alarm.due = at;
        }
        core.queue_alarm(self.access.node, self.slot);
    }
}

impl Drop for LabAlarm {
    fn drop(&mut self) {
        let mut core = self.access.world.core();
        let node = core.node(self.access.node);
        if node.epoch == self.access.epoch {
            let alarm = node.alarms[self.slot as usize].take();
            node.free_alarms.push(self.slot);
            drop(core);
            drop(alarm);
        }
    }
}

impl Core {
    pub(super) fn alarm(&mut self, node: NodeIndex, slot: u32) -> Option<&mut AlarmSlot> {
        self.node(node).alarms.get_mut(slot as usize)?.as_mut()
    }

    /// Makes sure that an event is queued no later than the alarm is due. An event that comes too early queues the
    /// next one, so that an alarm that is put off again and again costs no event each time.
    pub(super) fn queue_alarm(&mut self, node: NodeIndex, slot: u32) {
        let now = self.now;
        let state = self.node(node);
        let Some(alarm) = state.alarms.get_mut(slot as usize).and_then(Option::as_mut) else { return };
        let Some(due) = alarm.due else { return };
        let at = state.clock.true_time(due.0).max(now);
        if at >= alarm.queued {
            return;
        }
        alarm.queued = at;
        state.last_ticket = state.last_ticket.wrapping_add(1);
        alarm.ticket = state.last_ticket;
        let (epoch, ticket) = (state.epoch, alarm.ticket);
        self.push(at, Event::Alarm { node, epoch, slot, ticket });
    }

    /// An alarm's event came. Gives what to call, if it is due.
    pub(super) fn alarm_due(&mut self, node: NodeIndex, slot: u32, ticket: u32) -> Option<Rc<dyn Fn()>> {
        let now = self.now;
        let state = self.node(node);
        let alarm = state.alarms.get_mut(slot as usize)?.as_mut().filter(|alarm| alarm.ticket == ticket)?;
        alarm.queued = u64::MAX;
        let due = alarm.due?;
        if state.clock.now(now) < due.0 {
            self.queue_alarm(node, slot);
            return None;
        }
        alarm.due = None;
        let ring = alarm.ring.clone();
        state.touched.drifted += u64::from(state.clock.drifts());
        self.record(Kind::AlarmRang, node, node, due.0, &[]);
        Some(ring)
    }
}

/// ChaCha8 seeded by BLAKE3 of the run's seed and the stream's full name.
pub(crate) struct SeededEntropy {
    pub(crate) seed: u64,
    pub(crate) node: NodeIndex,
    /// Counts from 1.
    pub(crate) incarnation: u32,
}

impl Entropy for SeededEntropy {
    fn stream(&self, actor: &str, purpose: &str) -> ChaCha8Rng {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"lab entropy");
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&self.node.to_le_bytes());
        hasher.update(&self.incarnation.to_le_bytes());
        hasher.update(&(actor.len() as u64).to_le_bytes());
        hasher.update(actor.as_bytes());
        hasher.update(purpose.as_bytes());
        ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
    }
}

struct LabCompute(Access);

impl Compute for LabCompute {
    fn run(&self, cost: Duration, then: Box<dyn FnOnce()>) {
        let Some(mut core) = self.0.enter() else { return };
        let (node, epoch) = (self.0.node, self.0.epoch);
        let now = core.now;
        let state = core.node(node);
        let factor = state.cpu_factor;
        state.touched.slowed += u64::from(factor > 1.0);
        let cost = (nanos(cost) as f64 * factor) as u64;
        state.compute_free_at = state.compute_free_at.max(now).saturating_add(cost);
        let at = state.compute_free_at;
        core.push(at, Event::Compute { node, epoch, then });
    }

    fn verify_cost(&self) -> Duration {
        self.0.world.core().verify_cost
    }
}

/// Access for a new incarnation.
pub(super) fn access(world: &Rc<World>, node: NodeIndex) -> Access {
    let epoch = world.core().node(node).epoch;
    Access { world: world.clone(), node, epoch }
}
