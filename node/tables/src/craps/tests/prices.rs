//! The vig, rounding, and the stakes on which nothing is rounded.

use super::*;

/// What a bet wins on a roll that it wins on, with a point.
fn wins(rules: CrapsRules, bet: &str, stake: Amount, roll: u8) -> Amount {
    let mut table = Craps::new(rules);
    table.roll(dice(5));
    table.place(id(1), named(bet), stake).unwrap();
    match table.roll(dice(roll))[..] {
        [Settlement { outcome: Outcome::Won { payout }, .. }] => payout,
        ref other => panic!("{bet} on {roll}: {other:?}"),
    }
}

fn up_front() -> CrapsRules {
    let mut rules = CrapsRules::default();
    rules.set("vig.up_front", "true").unwrap();
    rules
}

#[test]
fn a_vig_that_a_win_pays_comes_off_the_payout() {
    let rules = CrapsRules::default();
    assert_eq!(wins(rules, "buy:4", 100, 4), 200 - 5);
    assert_eq!(wins(rules, "lay:4", 200, 7), 100 - 5);
    assert_eq!(wins(rules, "buy:4", 19, 4), 38, "a vig of 0.95 is none");
    assert_eq!(wins(rules, "buy:4", 39, 4), 78 - 1, "a vig of 1.95 is 1");
}

#[test]
fn a_vig_up_front_is_a_part_of_the_stake() {
    assert_eq!(wins(up_front(), "buy:4", 105, 4), 200 - 5, "100 at 2:1, and the vig is gone");
    assert_eq!(wins(up_front(), "lay:4", 205, 7), 100 - 5, "200 at 1:2");
    assert_eq!(wins(up_front(), "buy:6", 105, 6), 120 - 5);
    assert_eq!(wins(up_front(), "buy:4", 20, 4), 40, "a vig of 0.95 is none");
}

#[test]
fn vig_and_payout_round_down_to_the_chip() {
    let rules = CrapsRules { unit: 5, ..CrapsRules::default() };
    assert_eq!(wins(rules, "buy:4", 195, 4), 390 - 5, "a vig of 9.75 is 5");
    assert_eq!(wins(rules, "buy:9", 15, 9), 20, "22.50 is 20, 0.75 is nothing");
}

#[test]
fn the_exact_stake_is_the_least_on_which_nothing_is_rounded() {
    for (bet, exact) in [
        ("pass_line", 1),
        ("place:4", 5),
        ("place:6", 6),
        ("place_to_lose:10", 11),
        ("buy:4", 20),
        ("lay:4", 40),
        ("horn", 4),
        ("world", 5),
        ("craps_eleven", 1),
        ("field", 1),
        ("fire", 1),
        ("odds:1", 10),
        ("lay_odds:1", 6),
    ] {
        assert_eq!(Craps::exact_stake(&CrapsRules::default(), named(bet)), Some(exact), "{bet}");
        let quarters = CrapsRules { unit: 25, ..CrapsRules::default() };
        assert_eq!(Craps::exact_stake(&quarters, named(bet)), Some(25 * exact), "{bet} in chips of 25");
    }
    assert_eq!(Craps::exact_stake(&up_front(), named("buy:4")), Some(21));
    assert_eq!(Craps::exact_stake(&up_front(), named("lay:4")), Some(41));
}
