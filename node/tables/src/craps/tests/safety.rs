//! What holds for every sequence of bets and rolls, sensible or not.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
enum Step {
    Place { player: u8, sequence: u64, bet: Bet, stake: Amount },
    TakeDown { player: u8, sequence: u64 },
    Roll(Dice),
}

fn any_bet() -> impl Strategy<Value = Bet> {
    let base = 0..30u64;
    let all: Vec<Bet> = Bet::all().collect();
    prop_oneof![
        4 => Just(Bet::Pass),
        4 => Just(Bet::DontPass),
        4 => Just(Bet::Come),
        4 => Just(Bet::DontCome),
        6 => base.clone().prop_map(|base| Bet::Odds { base }),
        6 => base.prop_map(|base| Bet::LayOdds { base }),
        20 => prop::sample::select(all),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let stake = prop_oneof![0..50u64, any::<u64>(), Just(CrapsRules::MAX_STAKE)];
    prop_oneof![
        6 => (0..3u8, 0..30u64, any_bet(), stake)
            .prop_map(|(player, sequence, bet, stake)| Step::Place { player, sequence, bet, stake }),
        1 => (0..3u8, 0..30u64).prop_map(|(player, sequence)| Step::TakeDown { player, sequence }),
        4 => (1..=6u8, 1..=6u8).prop_map(|(a, b)| Step::Roll(Dice::new(a, b).unwrap())),
    ]
}

fn any_rules() -> impl Strategy<Value = CrapsRules> {
    let barred = prop::sample::select(&[Horn::Two, Horn::Three, Horn::Twelve][..]);
    let vig = (0..2000u16, 0..2000u16, 0..2000u16, any::<bool>());
    (1..20u64, 1..8u64, any::<[u8; 3]>(), any::<[bool; 5]>(), barred, vig).prop_map(
        |(
            min,
            unit,
            odds,
            [place, buy, hardways, come_odds, large],
            barred,
            (buy_vig, lay, exchange, up_front),
        )| {
            let [four_ten, five_nine, six_eight] = odds;
            CrapsRules {
                unit,
                odds: ByNumber { four_ten, five_nine, six_eight },
                barred,
                working: Working { place, buy, hardways, come_odds },
                vig: Vigs { buy: buy_vig, lay, exchange, up_front },
                ..CrapsRules::default()
            }
            .with_limits(Limit { min, max: if large { CrapsRules::MAX_STAKE } else { 1000 } })
        },
    )
}

/// What rolling says that the next roll costs the house at worst.
fn worst_by_rolling(table: &Craps, account: Option<AccountId>) -> i128 {
    let stakes: BTreeMap<BetId, Amount> = table.open_bets().map(|open| (open.id, open.stake)).collect();
    let cost = |settlement: Settlement| match settlement.outcome {
        _ if account.is_some_and(|account| settlement.bet.account != account) => 0,
        Outcome::Won { payout } => i128::from(payout),
        Outcome::Lost => -i128::from(stakes[&settlement.bet]),
        Outcome::Pushed => 0,
    };
    let costs = Dice::all().map(|dice| table.clone().roll(dice).into_iter().map(cost).sum());
    costs.max().unwrap()
}

proptest! {
    #[test]
    fn no_bet_pays_more_than_its_exposure_and_none_ends_twice(
        rules in any_rules(),
        steps in prop::collection::vec(any_step(), 0..200),
    ) {
        let mut table = Craps::new(rules);
        let mut up: BTreeMap<BetId, Amount> = BTreeMap::new();
        let mut used = BTreeSet::new();
        for step in steps {
            match step {
                Step::Place { player, sequence, bet, stake } => {
                    let bet_id = BetId { account: AccountId(Digest([player; 32])), sequence };
                    // The bank lets no id be used twice.
                    if used.contains(&bet_id) {
                        continue;
                    }
                    if table.place(bet_id, bet, stake).is_ok() {
                        used.insert(bet_id);
                        up.insert(bet_id, Craps::exposure(&rules, &bet, stake).unwrap());
                    }
                }
                Step::TakeDown { player, sequence } => {
                    let bet = BetId { account: AccountId(Digest([player; 32])), sequence };
                    for taken in table.take_down(bet).unwrap_or_default() {
                        prop_assert!(up.remove(&taken.bet).is_some(), "came down twice");
                    }
                }
                Step::Roll(dice) => {
                    for Settlement { bet, outcome } in table.roll(dice) {
                        let exposure = up.remove(&bet);
                        prop_assert!(exposure.is_some(), "settled twice");
                        if let Outcome::Won { payout } = outcome {
                            prop_assert!(payout <= exposure.unwrap());
                            prop_assert!(payout.is_multiple_of(rules.unit));
                        }
                    }
                }
            }
            prop_assert!(table.open_bets().map(|open| open.id).eq(up.keys().copied()));
        }
        let bytes = borsh::to_vec(&table).unwrap();
        prop_assert_eq!(borsh::from_slice::<Craps>(&bytes).unwrap(), table);
    }
}

proptest! {
    #[test]
    fn the_worst_roll_is_the_worst_that_rolling_finds(
        rules in any_rules(),
        steps in prop::collection::vec(any_step(), 0..60),
    ) {
        let player = |n| AccountId(Digest([n; 32]));
        let mut table = Craps::new(rules);
        for step in steps {
            match step {
                Step::Place { player: n, sequence, bet, stake } => {
                    let (id, mut losses) = (BetId { account: player(n), sequence }, table.losses(None));
                    let more = table.losses_with(id, bet, stake);
                    prop_assert_eq!(table.place(id, bet, stake), more.map(|_| ()));
                    losses += more.unwrap_or(Losses::NONE);
                    prop_assert_eq!(table.losses(None), losses);
                }
                Step::TakeDown { player: n, sequence } => {
                    let (id, mut losses) = (BetId { account: player(n), sequence }, table.losses(None));
                    let gone = table.losses_of(id);
                    if table.take_down(id).is_ok() {
                        losses -= gone;
                    }
                    prop_assert_eq!(table.losses(None), losses);
                }
                Step::Roll(dice) => _ = table.roll(dice),
            }
            for account in [None, Some(player(0)), Some(player(1))] {
                let worst = table.worst_roll(account);
                prop_assert_eq!(worst.loss, worst_by_rolling(&table, account));
            }
        }
    }
}

#[test]
fn the_worst_roll_names_its_dice_and_what_they_cost() {
    let mut table = table(None);
    assert_eq!(table.worst_roll(None).loss, 0);
    table.place(id(1), named("any_seven"), 10).unwrap();
    table.place(id(2), named("exactly:12"), 3).unwrap();
    let WorstRoll { dice, loss } = table.worst_roll(None);
    assert_eq!((dice, loss), (Dice::new(6, 6).unwrap(), 3 * 30 - 10), "a seven costs 4 * 10 - 3");
    table.place(id(3), named("horn"), 100).unwrap();
    assert_eq!(table.worst_roll(Some(AccountId(Digest::ZERO))).loss, 0, "a stranger has no bets");
}

#[test]
fn some_dice_cost_the_house_the_whole_exposure() {
    let mut at_point = table(Some(Number::Four));
    let mut reached = BTreeMap::new();
    at_point.place(id(1), Bet::Come, STAKE).unwrap();
    at_point.roll(dice(6));
    for (sequence, bet) in [
        (2, Bet::Odds { base: 1 }),
        (3, Bet::Field),
        (4, Bet::AnySeven),
        (5, Bet::World),
        (6, Bet::Place(Number::Ten)),
        (7, Bet::Hardway(Hard::Eight)),
        (8, Bet::Come),
        (9, Bet::DontCome),
    ] {
        at_point.place(id(sequence), bet, STAKE).unwrap();
        for dice in Dice::all() {
            for settlement in at_point.clone().roll(dice).iter().filter(|s| s.bet == id(sequence)) {
                if let Outcome::Won { payout } = settlement.outcome {
                    let most = reached.entry(sequence).or_insert(0);
                    *most = payout.max(*most);
                }
            }
        }
        if sequence != 2 {
            assert_eq!(Ok(reached[&sequence]), Craps::exposure(at_point.rules(), &bet, STAKE), "{bet:?}");
        }
    }
    assert_eq!(
        reached[&2], 72,
        "odds don't know their number in advance, so their exposure is that of 4 and 10"
    );
    assert_eq!(Craps::exposure(at_point.rules(), &Bet::Odds { base: 1 }, STAKE), Ok(120));
}

#[test]
fn hard_pairs_and_easy_totals_are_told_apart() {
    let mut table = table(Some(Number::Nine));
    table.place(id(1), Bet::Hardway(Hard::Eight), STAKE).unwrap();
    assert_eq!(
        table.clone().roll(hard(4)),
        [Settlement { bet: id(1), outcome: Outcome::Won { payout: 9 * STAKE } }]
    );
    assert_eq!(table.roll(dice(8)), [Settlement { bet: id(1), outcome: Outcome::Lost }]);
}
