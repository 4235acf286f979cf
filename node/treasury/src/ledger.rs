//! The ledger: accounts, transfers in one phase or two, sequence numbers, and the root over all of it.
//!
//! The model is TigerBeetle's: each transfer debits one account and credits another; credits must cover debits, pending
//! ones included, for every account but the issue, which is where money comes from; a transfer carries its client's id,
//! so asking twice does it once; a two-phase transfer is reserved, then posted in whole or in part, or voided.
//!
//! **Replay.** An account claims each sequence number once, in any order within a window ([`Sequences`]), and every
//! transfer id carries a claimed one. The ledger remembers what it did under an id until [`Ledger::forget_before`]. What
//! it forgets stays refused: the account keeps a second window, of the forgotten numbers, and an id whose number is
//! used up there is [`Forgotten`](LedgerError::Forgotten) unless it holds a reserve. A number that can still be claimed
//! is never forgotten: only claimed numbers are, so the second window lies nowhere above the first. So memory is bounded
//! and no id is ever done twice.
//!
//! [`Sequences`]: crate::Sequences

mod check;
#[cfg(test)]
mod tests;

pub use check::LedgerFault;

use crate::tree::Tree;
use crate::{Account, Applied, LedgerError, Log, Transfer, TransferId, log};
use bitcraps_types::{AccountId, Amount, Digest, Height};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A ledger of one kind of money.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub struct Ledger {
    issue: AccountId,
    accounts: BTreeMap<AccountId, Account>,
    reserves: BTreeMap<TransferId, Transfer>,
    done: BTreeMap<TransferId, Done>,
    log: Log,
    #[borsh(skip)]
    tree: Tree,
    #[borsh(skip)]
    recorder: Option<Vec<Event>>,
}

/// A transfer that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Done {
    height: Height,
    transfer: Transfer,
    phases: Phases,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
enum Phases {
    One,
    Two,
}

/// What happened: a leaf of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Event {
    /// Money was made.
    Issued {
        /// Who got it.
        to: AccountId,
        /// How much.
        amount: Amount,
    },
    /// Money moved at once.
    Transferred(Transfer),
    /// Money was set aside.
    Reserved(Transfer),
    /// A reserve ended, and some of it moved.
    Posted {
        /// Which.
        id: TransferId,
        /// How much moved.
        amount: Amount,
    },
    /// A reserve ended, and nothing moved.
    Voided(TransferId),
    /// Money was destroyed.
    Burnt {
        /// Whose.
        from: AccountId,
        /// How much.
        amount: Amount,
    },
}

impl Event {
    /// The leaf: the hash of the event's encoding.
    pub fn leaf(&self) -> Digest {
        log::leaf_hash(&borsh::to_vec(self).expect("a vector takes all bytes"))
    }
}

impl Ledger {
    /// A ledger without money. `issue` is the account that owes all that will be issued.
    pub fn new(issue: AccountId) -> Ledger {
        Ledger {
            issue,
            accounts: BTreeMap::from([(issue, Account::default())]),
            reserves: BTreeMap::new(),
            done: BTreeMap::new(),
            log: Log::default(),
            tree: Tree::default(),
            recorder: None,
        }
    }

    /// An account's totals.
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// All accounts, the issue among them, in the order of their ids.
    pub fn accounts(&self) -> impl Iterator<Item = (&AccountId, &Account)> {
        self.accounts.iter()
    }

    /// How many accounts there are, the issue among them.
    pub fn account_count(&self) -> usize {
        self.accounts.len()
    }

    /// The reserves that are neither posted nor voided, in the order of their ids.
    pub fn reserves(&self) -> impl Iterator<Item = &Transfer> {
        self.reserves.values()
    }

    /// The reserve under an id.
    pub fn reserve_of(&self, id: &TransferId) -> Option<&Transfer> {
        self.reserves.get(id)
    }

    /// The account that owes what was issued.
    pub fn issue_account(&self) -> &AccountId {
        &self.issue
    }

    /// All the money there is.
    pub fn supply(&self) -> Amount {
        let owed = self
            .accounts
            .get(&self.issue)
            .map_or(0, |issue| issue.debits_posted.saturating_sub(issue.credits_posted));
        Amount::try_from(owed).unwrap_or(Amount::MAX)
    }

    /// The log of everything that ever happened, in order.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// From now on keeps each event until it is taken. Otherwise the ledger keeps none: its [log](Ledger::log) is the
    /// frontier of a tree.
    pub fn record_events(&mut self) {
        self.recorder.get_or_insert_default();
    }

    /// The events since they were last taken, if the ledger [keeps](Ledger::record_events) them.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.recorder.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Makes money. Creates the account if it is new.
    pub fn issue(&mut self, to: AccountId, amount: Amount) -> Result<(), LedgerError> {
        if to == self.issue {
            return Err(LedgerError::IssueAccount);
        }
        self.supply().checked_add(amount).ok_or(LedgerError::Overflow)?;
        self.record(Event::Issued { to, amount });
        self.accounts.entry(to).or_default();
        self.move_posted(self.issue, to, amount)
    }

    /// Destroys money that an account can spend.
    pub fn burn(&mut self, from: AccountId, amount: Amount) -> Result<(), LedgerError> {
        if from == self.issue {
            return Err(LedgerError::IssueAccount);
        }
        if amount == 0 {
            return Err(LedgerError::NoAmount);
        }
        let available = self.accounts.get(&from).ok_or(LedgerError::UnknownAccount)?.available();
        if available < amount {
            return Err(LedgerError::Insufficient { available });
        }
        self.move_posted(from, self.issue, amount)?;
        self.record(Event::Burnt { from, amount });
        Ok(())
    }

    /// Uses a sequence number of an account: one in its window or above, once.
    pub fn claim(&mut self, account: AccountId, sequence: u64) -> Result<(), LedgerError> {
        let claimant = self.accounts.get_mut(&account).ok_or(LedgerError::UnknownAccount)?;
        if !claimant.sequences.claim(sequence) {
            return Err(LedgerError::SequenceUsed { highest: claimant.sequences.highest() });
        }
        self.tree.touch(&account);
        Ok(())
    }

    /// Moves money at once. Creates the credited account if it is new.
    pub fn transfer(&mut self, height: Height, transfer: Transfer) -> Result<Applied, LedgerError> {
        if self.reserves.contains_key(&transfer.id) {
            return Err(LedgerError::IdReused);
        }
        if self.was_done(&transfer, Phases::One)? {
            return Ok(Applied::Before);
        }
        self.check_sides(&transfer)?;
        self.accounts.entry(transfer.credit).or_default();
        self.move_posted(transfer.debit, transfer.credit, transfer.amount)?;
        self.record(Event::Transferred(transfer));
        self.done.insert(transfer.id, Done { height, transfer, phases: Phases::One });
        Ok(Applied::Now)
    }

    /// Sets money aside for a transfer that is decided later: the debited account can't spend it, the credited one
    /// can't either. Both accounts exist.
    pub fn reserve(&mut self, transfer: Transfer) -> Result<Applied, LedgerError> {
        if let Some(reserve) = self.reserves.get(&transfer.id) {
            return if *reserve == transfer { Ok(Applied::Before) } else { Err(LedgerError::IdReused) };
        }
        if self.was_done(&transfer, Phases::Two)? {
            return Ok(Applied::Before);
        }
        self.check_sides(&transfer)?;
        if !self.accounts.contains_key(&transfer.credit) {
            return Err(LedgerError::UnknownAccount);
        }
        let amount = u128::from(transfer.amount);
        self.change(transfer.debit, |account| add(&mut account.debits_pending, amount))?;
        self.change(transfer.credit, |account| add(&mut account.credits_pending, amount))?;
        self.record(Event::Reserved(transfer));
        self.reserves.insert(transfer.id, transfer);
        self.tree.touch(&transfer.id.account);
        Ok(Applied::Now)
    }

    /// Ends a reserve by moving `amount` of it, at least 1; the rest is free again.
    pub fn post(&mut self, height: Height, id: TransferId, amount: Amount) -> Result<(), LedgerError> {
        let reserve = *self.unresolved(&id)?;
        if amount == 0 {
            return Err(LedgerError::NoAmount);
        }
        if amount > reserve.amount {
            return Err(LedgerError::AboveReserve { reserved: reserve.amount });
        }
        self.release(height, reserve)?;
        self.move_posted(reserve.debit, reserve.credit, amount)?;
        self.record(Event::Posted { id, amount });
        Ok(())
    }

    /// Ends a reserve without moving anything.
    pub fn void(&mut self, height: Height, id: TransferId) -> Result<(), LedgerError> {
        let reserve = *self.unresolved(&id)?;
        self.release(height, reserve)?;
        self.record(Event::Voided(id));
        Ok(())
    }

    /// Forgets the transfers that were over before a height. Their ids, and every other with the same sequence number or
    /// one that leaves the window, stay refused.
    pub fn forget_before(&mut self, height: Height) {
        let Ledger { done, accounts, tree, .. } = self;
        done.retain(|id, done| {
            let keep = done.height >= height;
            if !keep && let Some(account) = accounts.get_mut(&id.account) {
                account.forgotten.claim(id.sequence);
                tree.touch(&id.account);
            }
            keep
        });
    }

    /// How many transfers are over and not forgotten.
    pub fn remembered(&self) -> usize {
        self.done.len()
    }

    /// The Merkle root over the accounts in the order of their ids, with their sequence numbers and reserves, and over
    /// the log. It leaves out what [`forget_before`](Ledger::forget_before) can forget.
    pub fn root(&mut self) -> Digest {
        let Ledger { accounts, reserves, log, tree, .. } = self;
        let tree = tree.root(|bucket| digest_of_bucket(accounts, reserves, bucket));
        let mut bytes = [0; 72];
        bytes[..32].copy_from_slice(&tree.0);
        bytes[32..64].copy_from_slice(&log.root().0);
        bytes[64..].copy_from_slice(&log.size().to_le_bytes());
        Digest::of("ledger/root", &bytes)
    }

    /// Whether the same request is over already.
    fn was_done(&self, transfer: &Transfer, phases: Phases) -> Result<bool, LedgerError> {
        match self.done.get(&transfer.id) {
            Some(done) if done.transfer == *transfer && done.phases == phases => Ok(true),
            Some(_) => Err(LedgerError::IdReused),
            None => Ok(false),
        }
    }

    /// Everything that a new transfer needs, save that the credited account exists.
    fn check_sides(&self, transfer: &Transfer) -> Result<(), LedgerError> {
        let Transfer { id, debit, credit, amount } = transfer;
        if *amount == 0 {
            return Err(LedgerError::NoAmount);
        }
        if debit == credit {
            return Err(LedgerError::SameAccount);
        }
        if *debit == self.issue || *credit == self.issue {
            return Err(LedgerError::IssueAccount);
        }
        let owner = self.accounts.get(&id.account).ok_or(LedgerError::UnknownAccount)?;
        if !owner.sequences.is_used(id.sequence) {
            return Err(LedgerError::Unclaimed);
        }
        if owner.forgotten.is_used(id.sequence) {
            return Err(LedgerError::Forgotten);
        }
        let available = self.accounts.get(debit).ok_or(LedgerError::UnknownAccount)?.available();
        if available < *amount { Err(LedgerError::Insufficient { available }) } else { Ok(()) }
    }

    fn unresolved(&self, id: &TransferId) -> Result<&Transfer, LedgerError> {
        self.reserves.get(id).ok_or_else(|| match self.done.get(id) {
            Some(_) => LedgerError::Resolved,
            None => LedgerError::NotReserved,
        })
    }

    fn release(&mut self, height: Height, reserve: Transfer) -> Result<(), LedgerError> {
        let amount = u128::from(reserve.amount);
        self.change(reserve.debit, |account| subtract(&mut account.debits_pending, amount))?;
        self.change(reserve.credit, |account| subtract(&mut account.credits_pending, amount))?;
        self.reserves.remove(&reserve.id);
        self.tree.touch(&reserve.id.account);
        self.done.insert(reserve.id, Done { height, transfer: reserve, phases: Phases::Two });
        Ok(())
    }

    fn move_posted(
        &mut self,
        debit: AccountId,
        credit: AccountId,
        amount: Amount,
    ) -> Result<(), LedgerError> {
        let amount = u128::from(amount);
        self.change(debit, |account| add(&mut account.debits_posted, amount))?;
        self.change(credit, |account| add(&mut account.credits_posted, amount))
    }

    fn change(
        &mut self,
        id: AccountId,
        change: impl FnOnce(&mut Account) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        change(self.accounts.get_mut(&id).ok_or(LedgerError::UnknownAccount)?)?;
        self.tree.touch(&id);
        Ok(())
    }

    fn record(&mut self, event: Event) {
        self.log.append(event.leaf());
        if let Some(events) = &mut self.recorder {
            events.push(event);
        }
    }
}

fn add(total: &mut u128, amount: u128) -> Result<(), LedgerError> {
    *total = total.checked_add(amount).ok_or(LedgerError::Overflow)?;
    Ok(())
}

fn subtract(total: &mut u128, amount: u128) -> Result<(), LedgerError> {
    *total = total.checked_sub(amount).ok_or(LedgerError::Overflow)?;
    Ok(())
}

/// The digest of the accounts whose ids begin with a byte and of the reserves that are filed under them.
fn digest_of_bucket(
    accounts: &BTreeMap<AccountId, Account>,
    reserves: &BTreeMap<TransferId, Transfer>,
    bucket: u8,
) -> Digest {
    let ids = ids_of_bucket(bucket);
    let (first, last) = (*ids.start(), *ids.end());
    let from = TransferId { account: first, sequence: 0, leg: 0 };
    let to = TransferId { account: last, sequence: u64::MAX, leg: u8::MAX };
    let mut bytes = Vec::new();
    for account in accounts.range(ids) {
        append(&mut bytes, 0, &account);
    }
    for (_, reserve) in reserves.range(from..=to) {
        append(&mut bytes, 1, reserve);
    }
    if bytes.is_empty() { Digest::ZERO } else { Digest::of("ledger/bucket", &bytes) }
}

/// Appends an item behind a byte that tells its kind.
fn append(bytes: &mut Vec<u8>, kind: u8, item: &impl BorshSerialize) {
    bytes.push(kind);
    item.serialize(bytes).expect("a vector takes all bytes");
}

fn ids_of_bucket(bucket: u8) -> RangeInclusive<AccountId> {
    let (mut first, mut last) = ([0; 32], [0xff; 32]);
    first[0] = bucket;
    last[0] = bucket;
    AccountId(Digest(first))..=AccountId(Digest(last))
}
