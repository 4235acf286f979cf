//! docs/dice.md has the table as the command prints it.

use super::*;

const DOCUMENT: &str = include_str!("../../../../docs/dice.md");

/// What does not depend on how many rolls were played.
#[test]
fn the_document_has_every_attack_with_its_closed_form() {
    for attack in attacks(0) {
        let [scheme, attacker, bet, outcomes, theory, ..] = Row::measure(attack, 0, 1).cells();
        let listed = DOCUMENT.lines().any(|line| {
            let rest = line.strip_prefix(&*scheme).map(str::trim_start);
            let rest = rest.and_then(|rest| rest.strip_prefix(&*attacker)).map(str::trim_start);
            let rest = rest.and_then(|rest| rest.strip_prefix(&*bet)).map(str::trim_start);
            rest.is_some_and(|rest| rest.starts_with(&outcomes) && rest.contains(&theory))
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
