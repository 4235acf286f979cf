//! What dice an attacker can get, scheme by scheme: those that are broken, beside ours.
//!
//! Each scheme is played as its participants would play it, with real hashes and signatures, against an attacker who
//! waits for all that the others say before it speaks (a rushing adversary), knows its bet, and takes the best of what is
//! in its power. How often it wins is measured and set beside the closed form: who can choose among `m` independent
//! outcomes wins a bet of chance `p` with `1 − (1 − p)^m`. Which dice win is asked of the production game.
//!
//! These are models of one roll, without a network. Whole networks whose validators withhold or forge their part of the
//! dice are scenarios (`withheld-dice`, `no-dice`).

mod block_digest;
mod commit_reveal;
mod interval;
#[cfg(test)]
mod tests;
mod threshold;
mod vrf_in_votes;
mod wager;

pub(crate) use interval::Interval;

use bitcraps_edges::BigRational;
use bitcraps_tables::Dice;
use bitcraps_types::{Digest, TableId};
use wager::Wager;

/// The table that rolls.
const TABLE: TableId = TableId(0);

/// An attacker of a scheme, with one bet.
pub(crate) struct Attack {
    pub(crate) scheme: &'static str,
    pub(crate) attacker: String,
    wager: Wager,
    /// Among how many outcomes it can choose.
    pub(crate) outcomes: u32,
    /// One roll is played of so many that are asked for: some schemes take long.
    one_in: u64,
    play: Box<Play>,
}

/// One roll: what the dice are in the end.
type Play = dyn Fn(&Luck, &Wager) -> Dice;

/// How often an attacker won.
pub(crate) struct Measured {
    pub(crate) rolls: u64,
    pub(crate) wins: u64,
}

/// All that is compared: the schemes that are broken, then ours.
pub(crate) fn attacks(seed: u64) -> Vec<Attack> {
    let mut all = block_digest::attacks();
    all.extend(commit_reveal::attacks());
    all.extend(vrf_in_votes::attacks(seed));
    all.extend(threshold::attacks(seed));
    all
}

impl Attack {
    pub(crate) fn bet(&self) -> &'static str {
        self.wager.name
    }

    /// The chance of winning by the closed form.
    pub(crate) fn theory(&self) -> BigRational {
        let one = BigRational::from_integer(1.into());
        let lost = &one - self.wager.chance();
        let all_lost = (0..self.outcomes).fold(one.clone(), |chance, _| chance * &lost);
        one - all_lost
    }

    /// Plays `rolls` rolls, or as many as the scheme is worth; at least one.
    pub(crate) fn measure(&self, seed: u64, rolls: u64) -> Measured {
        let rolls = (rolls / self.one_in).max(1);
        let won = |roll: &u64| {
            let luck = Luck::new(seed, &[self.scheme, &self.attacker, self.bet()], *roll);
            self.wager.wins((self.play)(&luck, &self.wager))
        };
        Measured { rolls, wins: (0..rolls).filter(won).count() as u64 }
    }
}

impl Measured {
    /// In which interval the true chance lies.
    pub(crate) fn interval(&self) -> Interval {
        Interval::of(self.wins, self.rolls)
    }
}

/// The randomness of one roll: what each participant draws.
struct Luck(Digest);

impl Luck {
    fn new(seed: u64, names: &[&str], roll: u64) -> Luck {
        let text = format!("{seed} {} {roll}", names.join("/"));
        Luck(Digest::of("sim/dice/luck", text.as_bytes()))
    }

    /// What this participant draws for this purpose.
    fn draw(&self, purpose: &str, participant: u64) -> Digest {
        let text = [&self.0.0[..], &participant.to_le_bytes(), purpose.as_bytes()].concat();
        Digest::of("sim/dice/draw", &text)
    }
}

/// Every subset of the first `count` numbers, as bits.
fn subsets(count: u32) -> std::ops::Range<u32> {
    0..1 << count
}
