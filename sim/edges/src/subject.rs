//! What an edge is asked of, and where it starts.

use crate::EdgeError;
use bitcraps_tables::craps::{Bet, Limit, Number};
use bitcraps_tables::{BetError, BetId, Craps, CrapsRules, Dice, Game};
use bitcraps_types::{AccountId, Amount, Digest};
use std::fmt;

/// A bet, or odds on a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A bet that stands on its own.
    Bet(Bet),
    /// Odds on a pass bet with this point.
    Odds(Number),
    /// Odds laid on a don't pass bet with this point.
    LayOdds(Number),
}

impl Subject {
    /// Everything that can be bet on.
    pub fn all() -> impl Iterator<Item = Subject> {
        let odds = [Subject::Odds, Subject::LayOdds];
        let odds = odds.into_iter().flat_map(|on| Number::ALL.into_iter().map(on));
        let mut bets = Bet::all().map(Subject::Bet);
        let line: Vec<Subject> = bets.by_ref().take(4).collect();
        line.into_iter().chain(odds).chain(bets)
    }

    /// The tables at which the bet has just been made, each as likely as the others, and the stake. A bet is made at the
    /// first roll of a new table at which it can be.
    pub(crate) fn starts(
        self,
        rules: &CrapsRules,
        stake: Option<Amount>,
    ) -> Result<(Vec<Craps>, Amount), EdgeError> {
        let (base, bet, number) = match self {
            Subject::Bet(bet) => (None, bet, None),
            Subject::Odds(number) => (Some(Bet::Pass), Bet::Odds { base: BASE.sequence }, Some(number)),
            Subject::LayOdds(number) => {
                (Some(Bet::DontPass), Bet::LayOdds { base: BASE.sequence }, Some(number))
            }
        };
        let refused = |error| EdgeError::Refused { subject: self.to_string(), error };
        let (rules, stake) = match stake {
            Some(stake) => (*rules, stake),
            None => {
                let exact = Craps::exact_stake(rules, bet).filter(|stake| *stake <= CrapsRules::MAX_STAKE);
                let exact = exact.ok_or_else(|| EdgeError::NoExactStake(self.to_string()))?;
                (rules.with_limits(Limit { min: 1, max: CrapsRules::MAX_STAKE }), exact)
            }
        };
        let mut table = Craps::new(rules);
        match base {
            None => match table.place(THE_BET, bet, stake) {
                Ok(()) => return Ok((vec![table], stake)),
                Err(BetError::NeedsPoint) => {}
                Err(error) => return Err(refused(error)),
            },
            Some(base) => table.place(BASE, base, stake).map_err(refused)?,
        }
        let mut starts = Vec::new();
        for dice in Dice::all() {
            let mut rolled = table.clone();
            rolled.roll(dice);
            if rolled.point().is_some_and(|point| number.is_none_or(|number| number == point)) {
                rolled.place(THE_BET, bet, stake).map_err(refused)?;
                starts.push(rolled);
            }
        }
        Ok((starts, stake))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Bet(bet) => bet.fmt(f),
            Subject::Odds(number) => write!(f, "odds on {}", number.total()),
            Subject::LayOdds(number) => write!(f, "lay_odds on {}", number.total()),
        }
    }
}

const PLAYER: AccountId = AccountId(Digest([1; 32]));
/// The bet that is looked at.
pub(crate) const THE_BET: BetId = BetId { account: PLAYER, sequence: 2 };
/// The bet that it is odds on.
pub(crate) const BASE: BetId = BetId { account: PLAYER, sequence: 1 };
