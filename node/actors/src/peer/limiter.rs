//! How much one peer may send: two token buckets, for frames and for bytes.

use crate::config::PeerLimits;
use bitcraps_types::Time;

/// The buckets of one peer. Both start full and hold [`PeerLimits::burst`] worth of their rate.
#[derive(Clone, Debug)]
pub(crate) struct Limiter {
    frames: Bucket,
    bytes: Bucket,
}

/// Counts in units × nanoseconds, so that refilling is exact at any rate.
#[derive(Clone, Debug)]
struct Bucket {
    rate: u128,
    full: u128,
    level: u128,
    since: Time,
}

impl Limiter {
    pub(crate) fn new(now: Time, limits: &PeerLimits) -> Limiter {
        let bucket = |rate: u64| {
            let full = u128::from(rate) * limits.burst.as_nanos();
            Bucket { rate: u128::from(rate), full, level: full, since: now }
        };
        Limiter { frames: bucket(limits.frames_per_second), bytes: bucket(limits.bytes_per_second) }
    }

    /// Whether a frame of `bytes` may pass now. One that may not takes nothing.
    pub(crate) fn admit(&mut self, now: Time, bytes: usize) -> bool {
        let (frame, bytes) = (cost(1), cost(bytes));
        self.frames.refill(now);
        self.bytes.refill(now);
        let passes = self.frames.level >= frame && self.bytes.level >= bytes;
        if passes {
            self.frames.level -= frame;
            self.bytes.level -= bytes;
        }
        passes
    }
}

impl Bucket {
    fn refill(&mut self, now: Time) {
        let gained = self.rate.saturating_mul(now.since(self.since).as_nanos());
        self.level = self.level.saturating_add(gained).min(self.full);
        self.since = self.since.max(now);
    }
}

fn cost(units: usize) -> u128 {
    units as u128 * 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn limiter() -> Limiter {
        let limits = PeerLimits {
            frames_per_second: 10,
            bytes_per_second: 1000,
            burst: Duration::from_secs(2),
            ..PeerLimits::default()
        };
        Limiter::new(Time::ZERO, &limits)
    }

    fn at(millis: u64) -> Time {
        Time(millis * 1_000_000)
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let mut limiter = limiter();
        assert_eq!((0..100).filter(|_| limiter.admit(at(0), 1)).count(), 20);
        assert!(!limiter.admit(at(99), 1));
        assert!(limiter.admit(at(100), 1));
        assert!(!limiter.admit(at(100), 1));
        let over_ten_seconds = (1..=1000).filter(|i| limiter.admit(at(100 + i * 10), 1)).count();
        assert_eq!(over_ten_seconds, 100);
    }

    #[test]
    fn bytes_are_limited_too_and_a_refused_frame_costs_nothing() {
        let mut limiter = limiter();
        assert!(!limiter.admit(at(0), 2001));
        assert!(limiter.admit(at(0), 2000));
        assert!(!limiter.admit(at(0), 1));
        assert!(limiter.admit(at(500), 500));
    }

    #[test]
    fn a_long_silence_saves_up_no_more_than_one_burst() {
        let mut limiter = limiter();
        assert_eq!((0..100).filter(|_| limiter.admit(Time(u64::MAX), 1)).count(), 20);
    }
}
