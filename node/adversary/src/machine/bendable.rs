//! A clock that can be bent while a node runs by it: the Clock port before the machine's own.
//!
//! What the node's actors see is bent: now, the wall clock, when alarms ring. What does not ask this port is not: QUIC's
//! timers inside the links, and the times in the event log.

use super::BentClock;
use bitcraps_actors::ports::{Alarm, Clock};
use bitcraps_types::{Time, WallTime};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// See the module. Clones are the same clock.
#[derive(Clone)]
pub struct BendableClock {
    truth: Rc<dyn Clock>,
    state: Rc<State>,
}

#[derive(Default)]
struct State {
    bent: RefCell<BentClock>,
    alarms: RefCell<Vec<Weak<Pending>>>,
    skewed: Cell<u64>,
    drifted: Cell<u64>,
}

/// An alarm: the true one, and what its owner asked of it.
struct Pending {
    inner: Box<dyn Alarm>,
    at: Rc<Cell<Option<Time>>>,
}

impl BendableClock {
    /// Straight at first.
    pub fn new(truth: Rc<dyn Clock>) -> BendableClock {
        BendableClock { truth, state: Rc::default() }
    }

    /// Sets how far the wall clock is off, in nanoseconds.
    pub fn skew(&self, offset: i64) {
        self.state.bent.borrow_mut().skew(offset);
    }

    /// Moves the wall clock once, in nanoseconds.
    pub fn jump(&self, by: i64) {
        self.state.bent.borrow_mut().jump(by);
    }

    /// Makes the clocks run `ppm` parts per million fast from now on; alarms ring accordingly.
    pub fn drift(&self, ppm: i32) {
        self.state.bent.borrow_mut().drift(self.truth.now().0, ppm);
        let mut alarms = self.state.alarms.borrow_mut();
        alarms.retain(|alarm| alarm.strong_count() > 0);
        let alive: Vec<_> = alarms.iter().filter_map(Weak::upgrade).collect();
        drop(alarms);
        alive.iter().for_each(|alarm| alarm.set_inner(&self.state));
    }

    /// How often the wall clock was read while it was skewed.
    pub fn skewed(&self) -> u64 {
        self.state.skewed.get()
    }

    /// How often a clock was read or an alarm rang while they drifted.
    pub fn drifted(&self) -> u64 {
        self.state.drifted.get()
    }
}

impl State {
    fn note_drift(&self) {
        self.drifted.set(self.drifted.get() + u64::from(self.bent.borrow().drifts()));
    }
}

impl Pending {
    fn set_inner(&self, state: &State) {
        let bent = state.bent.borrow();
        self.inner.set(self.at.get().map(|at| Time(bent.true_time(at.0))));
    }
}

impl Clock for BendableClock {
    fn now(&self) -> Time {
        self.state.note_drift();
        Time(self.state.bent.borrow().now(self.truth.now().0))
    }

    fn wall(&self) -> WallTime {
        self.state.note_drift();
        let bent = self.state.bent.borrow();
        self.state.skewed.set(self.state.skewed.get() + u64::from(bent.is_skewed()));
        let now = self.truth.now().0;
        WallTime(bent.wall(now, self.truth.wall().0.saturating_sub(now)))
    }

    fn alarm(&self, ring: Box<dyn Fn()>) -> Box<dyn Alarm> {
        let at = Rc::new(Cell::new(None));
        let (asked, state) = (at.clone(), self.state.clone());
        let inner = self.truth.alarm(Box::new(move || {
            asked.set(None);
            state.note_drift();
            ring();
        }));
        let pending = Rc::new(Pending { inner, at });
        let mut alarms = self.state.alarms.borrow_mut();
        alarms.retain(|alarm| alarm.strong_count() > 0);
        alarms.push(Rc::downgrade(&pending));
        Box::new(BendableAlarm { pending, state: self.state.clone() })
    }
}

struct BendableAlarm {
    pending: Rc<Pending>,
    state: Rc<State>,
}

impl Alarm for BendableAlarm {
    fn set(&self, at: Option<Time>) {
        self.pending.at.set(at);
        self.pending.set_inner(&self.state);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::TestClock;
    use super::*;

    fn bendable() -> (TestClock, BendableClock) {
        let truth = TestClock::at(1_000);
        (truth.clone(), BendableClock::new(Rc::new(truth)))
    }

    #[test]
    fn a_straight_clock_shows_the_truth_and_counts_nothing() {
        let (truth, clock) = bendable();
        truth.go_on(50);
        assert_eq!((clock.now(), clock.wall()), (truth.now(), truth.wall()));
        assert_eq!((clock.skewed(), clock.drifted()), (0, 0));
    }

    #[test]
    fn a_skew_ends_a_jump_stays_and_both_leave_the_monotonic_clock_alone() {
        let (truth, clock) = bendable();
        clock.skew(300);
        assert_eq!(clock.wall().0, truth.wall().0 + 300);
        clock.jump(-100);
        assert_eq!(clock.wall().0, truth.wall().0 + 200);
        clock.skew(0);
        assert_eq!(clock.wall().0, truth.wall().0 - 100);
        assert_eq!((clock.now(), clock.skewed()), (truth.now(), 2));
    }

    #[test]
    fn an_alarm_that_was_set_before_the_clock_ran_fast_rings_early_and_one_that_is_put_off_does_not() {
        let (truth, clock) = bendable();
        let rung = Rc::new(RefCell::new(Vec::new()));
        let alarm = |name: &'static str| {
            let rung = rung.clone();
            clock.alarm(Box::new(move || rung.borrow_mut().push(name)))
        };
        let (before, after, never) = (alarm("before"), alarm("after"), alarm("never"));
        before.set(Some(Time(3_000)));
        never.set(Some(Time(3_000)));
        clock.drift(1_000_000);
        after.set(Some(Time(3_002)));
        never.set(None);
        truth.go_on(999);
        assert!(rung.borrow().is_empty());
        truth.go_on(1);
        assert_eq!((rung.borrow().clone(), clock.now()), (vec!["before"], Time(3_000)));
        truth.go_on(1);
        assert_eq!(*rung.borrow(), ["before", "after"]);
        assert!(clock.drifted() >= 2);
        clock.drift(0);
        truth.go_on(5_000);
        assert_eq!(rung.borrow().len(), 2, "each alarm rings once");
    }
}
