//! What many runs say together: estimates with their uncertainty, and whether two samples differ.
//!
//! Each file has one subject and names its source. All confidence intervals are of 95 %, two-sided. The same
//! samples give the same numbers: what resamples does so with a generator of a fixed seed.

mod bootstrap;
mod distributions;
mod median;
mod multiple;
mod power_law;
mod proportion;
mod ranks;
mod shift;

pub use bootstrap::percentile_bootstrap;
pub(crate) use bootstrap::{central, resample};
pub use median::{median, median_estimate};
pub use multiple::{holm, mean_of_estimates};
pub use power_law::{PowerLaw, power_law};
pub use proportion::{fisher_exact, mcnemar_exact, proportion_difference, wilson};
pub use ranks::{Test, cliffs_delta, mann_whitney, signed_rank};
pub use shift::{paired_shift, unpaired_shift};

use serde::Serialize;

/// What is left outside of each end of an interval.
const TAIL: f64 = 0.025;
/// How many standard deviations the normal distribution's central 95 % reach from its middle.
const Z: f64 = 1.959_963_984_540_054;

/// A value and its 95 % confidence interval, in the same unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// The interval's lower end.
    pub lo: f64,
    /// The interval's upper end.
    pub hi: f64,
}

impl Estimate {
    /// The same in another unit, or on another scale: each number mapped by an increasing function.
    pub fn map(self, of: impl Fn(f64) -> f64) -> Estimate {
        Estimate { value: of(self.value), lo: of(self.lo), hi: of(self.hi) }
    }

    /// Whether the interval does not contain the number.
    pub fn excludes(&self, number: f64) -> bool {
        number < self.lo || self.hi < number
    }
}

#[cfg(test)]
pub(crate) fn near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected} ± {tolerance}");
}
