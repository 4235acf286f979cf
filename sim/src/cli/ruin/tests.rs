use super::*;

fn walk(name: &str) -> Walk {
    Walk::of(Subject::all().find(|subject| subject.to_string() == name).unwrap()).unwrap()
}

#[track_caller]
fn assert_near(found: f64, expected: f64, relative: f64) {
    assert!((found / expected - 1.0).abs() < relative, "{found:e} is not {expected:e}");
}

#[test]
fn pass_bets_ruin_as_gamblers_ruin_says() {
    let pass = walk("pass_line");
    for (bankroll, published) in [(50, 0.24311), (100, 0.0591031), (250, 8.492e-4), (500, 7.212e-7)] {
        assert_near(pass.ruin(bankroll), published, 1e-4);
        assert_near(pass.ruin(bankroll), (244.0f64 / 251.0).powi(bankroll as i32), 1e-9);
        assert_near(pass.bound(bankroll), pass.ruin(bankroll), 1e-9);
    }
}

#[test]
fn ruin_lies_between_the_bounds_of_lundberg() {
    for name in ["dont_pass", "place:6", "hardway:6", "field", "any_seven", "hop:1-1"] {
        let walk = walk(name);
        let deepest = walk.down.iter().map(|(x, _)| *x).max().unwrap();
        let beyond = (deepest - 1) as f64 / walk.stake as f64;
        for bankroll in [1, 10, 100] {
            let (ruin, bound) = (walk.ruin(bankroll), walk.bound(bankroll));
            let least = bound * (-walk.lundberg() * beyond).exp();
            assert!(
                (least * (1.0 - 1e-9)..=bound * (1.0 + 1e-9)).contains(&ruin),
                "{name}: {least} {ruin} {bound}"
            );
        }
    }
}

/// Any seven pays 4 and comes in 6 of 36: from 1 the house survives with its edge over the chance to win, as every walk
/// does that never rises by more than 1; from 2 it is one win better off.
#[test]
fn a_walk_that_rises_by_one_survives_from_one_with_its_mean_over_its_chance_to_rise() {
    let seven = walk("any_seven");
    let survives = (1.0 / 6.0) / (5.0 / 6.0);
    assert_near(1.0 - seven.ruin(1), survives, 1e-9);
    assert_near(1.0 - seven.ruin(2), survives / (5.0 / 6.0), 1e-9);
}

#[test]
fn without_an_edge_or_a_bankroll_ruin_is_certain() {
    assert_eq!(walk("odds on 4").ruin(1000), 1.0);
    assert_eq!(walk("odds on 6").lundberg(), 0.0);
    assert_eq!(walk("pass_line").ruin(0), 1.0);
}
