//! Craps at one table: the point, the shooter, the open bets, and what a roll does to them.
//!
//! A bet is data: [`layout`] says for each of them what wins, what loses and what is paid under the table's
//! [rules](CrapsRules), [`terms`] how that is decided. Rules that are easily got wrong, as they are here:
//! - Place and buy bets, hardways and the odds on come bets are off on the come-out roll, unless the rules say that they
//!   work. Odds on a come bet that the come-out resolves are returned. Everything laid against a number is always on.
//! - A come bet that travels keeps its id. A seven resolves the bets that have travelled and the fresh ones alike, each
//!   by its own number.
//! - Pass and come bets are contracts once their number is on, and bonus bets once they have seen a roll: only the
//!   player knows when they are worth more than their stake. Bets against the shooter can come down at any time and
//!   never be increased. Odds come down at any time, and with their base bet.
//! - A bet that is won, lost or pushed is over: a winning place bet or hardway comes down, and so does a barred 12.
//! - Payouts round down to the table's chip, and so does the vig.
//! - Bonus bets are made only before a shooter's first roll. Fire ends with the seven-out; the others with any seven.

mod bet;
mod hand;
mod layout;
mod losses;
mod numbers;
mod pays;
mod rules;
mod settings;
mod terms;
#[cfg(test)]
mod tests;

pub use bet::{Bet, BetNameError};
pub use losses::{Losses, WorstRoll};
pub use numbers::{ByNumber, Hard, Hop, Horn, Number, Target};
pub use pays::{Pays, PaysError};
pub use rules::{CrapsRules, Limit, Limits, PayTable, RulesError, Vigs, Working};
pub use settings::SettingError;

use crate::{BetError, BetId, Dice, Game, OpenBet, Outcome, Settlement, TakenDown};
use bitcraps_types::{AccountId, Amount};
use borsh::{BorshDeserialize, BorshSerialize};
use hand::Hand;
use std::collections::BTreeMap;
use terms::{Fate, Progress, Terms};

/// A craps table.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Craps {
    rules: CrapsRules,
    point: Option<Number>,
    hand: Hand,
    bets: BTreeMap<BetId, Open>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Open {
    bet: Bet,
    stake: Amount,
    progress: Progress,
}

impl Craps {
    /// The most bets that are up at a table.
    pub const MAX_OPEN_BETS: usize = 1024;
    /// The most bets that one account has up at a table.
    pub const MAX_BETS_PER_ACCOUNT: usize = 64;

    /// A table without bets, before the come-out roll of the first shooter.
    pub fn new(rules: CrapsRules) -> Craps {
        Craps { rules, point: None, hand: Hand::first(), bets: BTreeMap::new() }
    }

    /// The table's rules.
    pub fn rules(&self) -> &CrapsRules {
        &self.rules
    }

    /// The point; `None` before a come-out roll.
    pub fn point(&self) -> Option<Number> {
        self.point
    }

    /// Who threw last, and throws next unless that was a seven-out; `None`: the house. A name, not a power: see
    /// docs/craps.md.
    pub fn shooter(&self) -> Option<AccountId> {
        self.hand.shooter()
    }

    /// Whether the next roll is a shooter's first.
    pub fn is_new_hand(&self) -> bool {
        self.hand.is_new()
    }

    /// The least stake on which no payout of the bet and no vig is rounded: 6 on place 6, 5 on place 9. `None` if it is
    /// no amount.
    pub fn exact_stake(rules: &CrapsRules, bet: Bet) -> Option<Amount> {
        layout::exact_stake(rules, bet)
    }

    /// The worst that the next roll can cost the house: exact, over its 36 outcomes, for all open bets together, or for
    /// those of one account.
    pub fn worst_roll(&self, account: Option<AccountId>) -> WorstRoll {
        self.losses(account).worst()
    }

    fn of_account(&self, account: AccountId) -> impl Iterator<Item = (&BetId, &Open)> {
        let id = |sequence| BetId { account, sequence };
        self.bets.range(id(0)..=id(u64::MAX))
    }

    /// The odds that are up on a base bet.
    fn odds_on(&self, base: BetId) -> impl Iterator<Item = (&BetId, &Open)> {
        self.of_account(base.account).filter(move |(_, open)| open.bet.base() == Some(base.sequence))
    }

    /// The bet as it goes up now, if it can.
    fn check(&self, id: BetId, bet: Bet, stake: Amount) -> Result<Open, BetError> {
        Craps::exposure(&self.rules, &bet, stake)?;
        if self.bets.contains_key(&id) {
            return Err(BetError::DuplicateId);
        }
        if self.bets.len() >= Self::MAX_OPEN_BETS
            || self.of_account(id.account).count() >= Self::MAX_BETS_PER_ACCOUNT
        {
            return Err(BetError::TooManyBets);
        }
        match bet {
            Bet::Pass | Bet::DontPass | Bet::Muggsy if self.point.is_some() => {
                return Err(BetError::NeedsComeOut);
            }
            Bet::Come | Bet::DontCome | Bet::Put(_) if self.point.is_none() => {
                return Err(BetError::NeedsPoint);
            }
            Bet::Small | Bet::Tall | Bet::All | Bet::Fire | Bet::Repeater(_) | Bet::DifferentDoubles
                if !self.hand.is_new() =>
            {
                return Err(BetError::NeedsNewShooter);
            }
            Bet::Odds { base } | Bet::LayOdds { base } => {
                self.check_odds(bet, BetId { sequence: base, ..id }, stake)?;
            }
            _ => {}
        }
        let progress = if let Bet::Put(number) = bet { Progress::On(number) } else { Progress::Fresh };
        Ok(Open { bet, stake, progress })
    }

    /// Whether the base bet of odds exists, is on a number, and carries that much more.
    fn check_odds(&self, bet: Bet, base: BetId, stake: Amount) -> Result<(), BetError> {
        let open = self.bets.get(&base).ok_or(BetError::UnknownBet)?;
        match (bet, open.bet) {
            (Bet::Odds { .. }, Bet::Pass | Bet::Come | Bet::Put(_))
            | (Bet::LayOdds { .. }, Bet::DontPass | Bet::DontCome) => {}
            _ => return Err(BetError::NoSuchOdds),
        }
        let number = open.progress.number().ok_or(BetError::NeedsPoint)?;
        let up = self.odds_on(base).fold(0, |sum: Amount, (_, odds)| sum.saturating_add(odds.stake));
        let max = layout::most_odds(&self.rules, bet, number, open.stake).saturating_sub(up);
        if stake > max { Err(BetError::StakeTooLarge { max }) } else { Ok(()) }
    }

    /// The terms of an open bet; none for odds without a base bet.
    fn terms(&self, id: BetId, open: &Open) -> Option<Terms> {
        let base = open.bet.base().and_then(|sequence| self.bets.get(&BetId { sequence, ..id }));
        layout::terms(&self.rules, open.bet, base.and_then(|base| base.progress.number()))
    }

    /// What the dice do to a bet: how it ends, or how far it comes.
    fn outcome(&self, open: &Open, terms: Option<&Terms>, dice: Dice) -> Result<Outcome, Progress> {
        let fate = terms.map_or(Fate::Pushes, |terms| terms.fate(open.progress, self.point, dice));
        match fate {
            Fate::Stays(progress) => Err(progress),
            Fate::Wins(price) => Ok(Outcome::Won { payout: price.payout(open.stake, self.rules.unit) }),
            Fate::Loses => Ok(Outcome::Lost),
            Fate::Pushes => Ok(Outcome::Pushed),
        }
    }

    /// Gives the dice to a player, if it is time to.
    fn pass_the_dice(&mut self) {
        let Craps { hand, bets, .. } = self;
        let of = |account| {
            let id = |sequence| BetId { account, sequence };
            bets.range(id(0)..=id(u64::MAX)).map(|(_, open)| open.bet)
        };
        hand.come_out(
            |account| of(account).next().is_some(),
            |account| of(account).any(|bet| matches!(bet, Bet::Pass | Bet::DontPass)),
        );
    }
}

impl Game for Craps {
    type Rules = CrapsRules;
    type Bet = Bet;

    fn exposure(rules: &CrapsRules, bet: &Bet, stake: Amount) -> Result<Amount, BetError> {
        layout::exposure(rules, *bet, stake)
    }

    fn place(&mut self, id: BetId, bet: Bet, stake: Amount) -> Result<(), BetError> {
        let open = self.check(id, bet, stake)?;
        self.bets.insert(id, open);
        let Craps { hand, bets, .. } = self;
        let has_bets = |player: AccountId| bets.keys().any(|id| id.account == player);
        hand.join(id.account, Self::MAX_OPEN_BETS, has_bets);
        Ok(())
    }

    fn take_down(&mut self, id: BetId) -> Result<Vec<TakenDown>, BetError> {
        let open = self.bets.get(&id).ok_or(BetError::UnknownBet)?;
        match (open.bet, open.progress) {
            (Bet::Pass | Bet::Come | Bet::Put(_), Progress::On(_)) | (_, Progress::Marks(_)) => {
                return Err(BetError::Contract);
            }
            _ => {}
        }
        let mut down = vec![TakenDown { bet: id, stake: open.stake }];
        down.extend(self.odds_on(id).map(|(&bet, odds)| TakenDown { bet, stake: odds.stake }));
        for TakenDown { bet, .. } in &down {
            self.bets.remove(bet);
        }
        Ok(down)
    }

    fn roll(&mut self, dice: Dice) -> Vec<Settlement> {
        if self.point.is_none() {
            self.pass_the_dice();
        }
        let (mut settled, mut stay) = (Vec::new(), BTreeMap::new());
        for (&bet, open) in &self.bets {
            match self.outcome(open, self.terms(bet, open).as_ref(), dice) {
                Ok(outcome) => settled.push(Settlement { bet, outcome }),
                Err(progress) => _ = stay.insert(bet, Open { progress, ..*open }),
            }
        }
        self.bets = stay;
        let seven_out = self.point.is_some() && dice.total() == 7;
        self.point = match self.point {
            None => Number::of_total(dice.total()),
            Some(point) if dice.total() == 7 || dice.total() == point.total() => None,
            on => on,
        };
        self.hand.rolled(seven_out);
        settled
    }

    fn open_bets(&self) -> impl Iterator<Item = OpenBet<Bet>> + '_ {
        self.bets.iter().map(|(&id, open)| OpenBet { id, bet: open.bet, stake: open.stake })
    }

    fn has_open_bets(&self) -> bool {
        !self.bets.is_empty()
    }
}
