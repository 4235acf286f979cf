//! When somebody comes to act: the arrival processes.

use crate::scenario::{Arrivals, Workload};
use bitcraps_types::Time;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

/// An arrival process over all players.
pub(super) struct Process {
    kind: Arrivals,
    per_second: f64,
    until: Option<Time>,
}

impl Process {
    pub(super) fn new(workload: &Workload) -> Process {
        Process {
            kind: workload.arrivals,
            per_second: workload.bets.per_second(),
            until: workload.until.map(|until| Time(until.nanos())),
        }
    }

    /// Whether each player acts on its own, and how long it thinks on average.
    pub(super) fn think(&self) -> Option<Duration> {
        match self.kind {
            Arrivals::Closed { think } => Some(think.duration()),
            _ => None,
        }
    }

    /// Whether nobody acts at this time any more.
    pub(super) fn is_over(&self, at: Time) -> bool {
        self.until.is_some_and(|until| at > until)
    }

    /// The next arrival after `now`; none in a closed loop, and none after the end.
    pub(super) fn next_after(&self, now: Time, rng: &mut ChaCha8Rng) -> Option<Time> {
        if self.per_second <= 0.0 {
            return None;
        }
        let mean = Duration::from_secs_f64(1.0 / self.per_second);
        let next = match self.kind {
            Arrivals::Closed { .. } => return None,
            Arrivals::Poisson => now + exponential(mean, rng),
            Arrivals::Fixed => now + mean.max(Duration::from_nanos(1)),
            Arrivals::Bursts { on, off } => in_bursts(now, exponential(mean, rng), on.nanos(), off.nanos()),
        };
        Some(next).filter(|next| !self.is_over(*next))
    }
}

/// A wait with this mean, of a process without memory.
pub(super) fn exponential(mean: Duration, rng: &mut ChaCha8Rng) -> Duration {
    let uniform: f64 = rng.random_range(f64::EPSILON..1.0);
    Duration::from_secs_f64(-uniform.ln() * mean.as_secs_f64())
}

/// The time that lies `wait` after `now` on a clock that runs only while the process is on: `on` long, then not for `off`.
fn in_bursts(now: Time, wait: Duration, on: u64, off: u64) -> Time {
    let period = on.saturating_add(off);
    let ran = (now.0 / period).saturating_mul(on).saturating_add((now.0 % period).min(on));
    let target = ran.saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX));
    Time((target / on).saturating_mul(period).saturating_add(target % on))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse;
    use rand_chacha::rand_core::SeedableRng;

    const SECOND: u64 = 1_000_000_000;

    /// The arrivals of ten minutes.
    fn arrivals(work: &str) -> Vec<u64> {
        let text = format!(
            "version: 1\nname: t\nclaim: c\nduration: 600 s\nvalidators: {{ count: 4 }}\nworkload: {{ {work} }}\n"
        );
        let workload = parse("(test)", &text).unwrap().scenario.workload;
        let (process, mut rng) = (Process::new(&workload), ChaCha8Rng::seed_from_u64(7));
        let next = std::iter::successors(Some(Time::ZERO), |now| process.next_after(*now, &mut rng));
        next.skip(1).map(|at| at.0).take_while(|at| *at < 600 * SECOND).collect()
    }

    /// How far the gaps scatter, by their mean: 1 for a Poisson process, 0 for a clock.
    fn scatter(arrivals: &[u64]) -> f64 {
        let gaps: Vec<f64> = arrivals.windows(2).map(|two| (two[1] - two[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let square = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        square.sqrt() / mean
    }

    #[test]
    fn each_process_has_the_rate_that_is_asked_for_and_gaps_of_its_own() {
        let poisson = arrivals("bets: 20/s");
        assert!((11_600..12_400).contains(&poisson.len()), "{}", poisson.len());
        assert!((0.95..1.05).contains(&scatter(&poisson)), "{}", scatter(&poisson));
        let fixed = arrivals("bets: 20/s, arrivals: fixed");
        assert_eq!((fixed.len(), scatter(&fixed)), (11_999, 0.0));
        assert!(arrivals("arrivals: { closed: { think: 1 s } }").is_empty());
        assert!(arrivals("bets: 0/s").is_empty());
    }

    #[test]
    fn in_bursts_all_come_while_it_is_on_and_at_the_rate_that_is_asked_for() {
        let bursts = arrivals("bets: 40/s, arrivals: { bursts: { on: 2 s, off: 3 s } }");
        assert!(bursts.iter().all(|at| at % (5 * SECOND) < 2 * SECOND));
        assert!((9_200..10_000).contains(&bursts.len()), "{}", bursts.len());
        let late = |at: &&u64| **at % (5 * SECOND) >= SECOND;
        let share = bursts.iter().filter(late).count() as f64 / bursts.len() as f64;
        assert!((0.47..0.53).contains(&share), "the second half of the bursts has {share} of all");
    }

    #[test]
    fn nobody_acts_after_the_end() {
        let last = *arrivals("bets: 20/s, until: 100 s").last().unwrap();
        assert!((99 * SECOND..=100 * SECOND).contains(&last), "{last}");
    }
}
