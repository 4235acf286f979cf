//! Craps at one table: the point, the open bets, and what a roll does to them.
//!
//! Rules that are easily got wrong, as they are here:
//! - Place bets, hardways and the odds on come bets are off on the come-out roll. Odds on a come bet that the come-out
//!   resolves are returned. Everything laid against a number is always on.
//! - A come bet that travels keeps its id. A seven resolves the bets that have travelled and the fresh ones alike, each
//!   by its own number.
//! - Pass and come bets are contracts once their number is on. Bets against the shooter can come down at any time and
//!   never be increased. Odds come down at any time, and with their base bet.
//! - A bet that is won, lost or pushed is over: a winning place bet or hardway comes down, and so does a barred 12.
//! - Payouts round down to the table's chip. The house keeps the rest.
//!
//! There are no put bets (a pass bet after the come-out), buys or lays outside of odds.

mod bet;
mod rules;
#[cfg(test)]
mod tests;

pub use bet::{Bet, Hard, Number};
pub use rules::{CrapsRules, FieldTwelve, OddsLimits, RulesError};

use crate::{BetError, BetId, Dice, Game, OpenBet, Outcome, Settlement, TakenDown};
use bet::{ANY_CRAPS, ANY_SEVEN, EVEN, Pays};
use bitcraps_types::{AccountId, Amount};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;

/// A craps table.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Craps {
    rules: CrapsRules,
    point: Option<Number>,
    bets: BTreeMap<BetId, Open>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Open {
    bet: Bet,
    stake: Amount,
    /// Where a come or don't come bet stands.
    travelled: Option<Number>,
}

/// What a roll does to a bet with the shooter on a number, or on its come-out.
enum Line {
    Wins,
    Loses,
    /// A come-out 12: loses, and pushes the bet on the other side.
    Bars,
    Stays,
}

fn line(number: Option<Number>, total: u8) -> Line {
    match (number, total) {
        (None, 7 | 11) => Line::Wins,
        (None, 2 | 3) => Line::Loses,
        (None, 12) => Line::Bars,
        (Some(number), total) if total == number.total() => Line::Wins,
        (Some(_), 7) => Line::Loses,
        _ => Line::Stays,
    }
}

impl Craps {
    /// The most bets that are up at a table.
    pub const MAX_OPEN_BETS: usize = 1024;
    /// The most bets that one account has up at a table.
    pub const MAX_BETS_PER_ACCOUNT: usize = 64;

    /// A table without bets, before a come-out roll.
    pub fn new(rules: CrapsRules) -> Craps {
        Craps { rules, point: None, bets: BTreeMap::new() }
    }

    /// The table's rules.
    pub fn rules(&self) -> &CrapsRules {
        &self.rules
    }

    /// The point; `None` before a come-out roll.
    pub fn point(&self) -> Option<Number> {
        self.point
    }

    /// The number that a bet is on, once it is on one.
    fn number_of(&self, open: &Open) -> Option<Number> {
        match open.bet {
            Bet::Pass | Bet::DontPass => self.point,
            _ => open.travelled,
        }
    }

    fn of_account(&self, account: AccountId) -> impl Iterator<Item = (&BetId, &Open)> {
        let id = |sequence| BetId { account, sequence };
        self.bets.range(id(0)..=id(u64::MAX))
    }

    /// The odds that are up on a base bet.
    fn odds_on(&self, base: BetId) -> impl Iterator<Item = (&BetId, &Open)> {
        self.of_account(base.account).filter(move |(_, open)| match open.bet {
            Bet::Odds { base: sequence } | Bet::Lay { base: sequence } => sequence == base.sequence,
            _ => false,
        })
    }

    /// Whether the base bet of odds exists, is on a number, and carries that much more.
    fn check_odds(&self, bet: &Bet, base: BetId, stake: Amount) -> Result<(), BetError> {
        let open = self.bets.get(&base).ok_or(BetError::UnknownBet)?;
        match (bet, open.bet) {
            (Bet::Odds { .. }, Bet::Pass | Bet::Come) | (Bet::Lay { .. }, Bet::DontPass | Bet::DontCome) => {}
            _ => return Err(BetError::NoSuchOdds),
        }
        let number = self.number_of(open).ok_or(BetError::NeedsPoint)?;
        let up = self.odds_on(base).fold(0, |sum: Amount, (_, odds)| sum.saturating_add(odds.stake));
        let max = bet::odds_limit(&self.rules, bet, number, open.stake).saturating_sub(up);
        if stake > max { Err(BetError::StakeTooLarge { max }) } else { Ok(()) }
    }

    /// What the dice do to a bet; `None`: it stays up.
    fn resolve(&self, id: BetId, open: &Open, dice: Dice) -> Option<Outcome> {
        let total = dice.total();
        let won = |pays: Pays| Some(Outcome::Won { payout: pays.on(open.stake, self.rules.unit) });
        let one_roll = |pays: Option<Pays>| pays.map_or(Some(Outcome::Lost), won);
        match open.bet {
            Bet::Pass | Bet::Come => match line(self.number_of(open), total) {
                Line::Wins => won(EVEN),
                Line::Loses | Line::Bars => Some(Outcome::Lost),
                Line::Stays => None,
            },
            Bet::DontPass | Bet::DontCome => match line(self.number_of(open), total) {
                Line::Wins => Some(Outcome::Lost),
                Line::Loses => won(EVEN),
                Line::Bars => Some(Outcome::Pushed),
                Line::Stays => None,
            },
            Bet::Odds { base } | Bet::Lay { base } => {
                let base = self.bets.get(&BetId { account: id.account, sequence: base });
                let Some((base, number)) = base.and_then(|base| Some((base, self.number_of(base)?))) else {
                    return Some(Outcome::Pushed);
                };
                let lay = matches!(open.bet, Bet::Lay { .. });
                match line(Some(number), total) {
                    Line::Stays => None,
                    _ if base.bet == Bet::Come && self.point.is_none() => Some(Outcome::Pushed),
                    Line::Wins if !lay => won(number.true_odds()),
                    Line::Loses if lay => won(number.true_odds().reversed()),
                    _ => Some(Outcome::Lost),
                }
            }
            Bet::Place(_) | Bet::Hardway(_) if self.point.is_none() => None,
            Bet::Place(number) => match line(Some(number), total) {
                Line::Wins => won(number.place_odds()),
                Line::Stays => None,
                _ => Some(Outcome::Lost),
            },
            Bet::Hardway(hard) if total == hard.total() && dice.is_pair() => won(hard.pays()),
            Bet::Hardway(hard) if total == hard.total() || total == 7 => Some(Outcome::Lost),
            Bet::Hardway(_) => None,
            Bet::Field => one_roll(bet::field(&self.rules, dice)),
            Bet::AnySeven => one_roll((total == 7).then_some(ANY_SEVEN)),
            Bet::AnyCraps => one_roll(matches!(total, 2 | 3 | 12).then_some(ANY_CRAPS)),
        }
    }
}

impl Game for Craps {
    type Rules = CrapsRules;
    type Bet = Bet;

    fn exposure(rules: &CrapsRules, bet: &Bet, stake: Amount) -> Result<Amount, BetError> {
        bet::exposure(rules, bet, stake)
    }

    fn place(&mut self, id: BetId, bet: Bet, stake: Amount) -> Result<(), BetError> {
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
            Bet::Pass | Bet::DontPass if self.point.is_some() => return Err(BetError::NeedsComeOut),
            Bet::Come | Bet::DontCome if self.point.is_none() => return Err(BetError::NeedsPoint),
            Bet::Odds { base } | Bet::Lay { base } => {
                self.check_odds(&bet, BetId { account: id.account, sequence: base }, stake)?;
            }
            _ => {}
        }
        self.bets.insert(id, Open { bet, stake, travelled: None });
        Ok(())
    }

    fn take_down(&mut self, id: BetId) -> Result<Vec<TakenDown>, BetError> {
        let open = self.bets.get(&id).ok_or(BetError::UnknownBet)?;
        if matches!(open.bet, Bet::Pass | Bet::Come) && self.number_of(open).is_some() {
            return Err(BetError::Contract);
        }
        let mut down = vec![TakenDown { bet: id, stake: open.stake }];
        down.extend(self.odds_on(id).map(|(&bet, odds)| TakenDown { bet, stake: odds.stake }));
        for TakenDown { bet, .. } in &down {
            self.bets.remove(bet);
        }
        Ok(down)
    }

    fn roll(&mut self, dice: Dice) -> Vec<Settlement> {
        let settled: Vec<Settlement> = self
            .bets
            .iter()
            .filter_map(|(&bet, open)| {
                self.resolve(bet, open, dice).map(|outcome| Settlement { bet, outcome })
            })
            .collect();
        for Settlement { bet, .. } in &settled {
            self.bets.remove(bet);
        }
        let number = Number::of_total(dice.total());
        for open in self.bets.values_mut() {
            if matches!(open.bet, Bet::Come | Bet::DontCome) && open.travelled.is_none() {
                open.travelled = number;
            }
        }
        self.point = match self.point {
            None => number,
            Some(point) if dice.total() == 7 || dice.total() == point.total() => None,
            on => on,
        };
        settled
    }

    fn open_bets(&self) -> impl Iterator<Item = OpenBet<Bet>> + '_ {
        self.bets.iter().map(|(&id, open)| OpenBet { id, bet: open.bet, stake: open.stake })
    }

    fn has_open_bets(&self) -> bool {
        !self.bets.is_empty()
    }
}
