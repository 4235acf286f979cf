//! When to dial a peer again: exponential backoff with jitter. Pure.

use bitcraps_types::Time;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

/// The attempts to reach one peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dialer {
    failures: u32,
}

impl Dialer {
    /// The wait after the first failure, before jitter.
    const FIRST: Duration = Duration::from_millis(200);
    /// No wait is longer, before jitter.
    const LONGEST: Duration = Duration::from_secs(2);

    /// The peer was reached and proved itself: the next failure is the first again.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// When to try again after a failure now: the wait doubles each time, times 0.5 to 1.5.
    pub(crate) fn failed(&mut self, now: Time, jitter: &mut ChaCha8Rng) -> Time {
        let wait = Self::FIRST.saturating_mul(1 << self.failures.min(16)).min(Self::LONGEST);
        self.failures += 1;
        let thousandths: u32 = jitter.random_range(500..1500);
        now + wait * thousandths / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn waits_double_up_to_a_limit_and_start_anew_after_a_success() {
        let mut jitter = ChaCha8Rng::seed_from_u64(1);
        let mut dialer = Dialer::default();
        let mut wait =
            |dialer: &mut Dialer| dialer.failed(Time::ZERO, &mut jitter).since(Time::ZERO).as_millis();
        for expected in [200, 400, 800, 1600, 2000, 2000, 2000] {
            let wait = wait(&mut dialer);
            assert!((expected / 2..expected * 3 / 2).contains(&wait), "{wait} where {expected} was due");
        }
        dialer.succeeded();
        assert!(wait(&mut dialer) < 300);
    }
}
