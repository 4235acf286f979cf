//! What the policy lets the bank risk. Two limits are the bank's own: what it keeps back, and what one bet may win of it.
//! The third, what a roll may cost, it can't judge: only a table knows how far its bets have come. So each table gets,
//! with its orders, what its next roll may cost, and refuses what would go beyond.
//!
//! The dice of two tables are independent, so the worst of all is the sum of the tables' worst. What all may lose beyond
//! what their open bets can cost is shared out among the tables in proportion to the covers of their new bets. So tables
//! play in parallel, and together never take on more than they may. A bet that comes down can raise the worst (it may
//! have stood against others), above a limit too: players are free to take bets down, and each bet's own cover stays.

use super::{Bank, Reason, escrow_of};
use crate::{Bet, Order, Orders};
use bitcraps_treasury::{Slot, split};
use bitcraps_types::{Amount, Height};

impl Bank {
    /// Whether the bank may stand behind a bet that can cost it so much.
    pub(super) fn may_cover(&self, house: Slot, bet: &Bet, cover: Amount) -> Result<(), Reason> {
        let house = self.ledger.at(house);
        let Bet::Craps(bet) = bet;
        let most = self.policy.kelly.as_ref().and_then(|kelly| kelly.most(bet, house.balance()));
        if let Some(most) = most.filter(|most| cover > *most) {
            return Err(Reason::KellyLimit { most });
        }
        let reserve = self.policy.reserve.of(house.balance());
        let left = house.available().saturating_sub(reserve);
        if reserve > 0 && cover > left { Err(Reason::BankReserve { left }) } else { Ok(()) }
    }

    /// The orders of the tables that play this block, with what each table's next roll may cost.
    pub(super) fn orders(&mut self, height: Height) -> Vec<Orders> {
        let limits = self.roll_limits();
        let playing = self.playing.iter().zip(limits);
        let orders = playing.map(|(&at, limit)| {
            let seat = &mut self.seats[at];
            Orders { table: seat.table, height, orders: std::mem::take(&mut seat.orders), limit }
        });
        orders.collect()
    }

    /// What the next roll of each table that plays may cost; `None`: no limit.
    fn roll_limits(&self) -> Vec<Option<Amount>> {
        let Some(total) = self.policy.total_loss else {
            return vec![self.policy.table_loss; self.playing.len()];
        };
        let at_risk = self.seats.iter().fold(0, |sum: Amount, seat| sum.saturating_add(seat.worst));
        let playing = || self.playing.iter().map(|&at| &self.seats[at]);
        let covers: Vec<Amount> = playing().map(|seat| self.covers(&seat.orders)).collect();
        let shares = split(total.saturating_sub(at_risk), &covers).unwrap_or(vec![0; covers.len()]);
        let all = playing().zip(shares).map(|(seat, share)| seat.worst.saturating_add(share));
        all.map(|all| Some(self.policy.table_loss.map_or(all, |own| own.min(all)))).collect()
    }

    /// What the bets among the orders can cost, each by itself.
    fn covers(&self, orders: &[Order]) -> Amount {
        let covers = orders.iter().filter_map(|order| self.ledger.escrow_of(&escrow_of(order.id)));
        covers.fold(0, |sum: Amount, escrow| sum.saturating_add(escrow.cover))
    }
}
