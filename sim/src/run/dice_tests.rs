//! Whole networks whose validators keep their part of the dice to themselves, or whose dice have a flaw.

use super::{Depth, Outcome, examine};
use crate::scenario::{self, World};
use bitcraps_reports::{PropertyResult, Verdict};

const SECOND: u64 = 1_000_000_000;

fn run(text: &str) -> Outcome {
    let parsed = scenario::parse("(test)", text);
    let parsed = parsed.unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
    examine(&parsed.scenario, World::Lab, 1, Depth::Once, "").outcome
}

fn file(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn blocks_between(outcome: &Outcome, from: u64, to: u64) -> usize {
    let within = |at: u64| (from * SECOND..to * SECOND).contains(&at);
    outcome.record.commits.iter().filter(|commit| within(commit.at_ns)).count()
}

fn fairness(outcome: &Outcome) -> &PropertyResult {
    outcome.record.properties.iter().find(|property| property.name.starts_with("fair_dice")).unwrap()
}

#[test]
fn no_block_follows_one_that_must_roll_while_more_than_a_third_of_the_parts_are_missing() {
    let outcome = run(&file("no-dice.yaml"));
    assert_eq!(outcome.record.verdict, Verdict::Pass, "{:?}", outcome.record.properties);
    assert!(blocks_between(&outcome, 5, 10) > 20, "two who withhold stop nobody");
    assert_eq!(blocks_between(&outcome, 12, 25), 0);
    assert!(blocks_between(&outcome, 30, 40) > 20, "and do not when the third is back");
}

/// The same network and seed: only the flaw differs.
#[test]
fn loaded_dice_raise_the_alarm_and_fair_ones_do_not() {
    let loaded = file("loaded-dice.yaml");
    let outcome = run(&loaded);
    assert_eq!(outcome.record.verdict, Verdict::Pass);
    assert_eq!(fairness(&outcome).name, "fair_dice is violated");
    let fair =
        loaded.replace("dice: bits-modulo-six\n", "").replace("expect: { violation: fair_dice }\n", "");
    let outcome = run(&fair);
    assert_eq!(outcome.record.verdict, Verdict::Pass, "{:?}", outcome.record.properties);
    let rolls: u64 = fairness(&outcome).detail.split(' ').next().unwrap().parse().unwrap();
    assert!(rolls > 500, "{}", fairness(&outcome).detail);
}
