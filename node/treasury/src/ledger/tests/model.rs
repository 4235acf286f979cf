//! The ledger beside a naive model: signed balances, a list of reserves, and a memory that never forgets.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];

#[derive(Clone, Copy, Debug)]
enum Request {
    Issue { to: usize, amount: Amount },
    Burn { from: usize, amount: Amount },
    Claim { by: usize, sequence: u64 },
    Transfer(Transfer),
    Reserve(Transfer),
    Post { id: TransferId, amount: Amount },
    Void { id: TransferId },
    Forget { before: Height },
}

#[derive(Default)]
struct Model {
    issued: i128,
    burnt: i128,
    balances: BTreeMap<AccountId, i128>,
    claimed: Numbers,
    reserves: Vec<Transfer>,
    /// Every id that ever moved or reserved money.
    used: BTreeSet<TransferId>,
    /// The ids that are over, and the heights at which they ended.
    done: BTreeMap<TransferId, Height>,
    forgotten: Numbers,
}

/// Sequence numbers by account. Those that lie 64 or more below the highest count as in it, and so does 0.
#[derive(Default)]
struct Numbers(BTreeMap<AccountId, BTreeSet<u64>>);

impl Numbers {
    fn contains(&self, account: AccountId, sequence: u64) -> bool {
        let numbers = self.0.get(&account);
        let highest = numbers.and_then(|numbers| numbers.last()).copied().unwrap_or(0);
        sequence + 64 <= highest
            || sequence == 0
            || numbers.is_some_and(|numbers| numbers.contains(&sequence))
    }

    fn add(&mut self, account: AccountId, sequence: u64) {
        self.0.entry(account).or_default().insert(sequence);
    }
}

impl Model {
    fn available(&self, account: AccountId) -> i128 {
        let reserved = self.reserves.iter().filter(|reserve| reserve.debit == account);
        self.balance(account) - reserved.map(|reserve| i128::from(reserve.amount)).sum::<i128>()
    }

    fn balance(&self, account: AccountId) -> i128 {
        self.balances.get(&account).copied().unwrap_or(0)
    }

    fn shift(&mut self, debit: AccountId, credit: AccountId, amount: Amount) {
        *self.balances.entry(debit).or_default() -= i128::from(amount);
        *self.balances.entry(credit).or_default() += i128::from(amount);
    }

    fn take_reserve(&mut self, id: TransferId) -> Option<Transfer> {
        let at = self.reserves.iter().position(|reserve| reserve.id == id)?;
        Some(self.reserves.remove(at))
    }

    /// Whether a transfer that was never seen must be accepted.
    fn sound(&self, transfer: &Transfer) -> bool {
        let Transfer { id, debit, credit, amount } = *transfer;
        amount > 0
            && debit != credit
            && self.claimed.contains(id.account, id.sequence)
            && !self.forgotten.contains(id.account, id.sequence)
            && self.available(debit) >= i128::from(amount)
            && !self.used.contains(&id)
    }
}

/// Mostly close together; some push the rest out of the window.
fn any_sequence() -> impl Strategy<Value = u64> {
    prop_oneof![40 => 0..12u64, 1 => 60..80u64]
}

fn any_id() -> impl Strategy<Value = TransferId> {
    (0..NAMES.len(), any_sequence(), 0..2u8).prop_map(|(name, sequence, leg)| TransferId {
        account: account(NAMES[name]),
        sequence,
        leg,
    })
}

fn any_transfer() -> impl Strategy<Value = Transfer> {
    (any_id(), 0..NAMES.len(), 0..NAMES.len(), 0..40u64).prop_map(|(id, debit, credit, amount)| Transfer {
        id,
        debit: account(NAMES[debit]),
        credit: account(NAMES[credit]),
        amount,
    })
}

fn any_request() -> impl Strategy<Value = Request> {
    prop_oneof![
        1 => (0..NAMES.len(), 0..100u64).prop_map(|(to, amount)| Request::Issue { to, amount }),
        1 => (0..NAMES.len(), 0..60u64).prop_map(|(from, amount)| Request::Burn { from, amount }),
        2 => (0..NAMES.len(), any_sequence()).prop_map(|(by, sequence)| Request::Claim { by, sequence }),
        4 => any_transfer().prop_map(Request::Transfer),
        4 => any_transfer().prop_map(Request::Reserve),
        3 => (any_id(), 0..40u64).prop_map(|(id, amount)| Request::Post { id, amount }),
        3 => any_id().prop_map(|id| Request::Void { id }),
        1 => (0..100u64).prop_map(|before| Request::Forget { before }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_ledger_does_what_a_naive_model_does(requests in prop::collection::vec(any_request(), 0..100)) {
        let mut ledger = Ledger::new(issue());
        ledger.record_events();
        let mut model = Model::default();
        // Everybody starts with money, so that most requests get past the first check.
        for name in NAMES {
            ledger.issue(account(name), 50).unwrap();
            model.balances.insert(account(name), 50);
            for sequence in [1, 2, 3, 5, 8] {
                ledger.claim(account(name), sequence).unwrap();
                model.claimed.add(account(name), sequence);
            }
            model.issued += 50;
        }
        // Requests repeat, as from a client that got no answer.
        let twice = requests.iter().flat_map(|request| [*request, *request]);
        for (height, request) in (0u64..).zip(twice) {
            match request {
                Request::Issue { to, amount } => {
                    prop_assert_eq!(ledger.issue(account(NAMES[to]), amount), Ok(()));
                    model.issued += i128::from(amount);
                    *model.balances.entry(account(NAMES[to])).or_default() += i128::from(amount);
                }
                Request::Burn { from, amount } => {
                    let from = account(NAMES[from]);
                    let sound = amount > 0 && model.available(from) >= i128::from(amount);
                    prop_assert_eq!(ledger.burn(from, amount).is_ok(), sound);
                    if sound {
                        model.burnt += i128::from(amount);
                        *model.balances.entry(from).or_default() -= i128::from(amount);
                    }
                }
                Request::Claim { by, sequence } => {
                    let by = account(NAMES[by]);
                    let fresh = !model.claimed.contains(by, sequence);
                    prop_assert_eq!(ledger.claim(by, sequence).is_ok(), fresh);
                    if fresh {
                        model.claimed.add(by, sequence);
                    }
                }
                Request::Transfer(transfer) => {
                    let sound = model.sound(&transfer);
                    match ledger.transfer(height, transfer) {
                        Ok(Applied::Now) => {
                            prop_assert!(sound);
                            model.used.insert(transfer.id);
                            model.done.insert(transfer.id, height);
                            model.shift(transfer.debit, transfer.credit, transfer.amount);
                        }
                        Ok(Applied::Before) => prop_assert!(model.used.contains(&transfer.id)),
                        Err(_) => prop_assert!(!sound),
                    }
                }
                Request::Reserve(transfer) => {
                    let sound = model.sound(&transfer);
                    match ledger.reserve(transfer) {
                        Ok(Applied::Now) => {
                            prop_assert!(sound);
                            model.used.insert(transfer.id);
                            model.reserves.push(transfer);
                        }
                        Ok(Applied::Before) => prop_assert!(model.used.contains(&transfer.id)),
                        Err(_) => prop_assert!(!sound),
                    }
                }
                Request::Post { id, amount } => {
                    let held = model.reserves.iter().find(|reserve| reserve.id == id).copied();
                    let sound = held.is_some_and(|reserve| (1..=reserve.amount).contains(&amount));
                    prop_assert_eq!(ledger.post(height, id, amount).is_ok(), sound);
                    if sound {
                        let reserve = model.take_reserve(id).unwrap();
                        model.done.insert(id, height);
                        model.shift(reserve.debit, reserve.credit, amount);
                    }
                }
                Request::Void { id } => {
                    let held = model.take_reserve(id).is_some();
                    prop_assert_eq!(ledger.void(height, id).is_ok(), held);
                    if held {
                        model.done.insert(id, height);
                    }
                }
                Request::Forget { before } => {
                    ledger.forget_before(before);
                    for (id, _) in model.done.extract_if(.., |_, ended| *ended < before) {
                        model.forgotten.add(id.account, id.sequence);
                    }
                    prop_assert_eq!(ledger.remembered(), model.done.len());
                }
            }
            // At each step, so that every later change meets a tree in which all else is cached.
            let root = ledger.root();
            if height % 8 == 7 {
                prop_assert_eq!(root, fresh_root(&ledger));
            }
            prop_assert_eq!(ledger.check(), Ok(()));
            prop_assert_eq!(i128::from(ledger.supply()), model.issued - model.burnt);
            for name in NAMES {
                let (balance, available) = money(&ledger, name);
                prop_assert_eq!(i128::from(balance), model.balance(account(name)));
                prop_assert_eq!(i128::from(available), model.available(account(name)));
            }
        }
        let leaves: Vec<Digest> = ledger.take_events().iter().map(Event::leaf).collect();
        prop_assert_eq!(ledger.log().root(), log::root_of(&leaves));
        prop_assert_eq!(ledger.root(), fresh_root(&ledger));
        prop_assert_eq!(ledger.reserves().count(), model.reserves.len());
    }
}
