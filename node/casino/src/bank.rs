//! The treasury's half of a block: it checks and reserves before the tables play, and settles afterwards.
//!
//! For each bet the bank holds an escrow in the ledger: the player's stake, and the worst that the bet can cost the house
//! (the cover). It stands before the dice fall, so whatever the dice say can be paid. When the bet ends it is resolved:
//! won, the payout moves out of the cover; lost, the stake moves; pushed, taken down or refused by the table, nothing
//! does. What does not move is free again.

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
use bitcraps_treasury::{Claim, EscrowId, Ledger, LedgerError, Page, Slot, Verdict};
use bitcraps_types::{AccountId, Amount, ChainId, Digest, Height, TableId, ValidatorIndex, Verify};
use borsh::{BorshDeserialize, BorshSerialize};
use stakes::Stakes;
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
    /// In the order of the tables' ids.
    seats: Vec<Seat>,
    /// The seats of the tables that owe a report, in order.
    #[borsh(skip)]
    playing: Vec<usize>,
    #[borsh(skip)]
    refusals: Vec<Refusal>,
    #[borsh(skip)]
    cache: Cache,
}

/// What the bank knows of a table.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Seat {
    table: TableId,
    rules: CrapsRules,
    digest: Digest,
    has_open_bets: bool,
    /// The block in which the table must play though no bet is up.
    wakes_at: Option<Height>,
    /// What the next roll can cost, where the policy limits that.
    worst: Amount,
    /// What the table is to do in the block that is begun.
    #[borsh(skip)]
    orders: Vec<Order>,
}

/// Hashes of the parts, `None` where the part changed since.
#[derive(Clone, Debug, Default)]
struct Cache {
    /// Of the tables' rules, which never change.
    rules: Option<Digest>,
    /// Of the policy, the committees and the stakes.
    terms: Option<Digest>,
    offences: Option<Digest>,
    root: Option<Digest>,
}

fn house() -> AccountId {
    AccountId::of_house("bank")
}

fn escrow_of(bet: BetId) -> EscrowId {
    EscrowId { account: bet.account, sequence: bet.sequence }
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
        let seat = |&TableConfig { id: table, rules }: &TableConfig| {
            let digest = Table::new(table, rules).digest();
            let (has_open_bets, wakes_at, worst, orders) = (false, None, 0, Vec::new());
            Seat { table, rules, digest, has_open_bets, wakes_at, worst, orders }
        };
        let mut seats: Vec<Seat> = genesis.tables.iter().map(seat).collect();
        seats.sort_by_key(|seat| seat.table);
        let mut bank = Bank {
            ledger,
            house,
            policy: policy.clone(),
            committees,
            stakes: Stakes::default(),
            offences: BTreeMap::new(),
            seats,
            playing: Vec::new(),
            refusals: Vec::new(),
            cache: Cache::default(),
        };
        bank.refresh_root();
        Ok(bank)
    }

    /// First step of a block: charges the offences, pays who signed the parent and what has unbonded, puts the next committee
    /// in its place, checks each command, moves money, sets each bet's stake and worst case aside. The answer holds orders
    /// for every table that has any, that has open bets and so must roll, or that time alone changes, in the order of their
    /// ids.
    ///
    /// # Panics
    /// If the block before was not finished.
    pub fn begin(&mut self, block: &Block, chain: &ChainId, verify: &dyn Verify) -> Vec<Orders> {
        assert!(self.playing.is_empty(), "a block begins after the one before is finished");
        self.refusals.clear();
        for offence in &block.offences {
            self.accuse(offence);
        }
        self.reward(block);
        self.pay_matured(block.height);
        if let Some(handover) = &block.handover {
            self.hand_over(block.height, &handover.terms.to);
        }
        let house = self.house_slot();
        // Found in advance, all one after the other: accounts lie far apart in memory, and so it is waited for many at once.
        let accounts: Vec<AccountId> = block.commands.iter().map(|signed| signed.command.account()).collect();
        let slots: Vec<Option<Slot>> = accounts.iter().map(|account| self.ledger.slot(account)).collect();
        for ((signed, account), slot) in block.commands.iter().zip(accounts).zip(slots) {
            // A command before may have opened it.
            let admitted = match slot.or_else(|| self.ledger.slot(&account)) {
                Some(slot) => self.admit(block.height, house, slot, signed, chain, verify),
                None => Err(Reason::Ledger(LedgerError::UnknownAccount)),
            };
            if let Err(reason) = admitted {
                self.refusals.push(Refusal { account, sequence: signed.command.sequence, reason });
            }
        }
        let plays = |seat: &Seat| seat.must_play(block.height) || !seat.orders.is_empty();
        let playing = self.seats.iter().enumerate().filter(|(_, seat)| plays(seat)).map(|(at, _)| at);
        self.playing = playing.collect();
        self.orders(block.height)
    }

    /// Last step of a block: sorts the tables' reports by the tables' ids, settles them in that order, shares the fees out,
    /// and answers with the state root.
    ///
    /// # Panics
    /// If the reports are not one for each of the tables that [`begin`](Bank::begin) asked to play, or if a table
    /// settles a bet that the bank holds no escrow for: then the node's own tables are wrong, and going on would
    /// lose money.
    pub fn finish(&mut self, reports: &mut [TableReport]) -> Digest {
        reports.sort_by_key(|report| report.table);
        let playing = std::mem::take(&mut self.playing);
        assert!(
            reports.iter().map(|report| report.table).eq(playing.iter().map(|&at| self.seats[at].table)),
            "each table that plays reports once"
        );
        for (at, report) in playing.into_iter().zip(reports) {
            self.settle(at, report);
        }
        self.share_fees();
        self.refresh_root()
    }

    /// The tables that must play the block of this height even without orders.
    pub fn tables_to_play(&self, height: Height) -> impl Iterator<Item = TableId> + '_ {
        self.seats.iter().filter(move |seat| seat.must_play(height)).map(|seat| seat.table)
    }

    /// Whether any bet is up: then the next block rolls.
    pub fn bets_are_up(&self) -> bool {
        self.seats.iter().any(|seat| seat.has_open_bets)
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

    /// From now on the ledger keeps the pages of its journal until they are taken.
    pub(crate) fn keep_pages(&mut self) {
        self.ledger.keep_pages();
    }

    pub(crate) fn take_pages(&mut self) -> Vec<Page> {
        self.ledger.take_pages()
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
    fn accuse(&mut self, offence: &Offence) {
        if let Entry::Vacant(unknown) = self.offences.entry((offence.height, offence.offender)) {
            unknown.insert(Digest::of("casino/proof", &offence.proof));
            (self.cache.offences, self.cache.root) = (None, None);
            self.slash(offence.offender);
        }
    }

    /// Does what a command needs of the bank, and gives the order for its table, if it has one.
    fn admit(
        &mut self,
        height: Height,
        house: Slot,
        slot: Slot,
        signed: &SignedCommand,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<(), Reason> {
        let sequence = signed.command.sequence;
        // The cheap check first: most replays never reach the costly one.
        let used = self.ledger.at(slot).sequences;
        if used.is_used(sequence) {
            return Err(Reason::Ledger(LedgerError::SequenceUsed { highest: used.highest() }));
        }
        if !signed.verify(chain, verify) {
            return Err(Reason::Signature);
        }
        self.cache.root = None;
        let mut claim = self.ledger.claim(slot, sequence).map_err(Reason::Ledger)?;
        let account = claim.account();
        self.take_fee(&mut claim)?;
        let id = BetId { account, sequence };
        match signed.command.action {
            Action::Transfer { to, amount } => self.pay(&mut claim, to, amount),
            Action::Bet { table, bet, stake } => {
                let seat = self.seat_of(table)?;
                let rules = &self.seats[seat].rules;
                if rules.closed(height) {
                    return Err(Reason::Table(BetError::Closed));
                }
                let cover = exposure(rules, &bet, stake).map_err(Reason::Table)?;
                self.may_cover(house, &bet, cover)?;
                self.escrow(claim, house, stake, cover)?;
                self.seats[seat].orders.push(Order { id, play: Play::Place { bet, stake } });
                Ok(())
            }
            Action::TakeDown { table, bet } => {
                let seat = self.seat_of(table)?;
                if bet.account != account {
                    return Err(Reason::NotYourBet);
                }
                self.seats[seat].orders.push(Order { id, play: Play::TakeDown { bet } });
                Ok(())
            }
            Action::Bond { amount } => self.bond(&mut claim, amount),
            Action::Unbond { amount } => self.unbond(height, account, amount),
        }
    }

    fn seat_of(&self, table: TableId) -> Result<usize, Reason> {
        // Where tables are numbered from 0 on, as nearly everywhere, their numbers are their places.
        let place = table.0 as usize;
        if self.seats.get(place).is_some_and(|seat| seat.table == table) {
            return Ok(place);
        }
        self.seats.binary_search_by_key(&table, |seat| seat.table).map_err(|_| Reason::UnknownTable)
    }

    fn house_slot(&self) -> Slot {
        self.ledger.slot(&self.house).expect("the house has an account")
    }

    /// Moves money of the account whose command it is.
    fn pay(&mut self, claim: &mut Claim, to: AccountId, amount: Amount) -> Result<(), Reason> {
        if self.ledger.account(&to).is_none() && self.ledger.account_count() >= Self::MAX_ACCOUNTS {
            return Err(Reason::TooManyAccounts);
        }
        self.ledger.transfer(claim, claim.account(), to, amount).map_err(Reason::Ledger)
    }

    /// Moves money that no command asked to move, under a sequence number of the house's.
    fn move_by_rule(&mut self, debit: AccountId, credit: AccountId, amount: Amount) {
        if amount == 0 {
            return;
        }
        let house = self.house_slot();
        let next = self.ledger.at(house).sequences.highest() + 1;
        let mut claim = self.ledger.claim(house, next).expect("the next number is free");
        self.ledger.transfer(&mut claim, debit, credit, amount).expect("the money is there");
        self.cache.root = None;
    }

    /// Destroys money of the house's accounts.
    fn burn_by_rule(&mut self, from: AccountId, amount: Amount) {
        if amount > 0 {
            self.ledger.burn(from, amount).expect("the money is there");
            self.cache.root = None;
        }
    }

    /// Sets a bet's stake and cover aside, or neither.
    fn escrow(&mut self, claim: Claim, house: Slot, stake: Amount, cover: Amount) -> Result<(), Reason> {
        self.ledger.escrow(claim, house, stake, cover).map_err(|error| match error {
            LedgerError::Uncovered { available } => Reason::BankCannotCover { available },
            error => Reason::Ledger(error),
        })
    }

    fn settle(&mut self, seat: usize, report: &TableReport) {
        for answer in &report.answers {
            match &answer.answer {
                Answer::Placed => {}
                Answer::TakenDown(down) => {
                    let owner = self.owner(answer.id.account);
                    for taken in down {
                        self.resolve(owner, taken.bet.sequence, Outcome::Pushed);
                    }
                }
                Answer::NotPlaced(error) => {
                    self.resolve(self.owner(answer.id.account), answer.id.sequence, Outcome::Pushed);
                    self.refuse_at_table(answer.id, *error);
                }
                Answer::NotTakenDown(error) => self.refuse_at_table(answer.id, *error),
            }
        }
        for own in report.settlements.chunk_by(|one, next| one.bet.account == next.bet.account) {
            let owner = self.owner(own[0].bet.account);
            for &Settlement { bet, outcome } in own {
                self.resolve(owner, bet.sequence, outcome);
            }
        }
        let seat = &mut self.seats[seat];
        if seat.digest != report.digest {
            seat.digest = report.digest;
            self.cache.root = None;
        }
        (seat.has_open_bets, seat.wakes_at) = (report.has_open_bets, report.wakes_at);
        seat.worst = report.worst;
    }

    /// Who made a bet.
    fn owner(&self, account: AccountId) -> Slot {
        self.ledger.slot(&account).expect("who has a bet up has an account")
    }

    /// Ends a bet's escrow.
    fn resolve(&mut self, owner: Slot, sequence: u64, outcome: Outcome) {
        let verdict = match outcome {
            Outcome::Won { payout } => Verdict::Won(payout),
            Outcome::Lost => Verdict::Lost,
            Outcome::Pushed => Verdict::Returned,
        };
        let resolved = self.ledger.resolve(owner, sequence, verdict);
        resolved.expect("the bank holds an escrow of each open bet, and none pays more than its cover");
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
        let rules = *self.cache.rules.get_or_insert_with(|| {
            let rules: Vec<&CrapsRules> = self.seats.iter().map(|seat| &seat.rules).collect();
            Digest::of("casino/rules", &borsh::to_vec(&rules).expect("a vector takes all bytes"))
        });
        let mut bytes = Vec::with_capacity(128 + 36 * self.seats.len());
        for part in [self.ledger.seal(), terms, rules, offences] {
            bytes.extend_from_slice(&part.0);
        }
        for seat in &self.seats {
            bytes.extend_from_slice(&seat.table.0.to_le_bytes());
            bytes.extend_from_slice(&seat.digest.0);
        }
        let root = Digest::of("casino/root", &bytes);
        self.cache.root = Some(root);
        root
    }
}

impl Seat {
    /// Whether the table plays the block of this height without orders: it rolls for its bets, or its time has come.
    fn must_play(&self, height: Height) -> bool {
        self.has_open_bets || self.wakes_at.is_some_and(|wakes_at| wakes_at <= height)
    }
}

/// What a bet can cost the house under a table's rules.
fn exposure(rules: &CrapsRules, bet: &Bet, stake: Amount) -> Result<Amount, BetError> {
    match bet {
        Bet::Craps(bet) => Craps::exposure(rules, bet, stake),
    }
}
