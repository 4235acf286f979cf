//! What the next roll costs the house, outcome by outcome: exact for all bets together, because bets on one roll win and
//! lose together.

use super::seats::{Bets, Open};
use super::{Craps, outcome, terms};
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
        let asked = self.seats.iter().filter(|(id, _)| account.is_none_or(|account| *id == account));
        self.sum(asked.flat_map(|(_, own)| own.iter().map(move |open| (open, own))))
    }

    /// Of these, what comes from a bet and the odds on it: what goes when the bet comes down. Nothing if it is not up.
    pub fn losses_of(&self, bet: BetId) -> Losses {
        let Some(own) = self.seats.of(bet.account) else { return Losses::NONE };
        let goes = own.get(bet.sequence).into_iter().chain(own.odds_on(bet.sequence));
        self.sum(goes.map(|open| (open, own)))
    }

    /// What a bet would add to them. Refuses as [`place`](crate::Game::place) does.
    pub fn losses_with(&self, id: BetId, bet: super::Bet, stake: Amount) -> Result<Losses, BetError> {
        let open = self.check(id, bet, stake)?;
        let own = self.seats.of(id.account).cloned().unwrap_or_default();
        Ok(self.sum([(&open, &own)]))
    }

    /// Of each bet among its player's.
    fn sum<'a>(&self, bets: impl IntoIterator<Item = (&'a Open, &'a Bets)>) -> Losses {
        let mut losses = Losses::NONE;
        for (open, own) in bets {
            let terms = terms(&self.rules, open, own);
            for (loss, dice) in losses.0.iter_mut().zip(Dice::all()) {
                *loss += match outcome(&self.rules, self.point, open, terms.as_ref(), dice) {
                    Ok(Outcome::Won { payout }) => i128::from(payout),
                    Ok(Outcome::Lost) => -i128::from(open.stake),
                    Ok(Outcome::Pushed) | Err(_) => 0,
                };
            }
        }
        losses
    }
}
