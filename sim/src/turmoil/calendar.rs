//! What one incarnation of a node waits for: alarms, and the ends of disk operations and computations. A task on the
//! node's host sleeps, by tokio's timer, until the next of them is due.

use super::state::Access;
use crate::lab::trace::Kind;
use bitcraps_adversary::machine::BentClock;
use bitcraps_types::Time;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// A place in the calendar: the world's time, and the order of entry.
type Place = (u64, u64);

enum Entry {
    Once(Box<dyn FnOnce()>),
    Alarm(u32),
}

struct AlarmState {
    ring: Rc<dyn Fn()>,
    /// On the node's clock.
    due: Option<Time>,
    place: Option<Place>,
}

#[derive(Default)]
struct Inner {
    entries: BTreeMap<Place, Entry>,
    entered: u64,
    alarms: BTreeMap<u32, AlarmState>,
    next_alarm: u32,
}

/// See the module.
#[derive(Default)]
pub(super) struct Calendar {
    inner: RefCell<Inner>,
    /// The first entry may be another.
    changed: Notify,
}

/// Something that is due.
enum Call {
    Once(Box<dyn FnOnce()>),
    /// An alarm that was due at this time on the node's clock.
    Ring(Rc<dyn Fn()>, Time),
}

impl Inner {
    fn enter(&mut self, at: u64, entry: Entry) -> Place {
        self.entered += 1;
        let place = (at, self.entered);
        self.entries.insert(place, entry);
        place
    }

    /// Puts an alarm where it belongs, by the node's clock.
    fn place(&mut self, alarm: u32, clock: &BentClock, now: u64) {
        let Some(state) = self.alarms.get_mut(&alarm) else { return };
        if let Some(before) = state.place.take() {
            self.entries.remove(&before);
        }
        if let Some(due) = state.due {
            let at = clock.true_time(due.0).max(now);
            let place = self.enter(at, Entry::Alarm(alarm));
            self.alarms.entry(alarm).and_modify(|state| state.place = Some(place));
        }
    }

    fn take_due(&mut self, now: u64) -> Option<Call> {
        let first = self.entries.first_entry().filter(|entry| entry.key().0 <= now)?;
        match first.remove() {
            Entry::Once(call) => Some(Call::Once(call)),
            Entry::Alarm(alarm) => {
                let state = self.alarms.get_mut(&alarm).expect("an alarm that is dropped leaves its place");
                state.place = None;
                Some(Call::Ring(state.ring.clone(), state.due.take().unwrap_or_default()))
            }
        }
    }
}

impl Calendar {
    /// Calls `call` at this time of the world, or in the first tick after it.
    pub(super) fn once(&self, at: u64, call: Box<dyn FnOnce()>) {
        self.inner.borrow_mut().enter(at, Entry::Once(call));
        self.changed.notify_one();
    }

    /// A new alarm.
    pub(super) fn alarm(&self, ring: Box<dyn Fn()>) -> u32 {
        let mut inner = self.inner.borrow_mut();
        let alarm = inner.next_alarm;
        inner.next_alarm += 1;
        inner.alarms.insert(alarm, AlarmState { ring: ring.into(), due: None, place: None });
        alarm
    }

    /// Sets it to a time of the node's clock.
    pub(super) fn set(&self, alarm: u32, due: Option<Time>, clock: &BentClock, now: u64) {
        let mut inner = self.inner.borrow_mut();
        if let Some(state) = inner.alarms.get_mut(&alarm) {
            state.due = due;
            inner.place(alarm, clock, now);
            self.changed.notify_one();
        }
    }

    /// Ends it.
    pub(super) fn cancel(&self, alarm: u32) {
        let state = {
            let mut inner = self.inner.borrow_mut();
            let state = inner.alarms.remove(&alarm);
            if let Some(place) = state.as_ref().and_then(|state| state.place) {
                inner.entries.remove(&place);
            }
            state
        };
        drop(state);
    }

    /// The node's clock runs at another rate from now on.
    pub(super) fn clock_changed(&self, clock: &BentClock, now: u64) {
        let mut inner = self.inner.borrow_mut();
        let alarms: Vec<u32> = inner.alarms.keys().copied().collect();
        alarms.into_iter().for_each(|alarm| inner.place(alarm, clock, now));
        self.changed.notify_one();
    }

    /// Calls what is due, for as long as the incarnation lives.
    pub(super) async fn run(self: Rc<Calendar>, access: Access) {
        loop {
            let Some(now) = access.enter().map(|state| state.now) else { return };
            while let Some(call) = self.take_due(now) {
                match call {
                    Call::Once(call) => call(),
                    Call::Ring(ring, due) => {
                        if let Some(mut state) = access.enter() {
                            let node = state.node(access.node);
                            node.touched.drifted += u64::from(node.clock.drifts());
                            state.record(Kind::AlarmRang, access.node, access.node, due.0, &[]);
                        }
                        ring();
                    }
                }
            }
            let next = self.inner.borrow().entries.keys().next().map(|place| place.0);
            match next {
                // Either way it is looked at again.
                Some(at) => _ = timeout(Duration::from_nanos(at - now), self.changed.notified()).await,
                None => self.changed.notified().await,
            }
        }
    }

    fn take_due(&self, now: u64) -> Option<Call> {
        self.inner.borrow_mut().take_due(now)
    }
}
