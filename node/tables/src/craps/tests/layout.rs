//! Every bet against each of the 36 outcomes in each state of the table, by a table written from the rules of the game.

use super::*;

/// The columns of a row: the total of the dice, `h` for a pair.
const COLUMNS: &str = "2h 3 4 4h 5 6 6h 7 8 8h 9 10 10h 11 12h";

/// One word per column: `-` stays, `L` lost, `P` pushed, or what a stake of 60 wins.
struct Row(&'static str);

const FRESH: Row = Row("L L - - - - - 60 - - - - - 60 L");
const FRESH_DONT: Row = Row("60 60 - - - - - L - - - - - L P");
const ANY_SEVEN: Row = Row("L L L L L L L 240 L L L L L L L");
const ANY_CRAPS: Row = Row("420 420 L L L L L L L L L L L L 420");
const FIELD_DOUBLE: Row = Row("120 60 60 60 L L L L L L 60 60 60 60 120");
const FIELD_TRIPLE: Row = Row("120 60 60 60 L L L L L L 60 60 60 60 180");
const OFF: Row = Row("- - - - - - - - - - - - - - -");

fn with_the_number(number: Number) -> Row {
    Row(match number {
        Number::Four => "- - 60 60 - - - L - - - - - - -",
        Number::Five => "- - - - 60 - - L - - - - - - -",
        Number::Six => "- - - - - 60 60 L - - - - - - -",
        Number::Eight => "- - - - - - - L 60 60 - - - - -",
        Number::Nine => "- - - - - - - L - - 60 - - - -",
        Number::Ten => "- - - - - - - L - - - 60 60 - -",
    })
}

fn against_the_number(number: Number) -> Row {
    Row(match number {
        Number::Four => "- - L L - - - 60 - - - - - - -",
        Number::Five => "- - - - L - - 60 - - - - - - -",
        Number::Six => "- - - - - L L 60 - - - - - - -",
        Number::Eight => "- - - - - - - 60 L L - - - - -",
        Number::Nine => "- - - - - - - 60 - - L - - - -",
        Number::Ten => "- - - - - - - 60 - - - L L - -",
    })
}

fn odds(number: Number) -> Row {
    Row(match number {
        Number::Four => "- - 120 120 - - - L - - - - - - -",
        Number::Five => "- - - - 90 - - L - - - - - - -",
        Number::Six => "- - - - - 72 72 L - - - - - - -",
        Number::Eight => "- - - - - - - L 72 72 - - - - -",
        Number::Nine => "- - - - - - - L - - 90 - - - -",
        Number::Ten => "- - - - - - - L - - - 120 120 - -",
    })
}

/// Odds on a come bet when the next roll is a come-out.
fn odds_off(number: Number) -> Row {
    Row(match number {
        Number::Four => "- - P P - - - P - - - - - - -",
        Number::Five => "- - - - P - - P - - - - - - -",
        Number::Six => "- - - - - P P P - - - - - - -",
        Number::Eight => "- - - - - - - P P P - - - - -",
        Number::Nine => "- - - - - - - P - - P - - - -",
        Number::Ten => "- - - - - - - P - - - P P - -",
    })
}

fn laid(number: Number) -> Row {
    Row(match number {
        Number::Four => "- - L L - - - 30 - - - - - - -",
        Number::Five => "- - - - L - - 40 - - - - - - -",
        Number::Six => "- - - - - L L 50 - - - - - - -",
        Number::Eight => "- - - - - - - 50 L L - - - - -",
        Number::Nine => "- - - - - - - 40 - - L - - - -",
        Number::Ten => "- - - - - - - 30 - - - L L - -",
    })
}

fn placed(number: Number) -> Row {
    Row(match number {
        Number::Four => "- - 108 108 - - - L - - - - - - -",
        Number::Five => "- - - - 84 - - L - - - - - - -",
        Number::Six => "- - - - - 70 70 L - - - - - - -",
        Number::Eight => "- - - - - - - L 70 70 - - - - -",
        Number::Nine => "- - - - - - - L - - 84 - - - -",
        Number::Ten => "- - - - - - - L - - - 108 108 - -",
    })
}

fn hardway(hard: Hard) -> Row {
    Row(match hard {
        Hard::Four => "- - L 420 - - - L - - - - - - -",
        Hard::Six => "- - - - - L 540 L - - - - - - -",
        Hard::Eight => "- - - - - - - L L 540 - - - - -",
        Hard::Ten => "- - - - - - - L - - - L 420 - -",
    })
}

/// Rolls each of the 36 outcomes on a copy of the table and compares what becomes of the bet.
#[track_caller]
fn assert_row(table: &Craps, bet: BetId, row: Row) {
    let expected: BTreeMap<&str, &str> = COLUMNS.split_whitespace().zip(row.0.split_whitespace()).collect();
    assert_eq!(expected.len(), 15);
    assert_eq!(row.0.split_whitespace().count(), 15);
    for dice in Dice::all() {
        let mut table = table.clone();
        let settled = table.roll(dice);
        let outcome = settled.iter().find(|settlement| settlement.bet == bet).map(|s| s.outcome);
        let column = format!("{}{}", dice.total(), if dice.is_pair() { "h" } else { "" });
        let expected = match expected[column.as_str()] {
            "-" => None,
            "L" => Some(Outcome::Lost),
            "P" => Some(Outcome::Pushed),
            payout => Some(Outcome::Won { payout: payout.parse().unwrap() }),
        };
        assert_eq!(outcome, expected, "{dice:?} at {table:?}");
        let still_up = table.open_bets().any(|open| open.id == bet);
        assert_eq!(still_up, expected.is_none(), "a bet is up until it is settled: {dice:?}");
    }
}

fn place(mut table: Craps, bet: Bet) -> Craps {
    table.place(id(1), bet, STAKE).unwrap();
    table
}

#[test]
fn line_bets() {
    assert_row(&place(table(None), Bet::Pass), id(1), FRESH);
    assert_row(&place(table(None), Bet::DontPass), id(1), FRESH_DONT);
    for point in Number::ALL {
        let on = |bet| {
            let mut table = place(table(None), bet);
            assert_eq!(table.roll(dice(point.total())), []);
            table
        };
        assert_row(&on(Bet::Pass), id(1), with_the_number(point));
        assert_row(&on(Bet::DontPass), id(1), against_the_number(point));
    }
}

#[test]
fn come_bets_before_they_travel() {
    for point in Number::ALL {
        assert_row(&place(table(Some(point)), Bet::Come), id(1), FRESH);
        assert_row(&place(table(Some(point)), Bet::DontCome), id(1), FRESH_DONT);
    }
}

#[test]
fn come_bets_that_have_travelled() {
    for number in Number::ALL {
        for point in points().filter(|&point| point != Some(number)) {
            assert_row(&travelled(Bet::Come, number, point), id(1), with_the_number(number));
            assert_row(&travelled(Bet::DontCome, number, point), id(1), against_the_number(number));
        }
    }
}

#[test]
fn odds_on_the_line() {
    for point in Number::ALL {
        for (base, bet, row) in [
            (Bet::Pass, Bet::Odds { base: 1 }, odds(point)),
            (Bet::DontPass, Bet::LayOdds { base: 1 }, laid(point)),
        ] {
            let mut table = place(table(None), base);
            table.roll(dice(point.total()));
            table.place(id(2), bet, STAKE).unwrap();
            assert_row(&table, id(2), row);
        }
    }
}

#[test]
fn odds_on_come_bets_are_off_on_the_come_out_and_laid_odds_are_on() {
    for number in Number::ALL {
        for point in points().filter(|&point| point != Some(number)) {
            let mut come = travelled(Bet::Come, number, point);
            come.place(id(2), Bet::Odds { base: 1 }, STAKE).unwrap();
            assert_row(&come, id(2), if point.is_some() { odds(number) } else { odds_off(number) });
            let mut dont = travelled(Bet::DontCome, number, point);
            dont.place(id(2), Bet::LayOdds { base: 1 }, STAKE).unwrap();
            assert_row(&dont, id(2), laid(number));
        }
    }
}

#[test]
fn place_bets_and_hardways_are_off_on_the_come_out() {
    for point in points() {
        for number in Number::ALL {
            let row = if point.is_some() { placed(number) } else { OFF };
            assert_row(&place(table(point), Bet::Place(number)), id(1), row);
        }
        for hard in Hard::ALL {
            let row = if point.is_some() { hardway(hard) } else { OFF };
            assert_row(&place(table(point), Bet::Hardway(hard)), id(1), row);
        }
    }
}

#[test]
fn one_roll_bets_do_not_mind_the_point() {
    for point in points() {
        assert_row(&place(table(point), Bet::AnySeven), id(1), ANY_SEVEN);
        assert_row(&place(table(point), Bet::AnyCraps), id(1), ANY_CRAPS);
        assert_row(&place(table(point), Bet::Field), id(1), FIELD_DOUBLE);
        let mut triple = table(point);
        triple.rules.pays.field_twelve = Pays::to_one(3);
        assert_row(&place(triple, Bet::Field), id(1), FIELD_TRIPLE);
    }
}

/// Bets that are always on, with the vig and the fractions rounded down.
const ALWAYS_ON: &str = "
place_to_lose:4   - - L L - - - 27 - - - - - - -
place_to_lose:5   - - - - L - - 37 - - - - - - -
place_to_lose:6   - - - - - L L 48 - - - - - - -
place_to_lose:8   - - - - - - - 48 L L - - - - -
place_to_lose:9   - - - - - - - 37 - - L - - - -
place_to_lose:10  - - - - - - - 27 - - - L L - -
lay:4             - - L L - - - 29 - - - - - - -
lay:5             - - - - L - - 38 - - - - - - -
lay:6             - - - - - L L 48 - - - - - - -
lay:8             - - - - - - - 48 L L - - - - -
lay:9             - - - - - - - 38 - - L - - - -
lay:10            - - - - - - - 29 - - - L L - -
big:6             - - - - - 60 60 L - - - - - - -
big:8             - - - - - - - L 60 60 - - - - -
yes:2             353 - - - - - - L - - - - - - -
yes:3             - 177 - - - - - L - - - - - - -
yes:4             - - 118 118 - - - L - - - - - - -
yes:6             - - - - - 71 71 L - - - - - - -
yes:11            - - - - - - - L - - - - - 177 -
yes:12            - - - - - - - L - - - - - - 353
no:2              L - - - - - - 10 - - - - - - -
no:3              - L - - - - - 20 - - - - - - -
no:9              - - - - - - - 40 - - L - - - -
no:8              - - - - - - - 49 L L - - - - -
next:2            2058 L L L L L L L L L L L L L L
next:6            L L L L L 365 365 L L L L L L L L
next:7            L L L L L L L 294 L L L L L L L
next:11           L L L L L L L L L L L L L 1000 L
exactly:2         1800 L L L L L L L L L L L L L L
exactly:3         L 900 L L L L L L L L L L L L L
exactly:11        L L L L L L L L L L L L L 900 L
exactly:12        L L L L L L L L L L L L L L 1800
horn              405 180 L L L L L L L L L L L 180 405
horn_high:2       684 132 L L L L L L L L L L L 132 312
horn_high:3       312 324 L L L L L L L L L L L 132 312
horn_high:11      312 132 L L L L L L L L L L L 324 312
horn_high:12      312 132 L L L L L L L L L L L 132 684
world             312 132 L L L L L P L L L L L 132 312
craps_eleven      180 180 L L L L L L L L L L L 420 180
hop:1-1           1800 L L L L L L L L L L L L L L
hop:4-4           L L L L L L L L L 1800 L L L L L
";

#[test]
fn bets_that_are_always_on_do_not_mind_the_point() {
    for line in ALWAYS_ON.lines().filter(|line| !line.is_empty()) {
        let (bet, row) = line.split_once(' ').unwrap();
        for point in points() {
            assert_row(&place(table(point), named(bet)), id(1), Row(row));
        }
    }
}

#[test]
fn buy_bets_are_off_on_the_come_out() {
    for line in "
buy:4    - - 117 117 - - - L - - - - - - -
buy:5    - - - - 87 - - L - - - - - - -
buy:6    - - - - - 69 69 L - - - - - - -
buy:8    - - - - - - - L 69 69 - - - - -
buy:9    - - - - - - - L - - 87 - - - -
buy:10   - - - - - - - L - - - 117 117 - -"
        .lines()
        .skip(1)
    {
        let (bet, row) = line.split_once(' ').unwrap();
        assert_row(&place(table(None), named(bet)), id(1), OFF);
        for point in Number::ALL {
            assert_row(&place(table(Some(point)), named(bet)), id(1), Row(row));
        }
    }
}

#[test]
fn what_is_off_on_the_come_out_works_where_the_rules_say_so() {
    let on_come_out = |set: &str| {
        let mut table = table(None);
        table.rules.set(set, "true").unwrap();
        table
    };
    for (set, works, others) in [
        ("working.place", "place:6", ["buy:6", "hardway:6"]),
        ("working.buy", "buy:6", ["place:6", "hardway:6"]),
        ("working.hardways", "hardway:6", ["place:6", "buy:6"]),
    ] {
        let table = on_come_out(set);
        let lost = place(table.clone(), named(works)).roll(dice(7));
        assert_eq!(lost, [Settlement { bet: id(1), outcome: Outcome::Lost }], "{works}");
        for other in others {
            assert_row(&place(table.clone(), named(other)), id(1), OFF);
        }
    }
    let mut come = travelled(Bet::Come, Number::Nine, None);
    come.rules.set("working.come_odds", "true").unwrap();
    come.place(id(2), Bet::Odds { base: 1 }, STAKE).unwrap();
    assert_row(&come, id(2), odds(Number::Nine));
}

#[test]
fn a_put_bet_stands_on_its_number_at_once() {
    for point in Number::ALL {
        for number in Number::ALL {
            let mut table = place(table(Some(point)), Bet::Put(number));
            assert_row(&table, id(1), with_the_number(number));
            table.place(id(2), Bet::Odds { base: 1 }, STAKE).unwrap();
            assert_row(&table, id(2), odds(number));
            if number != point {
                table.roll(dice(point.total()));
                assert_row(&table, id(1), with_the_number(number));
                assert_row(&table, id(2), odds_off(number));
            }
        }
    }
}

#[test]
fn a_hop_wins_on_its_two_faces_in_either_order() {
    for hop in Hop::all() {
        for dice in Dice::all() {
            let payout = if hop.is_hard() { 30 * STAKE } else { 15 * STAKE };
            let expected = if Hop::of(dice) == hop { Outcome::Won { payout } } else { Outcome::Lost };
            let settled = place(table(None), Bet::Hop(hop)).roll(dice);
            assert_eq!(settled, [Settlement { bet: id(1), outcome: expected }], "{hop} on {dice:?}");
        }
    }
}

#[test]
fn the_barred_number_pushes_only_those_against_and_only_on_their_come_out() {
    for (barred, row) in [
        ("2", "P 60 - - - - - L - - - - - L 60"),
        ("3", "60 P - - - - - L - - - - - L 60"),
        ("12", "60 60 - - - - - L - - - - - L P"),
    ] {
        for (point, with, against) in
            [(None, Bet::Pass, Bet::DontPass), (Some(Number::Six), Bet::Come, Bet::DontCome)]
        {
            let mut table = table(point);
            table.rules.set("barred", barred).unwrap();
            assert_row(&place(table.clone(), against), id(1), Row(row));
            assert_row(&place(table, with), id(1), FRESH);
        }
    }
}

#[test]
fn the_point_goes_on_by_a_number_and_off_by_that_number_or_a_seven() {
    for point in points() {
        for dice in Dice::all() {
            let mut table = table(point);
            table.roll(dice);
            let expected = match point {
                None => Number::of_total(dice.total()),
                Some(on) if dice.total() == 7 || dice.total() == on.total() => None,
                Some(on) => Some(on),
            };
            assert_eq!(table.point(), expected, "{dice:?} with {point:?}");
        }
    }
}

#[test]
fn one_seven_settles_old_and_fresh_bets_each_by_its_own_number() {
    let mut table = travelled(Bet::Come, Number::Nine, Some(Number::Four));
    table.place(id(2), Bet::Odds { base: 1 }, STAKE).unwrap();
    table.place(id(3), Bet::Come, STAKE).unwrap();
    table.place(id(4), Bet::DontCome, STAKE).unwrap();
    table.place(id(5), Bet::Place(Number::Nine), STAKE).unwrap();
    let outcomes: Vec<_> = table.roll(dice(7)).iter().map(|s| (s.bet.sequence, s.outcome)).collect();
    assert_eq!(
        outcomes,
        [
            (1, Outcome::Lost),
            (2, Outcome::Lost),
            (3, Outcome::Won { payout: STAKE }),
            (4, Outcome::Lost),
            (5, Outcome::Lost)
        ]
    );
}
