//! Shares: their intervals, and whether two of them differ.

use super::distributions::{binomial_at_least, ln_choose};
use super::{Estimate, Z};

/// The share of `hits` in `trials` with Wilson's score interval ("Probable inference, the law of succession, and
/// statistical inference", JASA 22, 1927): it stays within 0 and 1 and is not empty when no trial hit. `None`
/// without a trial.
pub fn wilson(hits: u64, trials: u64) -> Option<Estimate> {
    if trials == 0 {
        return None;
    }
    let (n, value) = (trials as f64, hits as f64 / trials as f64);
    let middle = (value + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let reach = Z / (1.0 + Z * Z / n) * (value * (1.0 - value) / n + Z * Z / (4.0 * n * n)).sqrt();
    Some(Estimate { value, lo: (middle - reach).clamp(0.0, value), hi: (middle + reach).clamp(value, 1.0) })
}

/// How much larger the second of two independent shares is, each as (hits, trials), with the interval that
/// follows from their Wilson intervals (Newcombe, "Interval estimation for the difference between independent
/// proportions", Statistics in Medicine 17, 1998, method 10). `None` without a trial on either side.
pub fn proportion_difference(a: (u64, u64), b: (u64, u64)) -> Option<Estimate> {
    let (a, b) = (wilson(a.0, a.1)?, wilson(b.0, b.1)?);
    let value = b.value - a.value;
    let below = (b.value - b.lo).hypot(a.hi - a.value);
    let above = (b.hi - b.value).hypot(a.value - a.lo);
    Some(Estimate { value, lo: value - below, hi: value + above })
}

/// The probability of two shares that differ as much if there were no difference: Fisher's exact test, two-sided,
/// the sum over all tables that are no likelier ("The Design of Experiments", 1935).
pub fn fisher_exact(a: (u64, u64), b: (u64, u64)) -> f64 {
    let (hits, trials) = (a.0 + b.0, a.1 + b.1);
    let ln_probability =
        |in_a: u64| ln_choose(a.1, in_a) + ln_choose(b.1, hits - in_a) - ln_choose(trials, hits);
    let seen = ln_probability(a.0);
    let tables = hits.saturating_sub(b.1)..=hits.min(a.1);
    // Tables that are equally likely may differ in the last digits.
    let no_likelier = tables.map(ln_probability).filter(|ln| *ln <= seen + 1e-7);
    no_likelier.map(f64::exp).sum::<f64>().min(1.0)
}

/// The same for pairs: `appeared` of them hit on the second side only, `vanished` on the first only (McNemar's
/// test, exact: Psychometrika 12, 1947).
pub fn mcnemar_exact(appeared: u64, vanished: u64) -> f64 {
    let (trials, most) = (appeared + vanished, appeared.max(vanished));
    (2.0 * binomial_at_least(most, trials, 0.5)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::near;

    #[test]
    fn wilson_s_intervals_are_those_that_newcombe_tabulated() {
        // Statistics in Medicine 17, 857–872 (1998), table I, method 3.
        for (hits, trials, lo, hi) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let estimate = wilson(hits, trials).unwrap();
            near(estimate.lo, lo, 0.000_05);
            near(estimate.hi, hi, 0.000_05);
        }
        assert_eq!(wilson(0, 0), None);
        assert_eq!(wilson(7, 7).unwrap().hi, 1.0);
    }

    #[test]
    fn the_interval_of_a_difference_is_newcombe_s() {
        // Statistics in Medicine 17, 873–890 (1998), table II, example a: 56/70 − 48/80.
        let difference = proportion_difference((48, 80), (56, 70)).unwrap();
        near(difference.value, 0.2, 1e-12);
        near(difference.lo, 0.0524, 0.000_05);
        near(difference.hi, 0.3339, 0.000_05);
    }

    #[test]
    fn the_lady_who_tastes_tea_is_judged_as_fisher_did() {
        near(fisher_exact((3, 4), (1, 4)), 34.0 / 70.0, 1e-9);
        near(fisher_exact((4, 4), (0, 4)), 2.0 / 70.0, 1e-9);
        near(fisher_exact((5, 10), (5, 10)), 1.0, 1e-9);
        near(fisher_exact((0, 10), (0, 12)), 1.0, 1e-9);
    }

    #[test]
    fn pairs_that_did_not_change_tell_nothing() {
        assert_eq!(mcnemar_exact(0, 0), 1.0);
        near(mcnemar_exact(5, 0), 2.0 / 32.0, 1e-12);
        near(mcnemar_exact(0, 10), 2.0 / 1024.0, 1e-12);
        near(mcnemar_exact(3, 3), 1.0, 1e-12);
    }
}
