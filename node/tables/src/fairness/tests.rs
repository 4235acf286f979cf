use super::*;
use crate::{Seed, roll};
use bitcraps_types::{Digest, TableId};

/// Dice of a seeded run, as the tables throw them.
fn dice_of(run: u32) -> impl Iterator<Item = Dice> {
    let seed = Seed(Digest::of("test/fairness", &run.to_le_bytes()));
    (0..).map(move |table| roll(&seed, TableId(table)))
}

/// The roll with which the evidence first reaches an e-value.
fn reaches(e_value: f64, rolls: impl Iterator<Item = Dice>) -> Option<u64> {
    let mut evidence = Evidence::new();
    for dice in rolls {
        evidence.see(dice);
        if evidence.has_reached(e_value) {
            return Some(evidence.rolls());
        }
    }
    None
}

/// Every so many rolls the first die is turned to six.
fn loaded(every: usize, dice: impl Iterator<Item = Dice>) -> impl Iterator<Item = Dice> {
    let turn = move |(roll, dice): (usize, Dice)| {
        if roll % every == 0 { Dice::new(6, dice.b()).unwrap() } else { dice }
    };
    dice.enumerate().map(turn)
}

/// Every so many rolls the second die shows what the first shows: each die by itself is fair.
fn coupled(every: usize, dice: impl Iterator<Item = Dice>) -> impl Iterator<Item = Dice> {
    let turn = move |(roll, dice): (usize, Dice)| {
        if roll % every == 0 { Dice::new(dice.a(), dice.a()).unwrap() } else { dice }
    };
    dice.enumerate().map(turn)
}

#[test]
fn a_fair_roll_leaves_the_expected_fortune_as_it_was() {
    let mut evidence = Evidence::new();
    for dice in loaded(3, dice_of(1)).take(60) {
        let after = |next| {
            let mut after = evidence.clone();
            after.see(next);
            after.ln().exp()
        };
        let mean = Dice::all().map(after).sum::<f64>() / 36.0;
        let before = evidence.ln().exp();
        assert!((mean / before - 1.0).abs() < 1e-12, "{before} became {mean} on average");
        evidence.see(dice);
    }
}

#[test]
fn the_order_of_the_rolls_does_not_matter() {
    let mut rolls: Vec<Dice> = loaded(4, dice_of(2)).take(500).collect();
    let evidence = |rolls: &[Dice]| {
        let mut evidence = Evidence::new();
        rolls.iter().for_each(|dice| evidence.see(*dice));
        evidence.log10()
    };
    let before = evidence(&rolls);
    rolls.sort();
    assert!((evidence(&rolls) - before).abs() < 1e-9);
}

/// Ville's inequality, at α = 1 %: of 2,000 runs of fair dice at most 20 ever show a hundredfold fortune.
#[test]
fn fair_dice_seldom_look_loaded_however_often_one_looks() {
    let alarmed = (0..2_000).filter(|run| reaches(100.0, dice_of(*run).take(2_000)).is_some()).count();
    assert!(alarmed <= 20, "{alarmed} of 2000 runs");
}

#[test]
fn a_die_that_shows_six_a_few_per_cent_too_often_is_found() {
    for (every, within) in [(5, 800), (10, 3_000), (20, 20_000)] {
        let found = (0..20).map(|run| reaches(Evidence::ALARM, loaded(every, dice_of(run)).take(within)));
        assert!(
            found.clone().all(|found| found.is_some()),
            "one in {every}: {:?}",
            found.collect::<Vec<_>>()
        );
    }
}

#[test]
fn dice_that_are_fair_one_by_one_and_not_together_are_found() {
    let found = (0..20).map(|run| reaches(Evidence::ALARM, coupled(5, dice_of(run)).take(3_000)));
    assert!(found.clone().all(|found| found.is_some()), "{:?}", found.collect::<Vec<_>>());
}

#[cfg(feature = "byzantine")]
mod flaws {
    use super::*;
    use crate::flaw::{Flaw, exhibit};

    fn reaches_under(flaw: Option<Flaw>, run: u32, rolls: usize) -> Option<u64> {
        let _exhibit = exhibit(flaw);
        reaches(Evidence::ALARM, dice_of(run).take(rolls))
    }

    #[test]
    fn three_bits_modulo_six_are_found_within_400_rolls() {
        for run in 0..20 {
            let found = reaches_under(Some(Flaw::BitsModuloSix), run, 400);
            assert!(found.is_some(), "run {run}");
        }
    }

    /// One part in 256 too much: where p-values need a sample of fixed size, this goes on until it is sure.
    #[test]
    fn a_byte_modulo_six_is_found_within_400_000_rolls_and_the_right_code_is_not_suspected() {
        let found = reaches_under(Some(Flaw::ByteModuloSix), 0, 400_000);
        assert!(found.is_some());
        assert_eq!(reaches_under(None, 0, 400_000), None);
    }

    #[test]
    fn the_flaw_ends_with_its_exhibition() {
        let fair: Vec<Dice> = dice_of(9).take(50).collect();
        assert_ne!(fair, {
            let _exhibit = exhibit(Some(Flaw::BitsModuloSix));
            dice_of(9).take(50).collect::<Vec<_>>()
        });
        assert_eq!(fair, dice_of(9).take(50).collect::<Vec<_>>());
    }
}
