//! What is fixed for a craps table: limits, chip, vig, what works on the come-out, and the pay table. A variant of the
//! game is a value of [`CrapsRules`], not code.

use super::numbers::{ByNumber, Horn};
use super::pays::Pays;
use super::{Bet, layout};
use bitcraps_types::{Amount, Height};
use borsh::{BorshDeserialize, BorshSerialize};

/// The rules of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CrapsRules {
    /// The smallest chip: stakes are multiples of it, payouts and vig are rounded down to one.
    pub unit: Amount,
    /// The smallest and the largest stakes.
    pub limits: Limits,
    /// The most odds that a line, come or put bet carries, in multiples of its stake. Who lays odds against the number
    /// may lay as much as wins that multiple.
    pub odds: ByNumber<u8>,
    /// The come-out number that pushes the bets against the shooter: 2, 3 or 12.
    pub barred: Horn,
    /// What works on the come-out.
    pub working: Working,
    /// The vig.
    pub vig: Vigs,
    /// What the bets pay.
    pub pays: PayTable,
    /// How many blocks a shooter keeps the dice without a bet up; 0: for ever.
    pub turn: u32,
    /// From this block on the table takes no bets, and plays out what is up; 0: it never closes.
    pub closes_at: Height,
}

/// The smallest and the largest stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Limit {
    /// The smallest.
    pub min: Amount,
    /// The largest.
    pub max: Amount,
}

/// The limits of each kind of bet. Odds may be smaller than their minimum and larger than their maximum, by
/// [`odds`](CrapsRules::odds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Limits {
    /// Pass, come, their opposites, put.
    pub line: Limit,
    /// Place, place to lose, buy, lay, big 6 and 8.
    pub number: Limit,
    /// Hardways and the bets on one roll.
    pub proposition: Limit,
    /// Yes, no and next.
    pub exchange: Limit,
    /// Small, tall, all, fire, repeaters, different doubles, Muggsy.
    pub bonus: Limit,
}

/// What works on the come-out. What is not named here always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Working {
    /// Place bets.
    pub place: bool,
    /// Buy bets.
    pub buy: bool,
    /// Hardways.
    pub hardways: bool,
    /// Odds on come and put bets. If they don't, they are returned when a come-out decides their base bet.
    pub come_odds: bool,
}

/// The vig, in hundredths of a per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vigs {
    /// Of the stake of a buy bet.
    pub buy: u16,
    /// Of what a lay bet wins.
    pub lay: u16,
    /// Of what yes, no and next win; a win alone pays it.
    pub exchange: u16,
    /// Whether buy and lay pay it when they are made: then it is a part of the stake, and lost with it. Otherwise a win
    /// alone pays it.
    pub up_front: bool,
}

/// What a win pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PayTable {
    /// Place.
    pub place: ByNumber<Pays>,
    /// Place to lose.
    pub place_to_lose: ByNumber<Pays>,
    /// Big 6 and 8.
    pub big: Pays,
    /// Hard 4 and 10.
    pub hard_four_ten: Pays,
    /// Hard 6 and 8.
    pub hard_six_eight: Pays,
    /// The field on 2. On 3, 4, 9, 10 and 11 it pays even money.
    pub field_two: Pays,
    /// The field on 12.
    pub field_twelve: Pays,
    /// Any seven; its part of world, too.
    pub any_seven: Pays,
    /// Any craps; its half of C&E, too.
    pub any_craps: Pays,
    /// 2 or 12 next; their parts of horn, horn high and world, too.
    pub two_twelve: Pays,
    /// 3 or 11 next; their parts of horn, horn high, world and C&E, too.
    pub three_eleven: Pays,
    /// Hops on two faces.
    pub hop_easy: Pays,
    /// Hops on a pair.
    pub hop_hard: Pays,
    /// All of 2 to 6.
    pub small: Pays,
    /// All of 8 to 12.
    pub tall: Pays,
    /// All totals.
    pub all: Pays,
    /// Four, five and six points made.
    pub fire: [Pays; 3],
    /// 2 or 12 twice, 3 or 11 thrice, 4 or 10 four times, 5 or 9 five times, 6 or 8 six times.
    pub repeater: [Pays; 5],
    /// Three, four, five and six different pairs.
    pub different_doubles: [Pays; 4],
    /// A seven on the come-out, and one right after the point.
    pub muggsy: [Pays; 2],
}

/// Why rules are no rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The unit is 0.
    #[error("unit: the unit is 0")]
    NoUnit,
    /// The least stake is 0.
    #[error("limits.{kind}.min: the minimum stake is 0")]
    NoMinimum {
        /// Of these bets.
        kind: &'static str,
    },
    /// No stake lies between the limits.
    #[error(
        "limits.{kind}: no multiple of {unit} lies between the minimum stake {min} and the maximum {max}"
    )]
    NoStake {
        /// Of these bets.
        kind: &'static str,
        /// The unit.
        unit: Amount,
        /// The smallest stake.
        min: Amount,
        /// The largest stake.
        max: Amount,
    },
    /// The largest stake is above [`CrapsRules::MAX_STAKE`].
    #[error("limits.{kind}.max: the maximum stake is above {}", CrapsRules::MAX_STAKE)]
    MaximumTooLarge {
        /// Of these bets.
        kind: &'static str,
    },
    /// Nobody rolls an 11 against the shooter.
    #[error("barred: the barred number is 2, 3 or 12")]
    Barred,
    /// A vig of more than all.
    #[error("vig: above 10000 hundredths of a per cent")]
    VigTooLarge,
    /// Odds of something to nothing, or so long that a payout could overflow.
    #[error("pays.{name}: {pays} is not between 0:1 and {}:1 with terms that small", CrapsRules::MAX_PAYS)]
    Pays {
        /// The bet's entry in the pay table.
        name: &'static str,
        /// What it says.
        pays: Pays,
    },
    /// A part of a bet wins less than its other parts lose.
    #[error("{bet}: where one part wins, it does not make up for the parts that lose")]
    PartlyLost {
        /// The bet.
        bet: Bet,
    },
    /// The house would lose on average.
    #[error("{bet}: the player has the edge")]
    PlayerHasTheEdge {
        /// The bet.
        bet: Bet,
    },
}

impl CrapsRules {
    /// The largest maximum stake. With [`MAX_PAYS`](CrapsRules::MAX_PAYS), no payout on it overflows.
    pub const MAX_STAKE: Amount = 1 << 48;

    /// The longest odds that a bet pays, to 1.
    pub const MAX_PAYS: u16 = 10_000;

    /// The usual limit of odds: all full odds win six times the base bet.
    pub const THREE_FOUR_FIVE: ByNumber<u8> = ByNumber { four_ten: 3, five_nine: 4, six_eight: 5 };

    /// The same with other limits for all bets.
    pub fn with_limits(self, limit: Limit) -> CrapsRules {
        let limits = Limits { line: limit, number: limit, proposition: limit, exchange: limit, bonus: limit };
        CrapsRules { limits, ..self }
    }

    /// Whether a table takes no more bets in this block.
    pub fn closed(&self, at: Height) -> bool {
        self.closes_at != 0 && at >= self.closes_at
    }

    /// Whether the rules can be played: stakes exist, nothing overflows, and no bet favours the player.
    pub fn check(&self) -> Result<(), RulesError> {
        if self.unit == 0 {
            return Err(RulesError::NoUnit);
        }
        let Limits { line, number, proposition, exchange, bonus } = self.limits;
        let kinds = [line, number, proposition, exchange, bonus];
        for (kind, limit) in ["line", "number", "proposition", "exchange", "bonus"].into_iter().zip(kinds) {
            self.check_limit(kind, limit)?;
        }
        if self.barred == Horn::Eleven {
            return Err(RulesError::Barred);
        }
        if self.vig.buy.max(self.vig.lay).max(self.vig.exchange) > 10_000 {
            return Err(RulesError::VigTooLarge);
        }
        for (name, pays) in self.pays() {
            if pays.per == 0 || pays.per > Self::MAX_PAYS || pays.win > Self::MAX_PAYS {
                return Err(RulesError::Pays { name, pays });
            }
        }
        if let Some(bet) = layout::partly_lost(self) {
            return Err(RulesError::PartlyLost { bet });
        }
        let mut terms = Bet::all().filter_map(|bet| Some((bet, layout::terms(self, bet, None)?)));
        match terms.find(|(_, terms)| terms.favours_the_player()) {
            Some((bet, _)) => Err(RulesError::PlayerHasTheEdge { bet }),
            None => Ok(()),
        }
    }

    fn check_limit(&self, kind: &'static str, Limit { min, max }: Limit) -> Result<(), RulesError> {
        if min == 0 {
            return Err(RulesError::NoMinimum { kind });
        }
        if max > Self::MAX_STAKE {
            return Err(RulesError::MaximumTooLarge { kind });
        }
        if max / self.unit * self.unit < min {
            return Err(RulesError::NoStake { kind, unit: self.unit, min, max });
        }
        Ok(())
    }
}

impl Default for CrapsRules {
    /// The usual North American table: stakes from 1 to a million (bonus bets: to ten thousand) in chips of 1, 3-4-5x
    /// odds, 12 barred, a vig of 5 % on buy and lay that a win pays and of 2 % on yes, no and next, the field pays 2:1
    /// on 2 and 12. A shooter without a bet loses the dice after 100 blocks, and the table never closes.
    fn default() -> Self {
        let usual = Limit { min: 1, max: 1_000_000 };
        let bonus = Limit { min: 1, max: 10_000 };
        let by_number = |four_ten, five_nine, six_eight| ByNumber { four_ten, five_nine, six_eight };
        CrapsRules {
            unit: 1,
            limits: Limits { line: usual, number: usual, proposition: usual, exchange: usual, bonus },
            odds: Self::THREE_FOUR_FIVE,
            barred: Horn::Twelve,
            working: Working { place: false, buy: false, hardways: false, come_odds: false },
            vig: Vigs { buy: 500, lay: 500, exchange: 200, up_front: false },
            pays: PayTable {
                place: by_number(Pays::new(9, 5), Pays::new(7, 5), Pays::new(7, 6)),
                place_to_lose: by_number(Pays::new(5, 11), Pays::new(5, 8), Pays::new(4, 5)),
                big: Pays::EVEN,
                hard_four_ten: Pays::to_one(7),
                hard_six_eight: Pays::to_one(9),
                field_two: Pays::to_one(2),
                field_twelve: Pays::to_one(2),
                any_seven: Pays::to_one(4),
                any_craps: Pays::to_one(7),
                two_twelve: Pays::to_one(30),
                three_eleven: Pays::to_one(15),
                hop_easy: Pays::to_one(15),
                hop_hard: Pays::to_one(30),
                small: Pays::to_one(34),
                tall: Pays::to_one(34),
                all: Pays::to_one(175),
                fire: [24, 249, 999].map(Pays::to_one),
                repeater: [40, 50, 65, 80, 90].map(Pays::to_one),
                different_doubles: [4, 8, 15, 100].map(Pays::to_one),
                muggsy: [2, 3].map(Pays::to_one),
            },
            turn: 100,
            closes_at: 0,
        }
    }
}
