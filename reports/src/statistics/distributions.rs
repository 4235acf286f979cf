//! The distributions that the tests and intervals need: normal, Student's t, binomial.

/// The normal distribution: the probability of a value up to `z` standard deviations above the mean.
pub(super) fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// The quantile of Student's t distribution for a probability of at least one half.
pub(super) fn student_t_quantile(probability: f64, degrees: f64) -> f64 {
    let cdf = |t: f64| 1.0 - 0.5 * incomplete_beta(degrees / 2.0, 0.5, degrees / (degrees + t * t));
    let (mut lo, mut hi) = (0.0, 1.0);
    while cdf(hi) < probability {
        (lo, hi) = (hi, hi * 2.0);
    }
    for _ in 0..100 {
        let middle = 0.5 * (lo + hi);
        *(if cdf(middle) < probability { &mut lo } else { &mut hi }) = middle;
    }
    hi
}

/// The probability of at least `least` successes in `trials`, each of which succeeds with probability `p`.
pub(super) fn binomial_at_least(least: u64, trials: u64, p: f64) -> f64 {
    if least == 0 {
        return 1.0;
    }
    if least > trials {
        return 0.0;
    }
    incomplete_beta(least as f64, (trials - least + 1) as f64, p)
}

/// The logarithm of a binomial coefficient.
pub(super) fn ln_choose(n: u64, k: u64) -> f64 {
    let ln_factorial = |n: u64| libm::lgamma(n as f64 + 1.0);
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// The regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22) and Lentz's
/// algorithm as modified by Thompson and Barnett (1986).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast below the mean; above it the mirrored one does.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let ln_front = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * x.ln() + b * (1.0 - x).ln();
    let tiny = 1e-300;
    let away = |value: f64| if value.abs() < tiny { tiny } else { value };
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut c = 1.0;
    let mut fraction = d;
    for step in 1..10_000_u32 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            fraction *= c * d;
        }
        if (fraction - before).abs() < 1e-14 * fraction.abs() {
            break;
        }
    }
    ln_front.exp() * fraction / a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::near;

    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        near(normal_cdf(0.0), 0.5, 1e-15);
        near(normal_cdf(super::super::Z), 0.975, 1e-15);
        near(normal_cdf(-3.0), 0.001_349_898_031_630_09, 1e-15);
    }

    #[test]
    fn quantiles_of_student_s_t_are_those_of_the_tables() {
        for (degrees, expected) in [(1.0, 12.706), (2.0, 4.303), (5.0, 2.571), (10.0, 2.228), (30.0, 2.042)] {
            near(student_t_quantile(0.975, degrees), expected, 0.000_5);
        }
        near(student_t_quantile(0.975, 1e7), super::super::Z, 1e-6);
    }

    #[test]
    fn binomial_tails_are_the_sums_of_their_terms() {
        for (trials, p) in [(1_u64, 0.3), (7, 0.5), (40, 0.025), (200, 0.9)] {
            let term = |k: u64| {
                (ln_choose(trials, k) + k as f64 * f64::ln(p) + (trials - k) as f64 * f64::ln(1.0 - p)).exp()
            };
            for least in 0..=trials + 1 {
                let sum: f64 = (least..=trials).map(term).sum();
                near(binomial_at_least(least, trials, p), sum, 1e-11);
            }
        }
    }
}
