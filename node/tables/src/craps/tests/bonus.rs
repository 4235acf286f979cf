//! Bets that are decided by more than one number: what a shooter's rolls do to them.

use super::*;

/// A new table with this bet, and how the rolls end it: after how many of them, and as what.
fn ends(bet: &str, rolls: &[Dice]) -> Option<(usize, Outcome)> {
    let mut table = table(None);
    table.place(id(1), named(bet), STAKE).unwrap();
    rolls.iter().enumerate().find_map(|(n, &dice)| Some((n + 1, table.roll(dice).first()?.outcome)))
}

/// Totals, pairs avoided where they can be.
fn totals(totals: &[u8]) -> Vec<Dice> {
    let roll = |total: u8| if matches!(total, 2 | 12) { hard(total / 2) } else { dice(total) };
    totals.iter().copied().map(roll).collect()
}

fn pairs(faces: &[u8]) -> Vec<Dice> {
    faces.iter().map(|&face| hard(face)).collect()
}

fn won(times: Amount) -> Outcome {
    Outcome::Won { payout: times * STAKE }
}

#[test]
fn small_tall_and_all_win_with_the_last_of_their_totals() {
    let small = [2, 8, 3, 3, 4, 12, 5, 6];
    assert_eq!(ends("small", &totals(&small)), Some((8, won(34))));
    assert_eq!(ends("tall", &totals(&[8, 9, 2, 10, 11, 12])), Some((6, won(34))));
    assert_eq!(ends("all", &totals(&[2, 3, 4, 5, 6, 8, 9, 10, 11, 12])), Some((10, won(175))));
    assert_eq!(ends("all", &totals(&small)), None);
}

#[test]
fn any_seven_ends_small_tall_all_repeaters_and_doubles() {
    for bet in ["small", "tall", "all", "repeater:2", "different_doubles"] {
        assert_eq!(ends(bet, &totals(&[7])), Some((1, Outcome::Lost)), "{bet} on the come-out");
        assert_eq!(ends(bet, &totals(&[6, 7])), Some((2, Outcome::Lost)), "{bet} at a seven-out");
    }
}

#[test]
fn fire_pays_by_the_different_points_made_when_the_shooter_sevens_out() {
    let makes = |points: &[u8]| -> Vec<u8> { points.iter().flat_map(|&point| [point, point]).collect() };
    let after = |points: &[u8], outcome| {
        let rolls = totals(&[&makes(points)[..], &[8, 7]].concat());
        assert_eq!(ends("fire", &rolls), Some((rolls.len(), outcome)), "{points:?}");
    };
    after(&[], Outcome::Lost);
    after(&[4, 5, 6], Outcome::Lost);
    after(&[4, 5, 6, 6, 6], Outcome::Lost);
    after(&[4, 5, 6, 10], won(24));
    after(&[4, 5, 6, 10, 9], won(249));
    assert_eq!(
        ends("fire", &totals(&makes(&[4, 5, 6, 10, 9, 8]))),
        Some((12, won(999))),
        "six end it at once"
    );
}

#[test]
fn fire_does_not_mind_come_out_rolls() {
    assert_eq!(ends("fire", &totals(&[7, 11, 2, 3, 12, 7, 4, 4, 7])), None);
    let numbers = totals(&[4, 5, 6, 8, 9, 10, 5, 7]);
    assert_eq!(
        ends("fire", &numbers),
        Some((8, Outcome::Lost)),
        "numbers that are not the point do not count"
    );
}

#[test]
fn a_repeater_wins_when_its_total_has_come_often_enough() {
    for (total, times, pays) in [
        (2, 2, 40),
        (3, 3, 50),
        (4, 4, 65),
        (5, 5, 80),
        (6, 6, 90),
        (8, 6, 90),
        (9, 5, 80),
        (10, 4, 65),
        (11, 3, 50),
        (12, 2, 40),
    ] {
        let other = if total == 5 { 9 } else { 5 };
        let rolls: Vec<u8> = (0..times).flat_map(|_| [other, total]).collect();
        assert_eq!(ends(&format!("repeater:{total}"), &totals(&rolls)), Some((2 * times, won(pays))));
    }
}

#[test]
fn different_doubles_pay_by_their_number_at_the_seven_and_six_at_once() {
    let seven = [dice(7)];
    let at_the_seven = |faces: &[u8]| ends("different_doubles", &[&pairs(faces)[..], &seven].concat());
    assert_eq!(at_the_seven(&[1, 2, 2, 1]), Some((5, Outcome::Lost)));
    assert_eq!(at_the_seven(&[1, 2, 3]), Some((4, won(4))));
    assert_eq!(at_the_seven(&[1, 2, 3, 6]), Some((5, won(8))));
    assert_eq!(at_the_seven(&[1, 2, 3, 6, 5]), Some((6, won(15))));
    assert_eq!(at_the_seven(&[1, 2, 3, 6, 5, 4]), Some((6, won(100))));
    assert_eq!(ends("different_doubles", &totals(&[4, 6, 8, 10])), None, "totals that are no pairs");
}

#[test]
fn muggsy_wins_on_a_natural_seven_and_on_a_seven_right_after_the_point() {
    assert_eq!(ends("muggsy", &totals(&[7])), Some((1, won(2))));
    assert_eq!(ends("muggsy", &totals(&[11])), Some((1, Outcome::Lost)));
    assert_eq!(ends("muggsy", &totals(&[2])), Some((1, Outcome::Lost)));
    assert_eq!(ends("muggsy", &totals(&[6, 7])), Some((2, won(3))));
    assert_eq!(ends("muggsy", &totals(&[6, 6])), Some((2, Outcome::Lost)));
    assert_eq!(ends("muggsy", &totals(&[6, 11])), Some((2, Outcome::Lost)));
}
