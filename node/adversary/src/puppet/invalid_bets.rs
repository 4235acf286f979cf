//! Byzantine participant that fills its blocks with commands of its own that must be refused: bets and payments without
//! money, at tables and on bets that are not, outside the limits, on the bets of others.
//!
//! Attacks the treasury: its blocks are valid, and are decided. Each command must be refused in them, for its own reason,
//! and leave nothing behind but its sequence number.

use super::deed::{Deed, Here};
use super::stuffed::{self, OwnCommands};
use super::swapped::Swapped;
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_casino::{Action, Bet, Block};
use bitcraps_consensus::Signed;
use bitcraps_tables::{BetId, craps};
use bitcraps_types::{AccountId, TableId, ValidatorIndex};

/// See the module.
#[derive(Default)]
pub(super) struct InvalidBets {
    swapped: Swapped,
    own: OwnCommands,
}

impl Deed for InvalidBets {
    fn tell_own(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let Self { swapped, own } = self;
        let stuffed = |here: &mut Here<'_>, truth: &_| {
            stuffed::with(truth, |block| {
                let mine = AccountId::of_key(&here.identity.signer.public_key());
                actions(block, mine).into_iter().map(|action| own.sign(here, action)).collect()
            })
        };
        swapped.rewrite(here, signed, stuffed, out)
    }
}

/// One of each kind.
fn actions(block: &Block, mine: AccountId) -> Vec<Action> {
    let bet = |table: u32, bet: craps::Bet, stake: u64| Action::Bet {
        table: TableId(table),
        bet: Bet::Craps(bet),
        stake,
    };
    // A bet of somebody else's, if the block has one.
    let other = block.commands.iter().map(|signed| &signed.command);
    let other = other.map(|command| BetId { account: command.account(), sequence: command.sequence }).next();
    let none = BetId { account: mine, sequence: u64::MAX };
    vec![
        bet(0, craps::Bet::Field, 100_000),
        bet(0, craps::Bet::Field, 0),
        bet(0, craps::Bet::Field, u64::MAX),
        bet(u32::MAX, craps::Bet::Field, 100),
        bet(0, craps::Bet::Odds { base: u64::MAX }, 100),
        Action::TakeDown { table: TableId(0), bet: other.unwrap_or(none) },
        Action::TakeDown { table: TableId(0), bet: none },
        Action::Transfer { to: other.unwrap_or(none).account, amount: 1_000_000 },
        Action::Transfer { to: AccountId::of_house("nobody"), amount: 0 },
    ]
}
