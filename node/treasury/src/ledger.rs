//! The ledger: accounts, transfers at once, escrows in two phases, sequence numbers, and the root over all of it.
//!
//! The model is TigerBeetle's: each transfer debits one account and credits another; credits must cover debits, pending
//! ones included, for every account but the issue, which is where money comes from. What is decided later goes in two
//! phases: an [escrow](Ledger::escrow) sets money of two sides aside, and [`resolve`](Ledger::resolve) moves what one side
//! lost, or nothing, and frees the rest.
//!
//! **Replay.** An account claims each sequence number once, in any order within a window ([`Sequences`]), and money of a
//! command moves only under the [`Claim`] of its number, which nobody can copy. So no name is ever used twice, and the
//! ledger has nothing to remember but the windows.
//!
//! [`Sequences`]: crate::Sequences

mod check;
#[cfg(test)]
mod tests;

pub use check::LedgerFault;

use crate::accounts::Accounts;
use crate::journal::Journal;
use crate::{Account, Claim, Escrow, EscrowId, LedgerError, Log, Page, Slot, Transfer, TransferId, Verdict};
use bitcraps_types::{AccountId, Amount, Digest};
use borsh::{BorshDeserialize, BorshSerialize};

/// A ledger of one kind of money.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub struct Ledger {
    issue: AccountId,
    accounts: Accounts,
    journal: Journal,
}

/// What happened: it stands on a page of the journal.
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
    /// Two sides set money aside.
    Escrowed {
        /// The name of the escrow, and its owner.
        id: EscrowId,
        /// The other side.
        with: AccountId,
        /// What the owner set aside.
        stake: Amount,
        /// What the other side set aside.
        cover: Amount,
    },
    /// An escrow ended.
    Resolved {
        /// Which.
        id: EscrowId,
        /// How.
        verdict: Verdict,
    },
    /// Money was destroyed.
    Burnt {
        /// Whose.
        from: AccountId,
        /// How much.
        amount: Amount,
    },
}

impl Ledger {
    /// A ledger without money. `issue` is the account that owes all that will be issued.
    pub fn new(issue: AccountId) -> Ledger {
        let mut accounts = Accounts::new();
        accounts.open(issue);
        Ledger { issue, accounts, journal: Journal::default() }
    }

    /// Where an account lies.
    pub fn slot(&self, id: &AccountId) -> Option<Slot> {
        self.accounts.find(id)
    }

    /// An account's totals.
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.slot(id).map(|slot| self.at(slot))
    }

    /// The totals of the account in a slot of this ledger.
    pub fn at(&self, slot: Slot) -> &Account {
        &self.accounts.at(slot).account
    }

    /// All accounts, the issue among them, in the order of their ids.
    pub fn accounts(&self) -> impl Iterator<Item = (&AccountId, &Account)> {
        let entries = self.accounts.in_order().into_iter().map(|slot| self.accounts.at(slot));
        entries.map(|entry| (&entry.id, &entry.account))
    }

    /// How many accounts there are, the issue among them.
    pub fn account_count(&self) -> usize {
        self.accounts.len()
    }

    /// The escrows that are not resolved, in the order of their ids.
    pub fn escrows(&self) -> impl Iterator<Item = (EscrowId, &Escrow)> {
        let entries = self.accounts.in_order().into_iter().map(|slot| self.accounts.at(slot));
        entries.flat_map(|entry| {
            let named = |sequence| EscrowId { account: entry.id, sequence };
            entry.escrows.iter().map(move |(sequence, escrow)| (named(sequence), escrow))
        })
    }

    /// An escrow that is not resolved.
    pub fn escrow_of(&self, id: &EscrowId) -> Option<&Escrow> {
        self.accounts.at(self.slot(&id.account)?).escrows.get(id.sequence)
    }

    /// The account that owes what was issued.
    pub fn issue_account(&self) -> &AccountId {
        &self.issue
    }

    /// All the money there is.
    pub fn supply(&self) -> Amount {
        let owed = self
            .account(&self.issue)
            .map_or(0, |issue| issue.debits_posted.saturating_sub(issue.credits_posted));
        Amount::try_from(owed).unwrap_or(Amount::MAX)
    }

    /// The log of everything that ever happened, in order: its leaves are the pages of the journal.
    pub fn log(&self) -> &Log {
        self.journal.log()
    }

    /// From now on keeps each page until it is taken. Otherwise the ledger keeps none: its [log](Ledger::log) is the
    /// frontier of a tree.
    pub fn keep_pages(&mut self) {
        self.journal.keep();
    }

    /// The pages that were closed since they were last taken, if the ledger [keeps](Ledger::keep_pages) them.
    pub fn take_pages(&mut self) -> Vec<Page> {
        self.journal.take_kept()
    }

    /// Makes money. Creates the account if it is new.
    pub fn issue(&mut self, to: AccountId, amount: Amount) -> Result<(), LedgerError> {
        if to == self.issue {
            return Err(LedgerError::IssueAccount);
        }
        self.supply().checked_add(amount).ok_or(LedgerError::Overflow)?;
        let (issue, slot) = (self.accounts.open(self.issue), self.accounts.open(to));
        self.move_posted(issue, slot, amount);
        self.journal.write(&Event::Issued { to, amount });
        Ok(())
    }

    /// Destroys money that an account can spend.
    pub fn burn(&mut self, from: AccountId, amount: Amount) -> Result<(), LedgerError> {
        if from == self.issue {
            return Err(LedgerError::IssueAccount);
        }
        if amount == 0 {
            return Err(LedgerError::NoAmount);
        }
        let slot = self.slot(&from).ok_or(LedgerError::UnknownAccount)?;
        self.must_have(slot, amount)?;
        let issue = self.accounts.open(self.issue);
        self.move_posted(slot, issue, amount);
        self.journal.write(&Event::Burnt { from, amount });
        Ok(())
    }

    /// Uses a sequence number of an account: one in its window or above, once.
    pub fn claim(&mut self, slot: Slot, sequence: u64) -> Result<Claim, LedgerError> {
        let used = self.at(slot).sequences;
        if used.is_used(sequence) {
            return Err(LedgerError::SequenceUsed { highest: used.highest() });
        }
        let claimant = self.accounts.touch(slot);
        claimant.account.sequences.claim(sequence);
        Ok(Claim { slot, account: claimant.id, sequence, legs: 0 })
    }

    /// Moves money at once. Creates the credited account if it is new.
    pub fn transfer(
        &mut self,
        claim: &mut Claim,
        debit: AccountId,
        credit: AccountId,
        amount: Amount,
    ) -> Result<(), LedgerError> {
        if amount == 0 {
            return Err(LedgerError::NoAmount);
        }
        if debit == credit {
            return Err(LedgerError::SameAccount);
        }
        if debit == self.issue || credit == self.issue {
            return Err(LedgerError::IssueAccount);
        }
        let from = if debit == claim.account { Some(claim.slot) } else { self.slot(&debit) };
        let from = from.ok_or(LedgerError::UnknownAccount)?;
        self.must_have(from, amount)?;
        let to = self.accounts.open(credit);
        self.move_posted(from, to, amount);
        let id = TransferId { account: claim.account, sequence: claim.sequence, leg: claim.legs };
        claim.legs += 1;
        self.journal.write(&Event::Transferred(Transfer { id, debit, credit, amount }));
        Ok(())
    }

    /// Sets money of two sides aside until it is decided who gets what: neither can spend it. The owner is whose claim it
    /// is; the escrow has the claim's name.
    pub fn escrow(
        &mut self,
        claim: Claim,
        with: Slot,
        stake: Amount,
        cover: Amount,
    ) -> Result<(), LedgerError> {
        let Claim { slot: owner, account, sequence, .. } = claim;
        if stake == 0 {
            return Err(LedgerError::NoAmount);
        }
        if owner == with {
            return Err(LedgerError::SameAccount);
        }
        let other = self.accounts.at(with).id;
        if account == self.issue || other == self.issue {
            return Err(LedgerError::IssueAccount);
        }
        self.must_have(owner, stake)?;
        let available = self.at(with).available();
        if available < cover {
            return Err(LedgerError::Uncovered { available });
        }
        let entry = self.accounts.touch(owner);
        entry.account.debits_pending += u128::from(stake);
        entry.account.credits_pending += u128::from(cover);
        entry.escrows.insert(sequence, Escrow { with, stake, cover });
        let entry = self.accounts.touch(with);
        entry.account.debits_pending += u128::from(cover);
        entry.account.credits_pending += u128::from(stake);
        let id = EscrowId { account, sequence };
        self.journal.write(&Event::Escrowed { id, with: other, stake, cover });
        Ok(())
    }

    /// Ends an escrow of the owner's: what the verdict says moves, the rest is free again.
    pub fn resolve(&mut self, owner: Slot, sequence: u64, verdict: Verdict) -> Result<(), LedgerError> {
        let found = self.accounts.at(owner).escrows.get(sequence);
        let Escrow { with, stake, cover } = *found.ok_or(LedgerError::NoEscrow)?;
        let (to_owner, to_other) = match verdict {
            Verdict::Won(amount) if amount > cover => return Err(LedgerError::AboveCover { cover }),
            Verdict::Won(amount) => (amount, 0),
            Verdict::Lost => (0, stake),
            Verdict::Returned => (0, 0),
        };
        let (stake, cover) = (u128::from(stake), u128::from(cover));
        let (to_owner, to_other) = (u128::from(to_owner), u128::from(to_other));
        let entry = self.accounts.touch(owner);
        let id = EscrowId { account: entry.id, sequence };
        entry.escrows.remove(sequence);
        entry.account.debits_pending -= stake;
        entry.account.credits_pending -= cover;
        entry.account.debits_posted += to_other;
        entry.account.credits_posted += to_owner;
        let entry = self.accounts.touch(with);
        entry.account.debits_pending -= cover;
        entry.account.credits_pending -= stake;
        entry.account.debits_posted += to_owner;
        entry.account.credits_posted += to_other;
        self.journal.write(&Event::Resolved { id, verdict });
        Ok(())
    }

    /// Whether no page of the journal is open: between two blocks.
    pub fn is_at_rest(&self) -> bool {
        self.journal.is_closed()
    }

    /// Closes the journal's open page, and answers with the root: over the accounts in the order of their ids, with their
    /// sequence numbers and escrows, and over the log.
    pub fn seal(&mut self) -> Digest {
        self.journal.close();
        let log = self.journal.log();
        let mut bytes = [0; 72];
        bytes[..32].copy_from_slice(&self.accounts.root().0);
        bytes[32..64].copy_from_slice(&log.root().0);
        bytes[64..].copy_from_slice(&log.size().to_le_bytes());
        Digest::of("ledger/root", &bytes)
    }

    fn must_have(&self, slot: Slot, amount: Amount) -> Result<(), LedgerError> {
        let available = self.at(slot).available();
        if available < amount { Err(LedgerError::Insufficient { available }) } else { Ok(()) }
    }

    /// The totals have room: [`check`](Ledger::check) leaves it for 2^63 more movements.
    fn move_posted(&mut self, debit: Slot, credit: Slot, amount: Amount) {
        self.accounts.touch(debit).account.debits_posted += u128::from(amount);
        self.accounts.touch(credit).account.credits_posted += u128::from(amount);
    }
}
