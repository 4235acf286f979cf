//! A second bookkeeping: what each account has, by the genesis, the commands in the blocks and what the tables say of the
//! bets. It knows nothing of the ledger.
//!
//! What a bet can cost is asked of the game, which is judged elsewhere (`bitcraps-sim edges`). Accounts whose money moves
//! by other rules than these (the validators': rewards, stakes, fees) are not kept here.

use bitcraps_casino::{Action, Bet, Genesis, Policy, Reason, Reserve, SignedCommand};
use bitcraps_tables::{BetError, BetId, Craps, CrapsRules, Game};
use bitcraps_treasury::LedgerError;
use bitcraps_types::{AccountId, Amount, TableId};
use std::collections::{BTreeMap, BTreeSet};

/// So many numbers below the highest are told apart.
const WINDOW: u64 = 64;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Books {
    policy: Policy,
    tables: BTreeMap<TableId, CrapsRules>,
    house: AccountId,
    people: BTreeMap<AccountId, Person>,
    /// Whose money is not kept here.
    by_rule: BTreeSet<AccountId>,
    used: BTreeMap<AccountId, Used>,
    /// The bets that are up, and those that the block has put up.
    pub(super) bets: BTreeMap<BetId, Held>,
    /// All fees so far.
    pub(super) fees: u128,
    /// Whose money the block has touched.
    pub(super) touched: BTreeSet<AccountId>,
}

/// What an account has, and how much of it stands behind bets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) has: u128,
    pub(super) held: u128,
}

impl Person {
    fn free(&self) -> Amount {
        Amount::try_from(self.has - self.held).unwrap_or(Amount::MAX)
    }
}

/// A bet's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) table: TableId,
    pub(super) stake: Amount,
    /// The most that it can cost the house.
    pub(super) cover: Amount,
}

/// The numbers that an account used up.
#[derive(Clone, Debug, Default)]
struct Used {
    highest: u64,
    recent: BTreeSet<u64>,
}

/// What must become of a command at the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Must {
    /// It is done, or goes to its table.
    Do,
    /// It is refused for this reason.
    Refuse(Reason),
    /// That depends on what is not kept here.
    Unknown,
}

impl Books {
    pub(super) fn new(genesis: &Genesis) -> Books {
        let house = AccountId::of_house("bank");
        let by_rule: BTreeSet<AccountId> =
            genesis.validators.iter().map(|validator| AccountId::of_key(&validator.key)).collect();
        let players = genesis.players.iter().map(|(key, amount)| (AccountId::of_key(key), *amount));
        let players = players.filter(|(account, _)| !by_rule.contains(account));
        let person = |(account, amount)| (account, Person { has: u128::from(amount), held: 0 });
        Books {
            policy: genesis.policy.clone(),
            tables: genesis.tables.iter().map(|table| (table.id, table.rules)).collect(),
            house,
            people: players.chain([(house, genesis.bank)]).map(person).collect(),
            by_rule,
            used: BTreeMap::new(),
            bets: BTreeMap::new(),
            fees: 0,
            touched: BTreeSet::new(),
        }
    }

    /// What an account must have; `None` if it is not kept here.
    pub(super) fn person(&self, account: &AccountId) -> Option<&Person> {
        self.people.get(account)
    }

    /// Uses a command's number up and takes its fee. What must become of it.
    pub(super) fn admit(&mut self, signed: &SignedCommand) -> Must {
        let (account, sequence) = (signed.command.account(), signed.command.sequence);
        let kept = self.people.contains_key(&account);
        if !kept && !self.by_rule.contains(&account) {
            return Must::Refuse(Reason::Ledger(LedgerError::UnknownAccount));
        }
        let used = self.used.entry(account).or_default();
        let is_used = sequence == 0
            || used.recent.contains(&sequence)
            || used.highest.checked_sub(sequence).is_some_and(|below| below >= WINDOW);
        if is_used {
            return Must::Refuse(Reason::Ledger(LedgerError::SequenceUsed { highest: used.highest }));
        }
        used.recent.insert(sequence);
        used.highest = used.highest.max(sequence);
        let floor = used.highest.saturating_sub(WINDOW);
        while used.recent.first().is_some_and(|first| *first <= floor) {
            used.recent.pop_first();
        }
        if !kept && self.policy.fee.amount > 0 {
            return Must::Unknown;
        }
        match self.pay_fee(account) {
            Some(available) => Must::Refuse(Reason::Fee { available }),
            None => self.judge(account, &signed.command.action),
        }
    }

    /// What the account has, if that is less than the fee.
    fn pay_fee(&mut self, account: AccountId) -> Option<Amount> {
        let fee = self.policy.fee.amount;
        let person = self.people.get_mut(&account).filter(|_| fee > 0)?;
        if person.free() < fee {
            return Some(person.free());
        }
        person.has -= u128::from(fee);
        self.fees += u128::from(fee);
        self.touched.insert(account);
        None
    }

    /// One whose money is not kept here has paid the fee.
    pub(super) fn paid_by_rule(&mut self, account: &AccountId) {
        if !self.people.contains_key(account) {
            self.fees += u128::from(self.policy.fee.amount);
        }
    }

    fn judge(&self, account: AccountId, action: &Action) -> Must {
        let refuse = |error| Must::Refuse(Reason::Ledger(error));
        let short = |amount: Amount| match self.people.get(&account) {
            Some(person) if person.free() < amount => {
                refuse(LedgerError::Insufficient { available: person.free() })
            }
            Some(_) => Must::Do,
            None => Must::Unknown,
        };
        match *action {
            Action::Transfer { amount: 0, .. } => refuse(LedgerError::NoAmount),
            Action::Transfer { to, .. } if to == account => refuse(LedgerError::SameAccount),
            Action::Transfer { amount, .. } => short(amount),
            Action::Bet { table, bet, stake } => match self.cover(&table, &bet, stake) {
                Err(reason) => Must::Refuse(reason),
                Ok(_) if short(stake) != Must::Do => short(stake),
                Ok(cover) => self.can_cover(cover),
            },
            Action::TakeDown { table, .. } if !self.tables.contains_key(&table) => {
                Must::Refuse(Reason::UnknownTable)
            }
            Action::TakeDown { bet, .. } if bet.account != account => Must::Refuse(Reason::NotYourBet),
            Action::TakeDown { .. } => Must::Do,
            Action::Bond { .. } | Action::Unbond { .. } if !self.by_rule.contains(&account) => {
                Must::Refuse(Reason::NoStake)
            }
            Action::Bond { .. } | Action::Unbond { .. } => Must::Unknown,
        }
    }

    /// What a bet can cost, if the table's and the policy's limits allow it.
    fn cover(&self, table: &TableId, bet: &Bet, stake: Amount) -> Result<Amount, Reason> {
        let rules = self.tables.get(table).ok_or(Reason::UnknownTable)?;
        let Bet::Craps(bet) = bet;
        let cover = Craps::exposure(rules, bet, stake).map_err(Reason::Table)?;
        let house = self.people.get(&self.house).copied().unwrap_or_default();
        if let Some(kelly) = &self.policy.kelly
            && let Some(edge) = kelly.edges.get(bet)
        {
            let full = house.has * u128::from(edge.numerator) * u128::from(kelly.share.0);
            let most = full / (u128::from(edge.denominator) * 1000);
            if u128::from(cover) > most {
                return Err(Reason::KellyLimit { most: Amount::try_from(most).unwrap_or(Amount::MAX) });
            }
        }
        let kept_back = match self.policy.reserve {
            Reserve::Amount(amount) => u128::from(amount),
            Reserve::PerMille(share) => (house.has * u128::from(share.0) + 500) / 1000,
        };
        let left = u128::from(house.free()).saturating_sub(kept_back);
        if kept_back > 0 && u128::from(cover) > left {
            return Err(Reason::BankReserve { left: Amount::try_from(left).unwrap_or(Amount::MAX) });
        }
        Ok(cover)
    }

    fn can_cover(&self, cover: Amount) -> Must {
        let available = self.people.get(&self.house).map_or(0, Person::free);
        if cover > available { Must::Refuse(Reason::BankCannotCover { available }) } else { Must::Do }
    }

    /// Does what the bank does with a command.
    pub(super) fn perform(&mut self, signed: &SignedCommand) {
        let account = signed.command.account();
        match signed.command.action {
            Action::Transfer { to, amount } => {
                self.change(account, |person| person.has -= u128::from(amount));
                if !self.by_rule.contains(&to) {
                    self.people.entry(to).or_default();
                }
                self.change(to, |person| person.has += u128::from(amount));
            }
            Action::Bet { table, bet, stake } => {
                // Its limits were judged before.
                let cover = self.cover(&table, &bet, stake).unwrap_or(0);
                self.change(account, |person| person.held += u128::from(stake));
                self.change(self.house, |house| house.held += u128::from(cover));
                let id = BetId { account, sequence: signed.command.sequence };
                self.bets.insert(id, Held { table, stake, cover });
            }
            Action::TakeDown { .. } | Action::Bond { .. } | Action::Unbond { .. } => {}
        }
    }

    /// Ends a bet: the house pays, or the player, or neither.
    pub(super) fn end(&mut self, bet: &BetId, to_player: Amount, to_house: Amount) -> Result<(), String> {
        let Some(Held { stake, cover, .. }) = self.bets.remove(bet) else {
            return Err(format!("bet {bet:?} ends, and is not up"));
        };
        if to_player > cover {
            return Err(format!("bet {bet:?} pays {to_player}, and can win {cover} at most"));
        }
        self.change(bet.account, |person| {
            person.held -= u128::from(stake);
            person.has += u128::from(to_player);
            person.has -= u128::from(to_house);
        });
        self.change(self.house, |house| {
            house.held -= u128::from(cover);
            house.has += u128::from(to_house);
            house.has -= u128::from(to_player);
        });
        Ok(())
    }

    fn change(&mut self, account: AccountId, change: impl FnOnce(&mut Person)) {
        if let Some(person) = self.people.get_mut(&account) {
            change(person);
            self.touched.insert(account);
        }
    }
}

/// Whether a reason is a table's own.
pub(super) fn of_table(reason: &Reason) -> Option<BetError> {
    match reason {
        Reason::Table(error) => Some(*error),
        _ => None,
    }
}
