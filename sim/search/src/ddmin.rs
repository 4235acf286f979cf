//! Delta debugging: Zeller and Hildebrandt, *Simplifying and Isolating Failure-Inducing Input* (TSE 2002).

/// Makes a failing list 1-minimal: the rest still fails, and without any one of its items it does not. Keeps the
/// order. `fails(&items)` is taken for granted; the cost is at most quadratic in the list, and logarithmic where one
/// item is to blame.
pub fn ddmin<T: Clone>(mut items: Vec<T>, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    if items.is_empty() || fails(&[]) {
        return Vec::new();
    }
    let mut parts = 2;
    while items.len() >= 2 {
        let size = items.len().div_ceil(parts);
        let part = items.chunks(size).find(|part| part.len() < items.len() && fails(part));
        if let Some(part) = part {
            items = part.to_vec();
            parts = 2;
            continue;
        }
        let rests = (0..items.len()).step_by(size).map(|at| {
            let end = (at + size).min(items.len());
            [&items[..at], &items[end..]].concat()
        });
        // With two parts the rest of one is the other, which was just tried.
        let rest = rests.filter(|_| parts > 2 || size == 1).find(|rest| fails(rest));
        if let Some(rest) = rest {
            items = rest;
            parts = (parts - 1).max(2);
        } else if size == 1 {
            break;
        } else {
            parts = (parts * 2).min(items.len());
        }
    }
    items
}
