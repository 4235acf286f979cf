//! Properties `conservation` and `no_negative_balance`: after every block, debits equal credits, all accounts together
//! hold exactly what the genesis issued, and nobody spends or reserves more than came in.

use super::finding::Finding;
use bitcraps_treasury::{Account, Ledger};
use bitcraps_types::{AccountId, Digest, Height, Time};
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
pub(super) struct Conservation {
    pub(super) conservation: Finding,
    pub(super) no_negative_balance: Finding,
    supply: u128,
    /// Nodes with one root at one height have one ledger, and it is summed once.
    summed: BTreeSet<(Height, Digest)>,
}

impl Conservation {
    /// `supply` is all the money that the genesis issues.
    pub(super) fn new(supply: u128) -> Conservation {
        Conservation {
            conservation: Finding::new("conservation"),
            no_negative_balance: Finding::new("no_negative_balance"),
            supply,
            summed: BTreeSet::new(),
        }
    }

    pub(super) fn applied(&mut self, at: Time, node: u16, height: Height, root: Digest, ledger: &Ledger) {
        if !self.summed.insert((height, root)) {
            return;
        }
        self.conservation.judged();
        self.no_negative_balance.judged();
        if let Err(reason) = sum(ledger.accounts(), ledger.issue_account(), self.supply) {
            self.conservation.violated(at, format!("node {node}, height {height}: {reason}"));
        }
        if let Some(id) = overdrawn(ledger.accounts(), ledger.issue_account()) {
            let detail = format!("node {node}, height {height}: account {id:?} has less than its debits");
            self.no_negative_balance.violated(at, detail);
        }
    }

    pub(super) fn forget_below(&mut self, height: Height) {
        self.summed = self.summed.split_off(&(height, Digest::ZERO));
    }
}

/// Sums every account. The issue owes what all others together have.
fn sum<'a>(
    accounts: impl Iterator<Item = (&'a AccountId, &'a Account)>,
    issue: &AccountId,
    supply: u128,
) -> Result<(), String> {
    let (mut debits, mut credits) = (0u128, 0u128);
    let (mut pending_debits, mut pending_credits) = (0u128, 0u128);
    let (mut into_others, mut out_of_others) = (0u128, 0u128);
    for (id, account) in accounts {
        debits = debits.saturating_add(account.debits_posted);
        credits = credits.saturating_add(account.credits_posted);
        pending_debits = pending_debits.saturating_add(account.debits_pending);
        pending_credits = pending_credits.saturating_add(account.credits_pending);
        if id != issue {
            into_others = into_others.saturating_add(account.credits_posted);
            out_of_others = out_of_others.saturating_add(account.debits_posted);
        }
    }
    if debits != credits {
        return Err(format!("debits are {debits}, credits {credits}"));
    }
    if pending_debits != pending_credits {
        return Err(format!("pending debits are {pending_debits}, pending credits {pending_credits}"));
    }
    match into_others.checked_sub(out_of_others) {
        Some(held) if held == supply => Ok(()),
        Some(held) => Err(format!("all accounts hold {held}, the genesis issued {supply}")),
        None => Err(format!("{out_of_others} left the accounts, only {into_others} came")),
    }
}

/// The first account, other than the issue, that owes.
fn overdrawn<'a>(
    mut accounts: impl Iterator<Item = (&'a AccountId, &'a Account)>,
    issue: &AccountId,
) -> Option<&'a AccountId> {
    let owes = |account: &Account| {
        let debits = account.debits_posted.checked_add(account.debits_pending);
        debits.is_none_or(|debits| debits > account.credits_posted)
    };
    accounts.find(|(id, account)| *id != issue && owes(account)).map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(debits: u128, credits: u128) -> Account {
        let mut account = Account::default();
        (account.debits_posted, account.credits_posted) = (debits, credits);
        account
    }

    fn id(name: &str) -> AccountId {
        AccountId::of_house(name)
    }

    #[test]
    fn a_ledger_that_conserves_passes_and_each_way_to_lose_or_make_money_is_named() {
        let judge = |accounts: &[(AccountId, Account)], supply| {
            sum(accounts.iter().map(|(id, account)| (id, account)), &id("issue"), supply)
        };
        let sound = [(id("issue"), account(100, 0)), (id("a"), account(30, 100)), (id("b"), account(0, 30))];
        assert_eq!(judge(&sound, 100), Ok(()));
        assert!(judge(&sound, 99).unwrap_err().contains("hold 100, the genesis issued 99"));
        let mut minted = sound;
        minted[2].1.credits_posted += 1;
        assert!(judge(&minted, 100).unwrap_err().contains("debits are 130, credits 131"));
        let mut reserved = sound;
        reserved[1].1.debits_pending = 5;
        assert!(judge(&reserved, 100).unwrap_err().contains("pending debits are 5, pending credits 0"));
    }

    #[test]
    fn who_owes_is_named_and_the_issue_may_owe() {
        let judge = |account: Account| {
            let accounts = [(id("issue"), self::account(100, 0)), (id("a"), account)];
            overdrawn(accounts.iter().map(|(id, account)| (id, account)), &id("issue")).copied()
        };
        assert_eq!(judge(account(70, 70)), None);
        assert_eq!(judge(account(71, 70)), Some(id("a")));
        let mut reserved = account(60, 70);
        reserved.debits_pending = 11;
        assert_eq!(judge(reserved), Some(id("a")));
    }
}
