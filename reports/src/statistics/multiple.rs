//! Many at once: probabilities that are corrected for the number of tests, and means of estimates.

use super::Estimate;

/// The p values of a family of tests, corrected so that the chance of any false finding is kept (Holm, "A simple
/// sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979). In the order
/// given; each is at most one.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut least: f64 = 0.0;
    for (rank, at) in order.into_iter().enumerate() {
        least = least.max((p_values.len() - rank) as f64 * p_values[at]).min(1.0);
        corrected[at] = least;
    }
    corrected
}

/// The mean of independent estimates, with the interval that follows from theirs (Zou and Donner, "Construction
/// of confidence limits about effect measures", Statistics in Medicine 27, 2008). `None` of none.
pub fn mean_of_estimates(estimates: &[Estimate]) -> Option<Estimate> {
    let count = estimates.len() as f64;
    let value = estimates.iter().map(|estimate| estimate.value).sum::<f64>() / count;
    let reach = |side: fn(&Estimate) -> f64| {
        estimates.iter().map(|estimate| (estimate.value - side(estimate)).powi(2)).sum::<f64>().sqrt() / count
    };
    let (below, above) = (reach(|estimate| estimate.lo), reach(|estimate| estimate.hi));
    (!estimates.is_empty()).then_some(Estimate { value, lo: value - below, hi: value + above })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::near;

    #[test]
    fn holm_s_correction_is_that_of_the_textbooks() {
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (value, expected) in corrected.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            near(*value, expected, 1e-12);
        }
        assert_eq!(holm(&[]), Vec::<f64>::new());
        assert_eq!(holm(&[0.8, 0.9]), [1.0, 1.0]);
    }

    #[test]
    fn the_mean_of_one_estimate_is_itself_and_of_equal_ones_is_narrower_by_the_root() {
        let one = Estimate { value: 10.0, lo: 8.0, hi: 14.0 };
        assert_eq!(mean_of_estimates(&[one]), Some(one));
        let four = mean_of_estimates(&[one; 4]).unwrap();
        near(four.lo, 9.0, 1e-12);
        near(four.hi, 12.0, 1e-12);
        assert_eq!(mean_of_estimates(&[]), None);
    }
}
