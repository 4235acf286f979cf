//! The ledger's contract, case by case. [`model`] compares it with a naive one under random requests.

mod model;

use super::*;
use crate::{Sequences, log};

fn account(name: &str) -> AccountId {
    AccountId::of_house(name)
}

fn issue() -> AccountId {
    account("issue")
}

fn bobs_escrow(sequence: u64) -> EscrowId {
    EscrowId { account: account("bob"), sequence }
}

/// Alice has 100, Bob has 10.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new(issue());
    ledger.issue(account("alice"), 100).unwrap();
    ledger.issue(account("bob"), 10).unwrap();
    ledger
}

impl Ledger {
    fn claims(&mut self, name: &str, sequence: u64) -> Claim {
        self.claim(self.slot(&account(name)).unwrap(), sequence).unwrap()
    }

    /// Alice gives.
    fn gives(&mut self, sequence: u64, to: &str, amount: Amount) -> Result<(), LedgerError> {
        let mut claim = self.claims("alice", sequence);
        self.transfer(&mut claim, account("alice"), account(to), amount)
    }

    /// Bob stakes, Alice covers.
    fn bets(&mut self, sequence: u64, stake: Amount, cover: Amount) -> Result<(), LedgerError> {
        let claim = self.claims("bob", sequence);
        self.escrow(claim, self.slot(&account("alice")).unwrap(), stake, cover)
    }

    /// Bob's escrow ends.
    fn ends(&mut self, sequence: u64, verdict: Verdict) -> Result<(), LedgerError> {
        self.resolve(self.slot(&account("bob")).unwrap(), sequence, verdict)
    }
}

fn money(ledger: &Ledger, name: &str) -> (Amount, Amount) {
    let account = ledger.account(&account(name)).unwrap();
    (account.balance(), account.available())
}

#[test]
fn a_number_is_claimed_once_and_so_a_command_is_done_once() {
    let mut ledger = ledger();
    assert_eq!(ledger.gives(1, "bob", 30), Ok(()));
    let (root, alice) = (ledger.seal(), ledger.slot(&account("alice")).unwrap());
    assert_eq!(ledger.claim(alice, 1), Err(LedgerError::SequenceUsed { highest: 1 }));
    assert_eq!(ledger.seal(), root);
    assert_eq!((money(&ledger, "alice"), money(&ledger, "bob")), ((70, 70), (40, 40)));
}

#[test]
fn a_sequence_number_is_claimed_once_in_any_order_within_the_window() {
    let mut ledger = ledger();
    let alice = ledger.slot(&account("alice")).unwrap();
    let mut claim = |sequence| ledger.claim(alice, sequence).map(|_| ());
    assert_eq!((claim(9), claim(5)), (Ok(()), Ok(())));
    assert_eq!(claim(5), Err(LedgerError::SequenceUsed { highest: 9 }));
    assert_eq!(claim(1000), Ok(()));
    assert_eq!(claim(936), Err(LedgerError::SequenceUsed { highest: 1000 }));
    assert_eq!(claim(937), Ok(()));
    assert_eq!(claim(0), Err(LedgerError::SequenceUsed { highest: 1000 }));
}

#[test]
fn the_transfers_of_one_command_have_names_of_their_own() {
    let mut ledger = ledger();
    ledger.seal();
    ledger.keep_pages();
    let mut claim = ledger.claims("alice", 7);
    ledger.transfer(&mut claim, account("alice"), account("bob"), 1).unwrap();
    ledger.transfer(&mut claim, account("alice"), account("bob"), 1000).unwrap_err();
    ledger.transfer(&mut claim, account("bob"), account("carol"), 2).unwrap();
    ledger.seal();
    let [page] = &ledger.take_pages()[..] else { panic!("one page") };
    let legs = page.events().unwrap().into_iter().map(|event| match event {
        Event::Transferred(Transfer { id, .. }) => (id.account, id.sequence, id.leg),
        other => panic!("{other:?}"),
    });
    assert!(legs.eq([(account("alice"), 7, 0), (account("alice"), 7, 1)]));
}

#[test]
fn what_is_in_escrow_can_be_spent_by_neither_side() {
    let mut ledger = ledger();
    assert_eq!(ledger.bets(1, 4, 80), Ok(()));
    assert_eq!(money(&ledger, "alice"), (100, 20));
    assert_eq!(money(&ledger, "bob"), (10, 6));
    assert_eq!(ledger.gives(1, "bob", 21), Err(LedgerError::Insufficient { available: 20 }));
    assert_eq!(ledger.bets(2, 7, 1), Err(LedgerError::Insufficient { available: 6 }));
    assert_eq!(ledger.bets(3, 6, 21), Err(LedgerError::Uncovered { available: 20 }));
    assert_eq!(money(&ledger, "bob"), (10, 6), "a refusal leaves nothing behind");
    assert!(ledger.escrows().map(|(id, escrow)| (id, escrow.stake, escrow.cover)).eq([(
        bobs_escrow(1),
        4,
        80
    )]));
    assert_eq!(ledger.check(), Ok(()));
}

#[test]
fn each_verdict_moves_what_it_says_and_frees_the_rest() {
    for (verdict, alice, bob) in [
        (Verdict::Won(50), 50, 60),
        (Verdict::Won(0), 100, 10),
        (Verdict::Won(80), 20, 90),
        (Verdict::Lost, 104, 6),
        (Verdict::Returned, 100, 10),
    ] {
        let mut ledger = ledger();
        ledger.bets(1, 4, 80).unwrap();
        assert_eq!(ledger.ends(1, verdict), Ok(()));
        assert_eq!((money(&ledger, "alice"), money(&ledger, "bob")), ((alice, alice), (bob, bob)));
        assert_eq!(ledger.ends(1, verdict), Err(LedgerError::NoEscrow), "once");
        assert_eq!((ledger.escrows().count(), ledger.check()), (0, Ok(())));
    }
    let mut ledger = ledger();
    ledger.bets(1, 4, 80).unwrap();
    assert_eq!(ledger.ends(1, Verdict::Won(81)), Err(LedgerError::AboveCover { cover: 80 }));
    assert_eq!(ledger.ends(2, Verdict::Lost), Err(LedgerError::NoEscrow));
    let alice = ledger.slot(&account("alice")).unwrap();
    assert_eq!(ledger.resolve(alice, 1, Verdict::Lost), Err(LedgerError::NoEscrow), "the other side's");
}

#[test]
fn senseless_movements_are_refused() {
    let mut ledger = ledger();
    let mut claim = ledger.claims("alice", 1);
    let (root, log) = (ledger.seal(), ledger.log().clone());
    for (debit, credit, amount, error) in [
        ("alice", "bob", 0, LedgerError::NoAmount),
        ("alice", "alice", 1, LedgerError::SameAccount),
        ("issue", "bob", 1, LedgerError::IssueAccount),
        ("alice", "issue", 1, LedgerError::IssueAccount),
        ("nobody", "bob", 1, LedgerError::UnknownAccount),
    ] {
        assert_eq!(ledger.transfer(&mut claim, account(debit), account(credit), amount), Err(error));
    }
    assert_eq!((ledger.seal(), ledger.log()), (root, &log));
    assert_eq!(
        ledger.transfer(&mut claim, account("alice"), account("nobody"), 1),
        Ok(()),
        "opens the account"
    );

    assert_eq!(ledger.bets(1, 0, 1), Err(LedgerError::NoAmount));
    let slot = |ledger: &Ledger, name| ledger.slot(&account(name)).unwrap();
    let claim = ledger.claims("bob", 2);
    assert_eq!(ledger.escrow(claim, slot(&ledger, "bob"), 1, 1), Err(LedgerError::SameAccount));
    let claim = ledger.claims("bob", 3);
    assert_eq!(ledger.escrow(claim, slot(&ledger, "issue"), 1, 1), Err(LedgerError::IssueAccount));
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
    ledger.bets(1, 4, 80).unwrap();
    let (root, alice) = (ledger.seal(), account("alice"));
    assert_eq!(ledger.burn(alice, 21), Err(LedgerError::Insufficient { available: 20 }));
    assert_eq!(ledger.burn(alice, 0), Err(LedgerError::NoAmount));
    assert_eq!(ledger.burn(issue(), 1), Err(LedgerError::IssueAccount));
    assert_eq!(ledger.burn(account("nobody"), 1), Err(LedgerError::UnknownAccount));
    assert_eq!((ledger.seal(), ledger.supply()), (root, 110));
    assert_eq!(ledger.burn(alice, 20), Ok(()));
    assert_eq!((ledger.supply(), money(&ledger, "alice")), (90, (80, 0)));
    assert_eq!(ledger.issue(alice, Amount::MAX - 90), Ok(()), "what is burnt makes room");
    assert_eq!(ledger.check(), Ok(()));
}

#[test]
fn the_log_is_the_tree_over_the_pages() {
    let mut ledger = Ledger::new(issue());
    ledger.issue(account("alice"), 100).unwrap();
    ledger.seal();
    let before = Page::of(&[Event::Issued { to: account("alice"), amount: 100 }]);
    ledger.keep_pages();
    ledger.issue(account("bob"), 10).unwrap();
    ledger.gives(1, "bob", 5).unwrap();
    ledger.gives(2, "bob", 5000).unwrap_err();
    ledger.bets(1, 6, 7).unwrap();
    ledger.ends(1, Verdict::Won(2)).unwrap();
    ledger.burn(account("bob"), 3).unwrap();
    ledger.burn(account("bob"), 300).unwrap_err();
    assert_eq!((ledger.take_pages(), ledger.is_at_rest()), (vec![], false), "the page is open");
    ledger.seal();
    let id = TransferId { account: account("alice"), sequence: 1, leg: 0 };
    let expected = [
        Event::Issued { to: account("bob"), amount: 10 },
        Event::Transferred(Transfer { id, debit: account("alice"), credit: account("bob"), amount: 5 }),
        Event::Escrowed { id: bobs_escrow(1), with: account("alice"), stake: 6, cover: 7 },
        Event::Resolved { id: bobs_escrow(1), verdict: Verdict::Won(2) },
        Event::Burnt { from: account("bob"), amount: 3 },
    ];
    let pages = ledger.take_pages();
    assert_eq!((&pages[..], ledger.is_at_rest()), (&[Page::of(&expected)][..], true));
    assert_eq!(pages[0].events().unwrap(), expected);
    let leaves = [before.leaf(), pages[0].leaf()];
    assert_eq!((ledger.log().size(), ledger.log().root()), (2, log::root_of(&leaves)));
    ledger.seal();
    assert_eq!((ledger.log().size(), ledger.take_pages()), (2, vec![]), "an empty page is none");
}

#[test]
fn a_page_is_closed_when_it_is_full() {
    let mut ledger = Ledger::new(issue());
    ledger.keep_pages();
    for n in 0..2 * Page::EVENTS + 1 {
        assert_eq!(ledger.log().size(), (n / Page::EVENTS) as u64);
        ledger.issue(account("alice"), n as Amount).unwrap();
    }
    ledger.seal();
    let events = ledger.take_pages().iter().map(|page| page.events().unwrap().len()).collect::<Vec<_>>();
    assert_eq!(events, [Page::EVENTS, Page::EVENTS, 1]);
}

/// The root of the same content without the help of what was cached.
fn fresh_root(ledger: &Ledger) -> Digest {
    let bytes = borsh::to_vec(ledger).unwrap();
    let mut fresh = borsh::from_slice::<Ledger>(&bytes).unwrap();
    assert_eq!(borsh::to_vec(&fresh).unwrap(), bytes, "a ledger has one encoding");
    fresh.seal()
}

#[test]
fn every_change_moves_the_root_and_it_needs_no_cache() {
    let mut ledger = ledger();
    let mut roots = vec![ledger.seal()];
    let mut step = |change: &mut dyn FnMut(&mut Ledger)| {
        change(&mut ledger);
        let root = ledger.seal();
        assert_eq!(root, fresh_root(&ledger));
        assert!(!roots.contains(&root));
        roots.push(root);
    };
    step(&mut |ledger| _ = ledger.claims("bob", 99));
    step(&mut |ledger| ledger.bets(101, 1, 10).unwrap());
    step(&mut |ledger| ledger.bets(102, 1, 10).unwrap());
    step(&mut |ledger| ledger.ends(101, Verdict::Returned).unwrap());
    step(&mut |ledger| ledger.ends(102, Verdict::Won(10)).unwrap());
    step(&mut |ledger| ledger.gives(2, "bob", 1).unwrap());
    step(&mut |ledger| ledger.issue(account("carol"), 1).unwrap());
    step(&mut |ledger| ledger.burn(account("carol"), 1).unwrap());
}

/// Opened in another order, by another number of leaves on the way.
#[test]
fn the_root_depends_on_what_is_there_and_not_on_how_it_came() {
    let names: Vec<AccountId> = (0..500).map(|n| account(&n.to_string())).collect();
    let opened = |order: &mut dyn Iterator<Item = &AccountId>| {
        let mut accounts = Accounts::new();
        for (n, id) in order.enumerate() {
            accounts.open(*id);
            if n % 7 == 0 {
                accounts.root();
            }
        }
        assert!(names.iter().all(|id| accounts.at(accounts.find(id).unwrap()).id == *id));
        assert_eq!(accounts.find(&account("nobody")), None);
        assert!(accounts.in_order().is_sorted_by_key(|slot| accounts.at(*slot).id));
        accounts.root()
    };
    assert_eq!(opened(&mut names.iter()), opened(&mut names.iter().rev()));
}

#[test]
fn ids_that_begin_alike_are_told_apart() {
    let mut accounts = Accounts::new();
    let id = |n: u8| {
        let mut bytes = [7; 32];
        bytes[31] = n;
        AccountId(Digest(bytes))
    };
    let slots: Vec<Slot> = (0..=255).rev().map(|n| accounts.open(id(n))).collect();
    assert!((0..=255).rev().zip(slots).all(|(n, slot)| accounts.find(&id(n)) == Some(slot)));
    assert!(accounts.in_order().is_sorted_by_key(|slot| accounts.at(*slot).id));
    assert_eq!(accounts.find(&account("nobody")), None);
}

#[test]
fn escrows_that_differ_only_in_their_name_give_different_roots() {
    let with = |sequence| {
        let mut ledger = ledger();
        ledger.claims("bob", 1);
        let claim = ledger.claims("bob", 2);
        let claim = Claim { sequence, ..claim };
        ledger.escrow(claim, ledger.slot(&account("alice")).unwrap(), 5, 5).unwrap();
        ledger.seal();
        ledger.accounts.root()
    };
    assert_ne!(with(1), with(2));
}

#[test]
fn the_log_tells_apart_what_the_balances_do_not() {
    let paid = |amounts: [Amount; 2]| {
        let mut ledger = ledger();
        (1..).zip(amounts).for_each(|(sequence, amount)| ledger.gives(sequence, "bob", amount).unwrap());
        let root = ledger.seal();
        (money(&ledger, "bob"), ledger.accounts.root(), ledger.log().root(), root)
    };
    let (a, b) = (paid([1, 2]), paid([2, 1]));
    assert_eq!((a.0, a.1), (b.0, b.1));
    assert!(a.2 != b.2 && a.3 != b.3);
}

#[test]
fn the_check_sees_each_kind_of_fault() {
    let (alice, bob) = (account("alice"), account("bob"));
    let broken = |spoil: &dyn Fn(&mut Ledger)| {
        let mut ledger = ledger();
        ledger.bets(4, 5, 40).unwrap();
        assert_eq!(ledger.check(), Ok(()));
        spoil(&mut ledger);
        ledger.check()
    };
    let entry = |ledger: &mut Ledger, id: AccountId, spoil: fn(&mut Account)| {
        let slot = ledger.slot(&id).unwrap();
        spoil(&mut ledger.accounts.touch(slot).account);
    };
    let of_alice = |spoil: fn(&mut Account)| broken(&|ledger| entry(ledger, alice, spoil));
    let of_bob = |spoil: fn(&mut Account)| broken(&|ledger| entry(ledger, bob, spoil));
    assert_eq!(of_alice(|account| account.credits_posted += 1), Err(LedgerFault::Posted));
    assert_eq!(of_alice(|account| account.debits_pending += 1), Err(LedgerFault::Pending));
    assert_eq!(of_alice(|account| account.credits_posted = u128::MAX), Err(LedgerFault::Posted));
    assert_eq!(of_bob(|account| account.sequences = Sequences::default()), Err(LedgerFault::Sequence(bob)));
    assert_eq!(
        of_alice(|account| account.sequences =
            borsh::from_slice(&[7u64, 0].map(u64::to_le_bytes).concat()).unwrap()),
        Err(LedgerFault::Sequence(alice))
    );
    let overdrawn = broken(&|ledger| {
        entry(ledger, alice, |account| account.debits_posted += 61);
        entry(ledger, bob, |account| account.credits_posted += 61);
    });
    assert_eq!(overdrawn, Err(LedgerFault::Overdrawn(alice)));
    let logged = broken(&|ledger| {
        let bytes = borsh::to_vec(&(7u64, Vec::<Digest>::new())).unwrap();
        ledger.journal = borsh::from_slice(&bytes).unwrap();
    });
    assert_eq!(logged, Err(LedgerFault::Log));
    let escrow = |spoilt: Option<Escrow>| {
        broken(&|ledger| {
            let slot = ledger.slot(&bob).unwrap();
            let escrows = &mut ledger.accounts.touch(slot).escrows;
            escrows.remove(4);
            spoilt.into_iter().for_each(|escrow| escrows.insert(4, escrow));
        })
    };
    let with = ledger().slot(&alice).unwrap();
    assert_eq!(escrow(Some(Escrow { with, stake: 5, cover: 40 })), Ok(()));
    assert!(matches!(escrow(None), Err(LedgerFault::Escrows(_))));
    let grown = escrow(Some(Escrow { with, stake: 5, cover: 41 }));
    assert!(matches!(grown, Err(LedgerFault::Escrows(_))));
    let nothing = escrow(Some(Escrow { with, stake: 0, cover: 40 }));
    assert_eq!(nothing, Err(LedgerFault::Escrows(bob)));
}
