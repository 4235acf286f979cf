//! A bet that one roll decides, and the dice that win it by the game that ships.

use bitcraps_edges::BigRational;
use bitcraps_tables::craps::Bet;
use bitcraps_tables::{BetId, Craps, CrapsRules, Dice, Game, Outcome};
use bitcraps_types::{AccountId, Digest};

/// See the module.
#[derive(Clone)]
pub(super) struct Wager {
    pub(super) name: &'static str,
    winning: Vec<Dice>,
}

impl Wager {
    /// The next roll is a seven.
    pub(super) fn any_seven() -> Wager {
        Wager::on("any 7", "any_seven")
    }

    /// The next roll is two threes.
    pub(super) fn hard_hop() -> Wager {
        Wager::on("hop 3-3", "hop:3-3")
    }

    /// The come-out roll is a natural, 7 or 11: a pass bet that wins at once.
    pub(super) fn natural() -> Wager {
        Wager::on("pass, come-out 7 or 11", "pass_line")
    }

    fn on(name: &'static str, bet: &str) -> Wager {
        let bet: Bet = bet.parse().expect("the name of a bet");
        let mut table = Craps::new(CrapsRules::default());
        let id = BetId { account: AccountId(Digest::ZERO), sequence: 1 };
        table.place(id, bet, 10).expect("a new table takes it");
        let wins = |dice: &Dice| {
            let settled = table.clone().roll(*dice);
            settled.iter().any(|settlement| matches!(settlement.outcome, Outcome::Won { .. }))
        };
        Wager { name, winning: Dice::all().filter(wins).collect() }
    }

    pub(super) fn wins(&self, dice: Dice) -> bool {
        self.winning.contains(&dice)
    }

    /// The chance of winning with fair dice.
    pub(super) fn chance(&self) -> BigRational {
        BigRational::new(self.winning.len().into(), 36.into())
    }

    /// The first of these outcomes that wins; if none does, the first.
    pub(super) fn best(&self, outcomes: impl IntoIterator<Item = Dice>) -> Option<Dice> {
        let mut outcomes = outcomes.into_iter();
        let first = outcomes.next()?;
        if self.wins(first) {
            return Some(first);
        }
        outcomes.find(|dice| self.wins(*dice)).or(Some(first))
    }
}
