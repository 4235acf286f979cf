//! A node's clocks as a function of true time: a monotonic one that may drift, a wall clock that may be wrong. Pure.

/// One node's clocks. All times are in nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct BentClock {
    /// Since this true time and node time, the monotonic clock runs at a constant rate.
    since: (u64, u64),
    /// Parts per million faster than true time.
    drift_ppm: i32,
    /// Added to the wall clock while a skew lasts.
    skew: i64,
    /// Added to the wall clock by all jumps so far.
    jumped: i64,
}

const MILLION: i128 = 1_000_000;

impl BentClock {
    /// The monotonic clock at this true time.
    pub fn now(&self, truth: u64) -> u64 {
        let elapsed = truth.saturating_sub(self.since.0);
        if self.drift_ppm == 0 {
            return self.since.1 + elapsed;
        }
        let elapsed = i128::from(elapsed) * (MILLION + i128::from(self.drift_ppm)) / MILLION;
        self.since.1.saturating_add(elapsed as u64)
    }

    /// The wall clock at this true time, if a right one showed `wall` at true time zero. It runs off the same oscillator
    /// as the monotonic clock.
    pub fn wall(&self, truth: u64, wall: u64) -> u64 {
        wall.saturating_add(self.now(truth)).saturating_add_signed(self.skew.saturating_add(self.jumped))
    }

    /// The first true time at which the monotonic clock shows `node` or more; `u64::MAX` for never.
    pub fn true_time(&self, node: u64) -> u64 {
        let ahead = node.saturating_sub(self.since.1);
        if self.drift_ppm == 0 {
            return self.since.0.saturating_add(ahead);
        }
        let rate = MILLION + i128::from(self.drift_ppm);
        if rate == 0 && ahead > 0 {
            return u64::MAX;
        }
        let elapsed = (i128::from(ahead) * MILLION + rate.max(1) - 1) / rate.max(1);
        u64::try_from(elapsed).map_or(u64::MAX, |elapsed| self.since.0.saturating_add(elapsed))
    }

    /// Changes the rate from now on. At least -1,000,000 ppm, at which the clock stands still.
    pub fn drift(&mut self, truth: u64, ppm: i32) {
        self.since = (truth, self.now(truth));
        self.drift_ppm = ppm.max(-1_000_000);
    }

    /// Sets how far the wall clock is off, in nanoseconds.
    pub fn skew(&mut self, offset: i64) {
        self.skew = offset;
    }

    /// Moves the wall clock, in nanoseconds.
    pub fn jump(&mut self, by: i64) {
        self.jumped = self.jumped.saturating_add(by);
    }

    /// Whether the monotonic clock runs at a wrong rate.
    pub fn drifts(&self) -> bool {
        self.drift_ppm != 0
    }

    /// Whether a skew is on the wall clock.
    pub fn is_skewed(&self) -> bool {
        self.skew != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_true_time_is_the_first_at_which_the_clock_shows_the_time_asked_for() {
        for ppm in [-900_000, -200, -1, 0, 1, 333, 100_000] {
            let mut clock = BentClock::default();
            clock.drift(1_000_003, ppm);
            for target in [1_000_003, 1_000_004, 1_234_567, 5_000_000_001] {
                let truth = clock.true_time(target);
                assert!(clock.now(truth) >= target, "{ppm} {target}");
                assert!(truth == 1_000_003 || clock.now(truth - 1) < target, "{ppm} {target}");
            }
        }
    }

    #[test]
    fn a_clock_never_goes_back_when_its_rate_changes() {
        let mut clock = BentClock::default();
        let mut last = 0;
        for (step, ppm) in [(10, 500_000), (20, -1_000_000), (30, 0), (40, -7)] {
            clock.drift(step * 1_000_000, ppm);
            for truth in step * 1_000_000..step * 1_000_000 + 100 {
                assert!(clock.now(truth) >= last);
                last = clock.now(truth);
            }
        }
    }
}
