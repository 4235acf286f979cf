//! What a win comes to: odds, the vig, and rounding. All in whole units of money; the house keeps what is rounded off,
//! and the player what is rounded off the vig.

use bitcraps_types::Amount;
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;
use std::str::FromStr;

/// So many units won per so many staked: 7:6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Pays {
    /// Won, beside the stake.
    pub win: u16,
    /// Staked.
    pub per: u16,
}

impl Pays {
    /// Even money.
    pub const EVEN: Pays = Pays::to_one(1);

    /// `win`:`per`.
    pub const fn new(win: u16, per: u16) -> Pays {
        Pays { win, per }
    }

    /// `win`:1.
    pub const fn to_one(win: u16) -> Pays {
        Pays { win, per: 1 }
    }
}

impl fmt::Display for Pays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.win, self.per)
    }
}

impl FromStr for Pays {
    type Err = PaysError;

    fn from_str(text: &str) -> Result<Pays, PaysError> {
        let pays = text.split_once(':').and_then(|(win, per)| Some((win.parse().ok()?, per.parse().ok()?)));
        pays.map(|(win, per)| Pays { win, per }).ok_or(PaysError)
    }
}

/// A text that is no odds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("odds are two numbers up to 65535 such as 7:6")]
pub struct PaysError;

/// The vig: the house's commission on bets that pay true odds. In hundredths of a per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vig {
    /// None is taken.
    Free,
    /// So much of what works.
    OfStake(u16),
    /// So much of what it wins.
    OfWin(u16),
}

/// All that decides what a win pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Price {
    pub(super) win: u32,
    pub(super) per: u32,
    pub(super) vig: Vig,
    /// The stake includes the vig, and only the rest of it works; a loss costs both. Otherwise a win alone pays it.
    pub(super) up_front: bool,
}

impl From<Pays> for Price {
    fn from(Pays { win, per }: Pays) -> Price {
        Price { win: win.into(), per: per.into(), vig: Vig::Free, up_front: false }
    }
}

impl Price {
    /// True odds against an event that happens in `win` ways before one that happens in `lose`.
    pub(super) fn true_odds(win: u32, lose: u32) -> Price {
        Price { win: lose, per: win, vig: Vig::Free, up_front: false }
    }

    pub(super) fn with_vig(self, vig: Vig, up_front: bool) -> Price {
        Price { vig, up_front, ..self }
    }

    /// What a stake wins in whole chips. Saturates, which no checked stake under checked rules reaches.
    pub(super) fn payout(self, stake: Amount, chip: Amount) -> Amount {
        let chip = u128::from(chip.max(1));
        let part = |whole: u128, (of, over): (u128, u128)| divided(divided(whole * of, over), chip) * chip;
        let (rate, whole) = self.rate();
        let stake = u128::from(stake);
        let (works, vig) = if self.up_front {
            let vig = part(stake, (rate, whole + rate));
            (stake - vig, vig)
        } else {
            (stake, part(stake, (rate, whole)))
        };
        let won = part(works, (self.win.into(), self.per.into()));
        Amount::try_from(won.saturating_sub(vig)).unwrap_or(Amount::MAX)
    }

    /// The fewest chips on which nothing is rounded.
    pub(super) fn exact_chips(self) -> Option<u128> {
        let denominator = |of: u128, over: u128| over / gcd(of, over).max(1);
        let (win, per) = (u128::from(self.win), u128::from(self.per));
        let (rate, whole) = self.rate();
        if self.up_front {
            let vig = denominator(rate, whole + rate);
            lcm(vig, denominator(whole * win, (whole + rate) * per))
        } else {
            lcm(denominator(rate, whole), denominator(win, per))
        }
    }

    /// The vig as a part of what works.
    fn rate(self) -> (u128, u128) {
        match self.vig {
            Vig::Free => (0, 1),
            Vig::OfStake(rate) => (rate.into(), 10_000),
            Vig::OfWin(rate) => (u128::from(rate) * u128::from(self.win), 10_000 * u128::from(self.per)),
        }
    }
}

/// Rounded down. Nearly all amounts are short, and a processor divides those far faster.
fn divided(whole: u128, by: u128) -> u128 {
    match (u64::try_from(whole), u64::try_from(by.max(1))) {
        (_, Ok(1)) => whole,
        (Ok(whole), Ok(by)) => (whole / by).into(),
        _ => whole / by.max(1),
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The least common multiple; `None` if there is none or it is too long.
pub(super) fn lcm(a: u128, b: u128) -> Option<u128> {
    a.checked_div(gcd(a, b))?.checked_mul(b).filter(|&multiple| multiple > 0)
}
