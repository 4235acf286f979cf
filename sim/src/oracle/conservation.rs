//! Properties `conservation` and `no_negative_balance`: after every block, debits equal credits, all accounts together
//! hold exactly what the genesis issued less what proven offences and fees burnt, each validator's stake is what the genesis gave
//! it less the share of each of its offences, once, and nobody spends or reserves more than came in.
//!
//! What offences cost is worked out here from the decided blocks and the genesis. No player of the testbed is a
//! validator, so nothing else moves a stake.

use super::finding::Finding;
use bitcraps_casino::{Block, FeesTo, Genesis, Kept};
use bitcraps_treasury::{Account, Ledger};
use bitcraps_types::{AccountId, Digest, Height, Time};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub(super) struct Conservation {
    pub(super) conservation: Finding,
    pub(super) no_negative_balance: Finding,
    charges: Charges,
    /// The account of each validator's stake.
    stake_accounts: Vec<AccountId>,
    /// Whether fees are burnt.
    burns_fees: bool,
    /// What there must be after each decided block of the one chain.
    expected: BTreeMap<Height, Expected>,
    /// Nodes with one root at one height have one ledger, and it is summed once.
    summed: BTreeSet<(Height, Digest)>,
}

impl Conservation {
    pub(super) fn new(genesis: &Genesis) -> Conservation {
        Conservation {
            conservation: Finding::new("conservation"),
            no_negative_balance: Finding::new("no_negative_balance"),
            charges: Charges::new(genesis),
            stake_accounts: Vec::new(),
            burns_fees: genesis.policy.fee.to == FeesTo::Nobody,
            expected: BTreeMap::new(),
            summed: BTreeSet::new(),
        }
    }

    /// The next block of the one chain.
    pub(super) fn decided(&mut self, block: &Block) {
        self.charges.charge(block);
        let known = self.stake_accounts.len();
        let account = |validator: usize| AccountId::of_house(&format!("stake {validator}"));
        self.stake_accounts.extend((known..self.charges.expected.stakes.len()).map(account));
        self.expected.insert(block.height, self.charges.expected.clone());
    }

    /// So much was paid in fees up to a block.
    pub(super) fn fees_paid(&mut self, height: Height, fees: u128) {
        if let Some(expected) = self.expected.get_mut(&height).filter(|_| self.burns_fees) {
            expected.supply = expected.supply.saturating_sub(fees);
        }
    }

    pub(super) fn applied(&mut self, at: Time, node: u16, height: Height, root: Digest, ledger: &Ledger) {
        if !self.summed.insert((height, root)) {
            return;
        }
        self.conservation.judged();
        self.no_negative_balance.judged();
        let expected = self.expected.get(&height);
        let supply = expected.map(|expected| expected.supply);
        let sums = sum(ledger.accounts(), ledger.issue_account(), supply);
        let stakes =
            expected.map_or(Ok(()), |expected| stakes(ledger, &self.stake_accounts, &expected.stakes));
        if let Err(reason) = sums.and(stakes) {
            self.conservation.violated(at, format!("node {node}, height {height}: {reason}"));
        }
        if let Some(id) = overdrawn(ledger.accounts(), ledger.issue_account()) {
            let detail = format!("node {node}, height {height}: account {id:?} has less than its debits");
            self.no_negative_balance.violated(at, detail);
        }
    }

    pub(super) fn forget_below(&mut self, height: Height) {
        self.summed = self.summed.split_off(&(height, Digest::ZERO));
        self.expected = self.expected.split_off(&height);
    }
}

/// What there must be after a block.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Expected {
    supply: u128,
    /// By validator.
    stakes: Vec<u128>,
}

/// What offences cost, along the chain.
#[derive(Clone, Debug)]
struct Charges {
    /// What a unit of power requires.
    per_power: u128,
    /// What a block mints if all signed its parent.
    reward: u128,
    /// The powers of those who decided the parent, and of those who decide now.
    powers: [Vec<u128>; 2],
    /// Of a thousand, of a stake.
    slash: u128,
    /// Of a thousand, of what is slashed.
    kept: u128,
    charged: BTreeSet<(Height, u16)>,
    expected: Expected,
}

impl Charges {
    fn new(genesis: &Genesis) -> Charges {
        let policy = genesis.policy.stake;
        let per_power = policy.map_or(0, |stake| u128::from(stake.per_power));
        let stakes: Vec<u128> =
            genesis.validators.iter().map(|validator| u128::from(validator.power) * per_power).collect();
        let players = genesis.players.iter().map(|(_, amount)| u128::from(*amount));
        let supply = u128::from(genesis.bank) + players.sum::<u128>() + stakes.iter().sum::<u128>();
        let powers: Vec<u128> =
            genesis.validators.iter().map(|validator| u128::from(validator.power)).collect();
        Charges {
            per_power,
            reward: genesis.policy.reward.map_or(0, u128::from),
            powers: [powers.clone(), powers],
            slash: policy.map_or(0, |stake| stake.slash.0.into()),
            kept: policy.and_then(|stake| stake.kept).map_or(0, |Kept { share, .. }| share.0.into()),
            charged: BTreeSet::new(),
            expected: Expected { supply, stakes },
        }
    }

    /// What a block does to the stakes. Nobody bonds or unbonds in a run, and who is to get power has the money for it.
    fn charge(&mut self, block: &Block) {
        if let Some(attendance) = &block.attendance {
            let signed = |place: usize| attendance.signers.iter().any(|signer| signer.index() == place);
            self.expected.supply += minted(self.reward, &self.powers[0], signed);
        }
        self.powers[0] = self.powers[1].clone();
        if let Some(handover) = &block.handover {
            self.powers[1] =
                handover.terms.to.validators.iter().map(|validator| u128::from(validator.power)).collect();
        }
        for (place, entry) in
            block.handover.iter().flat_map(|handover| handover.terms.to.validators.iter().enumerate())
        {
            let required = u128::from(entry.power) * self.per_power;
            self.expected.stakes.resize(self.expected.stakes.len().max(place + 1), 0);
            let stake = &mut self.expected.stakes[place];
            *stake = required.max(*stake);
        }
        let share = |amount: u128, of_thousand: u128| (amount * of_thousand + 500) / 1000;
        for offence in &block.offences {
            let fresh = self.charged.insert((offence.height, offence.offender.0));
            let stake = self.expected.stakes.get_mut(usize::from(offence.offender.0));
            if let Some(stake) = stake.filter(|_| fresh) {
                let slashed = share(*stake, self.slash);
                *stake -= slashed;
                self.expected.supply -= slashed - share(slashed, self.kept);
            }
        }
    }
}

/// What a block mints of the reward: the parts of those who signed, by power, each odd unit to the largest remainder; the absent
/// together are the last.
fn minted(reward: u128, powers: &[u128], signed: impl Fn(usize) -> bool) -> u128 {
    let total: u128 = powers.iter().sum();
    let present: Vec<u128> =
        powers.iter().enumerate().filter(|(place, _)| signed(*place)).map(|(_, power)| *power).collect();
    let absent = total - present.iter().sum::<u128>();
    let all: Vec<u128> = present.into_iter().chain([absent]).collect();
    let whole: u128 = all.iter().map(|power| reward * power / total).sum();
    let last = all.len() - 1;
    let remainder = |place: usize| reward * all[place] % total;
    let before_the_absent = (0..last).filter(|place| remainder(*place) >= remainder(last)).count() as u128;
    let odd_to_the_absent = u128::from(reward - whole > before_the_absent);
    reward - reward * absent / total - odd_to_the_absent
}

/// Whether each validator's stake is what it must be.
fn stakes(ledger: &Ledger, accounts: &[AccountId], expected: &[u128]) -> Result<(), String> {
    for (validator, (account, expected)) in accounts.iter().zip(expected).enumerate() {
        let held = ledger
            .account(account)
            .map_or(0, |stake| stake.credits_posted.saturating_sub(stake.debits_posted));
        if held != *expected {
            return Err(format!("validator {validator} has {held} at stake, its offences leave {expected}"));
        }
    }
    Ok(())
}

/// Sums every account. The issue owes what all others together have; after a fork nobody knows how much that must be.
fn sum<'a>(
    accounts: impl Iterator<Item = (&'a AccountId, &'a Account)>,
    issue: &AccountId,
    supply: Option<u128>,
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
        Some(held) => match supply {
            Some(supply) if held != supply => {
                Err(format!("all accounts hold {held}, of what the genesis issued {supply} are left"))
            }
            _ => Ok(()),
        },
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
            sum(accounts.iter().map(|(id, account)| (id, account)), &id("issue"), Some(supply))
        };
        let sound = [(id("issue"), account(100, 0)), (id("a"), account(30, 100)), (id("b"), account(0, 30))];
        assert_eq!(judge(&sound, 100), Ok(()));
        assert!(judge(&sound, 99).unwrap_err().contains("hold 100, of what the genesis issued 99"));
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
