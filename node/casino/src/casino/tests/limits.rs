//! What the policy lets the house risk.

use super::*;
use crate::{Bet, Fraction, Kelly, Order, Orders, PerMille, Play, Policy, PolicyError, Reserve};
use bitcraps_tables::CrapsRules;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn limited(policy: Policy) -> House {
    House::new(&Genesis { bank: 10_000, policy, ..genesis(2, 2) })
}

#[test]
fn the_reserve_stands_behind_no_bet() {
    for reserve in [Reserve::Amount(9900), Reserve::PerMille(PerMille(990))] {
        let mut house = limited(Policy { reserve, ..Policy::default() });
        let chain = house.chain;
        house.apply(vec![
            PLAYER.signs(&chain, 1, bet(0, CrapsBet::AnyCraps, 10)),
            PLAYER.signs(&chain, 2, bet(1, CrapsBet::AnySeven, 8)),
            PLAYER.signs(&chain, 3, bet(1, CrapsBet::AnySeven, 7)),
        ]);
        assert_eq!(house.reasons(), [Reason::BankReserve { left: 30 }], "70 of 100 are spoken for");
    }
}

#[test]
fn a_bet_wins_at_most_its_edge_times_the_bankroll() {
    // From docs/craps.md. The stakes are the fractions of the bankroll that follow: any seven 1/24, hard 6 1/99, place 6
    // 1/77, pass 7/495.
    let edges = [
        (CrapsBet::AnySeven, (1, 6)),
        (CrapsBet::Hardway(bitcraps_tables::craps::Hard::Six), (1, 11)),
        (CrapsBet::Place(Number::Six), (1, 66)),
        (CrapsBet::Pass, (7, 495)),
    ];
    let edge = |(bet, (numerator, denominator))| (bet, Fraction { numerator, denominator });
    let edges: BTreeMap<_, _> = edges.map(edge).into();
    for (share, bank) in [(1000, 24 * 99 * 77 * 5), (500, 24 * 99 * 77 * 10)] {
        let kelly = Some(Kelly { share: PerMille(share), edges: edges.clone() });
        let mut genesis = genesis(1, 1);
        (genesis.bank, genesis.players[0].1) = (bank, 10_000_000);
        genesis.policy.kelly = kelly;
        let usual = bank * Amount::from(share) / 1000;
        for (on, stake, pays) in [
            (CrapsBet::AnySeven, usual / 24, (4, 1)),
            (CrapsBet::Hardway(bitcraps_tables::craps::Hard::Six), usual / 99, (9, 1)),
            (CrapsBet::Place(Number::Six), usual / 77, (7, 6)),
            (CrapsBet::Pass, usual * 7 / 495, (1, 1)),
        ] {
            let most = stake * pays.0 / pays.1;
            let step = pays.1;
            let mut house = House::new(&genesis);
            house.does(&PLAYER, 1, bet(0, on, stake + step));
            assert_eq!(house.reasons(), [Reason::KellyLimit { most }], "{on:?}");
            let mut house = House::new(&genesis);
            house.does(&PLAYER, 1, bet(0, on, stake));
            assert_eq!(house.reasons(), [], "{on:?}");
        }
        let mut house = House::new(&genesis);
        let chain = house.chain;
        let hard = bet(0, CrapsBet::Hardway(bitcraps_tables::craps::Hard::Six), usual / 99);
        house.apply(vec![
            PLAYER.signs(&chain, 1, bet(0, CrapsBet::AnySeven, usual / 24)),
            PLAYER.signs(&chain, 2, hard),
        ]);
        assert_eq!(house.reasons(), [], "what stands behind other bets is the bank's still");
        let mut house = House::new(&genesis);
        house.does(&PLAYER, 1, bet(0, CrapsBet::Field, 100_000));
        assert_eq!(house.reasons(), [], "a bet that the policy does not name has no such limit");
    }
}

#[test]
fn a_table_takes_what_the_roll_may_cost_and_no_more() {
    let mut house = limited(Policy { table_loss: Some(100), ..Policy::default() });
    let chain = house.chain;
    house.apply(vec![
        PLAYER.signs(&chain, 1, bet(0, CrapsBet::AnySeven, 25)),
        PLAYER.signs(&chain, 2, bet(0, CrapsBet::AnySeven, 1)),
        // No dice make both of these win: 3 * 30 less 25.
        PLAYER.signs(&chain, 3, bet(0, CrapsBet::Exactly(bitcraps_tables::craps::Horn::Two), 3)),
        PLAYER.signs(&chain, 4, bet(1, CrapsBet::AnySeven, 25)),
    ]);
    let full = Reason::Table(BetError::AboveLossLimit { left: 3 });
    assert_eq!(house.reasons().len(), 1, "{:?}", house.reasons());
    assert_eq!(house.reasons(), [Reason::Table(BetError::AboveLossLimit { left: 0 })]);
    house.apply(vec![
        PLAYER.signs(&chain, 5, bet(0, CrapsBet::AnySeven, 25)),
        PLAYER.signs(&chain, 6, bet(0, CrapsBet::Exactly(bitcraps_tables::craps::Horn::Two), 3)),
        // With the stake of this one, a seven costs 97.
        PLAYER.signs(&chain, 7, bet(0, CrapsBet::AnySeven, 1)),
    ]);
    assert_eq!(house.reasons(), [full]);
}

#[test]
fn all_tables_together_take_what_all_rolls_may_cost() {
    let mut house = limited(Policy { total_loss: Some(100), ..Policy::default() });
    let chain = house.chain;
    house.apply(vec![
        PLAYER.signs(&chain, 1, bet(0, CrapsBet::AnySeven, 15)),
        PLAYER.signs(&chain, 2, bet(1, CrapsBet::AnySeven, 15)),
    ]);
    let full = Reason::Table(BetError::AboveLossLimit { left: 50 });
    assert_eq!(house.reasons(), [full, full], "each gets its half of the hundred");
    house.apply(vec![
        PLAYER.signs(&chain, 3, bet(0, CrapsBet::AnySeven, 24)),
        PLAYER.signs(&chain, 4, bet(1, CrapsBet::AnySeven, 1)),
    ]);
    assert_eq!(house.reasons(), [], "in proportion to what is asked");
}

#[test]
fn what_is_up_counts_towards_what_all_tables_may_lose() {
    let mut house = limited(Policy { total_loss: Some(100), ..Policy::default() });
    // On from its first roll, and decided by the second at the earliest: it wins 9 to 5 then.
    house.does(&PLAYER, 1, bet(0, CrapsBet::Pass, 60));
    let mut sequence = 1;
    while house.casino.tables[0].game().point().is_none() {
        sequence += 1;
        house.does(&PLAYER, sequence, bet(0, CrapsBet::Pass, 60));
        assert!(sequence < 200);
    }
    let up: Amount = house.casino.tables[0].game().worst_roll(None).need();
    assert_eq!(up % 60, 0);
    let chain = house.chain;
    house.apply(vec![PLAYER.signs(
        &chain,
        sequence + 1,
        bet(1, CrapsBet::AnySeven, (100 - up.min(100)) / 4 + 1),
    )]);
    assert!(matches!(house.reasons()[..], [Reason::Table(BetError::AboveLossLimit { .. })]));
}

#[test]
fn edges_that_are_none_start_nothing() {
    let kelly = |bet, numerator, denominator| {
        let edges = BTreeMap::from([(bet, Fraction { numerator, denominator })]);
        let policy = Policy { kelly: Some(Kelly { share: PerMille(1000), edges }), ..Policy::default() };
        Casino::genesis(&Genesis { policy, ..genesis(1, 1) }).err()
    };
    let refused = |error| Some(GenesisError::Policy(error));
    assert_eq!(kelly(CrapsBet::Pass, 1, 1), None);
    assert_eq!(kelly(CrapsBet::Pass, 2, 1), refused(PolicyError::Edge(2, 1)));
    assert_eq!(kelly(CrapsBet::Pass, 0, 0), refused(PolicyError::Edge(0, 0)));
    assert_eq!(kelly(CrapsBet::Odds { base: 1 }, 1, 2), refused(PolicyError::Odds));
    let reserve = Reserve::PerMille(PerMille(1001));
    let policy = Policy { reserve, ..Policy::default() };
    assert_eq!(
        Casino::genesis(&Genesis { policy, ..genesis(1, 1) }).err(),
        refused(PolicyError::PerMille(1001))
    );
}

fn any_order() -> impl Strategy<Value = (u8, Play)> {
    let bets = CrapsBet::all().collect::<Vec<_>>();
    let place = (prop::sample::select(bets), 1..200u64)
        .prop_map(|(bet, stake)| Play::Place { bet: Bet::Craps(bet), stake });
    let down = (1..4u8, 0..30u64).prop_map(|(n, s)| Play::TakeDown { bet: Player(n).bet_id(s) });
    (1..4u8, prop_oneof![4 => place, 1 => down])
}

proptest! {
    #[test]
    fn no_order_raises_the_worst_roll_above_the_limit_but_to_take_down(
        drafts in prop::collection::vec(any_order(), 1..30), limit in 0..2000u64, rolled in any::<[u8; 32]>(),
    ) {
        let rules = CrapsRules::default();
        let mut table = Table::new(TableId(0), rules);
        for (sequence, (player, play)) in (0..).zip(drafts) {
            let id = Player(player).bet_id(sequence);
            let before = table.game().worst_roll(None).loss;
            let mut free = table.clone();
            let orders = Orders { table: TableId(0), height: 1, orders: vec![Order { id, play }], limit: Some(limit) };
            let report = table.play(&orders, None);
            free.play(&Orders { limit: None, ..orders }, None);
            let after = table.game().worst_roll(None);
            prop_assert_eq!(report.worst, after.need());
            let most = before.max(i128::from(limit));
            if let Answer::NotPlaced(BetError::AboveLossLimit { .. }) = report.answers[0].answer {
                prop_assert_eq!(after.loss, before);
                prop_assert!(free.game().worst_roll(None).loss > most);
            } else {
                prop_assert_eq!(&table, &free);
                let came_down = matches!(play, Play::TakeDown { .. });
                prop_assert!(after.loss <= most || came_down);
            }
            if sequence % 7 == 6 {
                table.play(&Orders { table: TableId(0), height: 1, orders: vec![], limit: None }, Some(&bitcraps_tables::Seed(Digest(rolled))));
            }
        }
    }

    /// What the losses are after each order is kept along, not worked out anew.
    #[test]
    fn orders_under_a_limit_are_followed_together_as_one_by_one(
        drafts in prop::collection::vec(any_order(), 1..30), limit in 0..2000u64,
    ) {
        let order = |(sequence, (player, play)): (u64, (u8, Play))| Order { id: Player(player).bet_id(sequence), play };
        let orders: Vec<Order> = (0..).zip(drafts).map(order).collect();
        let under_limit = |orders| Orders { table: TableId(0), height: 1, orders, limit: Some(limit) };
        let mut together = Table::new(TableId(0), CrapsRules::default());
        let mut one_by_one = together.clone();
        let answers = together.play(&under_limit(orders.clone()), None).answers;
        for (order, answer) in orders.into_iter().zip(answers) {
            prop_assert_eq!(one_by_one.play(&under_limit(vec![order]), None).answers, vec![answer]);
        }
        prop_assert_eq!(together, one_by_one);
    }
}
