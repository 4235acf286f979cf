//! Whom a fault strikes: selectors resolved to nodes, and nodes to the links that a network fault touches.

use super::watch::Watch;
use crate::scenario::{Scenario, Selector, Shape};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::BTreeSet;

/// Ordered pairs of nodes: from, to.
pub(crate) type Pairs = BTreeSet<(u16, u16)>;

/// The random streams of one fault: one that is fixed for the run, one that goes on from start to start.
pub(crate) struct Chooser {
    fixed: [u8; 32],
    moving: ChaCha8Rng,
}

impl Chooser {
    pub(crate) fn new(seed: u64, fault: &str) -> Chooser {
        let stream = |purpose: &str| {
            let mut hasher = blake3::Hasher::new_derive_key("bitcraps-sim fault choice v1");
            hasher.update(&seed.to_le_bytes()).update(purpose.as_bytes()).update(fault.as_bytes());
            *hasher.finalize().as_bytes()
        };
        Chooser { fixed: stream("fixed/"), moving: ChaCha8Rng::from_seed(stream("moving/")) }
    }

    /// The stream that goes on from start to start.
    pub(crate) fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.moving
    }

    /// The nodes that `selector` names now, ascending.
    pub(crate) fn nodes(&mut self, selector: &Selector, scenario: &Scenario, watch: &Watch) -> Vec<u16> {
        let count = scenario.validators.count;
        let mut chosen = match selector {
            Selector::Node(node) => vec![*node],
            Selector::Nodes(nodes) => nodes.clone(),
            Selector::All => (0..count).collect(),
            Selector::One => self.fixed(count, 1),
            Selector::Fixed(some) => self.fixed(count, *some),
            Selector::Percent(share) => {
                let some = u64::from(count) * u64::from(share.ppb()) / 1_000_000_000;
                self.fixed(count, u16::try_from(some).unwrap_or(count).max(1))
            }
            Selector::MinorityThird => self.fixed(count, (count - 1) / 3),
            Selector::Majority => self.fixed(count, count / 2 + 1),
            Selector::Leader => vec![watch.leader()],
            Selector::NextLeader => vec![watch.next_leader()],
            Selector::NotLeader => (0..count).filter(|&node| node != watch.leader()).collect(),
            Selector::Region(name) => scenario.validators.regions.get(name).cloned().unwrap_or_default(),
            Selector::Random => vec![self.moving.random_range(0..count)],
        };
        chosen.sort_unstable();
        chosen
    }

    /// All nodes in the order that this fault's seed gives them.
    pub(crate) fn order(&self, count: u16) -> Vec<u16> {
        let mut order: Vec<u16> = (0..count).collect();
        order.shuffle(&mut ChaCha8Rng::from_seed(self.fixed));
        order
    }

    fn fixed(&self, count: u16, some: u16) -> Vec<u16> {
        self.order(count).into_iter().take(usize::from(some)).collect()
    }
}

/// All pairs of `count` nodes for which `cut` holds.
pub(crate) fn pairs(count: u16, cut: impl Fn(u16, u16) -> bool) -> Pairs {
    (0..count)
        .flat_map(|from| (0..count).map(move |to| (from, to)))
        .filter(|&(from, to)| from != to && cut(from, to))
        .collect()
}

/// The pairs cut by groups: between different groups, or only away from the first.
pub(crate) fn cut_by_groups(count: u16, groups: &[Vec<u16>], one_way: bool) -> Pairs {
    let group = |node| groups.iter().position(|group| group.contains(&node));
    pairs(count, |from, to| group(from) != group(to) && (!one_way || group(from) == Some(0)))
}

/// The pairs cut by one of Jepsen's shapes, laid over the nodes in `order`.
pub(crate) fn cut_by_shape(order: &[u16], shape: Shape) -> Pairs {
    let count = order.len();
    let place = |node: u16| order.iter().position(|&other| other == node).unwrap_or(0);
    let distance = |a: u16, b: u16| {
        let apart = place(a).abs_diff(place(b));
        apart.min(count - apart)
    };
    let half = count.div_ceil(2);
    let cut: Box<dyn Fn(u16, u16) -> bool> = match shape {
        Shape::Halves => Box::new(move |a, b| (place(a) < half) != (place(b) < half)),
        Shape::Ring => Box::new(move |a, b| distance(a, b) > 1),
        Shape::Bridge => Box::new(move |a, b| {
            let bridge = count / 2;
            place(a) != bridge && place(b) != bridge && (place(a) < bridge) != (place(b) < bridge)
        }),
        // A node sees a majority when it sees half of the others, the nearest around the ring.
        Shape::MajoritiesRing => Box::new(move |a, b| distance(a, b) > count.div_ceil(4)),
    };
    pairs(count as u16, cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(cut: &Pairs, count: u16, node: u16) -> usize {
        (0..count).filter(|&other| other == node || !cut.contains(&(node, other))).count()
    }

    #[test]
    fn one_way_cuts_only_what_the_first_group_sends() {
        let cut = cut_by_groups(3, &[vec![2], vec![0, 1]], true);
        assert_eq!(cut, Pairs::from([(2, 0), (2, 1)]));
        assert_eq!(cut_by_groups(3, &[vec![2], vec![0, 1]], false).len(), 4);
    }

    #[test]
    fn shapes_keep_their_promises_for_every_size() {
        for count in 3..24u16 {
            let order: Vec<u16> = (0..count).rev().collect();
            let majority = usize::from(count) / 2 + 1;
            let majorities = cut_by_shape(&order, Shape::MajoritiesRing);
            assert!(
                (0..count).all(|node| seen(&majorities, count, node) >= majority),
                "majorities of {count}"
            );
            let ring = cut_by_shape(&order, Shape::Ring);
            assert!((0..count).all(|node| seen(&ring, count, node) == 3), "ring of {count}");
            let bridge = cut_by_shape(&order, Shape::Bridge);
            let full = (0..count).filter(|&node| seen(&bridge, count, node) == usize::from(count)).count();
            assert_eq!(full, 1, "bridge of {count}");
            let halves = cut_by_shape(&order, Shape::Halves);
            assert_eq!(seen(&halves, count, order[0]), usize::from(count).div_ceil(2));
        }
    }
}
