//! Agreement, validity and liveness on whole networks.

use super::*;
use crate::tests::SECOND;
use crate::tests::net::Faults;
use bitcraps_types::Height;
use proptest::prelude::*;
use std::collections::BTreeSet;

type Net = crate::tests::net::Net<HotStuff>;

#[test]
fn without_faults_every_height_is_decided_in_its_first_two_rounds() {
    for powers in [&[1][..], &[1; 2], &[1; 4], &[1; 7], &[5, 1, 3, 1]] {
        let mut net = Net::new(1, powers, Faults::none());
        assert!(net.run(20, 20 * SECOND), "{powers:?}");
        assert_eq!((net.highest_round, net.disagreements), (1, 0));
        assert!(net.accused.is_empty());
        let rounds = net.correct().flat_map(|node| node.blocks.values()).map(|(_, proof)| proof.round);
        assert_eq!(rounds.collect::<BTreeSet<_>>(), BTreeSet::from([1]));
    }
}

/// Two proposals, two votes from each, one certificate: 5(n − 1). The rest is the next height's beginning.
#[test]
fn without_faults_a_decision_takes_messages_in_proportion_to_the_validators() {
    for n in [4usize, 10, 31, 64] {
        let mut net = Net::new(1, &vec![1; n], Faults::none());
        assert!(net.run(10, 60 * SECOND));
        let per_height = net.sent / 10;
        assert!(per_height <= 6 * n, "{per_height} messages among {n}");
    }
}

#[test]
fn a_silent_validator_costs_its_rounds_and_nothing_else() {
    for n in [4usize, 7] {
        let silent: Vec<usize> = (n - (n - 1) / 3..n).collect();
        let faults = Faults { silent, ..Faults::none() };
        let mut net = Net::new(5, &vec![1; n], faults);
        assert!(net.run(20, 60 * SECOND), "{n}");
        assert!(net.accused.is_empty());
    }
}

#[test]
fn those_who_only_follow_decide_too() {
    let faults = Faults { gst: 3 * SECOND, loss: 0.1, followers: 2, ..Faults::none() };
    let mut net = Net::new(6, &[1; 4], faults);
    assert!(net.run(10, 60 * SECOND));
    assert_eq!(net.correct().count(), 6);
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

#[test]
fn the_side_with_a_quorum_goes_on_and_the_others_catch_up() {
    let faults = Faults { gst: 8 * SECOND, groups: vec![0, 0, 0, 0, 0, 1, 1], ..Faults::none() };
    let mut net = Net::new(3, &[1; 7], faults);
    net.run_until(8 * SECOND);
    let reached: Vec<usize> = net.correct().map(|node| node.blocks.len()).collect();
    assert!(reached[..5].iter().all(|blocks| *blocks > 0) && reached[5..] == [0, 0], "{reached:?}");
    let target = 20 + *reached.iter().max().unwrap() as Height;
    assert!(net.run(target, 60 * SECOND));
}

#[test]
fn with_f_byzantine_validators_there_is_no_fork_and_evidence_names_them_alone() {
    let mut offenders = BTreeSet::new();
    for seed in 0..10 {
        let groups = vec![0, 0, 0, 1, 1, 0, 0];
        let faults = Faults { gst: 2 * SECOND, byzantine: vec![5, 6], groups, ..Faults::none() };
        let mut net = Net::new(seed, &[1; 7], faults);
        assert!(net.run(8, 90 * SECOND), "seed {seed}");
        net.run_until(8 * SECOND);
        assert_eq!(net.disagreements, 0);
        offenders.extend(net.accused.iter().map(|(offender, _)| *offender));
    }
    assert_eq!(offenders.into_iter().collect::<Vec<_>>(), [v(5), v(6)]);
}

/// Validators 1 and 2 lead first. With both in one hand, each of the others has a quorum with them.
#[test]
fn with_more_than_f_byzantine_validators_a_fork_is_possible_and_names_its_culprits() {
    let attack = |byzantine| {
        let faults = Faults { gst: 2 * SECOND, byzantine, groups: vec![0, 0, 1, 1], ..Faults::none() };
        let mut net = Net::new(4, &[1; 4], faults);
        net.run_until(8 * SECOND);
        net
    };
    assert_eq!(attack(vec![1]).disagreements, 0);
    let net = attack(vec![1, 2]);
    assert!(net.disagreements > 0);
    let offenders: BTreeSet<_> = net.accused.iter().map(|(offender, _)| *offender).collect();
    assert_eq!(offenders.into_iter().collect::<Vec<_>>(), [v(1), v(2)]);
}

/// Each run crashes validators some forty times, between any two writes.
#[test]
fn a_validator_that_crashes_signs_nothing_that_contradicts_what_it_sent() {
    for seed in 0..12 {
        let faults = Faults { gst: 8 * SECOND, loss: 0.1, crashes: 40, picky: true, ..Faults::none() };
        let mut net = Net::new(seed, &[1; 4], faults);
        net.run_until(8 * SECOND);
        let reached = net.correct().map(|node| node.blocks.len() as Height).max().unwrap();
        assert!(net.run(reached + 5, 60 * SECOND), "seed {seed}");
        assert_eq!(net.disagreements, 0);
    }
}

fn faults() -> impl Strategy<Value = (u64, usize, Faults)> {
    (any::<u64>(), 4usize..8, 0.0..0.4f64, 0.0..0.3f64, 0usize..8, any::<bool>()).prop_map(
        |(seed, n, loss, repeat, crashes, picky)| {
            let faults = Faults { gst: 6 * SECOND, loss, repeat, crashes, picky, ..Faults::none() };
            (seed, n, faults)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// That nobody signs two things that contradict each other is checked at each signature, see
    /// [`crate::tests::net`].
    #[test]
    fn loss_reordering_and_crashes_break_neither_agreement_nor_a_promise_and_after_gst_all_decide(
        (seed, n, faults) in faults(),
    ) {
        let gst = faults.gst;
        let mut net = Net::new(seed, &vec![1; n], faults);
        net.run_until(gst);
        let reached = net.correct().map(|node| node.blocks.len() as Height).max().unwrap();
        prop_assert!(net.run(reached + 5, gst + 40 * SECOND), "reached {reached}");
        prop_assert_eq!(net.disagreements, 0);
        prop_assert!(net.accused.is_empty(), "{:?}", net.evidence);
        for node in net.correct() {
            for (i, height) in node.blocks.keys().enumerate() {
                prop_assert_eq!(*height, i as Height + 1);
            }
        }
    }

    #[test]
    fn f_liars_and_crashes_and_loss_together_break_neither(
        (seed, n, faults) in faults(),
    ) {
        let gst = faults.gst;
        let byzantine: Vec<usize> = (n - (n - 1) / 3..n).collect();
        let mut net = Net::new(seed, &vec![1; n], Faults { byzantine: byzantine.clone(), crashes: faults.crashes.min(3), ..faults });
        net.run_until(gst);
        let reached = net.correct().map(|node| node.blocks.len() as Height).max().unwrap();
        prop_assert!(net.run(reached + 4, gst + 90 * SECOND), "reached {reached}");
        prop_assert_eq!(net.disagreements, 0);
        for (offender, _) in &net.accused {
            prop_assert!(byzantine.contains(&offender.index()));
        }
    }

    /// Powers of which no third is in one hand, so that the thresholds are not counts of heads.
    #[test]
    fn power_counts_on_the_network_too(seed in any::<u64>(), powers in prop::collection::vec(1u64..5, 4..8)) {
        let total: u64 = powers.iter().sum();
        let heaviest = (0..powers.len()).max_by_key(|&i| powers[i]).unwrap();
        let byzantine = if 3 * powers[heaviest] < total { vec![heaviest] } else { Vec::new() };
        let mut net = Net::new(seed, &powers, Faults { gst: 3 * SECOND, loss: 0.1, byzantine, ..Faults::none() });
        prop_assert!(net.run(6, 90 * SECOND));
        prop_assert_eq!(net.disagreements, 0);
    }
}
