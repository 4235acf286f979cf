//! The edges against published ones, and against a computation that knows nothing of the game's code.

mod closed_form;
mod published;

use super::*;
use crate::subject::{BASE, THE_BET};
use bitcraps_tables::craps::{Bet, Number};
use bitcraps_tables::{Dice, Game};

fn ratio(text: &str) -> BigRational {
    text.parse().unwrap()
}

fn named(name: &str) -> Subject {
    Subject::all().find(|subject| subject.to_string() == name).unwrap_or_else(|| panic!("no bet {name}"))
}

fn with(settings: &[(&str, &str)]) -> CrapsRules {
    let mut rules = CrapsRules::default();
    for (name, value) in settings {
        rules.set(name, value).unwrap();
    }
    rules
}

fn roll(table: &mut Craps, total: u8) {
    let dice = Dice::all().find(|dice| dice.total() == total && !dice.is_pair());
    table.roll(dice.expect("no pair makes it"));
}

/// The odds on a come bet are off on the come-out, and returned if that decides the come bet: they cost nothing still.
#[test]
fn odds_on_come_bets_are_free_of_edge_though_they_are_off_on_the_come_out() {
    let stake = 60;
    for number in Number::ALL {
        for point in Number::ALL.into_iter().filter(|&point| point != number) {
            for (come, odds) in [
                (Bet::Come, Bet::Odds { base: BASE.sequence }),
                (Bet::DontCome, Bet::LayOdds { base: BASE.sequence }),
            ] {
                let mut table = Craps::new(CrapsRules::default());
                roll(&mut table, point.total());
                table.place(BASE, come, stake).unwrap();
                roll(&mut table, number.total());
                table.place(THE_BET, odds, stake).unwrap();
                let edge = measure(vec![table], stake).edge;
                assert!(edge.is_zero(), "{odds:?} on {number:?} with {point:?}: {edge}");
            }
        }
    }
}

#[test]
fn a_bet_that_is_off_for_a_while_keeps_its_edge_and_takes_longer() {
    for (bet, rule) in
        [("place:6", "working.place"), ("buy:4", "working.buy"), ("hardway:8", "working.hardways")]
    {
        let off = edge(&CrapsRules::default(), named(bet), None).unwrap();
        let on = edge(&with(&[(rule, "true")]), named(bet), None).unwrap();
        assert_eq!((&off.edge, &off.variance), (&on.edge, &on.variance), "{bet}");
        assert!(off.rolls > on.rolls, "{bet}");
    }
}

#[test]
fn breakage_raises_the_edge() {
    let edge_at = |bet, stake| edge(&CrapsRules::default(), named(bet), Some(stake)).unwrap().edge;
    // 7:6 on 1 pays 1: (6 - 5) / 11 against, instead of 1/66.
    assert_eq!(edge_at("place:6", 1), ratio("1/11"));
    assert_eq!(edge_at("place:6", 6), ratio("1/66"));
    // No vig is taken of a small stake.
    assert_eq!(edge_at("buy:4", 10), ratio("0"));
}

#[test]
fn a_stake_that_the_table_does_not_take_is_an_error() {
    let error = edge(&with(&[("unit", "5")]), named("field"), Some(7)).unwrap_err();
    assert_eq!(error.to_string(), "field: the stake is not a multiple of 5");
}

/// Lumping must not change what comes out.
#[test]
fn the_lumped_chain_has_the_expectations_of_the_whole() {
    for bet in ["pass_line", "come", "place:5", "hardway:6", "repeater:3", "different_doubles", "small"] {
        let (starts, _) = named(bet).starts(&CrapsRules::default(), None).unwrap();
        let whole = chain::enumerate(starts);
        let (lumped, starts) = lump::lump(&whole);
        assert!(lumped.len() <= whole.states.len());
        let of_whole = mean(&solve::solve(&whole.states), &whole.starts);
        assert_eq!(mean(&solve::solve(&lumped), &starts), of_whole, "{bet}");
    }
}

/// 7168 states tell which totals have come, and the point. What matters of a pair of totals with equal chances, such as
/// 2 and 12, is how many have come: 3 to the power of 5, less the state in which all have.
#[test]
fn lumping_finds_what_matters_to_a_bet() {
    let (starts, _) = named("all").starts(&CrapsRules::default(), None).unwrap();
    let (lumped, _) = lump::lump(&chain::enumerate(starts));
    assert_eq!(lumped.len(), 242);
}

#[test]
fn the_outcomes_are_all_there_is_and_have_the_edge_and_variance_of_the_bet() {
    for name in ["pass_line", "dont_pass", "place:6", "hop:1-1", "field", "fire", "buy:4", "odds on 6"] {
        let rules = CrapsRules::default();
        let Outcomes { gains, stake } = outcomes(&rules, named(name), None).unwrap();
        let mean = |power: u32| -> BigRational {
            let value = |gain: i128| BigRational::from_integer(gain.pow(power).into());
            gains.iter().map(|(gain, chance)| value(*gain) * chance).sum()
        };
        let over = BigRational::from_integer(stake.into());
        assert!(mean(0).is_one(), "{name}");
        let Edge { edge, variance, .. } = edge(&rules, named(name), None).unwrap();
        assert_eq!(-mean(1) / &over, edge, "{name}");
        assert_eq!((mean(2) - mean(1) * mean(1)) / (&over * &over), variance, "{name}");
    }
    let pass = outcomes(&CrapsRules::default(), named("pass_line"), Some(5)).unwrap();
    assert_eq!(pass.gains, BTreeMap::from([(-5, ratio("251/495")), (5, ratio("244/495"))]));
}
