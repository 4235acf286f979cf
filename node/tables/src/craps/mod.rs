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
mod seats;
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
use bitcraps_types::{AccountId, Amount, Height};
use borsh::{BorshDeserialize, BorshSerialize};
use hand::Hand;
use seats::{Bets, Open, Seats};
use terms::{Fate, Progress, Terms};

/// A craps table.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Craps {
    rules: CrapsRules,
    point: Option<Number>,
    hand: Hand,
    seats: Seats,
    /// The block that is played.
    now: Height,
}

impl Craps {
    /// The most bets that are up at a table.
    pub const MAX_OPEN_BETS: usize = 1024;
    /// The most bets that one account has up at a table.
    pub const MAX_BETS_PER_ACCOUNT: usize = 64;
    /// How many blocks a table that has closed goes on to roll for the bets that are up.
    pub const LAST_ROLLS: Height = 1000;

    /// A table without bets, before the come-out roll of the first shooter.
    pub fn new(rules: CrapsRules) -> Craps {
        Craps { rules, point: None, hand: Hand::first(), seats: Seats::default(), now: 0 }
    }

    /// The table's rules.
    pub fn rules(&self) -> &CrapsRules {
        &self.rules
    }

    /// All that changes, to be serialized.
    pub fn state(&self) -> impl BorshSerialize + '_ {
        (&self.point, &self.hand, &self.seats, self.now)
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

    /// A block begins. A shooter who had no bet up for a whole turn loses the dice; without any bet up the hand is over.
    pub fn begin(&mut self, now: Height) {
        self.now = now;
        if self.hand.turn_ends(self.rules.turn).is_none_or(|end| now < end) {
            return;
        }
        if !self.has_open_bets() {
            self.point = None;
            self.hand.end();
        } else if self.hand.shooter().is_some() {
            self.hand.pass_on(&mut self.seats, now);
        }
    }

    /// The block in which time alone changes the table; `None` while bets are up, which change it in each.
    pub fn wakes_at(&self) -> Option<Height> {
        self.hand.turn_ends(self.rules.turn).filter(|_| !self.has_open_bets())
    }

    /// Whether the table rolls no more: so long after it has closed, what is still up is given back.
    pub fn is_over(&self) -> bool {
        let closed = self.rules.closes_at.checked_add(Self::LAST_ROLLS);
        self.rules.closed(self.now) && closed.is_some_and(|end| self.now >= end)
    }

    /// Gives all bets back that are up.
    pub fn give_back(&mut self) -> Vec<Settlement> {
        let mut given = Vec::with_capacity(self.seats.open());
        self.seats.advance(|bet, _, _| {
            given.push(Settlement { bet, outcome: Outcome::Pushed });
            None
        });
        given
    }

    /// The bet as it goes up now, if it can.
    fn check(&self, id: BetId, bet: Bet, stake: Amount) -> Result<Open, BetError> {
        if self.rules.closed(self.now) {
            return Err(BetError::Closed);
        }
        layout::check_stake(&self.rules, bet, stake)?;
        let own = self.seats.of(id.account);
        if own.is_some_and(|bets| bets.get(id.sequence).is_some()) {
            return Err(BetError::DuplicateId);
        }
        if self.seats.open() >= Self::MAX_OPEN_BETS
            || own.is_some_and(|bets| bets.len() >= Self::MAX_BETS_PER_ACCOUNT)
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
                self.check_odds(bet, own.ok_or(BetError::UnknownBet)?, base, stake)?;
            }
            _ => {}
        }
        let progress = if let Bet::Put(number) = bet { Progress::On(number) } else { Progress::Fresh };
        Ok(Open { sequence: id.sequence, bet, stake, progress })
    }

    /// Whether the base bet of odds exists, is on a number, and carries that much more.
    fn check_odds(&self, bet: Bet, own: &Bets, base: u64, stake: Amount) -> Result<(), BetError> {
        let open = own.get(base).ok_or(BetError::UnknownBet)?;
        match (bet, open.bet) {
            (Bet::Odds { .. }, Bet::Pass | Bet::Come | Bet::Put(_))
            | (Bet::LayOdds { .. }, Bet::DontPass | Bet::DontCome) => {}
            _ => return Err(BetError::NoSuchOdds),
        }
        let number = open.progress.number().ok_or(BetError::NeedsPoint)?;
        let up = own.odds_on(base).fold(0, |sum: Amount, odds| sum.saturating_add(odds.stake));
        let max = layout::most_odds(&self.rules, bet, number, open.stake).saturating_sub(up);
        if stake > max { Err(BetError::StakeTooLarge { max }) } else { Ok(()) }
    }
}

/// The terms of a bet among its player's; none for odds without a base bet.
fn terms(rules: &CrapsRules, open: &Open, own: &Bets) -> Option<Terms> {
    let base = open.bet.base().and_then(|sequence| own.get(sequence));
    layout::terms(rules, open.bet, base.and_then(|base| base.progress.number()))
}

/// What the dice do to a bet: how it ends, or how far it comes.
fn outcome(
    rules: &CrapsRules,
    point: Option<Number>,
    open: &Open,
    terms: Option<&Terms>,
    dice: Dice,
) -> Result<Outcome, Progress> {
    let fate = terms.map_or(Fate::Pushes, |terms| terms.fate(open.progress, point, dice));
    match fate {
        Fate::Stays(progress) => Err(progress),
        Fate::Wins(price) => Ok(Outcome::Won { payout: price.payout(open.stake, rules.unit) }),
        Fate::Loses => Ok(Outcome::Lost),
        Fate::Pushes => Ok(Outcome::Pushed),
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
        self.seats.put(id.account, open, Self::MAX_OPEN_BETS);
        Ok(())
    }

    fn take_down(&mut self, id: BetId) -> Result<Vec<TakenDown>, BetError> {
        let own = self.seats.of(id.account).ok_or(BetError::UnknownBet)?;
        let open = own.get(id.sequence).ok_or(BetError::UnknownBet)?;
        match (open.bet, open.progress) {
            (Bet::Pass | Bet::Come | Bet::Put(_), Progress::On(_)) | (_, Progress::Marks(_)) => {
                return Err(BetError::Contract);
            }
            _ => {}
        }
        let taken = |open: &Open| TakenDown {
            bet: BetId { account: id.account, sequence: open.sequence },
            stake: open.stake,
        };
        let down = [open].into_iter().chain(own.odds_on(id.sequence)).map(taken).collect();
        let goes = |open: &Open| open.sequence == id.sequence || open.bet.base() == Some(id.sequence);
        self.seats.take(id.account, goes);
        Ok(down)
    }

    fn roll(&mut self, dice: Dice) -> Vec<Settlement> {
        let Craps { rules, point, hand, seats, now } = self;
        if point.is_none() {
            hand.come_out(seats);
        }
        hand.throws(seats, *now);
        let mut settled = Vec::new();
        seats.advance(|bet, open, own| {
            match outcome(rules, *point, open, terms(rules, open, own).as_ref(), dice) {
                Ok(outcome) => {
                    settled.push(Settlement { bet, outcome });
                    None
                }
                Err(progress) => Some(progress),
            }
        });
        let seven_out = point.is_some() && dice.total() == 7;
        *point = match *point {
            None => Number::of_total(dice.total()),
            Some(point) if dice.total() == 7 || dice.total() == point.total() => None,
            on => on,
        };
        hand.rolled(seven_out);
        settled
    }

    fn open_bets(&self) -> impl Iterator<Item = OpenBet<Bet>> + '_ {
        self.seats.iter().flat_map(|(account, bets)| {
            let named = move |sequence| BetId { account, sequence };
            bets.iter().map(move |open| OpenBet {
                id: named(open.sequence),
                bet: open.bet,
                stake: open.stake,
            })
        })
    }

    fn has_open_bets(&self) -> bool {
        self.seats.open() > 0
    }
}
