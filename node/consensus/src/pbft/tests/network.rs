//! Agreement, validity and liveness on whole networks.

use super::net::{Faults, Net};
use super::*;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn without_faults_the_first_primary_stays_and_every_height_is_decided_in_its_view() {
    for powers in [&[1][..], &[1; 2], &[1; 4], &[1; 7], &[5, 1, 3, 1]] {
        let mut net = Net::new(1, powers, Faults::none());
        assert!(net.run(40, 20 * SECOND), "{powers:?}");
        assert_eq!((net.highest_view, net.disagreements), (0, 0));
        assert!(net.evidence.is_empty());
        assert!(net.transitions.contains("PBFT §4.3 stable checkpoint"));
    }
}

#[test]
fn a_dead_primary_is_replaced_once_for_all_heights() {
    let faults = Faults { dead: vec![0], ..Faults::none() };
    let mut net = Net::new(1, &[1; 4], faults);
    assert!(net.run(20, 20 * SECOND));
    assert_eq!(net.highest_view, 1);
}

#[test]
fn two_dead_primaries_in_a_row_are_replaced_once_for_all_heights() {
    let faults = Faults { dead: vec![0, 1], ..Faults::none() };
    let mut net = Net::new(1, &[1; 7], faults);
    assert!(net.run(20, 20 * SECOND));
    assert_eq!(net.highest_view, 2);
}

#[test]
fn a_split_network_decides_nothing_and_all_of_it_after_it_heals() {
    let faults = Faults { gst: 5 * SECOND, groups: vec![0, 0, 1, 1], ..Faults::none() };
    let mut net = Net::new(2, &[1; 4], faults);
    net.run_until(5 * SECOND);
    assert!(net.correct().all(|node| node.blocks.is_empty()));
    assert!(net.run(3, 15 * SECOND));
    assert_eq!(net.disagreements, 0);
}

/// The two who are apart ask for one view change and no more: without a quorum they wait.
#[test]
fn the_side_with_a_quorum_goes_on_and_the_others_wait_and_catch_up() {
    let faults = Faults { gst: 5 * SECOND, groups: vec![0, 0, 0, 0, 0, 1, 1], ..Faults::none() };
    let mut net = Net::new(3, &[1; 7], faults);
    net.run_until(5 * SECOND);
    let reached: Vec<usize> = net.correct().map(|node| node.blocks.len()).collect();
    assert!(net.nodes[5..].iter().all(|node| node.engine.round() <= 1));
    assert!(reached[..5].iter().all(|blocks| *blocks > 0) && reached[5..] == [0, 0], "{reached:?}");
    let target = 20 + *reached.iter().max().unwrap() as Height;
    assert!(net.run(target, 60 * SECOND));
}

#[test]
fn with_f_byzantine_validators_there_is_no_fork_and_evidence_names_them_alone() {
    for seed in 0..10 {
        let groups = vec![0, 0, 0, 1, 1, 0, 0];
        let faults = Faults { gst: 2 * SECOND, byzantine: vec![0, 1], groups, ..Faults::none() };
        let mut net = Net::new(seed, &[1; 7], faults);
        assert!(net.run(8, 90 * SECOND), "seed {seed}");
        assert_eq!(net.disagreements, 0);
        assert!(net.offenders().iter().all(|offender| *offender <= 1));
    }
}

#[test]
fn with_more_than_f_byzantine_validators_a_fork_is_possible_and_names_its_culprits() {
    let attack = |byzantine| {
        let faults = Faults { gst: 2 * SECOND, byzantine, groups: vec![0, 1, 0, 1], ..Faults::none() };
        let mut net = Net::new(4, &[1; 4], faults);
        net.run_until(8 * SECOND);
        net
    };
    assert_eq!(attack(vec![0]).disagreements, 0);
    let net = attack(vec![0, 1]);
    assert!(net.disagreements > 0);
    assert_eq!(net.offenders().into_iter().collect::<Vec<_>>(), [0, 1]);
}

/// The others can go on without it, and must decide the same: the paper's §4.4 in one picture.
#[test]
fn whoever_decides_first_and_is_cut_off_is_not_contradicted() {
    let mut decided = 0;
    for seed in 0..300 {
        let byzantine = vec![seed as usize % 4];
        let (slow, gst) = (Duration::from_millis(20), 5 * SECOND);
        let faults = Faults { gst, slow, loss: 0.2, cuts: true, hasty: 0.2, byzantine, ..Faults::none() };
        let mut net = Net::new(seed, &[1; 4], faults);
        net.run_until(gst);
        decided += net.correct().filter(|node| node.blocks.contains_key(&1)).count();
        assert_eq!(net.disagreements, 0, "seed {seed}");
    }
    assert!(decided > 600, "two of three in most runs: {decided}");
}

/// Validator 0 alone has the block of a height that the others must decide again, and what it sent them was lost.
#[test]
fn one_who_is_ahead_alone_helps_until_the_others_follow() {
    let slow = Duration::from_millis(20);
    let (loss, repeat) = (0.178_340_969_668_918_58, 0.130_601_817_372_763_36);
    let byzantine = vec![1];
    let faults =
        Faults { gst: 6 * SECOND, slow, loss, repeat, crashes: 3, byzantine, cuts: true, ..Faults::none() };
    let mut net = Net::new(4659446287295305958, &[1; 4], faults);
    assert!(net.run(9, 36 * SECOND));
}

/// Each run crashes validators some forty times, between any two writes.
#[test]
fn a_validator_that_crashes_signs_nothing_that_contradicts_what_it_sent() {
    for seed in 0..12 {
        let faults = Faults { gst: 8 * SECOND, loss: 0.1, crashes: 40, picky: true, ..Faults::none() };
        let mut net = Net::new(seed, &[1; 4], faults);
        net.run_until(8 * SECOND);
        let reached = net.reached();
        assert!(net.run(reached + 5, 40 * SECOND), "seed {seed}");
        assert_eq!(net.disagreements, 0);
    }
}

fn faults() -> impl Strategy<Value = (u64, usize, Faults)> {
    let slow = prop_oneof![Just(20), Just(120), Just(400)].prop_map(Duration::from_millis);
    let hasty = prop_oneof![Just(0.0), 0.0..0.7f64];
    let chances = (0.0..0.4f64, hasty, 0.0..0.3f64);
    (any::<u64>(), 4usize..8, chances, 0usize..8, any::<bool>(), slow).prop_map(
        |(seed, n, (loss, hasty, repeat), crashes, picky, slow)| {
            let gst = 6 * SECOND;
            let faults = Faults { gst, slow, loss, hasty, repeat, crashes, picky, ..Faults::none() };
            (seed, n, faults)
        },
    )
}

/// As many in a row, from this one on, as together have less than a third of the power.
fn less_than_a_third(powers: &[u64], first: usize) -> Vec<usize> {
    let (n, total) = (powers.len(), powers.iter().sum::<u64>());
    let mut power = 0;
    let few = (first..first + n).map(|i| i % n).take_while(|i| {
        power += powers[*i];
        3 * power < total
    });
    few.collect()
}

/// Where timers rang too early, the height went through many views, so its timeouts are long.
fn time_to_decide(faults: &Faults) -> Duration {
    if faults.hasty == 0.0 { 30 * SECOND } else { 5 * Config::MAX_TIMEOUT }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// That nobody signs two things that conflict is checked at each signature, see [`super::net`].
    #[test]
    fn loss_reordering_and_crashes_break_neither_agreement_nor_a_promise_and_after_gst_all_decide(
        (seed, n, faults) in faults(),
    ) {
        let (gst, limit) = (faults.gst, time_to_decide(&faults));
        let mut net = Net::new(seed, &vec![1; n], faults);
        net.run_until(gst);
        let reached = net.reached();
        prop_assert!(net.run(reached + 5, gst + limit), "reached {reached}");
        prop_assert_eq!(net.disagreements, 0);
        prop_assert!(net.evidence.is_empty(), "{:?}", net.evidence);
        for node in net.correct() {
            for (i, height) in node.blocks.keys().enumerate() {
                prop_assert_eq!(*height, i as Height + 1);
            }
        }
    }

    /// Who is Byzantine is anywhere, in a partition or not; the powers are equal or not.
    #[test]
    fn f_liars_and_crashes_and_loss_together_break_neither(
        (seed, n, faults) in faults(),
        first in 0usize..7,
        split in any::<bool>(),
        cuts in any::<bool>(),
        powers in prop_oneof![Just(vec![1; 7]), prop::collection::vec(1u64..5, 7)],
    ) {
        let (gst, limit) = (faults.gst, time_to_decide(&faults));
        let powers = &powers[..n];
        let byzantine = less_than_a_third(powers, first);
        let groups = if split { (0..n).map(|i| i % 2).collect() } else { Vec::new() };
        let faults = Faults { byzantine: byzantine.clone(), groups, cuts, crashes: faults.crashes.min(3), ..faults };
        let mut net = Net::new(seed, powers, faults);
        net.run_until(gst);
        let reached = net.reached();
        prop_assert!(net.run(reached + 4, gst + limit), "reached {reached}");
        prop_assert_eq!(net.disagreements, 0);
        prop_assert!(net.offenders().iter().all(|offender| byzantine.contains(offender)));
    }
}
