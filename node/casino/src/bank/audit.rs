//! Whether a bank and tables belong together: what a snapshot from a peer must pass before anything relies on it.

use super::{Bank, escrow_of, house};
use crate::policy::issue;
use crate::{PolicyError, Table};
use bitcraps_tables::{BetId, Craps, CrapsRules, Game, craps};
use bitcraps_treasury::{Escrow, LedgerFault};
use bitcraps_types::{Amount, TableId};

/// Why a bank and tables don't belong together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// Some tables have not reported yet.
    #[error("taken in the middle of a block")]
    MidBlock,
    /// The ledger is no ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerFault),
    /// The house's accounts have other names, or numbers that it can't have used.
    #[error("the house's accounts are not those of a casino")]
    House,
    /// No casino can go by the policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// There is no committee, or their heights are out of order.
    #[error("the committees are not those of a chain")]
    Committees,
    /// More is unbonding than the stakes hold.
    #[error("the stakes do not hold what is unbonding")]
    Stakes,
    /// The bank knows other tables, or in another order.
    #[error("the bank and the tables are not of one casino")]
    Tables,
    /// The bank knows another state of the table.
    #[error("the bank and table {} disagree", .0.0)]
    Table(TableId),
    /// The escrow of an open bet is not the one that it needs.
    #[error("the escrow of {0:?} is not what the bet needs")]
    Bet(BetId),
    /// An escrow belongs to no open bet.
    #[error("an escrow belongs to no open bet")]
    StrayEscrow,
}

impl Bank {
    /// Whether the bank's books agree with themselves and with the tables; what a bank from a peer must pass. It also
    /// fills the caches. At the cost of the whole state.
    pub(crate) fn audit(&mut self, tables: &[Table]) -> Result<(), AuditError> {
        if !self.playing.is_empty() || !self.ledger.is_at_rest() {
            return Err(AuditError::MidBlock);
        }
        self.ledger.check()?;
        if self.house != house() || *self.ledger.issue_account() != issue() {
            return Err(AuditError::House);
        }
        // Numbers of the house's own are used one by one: no chain comes so far.
        if self.ledger.account(&self.house).is_none_or(|house| house.sequences.highest() > u64::MAX / 2) {
            return Err(AuditError::House);
        }
        if !self.committees.are_sound() {
            return Err(AuditError::Committees);
        }
        self.policy.check(&self.committee().powers())?;
        if !self.stakes_are_sound() {
            return Err(AuditError::Stakes);
        }
        let ascending = self.seats.is_sorted_by(|before, after| before.table < after.table);
        if !ascending || !self.seats.iter().map(|seat| seat.table).eq(tables.iter().map(Table::id)) {
            return Err(AuditError::Tables);
        }
        let mut open_bets = 0;
        for (table, seat) in tables.iter().zip(&self.seats) {
            let game = table.game();
            let agrees = seat.rules == *game.rules()
                && seat.rules.check().is_ok()
                && seat.digest == table.digest()
                && seat.has_open_bets == game.has_open_bets()
                && seat.wakes_at == game.wakes_at()
                && seat.worst == table.worst(self.policy.limits_rolls());
            if !agrees {
                return Err(AuditError::Table(seat.table));
            }
            for bet in table.open_bets() {
                self.audit_bet(game.rules(), bet.id, bet.bet, bet.stake)?;
                open_bets += 1;
            }
        }
        if open_bets != self.ledger.escrows().count() {
            return Err(AuditError::StrayEscrow);
        }
        self.refresh_root();
        Ok(())
    }

    /// Whether a bet's escrow is the one that it needs.
    fn audit_bet(
        &self,
        rules: &CrapsRules,
        id: BetId,
        bet: craps::Bet,
        stake: Amount,
    ) -> Result<(), AuditError> {
        let wrong = AuditError::Bet(id);
        let cover = Craps::exposure(rules, &bet, stake).map_err(|_| wrong.clone())?;
        let needed = Some(Escrow { with: self.house_slot(), stake, cover });
        if self.ledger.escrow_of(&escrow_of(id)) == needed.as_ref() { Ok(()) } else { Err(wrong) }
    }
}
