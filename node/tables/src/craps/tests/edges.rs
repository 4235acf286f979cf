//! The exact house edge of each bet, proven by enumeration of the shipped transition function.
//!
//! The states that a bet can reach form a finite Markov chain whose steps are the 36 outcomes. The expected gain of the
//! player is the solution of linear equations over the rationals; nothing is sampled or rounded.

use super::*;
use std::ops::{Add, Mul, Sub};

/// A rational number in lowest terms, with a positive denominator. Overflow panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ratio(i128, i128);

impl Ratio {
    fn new(numerator: i128, denominator: i128) -> Ratio {
        let (mut a, mut b) = (numerator.abs(), denominator.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let gcd = a.max(1) * denominator.signum();
        Ratio(numerator / gcd, denominator / gcd)
    }

    fn of(whole: i128) -> Ratio {
        Ratio(whole, 1)
    }

    fn over(self, divisor: Ratio) -> Ratio {
        self * Ratio::new(divisor.1, divisor.0)
    }

    fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl Add for Ratio {
    type Output = Ratio;
    fn add(self, other: Ratio) -> Ratio {
        let product = |a: i128, b: i128| a.checked_mul(b).expect("fits");
        let numerator = product(self.0, other.1).checked_add(product(other.0, self.1)).expect("fits");
        Ratio::new(numerator, product(self.1, other.1))
    }
}

impl Sub for Ratio {
    type Output = Ratio;
    fn sub(self, other: Ratio) -> Ratio {
        self + Ratio(-other.0, other.1)
    }
}

impl Mul for Ratio {
    type Output = Ratio;
    fn mul(self, other: Ratio) -> Ratio {
        let product = |a: i128, b: i128| a.checked_mul(b).expect("fits");
        Ratio::new(product(self.0, other.0), product(self.1, other.1))
    }
}

/// The expected gain of `bet` from a state on. Other bets at the table are ignored.
fn expected_gain(table: &Craps, bet: BetId) -> Ratio {
    let stake = table.bets[&bet].stake;
    let mut states = vec![table.clone()];
    // Row i: gain_i = constant + sum of weight * gain_j.
    let mut rows: Vec<(Ratio, Vec<(usize, i128)>)> = Vec::new();
    while let Some(state) = states.get(rows.len()).cloned() {
        let (mut gained, mut next) = (0, Vec::new());
        for dice in Dice::all() {
            let mut after = state.clone();
            match after.roll(dice).iter().find(|settlement| settlement.bet == bet).map(|s| s.outcome) {
                Some(Outcome::Won { payout }) => gained += i128::from(payout),
                Some(Outcome::Lost) => gained -= i128::from(stake),
                Some(Outcome::Pushed) => {}
                None => {
                    let j = states.iter().position(|known| *known == after).unwrap_or_else(|| {
                        states.push(after);
                        states.len() - 1
                    });
                    next.push((j, 1));
                }
            }
        }
        rows.push((Ratio::new(gained, 36), next));
    }
    let n = states.len();
    let mut matrix = vec![vec![Ratio::of(0); n + 1]; n];
    for (i, (constant, next)) in rows.into_iter().enumerate() {
        matrix[i][i] = Ratio::of(1);
        matrix[i][n] = constant;
        for (j, weight) in next {
            matrix[i][j] = matrix[i][j] - Ratio::new(weight, 36);
        }
    }
    solve(matrix)
}

/// The first unknown of a regular linear system, by elimination from the last unknown to the first.
fn solve(mut matrix: Vec<Vec<Ratio>>) -> Ratio {
    let n = matrix.len();
    for pivot in (0..n).rev() {
        let scale = matrix[pivot][pivot];
        assert!(!scale.is_zero(), "an absorbing chain gives a regular system");
        let row: Vec<Ratio> = matrix[pivot].iter().map(|&entry| entry.over(scale)).collect();
        for i in (0..pivot).filter(|&i| !matrix[i][pivot].is_zero()).collect::<Vec<_>>() {
            let factor = matrix[i][pivot];
            for (entry, &by) in matrix[i].iter_mut().zip(&row) {
                *entry = *entry - factor * by;
            }
        }
        matrix[pivot] = row;
    }
    matrix[0][n]
}

/// The house's part of the stake.
fn edge(table: &Craps, bet: BetId) -> Ratio {
    let stake = table.bets[&bet].stake;
    Ratio::of(0) - expected_gain(table, bet).over(Ratio::of(i128::from(stake)))
}

fn edge_of(bet: Bet, point: Option<Number>) -> Ratio {
    let mut table = table(point);
    table.place(id(1), bet, STAKE).unwrap();
    edge(&table, id(1))
}

#[test]
fn pass_is_7_in_495_and_dont_pass_3_in_220() {
    assert_eq!(edge_of(Bet::Pass, None), Ratio(7, 495));
    assert_eq!(edge_of(Bet::DontPass, None), Ratio(3, 220));
}

#[test]
fn come_and_dont_come_are_as_good_as_the_line() {
    for point in Number::ALL {
        let of_bet = [Bet::Come, Bet::DontCome].map(|bet| {
            let mut start = table(Some(point));
            start.place(id(1), bet, STAKE).unwrap();
            // The first roll settles the bet or moves it, so the chain splits into one per number.
            let sum = Dice::all().fold(Ratio::of(0), |sum, dice| {
                let mut after = start.clone();
                let outcome = after.roll(dice).first().map(|settlement| settlement.outcome);
                sum + match outcome {
                    Some(Outcome::Won { payout }) => Ratio::of(i128::from(payout)),
                    Some(Outcome::Lost) => Ratio::of(-i128::from(STAKE)),
                    Some(Outcome::Pushed) => Ratio::of(0),
                    None => expected_gain(&after, id(1)),
                }
            });
            Ratio::of(0) - sum.over(Ratio::of(36 * i128::from(STAKE)))
        });
        assert_eq!(of_bet, [Ratio(7, 495), Ratio(3, 220)], "with {point:?} on");
    }
}

#[test]
fn odds_are_free_of_edge() {
    for number in Number::ALL {
        for (line, come, odds) in [
            (Bet::Pass, Bet::Come, Bet::Odds { base: 1 }),
            (Bet::DontPass, Bet::DontCome, Bet::Lay { base: 1 }),
        ] {
            let mut table = table(None);
            table.place(id(1), line, STAKE).unwrap();
            table.roll(dice(number.total()));
            table.place(id(2), odds, STAKE).unwrap();
            assert_eq!(edge(&table, id(2)), Ratio::of(0), "{odds:?} on the line at {number:?}");
            for point in points().filter(|&point| point != Some(number)) {
                let mut table = travelled(come, number, point);
                table.place(id(2), odds, STAKE).unwrap();
                assert_eq!(edge(&table, id(2)), Ratio::of(0), "{odds:?} on {come:?} at {number:?}");
            }
        }
    }
}

#[test]
fn place_bets_keep_their_edge_through_the_come_outs_on_which_they_are_off() {
    for point in points() {
        for (number, expected) in [
            (Number::Four, Ratio(1, 15)),
            (Number::Five, Ratio(1, 25)),
            (Number::Six, Ratio(1, 66)),
            (Number::Eight, Ratio(1, 66)),
            (Number::Nine, Ratio(1, 25)),
            (Number::Ten, Ratio(1, 15)),
        ] {
            assert_eq!(edge_of(Bet::Place(number), point), expected, "{number:?} with {point:?} on");
        }
    }
}

#[test]
fn hardways_cost_a_ninth_or_an_eleventh() {
    for point in points() {
        for (hard, expected) in [
            (Hard::Four, Ratio(1, 9)),
            (Hard::Six, Ratio(1, 11)),
            (Hard::Eight, Ratio(1, 11)),
            (Hard::Ten, Ratio(1, 9)),
        ] {
            assert_eq!(edge_of(Bet::Hardway(hard), point), expected, "{hard:?} with {point:?} on");
        }
    }
}

#[test]
fn one_roll_bets_cost_what_the_layout_says() {
    assert_eq!(edge_of(Bet::AnySeven, None), Ratio(1, 6));
    assert_eq!(edge_of(Bet::AnyCraps, None), Ratio(1, 9));
    assert_eq!(edge_of(Bet::Field, None), Ratio(1, 18));
    let mut table = table(None);
    table.rules.field_twelve = FieldTwelve::Triple;
    table.place(id(1), Bet::Field, STAKE).unwrap();
    assert_eq!(edge(&table, id(1)), Ratio(1, 36));
}

#[test]
fn breakage_raises_the_edge() {
    // 7:6 on a stake of 1 pays 1: (6 - 5) / 11 against, instead of 1/66.
    let mut table = table(Some(Number::Four));
    table.place(id(1), Bet::Place(Number::Six), 1).unwrap();
    assert_eq!(edge(&table, id(1)), Ratio(1, 11));
}
