//! One measure on two sides: how much it changed, whether that may be chance, and what the rule makes of it.

use super::{Finding, MeasureComparison, PointComparison, Rule, Sides, TestKind};
use crate::measure::{Better, MEASURES, Measure};
use crate::statistics::{
    Estimate, Test, cliffs_delta, fisher_exact, mann_whitney, mcnemar_exact, median, paired_shift,
    proportion_difference, signed_rank, unpaired_shift,
};

const FAILURE_RATE: &str = "failure_rate";

/// A measure of the runs of a point. Pairs of which a run has no value are left out.
pub(super) fn measure(sides: &Sides<'_>, measure: &Measure) -> MeasureComparison {
    if sides.paired {
        let both = sides.a.iter().zip(&sides.b).filter_map(|(a, b)| (measure.of)(a).zip((measure.of)(b)));
        let (a, b): (Vec<f64>, Vec<f64>) = both.unzip();
        return samples(measure, &a, &b, true);
    }
    let values =
        |rows: &[&crate::Row]| -> Vec<f64> { rows.iter().filter_map(|row| (measure.of)(row)).collect() };
    samples(measure, &values(&sides.a), &values(&sides.b), false)
}

/// A measure over all points: each point's two medians are a pair.
pub(super) fn medians(measure: &Measure, points: &[(f64, f64)]) -> MeasureComparison {
    let (a, b): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    // Points differ in size, so a difference in the measure's unit would be that of the largest.
    MeasureComparison { shift: None, ..samples(measure, &a, &b, true) }
}

fn samples(measure: &Measure, a: &[f64], b: &[f64], paired: bool) -> MeasureComparison {
    let mut judged = empty(measure.key);
    let both = a.len();
    (judged.a, judged.b) = (middle(a), middle(b));
    if a.is_empty() || b.is_empty() {
        return judged;
    }
    if same_values(a, b, paired) {
        return MeasureComparison { finding: Finding::Identical, cliffs_delta: Some(0.0), ..judged };
    }
    judged.cliffs_delta = cliffs_delta(a, b);
    let (a, b) = if paired { changed_pairs(a, b) } else { (a.to_vec(), b.to_vec()) };
    if paired {
        judged.unchanged = both - a.len();
    }
    judged.shift = shift(&a, &b, paired);
    // Ratios are what a reader asks for, and what scatters alike at large and small values.
    let positive = a.iter().chain(&b).all(|value| *value > 0.0);
    let scaled = |values: &[f64]| -> Vec<f64> {
        if positive { values.iter().map(|value| value.ln()).collect() } else { values.to_vec() }
    };
    let (a, b) = (scaled(&a), scaled(&b));
    judged.change = if positive {
        shift(&a, &b, paired).map(|ratio| ratio.map(f64::exp_m1))
    } else {
        let base = judged.a.map_or(0.0, f64::abs);
        judged.shift.filter(|_| base > 0.0).map(|shift| shift.map(|value| value / base))
    };
    let test: Option<Test> = if paired { signed_rank(&differences(&a, &b)) } else { mann_whitney(&a, &b) };
    judged.test = test.map(|_| if paired { TestKind::SignedRank } else { TestKind::MannWhitney });
    judged.p = test.map(|test| test.p);
    judged
}

/// The share of failed runs at one or more points.
pub(super) fn failures<'s, 'a: 's>(points: impl IntoIterator<Item = &'s Sides<'a>>) -> MeasureComparison {
    let (mut a, mut b, mut changed, mut paired) = ((0, 0), (0, 0), (0, 0), true);
    for sides in points {
        let [of_a, of_b] = sides.failures();
        a = (a.0 + of_a.0, a.1 + of_a.1);
        b = (b.0 + of_b.0, b.1 + of_b.1);
        paired &= sides.paired;
        let (appeared, vanished) = sides.changed_failures();
        changed = (changed.0 + appeared, changed.1 + vanished);
    }
    let mut judged = empty(FAILURE_RATE);
    let share = |(hits, trials): (u64, u64)| (trials > 0).then(|| hits as f64 / trials as f64);
    (judged.a, judged.b) = (share(a), share(b));
    let unchanged = if paired { changed == (0, 0) } else { a.0 == 0 && b.0 == 0 };
    if judged.a.is_none() || judged.b.is_none() {
        return judged;
    }
    if unchanged {
        return MeasureComparison { finding: Finding::Identical, ..judged };
    }
    judged.change = proportion_difference(a, b);
    (judged.test, judged.p) = if paired {
        (Some(TestKind::McNemarExact), Some(mcnemar_exact(changed.0, changed.1)))
    } else {
        (Some(TestKind::FisherExact), Some(fisher_exact(a, b)))
    };
    judged
}

/// The finding and the verdict, once the p value is corrected.
pub(super) fn conclude(judged: &mut MeasureComparison, rule: &Rule) {
    let Some(corrected) = judged.p_corrected else { return };
    let (Some(a), Some(b)) = (judged.a, judged.b) else { return };
    let rose = match judged.change.or(judged.shift) {
        Some(change) if change.value != 0.0 => change.value > 0.0,
        _ => b > a,
    };
    let better = MEASURES.iter().find(|measure| measure.key == judged.measure);
    let better = better.map_or(Better::Lower, |measure| measure.better);
    let excluded = judged.change.is_none_or(|change| change.excludes(0.0));
    // The interval of a difference of shares is of independent samples; of pairs the test alone decides.
    let decided = corrected <= rule.significance && (excluded || judged.test == Some(TestKind::McNemarExact));
    judged.finding = match (decided, better, rose) {
        (false, _, _) => Finding::Same,
        (true, Better::Neither, _) => Finding::Changed,
        (true, Better::Lower, true) | (true, Better::Higher, false) => Finding::Worse,
        (true, Better::Lower, false) | (true, Better::Higher, true) => Finding::Better,
    };
    if judged.measure == FAILURE_RATE {
        if rule.any_new_failure && b > a {
            judged.finding = Finding::Worse;
        }
        judged.regression = judged.finding == Finding::Worse;
        return;
    }
    let far = judged.change.is_none_or(|change| change.value.abs() > rule.worse_by);
    judged.regression = judged.finding == Finding::Worse && far;
}

/// The least p value that the runs of a point could give at all.
pub(super) fn least_p(point: &PointComparison) -> f64 {
    let (m, n) = (point.runs_a as f64, point.runs_b as f64);
    let ln_ways = if point.paired {
        n * std::f64::consts::LN_2
    } else {
        libm::lgamma(m + n + 1.0) - libm::lgamma(m + 1.0) - libm::lgamma(n + 1.0)
    };
    (2.0 * (-ln_ways).exp()).min(1.0)
}

fn empty(measure: &'static str) -> MeasureComparison {
    MeasureComparison {
        measure,
        a: None,
        b: None,
        unchanged: 0,
        change: None,
        shift: None,
        cliffs_delta: None,
        test: None,
        p: None,
        p_corrected: None,
        finding: Finding::Unjudged,
        regression: false,
    }
}

fn middle(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    median(&sorted)
}

/// Without the pairs that are the same on both sides: in a deterministic lab a change leaves many runs as they were,
/// and they would hide what it did to the others.
fn changed_pairs(a: &[f64], b: &[f64]) -> (Vec<f64>, Vec<f64>) {
    a.iter().zip(b).filter(|(a, b)| a != b).unzip()
}

fn same_values(a: &[f64], b: &[f64], paired: bool) -> bool {
    if paired {
        return a == b;
    }
    let sorted = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    };
    sorted(a) == sorted(b)
}

fn shift(a: &[f64], b: &[f64], paired: bool) -> Option<Estimate> {
    if paired { paired_shift(&differences(a, b)) } else { unpaired_shift(a, b) }
}

fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| b - a).collect()
}
