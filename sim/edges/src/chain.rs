//! The Markov chain of one bet, found by rolling.

use crate::subject::THE_BET;
use bitcraps_tables::{Craps, Dice, Game, Outcome};
use std::collections::BTreeMap;

/// What a state's 36 rolls lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    /// The player's gains with which the bet ends, and in how many ways.
    pub(crate) ends: BTreeMap<i128, u32>,
    /// The states in which it stays up, and in how many ways they are reached.
    pub(crate) next: BTreeMap<usize, u32>,
}

impl State {
    /// The same with a gain of 1 where this one has that gain, and none elsewhere.
    pub(crate) fn counting(&self, gain: i128) -> State {
        let ends = self.ends.get(&gain).map(|ways| (1, *ways)).into_iter().collect();
        State { ends, next: self.next.clone() }
    }
}

/// All states that are reached from some.
pub(crate) struct Chain {
    pub(crate) states: Vec<State>,
    /// Where it starts, each as likely as the others.
    pub(crate) starts: Vec<usize>,
}

/// Rolls each of the 36 outcomes in each state.
///
/// # Panics
/// If the bet is not up at the start.
pub(crate) fn enumerate(starts: Vec<Craps>) -> Chain {
    let mut known = BTreeMap::new();
    let mut tables = Vec::new();
    let mut index = |table: Craps, tables: &mut Vec<Craps>| {
        let bytes = borsh::to_vec(&table).expect("a vector takes all bytes");
        *known.entry(bytes).or_insert_with(|| {
            tables.push(table);
            tables.len() - 1
        })
    };
    let starts = starts.into_iter().map(|table| index(table, &mut tables)).collect();
    let mut states: Vec<State> = Vec::new();
    while let Some(table) = tables.get(states.len()).cloned() {
        let stake = table.open_bets().find(|open| open.id == THE_BET).expect("the bet is up").stake;
        let mut state = State::default();
        for dice in Dice::all() {
            let mut after = table.clone();
            let settled = after.roll(dice).into_iter().find(|settlement| settlement.bet == THE_BET);
            let gain = settled.map(|settled| match settled.outcome {
                Outcome::Won { payout } => i128::from(payout),
                Outcome::Lost => -i128::from(stake),
                Outcome::Pushed => 0,
            });
            match gain {
                Some(gain) => *state.ends.entry(gain).or_default() += 1,
                None => *state.next.entry(index(after, &mut tables)).or_default() += 1,
            }
        }
        states.push(state);
    }
    Chain { states, starts }
}
