//! The system's clocks, and alarms on tokio's timers.

use bitcraps_actors::ports::{Alarm, Clock};
use bitcraps_types::{Time, WallTime};
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::timeout_at;

/// The clocks of this machine. Its time begins when it is made. Alarms need a `LocalSet` on a runtime with timers.
#[derive(Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Starts the clock.
    #[expect(clippy::new_without_default, reason = "no two clocks are alike")]
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    pub fn new() -> SystemClock {
        SystemClock { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    fn now(&self) -> Time {
        Time::ZERO + Instant::now().saturating_duration_since(self.start)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    fn wall(&self) -> WallTime {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        WallTime(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    fn alarm(&self, ring: Box<dyn Fn()>) -> Box<dyn Alarm> {
        let shared = Rc::new(Shared {
            at: Cell::new(None),
            sleeps_until: Cell::new(Time::ZERO),
            changed: Notify::new(),
        });
        let task = tokio::task::spawn_local(sleep(*self, shared.clone(), ring));
        Box::new(Timer { shared, task: task.abort_handle() })
    }
}

/// What an alarm and its task share.
struct Shared {
    at: Cell<Option<Time>>,
    /// When the task wakes by itself. An alarm that is put off does not wake it: it looks again then.
    sleeps_until: Cell<Time>,
    changed: Notify,
}

struct Timer {
    shared: Rc<Shared>,
    task: AbortHandle,
}

impl Alarm for Timer {
    fn set(&self, at: Option<Time>) {
        self.shared.at.set(at);
        if at.is_some_and(|at| at < self.shared.sleeps_until.get()) {
            self.shared.changed.notify_one();
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The task of an alarm: sleeps until it is due or set to an earlier time.
async fn sleep(clock: SystemClock, shared: Rc<Shared>, ring: Box<dyn Fn()>) {
    loop {
        match shared.at.get() {
            None => {
                shared.sleeps_until.set(Time::NEVER);
                shared.changed.notified().await;
            }
            Some(at) if at <= clock.now() => {
                shared.at.set(None);
                ring();
            }
            Some(at) => {
                shared.sleeps_until.set(at);
                let until = clock.start + Duration::from_nanos(at.0);
                // Either way it is looked at anew.
                let _ = timeout_at(until.into(), shared.changed.notified()).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use tokio::runtime::Builder;
    use tokio::task::LocalSet;

    /// Runs on a paused clock of tokio's: only the order of events counts, and no real time passes.
    fn on_a_local_set<T>(test: impl AsyncFnOnce() -> T) -> T {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        LocalSet::new().block_on(&runtime, test())
    }

    async fn rung(log: &Rc<RefCell<Vec<Time>>>, count: usize) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        while log.borrow().len() < count {
            assert!(tokio::time::Instant::now() < deadline, "rang {} times", log.borrow().len());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn alarm(clock: &SystemClock) -> (Box<dyn Alarm>, Rc<RefCell<Vec<Time>>>) {
        let log = Rc::new(RefCell::new(Vec::new()));
        let (clock, rings) = (*clock, log.clone());
        (clock.alarm(Box::new(move || rings.borrow_mut().push(clock.now()))), log)
    }

    #[test]
    fn an_alarm_rings_once_and_not_before_its_time() {
        on_a_local_set(async || {
            let clock = SystemClock::new();
            let (alarm, log) = alarm(&clock);
            let at = clock.now() + Duration::from_millis(20);
            alarm.set(Some(at));
            rung(&log, 1).await;
            tokio::time::sleep(Duration::from_millis(30)).await;
            assert_eq!(log.borrow().len(), 1);
            assert!(log.borrow()[0] >= at);
        });
    }

    #[test]
    fn setting_an_alarm_again_replaces_it_and_none_or_a_drop_cancels_it() {
        on_a_local_set(async || {
            let clock = SystemClock::new();
            let (never, cancelled) = alarm(&clock);
            let (gone, dropped) = alarm(&clock);
            let (sooner, log) = alarm(&clock);
            let (later, put_off) = alarm(&clock);
            let soon = clock.now() + Duration::from_millis(15);
            never.set(Some(soon));
            gone.set(Some(soon));
            sooner.set(Some(clock.now() + Duration::from_secs(1000)));
            later.set(Some(soon));
            tokio::task::yield_now().await;
            never.set(None);
            drop(gone);
            sooner.set(Some(soon));
            let late = soon + Duration::from_millis(40);
            later.set(Some(late));
            rung(&log, 1).await;
            rung(&put_off, 1).await;
            assert!(put_off.borrow()[0] >= late);
            assert!(cancelled.borrow().is_empty() && dropped.borrow().is_empty());
        });
    }

    #[test]
    fn an_alarm_in_the_past_rings_at_once_and_may_be_set_from_its_ring() {
        on_a_local_set(async || {
            let clock = SystemClock::new();
            let (alarm, log) = alarm(&clock);
            alarm.set(Some(Time::ZERO));
            rung(&log, 1).await;
            alarm.set(Some(Time::ZERO));
            rung(&log, 2).await;
        });
    }
}
