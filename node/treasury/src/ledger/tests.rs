//! The ledger's contract, case by case. [`model`] compares it with a naive one under random requests.

mod model;

use super::*;
use crate::Sequences;

fn account(name: &str) -> AccountId {
    AccountId::of_house(name)
}

fn issue() -> AccountId {
    account("issue")
}

fn id(sequence: u64, leg: u8) -> TransferId {
    TransferId { account: account("alice"), sequence, leg }
}

fn from_alice(id: TransferId, amount: Amount) -> Transfer {
    Transfer { id, debit: account("alice"), credit: account("bob"), amount }
}

/// Alice has 100 and has claimed the sequence numbers 1 to 4 and 9, Bob has 10.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new(issue());
    ledger.issue(account("alice"), 100).unwrap();
    ledger.issue(account("bob"), 10).unwrap();
    [1, 2, 3, 4, 9].iter().for_each(|sequence| ledger.claim(account("alice"), *sequence).unwrap());
    ledger
}

fn money(ledger: &Ledger, name: &str) -> (Amount, Amount) {
    let account = ledger.account(&account(name)).unwrap();
    (account.balance(), account.available())
}

#[test]
fn a_transfer_asked_for_twice_is_done_once() {
    let mut ledger = ledger();
    let transfer = from_alice(id(1, 0), 30);
    assert_eq!(ledger.transfer(1, transfer), Ok(Applied::Now));
    let (root, log) = (ledger.root(), ledger.log().clone());
    assert_eq!(ledger.transfer(2, transfer), Ok(Applied::Before));
    assert_eq!((ledger.root(), ledger.log()), (root, &log));
    assert_eq!((money(&ledger, "alice"), money(&ledger, "bob")), ((70, 70), (40, 40)));
}

#[test]
fn an_id_stands_for_one_request() {
    let mut ledger = ledger();
    ledger.transfer(1, from_alice(id(1, 0), 30)).unwrap();
    assert_eq!(ledger.transfer(1, from_alice(id(1, 0), 31)), Err(LedgerError::IdReused));
    assert_eq!(ledger.reserve(from_alice(id(1, 0), 30)), Err(LedgerError::IdReused));
    ledger.reserve(from_alice(id(2, 0), 5)).unwrap();
    assert_eq!(ledger.reserve(from_alice(id(2, 0), 5)), Ok(Applied::Before));
    assert_eq!(ledger.reserve(from_alice(id(2, 0), 6)), Err(LedgerError::IdReused));
    assert_eq!(ledger.transfer(1, from_alice(id(2, 0), 5)), Err(LedgerError::IdReused));
    assert_eq!(money(&ledger, "alice"), (70, 65));
}

#[test]
fn a_reserve_can_be_spent_by_neither_side() {
    let mut ledger = ledger();
    ledger.reserve(from_alice(id(1, 1), 80)).unwrap();
    assert_eq!(money(&ledger, "alice"), (100, 20));
    assert_eq!(money(&ledger, "bob"), (10, 10));
    let too_much = ledger.transfer(1, from_alice(id(2, 0), 21));
    assert_eq!(too_much, Err(LedgerError::Insufficient { available: 20 }));
    assert_eq!(ledger.reserve(from_alice(id(3, 1), 21)), Err(LedgerError::Insufficient { available: 20 }));
    assert_eq!(ledger.reserves().map(|reserve| reserve.amount).collect::<Vec<_>>(), [80]);
}

#[test]
fn a_part_is_posted_and_the_rest_is_free_again() {
    let mut ledger = ledger();
    ledger.reserve(from_alice(id(1, 1), 80)).unwrap();
    assert_eq!(ledger.post(1, id(1, 1), 81), Err(LedgerError::AboveReserve { reserved: 80 }));
    assert_eq!(ledger.post(1, id(1, 1), 0), Err(LedgerError::NoAmount));
    assert_eq!(ledger.post(1, id(1, 1), 50), Ok(()));
    assert_eq!((money(&ledger, "alice"), money(&ledger, "bob")), ((50, 50), (60, 60)));
}

#[test]
fn a_reserve_is_resolved_once() {
    for by_posting in [true, false] {
        let mut ledger = ledger();
        ledger.reserve(from_alice(id(1, 1), 80)).unwrap();
        let resolved = if by_posting { ledger.post(1, id(1, 1), 80) } else { ledger.void(1, id(1, 1)) };
        assert_eq!(resolved, Ok(()));
        assert_eq!(ledger.post(1, id(1, 1), 80), Err(LedgerError::Resolved));
        assert_eq!(ledger.void(1, id(1, 1)), Err(LedgerError::Resolved));
        assert_eq!(ledger.reserve(from_alice(id(1, 1), 80)), Ok(Applied::Before), "it was reserved once");
        assert_eq!(ledger.reserves().count(), 0);
        assert_eq!(ledger.check(), Ok(()));
    }
    assert_eq!(ledger().void(1, id(1, 1)), Err(LedgerError::NotReserved));
}

#[test]
fn what_is_forgotten_stays_refused() {
    let mut ledger = ledger();
    let transfer = from_alice(id(3, 0), 30);
    ledger.transfer(5, transfer).unwrap();
    ledger.reserve(from_alice(id(2, 1), 7)).unwrap();
    ledger.forget_before(5);
    assert_eq!(ledger.transfer(6, transfer), Ok(Applied::Before), "height 5 is not before 5");
    ledger.forget_before(6);
    assert_eq!(ledger.remembered(), 0);
    assert_eq!(ledger.transfer(6, transfer), Err(LedgerError::Forgotten));
    assert_eq!(ledger.transfer(6, from_alice(id(3, 1), 1)), Err(LedgerError::Forgotten));
    assert_eq!(ledger.transfer(6, from_alice(id(4, 0), 1)), Ok(Applied::Now));
    assert_eq!(ledger.post(6, id(2, 1), 7), Ok(()), "an open reserve is never forgotten");
    ledger.forget_before(7);
    assert_eq!(ledger.reserve(from_alice(id(2, 1), 7)), Err(LedgerError::Forgotten));
}

#[test]
fn a_sequence_number_is_claimed_once_in_any_order_within_the_window() {
    let mut ledger = ledger();
    let alice = account("alice");
    assert_eq!(ledger.claim(alice, 9), Err(LedgerError::SequenceUsed { highest: 9 }));
    assert_eq!(ledger.transfer(1, from_alice(id(5, 0), 1)), Err(LedgerError::Unclaimed));
    assert_eq!(ledger.claim(alice, 5), Ok(()));
    assert_eq!(ledger.claim(alice, 5), Err(LedgerError::SequenceUsed { highest: 9 }));
    assert_eq!(ledger.claim(alice, 1000), Ok(()));
    assert_eq!(ledger.claim(alice, 936), Err(LedgerError::SequenceUsed { highest: 1000 }));
    assert_eq!(ledger.claim(alice, 937), Ok(()));
    assert_eq!(ledger.claim(account("nobody"), 1), Err(LedgerError::UnknownAccount));
    assert_eq!(ledger.transfer(1, from_alice(id(1001, 0), 1)), Err(LedgerError::Unclaimed));
}

#[test]
fn a_late_sequence_number_is_not_forgotten_with_higher_ones() {
    let mut ledger = ledger();
    ledger.transfer(1, from_alice(id(9, 0), 1)).unwrap();
    ledger.forget_before(2);
    assert_eq!(ledger.claim(account("alice"), 8), Ok(()));
    assert_eq!(ledger.transfer(2, from_alice(id(8, 0), 1)), Ok(Applied::Now));
    ledger.forget_before(3);
    assert_eq!(ledger.transfer(3, from_alice(id(8, 0), 1)), Err(LedgerError::Forgotten));
}

#[test]
fn what_left_the_window_before_it_was_claimed_is_refused() {
    let (mut ledger, alice) = (ledger(), account("alice"));
    ledger.claim(alice, 100).unwrap();
    ledger.transfer(1, from_alice(id(100, 0), 1)).unwrap();
    ledger.forget_before(2);
    assert_eq!(ledger.claim(alice, 36), Err(LedgerError::SequenceUsed { highest: 100 }));
    assert_eq!(ledger.transfer(2, from_alice(id(36, 0), 1)), Err(LedgerError::Forgotten));
}

#[test]
fn senseless_transfers_are_refused() {
    let mut ledger = ledger();
    let good = from_alice(id(1, 0), 1);
    let root = ledger.root();
    for (transfer, error) in [
        (Transfer { amount: 0, ..good }, LedgerError::NoAmount),
        (Transfer { credit: good.debit, ..good }, LedgerError::SameAccount),
        (Transfer { debit: issue(), ..good }, LedgerError::IssueAccount),
        (Transfer { credit: issue(), ..good }, LedgerError::IssueAccount),
        (Transfer { debit: account("nobody"), ..good }, LedgerError::UnknownAccount),
    ] {
        assert_eq!(ledger.transfer(1, transfer), Err(error));
        assert_eq!(ledger.reserve(transfer), Err(error));
    }
    let to_stranger = Transfer { credit: account("nobody"), ..good };
    assert_eq!(ledger.reserve(to_stranger), Err(LedgerError::UnknownAccount));
    assert_eq!(ledger.root(), root);
    assert_eq!(ledger.transfer(1, to_stranger), Ok(Applied::Now), "a transfer opens the account");
}

#[test]
fn the_supply_is_what_was_issued_and_fits_an_amount() {
    let mut ledger = ledger();
    assert_eq!(ledger.supply(), 110);
    assert_eq!(ledger.issue(account("alice"), Amount::MAX - 109), Err(LedgerError::Overflow));
    assert_eq!(ledger.issue(account("alice"), Amount::MAX - 110), Ok(()));
    assert_eq!(ledger.supply(), Amount::MAX);
    assert_eq!(ledger.issue(issue(), 0), Err(LedgerError::IssueAccount));
    assert_eq!(ledger.check(), Ok(()));
}

#[test]
fn only_what_can_be_spent_is_burnt_and_the_supply_falls_by_it() {
    let mut ledger = ledger();
    ledger.reserve(from_alice(id(1, 1), 80)).unwrap();
    let (root, alice) = (ledger.root(), account("alice"));
    assert_eq!(ledger.burn(alice, 21), Err(LedgerError::Insufficient { available: 20 }));
    assert_eq!(ledger.burn(alice, 0), Err(LedgerError::NoAmount));
    assert_eq!(ledger.burn(issue(), 1), Err(LedgerError::IssueAccount));
    assert_eq!(ledger.burn(account("nobody"), 1), Err(LedgerError::UnknownAccount));
    assert_eq!((ledger.root(), ledger.supply()), (root, 110));
    assert_eq!(ledger.burn(alice, 20), Ok(()));
    assert_eq!((ledger.supply(), money(&ledger, "alice")), (90, (80, 0)));
    assert_eq!(ledger.issue(alice, Amount::MAX - 90), Ok(()), "what is burnt makes room");
    assert_eq!(ledger.check(), Ok(()));
}

#[test]
fn the_log_is_the_tree_over_the_events() {
    let mut ledger = Ledger::new(issue());
    ledger.issue(account("alice"), 100).unwrap();
    let before = Event::Issued { to: account("alice"), amount: 100 };
    ledger.record_events();
    ledger.issue(account("bob"), 10).unwrap();
    ledger.claim(account("alice"), 1).unwrap();
    let (paid, held) = (from_alice(id(1, 0), 5), from_alice(id(1, 1), 6));
    ledger.transfer(1, paid).unwrap();
    ledger.transfer(1, paid).unwrap();
    ledger.reserve(held).unwrap();
    ledger.post(1, held.id, 2).unwrap();
    ledger.burn(account("bob"), 3).unwrap();
    ledger.burn(account("bob"), 300).unwrap_err();
    let events = ledger.take_events();
    let expected = [
        Event::Issued { to: account("bob"), amount: 10 },
        Event::Transferred(paid),
        Event::Reserved(held),
        Event::Posted { id: held.id, amount: 2 },
        Event::Burnt { from: account("bob"), amount: 3 },
    ];
    assert_eq!(events, expected);
    let leaves: Vec<Digest> = [before].iter().chain(&expected).map(Event::leaf).collect();
    assert_eq!((ledger.log().size(), ledger.log().root()), (6, log::root_of(&leaves)));
    assert_eq!(ledger.take_events(), []);
}

/// The root of the same content without the help of what was cached.
fn fresh_root(ledger: &Ledger) -> Digest {
    let bytes = borsh::to_vec(ledger).unwrap();
    borsh::from_slice::<Ledger>(&bytes).unwrap().root()
}

#[test]
fn every_change_moves_the_root_and_it_needs_no_cache() {
    let mut ledger = ledger();
    let mut roots = vec![ledger.root()];
    let mut step = |change: &mut dyn FnMut(&mut Ledger)| {
        change(&mut ledger);
        let root = ledger.root();
        assert_eq!(root, fresh_root(&ledger));
        assert!(!roots.contains(&root));
        roots.push(root);
    };
    step(&mut |ledger| ledger.claim(account("bob"), 1).unwrap());
    step(&mut |ledger| assert_eq!(ledger.reserve(from_alice(id(1, 1), 10)), Ok(Applied::Now)));
    step(&mut |ledger| assert_eq!(ledger.reserve(from_alice(id(1, 2), 10)), Ok(Applied::Now)));
    step(&mut |ledger| ledger.void(1, id(1, 1)).unwrap());
    step(&mut |ledger| ledger.post(1, id(1, 2), 10).unwrap());
    step(&mut |ledger| assert_eq!(ledger.transfer(1, from_alice(id(2, 0), 1)), Ok(Applied::Now)));
    step(&mut |ledger| ledger.forget_before(2));
    step(&mut |ledger| ledger.issue(account("carol"), 1).unwrap());
    step(&mut |ledger| ledger.burn(account("carol"), 1).unwrap());
}

#[test]
fn reserves_that_differ_only_in_their_id_give_different_roots() {
    let (mut a, mut b) = (ledger(), ledger());
    a.reserve(from_alice(id(1, 1), 10)).unwrap();
    b.reserve(from_alice(id(2, 1), 10)).unwrap();
    b.log = a.log.clone();
    assert_ne!(a.root(), b.root());
}

#[test]
fn the_log_tells_apart_what_the_balances_do_not() {
    let (mut a, mut b) = (ledger(), ledger());
    for (ledger, amounts) in [(&mut a, [1, 2]), (&mut b, [2, 1])] {
        for (sequence, amount) in (1..).zip(amounts) {
            ledger.transfer(1, from_alice(id(sequence, 0), amount)).unwrap();
        }
    }
    assert_eq!(money(&a, "bob"), money(&b, "bob"));
    assert_ne!(a.log().root(), b.log().root());
    assert_ne!(a.root(), b.root());
}

#[test]
fn the_check_sees_each_kind_of_fault() {
    let alice = account("alice");
    let broken = |spoil: &dyn Fn(&mut Ledger)| {
        let mut ledger = ledger();
        ledger.reserve(from_alice(id(1, 1), 40)).unwrap();
        assert_eq!(ledger.check(), Ok(()));
        spoil(&mut ledger);
        ledger.check()
    };
    let of_alice = |spoil: fn(&mut Account)| {
        broken(&|ledger: &mut Ledger| spoil(ledger.accounts.get_mut(&alice).unwrap()))
    };
    assert_eq!(of_alice(|account| account.credits_posted += 1), Err(LedgerFault::Posted));
    assert_eq!(of_alice(|account| account.debits_pending += 1), Err(LedgerFault::Pending));
    assert_eq!(of_alice(|account| account.credits_posted = u128::MAX), Err(LedgerFault::Posted));
    assert_eq!(
        of_alice(|account| account.sequences = Sequences::default()),
        Err(LedgerFault::Sequence(alice))
    );
    assert_eq!(of_alice(|account| assert!(account.forgotten.claim(5))), Err(LedgerFault::Sequence(alice)));
    assert_eq!(of_alice(|account| assert!(account.forgotten.claim(4))), Ok(()));
    let unsound = broken(&|ledger| {
        let bytes = [7u64, 0].map(u64::to_le_bytes).concat();
        ledger.accounts.get_mut(&account("bob")).unwrap().sequences = borsh::from_slice(&bytes).unwrap();
    });
    assert_eq!(unsound, Err(LedgerFault::Sequence(account("bob"))));
    let overdrawn = broken(&|ledger| {
        ledger.accounts.get_mut(&alice).unwrap().debits_posted += 61;
        ledger.accounts.get_mut(&account("bob")).unwrap().credits_posted += 61;
    });
    assert_eq!(overdrawn, Err(LedgerFault::Overdrawn(alice)));
    let logged = broken(&|ledger| {
        let bytes = borsh::to_vec(&(ledger.log().size(), Vec::<Digest>::new())).unwrap();
        ledger.log = borsh::from_slice(&bytes).unwrap();
    });
    assert_eq!(logged, Err(LedgerFault::Log));
    let lost = broken(&|ledger| ledger.reserves.clear());
    assert!(matches!(lost, Err(LedgerFault::Reserves(_))));
}
