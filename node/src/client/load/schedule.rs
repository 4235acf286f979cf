//! When what is due: an open load, whose times are the clock's and not the answers'. One schedule for each connection.

use super::{now, pause};
use std::time::{Duration, Instant};

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    pub(super) begin: Instant,
    pub(super) end: Instant,
    /// The first of this connection is the load's with this number, the next one is `step` after it, and so on.
    pub(super) first: u64,
    pub(super) step: u64,
    /// So many per second in the whole load.
    pub(super) rate: u32,
    /// What becomes due within this time is handed in at once.
    pub(super) gather: Duration,
}

impl Schedule {
    /// When this connection's `number`th is due, from 0.
    pub(super) fn due(&self, number: u64) -> Instant {
        let number = self.first + number * self.step;
        self.begin + Duration::from_nanos(number.saturating_mul(1_000_000_000) / u64::from(self.rate))
    }

    /// Waits for the `next`th and those that can be handed in with it, at most so many: when each was due. `None` when
    /// the last was due before.
    pub(super) fn wait(&self, next: u64, most: usize) -> Option<Vec<Instant>> {
        let due = self.due(next);
        if due >= self.end {
            return None;
        }
        pause((due + self.gather).saturating_duration_since(now()));
        Some(self.due_by(now(), next, most))
    }

    fn due_by(&self, by: Instant, next: u64, most: usize) -> Vec<Instant> {
        let due = (next..).map(|number| self.due(number));
        due.take_while(|due| *due <= by && *due < self.end).take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_share_the_rate_by_turns_and_none_is_due_twice() {
        let begin = now();
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let schedule =
            |first| Schedule { begin, end: at(1000), first, step: 2, rate: 100, gather: Duration::ZERO };
        assert_eq!(schedule(0).due_by(at(60), 0, 9), [at(0), at(20), at(40), at(60)]);
        assert_eq!(schedule(1).due_by(at(60), 0, 9), [at(10), at(30), at(50)]);
        assert_eq!(schedule(1).due_by(at(60), 1, 1), [at(30)]);
        assert_eq!(
            schedule(0).due_by(at(2000), 49, 9),
            [at(980)],
            "the next is due at the end, which is over"
        );
        assert_eq!(schedule(0).wait(50, 9), None);
    }
}
