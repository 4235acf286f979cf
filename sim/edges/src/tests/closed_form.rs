//! The edge and variance of every bet, written down from probability: the second computation. It shares nothing with the
//! game but the names of bets and the usual pay table, which is spelt out once more.

use super::*;
use num_rational::Ratio;
use std::collections::BTreeMap;

type Chance = Ratio<i128>;

fn chance(of: i128, in_: i128) -> Chance {
    Ratio::new(of, in_)
}

/// In how many of 36 ways a total comes.
fn ways(total: i128) -> i128 {
    6 - (7 - total).abs()
}

/// What a bet gains by unit, and with what chance. What is left gains nothing.
type Gains = Vec<(Chance, Chance)>;

/// Wins in some ways before it loses in others.
fn race(win: i128, lose: i128, pays: Chance) -> Gains {
    vec![(chance(win, win + lose), pays), (chance(lose, win + lose), chance(-1, 1))]
}

/// Wins by the next roll in these ways; all else loses.
fn one_roll(wins: &[(i128, Chance)]) -> Gains {
    let lost = 36 - wins.iter().map(|(ways, _)| ways).sum::<i128>();
    let wins = wins.iter().map(|&(ways, pays)| (chance(ways, 36), pays));
    wins.chain([(chance(lost, 36), chance(-1, 1))]).collect()
}

/// Ends in the first with one chance or another, and else loses.
fn tiers(wins: &[(Chance, i128)]) -> Gains {
    let lost = chance(1, 1) - wins.iter().map(|(chance, _)| chance).sum::<Chance>();
    let wins = wins.iter().map(|&(p, pays)| (p, chance(pays, 1)));
    wins.chain([(lost, chance(-1, 1))]).collect()
}

fn pass() -> Gains {
    let win =
        chance(8, 36) + points().map(|n| chance(ways(n), 36) * chance(ways(n), ways(n) + 6)).sum::<Chance>();
    vec![(win, chance(1, 1)), (chance(1, 1) - win, chance(-1, 1))]
}

fn dont_pass() -> Gains {
    let win = chance(3, 36) + points().map(|n| chance(ways(n), 36) * chance(6, ways(n) + 6)).sum::<Chance>();
    vec![(win, chance(1, 1)), (chance(35, 36) - win, chance(-1, 1))]
}

fn points() -> impl Iterator<Item = i128> {
    [4, 5, 6, 8, 9, 10].into_iter()
}

/// The chance that all totals come before a seven, by inclusion and exclusion: that none of some comes before it is 6 in
/// 6 and their ways.
fn all_before_a_seven(totals: &[i128]) -> Chance {
    let subsets = 0..1u32 << totals.len();
    subsets
        .map(|subset| {
            let members = (0..totals.len()).filter(|n| subset >> n & 1 == 1);
            let ways: i128 = members.map(|n| ways(totals[n])).sum();
            let sign = if subset.count_ones() % 2 == 0 { 1 } else { -1 };
            chance(sign * 6, 6 + ways)
        })
        .sum()
}

/// The chances that a shooter ends with four, five and six different points made: by the sets of points made. In
/// floating point, since the fractions are longer than any integer here.
fn fire() -> [f64; 3] {
    let made = |n: i128| (ways(n) as f64 / 24.0) * (ways(n) as f64 / (ways(n) + 6) as f64);
    let out: f64 = 1.0 - points().map(made).sum::<f64>();
    let mut at = BTreeMap::from([(0u32, 1.0f64)]);
    let mut ends = [0.0; 7];
    for set in 0..64u32 {
        let here = at.get(&set).copied().unwrap_or(0.0);
        if set == 63 {
            ends[6] = here;
            continue;
        }
        let fresh = || points().enumerate().filter(|(bit, _)| set >> bit & 1 == 0);
        let leave: f64 = out + fresh().map(|(_, n)| made(n)).sum::<f64>();
        ends[set.count_ones() as usize] += here * out / leave;
        for (bit, n) in fresh() {
            *at.entry(set | 1 << bit).or_default() += here * made(n) / leave;
        }
    }
    [ends[4], ends[5], ends[6]]
}

/// The chances of just three to six different pairs before a seven: of six pairs and six sevens, each new pair takes one
/// away.
fn doubles() -> [Chance; 4] {
    let reach = |pairs: i128| (0..pairs).map(|n| chance(6 - n, 12 - n)).product::<Chance>();
    [reach(3) - reach(4), reach(4) - reach(5), reach(5) - reach(6), reach(6)]
}

/// By the number that a bet is on: the value for 4 and 10, 5 and 9, or 6 and 8.
fn by_number<T: Copy>(total: i128, [four_ten, five_nine, six_eight]: [T; 3]) -> T {
    match ways(total) {
        3 => four_ten,
        4 => five_nine,
        _ => six_eight,
    }
}

/// The gains of a bet by its name; none for fire.
fn gains(bet: &str) -> Option<Gains> {
    let (kind, on) = bet.split_once(':').or_else(|| bet.split_once(" on ")).unwrap_or((bet, "0"));
    let n: i128 = on.parse().unwrap_or(0);
    let w = ways(n);
    let to_one = |pays: i128| chance(pays, 1);
    // 2 % of what is won.
    let commission = chance(98, 100);
    let horn = |high: i128, others: i128| -> Gains {
        let whole = 4 + i128::from(high > 0) + others;
        let net = |total: i128| {
            let part = 1 + i128::from(total == high);
            let pays = if ways(total) == 1 { 30 } else { 15 };
            (ways(total), chance(part * pays - (whole - part), whole))
        };
        one_roll(&[2, 3, 11, 12].map(net))
    };
    Some(match kind {
        "pass_line" | "come" => pass(),
        "dont_pass" | "dont_come" => dont_pass(),
        "put" => race(w, 6, to_one(1)),
        "odds" => race(w, 6, chance(6, w)),
        "lay_odds" => race(6, w, chance(w, 6)),
        "place" => race(w, 6, by_number(n, [chance(9, 5), chance(7, 5), chance(7, 6)])),
        "place_to_lose" => race(6, w, by_number(n, [chance(5, 11), chance(5, 8), chance(4, 5)])),
        "buy" => race(w, 6, chance(6, w) - chance(1, 20)),
        "lay" => race(6, w, chance(w, 6) * chance(19, 20)),
        "big" => race(w, 6, to_one(1)),
        "hardway" => race(1, w - 1 + 6, to_one(by_number(n, [7, 0, 9]))),
        "field" => one_roll(&[(2, to_one(2)), (14, to_one(1))]),
        "any_seven" => one_roll(&[(6, to_one(4))]),
        "any_craps" => one_roll(&[(4, to_one(7))]),
        "exactly" => one_roll(&[(w, to_one(if w == 1 { 30 } else { 15 }))]),
        "horn" => horn(0, 0),
        "horn_high" => horn(n, 0),
        "world" => {
            let mut gains = horn(0, 1);
            // Seven in 6 of 36 pays for the other parts.
            gains.last_mut().expect("it can lose").0 -= chance(6, 36);
            gains
        }
        "craps_eleven" => one_roll(&[(4, to_one(3)), (2, to_one(7))]),
        "hop" if on[..1] == on[2..] => one_roll(&[(1, to_one(30))]),
        "hop" => one_roll(&[(2, to_one(15))]),
        "yes" => race(w, 6, chance(6, w) * commission),
        "no" => race(6, w, chance(w, 6) * commission),
        "next" => one_roll(&[(w, chance(36 - w, w) * commission)]),
        "small" => tiers(&[(all_before_a_seven(&[2, 3, 4, 5, 6]), 34)]),
        "tall" => tiers(&[(all_before_a_seven(&[8, 9, 10, 11, 12]), 34)]),
        "all" => tiers(&[(all_before_a_seven(&[2, 3, 4, 5, 6, 8, 9, 10, 11, 12]), 175)]),
        "repeater" => {
            let (times, pays) = [(2, 40), (3, 50), (4, 65), (5, 80), (6, 90)][w as usize - 1];
            tiers(&[((0..times).map(|_| chance(w, w + 6)).product(), pays)])
        }
        "different_doubles" => {
            let [three, four, five, six] = doubles();
            tiers(&[(three, 4), (four, 8), (five, 15), (six, 100)])
        }
        "muggsy" => tiers(&[(chance(1, 6), 2), (chance(2, 3) * chance(1, 6), 3)]),
        "fire" => return None,
        other => panic!("no closed form for {other}"),
    })
}

#[test]
fn every_bet_has_the_edge_and_variance_that_probability_gives_it() {
    for subject in Subject::all() {
        let Some(gains) = gains(&subject.to_string()) else { continue };
        let found = edge(&CrapsRules::default(), subject, None).unwrap();
        let mean: Chance = gains.iter().map(|(p, gain)| p * gain).sum();
        let square: Chance = gains.iter().map(|(p, gain)| p * gain * gain).sum();
        assert_eq!(found.edge.to_string(), (-mean).to_string(), "{subject}");
        let variance = BigRational::new((*square.numer()).into(), (*square.denom()).into())
            - BigRational::new((*mean.numer()).into(), (*mean.denom()).into()).pow(2);
        assert_eq!(found.variance, variance, "the variance of {subject}");
    }
}

#[test]
fn fire_has_the_edge_that_probability_gives_it() {
    let [four, five, six] = fire();
    let lost = 1.0 - four - five - six;
    let expected = lost - 24.0 * four - 249.0 * five - 999.0 * six;
    let found = edge(&CrapsRules::default(), named("fire"), None).unwrap().edge;
    let found = num_traits::ToPrimitive::to_f64(&found).expect("it is no longer than a float's range");
    assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
}

/// What the rules hold to be the chances of bonus bets, to refuse pay tables that favour the player.
#[test]
fn the_most_that_a_bonus_bet_may_pay_is_short_of_fair() {
    for (rule, bet, wins) in [
        ("pays.small", "small", gains("small").unwrap()[0].0),
        ("pays.all", "all", gains("all").unwrap()[0].0),
        ("pays.repeater.four_ten", "repeater:4", gains("repeater:4").unwrap()[0].0),
    ] {
        let fair = (chance(1, 1) / wins - chance(1, 1)).to_integer();
        for (pays, allowed) in [(fair - 1, true), (fair + 1, false)] {
            let rules = with(&[(rule, &format!("{pays}:1"))]);
            assert_eq!(rules.check().is_ok(), allowed, "{rule} {pays}:1");
            assert_eq!(edge(&rules, named(bet), None).unwrap().edge > BigRational::zero(), allowed, "{bet}");
        }
    }
}
