//! Thousands of tables: played by several threads, in any order, they give what they give in sequence.

use super::*;
use crate::{Orders, seed_of};
use bitcraps_tables::Seed;
use proptest::prelude::*;
use std::thread;

const TABLES: u32 = 2_500;
const THREADS: usize = 4;

/// The tables with their orders, dealt out to threads by a shuffle; each plays its own backwards or forwards.
fn in_parallel(tables: &mut [Table], orders: Vec<Orders>, seed: &Seed, shuffle: u64) -> Vec<TableReport> {
    let mut hands: Vec<Vec<(&mut Table, Orders)>> = (0..THREADS).map(|_| Vec::new()).collect();
    let mut orders = orders.into_iter().peekable();
    for table in tables {
        if let Some(orders) = orders.next_if(|orders| orders.table == table.id()) {
            let at =
                Digest::of("test/shuffle", &[shuffle, table.id().0.into()].map(u64::to_le_bytes).concat());
            hands[usize::from(at.0[0]) % THREADS].push((table, orders));
        }
    }
    assert_eq!(orders.next(), None, "all orders are for tables that there are");
    thread::scope(|scope| {
        let play = |mut hand: Vec<(&mut Table, Orders)>, backwards: bool| {
            if backwards {
                hand.reverse();
            }
            let reports = hand.into_iter().map(|(table, orders)| table.play(&orders, Some(seed)));
            reports.collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..)
            .zip(hands)
            .map(|(n, hand)| scope.spawn(move || play(hand, shuffle >> n & 1 == 1)))
            .collect();
        threads.into_iter().rev().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// A block's bets: many on the tables that come first, a few on each of the others.
fn any_bets() -> impl Strategy<Value = Vec<(u8, u32, CrapsBet, Amount)>> {
    let table = prop_oneof![1 => 0..20u32, 9 => 0..TABLES];
    prop::collection::vec((1..=200u8, table, random::any_bet(), 1..20u64), 2_000..4_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn thousands_of_tables_settle_in_parallel_as_in_sequence(
        blocks in prop::collection::vec((any_bets(), any::<u64>()), 1..5), limited in any::<bool>(),
    ) {
        let total_loss = limited.then_some(100_000);
        let policy = crate::Policy { total_loss, ..crate::Policy::default() };
        let genesis = Genesis { policy, bank: 1_000_000_000, ..genesis(200, TABLES) };
        let chain = genesis.chain_id();
        let mut casino = Casino::genesis(&genesis).unwrap();
        let (mut bank, mut tables) = casino.clone().into_parts();
        let mut played = 0;
        for (height, (bets, shuffle)) in (1..).zip(blocks) {
            let mut commands = Vec::new();
            for (sequence, (player, table, on, stake)) in (4_000 * height..).zip(bets) {
                commands.push(Player(player).signs(&chain, sequence, bet(table, on, stake)));
            }
            let block = block(height, commands);
            let dice = dice_of(&block);
            let (root, expected) = casino.apply_and_report(&block, Some(&dice), &chain, &Tags);
            let orders = bank.begin(&block, &chain, &Tags);
            let mut reports = in_parallel(&mut tables, orders, &seed_of(&dice), shuffle);
            played = played.max(reports.len());
            prop_assert_eq!(bank.finish(&mut reports), root);
            prop_assert_eq!(reports, expected, "finish sorts them");
            prop_assert_eq!(bank.refusals(), casino.bank().refusals());
        }
        prop_assert!(played > 1_000, "{} tables", played);
        prop_assert_eq!(&tables, &casino.tables);
        prop_assert_eq!(Casino::from_parts(bank, tables).unwrap().root(), casino.root());
    }
}
