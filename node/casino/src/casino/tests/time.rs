//! What blocks alone bring about: a table wakes when a turn is over, and one that closes pays everybody out.

use super::*;
use bitcraps_tables::Craps;
use bitcraps_tables::craps::CrapsRules;
use proptest::prelude::*;
use random::{PLAYERS, SUPPLY, Stakes, any_blocks, blocks, small_bank};

const CLOSES: Height = 12;

fn with_rules(genesis: Genesis, rules: CrapsRules) -> Genesis {
    let mut genesis = genesis;
    genesis.tables.iter_mut().for_each(|table| table.rules = rules);
    genesis
}

#[test]
fn a_table_that_is_left_with_a_point_on_wakes_and_takes_it_off() {
    let rules = CrapsRules { turn: 3, ..CrapsRules::default() };
    let mut house = House::new(&with_rules(genesis(1, 2), rules));
    let mut sequence = 0;
    while house.casino.tables[1].game().point().is_none() {
        sequence += 1;
        house.does(&PLAYER, sequence, bet(1, CrapsBet::Field, 1));
    }
    assert!(!house.casino.bank.bets_are_up());
    let root = house.casino.root();
    assert_eq!((house.apply(Vec::new()), house.apply(Vec::new())), (vec![], vec![]));
    assert_eq!(house.casino.root(), root);
    assert!(house.casino.bank.tables_to_play(house.height + 1).eq([TableId(1)]));
    let [woken] = &house.apply(Vec::new())[..] else { panic!("one table wakes") };
    assert_eq!((woken.table, woken.roll, woken.point), (TableId(1), None, None));
    assert_ne!(house.casino.root(), root);
    assert_eq!(house.apply(Vec::new()), [], "it sleeps again");
    let restored = Casino::decode_snapshot(&house.casino.encode_snapshot()).unwrap();
    assert_eq!(restored.root(), house.casino.root());
}

#[test]
fn a_closed_table_refuses_bets_and_the_others_go_on() {
    let mut genesis = genesis(1, 2);
    genesis.tables[0].rules.closes_at = 2;
    let mut house = House::new(&genesis);
    house.does(&PLAYER, 1, bet(0, CrapsBet::Field, 1));
    assert_eq!(house.reasons(), []);
    house.does(&PLAYER, 2, bet(0, CrapsBet::Field, 1));
    assert_eq!(house.reasons(), [Reason::Table(BetError::Closed)]);
    assert_eq!(house.casino.bank.ledger().escrows().count(), 0);
    house.does(&PLAYER, 3, bet(1, CrapsBet::Field, 1));
    assert_eq!(house.reasons(), []);
}

/// Applies empty blocks until a height.
fn idle(casino: &mut Casino, chain: &ChainId, heights: std::ops::RangeInclusive<Height>) {
    for height in heights {
        let block = block(height, Vec::new());
        casino.apply(&block, Some(&dice_of(&block)), chain, &Tags);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever was bet, before closing and after: at the end nothing is held, and nothing is lost.
    #[test]
    fn tables_that_close_pay_everybody_out(drafts in any_blocks()) {
        let rules = CrapsRules { closes_at: CLOSES, ..CrapsRules::default() };
        let genesis = with_rules(small_bank(), rules);
        let chain = genesis.chain_id();
        let mut casino = Casino::genesis(&genesis).unwrap();
        let mut stakes = Stakes::new();
        let mut height = 0;
        for block in blocks(&drafts, &chain) {
            let open = casino.bank().ledger().escrows().count();
            casino.apply(&block, Some(&dice_of(&block)), &chain, &Tags);
            stakes.apply(&block, casino.bank().refusals(), &chain);
            height = block.height;
            if height >= CLOSES {
                prop_assert!(casino.bank().ledger().escrows().count() <= open, "no bet is taken");
            }
        }
        // Dice end nearly all of them long before.
        let last = CLOSES + Craps::LAST_ROLLS;
        idle(&mut casino, &chain, height + 1..=last);
        let ledger = casino.bank().ledger();
        prop_assert_eq!(ledger.escrows().count(), 0);
        prop_assert!(ledger.accounts().all(|(_, account)| account.debits_pending == 0 && account.credits_pending == 0));
        prop_assert_eq!((ledger.check(), ledger.supply()), (Ok(()), SUPPLY - stakes.burnt));
        let held: Amount = ledger.accounts().map(|(_, account)| account.available()).sum();
        prop_assert_eq!(held, SUPPLY - stakes.burnt, "all of it can be spent");
        prop_assert!(!casino.bank().bets_are_up());
        prop_assert!(casino.bank().tables_to_play(last + 1_000_000).next().is_none(), "none plays again");
        for player in 1..=PLAYERS {
            let held = casino.bank().ledger().account(&Player(player).account()).unwrap();
            prop_assert_eq!(held.reserved(), 0);
        }
    }
}

/// A bet that the dice leave up: after the last roll it is given back.
#[test]
fn what_the_dice_leave_up_is_given_back_at_the_end() {
    let mut genesis = genesis(1, 1);
    genesis.tables[0].rules.closes_at = 1_000;
    let mut house = House::new(&genesis);
    house.does(&PLAYER, 1, bet(0, CrapsBet::Place(Number::Six), 60));
    assert_eq!(house.casino.tables[0].open_bets().count(), 1, "off on the come-out");
    house.height = 1_000 + Craps::LAST_ROLLS - 1;
    let reports = house.apply(Vec::new());
    assert_eq!(reports[0].roll, None);
    assert!(matches!(reports[0].settlements[..], [only] if only.outcome == Outcome::Pushed));
    assert_eq!(house.casino.bank.ledger().account(&PLAYER.account()).unwrap().available(), 1000);
}
