//! The space of twins' cases.

use super::symmetry::{partitions, rename, renamings};
use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// A case as plain numbers: who has twins, and by round and replica the group.
type Raw = (Vec<u16>, Vec<Vec<u8>>);

fn raw(schedule: &Schedule) -> Raw {
    let names = schedule.replicas();
    let groups = |plan: &RoundPlan| -> Vec<u8> {
        let group = |name: &Name| plan.partition.0.iter().position(|group| group.contains(name)).unwrap_or(0);
        let groups: Vec<u8> = names.iter().map(|name| group(name) as u8).collect();
        rename(&groups, &(0..names.len()).collect::<Vec<_>>())
    };
    (schedule.twins.clone(), schedule.rounds.iter().map(groups).collect())
}

/// Every case that can be written down, with everything that it is equivalent to, found by trying all permutations of
/// the validators: nothing of the code that is tested.
fn orbit(led: &[Vec<usize>], case: &Raw) -> BTreeSet<Raw> {
    let (twins, rounds) = case;
    let n = led.len();
    let mut found = BTreeSet::new();
    for permutation in permutations(n) {
        if (0..n).any(|v| led[v] != led[permutation[v]]) {
            continue;
        }
        let mut renamed: Vec<u16> = twins.iter().map(|twin| permutation[usize::from(*twin)] as u16).collect();
        renamed.sort_unstable();
        for swaps in 0..1u32 << twins.len() {
            let mut to: Vec<usize> = permutation.clone();
            for (i, twin) in twins.iter().enumerate() {
                let other = permutation[usize::from(*twin)];
                let second = n + renamed.iter().position(|t| usize::from(*t) == other).unwrap();
                to.push(second);
                if swaps >> i & 1 == 1 {
                    to.swap(usize::from(*twin), n + i);
                }
            }
            let rounds = rounds.iter().map(|round| rename(round, &to)).collect();
            found.insert((renamed.clone(), rounds));
        }
    }
    found
}

fn permutations(n: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..n {
        let longer = |done: Vec<usize>| {
            let free: Vec<usize> = (0..n).filter(|i| !done.contains(i)).collect();
            free.into_iter().map(move |i| [&done[..], &[i]].concat())
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    all
}

#[test]
fn each_raw_case_is_equivalent_to_exactly_one_case_of_the_space() {
    for (validators, twins, rounds, groups) in [(4, 1, 2, 2), (5, 1, 2, 2), (5, 2, 1, 3), (6, 1, 1, 3)] {
        let params =
            Params { validators, twins, rounds, groups, ..Params::small(Protocol::Tendermint, rounds) };
        let space = Space::new(params.clone());
        let led = led(&params);
        let cases: Vec<Raw> = space.all().map(|schedule| raw(&schedule)).collect();
        assert_eq!(cases.len() as u128, space.count());
        let mut owner: BTreeMap<Raw, usize> = BTreeMap::new();
        for (i, case) in cases.iter().enumerate() {
            for equivalent in orbit(&led, case) {
                let before = owner.insert(equivalent, i);
                assert!(before.is_none(), "{case:?} is equivalent to another case of the space");
            }
        }
        let n = usize::from(validators);
        let subsets = (0..1u32 << n).filter(|set| set.count_ones() == u32::from(twins)).count();
        let each = partitions(n + usize::from(twins), groups).len();
        assert_eq!(owner.len(), subsets * each.pow(rounds as u32), "every raw case is equivalent to one");
    }
}

/// Burnside's lemma: the mean number of sequences that a renaming leaves as they are.
#[test]
fn the_count_is_what_burnside_says() {
    let params = Params { validators: 7, twins: 2, ..Params::small(Protocol::HotStuff, 3) };
    let led = led(&params);
    let mut expected = 0;
    for twins in choices(&led, 2) {
        let group = renamings(&led, &twins);
        let all = partitions(9, 2);
        let fixed = |renaming: &Vec<usize>| {
            (all.iter().filter(|partition| rename(partition, renaming) == **partition).count() as u128).pow(3)
        };
        let sum: u128 = group.iter().map(fixed).sum();
        assert_eq!(sum % group.len() as u128, 0);
        expected += sum / group.len() as u128;
    }
    assert_eq!(Space::new(params).count(), expected);
}

#[test]
fn a_sample_repeats_no_case_and_is_the_whole_space_in_the_end() {
    let space = Space::new(Params::small(Protocol::Pbft, 2));
    let all: BTreeSet<Raw> = space.all().map(|schedule| raw(&schedule)).collect();
    let sampled: Vec<Raw> = space.sample(7).map(|schedule| raw(&schedule)).collect();
    assert_eq!(sampled.len() as u128, space.count());
    assert_eq!(sampled.iter().cloned().collect::<BTreeSet<_>>(), all);
    let other: Vec<Raw> = space.sample(8).take(20).map(|schedule| raw(&schedule)).collect();
    assert_ne!(sampled[..20], other);
}
