//! The percentile bootstrap (Efron 1979; Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::TAIL;

/// The generator's seed: any would do, and the same always gives the same interval.
const SEED: u64 = 0xB175_C4A9;

/// The 95 % interval of a statistic over `units` things that were sampled independently. The statistic is given
/// the places of the drawn things, as many as there are, some more than once; `None` draws are left out. `None`
/// without anything to draw, or if the statistic never had a value.
pub fn percentile_bootstrap(
    units: usize,
    resamples: usize,
    mut statistic: impl FnMut(&[usize]) -> Option<f64>,
) -> Option<(f64, f64)> {
    let mut values = Vec::with_capacity(resamples);
    resample(units, resamples, |chosen| values.extend(statistic(chosen)));
    central(&mut values)
}

/// Draws as many things as there are, again and again; each draw is the places of what was drawn.
pub(crate) fn resample(units: usize, times: usize, mut each: impl FnMut(&[usize])) {
    let mut dice = ChaCha8Rng::seed_from_u64(SEED);
    let mut chosen = vec![0; units];
    for _ in 0..if units == 0 { 0 } else { times } {
        chosen.fill_with(|| below(&mut dice, units));
        each(&chosen);
    }
}

/// The ends of the central 95 % of some values, which are sorted for it. `None` of none.
pub(crate) fn central(values: &mut [f64]) -> Option<(f64, f64)> {
    values.sort_unstable_by(f64::total_cmp);
    let rank = |probability: f64| ((probability * values.len() as f64).ceil() as usize).max(1) - 1;
    Some((*values.get(rank(TAIL))?, *values.get(rank(1.0 - TAIL))?))
}

/// A place below `bound`, from the high half of a product: its bias is below one in 2⁴⁰ for any list in memory.
fn below(dice: &mut ChaCha8Rng, bound: usize) -> usize {
    ((u128::from(dice.next_u64()) * bound as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_near_that_of_the_normal_distribution() {
        let sample: Vec<f64> = (0..400).map(|at| f64::from(at * 181 % 400)).collect();
        let mean =
            |chosen: &[usize]| Some(chosen.iter().map(|at| sample[*at]).sum::<f64>() / chosen.len() as f64);
        let (lo, hi) = percentile_bootstrap(sample.len(), 4_000, mean).unwrap();
        let error = (400.0_f64.powi(2) / 12.0 / 400.0).sqrt();
        crate::statistics::near(lo, 199.5 - 1.96 * error, 0.15 * error);
        crate::statistics::near(hi, 199.5 + 1.96 * error, 0.15 * error);
        assert_eq!(percentile_bootstrap(sample.len(), 4_000, mean), Some((lo, hi)), "it repeats");
    }

    #[test]
    fn nothing_has_no_interval() {
        assert_eq!(percentile_bootstrap(0, 100, |_| Some(1.0)), None);
        assert_eq!(percentile_bootstrap(5, 100, |_| None), None);
    }
}
