use super::threshold::Committee;
use super::*;
use crate::scheme::Scheme;
use std::collections::BTreeSet;

fn rational(numerator: u64, denominator: u64) -> BigRational {
    BigRational::new(numerator.into(), denominator.into())
}

fn theory(scheme: &str, attacker: &str, bet: &str) -> BigRational {
    let all = attacks(1);
    let named = |attack: &&Attack| {
        attack.scheme == scheme && attack.attacker.starts_with(attacker) && attack.bet().starts_with(bet)
    };
    all.iter().find(named).expect("it is in the table").theory()
}

#[test]
fn the_closed_forms_are_the_published_ones() {
    let withheld = |attackers: &str, bet| {
        theory("commit-reveal", &format!("last of 7 who may withhold: {attackers}"), bet)
    };
    assert_eq!(withheld("0", "any 7"), rational(1, 6));
    assert_eq!(withheld("1", "any 7"), rational(11, 36));
    assert_eq!(withheld("2", "any 7"), rational(671, 1296));
    assert_eq!(withheld("3", "any 7"), rational(1_288_991, 1_679_616));
    assert_eq!(withheld("1", "hop 3-3"), rational(71, 1296));
    assert_eq!(withheld("1", "pass"), rational(32, 81));
    for (leader, percent) in [("4 ", 42.13), ("7 ", 51.77), ("10 ", 59.81), ("31 ", 88.78), ("100 ", 99.83)] {
        let theory = theory("VRF in votes", &format!("leader of {leader}"), "any 7");
        let known = rational((percent * 100.0_f64).round() as u64, 10_000);
        let off = if theory > known { theory - known } else { known - theory };
        assert!(off <= rational(1, 20_000), "f of {leader}: {percent}");
    }
}

#[test]
fn an_attacker_wins_as_often_as_the_closed_form_says() {
    for attack in attacks(1) {
        let measured = attack.measure(1, 2_000);
        let theory = attack.theory();
        let chance = theory.numer().to_string().parse::<f64>().unwrap()
            / theory.denom().to_string().parse::<f64>().unwrap();
        let interval = measured.interval();
        assert!(
            interval.contains(chance),
            "{}, {}: {chance} is not in {interval:?}",
            attack.scheme,
            attack.attacker
        );
    }
}

/// What the measured sixth can't show: not that the outcomes are as good, but that there are no others.
#[test]
fn whatever_parts_arrive_there_is_one_signature() {
    for (scheme, validators, rolls) in [(Scheme::Mock, 7, 50), (Scheme::Real, 4, 2)] {
        let committee = Committee::new(scheme, 3, validators);
        for roll in 0..rolls {
            let luck = Luck::new(3, &["one"], roll);
            let all = [committee.withhold(&luck), committee.lie(&luck), committee.choose(&luck)].concat();
            let tried = if validators == 7 { 4 + 8 + 21 } else { 2 + 4 + 4 };
            assert_eq!(all.len(), tried, "each leads to a signature");
            assert_eq!(all.iter().map(|signature| signature.0).collect::<BTreeSet<_>>().len(), 1);
        }
    }
}

#[test]
fn the_interval_is_wilsons() {
    // By hand: z² = 15.1367; (10 + z²/2) / (100 + z²) ± z √(10 · 90 / 100 + z²/4) / (100 + z²).
    let Interval { low, high } = Interval::of(10, 100);
    assert!((low - 0.031_77).abs() < 1e-4 && (high - 0.273_41).abs() < 1e-4, "{low} {high}");
    let none = Interval::of(0, 1000);
    assert!(none.low == 0.0 && none.contains(0.0) && !none.contains(0.02));
    let all = Interval::of(1000, 1000);
    assert!(all.high == 1.0 && all.contains(1.0 - 1e-9) && !all.contains(0.98));
}
