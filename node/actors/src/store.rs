//! The recent decided blocks in memory, for peers who are behind.
//!
//! Older ones stay in the `blocks` file until it is cut, but are not served: a peer who lacks them takes over a
//! snapshot.

use bitcraps_consensus::Certificate;
use bitcraps_types::{Height, Value};
use std::collections::VecDeque;

/// A decided block with its proof.
pub(crate) type Decided = (Value, Certificate);

/// The last [`Store::KEPT`] decided blocks, without gaps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    blocks: VecDeque<Decided>,
}

impl Store {
    /// How many blocks are kept.
    pub(crate) const KEPT: usize = 2048;

    /// Adds a block. One that does not follow the last starts the store anew.
    pub(crate) fn push(&mut self, value: Value, certificate: Certificate) {
        let follows = self.blocks.back().is_none_or(|(_, last)| last.height + 1 == certificate.height);
        if !follows {
            self.blocks.clear();
        }
        self.blocks.push_back((value, certificate));
        if self.blocks.len() > Self::KEPT {
            self.blocks.pop_front();
        }
    }

    /// The block at a height.
    pub(crate) fn get(&self, height: Height) -> Option<&Decided> {
        let first = self.blocks.front()?.1.height;
        self.blocks.get(usize::try_from(height.checked_sub(first)?).ok()?)
    }

    /// Blocks from a height on, at most `count`, of together at most `max_bytes` (but at least one).
    pub(crate) fn range(&self, from: Height, count: usize, max_bytes: usize) -> Vec<Decided> {
        let mut bytes = 0;
        (0..count as Height)
            .map_while(|i| self.get(from.checked_add(i)?))
            .take_while(|(value, certificate)| {
                let first = bytes == 0;
                bytes += value.bytes().len() + 66 * certificate.signatures.len() + 64;
                first || bytes <= max_bytes
            })
            .cloned()
            .collect()
    }

    /// All, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Decided> {
        self.blocks.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(heights: impl Iterator<Item = Height>) -> Store {
        let mut store = Store::default();
        for height in heights {
            let value = Value::new(vec![0; 100]);
            let certificate = Certificate { height, round: 0, digest: value.digest(), signatures: vec![] };
            store.push(value, certificate);
        }
        store
    }

    fn heights(decided: &[Decided]) -> Vec<Height> {
        decided.iter().map(|(_, certificate)| certificate.height).collect()
    }

    #[test]
    fn a_range_is_without_gaps_and_bounded_in_count_and_bytes() {
        let store = store(5..=9);
        assert_eq!(heights(&store.range(6, 2, usize::MAX)), [6, 7]);
        assert_eq!(heights(&store.range(8, 10, usize::MAX)), [8, 9]);
        assert_eq!(heights(&store.range(5, 10, 400)), [5, 6]);
        assert_eq!(heights(&store.range(5, 10, 1)), [5]);
        assert!(store.range(4, 10, usize::MAX).is_empty() && store.range(10, 10, usize::MAX).is_empty());
        assert!(store.range(Height::MAX, 10, usize::MAX).is_empty());
    }

    #[test]
    fn only_the_latest_are_kept() {
        let last = Store::KEPT as Height + 10;
        let store = store(1..=last);
        assert!(store.get(10).is_none() && store.get(11).is_some() && store.get(last).is_some());
        assert_eq!(store.iter().count(), Store::KEPT);
    }

    #[test]
    fn a_jump_in_height_starts_anew() {
        let store = store([1, 2, 3, 50, 51].into_iter());
        assert!(store.get(3).is_none());
        assert_eq!(heights(&store.range(50, 9, usize::MAX)), [50, 51]);
    }
}
