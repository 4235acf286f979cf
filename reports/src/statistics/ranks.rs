//! Whether two samples differ, by ranks: no assumption on the shape of what was measured.
//!
//! Small samples are judged by the exact distribution under permutation, ties included; larger ones by the normal
//! approximation with the corrections for ties and continuity (Hollander, Wolfe and Chicken, "Nonparametric
//! Statistical Methods", 3rd edition, chapters 3 and 4).

use serde::Serialize;

use super::Z;
use super::distributions::normal_cdf;

/// The largest two samples together that Mann and Whitney's test judges exactly.
const EXACT_BOTH: usize = 30;
/// The most pairs that Wilcoxon's test judges exactly.
const EXACT_PAIRS: usize = 50;

/// What a test says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Test {
    /// The test's statistic: U of the second sample, or the sum of the ranks of the positive differences.
    pub statistic: f64,
    /// The probability of a statistic as far from its mean if there were no difference.
    pub p: f64,
    /// Whether `p` is exact.
    pub exact: bool,
}

/// The test of Mann and Whitney, two-sided ("On a test of whether one of two random variables is stochastically
/// larger than the other", Annals of Mathematical Statistics 18, 1947). `None` of an empty sample.
pub fn mann_whitney(a: &[f64], b: &[f64]) -> Option<Test> {
    judge_two(a, b, EXACT_BOTH)
}

fn judge_two(a: &[f64], b: &[f64], most_exact: usize) -> Option<Test> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let all: Vec<f64> = b.iter().chain(a).copied().collect();
    let ranks = doubled_ranks(&all);
    let doubled_sum: usize = ranks[..b.len()].iter().sum();
    let (m, n, both) = (a.len() as f64, b.len() as f64, all.len() as f64);
    let statistic = doubled_sum as f64 / 2.0 - n * (n + 1.0) / 2.0;
    if all.len() <= most_exact {
        let ways = rank_sums(&ranks, b.len());
        let doubled_mean = n * (both + 1.0);
        return Some(Test { statistic, p: both_tails(&ways, doubled_mean, doubled_sum as f64), exact: true });
    }
    let ties: f64 = tie_sizes(&all).map(|size| size.powi(3) - size).sum();
    let variance = m * n / 12.0 * (both + 1.0 - ties / (both * (both - 1.0)));
    Some(Test { statistic, p: normal_p(statistic - m * n / 2.0, variance), exact: false })
}

/// Wilcoxon's signed-rank test of the differences of pairs, two-sided ("Individual comparisons by ranking
/// methods", Biometrics Bulletin 1, 1945). Differences of zero are left out, as he did; `None` if no other is left.
pub fn signed_rank(differences: &[f64]) -> Option<Test> {
    judge_pairs(differences, EXACT_PAIRS)
}

fn judge_pairs(differences: &[f64], most_exact: usize) -> Option<Test> {
    let changed: Vec<f64> = differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    if changed.is_empty() {
        return None;
    }
    let sizes: Vec<f64> = changed.iter().map(|difference| difference.abs()).collect();
    let ranks = doubled_ranks(&sizes);
    let positive = ranks.iter().zip(&changed).filter(|(_, difference)| **difference > 0.0);
    let doubled_sum: usize = positive.map(|(rank, _)| rank).sum();
    let statistic = doubled_sum as f64 / 2.0;
    let n = changed.len() as f64;
    let mean = n * (n + 1.0) / 4.0;
    if changed.len() <= most_exact {
        let p = both_tails(&signed_sums(&ranks), 2.0 * mean, doubled_sum as f64);
        return Some(Test { statistic, p, exact: true });
    }
    let ties: f64 = tie_sizes(&sizes).map(|size| size.powi(3) - size).sum();
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    Some(Test { statistic, p: normal_p(statistic - mean, variance), exact: false })
}

/// How much more often a value of the second sample is above one of the first than below it, from −1 to 1 (Cliff,
/// "Dominance statistics", Psychological Bulletin 114, 1993). `None` of an empty sample.
pub fn cliffs_delta(a: &[f64], b: &[f64]) -> Option<f64> {
    let pairs = a.len() as f64 * b.len() as f64;
    let all: Vec<f64> = b.iter().chain(a).copied().collect();
    let sum = doubled_ranks(&all)[..b.len()].iter().sum::<usize>() as f64 / 2.0;
    let u = sum - b.len() as f64 * (b.len() as f64 + 1.0) / 2.0;
    (pairs > 0.0).then(|| 2.0 * u / pairs - 1.0)
}

/// The place from the bottom, from one, among all differences b − a at which their 95 % interval begins, by the
/// distribution of U; zero if the samples are too small for one.
pub(super) fn interval_rank_of_two(m: usize, n: usize) -> u64 {
    if m == 0 || n == 0 {
        return 0;
    }
    if m + n <= EXACT_BOTH {
        let ranks: Vec<usize> = (1..=m + n).collect();
        return ranks_below_tail(&rank_sums(&ranks, n)[n * (n + 1) / 2..]);
    }
    let (m, n) = (m as f64, n as f64);
    (m * n / 2.0 - Z * (m * n * (m + n + 1.0) / 12.0).sqrt()).floor().max(0.0) as u64
}

/// The same among the means of all two of n differences, each with itself included.
pub(super) fn interval_rank_of_pairs(n: usize) -> u64 {
    if n <= EXACT_PAIRS {
        let ranks: Vec<usize> = (1..=n).collect();
        return ranks_below_tail(&signed_sums(&ranks));
    }
    let n = n as f64;
    (n * (n + 1.0) / 4.0 - Z * (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt()).floor().max(0.0) as u64
}

/// How many of the least values of a statistic have no more than the tail's share together.
fn ranks_below_tail(ways: &[f64]) -> u64 {
    let total: f64 = ways.iter().sum();
    let mut sum = 0.0;
    ways.iter()
        .take_while(|count| {
            sum += **count;
            sum <= super::TAIL * total
        })
        .count() as u64
}

/// Twice each value's rank, from the least; equal values share the mean of theirs.
fn doubled_ranks(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        equal.iter().for_each(|at| ranks[*at] = 2 * before + equal.len() + 1);
        before += equal.len();
    }
    ranks
}

fn tie_sizes(values: &[f64]) -> impl Iterator<Item = f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let sizes: Vec<f64> = sorted.chunk_by(|a, b| a == b).map(|equal| equal.len() as f64).collect();
    sizes.into_iter()
}

/// In how many ways `size` of the ranks have each sum.
fn rank_sums(ranks: &[usize], size: usize) -> Vec<f64> {
    let most: usize = ranks.iter().sum();
    let mut ways = vec![vec![0.0; most + 1]; size + 1];
    ways[0][0] = 1.0;
    for rank in ranks {
        for taken in (1..=size).rev() {
            for sum in *rank..=most {
                let without = ways[taken - 1][sum - rank];
                ways[taken][sum] += without;
            }
        }
    }
    ways.swap_remove(size)
}

/// In how many ways any of the ranks have each sum.
fn signed_sums(ranks: &[usize]) -> Vec<f64> {
    let most: usize = ranks.iter().sum();
    let mut ways = vec![0.0; most + 1];
    ways[0] = 1.0;
    for rank in ranks {
        for sum in (*rank..=most).rev() {
            let without = ways[sum - rank];
            ways[sum] += without;
        }
    }
    ways
}

/// The share of the ways whose sum is no nearer to the mean than the one that was seen.
fn both_tails(ways: &[f64], mean: f64, seen: f64) -> f64 {
    let reach = (seen - mean).abs() - 1e-9;
    let total: f64 = ways.iter().sum();
    let far = ways.iter().enumerate().filter(|(sum, _)| (*sum as f64 - mean).abs() >= reach);
    (far.map(|(_, count)| count).sum::<f64>() / total).min(1.0)
}

fn normal_p(deviation: f64, variance: f64) -> f64 {
    if variance <= 0.0 {
        return 1.0;
    }
    let continuous = (deviation.abs() - 0.5).max(0.0);
    (2.0 * normal_cdf(-continuous / variance.sqrt())).min(1.0)
}

#[cfg(test)]
#[path = "ranks_tests.rs"]
mod tests;
