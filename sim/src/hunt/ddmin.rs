//! Delta debugging.

/// A part of `items`, in their order, that still `fails` and of which no single item can go: `ddmin` of Zeller and
/// Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (TSE 2002). All of them are taken to fail.
pub(super) fn ddmin<T: Clone>(items: Vec<T>, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut items = items;
    if !items.is_empty() && fails(&[]) {
        return Vec::new();
    }
    let mut parts = 2;
    while items.len() >= 2 {
        let size = items.len().div_ceil(parts);
        let without = |at: usize| -> Vec<T> {
            let end = (at + size).min(items.len());
            items[..at].iter().chain(&items[end..]).cloned().collect()
        };
        let starts = (0..items.len()).step_by(size);
        // A part alone is the boldest step; with two parts it is the other's complement.
        let subset = starts.clone().map(|at| items[at..(at + size).min(items.len())].to_vec());
        let complement = starts.map(without);
        let alone = (parts > 2).then_some(subset).into_iter().flatten();
        let smaller: Vec<(bool, Vec<T>)> =
            alone.map(|part| (true, part)).chain(complement.map(|part| (false, part))).collect();
        match smaller.into_iter().find(|(_, part)| fails(part)) {
            Some((alone, part)) => {
                items = part;
                parts = if alone { 2 } else { (parts - 1).max(2) };
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(items.len()),
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::ddmin;

    #[test]
    fn what_is_left_fails_and_no_single_item_of_it_can_go() {
        for culprits in [&[3][..], &[0, 19], &[4, 5, 11], &[0, 6, 12, 18]] {
            let mut runs = 0;
            let left = ddmin((0..20).collect(), |part: &[i32]| {
                runs += 1;
                culprits.iter().all(|culprit| part.contains(culprit))
            });
            assert_eq!(left, culprits);
            assert!(runs < 150, "{runs} runs for {culprits:?}");
        }
    }

    #[test]
    fn where_nothing_is_needed_nothing_is_left() {
        assert!(ddmin(vec![1, 2, 3], |_| true).is_empty());
        assert_eq!(ddmin(vec![1], |part: &[i32]| !part.is_empty()), [1]);
    }
}
