//! Are the dice fair? A test that may be looked at after every roll, for ever.
//!
//! A test with a p-value holds for one look at a number of rolls that was fixed before; who looks again and again will see
//! what he fears. An *e-process* holds at all times at once: it is what a gambler has made of 1 who bets against the claim
//! that the dice are fair, at odds that are fair if they are. If they are, he has on average 1 after each roll, and by
//! Ville's inequality the chance that he ever has `1/α` is at most `α`. If they are not, his fortune grows exponentially.
//! (Ville 1939; Grünwald, de Heide and Koolen, "Safe testing", 2024; Ramdas, Grünwald, Vovk and Shafer, "Game-theoretic
//! statistics and safe anytime-valid inference", Statistical Science 38, 2023.)
//!
//! Ours splits his money between two bettors. Each puts it on the next roll as it has seen the rolls so far, after a
//! Dirichlet prior around fair dice. One watches the six faces, of both dice together: they are thrown by the same code,
//! and with five unknowns it learns fast. The other watches the 36 outcomes, and so sees what is wrong with one die only,
//! or with the two together.
//!
//! This only watches. No money depends on it, and no node has to agree with another about it: so it may be a float.

#[cfg(test)]
mod tests;

use crate::Dice;

/// The evidence in the rolls so far that dice are not fair.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    faces: Bettor<6>,
    outcomes: Bettor<36>,
    rolls: u64,
    /// The most that it ever was, as a natural logarithm.
    peak: f64,
}

impl Evidence {
    /// The alarm is raised once the evidence was ever so strong. Of so many networks with fair dice, watched for ever, at
    /// most one raises it.
    pub const ALARM: f64 = 1e6;

    /// Before the first roll.
    pub fn new() -> Evidence {
        Evidence {
            faces: Bettor::new(Self::SEEN_FACES),
            outcomes: Bettor::new(Self::SEEN_OUTCOMES),
            rolls: 0,
            peak: 0.0,
        }
    }

    /// The prior, as if each face had been seen so often: chances within 3 % of 1/6, mostly.
    const SEEN_FACES: u32 = 25;
    /// And each outcome: within 1 % of 1/36.
    const SEEN_OUTCOMES: u32 = 10;

    /// Takes the next roll in. All rolls that are made must come, or a choice of them that does not depend on how they
    /// fell.
    pub fn see(&mut self, dice: Dice) {
        let (a, b) = (usize::from(dice.a() - 1), usize::from(dice.b() - 1));
        self.faces.see(a);
        self.faces.see(b);
        self.outcomes.see(6 * a + b);
        self.rolls += 1;
        self.peak = self.peak.max(self.ln());
    }

    /// How many rolls it saw.
    pub fn rolls(&self) -> u64 {
        self.rolls
    }

    /// How strong it is: the decimal logarithm of the e-value. 0 without evidence, below 0 if all speaks for the dice.
    pub fn log10(&self) -> f64 {
        self.ln() / std::f64::consts::LN_10
    }

    /// Whether it ever reached [`ALARM`](Evidence::ALARM).
    pub fn is_alarming(&self) -> bool {
        self.has_reached(Self::ALARM)
    }

    /// Whether it ever reached this e-value: by chance, under fair dice, at most once in so many runs.
    pub fn has_reached(&self, e_value: f64) -> bool {
        self.peak >= e_value.ln()
    }

    /// The mean of both fortunes.
    fn ln(&self) -> f64 {
        let (one, other) = (self.faces.fortune, self.outcomes.fortune);
        let (more, less) = (one.max(other), one.min(other));
        more + (less - more).exp().ln_1p() - std::f64::consts::LN_2
    }
}

impl Default for Evidence {
    fn default() -> Evidence {
        Evidence::new()
    }
}

/// One who began with 1 and puts all on the next of `N` outcomes, as the Dirichlet-multinomial predicts it.
#[derive(Clone, Debug, PartialEq)]
struct Bettor<const N: usize> {
    /// How often each was seen, with the prior's.
    seen: [f64; N],
    total: f64,
    /// As a natural logarithm.
    fortune: f64,
}

impl<const N: usize> Bettor<N> {
    fn new(seen: u32) -> Bettor<N> {
        let seen = f64::from(seen);
        Bettor { seen: [seen; N], total: seen * N as f64, fortune: 0.0 }
    }

    fn see(&mut self, outcome: usize) {
        let chance = self.seen[outcome] / self.total;
        self.fortune += (chance * N as f64).ln();
        self.seen[outcome] += 1.0;
        self.total += 1.0;
    }
}
