//! Whose turn it is to shoot. The dice come from consensus, so to shoot is an honour: it decides when a turn ends and
//! when the bets on a new shooter can be made, never what the dice show.
//!
//! A player joins the table with a bet and leaves it when a hand begins without any bet of hers. A seven-out ends the
//! hand. Before the first roll of the next one the shooter goes to the end of the queue, in which the others stand in
//! the order in which they joined, and the dice go to the first in it who has a line bet up. If nobody has, the house
//! throws, and the dice go to a player before the first come-out roll at which somebody has one. Whoever has the dice
//! keeps them until the seven-out, with bets or without: a table never waits for anybody.

use bitcraps_types::AccountId;
use borsh::{BorshDeserialize, BorshSerialize};

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Hand {
    /// Whether it has yet to see its first roll.
    new: bool,
    /// Who has the dice, or had them last if the hand is new.
    shooter: Option<AccountId>,
    /// In the order in which they take the dice.
    queue: Vec<AccountId>,
}

impl Hand {
    /// At a table where nobody has played.
    pub(super) fn first() -> Hand {
        Hand { new: true, shooter: None, queue: Vec::new() }
    }

    pub(super) fn is_new(&self) -> bool {
        self.new
    }

    pub(super) fn shooter(&self) -> Option<AccountId> {
        self.shooter
    }

    /// A player makes a bet. Beyond `room` players those without bets leave.
    pub(super) fn join(&mut self, player: AccountId, room: usize, has_bets: impl Fn(AccountId) -> bool) {
        if self.queue.contains(&player) {
            return;
        }
        if self.queue.len() >= room {
            self.queue.retain(|&other| has_bets(other));
        }
        self.queue.push(player);
    }

    /// Before a come-out roll: gives the dice away if nobody has them.
    pub(super) fn come_out(
        &mut self,
        has_bets: impl Fn(AccountId) -> bool,
        on_the_line: impl Fn(AccountId) -> bool,
    ) {
        if !self.new && self.shooter.is_some() {
            return;
        }
        if let Some(last) = self.shooter {
            self.queue.retain(|&player| player != last);
            self.queue.push(last);
        }
        self.queue.retain(|&player| has_bets(player));
        self.shooter = self.queue.iter().copied().find(|&player| on_the_line(player));
    }

    /// After a roll.
    pub(super) fn rolled(&mut self, seven_out: bool) {
        self.new = seven_out;
    }
}
