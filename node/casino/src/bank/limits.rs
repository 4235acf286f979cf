//! What the policy lets the bank risk. Two limits are the bank's own: what it keeps back, and what one bet may win of it.
//! The third, what a roll may cost, it can't judge: only a table knows how far its bets have come. So each table gets,
//! with its orders, what its next roll may cost, and refuses what would go beyond.
//!
//! The dice of two tables are independent, so the worst of all is the sum of the tables' worst. What all may lose beyond
//! what their open bets can cost is shared out among the tables in proportion to the covers of their new bets. So tables
//! play in parallel, and together never take on more than they may. A bet that comes down can raise the worst (it may
//! have stood against others), above a limit too: players are free to take bets down, and each bet's own cover stays.

use super::{Bank, COVER, Reason, leg};
use crate::{Bet, Order, Orders};
use bitcraps_treasury::split;
use bitcraps_types::{Amount, TableId};
use std::collections::BTreeMap;

impl Bank {
    /// Whether the bank may stand behind a bet that can cost it so much.
    pub(super) fn may_cover(&self, bet: &Bet, cover: Amount) -> Result<(), Reason> {
        let house = self.ledger.account(&self.house).copied().unwrap_or_default();
        let Bet::Craps(bet) = bet;
        let most = self.policy.kelly.as_ref().and_then(|kelly| kelly.most(bet, house.balance()));
        if let Some(most) = most.filter(|most| cover > *most) {
            return Err(Reason::KellyLimit { most });
        }
        let reserve = self.policy.reserve.of(house.balance());
        let left = house.available().saturating_sub(reserve);
        if reserve > 0 && cover > left { Err(Reason::BankReserve { left }) } else { Ok(()) }
    }

    /// The orders of a block, with what each table's next roll may cost.
    pub(super) fn limit_rolls(&self, orders: BTreeMap<TableId, Vec<Order>>) -> Vec<Orders> {
        let shares = self.policy.total_loss.and_then(|total| {
            let at_risk = self.seats.values().fold(0, |sum: Amount, seat| sum.saturating_add(seat.worst));
            let covers: Vec<Amount> = orders.values().map(|orders| self.covers(orders)).collect();
            split(total.saturating_sub(at_risk), &covers)
        });
        let limit = |at: usize, table: &TableId| -> Option<Amount> {
            let all = self.policy.total_loss.map(|_| {
                let share = shares.as_ref().map_or(0, |shares| shares[at]);
                self.seats.get(table).map_or(0, |seat| seat.worst).saturating_add(share)
            });
            [all, self.policy.table_loss].into_iter().flatten().min()
        };
        let with_limit = |(at, (table, orders))| Orders { table, orders, limit: limit(at, &table) };
        orders.into_iter().enumerate().map(with_limit).collect()
    }

    /// What the bets among the orders can cost, each by itself.
    fn covers(&self, orders: &[Order]) -> Amount {
        let covers = orders.iter().filter_map(|order| self.ledger.reserve_of(&leg(order.id, COVER)));
        covers.fold(0, |sum: Amount, reserve| sum.saturating_add(reserve.amount))
    }
}
