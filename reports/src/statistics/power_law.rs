//! A power law through points: y = c·xᵏ, a straight line through the logarithms.

use serde::Serialize;

use super::distributions::student_t_quantile;
use super::{Estimate, TAIL};

/// A fitted power law.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PowerLaw {
    /// k.
    pub exponent: Estimate,
    /// c: what the line has at x = 1.
    pub factor: f64,
}

/// The power law of least squares on logarithms, with Student's interval of the slope (Draper and Smith, "Applied
/// Regression Analysis", section 1.4): it is wide when the points do not lie on a line. Points that are not above
/// zero are left out. `None` with fewer than three different x: two points always lie on a line.
pub fn power_law(points: &[(f64, f64)]) -> Option<PowerLaw> {
    let positive = points.iter().filter(|(x, y)| *x > 0.0 && *y > 0.0);
    let logs: Vec<(f64, f64)> = positive.map(|(x, y)| (x.ln(), y.ln())).collect();
    let mut different: Vec<u64> = logs.iter().map(|point| point.0.to_bits()).collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < 3 {
        return None;
    }
    let (slope, intercept, error) = line(&logs);
    let reach = student_t_quantile(1.0 - TAIL, logs.len() as f64 - 2.0) * error;
    let exponent = Estimate { value: slope, lo: slope - reach, hi: slope + reach };
    Some(PowerLaw { exponent, factor: intercept.exp() })
}

/// The slope, the intercept and the slope's standard error of the line of least squares.
fn line(points: &[(f64, f64)]) -> (f64, f64, f64) {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
    let intercept = y - slope * x;
    let rest: f64 = points.iter().map(|point| (point.1 - intercept - slope * point.0).powi(2)).sum();
    (slope, intercept, (rest / (count - 2.0) / spread).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::near;

    #[test]
    fn a_line_through_anscombe_s_points_has_his_coefficients() {
        // Anscombe, "Graphs in statistical analysis", American Statistician 27 (1973), the first of his four sets.
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let points: Vec<(f64, f64)> = x.into_iter().zip(y).collect();
        let (slope, intercept, error) = line(&points);
        near(slope, 0.5001, 0.000_05);
        near(intercept, 3.0001, 0.000_05);
        near(error, 0.1179, 0.000_05);
        // The same as the logarithms of a power law, with t = 2.262 for nine degrees of freedom.
        let raised: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.exp(), y.exp())).collect();
        let law = power_law(&raised).unwrap();
        near(law.exponent.lo, 0.5001 - 2.262 * 0.1179, 0.000_2);
        near(law.exponent.hi, 0.5001 + 2.262 * 0.1179, 0.000_2);
        near(law.factor, 3.0001_f64.exp(), 0.002);
    }

    #[test]
    fn an_exact_power_has_its_exponent_and_no_doubt() {
        let square: Vec<(f64, f64)> = [4.0, 7.0, 10.0, 100.0].map(|n| (n, 3.0 * n * n)).into();
        let law = power_law(&square).unwrap();
        near(law.exponent.value, 2.0, 1e-12);
        near(law.exponent.hi - law.exponent.lo, 0.0, 1e-6);
        near(law.factor, 3.0, 1e-9);
    }

    #[test]
    fn two_different_places_or_zeros_are_not_enough() {
        assert_eq!(power_law(&[(4.0, 1.0), (7.0, 2.0), (7.0, 3.0)]), None);
        assert_eq!(power_law(&[(4.0, 1.0), (7.0, 2.0), (10.0, 0.0)]), None);
    }
}
