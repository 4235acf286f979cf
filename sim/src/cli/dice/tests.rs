//! docs/dice.md has the table as the command prints it. To write it again, in sim/:
//! `BLESS=../docs cargo test cli::dice`, which takes a minute or two.

use super::*;
use crate::cli::args::DICE_ROLLS;
use std::path::Path;

const DOCUMENT: &str = include_str!("../../../../docs/dice.md");

const BEGIN: &str = "$ bitcraps-sim dice\n";
const END: &str = "```\n";

/// Looks at what does not depend on how many rolls were played.
#[test]
fn the_document_has_every_attack_with_its_closed_form() {
    let (prose, rest) = DOCUMENT.split_once(BEGIN).expect("the command");
    if let Some(folder) = std::env::var_os("BLESS").filter(|folder| Path::new(folder).is_dir()) {
        let rows: Vec<Row> =
            attacks(0).into_iter().map(|attack| Row::measure(attack, 0, DICE_ROLLS)).collect();
        let (_, after) = rest.split_once(END).expect("the end of the table");
        let text = format!("{prose}{BEGIN}{}{END}{after}", human(&rows));
        std::fs::write(Path::new(&folder).join("dice.md"), text).expect("docs/ is writable");
        return;
    }
    for attack in attacks(0) {
        let [scheme, attacker, bet, outcomes, theory, ..] = Row::measure(attack, 0, 1).cells();
        let listed = rest.lines().any(|line| {
            let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
            cells.starts_with(&[&*scheme, &*attacker, &*bet, &*outcomes, &*theory])
        });
        assert!(listed, "docs/dice.md has no row `{scheme}  {attacker}  {bet}  {outcomes}  {theory}`");
    }
}

#[test]
fn long_fractions_are_approximated() {
    let third = BigRational::new(1.into(), 3.into());
    let all_but_little =
        BigRational::from_integer(1.into()) - (0..200).fold(third.clone(), |all, _| all * &third);
    assert!((approximate(&third) - 1.0 / 3.0).abs() < 1e-11);
    assert!((approximate(&all_but_little) - 1.0).abs() < 1e-11);
}

#[test]
fn a_chance_outside_its_interval_differs() {
    let row = |wins| {
        let attack = attacks(0).into_iter().next().expect("there are some");
        let measured = Measured { rolls: 10_000, wins };
        Row { theory: attack.theory(), interval: measured.interval(), measured, attack }
    };
    assert_eq!((row(1_667).verdict(), row(1_900).verdict()), ("equal", "differs"));
}
