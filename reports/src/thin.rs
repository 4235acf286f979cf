//! Fewer points for the eye, none of the extremes lost. Tables and CSV files never go through here.

/// Points of a scatter, at most `columns * per_column` of them, in order of x. From each of `columns` equal
/// slices of `[x_lo, x_hi]` it keeps the lowest and the highest point and an even choice of the others.
pub(crate) fn scatter(
    mut points: Vec<(f64, f64)>,
    (x_lo, x_hi): (f64, f64),
    columns: usize,
    per_column: usize,
) -> Vec<(f64, f64)> {
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    if points.len() <= columns * per_column {
        return points;
    }
    let column =
        |x: f64| ((x - x_lo) / (x_hi - x_lo) * columns as f64).clamp(0.0, columns as f64 - 1.0) as usize;
    points.chunk_by(|a, b| column(a.0) == column(b.0)).flat_map(|slice| keep(slice, per_column)).collect()
}

fn keep(slice: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    if slice.len() <= most {
        return slice.to_vec();
    }
    let by_height = |a: &usize, b: &usize| slice[*a].1.total_cmp(&slice[*b].1);
    let lowest = (0..slice.len()).min_by(by_height);
    let highest = (0..slice.len()).max_by(by_height);
    let others = most.saturating_sub(2);
    let mut kept: Vec<usize> = evenly(slice.len(), others).chain(lowest).chain(highest).collect();
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|at| slice[at]).collect()
}

/// An even choice of `most` places out of `len`; all of them if there are no more than `most`.
pub(crate) fn evenly(len: usize, most: usize) -> impl Iterator<Item = usize> {
    let chosen = len.min(most);
    (0..chosen).map(move |at| at * len / chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A deterministic scatter with spikes that an even choice would miss.
    fn noisy(len: usize) -> Vec<(f64, f64)> {
        (0..len)
            .map(|at| {
                let spike = if at % 997 == 13 { 50.0 } else { 0.0 };
                let dip = if at % 1009 == 7 { -20.0 } else { 0.0 };
                (at as f64 / len as f64, (at * 7919 % 101) as f64 / 101.0 + spike + dip)
            })
            .collect()
    }

    #[test]
    fn thinning_keeps_the_extremes_of_every_column() {
        let all = noisy(100_000);
        let columns = 200;
        let kept = scatter(all.clone(), (0.0, 1.0), columns, 5);
        assert!(kept.len() <= columns * 5, "{} points", kept.len());
        for column in 0..columns {
            let inside = |p: &&(f64, f64)| ((p.0 * columns as f64) as usize).min(columns - 1) == column;
            let extremes = |points: &[(f64, f64)]| {
                let ys = points.iter().filter(inside).map(|p| p.1);
                (ys.clone().fold(f64::INFINITY, f64::min), ys.fold(f64::NEG_INFINITY, f64::max))
            };
            assert_eq!(extremes(&kept), extremes(&all), "column {column}");
        }
    }

    #[test]
    fn thinning_invents_nothing_and_leaves_small_sets_alone() {
        let all = noisy(50_000);
        let kept = scatter(all.clone(), (0.0, 1.0), 100, 4);
        assert!(kept.iter().all(|point| all.contains(point)));
        let few = noisy(300);
        assert_eq!(scatter(few.clone(), (0.0, 1.0), 100, 4), few);
    }

    #[test]
    fn an_even_choice_has_no_repeats_and_spans_the_whole() {
        let chosen: Vec<usize> = evenly(1_234, 400).collect();
        assert_eq!(chosen.len(), 400);
        assert!(chosen.windows(2).all(|pair| (3..=4).contains(&(pair[1] - pair[0]))));
        assert_eq!(evenly(3, 400).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(evenly(0, 400).count(), 0);
    }
}
