//! The tables as a watcher sees them, and what their reports change.

use super::{BetEnd, BetNews, Effect, TableNews};
use bitcraps_casino::{Action, Answer, Bet, Block, Reason, Table, TableReport};
use bitcraps_tables::{BetId, CrapsRules, Dice, OpenBet, craps};
use bitcraps_types::{AccountId, Amount, Digest, Height, TableId};
use std::collections::{BTreeMap, VecDeque};

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableView {
    /// Its number.
    pub id: TableId,
    /// Its rules.
    pub rules: CrapsRules,
    /// The point; `None` before a come-out roll.
    pub point: Option<craps::Number>,
    /// Who threw last; `None`: the house.
    pub shooter: Option<AccountId>,
    /// The bets that are up.
    pub bets: BTreeMap<BetId, BetView>,
    /// The last rolls, the newest last.
    pub rolls: VecDeque<RollView>,
}

/// A bet that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BetView {
    /// On what.
    pub bet: Bet,
    /// How much.
    pub stake: Amount,
    /// The command that placed it, if it is known: a snapshot does not tell.
    pub command: Option<Digest>,
}

/// One roll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollView {
    /// In this block.
    pub height: Height,
    /// The dice.
    pub dice: Dice,
    /// The point afterwards.
    pub point: Option<craps::Number>,
    /// Who threw; `None`: the house.
    pub shooter: Option<AccountId>,
}

/// What the commands of a block did, as the tables' reports tell it.
pub(super) struct Played {
    /// By the commands' places in the block. What a refused command would have done means nothing.
    pub(super) effects: Vec<Effect>,
    /// The bets that ended, by the commands that placed them.
    pub(super) ends: Vec<(Digest, (Height, BetEnd))>,
    pub(super) rolls: Vec<TableNews>,
    pub(super) bets: Vec<BetNews>,
    /// The orders that were followed, by their ids: place in the block, command, and the bet to place.
    orders: BTreeMap<BetId, Ordered>,
}

struct Ordered {
    place: usize,
    command: Digest,
    bet: Option<(Bet, Amount)>,
}

impl Played {
    pub(super) fn new(
        block: &Block,
        ids: &[Digest],
        verdicts: &[Option<Reason>],
        any_reports: bool,
    ) -> Played {
        let effect = |action: &Action, account: AccountId, sequence: u64| match action {
            Action::Transfer { .. } => Effect::Transferred,
            Action::Bet { .. } => Effect::Placed { bet: BetId { account, sequence }, end: None },
            Action::TakeDown { .. } => Effect::TookDown { bets: 0, returned: 0 },
            Action::Bond { .. } => Effect::Bonded,
            Action::Unbond { .. } => Effect::Unbonding,
        };
        let commands = || block.commands.iter().map(|signed| &signed.command);
        let effects =
            commands().map(|command| effect(&command.action, command.account(), command.sequence)).collect();
        let mut orders = BTreeMap::new();
        if any_reports {
            for (place, command) in commands().enumerate() {
                let bet = match command.action {
                    Action::Bet { bet, stake, .. } => Some((bet, stake)),
                    Action::TakeDown { .. } => None,
                    Action::Transfer { .. } | Action::Bond { .. } | Action::Unbond { .. } => continue,
                };
                if verdicts[place].is_none() {
                    let id = BetId { account: command.account(), sequence: command.sequence };
                    orders.insert(id, Ordered { place, command: ids[place], bet });
                }
            }
        }
        Played { effects, ends: Vec::new(), rolls: Vec::new(), bets: Vec::new(), orders }
    }
}

impl TableView {
    /// So many rolls are kept.
    pub const ROLLS_KEPT: usize = 32;

    pub(super) fn of(table: &Table) -> TableView {
        let bet = |OpenBet { id, bet, stake }: OpenBet<craps::Bet>| {
            (id, BetView { bet: Bet::Craps(bet), stake, command: None })
        };
        TableView {
            id: table.id(),
            rules: *table.game().rules(),
            point: table.game().point(),
            shooter: table.game().shooter(),
            bets: table.open_bets().map(bet).collect(),
            rolls: VecDeque::new(),
        }
    }

    /// Takes note of what the table did in a block.
    pub(super) fn report(&mut self, height: Height, report: &TableReport, played: &mut Played) {
        for answer in &report.answers {
            match &answer.answer {
                Answer::Placed => self.placed(answer.id, played),
                Answer::TakenDown(down) => {
                    let returned = down.iter().fold(0, |sum: Amount, bet| sum.saturating_add(bet.stake));
                    if let Some(order) = played.orders.get(&answer.id) {
                        played.effects[order.place] = Effect::TookDown { bets: down.len(), returned };
                    }
                    for taken in down {
                        self.ended(height, taken.bet, BetEnd::TakenDown, played);
                    }
                }
                Answer::NotPlaced(_) | Answer::NotTakenDown(_) => {}
            }
        }
        for settlement in &report.settlements {
            self.ended(height, settlement.bet, settlement.outcome.into(), played);
        }
        let TableReport { roll, point, shooter, .. } = *report;
        self.point = point;
        played.rolls.push(TableNews { table: self.id, dice: roll, shooter, point });
        if let Some(dice) = roll {
            self.shooter = shooter;
            if self.rolls.len() == Self::ROLLS_KEPT {
                self.rolls.pop_front();
            }
            self.rolls.push_back(RollView { height, dice, point, shooter });
        }
    }

    fn placed(&mut self, id: BetId, played: &mut Played) {
        if let Some(Ordered { command, bet: Some((bet, stake)), .. }) = played.orders.get(&id) {
            let (bet, stake, command) = (*bet, *stake, Some(*command));
            self.bets.insert(id, BetView { bet, stake, command });
            played.bets.push(BetNews { table: self.id, id, bet, stake, end: None });
        }
    }

    fn ended(&mut self, height: Height, id: BetId, end: BetEnd, played: &mut Played) {
        if let Some(BetView { bet, stake, command }) = self.bets.remove(&id) {
            played.bets.push(BetNews { table: self.id, id, bet, stake, end: Some(end) });
            played.ends.extend(command.map(|command| (command, (height, end))));
        }
    }
}
