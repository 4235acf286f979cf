//! The median of a sample, and the bootstrap's interval for it without resampling.

use super::distributions::binomial_at_least;
use super::{Estimate, TAIL};

/// The median of a sorted sample: its middle, or the mean of its two middle values. `None` of none.
pub fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(0.5 * (sorted[middle - 1] + sorted[middle])),
    }
}

/// The median with its percentile bootstrap interval; `None` of an empty sample.
///
/// The interval is the one that infinitely many resamples would give. A resample's m-th smallest value is at most
/// the sample's k-th smallest if at least m of its n draws are, and that has a binomial distribution: Efron,
/// "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979), section 3. With an even n
/// the lower end is of the lower middle value and the upper end of the upper one, which is never narrower than
/// the interval of their mean.
pub fn median_estimate(mut samples: Vec<f64>) -> Option<Estimate> {
    samples.sort_unstable_by(f64::total_cmp);
    let value = median(&samples)?;
    let n = samples.len() as u64;
    let end = |middle: u64, probability: f64| samples[bootstrap_rank(n, middle, probability) as usize - 1];
    Some(Estimate { value, lo: end(n.div_ceil(2), TAIL), hi: end(n / 2 + 1, 1.0 - TAIL) })
}

/// The least rank k, from one, which the m-th smallest draw of a resample does not exceed with this probability.
fn bootstrap_rank(n: u64, m: u64, probability: f64) -> u64 {
    let (mut lo, mut hi) = (1, n);
    while lo < hi {
        let k = (lo + hi) / 2;
        if binomial_at_least(m, n, k as f64 / n as f64) >= probability {
            hi = k;
        } else {
            lo = k + 1;
        }
    }
    lo
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::percentile_bootstrap;

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[1.0, 2.0, 10.0]), Some(2.0));
        assert_eq!(median(&[1.0, 2.0, 4.0, 10.0]), Some(3.0));
    }

    #[test]
    fn the_interval_is_the_one_that_very_many_resamples_give() {
        for n in [5_usize, 15, 31, 101] {
            let sample: Vec<f64> = (0..n).map(|at| (at * 7919 % n) as f64).collect();
            let exact = median_estimate(sample.clone()).unwrap();
            let (lo, hi) = percentile_bootstrap(n, 20_000, |chosen| {
                let mut drawn: Vec<f64> = chosen.iter().map(|at| sample[*at]).collect();
                drawn.sort_unstable_by(f64::total_cmp);
                median(&drawn)
            })
            .unwrap();
            // Of the whole numbers below n; the resamples' noise may move an end by one.
            assert!(
                (exact.lo - lo).abs() <= 1.0 && (exact.hi - hi).abs() <= 1.0,
                "{n}: {exact:?}, {lo} {hi}"
            );
        }
    }

    #[test]
    fn the_interval_contains_the_median_and_shrinks_with_the_sample() {
        let width = |n: u32| {
            let estimate = median_estimate((0..n).map(|at| f64::from(at) / f64::from(n)).collect()).unwrap();
            assert!(estimate.lo <= estimate.value && estimate.value <= estimate.hi);
            estimate.hi - estimate.lo
        };
        assert!(width(10) > width(100) && width(100) > width(10_000));
        assert_eq!(width(1), 0.0);
    }

    #[test]
    fn a_large_sample_has_the_interval_of_the_normal_approximation() {
        let n = 1_000_000;
        let estimate = median_estimate((0..n).map(f64::from).collect()).unwrap();
        // The rank of the median has the standard deviation √n / 2.
        crate::statistics::near(estimate.hi - estimate.value, 1.96 * 500.0, 5.0);
    }
}
