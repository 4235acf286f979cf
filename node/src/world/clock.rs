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
