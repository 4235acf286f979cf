//! Waiting no longer than so long, on whatever clock the world has.

use quinn::{AsyncTimer, Runtime};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// The time was up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TimedOut;

/// A timer that can be used again and again.
pub(crate) struct Timer {
    runtime: Arc<dyn Runtime>,
    inner: Pin<Box<dyn AsyncTimer>>,
}

impl Timer {
    /// Not started: only [`Timer::limit`] starts it.
    pub(crate) fn new(runtime: Arc<dyn Runtime>) -> Timer {
        let inner = runtime.new_timer(runtime.now());
        Timer { runtime, inner }
    }

    /// Runs `work` for at most `time`. Work that is done at the very moment counts as done.
    pub(crate) async fn limit<T>(
        &mut self,
        time: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, TimedOut> {
        let mut work = pin!(work);
        let mut started = false;
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(Ok(done));
            }
            if !started {
                started = true;
                self.inner.as_mut().reset(self.runtime.now() + time);
            }
            self.inner.as_mut().poll(cx).map(|()| Err(TimedOut))
        })
        .await
    }
}
