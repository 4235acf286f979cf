//! By how much two samples differ: the estimates of Hodges and Lehmann ("Estimates of location based on rank
//! tests", Annals of Mathematical Statistics 34, 1963), with the intervals that invert the rank tests.
//!
//! There are as many differences as pairs, so they are counted, not listed: the k-th smallest is found by halving
//! the numbers, and each count is one pass over the sorted samples.

use super::Estimate;
use super::ranks::{interval_rank_of_pairs, interval_rank_of_two};

/// How much larger the second of two independent samples is: the median of all differences. `None` if a sample is
/// empty. Samples too small for an interval of 95 % have one without ends.
pub fn unpaired_shift(a: &[f64], b: &[f64]) -> Option<Estimate> {
    let (a, b) = (sorted(a), sorted(b));
    let up_to = |limit: f64| {
        let mut first = 0;
        let at_most = b.iter().map(|above| {
            while first < a.len() && above - a[first] > limit {
                first += 1;
            }
            (a.len() - first) as u64
        });
        at_most.sum::<u64>()
    };
    estimate(a.len() as u64 * b.len() as u64, interval_rank_of_two(a.len(), b.len()), up_to)
}

/// The middle of the differences of pairs: the median of the means of all two of them, each with itself included.
/// The same remarks hold.
pub fn paired_shift(differences: &[f64]) -> Option<Estimate> {
    let sorted = sorted(differences);
    let n = sorted.len();
    let up_to = |limit: f64| {
        let mut end = n;
        let at_most = sorted.iter().enumerate().map(|(first, low)| {
            while end > 0 && 0.5 * (low + sorted[end - 1]) > limit {
                end -= 1;
            }
            end.saturating_sub(first) as u64
        });
        at_most.sum::<u64>()
    };
    estimate(n as u64 * (n as u64 + 1) / 2, interval_rank_of_pairs(n), up_to)
}

/// The median of `count` numbers, of which `up_to` tells how many are at most a limit, and the interval from the
/// `begin`-th smallest to the `begin`-th largest.
fn estimate(count: u64, begin: u64, up_to: impl Fn(f64) -> u64) -> Option<Estimate> {
    if count == 0 {
        return None;
    }
    let smallest = |rank: u64| nth_smallest(rank, &up_to);
    let value = 0.5 * (smallest(count.div_ceil(2)) + smallest(count / 2 + 1));
    Some(match begin {
        0 => Estimate { value, lo: f64::NEG_INFINITY, hi: f64::INFINITY },
        _ => Estimate { value, lo: smallest(begin), hi: smallest(count + 1 - begin) },
    })
}

/// The least number that at least `rank` do not exceed: exactly one of them.
fn nth_smallest(rank: u64, up_to: &impl Fn(f64) -> u64) -> f64 {
    let (mut lo, mut hi) = (order_of(f64::MIN), order_of(f64::MAX));
    while lo < hi {
        let middle = lo + (hi - lo) / 2;
        if up_to(number_at(middle)) >= rank {
            hi = middle;
        } else {
            lo = middle + 1;
        }
    }
    number_at(lo)
}

/// The place of a number among all numbers.
fn order_of(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn number_at(order: u64) -> f64 {
    f64::from_bits(if order >> 63 == 1 { order & !(1 << 63) } else { !order })
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{mann_whitney, near, signed_rank};

    fn check(estimate: Option<Estimate>, (value, lo, hi): (f64, f64, f64)) {
        let estimate = estimate.expect("there is one");
        near(estimate.value, value, 1e-9);
        near(estimate.lo, lo, 1e-9);
        near(estimate.hi, hi, 1e-9);
    }

    #[test]
    fn the_shift_of_two_samples_is_the_textbook_s() {
        let term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let earlier = [1.15, 0.88, 0.90, 0.74, 1.21];
        check(unpaired_shift(&earlier, &term), (0.305, -0.15, 0.76));
    }

    #[test]
    #[expect(clippy::approx_constant, reason = "a measurement that only looks like π")]
    fn the_shift_of_pairs_is_the_textbook_s() {
        let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        let differences: Vec<f64> = before.iter().zip(after).map(|(before, after)| before - after).collect();
        check(paired_shift(&differences), (0.46, 0.01, 0.786));
    }

    #[test]
    fn counting_finds_what_listing_does() {
        let a: Vec<f64> = (0..37).map(|at| f64::from(at * 61 % 37) / 3.0 - 5.0).collect();
        let b: Vec<f64> = (0..24).map(|at| f64::from(at * 11 % 24) / 2.0 - 1.0).collect();
        let mut all: Vec<f64> = b.iter().flat_map(|b| a.iter().map(move |a| b - a)).collect();
        all.sort_unstable_by(f64::total_cmp);
        assert_eq!(unpaired_shift(&a, &b).unwrap().value, crate::statistics::median(&all).unwrap());
        let mut means: Vec<f64> =
            a.iter().enumerate().flat_map(|(at, x)| a[at..].iter().map(move |y| 0.5 * (x + y))).collect();
        means.sort_unstable_by(f64::total_cmp);
        assert_eq!(paired_shift(&a).unwrap().value, crate::statistics::median(&means).unwrap());
    }

    #[test]
    fn the_interval_excludes_zero_exactly_when_the_test_finds_a_difference() {
        for shift in 0..40 {
            let a: Vec<f64> = (0..12).map(|at| f64::from(at * 31 % 13) + 0.01 * f64::from(at)).collect();
            let b: Vec<f64> = a.iter().rev().map(|x| x * 1.003 + f64::from(shift) / 4.0).collect();
            let found = mann_whitney(&a, &b).unwrap().p <= 0.05;
            assert_eq!(unpaired_shift(&a, &b).unwrap().excludes(0.0), found, "shift {shift}");
            let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
            let found = signed_rank(&differences).unwrap().p <= 0.05;
            assert_eq!(paired_shift(&differences).unwrap().excludes(0.0), found, "shift {shift}");
        }
    }

    #[test]
    fn samples_too_small_for_an_interval_have_an_endless_one() {
        let estimate = unpaired_shift(&[1.0, 2.0], &[5.0, 6.0]).unwrap();
        assert_eq!((estimate.value, estimate.excludes(0.0)), (4.0, false));
        assert_eq!(unpaired_shift(&[], &[1.0]), None);
        assert_eq!(paired_shift(&[]), None);
    }
}
