//! What players and validators do to cheat the casino, through whole networks: each fault lands, is refused for its own
//! reasons, and nothing is gained.

use super::{Depth, Outcome, examine};
use crate::scenario::{self, World};
use bitcraps_reports::{FaultSpan, PropertyResult, Verdict};

const SECOND: u64 = 1_000_000_000;

fn run_under(engine: &str, work: &str, seconds: u64, faults: &[&str]) -> Outcome {
    let faults: String = faults.iter().map(|fault| format!("  - {fault}\n")).collect();
    let text = format!(
        "version: 1\nname: cheats\nclaim: nothing is gained\nduration: {seconds} s\nvalidators: {{ count: 4 }}\n\
         consensus: {{ engine: {engine}, interval: 100 ms }}\nlinks: {{ default: {{ latency: 5 ms }} }}\n\
         workload: {{ {work} }}\nfaults:\n{faults}"
    );
    let parsed = scenario::parse("(test)", &text);
    let parsed = parsed.unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
    examine(&parsed.scenario, World::Lab, 1, Depth::Once, "").outcome
}

fn run(work: &str, seconds: u64, faults: &[&str]) -> Outcome {
    run_under("tendermint", work, seconds, faults)
}

const WORK: &str = "tables: 2, players: 8, bets: 20/s";

fn spans<'a>(outcome: &'a Outcome, id: &str) -> Vec<&'a FaultSpan> {
    let again = format!("{id} #");
    let all = outcome.record.faults.iter();
    all.filter(|span| span.id == id || span.id.starts_with(&again)).collect()
}

fn touched(outcome: &Outcome, id: &str) -> u64 {
    spans(outcome, id).iter().map(|span| span.touched).sum()
}

fn property<'a>(outcome: &'a Outcome, name: &str) -> &'a PropertyResult {
    outcome.record.properties.iter().find(|property| property.name == name).unwrap()
}

#[track_caller]
fn assert_passes(outcome: &Outcome, what: &str) {
    let wrong = outcome.record.properties.iter().filter(|property| property.holds != Some(true));
    assert_eq!(outcome.record.verdict, Verdict::Pass, "{what}: {:?}", wrong.collect::<Vec<_>>());
}

/// Each cheat of players, and a reason for which something of it must be refused in a block.
const BY_PLAYERS: [(&str, &str); 4] = [
    ("invalid_bet: { rate: 20/s }", "the stake is below the minimum of …"),
    ("double_spend: { rate: 10/s }", "only … available"),
    ("treasury_overdraw: { rate: 10/s }", "the bank can't cover the bet"),
    ("replayed_bet: { rate: 10/s }", ""),
];

#[test]
fn whatever_players_try_is_refused_under_every_engine_and_nobody_is_worse_off() {
    for engine in ["pbft", "tendermint", "hotstuff"] {
        for (cheat, reason) in BY_PLAYERS {
            let work = format!("{WORK}, bank: 100000, buy_in: 20000");
            let fault = format!("{{ id: a, at: 1 s, for: 6 s, inject: {{ {cheat} }} }}");
            let outcome = run_under(engine, &work, 10, &[&fault]);
            assert_passes(&outcome, &format!("{engine}, {cheat}"));
            assert!(touched(&outcome, "a") > 30, "{engine}, {cheat}: {}", touched(&outcome, "a"));
            let detail = &property(&outcome, "exactly_once").detail;
            assert!(detail.contains(reason), "{engine}, {cheat}: {detail}");
        }
    }
}

#[test]
fn every_kind_of_invalid_bet_meets_its_own_reason() {
    let outcome = run(WORK, 14, &["{ id: a, at: 1 s, for: 10 s, inject: { invalid_bet: { rate: 40/s } } }"]);
    let detail = &property(&outcome, "exactly_once").detail;
    for reason in [
        "the stake is below the minimum of …",
        "the stake is above the maximum of …",
        "there is no such table",
        "only … available",
        "no such bet is up",
        "the bet is another's",
        "the amount is",
        "both sides are one account",
        "the key has no stake",
    ] {
        assert!(detail.contains(reason), "{reason} is not in: {detail}");
    }
    // The forged ones never come into a block.
    let forged = outcome.record.notes.iter().find(|note| note.ends_with("its signature is wrong"));
    assert!(forged.is_some(), "{:?}", outcome.record.notes);
}

#[test]
fn whatever_a_proposer_puts_into_its_blocks_is_refused_and_replays_are_done_once() {
    for engine in ["pbft", "tendermint", "hotstuff"] {
        for (cheat, reason) in [
            ("invalid_bet: { by: proposer }", "the bet is another's"),
            ("replayed_bet: { by: proposer }", "the sequence number was used"),
            ("treasury_overdraw: { by: proposer }", "more than the validator's power requires"),
            ("biased_randomness: {}", ""),
            ("withheld_randomness: {}", ""),
        ] {
            // PBFT's primary of view 0.
            let fault = format!("{{ id: a, at: 1 s, for: 6 s, on: 0, inject: {{ {cheat} }} }}");
            let outcome = run_under(engine, WORK, 10, &[&fault]);
            assert_passes(&outcome, &format!("{engine}, {cheat}"));
            assert!(touched(&outcome, "a") > 0, "{engine}, {cheat}");
            let detail = &property(&outcome, "exactly_once").detail;
            assert!(detail.contains(reason), "{engine}, {cheat}: {detail}");
        }
    }
}

#[test]
fn a_false_payout_is_decided_by_nobody_under_any_engine() {
    for engine in ["pbft", "tendermint", "hotstuff"] {
        let fault = "{ id: a, at: 1 s, for: 6 s, on: 0, inject: false_payout }";
        let outcome = run_under(engine, WORK, 12, &[fault]);
        assert_passes(&outcome, engine);
        assert!(touched(&outcome, "a") > 0, "{engine}");
        let failed = outcome.record.node_events.iter().filter(|event| event.kind == "round");
        assert!(failed.count() > 0, "{engine}: its blocks were refused");
    }
}

#[test]
fn a_stalled_shooter_acts_no_more_until_the_fault_ends_and_its_table_rolls_on() {
    let work = "tables: 1, players: 6, bets: 60/s, strategies: { line_odds: 100 % }";
    let outcome = run(work, 20, &["{ id: a, at: 5 s, for: 10 s, inject: stalled_turn }"]);
    assert_passes(&outcome, "stalled");
    let kept_back = touched(&outcome, "a");
    assert!((60..150).contains(&kept_back), "a sixth of 600 turns: {kept_back}");
    let rolls: u64 = property(&outcome, "tables_roll").detail.split(' ').next().unwrap().parse().unwrap();
    let blocks = outcome.height;
    assert!(rolls * 10 > blocks * 8, "{rolls} rolls in {blocks} blocks");
}

#[test]
fn cheats_take_every_trigger_and_end_and_strike_the_players_of_their_nodes() {
    let rate = "inject: { invalid_bet: { rate: 50/s } }";
    let outcome = run(
        WORK,
        10,
        &[
            &format!("{{ id: every, every: 2 s, for: 500 ms, {rate} }}"),
            &format!("{{ id: height, when: {{ height: 20 }}, until: {{ height: 30 }}, on: 2, {rate} }}"),
            &format!("{{ id: after, after: height, for: 1 s, on: [0, 1], {rate} }}"),
            &format!("{{ id: random, random: {{ rate: 1/s }}, for: 300 ms, on: random, {rate} }}"),
            &format!("{{ id: some, at: 1 s, times: 17, {rate} }}"),
        ],
    );
    assert_passes(&outcome, "triggers");
    assert_eq!(spans(&outcome, "every").len(), 4);
    for id in ["every", "height", "after", "random"] {
        assert!(touched(&outcome, id) > 5, "{id}: {}", touched(&outcome, id));
    }
    assert!((17..=18).contains(&touched(&outcome, "some")), "{}", touched(&outcome, "some"));
    let some = spans(&outcome, "some");
    assert!(some[0].end_ns < 3 * SECOND, "it ended when so many were handed in");
}

#[test]
fn without_players_nothing_lands() {
    let outcome = run("tables: 1, players: 0, bets: 0/s", 4, &["{ id: a, at: 1 s, inject: double_spend }"]);
    assert_eq!(outcome.record.verdict, Verdict::Inconclusive, "{:?}", outcome.record.properties);
}
