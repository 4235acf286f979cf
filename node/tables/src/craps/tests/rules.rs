//! Which rules can be played, and how they are named.

use super::*;
use proptest::prelude::*;

fn with(settings: &[(&str, &str)]) -> CrapsRules {
    let mut rules = CrapsRules::default();
    for (name, value) in settings {
        rules.set(name, value).unwrap();
    }
    rules
}

fn refused(settings: &[(&str, &str)]) -> String {
    with(settings).check().unwrap_err().to_string()
}

#[test]
fn rules_that_no_stake_satisfies_are_refused() {
    assert_eq!(CrapsRules::default().check(), Ok(()));
    assert_eq!(with(&[("unit", "0")]).check(), Err(RulesError::NoUnit));
    let min = with(&[("limits.bonus.min", "0")]).check();
    assert_eq!(min, Err(RulesError::NoMinimum { kind: "bonus" }));
    let max = with(&[("limits.line.max", "562949953421312")]).check();
    assert_eq!(max, Err(RulesError::MaximumTooLarge { kind: "line" }));
    let none = with(&[("unit", "10"), ("limits.number.min", "11"), ("limits.number.max", "19")]).check();
    assert_eq!(none, Err(RulesError::NoStake { kind: "number", unit: 10, min: 11, max: 19 }));
}

#[test]
fn rules_that_mean_nothing_are_refused() {
    assert_eq!(with(&[("barred", "11")]).check(), Err(RulesError::Barred));
    assert_eq!(with(&[("vig.lay", "10001")]).check(), Err(RulesError::VigTooLarge));
    for pays in ["2:0", "10001:1", "1:10001"] {
        assert!(refused(&[("pays.big", pays)]).starts_with("pays.big: "), "{pays}");
    }
    let short = refused(&[("pays.any_seven", "3:1")]);
    assert_eq!(short, "world: where one part wins, it does not make up for the parts that lose");
}

/// As much as a bet can pay, and too much. The chances of bonus bets are rounded up, so one that is just fair is refused.
#[test]
fn rules_under_which_a_bet_favours_the_player_are_refused() {
    for (setting, fair, too_much) in [
        ("pays.place.six_eight", "6:5", "7:5"),
        ("pays.place_to_lose.four_ten", "1:2", "3:5"),
        ("pays.big", "6:5", "13:10"),
        ("pays.hard_four_ten", "8:1", "9:1"),
        ("pays.hard_six_eight", "10:1", "11:1"),
        ("pays.field_two", "4:1", "5:1"),
        ("pays.any_seven", "5:1", "6:1"),
        ("pays.any_craps", "8:1", "9:1"),
        ("pays.two_twelve", "35:1", "36:1"),
        ("pays.three_eleven", "17:1", "18:1"),
        ("pays.hop_easy", "17:1", "18:1"),
        ("pays.hop_hard", "35:1", "36:1"),
        ("pays.small", "36:1", "37:1"),
        ("pays.tall", "36:1", "37:1"),
        ("pays.all", "189:1", "190:1"),
        ("pays.fire.four", "47:1", "48:1"),
        ("pays.repeater.two_twelve", "47:1", "49:1"),
        ("pays.repeater.six_eight", "112:1", "113:1"),
        ("pays.different_doubles.three", "8:1", "9:1"),
        ("pays.muggsy.after_point", "7:2", "4:1"),
    ] {
        assert_eq!(with(&[(setting, fair)]).check(), Ok(()), "{setting} {fair}");
        assert!(refused(&[(setting, too_much)]).ends_with("the player has the edge"), "{setting} {too_much}");
    }
}

#[test]
fn a_setting_that_is_none_is_refused_with_what_would_be_one() {
    let mut rules = CrapsRules::default();
    let unknown = rules.set("pays.feild", "2:1").unwrap_err().to_string();
    assert!(
        unknown.starts_with("there is no rule `pays.feild`; there are unit, limits.line.min"),
        "{unknown}"
    );
    for (name, value, says) in [
        ("unit", "-1", "`unit` takes an amount, not `-1`"),
        ("pays.big", "2", "`pays.big` takes odds such as 7:6, not `2`"),
        ("barred", "4", "`barred` takes 2, 3, 11 or 12, not `4`"),
        ("working.buy", "yes", "`working.buy` takes true or false, not `yes`"),
        ("odds.four_ten", "256", "`odds.four_ten` takes a multiple up to 255, not `256`"),
    ] {
        assert_eq!(rules.set(name, value).unwrap_err().to_string(), says);
    }
    assert_eq!(rules, CrapsRules::default(), "what fails changes nothing");
}

#[test]
fn no_two_rules_have_a_name_and_no_rule_has_none() {
    let names = CrapsRules::setting_names();
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), names.len());
    // Every byte of the rules is in some setting: any two rules differ in one.
    assert_eq!(borsh::to_vec(&CrapsRules::default()).unwrap().len(), bytes(&names));
}

fn bytes(names: &[&str]) -> usize {
    let size = |name: &&str| match name.split('.').next().unwrap() {
        "unit" | "limits" | "closes_at" => 8,
        "pays" | "turn" => 4,
        "vig" if *name != "vig.up_front" => 2,
        _ => 1,
    };
    names.iter().map(size).sum()
}

proptest! {
    #[test]
    fn settings_read_back_as_the_rules(bytes in prop::collection::vec(any::<u8>(), 400)) {
        let mut rules = CrapsRules::default();
        let mut bytes = bytes.into_iter();
        for (name, value) in CrapsRules::default().settings() {
            let number = bytes.next().unwrap();
            let value = match value.as_str() {
                "true" | "false" => (number % 2 == 0).to_string(),
                _ if name == "barred" => Horn::ALL[usize::from(number) % 4].total().to_string(),
                _ if value.contains(':') => format!("{number}:{}", bytes.next().unwrap()),
                _ => number.to_string(),
            };
            rules.set(name, &value).unwrap();
        }
        let mut read = CrapsRules::default();
        for (name, value) in rules.settings() {
            read.set(name, &value).unwrap();
        }
        prop_assert_eq!(read, rules);
    }
}
