//! The exact house edge of every bet, from the code that ships.
//!
//! The states that a table with one bet can reach form a finite Markov chain whose steps are the 36 outcomes of
//! [`Craps::roll`](bitcraps_tables::Game::roll). [`chain`] enumerates it, [`lump`] joins the states that no roll tells
//! apart, and [`solve`] solves its linear equations over the rationals. Nothing is sampled or rounded, and nothing is
//! known here of how a bet is decided.

mod chain;
mod lump;
mod solve;
mod subject;
#[cfg(test)]
mod tests;

pub use num_rational::BigRational;
pub use subject::Subject;

use bitcraps_tables::{Craps, CrapsRules};
use bitcraps_types::Amount;
use chain::State;
use num_traits::{One, Zero};
use std::collections::{BTreeMap, BTreeSet};

/// What a bet costs, exactly. Everything is by unit staked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// What the house keeps on average of each bet made; below 0: the player gains.
    pub edge: BigRational,
    /// The variance of the player's gain.
    pub variance: BigRational,
    /// How many rolls a bet takes on average until it is over, those on which it is off among them.
    pub rolls: BigRational,
    /// The stake that was looked at.
    pub stake: Amount,
}

impl Edge {
    /// What the house keeps on average by roll.
    pub fn per_roll(&self) -> BigRational {
        &self.edge / &self.rolls
    }
}

/// How a bet can end, exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes {
    /// The player's gains, and how likely each is.
    pub gains: BTreeMap<i128, BigRational>,
    /// The stake that was looked at.
    pub stake: Amount,
}

/// Why an edge can't be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EdgeError {
    /// No stake is exact.
    #[error("{0}: no stake is a whole number of chips and makes all its payouts whole; name one")]
    NoExactStake(String),
    /// The table does not take it.
    #[error("{subject}: {error}")]
    Refused {
        /// The bet.
        subject: String,
        /// Why.
        error: bitcraps_tables::BetError,
    },
}

/// The edge of a bet at a table with these rules. Without a stake: on the least on which nothing is rounded, whatever the
/// table's limits.
pub fn edge(rules: &CrapsRules, subject: Subject, stake: Option<Amount>) -> Result<Edge, EdgeError> {
    let (starts, stake) = subject.starts(rules, stake)?;
    Ok(measure(starts, stake))
}

/// How a bet at a table with these rules can end. The stake as for [`edge`].
pub fn outcomes(rules: &CrapsRules, subject: Subject, stake: Option<Amount>) -> Result<Outcomes, EdgeError> {
    let (starts, stake) = subject.starts(rules, stake)?;
    let (chain, starts) = lump::lump(&chain::enumerate(starts));
    let gains: BTreeSet<i128> = chain.iter().flat_map(|state| state.ends.keys().copied()).collect();
    let chance = |gain: i128| {
        // In this chain the gain counts 1 and all others nothing.
        let only: Vec<State> = chain.iter().map(|state| state.counting(gain)).collect();
        let [chance, ..] = mean(&solve::solve(&only), &starts);
        (gain, chance)
    };
    Ok(Outcomes { gains: gains.into_iter().map(chance).collect(), stake })
}

/// What the bet that is looked at costs, from tables on at which it is up.
fn measure(starts: Vec<Craps>, stake: Amount) -> Edge {
    let (chain, starts) = lump::lump(&chain::enumerate(starts));
    let [gain, square, rolls] = mean(&solve::solve(&chain), &starts);
    let over = BigRational::from_integer(stake.into());
    let (gain, square) = (gain / &over, square / (&over * &over));
    Edge { variance: square - &gain * &gain, edge: -gain, rolls, stake }
}

/// Each start is as likely as the others.
fn mean(solved: &[[BigRational; 3]], starts: &[usize]) -> [BigRational; 3] {
    let mut sums = [(); 3].map(|()| BigRational::zero());
    for &start in starts {
        for (sum, value) in sums.iter_mut().zip(&solved[start]) {
            *sum += value;
        }
    }
    let share = BigRational::one() / BigRational::from_integer(starts.len().max(1).into());
    sums.map(|sum| sum * &share)
}
