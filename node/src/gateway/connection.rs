//! A client's connection, as the gateway's protocol reads and writes it: one of those that its address may have, and cut
//! when the client takes what it is sent too slowly.
//!
//! The protocol waits for as long as it takes until an answer is written, and an answer may be megabytes long. So whoever
//! asks for such answers and hardly reads would hold memory and a connection for good.

use super::limiter::holder;
use crate::metrics::{Metrics, Rejection};
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// How many bytes a client must take per second, on average, after the first delay.
const SLOWEST: u32 = 64 << 10;

/// How many connections each address has.
pub(super) struct Addresses {
    most: usize,
    taken: Mutex<BTreeMap<IpAddr, usize>>,
}

/// One of the connections of an address.
pub(super) struct Place {
    addresses: Arc<Addresses>,
    holder: IpAddr,
}

impl Addresses {
    /// Each may have so many.
    pub(super) fn new(most: usize) -> Arc<Addresses> {
        Arc::new(Addresses { most, taken: Mutex::default() })
    }

    /// A place for one more connection, if the address may have one.
    pub(super) fn take(self: &Arc<Self>, from: IpAddr) -> Option<Place> {
        let holder = holder(from);
        let mut taken = self.taken();
        let count = taken.entry(holder).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place { addresses: self.clone(), holder })
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.addresses.taken();
        match taken.get_mut(&self.holder) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(&self.holder)),
        }
    }
}

/// See the module.
pub(super) struct Connection<T> {
    stream: T,
    /// How long the client may keep anything waiting; what it takes meanwhile gives it more time.
    stall: Duration,
    /// When the connection is cut; `None` while nothing waits.
    late: Option<Pin<Box<Sleep>>>,
    metrics: Arc<Metrics>,
    _place: Option<Place>,
}

impl<T> Connection<T> {
    pub(super) fn new(
        stream: T,
        stall: Duration,
        metrics: Arc<Metrics>,
        place: Option<Place>,
    ) -> Connection<T> {
        Connection { stream, stall, late: None, metrics, _place: place }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Connection<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        match Pin::new(&mut this.stream).poll_write(cx, bytes) {
            Poll::Pending => {
                let stall = this.stall;
                let late = this.late.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + stall)));
                ready!(late.as_mut().poll(cx));
                this.metrics.http.rejected(Rejection::SlowClient);
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Ready(Ok(written)) => {
                if let Some(late) = &mut this.late {
                    let more = Duration::from_secs(1) * u32::try_from(written).unwrap_or(u32::MAX) / SLOWEST;
                    let until = late.deadline() + more;
                    late.as_mut().reset(until);
                }
                Poll::Ready(Ok(written))
            }
            failed => failed,
        }
    }

    /// The protocol comes here when all that it had was written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.late = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_types::WallTime;
    use std::future::poll_fn;
    use std::net::Ipv4Addr;
    use std::task::Waker;

    #[test]
    fn an_address_has_so_many_connections_and_one_that_ends_makes_room() {
        let addresses = Addresses::new(2);
        let [one, other] = [1, 2].map(|n| IpAddr::V4(Ipv4Addr::new(10, 0, 0, n)));
        let first = addresses.take(one);
        let _second = addresses.take(one).unwrap();
        assert!(addresses.take(one).is_none() && addresses.take(other).is_some());
        drop(first);
        assert!(addresses.take(one).is_some());
        assert_eq!(addresses.taken().len(), 1, "those who left are forgotten");
    }

    /// Takes so many bytes whenever it is asked for the second time.
    struct Slow {
        each_time: usize,
        asked: bool,
    }

    impl AsyncWrite for Slow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.asked = !self.asked;
            if self.asked { Poll::Pending } else { Poll::Ready(Ok(self.each_time.min(bytes.len()))) }
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Writes for a second, and then once more: whether it was cut.
    fn is_cut(each_time: usize, flushes: bool) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let slow = Slow { each_time, asked: false };
            let metrics = Arc::new(Metrics::new("test", WallTime(0)));
            let mut connection = Connection::new(slow, Duration::from_millis(100), metrics, None);
            let mut write = || {
                let mut connection = Pin::new(&mut connection);
                let mut cx = Context::from_waker(Waker::noop());
                for _ in 0..2 {
                    if let Poll::Ready(Err(_)) = connection.as_mut().poll_write(&mut cx, &[0; 100_000]) {
                        return true;
                    }
                }
                flushes && connection.poll_flush(&mut cx).is_pending()
            };
            for _ in 0..20 {
                if poll_fn(|_| Poll::Ready(write())).await {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            false
        })
    }

    #[test]
    fn who_takes_little_of_what_waits_is_cut_and_who_takes_it_all_or_enough_is_not() {
        assert!(is_cut(1, false), "50 bytes per second");
        assert!(!is_cut(10_000, false), "500 kB per second");
        assert!(!is_cut(1, true), "nothing is left waiting");
    }
}
