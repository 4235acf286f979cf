//! `ruin`: how likely a bankroll is ever lost to bets of one kind that never end.
//!
//! The house's money is a random walk whose step is the exact distribution of the bet's outcomes (`sim/edges/`). It is
//! ruined once it is all gone. With r the positive root of Lundberg's equation E[exp(-r X)] = 1, X being what the house
//! gains of a bet, ruin from a bankroll b is at most exp(-r b), and for a bet that costs one unit at most exactly that
//! (Asmussen and Albrecher, *Ruin Probabilities*, chapter IV): for pass bets (244/251)^b. The probability itself solves
//! the walk's linear equations, here in floating point with no subtraction, so that all its digits but the last few are
//! right. No money depends on it.

use super::say::say_all;
use super::{RuinArgs, exit};
use bitcraps_edges::{BigRational, EdgeError, Outcomes, Subject, outcomes};
use bitcraps_tables::CrapsRules;
use std::fmt::Write;

#[cfg(test)]
mod tests;

/// Prints the table.
pub(super) fn ruin(args: &RuinArgs) -> u8 {
    let mut text =
        format!("{:12} {:>8}  {:>12}  {:>12}  {:>12}\n", "bet", "bankroll", "ruin", "Lundberg", "r");
    for name in &args.bet {
        let Some(subject) = Subject::all().find(|subject| subject.to_string() == *name) else {
            eprintln!("error: no bet `{name}`; `bitcraps-sim edges --format csv` lists them");
            return exit::USAGE;
        };
        let walk = match Walk::of(subject) {
            Ok(walk) => walk,
            Err(error) => {
                eprintln!("error: {error}");
                return exit::USAGE;
            }
        };
        let r = walk.lundberg();
        for &bankroll in &args.bankroll {
            let (ruin, bound) = (walk.ruin(bankroll), walk.bound(bankroll));
            let _ = writeln!(text, "{name:12} {bankroll:>8}  {ruin:>12.6e}  {bound:>12.6e}  {r:>12.6e}");
        }
    }
    text.push_str(
        "\nbankroll: in bets of one size; r: by such a bet; a bet without an edge ruins every bankroll\n",
    );
    say_all(text);
    exit::PASS
}

/// What a bet does to the house's money, in the largest unit in which all is whole.
struct Walk {
    /// What it gains, and how likely; never 0.
    up: Vec<(usize, f64)>,
    /// What it loses, and how likely; never 0.
    down: Vec<(usize, f64)>,
    /// The bet in units.
    stake: usize,
}

/// A probability that is smaller by this exponent than another counts as nothing beside it.
const NOTHING: f64 = 40.0;

impl Walk {
    fn of(subject: Subject) -> Result<Walk, EdgeError> {
        let Outcomes { gains, stake } = outcomes(&CrapsRules::default(), subject, None)?;
        let unit = gains.keys().fold(u128::from(stake), |unit, gain| divisor(unit, gain.unsigned_abs()));
        let moves: BigRational = gains.iter().filter(|(gain, _)| **gain != 0).map(|(_, chance)| chance).sum();
        let side = |sign: i128| {
            let own = gains.iter().filter(|(gain, _)| gain.signum() == sign);
            own.map(|(gain, chance)| (whole(gain.unsigned_abs() / unit), float(&(chance / &moves)))).collect()
        };
        Ok(Walk { up: side(-1), down: side(1), stake: whole(u128::from(stake) / unit) })
    }

    /// Lundberg's exponent by bet; 0 if the house has no edge.
    fn lundberg(&self) -> f64 {
        let step = |r: f64| -> f64 {
            let up: f64 = self.up.iter().map(|(x, chance)| chance * (-r * *x as f64).exp_m1()).sum();
            let down: f64 = self.down.iter().map(|(x, chance)| chance * (r * *x as f64).exp_m1()).sum();
            up + down
        };
        let mean = |side: &[(usize, f64)]| -> f64 { side.iter().map(|(x, chance)| chance * *x as f64).sum() };
        // Odds are fair: what is left of their edge is what floating point makes of it.
        if mean(&self.up) - mean(&self.down) < 1e-12 {
            return 0.0;
        }
        // The function falls from 0 and rises for good: above any root it is positive.
        let (mut low, mut high) = (0.0, 1.0);
        while step(high) < 0.0 {
            (low, high) = (high, 2.0 * high);
        }
        for _ in 0..200 {
            let middle = (low + high) / 2.0;
            if step(middle) < 0.0 { low = middle } else { high = middle }
        }
        high * self.stake as f64
    }

    /// Lundberg's bound for a bankroll of so many bets.
    fn bound(&self, bankroll: u32) -> f64 {
        (-self.lundberg() * f64::from(bankroll)).exp()
    }

    /// The probability of ruin from a bankroll of so many bets.
    fn ruin(&self, bankroll: u32) -> f64 {
        let r = self.lundberg() / self.stake as f64;
        if r == 0.0 || bankroll == 0 {
            return 1.0;
        }
        let start = bankroll as usize * self.stake;
        // From the last state on ruin counts as nothing beside that from the start.
        let states = start + (NOTHING / r) as usize;
        let widest = self.up.iter().map(|(x, _)| *x).max().unwrap_or(0);
        // Each state's ruin as a chance and weights of the states above it, found from the lowest up.
        let mut rows: Vec<(f64, Vec<f64>)> = Vec::with_capacity(states);
        for at in 1..=states {
            let row = self.row(&rows, at, widest);
            rows.push(row);
        }
        let mut ruin = vec![0.0; states + widest + 1];
        for at in (1..=states).rev() {
            let (chance, above) = &rows[at - 1];
            ruin[at] =
                chance + above.iter().zip(&ruin[at + 1..]).map(|(weight, ruin)| weight * ruin).sum::<f64>();
        }
        ruin[start]
    }

    /// The ruin of a state by the states above it, given that of those below.
    fn row(&self, rows: &[(f64, Vec<f64>)], at: usize, widest: usize) -> (f64, Vec<f64>) {
        let deepest = self.down.iter().map(|(x, _)| *x).max().unwrap_or(0);
        let lowest = at.saturating_sub(deepest).max(1);
        // Weights of the states from the lowest to the highest that is reached.
        let mut weights = vec![0.0; at - lowest + widest + 1];
        let mut chance = 0.0;
        for (x, p) in &self.down {
            if *x >= at { chance += p } else { weights[at - x - lowest] += p }
        }
        self.up.iter().for_each(|(x, p)| weights[at + x - lowest] += p);
        for below in lowest..at {
            let weight = std::mem::take(&mut weights[below - lowest]);
            let (ruin, above) = &rows[below - 1];
            chance += weight * ruin;
            let reached = weights[below + 1 - lowest..].iter_mut();
            reached.zip(above).for_each(|(sum, part)| *sum += weight * part);
        }
        // Whoever comes back to the state begins anew: what leaves it counts, and is summed, not subtracted from 1.
        weights.drain(..=at - lowest);
        let leaves = chance + weights.iter().sum::<f64>();
        weights.iter_mut().for_each(|weight| *weight /= leaves);
        (chance / leaves, weights)
    }
}

fn divisor(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { divisor(b, a % b) }
}

fn whole(units: u128) -> usize {
    usize::try_from(units).expect("no table takes such a stake")
}

/// The nearest number but for the last digits; numerator and denominator may be too long for one each.
fn float(fraction: &BigRational) -> f64 {
    let scale = 1u64 << 60;
    let scaled = (fraction * BigRational::from_integer(scale.into())).round().to_integer();
    scaled.to_string().parse::<f64>().expect("digits are a number") / scale as f64
}
