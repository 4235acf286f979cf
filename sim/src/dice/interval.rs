//! In which interval a chance lies, of which so many trials of so many came true.

/// Wilson's score interval (Wilson 1927), at 99.99 % each: of a table with some thirty rows at most 0.3 % have one that
/// is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// The standard normal quantile of 99.995 %.
const Z: f64 = 3.890_591_886_413_095;

impl Interval {
    /// `trials` is not 0.
    pub(crate) fn of(successes: u64, trials: u64) -> Interval {
        let (successes, trials) = (successes as f64, trials as f64);
        let share = successes / trials;
        let weight = Z * Z / trials;
        let middle = (share + weight / 2.0) / (1.0 + weight);
        let half = (Z / (1.0 + weight)) * (share * (1.0 - share) / trials + weight / (4.0 * trials)).sqrt();
        Interval { low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
    }

    pub(crate) fn contains(&self, chance: f64) -> bool {
        (self.low..=self.high).contains(&chance)
    }
}
