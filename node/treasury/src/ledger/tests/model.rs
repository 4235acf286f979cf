//! The ledger beside a naive model: signed balances, a list of escrows, and a memory that never forgets.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];

#[derive(Clone, Copy, Debug)]
enum Request {
    Issue {
        to: usize,
        amount: Amount,
    },
    Burn {
        from: usize,
        amount: Amount,
    },
    /// Under one number two transfers, the second of what another account has.
    Transfer {
        by: usize,
        sequence: u64,
        to: usize,
        amount: Amount,
        from: usize,
        more: Amount,
    },
    Escrow {
        by: usize,
        sequence: u64,
        with: usize,
        stake: Amount,
        cover: Amount,
    },
    Resolve {
        by: usize,
        sequence: u64,
        verdict: Verdict,
    },
}

#[derive(Clone, Copy, Debug)]
struct Held {
    by: usize,
    sequence: u64,
    with: usize,
    stake: Amount,
    cover: Amount,
}

#[derive(Default)]
struct Model {
    issued: i128,
    burnt: i128,
    balances: [i128; NAMES.len()],
    /// Every number that was ever claimed.
    claimed: [BTreeSet<u64>; NAMES.len()],
    escrows: Vec<Held>,
}

impl Model {
    fn available(&self, who: usize) -> i128 {
        let held = self.escrows.iter().map(|held| {
            let stake = if held.by == who { held.stake } else { 0 };
            let cover = if held.with == who { held.cover } else { 0 };
            i128::from(stake) + i128::from(cover)
        });
        self.balances[who] - held.sum::<i128>()
    }

    /// Numbers that lie 64 or more below the highest can't be claimed, nor can 0.
    fn claims(&mut self, who: usize, sequence: u64) -> bool {
        let highest = self.claimed[who].last().copied().unwrap_or(0);
        sequence != 0 && sequence + 64 > highest && self.claimed[who].insert(sequence)
    }

    fn shift(&mut self, from: usize, to: usize, amount: Amount) {
        self.balances[from] -= i128::from(amount);
        self.balances[to] += i128::from(amount);
    }

    fn gives(&mut self, from: usize, to: usize, amount: Amount) -> bool {
        let sound = amount > 0 && from != to && self.available(from) >= i128::from(amount);
        if sound {
            self.shift(from, to, amount);
        }
        sound
    }
}

/// Mostly close together; some push the rest out of the window.
fn any_sequence() -> impl Strategy<Value = u64> {
    prop_oneof![40 => 0..12u64, 1 => 60..80u64]
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![(0..40u64).prop_map(Verdict::Won), Just(Verdict::Lost), Just(Verdict::Returned)]
}

fn any_request() -> impl Strategy<Value = Request> {
    let who = || 0..NAMES.len();
    prop_oneof![
        1 => (who(), 0..100u64).prop_map(|(to, amount)| Request::Issue { to, amount }),
        1 => (who(), 0..60u64).prop_map(|(from, amount)| Request::Burn { from, amount }),
        4 => (who(), any_sequence(), who(), 0..40u64, who(), 0..20u64)
            .prop_map(|(by, sequence, to, amount, from, more)| {
                Request::Transfer { by, sequence, to, amount, from, more }
            }),
        4 => (who(), any_sequence(), who(), 0..40u64, 0..40u64)
            .prop_map(|(by, sequence, with, stake, cover)| {
                Request::Escrow { by, sequence, with, stake, cover }
            }),
        4 => (who(), any_sequence(), any_verdict())
            .prop_map(|(by, sequence, verdict)| Request::Resolve { by, sequence, verdict }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_ledger_does_what_a_naive_model_does(requests in prop::collection::vec(any_request(), 0..100)) {
        let mut ledger = Ledger::new(issue());
        ledger.keep_pages();
        let mut model = Model::default();
        // Everybody starts with money, so that most requests get past the first check.
        for (who, name) in NAMES.into_iter().enumerate() {
            ledger.issue(account(name), 50).unwrap();
            model.balances[who] = 50;
            model.issued += 50;
        }
        let slots = NAMES.map(|name| ledger.slot(&account(name)).unwrap());
        // Requests repeat, as from a client that got no answer.
        let twice = requests.iter().flat_map(|request| [*request, *request]);
        for (step, request) in twice.enumerate() {
            match request {
                Request::Issue { to, amount } => {
                    prop_assert_eq!(ledger.issue(account(NAMES[to]), amount), Ok(()));
                    model.issued += i128::from(amount);
                    model.balances[to] += i128::from(amount);
                }
                Request::Burn { from, amount } => {
                    let sound = amount > 0 && model.available(from) >= i128::from(amount);
                    prop_assert_eq!(ledger.burn(account(NAMES[from]), amount).is_ok(), sound);
                    if sound {
                        model.burnt += i128::from(amount);
                        model.balances[from] -= i128::from(amount);
                    }
                }
                Request::Transfer { by, sequence, to, amount, from, more } => {
                    let claim = ledger.claim(slots[by], sequence);
                    prop_assert_eq!(claim.is_ok(), model.claims(by, sequence));
                    let Ok(mut claim) = claim else { continue };
                    let [by_id, to_id, from_id] = [by, to, from].map(|who| account(NAMES[who]));
                    let first = ledger.transfer(&mut claim, by_id, to_id, amount);
                    prop_assert_eq!(first.is_ok(), model.gives(by, to, amount));
                    let second = ledger.transfer(&mut claim, from_id, to_id, more);
                    prop_assert_eq!(second.is_ok(), model.gives(from, to, more));
                }
                Request::Escrow { by, sequence, with, stake, cover } => {
                    let claim = ledger.claim(slots[by], sequence);
                    prop_assert_eq!(claim.is_ok(), model.claims(by, sequence));
                    let Ok(claim) = claim else { continue };
                    let sound = stake > 0
                        && by != with
                        && model.available(by) >= i128::from(stake)
                        && model.available(with) >= i128::from(cover);
                    prop_assert_eq!(ledger.escrow(claim, slots[with], stake, cover).is_ok(), sound);
                    if sound {
                        model.escrows.push(Held { by, sequence, with, stake, cover });
                    }
                }
                Request::Resolve { by, sequence, verdict } => {
                    let named = |held: &Held| (held.by, held.sequence) == (by, sequence);
                    let at = model.escrows.iter().position(named);
                    let fits = |at: usize| !matches!(verdict, Verdict::Won(won) if won > model.escrows[at].cover);
                    let sound = at.filter(|at| fits(*at));
                    prop_assert_eq!(ledger.resolve(slots[by], sequence, verdict).is_ok(), sound.is_some());
                    let Some(at) = sound else { continue };
                    let held = model.escrows.remove(at);
                    match verdict {
                        Verdict::Won(won) => model.shift(held.with, held.by, won),
                        Verdict::Lost => model.shift(held.by, held.with, held.stake),
                        Verdict::Returned => {}
                    }
                }
            }
            // Often, so that later changes meet a tree in which all else is cached.
            if step % 3 == 0 {
                let root = ledger.seal();
                prop_assert_eq!(root, fresh_root(&ledger));
            }
            prop_assert_eq!(ledger.check(), Ok(()));
            prop_assert_eq!(i128::from(ledger.supply()), model.issued - model.burnt);
            for (who, name) in NAMES.into_iter().enumerate() {
                let (balance, available) = money(&ledger, name);
                prop_assert_eq!(i128::from(balance), model.balances[who]);
                prop_assert_eq!(i128::from(available), model.available(who));
            }
            prop_assert_eq!(ledger.escrows().count(), model.escrows.len());
        }
        prop_assert_eq!(ledger.seal(), fresh_root(&ledger));
        let leaves: Vec<Digest> = ledger.take_pages().iter().map(Page::leaf).collect();
        prop_assert_eq!(ledger.log().root(), log::root_of(&leaves));
    }
}
