//! A node's clocks as a function of the world's time: a monotonic one that may drift, a wall clock that may be wrong.

/// What every wall clock shows when the lab starts: 2030-01-01T00:00:00Z, in nanoseconds since 1970.
pub const WALL_AT_START: u64 = 1_893_456_000_000_000_000;

/// One node's clocks. They go on while the node is down.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeClock {
    /// Since this lab time and node time, the monotonic clock runs at a constant rate.
    since: (u64, u64),
    /// Parts per million faster than the lab.
    drift_ppm: i32,
    /// Added to the wall clock while a skew lasts.
    skew: i64,
    /// Added to the wall clock by all jumps so far.
    jumped: i64,
}

const MILLION: i128 = 1_000_000;

impl NodeClock {
    /// The monotonic clock at lab time `lab`.
    pub(crate) fn now(&self, lab: u64) -> u64 {
        let elapsed = lab - self.since.0;
        if self.drift_ppm == 0 {
            return self.since.1 + elapsed;
        }
        let elapsed = i128::from(elapsed) * (MILLION + i128::from(self.drift_ppm)) / MILLION;
        self.since.1.saturating_add(elapsed as u64)
    }

    /// The wall clock at lab time `lab`. It runs off the same oscillator as the monotonic clock.
    pub(crate) fn wall(&self, lab: u64) -> u64 {
        WALL_AT_START
            .saturating_add(self.now(lab))
            .saturating_add_signed(self.skew.saturating_add(self.jumped))
    }

    /// The first lab time at which the monotonic clock shows `node` or more; `u64::MAX` for never.
    pub(crate) fn lab_time(&self, node: u64) -> u64 {
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
    pub(crate) fn drift(&mut self, lab: u64, ppm: i32) {
        self.since = (lab, self.now(lab));
        self.drift_ppm = ppm.max(-1_000_000);
    }

    /// Sets how far the wall clock is off, in nanoseconds.
    pub(crate) fn skew(&mut self, offset: i64) {
        self.skew = offset;
    }

    /// Moves the wall clock, in nanoseconds.
    pub(crate) fn jump(&mut self, by: i64) {
        self.jumped = self.jumped.saturating_add(by);
    }

    /// Whether the monotonic clock runs at a wrong rate.
    pub(crate) fn drifts(&self) -> bool {
        self.drift_ppm != 0
    }

    /// Whether a skew is on the wall clock.
    pub(crate) fn is_skewed(&self) -> bool {
        self.skew != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_time_is_the_first_at_which_the_clock_shows_the_time_asked_for() {
        for ppm in [-900_000, -200, -1, 0, 1, 333, 100_000] {
            let mut clock = NodeClock::default();
            clock.drift(1_000_003, ppm);
            for target in [1_000_003, 1_000_004, 1_234_567, 5_000_000_001] {
                let lab = clock.lab_time(target);
                assert!(clock.now(lab) >= target, "{ppm} {target}");
                assert!(lab == 1_000_003 || clock.now(lab - 1) < target, "{ppm} {target}");
            }
        }
    }

    #[test]
    fn a_clock_never_goes_back_when_its_rate_changes() {
        let mut clock = NodeClock::default();
        let mut last = 0;
        for (step, ppm) in [(10, 500_000), (20, -1_000_000), (30, 0), (40, -7)] {
            clock.drift(step * 1_000_000, ppm);
            for lab in step * 1_000_000..step * 1_000_000 + 100 {
                assert!(clock.now(lab) >= last);
                last = clock.now(lab);
            }
        }
    }
}
