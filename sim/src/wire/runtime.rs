//! quinn's idea of a runtime, over the Clock port of a node and its `LocalSet`.
//!
//! What quinn holds must be `Send`, and a simulated world is of one thread: a [`SendWrapper`] satisfies the first and checks the
//! second.

use bitcraps_actors::ports::{Alarm, Clock};
use bitcraps_types::Time;
use quinn::{AsyncTimer, AsyncUdpSocket, Runtime, TimeSource};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use send_wrapper::SendWrapper;
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time zero of every world as an `Instant`, which can't be made from nothing. Which instant that is decides nothing: only
/// differences are looked at.
#[expect(clippy::disallowed_methods, reason = "an instant can't be made otherwise; only differences count")]
static BASE: LazyLock<Instant> = LazyLock::new(Instant::now);

fn instant(time: Time) -> Instant {
    *BASE + Duration::from_nanos(time.0)
}

/// Never early: quinn takes a timer that rings for due.
fn time(instant: Instant) -> Time {
    let nanos = instant.saturating_duration_since(*BASE).as_nanos();
    Time(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// The monotonic clock of a node, its alarms, and its tasks.
pub(super) struct PortRuntime {
    clock: SendWrapper<Rc<dyn Clock>>,
}

impl PortRuntime {
    pub(super) fn new(clock: Rc<dyn Clock>) -> PortRuntime {
        PortRuntime { clock: SendWrapper::new(clock) }
    }
}

impl Runtime for PortRuntime {
    fn new_timer(&self, at: Instant) -> Pin<Box<dyn AsyncTimer>> {
        Box::pin(PortTimer::new((*self.clock).clone(), time(at)))
    }

    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        tokio::task::spawn_local(task);
    }

    fn wrap_udp_socket(&self, _: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn now(&self) -> Instant {
        instant(self.clock.now())
    }
}

impl fmt::Debug for PortRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PortRuntime")
    }
}

/// A timer that is an alarm of the node.
struct PortTimer {
    inner: SendWrapper<TimerParts>,
}

struct TimerParts {
    clock: Rc<dyn Clock>,
    /// Made when first waited for: most timers never are.
    alarm: Option<Box<dyn Alarm>>,
    /// Woken when the alarm rings.
    waiting: Rc<RefCell<Option<Waker>>>,
    due: Time,
    /// What the alarm is set to.
    set: Option<Time>,
}

impl PortTimer {
    fn new(clock: Rc<dyn Clock>, due: Time) -> PortTimer {
        let parts = TimerParts { clock, alarm: None, waiting: Rc::default(), due, set: None };
        PortTimer { inner: SendWrapper::new(parts) }
    }
}

impl AsyncTimer for PortTimer {
    /// The alarm follows when the timer is polled next, which is what quinn does next.
    fn reset(mut self: Pin<&mut Self>, at: Instant) {
        self.inner.due = time(at);
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let parts = &mut *self.inner;
        if parts.clock.now() >= parts.due {
            return Poll::Ready(());
        }
        let before = parts.waiting.borrow_mut().replace(cx.waker().clone());
        drop(before);
        if parts.set != Some(parts.due) {
            let alarm = parts.alarm.get_or_insert_with(|| {
                let waiting = parts.waiting.clone();
                parts.clock.alarm(Box::new(move || {
                    let waiting = waiting.borrow_mut().take();
                    waiting.into_iter().for_each(Waker::wake);
                }))
            });
            alarm.set(Some(parts.due));
            parts.set = Some(parts.due);
        }
        Poll::Pending
    }
}

impl fmt::Debug for PortTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PortTimer")
    }
}

/// The wall clock of a node, for TLS and for the dates of retry tokens.
pub(super) struct NodeTime(SendWrapper<Rc<dyn Clock>>);

impl NodeTime {
    pub(super) fn new(clock: Rc<dyn Clock>) -> NodeTime {
        NodeTime(SendWrapper::new(clock))
    }

    fn since_1970(&self) -> Duration {
        Duration::from_nanos(self.0.wall().0)
    }
}

impl TimeProvider for NodeTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(self.since_1970()))
    }
}

impl TimeSource for NodeTime {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + self.since_1970()
    }
}

impl fmt::Debug for NodeTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeTime")
    }
}
