//! Sequences of partitions, one of each class under a group of renamings.
//!
//! The first partition of a sequence is the smallest of its orbit under the group; the second, of its orbit under
//! those renamings that leave the first as it is; and so on. So each class has exactly one such sequence. Few
//! different subgroups turn up, so the sequences are the paths of a small graph, and counting and finding the n-th are
//! walks in it.

use std::collections::BTreeMap;

/// The sequences of one length.
#[derive(Clone, Debug)]
pub(super) struct Symmetry {
    /// By number: by replica, its group. Groups are numbered in the order of their first member.
    partitions: Vec<Vec<u8>>,
    subgroups: Vec<Subgroup>,
    rounds: usize,
}

/// What may still be renamed after the partitions so far.
#[derive(Clone, Debug)]
struct Subgroup {
    /// The smallest partition of each orbit, and the subgroup that leaves it as it is.
    next: Vec<(usize, usize)>,
    /// By length: how many sequences begin here.
    counts: Vec<u128>,
}

impl Symmetry {
    /// `led`: by validator the rounds that it leads. Replicas are the validators, then the twins' seconds.
    pub(super) fn new(led: &[Vec<usize>], twins: &[u16], groups: usize, rounds: usize) -> Symmetry {
        let partitions = partitions(led.len() + twins.len(), groups);
        let number: BTreeMap<&[u8], usize> =
            partitions.iter().enumerate().map(|(i, partition)| (&partition[..], i)).collect();
        // By renaming: what it makes of each partition.
        let actions: Vec<Vec<usize>> = renamings(led, twins)
            .iter()
            .map(|renaming| partitions.iter().map(|p| number[&rename(p, renaming)[..]]).collect())
            .collect();
        let mut symmetry = Symmetry { partitions: partitions.clone(), subgroups: Vec::new(), rounds };
        symmetry.explore(&actions);
        symmetry.tally();
        symmetry
    }

    pub(super) fn count(&self) -> u128 {
        self.subgroups[0].counts[self.rounds]
    }

    /// The n-th sequence.
    pub(super) fn nth(&self, mut number: u128) -> Vec<&[u8]> {
        let mut at = 0;
        let mut sequence = Vec::with_capacity(self.rounds);
        for left in (0..self.rounds).rev() {
            for &(partition, next) in &self.subgroups[at].next {
                let count = self.subgroups[next].counts[left];
                if number < count {
                    sequence.push(&self.partitions[partition][..]);
                    at = next;
                    break;
                }
                number -= count;
            }
        }
        sequence
    }

    /// Finds the subgroups that sequences lead to, each as the list of its renamings.
    fn explore(&mut self, actions: &[Vec<usize>]) {
        let all: Vec<usize> = (0..actions.len()).collect();
        let mut found = BTreeMap::from([(all.clone(), 0)]);
        let mut queue = vec![all];
        while self.subgroups.len() < queue.len() {
            let group = queue[self.subgroups.len()].clone();
            let smallest = |p: &usize| group.iter().all(|&renaming| actions[renaming][*p] >= *p);
            let next = (0..self.partitions.len()).filter(smallest).map(|p| {
                let kept: Vec<usize> =
                    group.iter().copied().filter(|&renaming| actions[renaming][p] == p).collect();
                let number = *found.entry(kept.clone()).or_insert_with(|| {
                    queue.push(kept);
                    queue.len() - 1
                });
                (p, number)
            });
            let next = next.collect();
            self.subgroups.push(Subgroup { next, counts: Vec::new() });
        }
    }

    fn tally(&mut self) {
        for length in 0..=self.rounds {
            let count = |subgroup: &Subgroup| match length {
                0 => 1,
                _ => subgroup
                    .next
                    .iter()
                    .map(|(_, next)| self.subgroups[*next].counts[length - 1])
                    .fold(0, u128::saturating_add),
            };
            let counts: Vec<u128> = self.subgroups.iter().map(count).collect();
            self.subgroups.iter_mut().zip(counts).for_each(|(subgroup, count)| subgroup.counts.push(count));
        }
    }
}

/// All partitions of `members` into at most `groups` groups.
pub(super) fn partitions(members: usize, groups: usize) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    for _ in 0..members {
        let longer = |partition: Vec<u8>| {
            let used = partition.iter().max().map_or(0, |last| usize::from(*last) + 1);
            (0..=used.min(groups - 1)).map(move |group| [&partition[..], &[group as u8]].concat())
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    all
}

/// All renamings of replicas: validators that lead the same and have as many twins, and the twins of each pair.
pub(super) fn renamings(led: &[Vec<usize>], twins: &[u16]) -> Vec<Vec<usize>> {
    let second = |validator: usize| {
        twins.iter().position(|twin| usize::from(*twin) == validator).map(|i| led.len() + i)
    };
    let alike = |a: usize, b: usize| led[a] == led[b] && second(a).is_some() == second(b).is_some();
    // By validator so far: who it becomes, and whether its twins swap.
    let mut all: Vec<Vec<(usize, bool)>> = vec![Vec::new()];
    for validator in 0..led.len() {
        let longer = |renamed: Vec<(usize, bool)>| {
            let free =
                |other: &usize| alike(validator, *other) && renamed.iter().all(|(taken, _)| taken != other);
            let others: Vec<usize> = (0..led.len()).filter(free).collect();
            others.into_iter().flat_map(move |other| {
                let swaps: &[bool] = if second(validator).is_some() { &[false, true] } else { &[false] };
                let renamed = renamed.clone();
                swaps.iter().map(move |swap| [&renamed[..], &[(other, *swap)]].concat())
            })
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    let replicas = |renamed: Vec<(usize, bool)>| {
        let mut to = vec![0; led.len() + twins.len()];
        for (validator, (other, swap)) in renamed.into_iter().enumerate() {
            match (second(validator), second(other)) {
                (Some(mine), Some(its)) if swap => (to[validator], to[mine]) = (its, other),
                (Some(mine), Some(its)) => (to[validator], to[mine]) = (other, its),
                _ => to[validator] = other,
            }
        }
        to
    };
    all.into_iter().map(replicas).collect()
}

/// A partition after a renaming, with its groups numbered in the order of their first member.
pub(super) fn rename(partition: &[u8], renaming: &[usize]) -> Vec<u8> {
    let mut renamed = vec![0; partition.len()];
    partition.iter().zip(renaming).for_each(|(group, to)| renamed[*to] = *group);
    let mut numbers = Vec::new();
    for group in &mut renamed {
        let number = numbers.iter().position(|other| other == group).unwrap_or_else(|| {
            numbers.push(*group);
            numbers.len() - 1
        });
        *group = number as u8;
    }
    renamed
}
