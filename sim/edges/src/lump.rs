//! Joins the states of a chain that no sequence of rolls tells apart, by partition refinement: all states begin in one
//! class, and a class is split while its states end otherwise, or reach the classes in other numbers of ways. The
//! coarsest such partition is an ordinary lumping (Kemeny and Snell, *Finite Markov Chains*, §6.3): the classes are a
//! Markov chain with the same gains. So what a bet does not depend on, such as the point for a bet on all numbers, falls
//! away without being named.

use crate::chain::{Chain, State};
use std::collections::BTreeMap;

/// The chain of the classes, and the classes of the starts.
pub(crate) fn lump(chain: &Chain) -> (Vec<State>, Vec<usize>) {
    let mut class = vec![0; chain.states.len()];
    let mut count = 1;
    loop {
        let mut known = BTreeMap::new();
        let mut refined = Vec::with_capacity(class.len());
        for (state, old) in chain.states.iter().zip(&class) {
            let fresh = known.len();
            refined.push(*known.entry((*old, by_class(state, &class))).or_insert(fresh));
        }
        let stable = known.len() == count;
        (class, count) = (refined, known.len());
        if stable {
            break;
        }
    }
    let mut classes = vec![None; count];
    for (state, &of) in chain.states.iter().zip(&class) {
        classes[of].get_or_insert_with(|| by_class(state, &class));
    }
    let classes = classes.into_iter().map(|class| class.expect("no class is empty")).collect();
    (classes, chain.starts.iter().map(|&start| class[start]).collect())
}

fn by_class(state: &State, class: &[usize]) -> State {
    let mut next = BTreeMap::new();
    for (to, ways) in &state.next {
        *next.entry(class[*to]).or_default() += ways;
    }
    State { ends: state.ends.clone(), next }
}
