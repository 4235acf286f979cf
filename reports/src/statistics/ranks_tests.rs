use super::*;
use crate::statistics::near;

/// Hollander and Wolfe's permeability of the human chorioamnion, example 4.1: at term, and 12 to 26 weeks before.
const TERM: [f64; 10] = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
const EARLIER: [f64; 5] = [1.15, 0.88, 0.90, 0.74, 1.21];

/// Their depression scale before and after therapy, example 3.1.
const BEFORE: [f64; 9] = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
#[expect(clippy::approx_constant, reason = "a measurement that only looks like π")]
const AFTER: [f64; 9] = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];

#[test]
fn two_samples_are_judged_as_in_the_textbook() {
    let test = mann_whitney(&EARLIER, &TERM).unwrap();
    near(test.statistic, 35.0, 1e-12);
    near(test.p, 2.0 * 0.127_2, 0.000_1);
    assert!(test.exact);
}

#[test]
fn pairs_are_judged_as_in_the_textbook() {
    let differences: Vec<f64> = BEFORE.iter().zip(AFTER).map(|(before, after)| before - after).collect();
    let test = signed_rank(&differences).unwrap();
    near(test.statistic, 40.0, 1e-12);
    near(test.p, 0.039_062_5, 1e-12);
}

#[test]
fn the_approximation_is_near_the_exact_judgement_with_ties_too() {
    let sample = |n: usize, shift: f64| -> Vec<f64> {
        (0..n).map(|at| ((at * 7919 % 101) as f64 / 5.0 + shift).round()).collect()
    };
    for shift in [0.0, 2.0, 5.0, 9.0] {
        let (a, b) = (sample(14, 0.0), sample(16, shift));
        let (exact, approximate) = (judge_two(&a, &b, 30).unwrap(), judge_two(&a, &b, 0).unwrap());
        assert!(exact.exact && !approximate.exact);
        near(exact.p, approximate.p, 0.01);
        let differences = sample(40, shift - 10.0);
        let (exact, approximate) =
            (judge_pairs(&differences, 40).unwrap(), judge_pairs(&differences, 0).unwrap());
        near(exact.p, approximate.p, 0.01);
    }
}

#[test]
fn exchanging_the_samples_changes_the_sign_and_not_the_judgement() {
    let (there, back) = (mann_whitney(&TERM, &EARLIER).unwrap(), mann_whitney(&EARLIER, &TERM).unwrap());
    near(there.p, back.p, 1e-12);
    near(there.statistic + back.statistic, 50.0, 1e-12);
    near(cliffs_delta(&TERM, &EARLIER).unwrap(), -cliffs_delta(&EARLIER, &TERM).unwrap(), 1e-12);
}

#[test]
fn no_difference_is_no_finding() {
    let same = [1.0, 2.0, 2.0, 5.0];
    near(mann_whitney(&same, &same).unwrap().p, 1.0, 1e-12);
    assert_eq!(signed_rank(&[0.0, 0.0]), None);
    assert_eq!(cliffs_delta(&same, &same), Some(0.0));
    near(mann_whitney(&[3.0; 40], &[3.0; 40]).unwrap().p, 1.0, 1e-12);
}

#[test]
fn dominance_is_complete_when_every_value_is_above_every_other() {
    assert_eq!(cliffs_delta(&[1.0, 2.0], &[3.0, 4.0, 5.0]), Some(1.0));
    assert_eq!(cliffs_delta(&[], &[1.0]), None);
    near(mann_whitney(&[1.0, 2.0], &[3.0, 4.0, 5.0]).unwrap().p, 0.2, 1e-12);
}

#[test]
fn intervals_begin_where_the_tables_say() {
    // Critical values of U for 5 % two-sided: at most so many; the interval begins one further.
    for (m, n, critical) in [(5, 5, 2), (8, 8, 13), (10, 10, 23), (10, 15, 39)] {
        assert_eq!(interval_rank_of_two(m, n), critical + 1, "{m} and {n}");
    }
    assert_eq!(interval_rank_of_two(3, 3), 0, "one of twenty orders is too many");
    for (n, critical) in [(6, 0), (10, 8), (20, 52), (30, 137)] {
        assert_eq!(interval_rank_of_pairs(n), critical + 1, "{n} pairs");
    }
    assert_eq!(interval_rank_of_pairs(5), 0);
}
