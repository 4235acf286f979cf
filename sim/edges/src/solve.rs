//! The expectations of an absorbing Markov chain, by elimination over the rationals.

use crate::chain::State;
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::collections::BTreeMap;

/// x = constants + sum of the coefficients times the x of other states.
struct Row {
    coefficients: BTreeMap<usize, BigRational>,
    constants: [BigRational; 3],
}

/// For each state the expected gain, the expected square of the gain, and the expected number of rolls.
///
/// # Panics
/// If some state never ends.
pub(crate) fn solve(states: &[State]) -> Vec<[BigRational; 3]> {
    let mut rows: Vec<Row> = states.iter().map(row).collect();
    // From the last state to the first each row loses its own state and the later ones; then the values are filled in.
    for pivot in (0..rows.len()).rev() {
        let row = &mut rows[pivot];
        let own = row.coefficients.remove(&pivot).unwrap_or_else(BigRational::zero);
        let leaves = BigRational::one() - own;
        assert!(!leaves.is_zero(), "every bet ends");
        row.coefficients.values_mut().for_each(|value| *value /= &leaves);
        row.constants.iter_mut().for_each(|value| *value /= &leaves);
        let (before, after) = rows.split_at_mut(pivot);
        for row in before {
            row.substitute(pivot, &after[0]);
        }
    }
    let mut solved: Vec<[BigRational; 3]> = Vec::with_capacity(rows.len());
    for row in rows {
        let mut values = row.constants;
        for (state, coefficient) in &row.coefficients {
            for (value, known) in values.iter_mut().zip(&solved[*state]) {
                *value += coefficient * known;
            }
        }
        solved.push(values);
    }
    solved
}

fn row(state: &State) -> Row {
    let chance = |ways: u32| BigRational::new(ways.into(), 36.into());
    let mut constants = [BigRational::zero(), BigRational::zero(), BigRational::one()];
    for (&gain, &ways) in &state.ends {
        let gain = BigRational::from_integer(gain.into());
        constants[0] += chance(ways) * &gain;
        constants[1] += chance(ways) * &gain * &gain;
    }
    Row { coefficients: state.next.iter().map(|(&to, &ways)| (to, chance(ways))).collect(), constants }
}

impl Row {
    fn substitute(&mut self, state: usize, by: &Row) {
        let Some(factor) = self.coefficients.remove(&state) else { return };
        for (to, coefficient) in &by.coefficients {
            *self.coefficients.entry(*to).or_insert_with(BigRational::zero) += &factor * coefficient;
        }
        for (constant, of) in self.constants.iter_mut().zip(&by.constants) {
            *constant += &factor * of;
        }
    }
}
