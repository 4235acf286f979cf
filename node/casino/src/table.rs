//! One table's half of a block: orders in, a report out. It owns a game and no money.

use crate::Bet;
use bitcraps_tables::craps::Losses;
use bitcraps_tables::{
    BetError, BetId, Craps, CrapsRules, Dice, Game, OpenBet, Seed, Settlement, TakenDown, craps, roll,
};
use bitcraps_types::{AccountId, Amount, Digest, Height, TableId};
use borsh::{BorshDeserialize, BorshSerialize};

/// What a table is to do in a block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Orders {
    /// Which table.
    pub table: TableId,
    /// The block.
    pub height: Height,
    /// In the order of the block. Empty if the table has nothing but open bets.
    pub orders: Vec<Order>,
    /// The most that the roll may cost the house; `None`: no limit.
    pub limit: Option<Amount>,
}

/// One command at a table, covered by the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Order {
    /// The command: its account and sequence number. A bet that it places has this id.
    pub id: BetId,
    /// What to do.
    pub play: Play,
}

/// What to do at a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Play {
    /// Put a bet up.
    Place {
        /// On what.
        bet: Bet,
        /// How much.
        stake: Amount,
    },
    /// Take a bet of the same account down.
    TakeDown {
        /// Which.
        bet: BetId,
    },
}

/// What a table did in a block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TableReport {
    /// Which table.
    pub table: TableId,
    /// An answer to each order, in their order.
    pub answers: Vec<AnswerTo>,
    /// The dice, if any bet was up.
    pub roll: Option<Dice>,
    /// Who threw them; `None`: the house, or nobody.
    pub shooter: Option<AccountId>,
    /// What the dice decided.
    pub settlements: Vec<Settlement>,
    /// The point afterwards; `None` before a come-out roll.
    pub point: Option<craps::Number>,
    /// The table's state afterwards.
    pub digest: Digest,
    /// Whether bets are up afterwards.
    pub has_open_bets: bool,
    /// The block in which the table must play though no bet is up; `None` while bets are.
    pub wakes_at: Option<Height>,
    /// What the next roll can cost the house at worst, if its orders had a limit; else 0.
    pub worst: Amount,
}

/// The answer to one order.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AnswerTo {
    /// The order's id.
    pub id: BetId,
    /// What became of it.
    pub answer: Answer,
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Answer {
    /// The bet is up.
    Placed,
    /// These bets came down.
    TakenDown(Vec<TakenDown>),
    /// A bet that the table did not take.
    NotPlaced(BetError),
    /// A bet that the table did not give back.
    NotTakenDown(BetError),
}

/// A table with its game.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Table {
    id: TableId,
    game: Craps,
}

impl Table {
    /// A new table.
    pub fn new(id: TableId, rules: CrapsRules) -> Table {
        Table { id, game: Craps::new(rules) }
    }

    /// Its number.
    pub fn id(&self) -> TableId {
        self.id
    }

    /// Its game.
    pub fn game(&self) -> &Craps {
        &self.game
    }

    /// The bets that are up, in the order of their ids.
    pub fn open_bets(&self) -> impl Iterator<Item = OpenBet<craps::Bet>> + '_ {
        self.game.open_bets()
    }

    /// Follows the orders in order, then rolls once if any bet is up. So a table rolls once in each block in which it
    /// has bets; the bank asks it to play in each of them, and each such block has a seed. A table that has been closed
    /// for long gives its bets back instead.
    pub fn play(&mut self, orders: &Orders, seed: Option<&Seed>) -> TableReport {
        let Orders { height, orders, limit, .. } = orders;
        self.game.begin(*height);
        let mut ceiling = limit.map(|limit| Ceiling { limit, losses: self.game.losses(None) });
        let mut answers = Vec::with_capacity(orders.len());
        for &Order { id, play } in orders {
            answers.push(AnswerTo { id, answer: self.follow(id, play, ceiling.as_mut()) });
        }
        let rolls = self.game.has_open_bets() && !self.game.is_over();
        let dice = seed.filter(|_| rolls).map(|seed| roll(seed, self.id));
        let settlements = match dice {
            Some(dice) => self.game.roll(dice),
            None if self.game.is_over() => self.game.give_back(),
            None => Vec::new(),
        };
        TableReport {
            table: self.id,
            answers,
            roll: dice,
            shooter: dice.and(self.game.shooter()),
            settlements,
            point: self.game.point(),
            digest: self.digest(),
            has_open_bets: self.game.has_open_bets(),
            wakes_at: self.game.wakes_at(),
            worst: self.worst(limit.is_some()),
        }
    }

    /// What the next roll can cost at worst, if anybody asks.
    pub(crate) fn worst(&self, asked: bool) -> Amount {
        if asked { self.game.worst_roll(None).need() } else { 0 }
    }

    /// The digest of the table's state, without its rules: they never change, and the bank's root covers those of all
    /// tables.
    pub fn digest(&self) -> Digest {
        let mut bytes = Vec::with_capacity(512);
        (self.id, self.game.state()).serialize(&mut bytes).expect("a vector takes all bytes");
        Digest::sha256("casino/table", &bytes)
    }

    fn follow(&mut self, id: BetId, play: Play, ceiling: Option<&mut Ceiling>) -> Answer {
        match play {
            Play::Place { bet: Bet::Craps(bet), stake } => match self.place(id, bet, stake, ceiling) {
                Ok(()) => Answer::Placed,
                Err(error) => Answer::NotPlaced(error),
            },
            Play::TakeDown { bet } => {
                let gone = self.game.losses_of(bet);
                match self.game.take_down(bet) {
                    Ok(down) => {
                        ceiling.into_iter().for_each(|ceiling| ceiling.losses -= gone);
                        Answer::TakenDown(down)
                    }
                    Err(error) => Answer::NotTakenDown(error),
                }
            }
        }
    }

    fn place(
        &mut self,
        id: BetId,
        bet: craps::Bet,
        stake: Amount,
        ceiling: Option<&mut Ceiling>,
    ) -> Result<(), BetError> {
        if let Some(ceiling) = ceiling {
            ceiling.admit(self.game.losses_with(id, bet, stake)?)?;
        }
        self.game.place(id, bet, stake)
    }
}

/// What the roll may cost, and what it costs with the bets that are up.
struct Ceiling {
    limit: Amount,
    losses: Losses,
}

impl Ceiling {
    /// Takes a bet's losses in, unless they raise the worst case above the limit. A bet that raises it not at all is
    /// always welcome.
    fn admit(&mut self, more: Losses) -> Result<(), BetError> {
        let mut with = self.losses;
        with += more;
        let (before, after) = (self.losses.worst(), with.worst());
        if after.loss > before.loss && after.loss > i128::from(self.limit) {
            let left = i128::from(self.limit).saturating_sub(before.loss);
            return Err(BetError::AboveLossLimit { left: Amount::try_from(left).unwrap_or(0) });
        }
        self.losses = with;
        Ok(())
    }
}
