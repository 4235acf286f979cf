//! What the next roll costs the house, outcome by outcome: exact for all bets together, because bets on one roll win and
//! lose together.

use super::{Craps, Open};
use crate::{BetError, BetId, Dice, Outcome};
use bitcraps_types::{AccountId, Amount};
use std::ops::{AddAssign, SubAssign};

/// For each of the 36 outcomes, in the order of [`Dice::all`], what it costs: payouts less stakes won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Losses([i128; 36]);

/// What the next roll can cost the house at worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorstRoll {
    /// Dice that cost it, the first of them in the order of [`Dice::all`].
    pub dice: Dice,
    /// What they cost: payouts less stakes won. Negative: whatever comes, the house wins at least so much.
    pub loss: i128,
}

impl WorstRoll {
    /// What the house needs for it; 0 if it loses nothing.
    pub fn need(&self) -> Amount {
        Amount::try_from(self.loss.max(0)).unwrap_or(Amount::MAX)
    }
}

impl Losses {
    /// Those without bets.
    pub const NONE: Losses = Losses([0; 36]);

    /// The worst of them.
    pub fn worst(&self) -> WorstRoll {
        let rolls = Dice::all().zip(self.0).map(|(dice, loss)| WorstRoll { dice, loss });
        rolls
            .reduce(|worst, roll| if roll.loss > worst.loss { roll } else { worst })
            .expect("dice show something")
    }
}

impl AddAssign for Losses {
    fn add_assign(&mut self, other: Losses) {
        self.0.iter_mut().zip(other.0).for_each(|(loss, more)| *loss += more);
    }
}

impl SubAssign for Losses {
    fn sub_assign(&mut self, other: Losses) {
        self.0.iter_mut().zip(other.0).for_each(|(loss, less)| *loss -= less);
    }
}

impl Craps {
    /// What the next roll costs the house: for all open bets together, or for those of one account.
    pub fn losses(&self, account: Option<AccountId>) -> Losses {
        let asked = |id: &BetId| account.is_none_or(|account| id.account == account);
        self.sum(self.bets.iter().filter(|(id, _)| asked(id)))
    }

    /// Of these, what comes from a bet and the odds on it: what goes when the bet comes down. Nothing if it is not up.
    pub fn losses_of(&self, bet: BetId) -> Losses {
        self.sum(self.bets.get_key_value(&bet).into_iter().chain(self.odds_on(bet)))
    }

    /// What a bet would add to them. Refuses as [`place`](crate::Game::place) does.
    pub fn losses_with(&self, id: BetId, bet: super::Bet, stake: Amount) -> Result<Losses, BetError> {
        let open = self.check(id, bet, stake)?;
        Ok(self.sum([(&id, &open)]))
    }

    fn sum<'a>(&self, bets: impl IntoIterator<Item = (&'a BetId, &'a Open)>) -> Losses {
        let mut losses = Losses::NONE;
        for (id, open) in bets {
            let terms = self.terms(*id, open);
            for (loss, dice) in losses.0.iter_mut().zip(Dice::all()) {
                *loss += match self.outcome(open, terms.as_ref(), dice) {
                    Ok(Outcome::Won { payout }) => i128::from(payout),
                    Ok(Outcome::Lost) => -i128::from(open.stake),
                    Ok(Outcome::Pushed) | Err(_) => 0,
                };
            }
        }
        losses
    }
}
