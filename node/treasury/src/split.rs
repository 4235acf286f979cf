//! Splitting money without losing any.

use bitcraps_types::Amount;

/// Splits `total` in proportion to `weights` by largest remainder (Hamilton's method); among equal remainders the
/// first weight wins. The parts sum to `total` exactly. `None` if no weight is above 0.
pub fn split(total: Amount, weights: &[u64]) -> Option<Vec<Amount>> {
    let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    if sum == 0 {
        return None;
    }
    let exact = |weight: u64| u128::from(total) * u128::from(weight);
    let mut parts: Vec<Amount> = weights
        .iter()
        .map(|&weight| Amount::try_from(exact(weight) / sum).expect("a part is at most the total"))
        .collect();
    let mut left = total - parts.iter().sum::<Amount>();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|&i| std::cmp::Reverse(exact(weights[i]) % sum));
    for i in by_remainder {
        if left == 0 {
            break;
        }
        parts[i] += 1;
        left -= 1;
    }
    assert_eq!(left, 0, "fewer than one unit per weight remains");
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_largest_remainder_gets_the_odd_unit() {
        assert_eq!(split(7, &[60, 25, 15]), Some(vec![4, 2, 1]));
        assert_eq!(split(1, &[1, 1, 1]), Some(vec![1, 0, 0]));
        assert_eq!(split(10, &[1, 0, 2]), Some(vec![3, 0, 7]));
        assert_eq!(split(0, &[1, 2]), Some(vec![0, 0]));
        assert_eq!(split(u64::MAX, &[u64::MAX, u64::MAX]), Some(vec![1 << 63, (1 << 63) - 1]));
    }

    #[test]
    fn without_weight_nothing_is_split() {
        assert_eq!(split(5, &[]), None);
        assert_eq!(split(5, &[0, 0]), None);
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_total_and_are_within_one_of_their_share(
            total in any::<u64>(),
            weights in prop::collection::vec(any::<u64>(), 1..20),
        ) {
            prop_assume!(weights.iter().any(|&weight| weight > 0));
            let parts = split(total, &weights).unwrap();
            prop_assert_eq!(parts.iter().map(|&part| u128::from(part)).sum::<u128>(), u128::from(total));
            let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
            for (&part, &weight) in parts.iter().zip(&weights) {
                let floor = u128::from(total) * u128::from(weight) / sum;
                prop_assert!((floor..=floor + 1).contains(&u128::from(part)));
                prop_assert!(weight > 0 || part == 0);
            }
        }
    }
}
