//! Whose turn it is to shoot. The dice come from consensus, so to shoot is an honour: it decides when a turn ends and
//! when the bets on a new shooter can be made, never what the dice show.
//!
//! A player joins the table with a bet and leaves it when a hand begins without any bet of hers. A seven-out ends the
//! hand. Before the first roll of the next one the shooter goes to the end of the queue, in which the others stand in
//! the order in which they joined, and the dice go to the first in it who has a line bet up. If nobody has, the house
//! throws, and the dice go to a player before the first come-out roll at which somebody has one.
//!
//! A table never waits for anybody. It rolls in each block in which a bet is up, whoever has the dice. Who has them and
//! has no bet up for a whole turn, so many blocks by the table's rules, loses them: if others have bets up, to the first
//! in the queue who has one on the line, and the hand goes on; if nobody has a bet up, the hand is over and its point is
//! taken off, so that the next player finds a table at which all bets can be made.

use super::Bet;
use super::seats::Seats;
use bitcraps_types::{AccountId, Height};
use borsh::{BorshDeserialize, BorshSerialize};

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Hand {
    /// Whether it has yet to see its first roll.
    new: bool,
    /// Who has the dice, or had them last if the hand is new.
    shooter: Option<AccountId>,
    /// The block of the last roll at which the shooter had a bet up, or the house threw: from there the turn counts.
    seen: Height,
}

impl Hand {
    /// At a table where nobody has played.
    pub(super) fn first() -> Hand {
        Hand { new: true, shooter: None, seen: 0 }
    }

    pub(super) fn is_new(&self) -> bool {
        self.new
    }

    pub(super) fn shooter(&self) -> Option<AccountId> {
        self.shooter
    }

    /// The block in which the shooter's turn is over; `None`: the dice are nobody's, or turns have no end.
    pub(super) fn turn_ends(&self, turn: u32) -> Option<Height> {
        (!self.new && turn > 0).then(|| self.seen.saturating_add(turn.into()))
    }

    /// Ends the hand without a seven.
    pub(super) fn end(&mut self) {
        self.new = true;
    }

    /// Before a come-out roll: gives the dice away if nobody has them. Who has no bet up leaves the table.
    pub(super) fn come_out(&mut self, seats: &mut Seats) {
        if !self.new && self.shooter.is_some() {
            return;
        }
        self.shooter.into_iter().for_each(|last| seats.put_last(last));
        seats.empty_idle();
        self.shooter = seats.first_with(on_the_line);
    }

    /// In the middle of a hand: the shooter's turn is over.
    pub(super) fn pass_on(&mut self, seats: &mut Seats, now: Height) {
        self.shooter.into_iter().for_each(|last| seats.put_last(last));
        self.shooter = seats.first_with(on_the_line);
        self.seen = now;
    }

    /// Before a roll.
    pub(super) fn throws(&mut self, seats: &Seats, now: Height) {
        let is_seen = |shooter| seats.of(shooter).is_some_and(|bets| bets.len() > 0);
        if self.shooter.is_none_or(is_seen) {
            self.seen = now;
        }
    }

    /// After a roll.
    pub(super) fn rolled(&mut self, seven_out: bool) {
        self.new = seven_out;
    }
}

fn on_the_line(bet: Bet) -> bool {
    matches!(bet, Bet::Pass | Bet::DontPass)
}
