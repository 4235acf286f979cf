//! The treasury's half of a block: it checks and reserves before the tables play, and settles afterwards.
//!
//! For each bet the bank holds two reserves in the ledger: the player's stake, and the worst that the bet can cost the
//! house (the cover). Both stand before the dice fall, so whatever the dice say can be paid. When the bet ends both are
//! resolved: won, the stake is freed and the payout posted out of the cover; lost, the stake is posted and the cover
//! freed; pushed, taken down or refused by the table, both are freed.

mod audit;
mod fees;
mod limits;
mod reason;
mod rewards;
mod stakes;
#[cfg(test)]
mod tests;

pub use audit::AuditError;
pub use reason::{Reason, Refusal};
pub use stakes::Stake;

use crate::policy::{Policy, issue, stake_account};
use crate::{
    Action, Bet, Block, Committee, Committees, Genesis, GenesisError, Order, Orders, Play, TableConfig,
    TableReport,
};
use crate::{Answer, Offence, SignedCommand, Table};
use bitcraps_tables::{BetError, BetId, Craps, CrapsRules, Game, Outcome, Settlement};
use bitcraps_treasury::{Event, Ledger, LedgerError, Transfer, TransferId};
use bitcraps_types::{AccountId, Amount, ChainId, Digest, Height, TableId, ValidatorIndex, Verify};
use borsh::{BorshDeserialize, BorshSerialize};
use stakes::Stakes;
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

/// The money, the sequence numbers, the offences, and what the bank must know of each table.
///
/// A block is [`begin`](Bank::begin), then the tables' [`play`](Table::play) in any order, then
/// [`finish`](Bank::finish).
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub struct Bank {
    ledger: Ledger,
    house: AccountId,
    policy: Policy,
    committees: Committees,
    stakes: Stakes,
    offences: BTreeMap<(Height, ValidatorIndex), Digest>,
    seats: BTreeMap<TableId, Seat>,
    /// The tables that owe a report.
    playing: BTreeSet<TableId>,
    #[borsh(skip)]
    refusals: Vec<Refusal>,
    #[borsh(skip)]
    cache: Cache,
}

/// What the bank knows of a table.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Seat {
    rules: CrapsRules,
    digest: Digest,
    has_open_bets: bool,
    /// What the next roll can cost, where the policy limits that.
    worst: Amount,
}

/// Hashes of the parts, `None` where the part changed since.
#[derive(Clone, Debug, Default)]
struct Cache {
    /// Of the policy, the committees and the stakes.
    terms: Option<Digest>,
    offences: Option<Digest>,
    root: Option<Digest>,
}

/// The leg of a transfer.
const PAYMENT: u8 = 0;
/// The leg of a bet's stake.
const STAKE: u8 = 1;
/// The leg of a bet's cover.
const COVER: u8 = 2;
/// The leg of a command's fee.
const FEE: u8 = 3;

fn house() -> AccountId {
    AccountId::of_house("bank")
}

fn leg(bet: BetId, leg: u8) -> TransferId {
    TransferId { account: bet.account, sequence: bet.sequence, leg }
}

impl Bank {
    /// Above so many accounts no transfer opens another. Opening one costs a single unit; without the limit anybody
    /// could make the state longer than a snapshot may be, and then no node could start from one.
    pub const MAX_ACCOUNTS: usize = 1 << 18;

    /// The bank at the start, with the tables as `Casino::genesis` makes them.
    pub fn genesis(genesis: &Genesis) -> Result<Bank, GenesisError> {
        genesis.check()?;
        let Genesis { policy, .. } = genesis;
        let house = house();
        let mut ledger = Ledger::new(issue());
        let mut give = |account, amount| ledger.issue(account, amount).expect("the genesis was checked");
        genesis.players.iter().for_each(|(key, amount)| give(AccountId::of_key(key), *amount));
        give(house, genesis.bank);
        let committees = Committees::of_genesis(genesis);
        if policy.stake.is_some() || policy.fee.amount > 0 || policy.reward.is_some() {
            // Who gets money by rule has an account, so that none is opened by the way.
            committees.last().owners().for_each(|owner| give(owner, 0));
        }
        if let Some(stake) = &policy.stake {
            for (index, power) in (0..=u16::MAX).zip(genesis.powers()) {
                give(stake_account(ValidatorIndex(index)), power * stake.per_power);
            }
            stake.kept.iter().for_each(|kept| give(kept.by, 0));
        }
        let seats = genesis.tables.iter().map(|TableConfig { id, rules }| {
            let digest = Table::new(*id, *rules).digest();
            (*id, Seat { rules: *rules, digest, has_open_bets: false, worst: 0 })
        });
        let mut bank = Bank {
            ledger,
            house,
            policy: policy.clone(),
            committees,
            stakes: Stakes::default(),
            offences: BTreeMap::new(),
            seats: seats.collect(),
            playing: BTreeSet::new(),
            refusals: Vec::new(),
            cache: Cache::default(),
        };
        bank.refresh_root();
        Ok(bank)
    }

    /// First step of a block: charges the offences, pays out what has unbonded, puts the next committee in its place, checks each command, moves money, reserves
    /// each bet's stake and worst case. The answer holds orders for every table that has any, or that has open bets and so must roll, in the order of their ids.
    ///
    /// # Panics
    /// If the block before was not finished.
    pub fn begin(&mut self, block: &Block, chain: &ChainId, verify: &dyn Verify) -> Vec<Orders> {
        assert!(self.playing.is_empty(), "a block begins after the one before is finished");
        self.refusals.clear();
        for offence in &block.offences {
            self.accuse(block.height, offence);
        }
        self.reward(block);
        self.pay_matured(block.height);
        if let Some(handover) = &block.handover {
            self.hand_over(block.height, &handover.terms.to);
        }
        let mut orders: BTreeMap<TableId, Vec<Order>> =
            self.tables_to_play().map(|table| (table, Vec::new())).collect();
        for signed in &block.commands {
            match self.admit(block.height, signed, chain, verify) {
                Ok(Some((table, order))) => orders.entry(table).or_default().push(order),
                Ok(None) => {}
                Err(reason) => {
                    let (account, sequence) = (signed.command.account(), signed.command.sequence);
                    self.refusals.push(Refusal { account, sequence, reason });
                }
            }
        }
        self.playing.extend(orders.keys());
        self.limit_rolls(orders)
    }

    /// Last step of a block: sorts the tables' reports by the tables' ids, settles them in that order, shares the fees out,
    /// and answers with the state root.
    ///
    /// # Panics
    /// If the reports are not one for each of the tables that [`begin`](Bank::begin) asked to play, or if a table
    /// settles a bet that the bank does not hold reserves for: then the node's own tables are wrong, and going on would
    /// lose money.
    pub fn finish(&mut self, height: Height, reports: &mut [TableReport]) -> Digest {
        reports.sort_by_key(|report| report.table);
        assert!(
            reports.iter().map(|report| &report.table).eq(&self.playing),
            "each table that plays reports once"
        );
        self.playing.clear();
        for report in reports {
            self.settle(height, report);
        }
        self.share_fees(height);
        // Each id of this block carries a claimed sequence number, so none can come again.
        self.ledger.forget_before(height.saturating_add(1));
        self.refresh_root()
    }

    /// The tables that must play the next block even without orders: those with open bets.
    pub fn tables_to_play(&self) -> impl Iterator<Item = TableId> + '_ {
        self.seats.iter().filter(|(_, seat)| seat.has_open_bets).map(|(&table, _)| table)
    }

    /// Whether any bet is up: then the next block rolls.
    pub fn bets_are_up(&self) -> bool {
        self.tables_to_play().next().is_some()
    }

    /// The commands of the last block that were refused: first those that the bank refused, in the order of the block,
    /// then those that tables refused, in the order of the tables.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// The money.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// From now on the ledger keeps its events until they are taken.
    pub(crate) fn record_events(&mut self) {
        self.ledger.record_events();
    }

    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        self.ledger.take_events()
    }

    /// The account that covers the bets and takes the stakes.
    pub fn house(&self) -> AccountId {
        self.house
    }

    /// The accounts whose money moves by rule: the house's own, and those that the policy pays.
    pub fn accounts_of_rules(&self) -> Vec<AccountId> {
        let mut accounts = vec![self.house];
        if self.policy.fee.amount > 0 || self.policy.stake.is_some() || self.policy.reward.is_some() {
            accounts.push(fees::fees());
            accounts.extend(self.committee().accounts());
            accounts.extend(self.policy.stake.and_then(|stake| stake.kept).map(|kept| kept.by));
        }
        accounts
    }

    /// Who decides blocks, and who did.
    pub fn committees(&self) -> &Committees {
        &self.committees
    }

    fn committee(&self) -> &Committee {
        self.committees.last()
    }

    /// What it goes by.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The recorded offences, in the order of their heights.
    pub fn offences(&self) -> impl Iterator<Item = (Height, ValidatorIndex)> + '_ {
        self.offences.keys().copied()
    }

    /// Whether an offence is recorded: another proof of it adds nothing.
    pub fn knows_offence(&self, height: Height, offender: ValidatorIndex) -> bool {
        self.offences.contains_key(&(height, offender))
    }

    /// The state root after the last finished block: over the ledger, the policy, the committees, the stakes, the offences and all tables.
    ///
    /// # Panics
    /// In the middle of a block, and for a decoded bank that has not passed `Casino::from_parts`.
    pub fn root(&self) -> Digest {
        self.cache.root.expect("a bank at rest has a root")
    }

    /// Records an offence once per height and offender, with the digest of the first proof, and charges it.
    fn accuse(&mut self, height: Height, offence: &Offence) {
        if let Entry::Vacant(unknown) = self.offences.entry((offence.height, offence.offender)) {
            unknown.insert(Digest::of("casino/proof", &offence.proof));
            (self.cache.offences, self.cache.root) = (None, None);
            self.slash(height, offence.offender);
        }
    }

    /// Does what a command needs of the bank; the order for its table, if it has one.
    fn admit(
        &mut self,
        height: Height,
        signed: &SignedCommand,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<Option<(TableId, Order)>, Reason> {
        let account = signed.command.account();
        let sequence = signed.command.sequence;
        // The cheap check first: most replays never reach the costly one.
        let sequences =
            self.ledger.account(&account).ok_or(Reason::Ledger(LedgerError::UnknownAccount))?.sequences;
        if sequences.is_used(sequence) {
            return Err(Reason::Ledger(LedgerError::SequenceUsed { highest: sequences.highest() }));
        }
        if !signed.verify(chain, verify) {
            return Err(Reason::Signature);
        }
        self.cache.root = None;
        self.ledger.claim(account, sequence).map_err(Reason::Ledger)?;
        let id = BetId { account, sequence };
        self.take_fee(height, id)?;
        match signed.command.action {
            Action::Transfer { to, amount } => {
                self.pay(height, leg(id, PAYMENT), to, amount)?;
                Ok(None)
            }
            Action::Bet { table, bet, stake } => {
                let rules = &self.seats.get(&table).ok_or(Reason::UnknownTable)?.rules;
                let cover = exposure(rules, &bet, stake).map_err(Reason::Table)?;
                self.may_cover(&bet, cover)?;
                self.escrow(height, id, stake, cover)?;
                Ok(Some((table, Order { id, play: Play::Place { bet, stake } })))
            }
            Action::TakeDown { table, bet } => {
                if !self.seats.contains_key(&table) {
                    return Err(Reason::UnknownTable);
                }
                if bet.account != account {
                    return Err(Reason::NotYourBet);
                }
                Ok(Some((table, Order { id, play: Play::TakeDown { bet } })))
            }
            Action::Bond { amount } => {
                self.bond(height, leg(id, PAYMENT), amount)?;
                Ok(None)
            }
            Action::Unbond { amount } => {
                self.unbond(height, account, amount)?;
                Ok(None)
            }
        }
    }

    /// Moves money of the account whose command it is.
    fn pay(&mut self, height: Height, id: TransferId, to: AccountId, amount: Amount) -> Result<(), Reason> {
        if self.ledger.account(&to).is_none() && self.ledger.account_count() >= Self::MAX_ACCOUNTS {
            return Err(Reason::TooManyAccounts);
        }
        let transfer = Transfer { id, debit: id.account, credit: to, amount };
        self.ledger.transfer(height, transfer).map(|_| ()).map_err(Reason::Ledger)
    }

    /// Moves money that no command asked to move, under a sequence number of the house's.
    fn move_by_rule(&mut self, height: Height, debit: AccountId, credit: AccountId, amount: Amount) {
        if amount == 0 {
            return;
        }
        let used = self.ledger.account(&self.house).map_or(0, |house| house.sequences.highest());
        let id = TransferId { account: self.house, sequence: used + 1, leg: PAYMENT };
        self.ledger.claim(id.account, id.sequence).expect("the next number is free");
        self.ledger.transfer(height, Transfer { id, debit, credit, amount }).expect("the money is there");
        self.cache.root = None;
    }

    /// Destroys money of the house's accounts.
    fn burn_by_rule(&mut self, from: AccountId, amount: Amount) {
        if amount > 0 {
            self.ledger.burn(from, amount).expect("the money is there");
            self.cache.root = None;
        }
    }

    /// Reserves a bet's stake and cover, or neither. A cover of 0 (all of the payout is rounded away) needs no reserve.
    fn escrow(&mut self, height: Height, bet: BetId, stake: Amount, cover: Amount) -> Result<(), Reason> {
        let (player, house) = (bet.account, self.house);
        let reserve = Transfer { id: leg(bet, STAKE), debit: player, credit: house, amount: stake };
        self.ledger.reserve(reserve).map_err(Reason::Ledger)?;
        if cover == 0 {
            return Ok(());
        }
        let reserve = Transfer { id: leg(bet, COVER), debit: house, credit: player, amount: cover };
        self.ledger.reserve(reserve).map(|_| ()).map_err(|error| {
            self.ledger.void(height, leg(bet, STAKE)).expect("the stake was just reserved");
            match error {
                LedgerError::Insufficient { available } => Reason::BankCannotCover { available },
                error => Reason::Ledger(error),
            }
        })
    }

    fn settle(&mut self, height: Height, report: &TableReport) {
        for answer in &report.answers {
            match &answer.answer {
                Answer::Placed => {}
                Answer::TakenDown(down) => {
                    for taken in down {
                        self.resolve(height, taken.bet, Outcome::Pushed);
                    }
                }
                Answer::NotPlaced(error) => {
                    self.resolve(height, answer.id, Outcome::Pushed);
                    self.refuse_at_table(answer.id, *error);
                }
                Answer::NotTakenDown(error) => self.refuse_at_table(answer.id, *error),
            }
        }
        for &Settlement { bet, outcome } in &report.settlements {
            self.resolve(height, bet, outcome);
        }
        let seat = self.seats.get_mut(&report.table).expect("a table that plays has a seat");
        if seat.digest != report.digest {
            seat.digest = report.digest;
            self.cache.root = None;
        }
        (seat.has_open_bets, seat.worst) = (report.has_open_bets, report.worst);
    }

    /// Ends a bet's reserves.
    fn resolve(&mut self, height: Height, bet: BetId, outcome: Outcome) {
        let (stake, cover) = (leg(bet, STAKE), leg(bet, COVER));
        let staked =
            self.ledger.reserve_of(&stake).expect("the bank holds the stake of each open bet").amount;
        let covered = self.ledger.reserve_of(&cover).map_or(0, |reserve| reserve.amount);
        let (to_house, to_player) = match outcome {
            Outcome::Won { payout } => (0, payout),
            Outcome::Lost => (staked, 0),
            Outcome::Pushed => (0, 0),
        };
        assert!(to_player <= covered, "no bet pays more than was reserved for it");
        for (id, held, amount) in [(stake, staked, to_house), (cover, covered, to_player)] {
            match (held, amount) {
                (0, _) => Ok(()),
                (_, 0) => self.ledger.void(height, id),
                _ => self.ledger.post(height, id, amount),
            }
            .expect("a held reserve is resolved once");
        }
        self.cache.root = None;
    }

    fn refuse_at_table(&mut self, id: BetId, error: BetError) {
        let BetId { account, sequence } = id;
        self.refusals.push(Refusal { account, sequence, reason: Reason::Table(error) });
    }

    fn refresh_root(&mut self) -> Digest {
        if let Some(root) = self.cache.root {
            return root;
        }
        let offences = *self.cache.offences.get_or_insert_with(|| {
            let bytes = borsh::to_vec(&self.offences).expect("a vector takes all bytes");
            Digest::of("casino/offences", &bytes)
        });
        let terms = *self.cache.terms.get_or_insert_with(|| {
            let bytes = borsh::to_vec(&(&self.policy, &self.committees, &self.stakes))
                .expect("a vector takes all bytes");
            Digest::of("casino/terms", &bytes)
        });
        let mut bytes = Vec::with_capacity(96 + 36 * self.seats.len());
        bytes.extend_from_slice(&self.ledger.root().0);
        bytes.extend_from_slice(&terms.0);
        bytes.extend_from_slice(&offences.0);
        for (table, seat) in &self.seats {
            bytes.extend_from_slice(&table.0.to_le_bytes());
            bytes.extend_from_slice(&seat.digest.0);
        }
        let root = Digest::of("casino/root", &bytes);
        self.cache.root = Some(root);
        root
    }
}

/// What a bet can cost the house under a table's rules.
fn exposure(rules: &CrapsRules, bet: &Bet, stake: Amount) -> Result<Amount, BetError> {
    match bet {
        Bet::Craps(bet) => Craps::exposure(rules, bet, stake),
    }
}
