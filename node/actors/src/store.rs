//! The recent decided blocks in memory, for peers who are behind.
//!
//! Older ones stay in the `blocks` file until it is cut, but are not served: a peer who lacks them takes over a
//! snapshot.

use crate::wire::Decided;
use bitcraps_types::Height;
use std::collections::VecDeque;
use std::sync::Arc;

/// The last decided blocks, without gaps: [`Store::KEPT`], or fewer if they are long.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    blocks: VecDeque<Arc<Decided>>,
    /// How long their values are together.
    bytes: usize,
}

impl Store {
    /// How many blocks are kept.
    pub(crate) const KEPT: usize = 2048;
    /// How many bytes of them, if no more are needed.
    pub(crate) const KEPT_BYTES: usize = 128 << 20;

    /// Adds a block. One that does not follow the last starts the store anew.
    pub(crate) fn push(&mut self, decided: Arc<Decided>) {
        let next = decided.certificate.height;
        let follows = self.blocks.back().is_none_or(|last| last.certificate.height + 1 == next);
        if !follows {
            self.blocks.clear();
            self.bytes = 0;
        }
        self.bytes += decided.value.bytes().len();
        self.blocks.push_back(decided);
        if self.blocks.len() > Self::KEPT {
            self.drop_first();
        }
    }

    /// Drops the first blocks that are too many bytes, but none after `needed`: the state is restored with those.
    pub(crate) fn trim(&mut self, needed: Height) {
        while self.bytes > Self::KEPT_BYTES
            && self.blocks.front().is_some_and(|first| first.certificate.height <= needed)
        {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(first) = self.blocks.pop_front() {
            self.bytes -= first.value.bytes().len();
        }
    }

    /// The block at a height.
    pub(crate) fn get(&self, height: Height) -> Option<&Decided> {
        let first = self.blocks.front()?.certificate.height;
        self.blocks.get(usize::try_from(height.checked_sub(first)?).ok()?).map(Arc::as_ref)
    }

    /// Blocks from a height on, at most `count`, of together at most `max_bytes` (but at least one).
    pub(crate) fn range(&self, from: Height, count: usize, max_bytes: usize) -> Vec<Decided> {
        let mut bytes = 0;
        (0..count as Height)
            .map_while(|i| self.get(from.checked_add(i)?))
            .take_while(|decided| {
                let first = bytes == 0;
                bytes += decided.value.bytes().len() + 66 * decided.certificate.signatures.len() + 161;
                first || bytes <= max_bytes
            })
            .cloned()
            .collect()
    }

    /// All, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Decided> {
        self.blocks.iter().map(Arc::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_consensus::Certificate;
    use bitcraps_types::Value;

    fn decided(value: Value, height: Height) -> Arc<Decided> {
        let certificate = Certificate { height, round: 0, digest: value.digest(), signatures: vec![] };
        Arc::new(Decided { value, certificate, dice: None })
    }

    fn store(heights: impl Iterator<Item = Height>) -> Store {
        let mut store = Store::default();
        for height in heights {
            store.push(decided(Value::new(vec![0; 100]), height));
        }
        store
    }

    fn heights(decided: &[Decided]) -> Vec<Height> {
        decided.iter().map(|decided| decided.certificate.height).collect()
    }

    #[test]
    fn a_range_is_without_gaps_and_bounded_in_count_and_bytes() {
        let store = store(5..=9);
        assert_eq!(heights(&store.range(6, 2, usize::MAX)), [6, 7]);
        assert_eq!(heights(&store.range(8, 10, usize::MAX)), [8, 9]);
        assert_eq!(heights(&store.range(5, 10, 600)), [5, 6]);
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
    fn long_blocks_are_fewer_but_none_that_the_state_needs_is_dropped() {
        let mut store = Store::default();
        let long = Value::new(vec![0; Store::KEPT_BYTES / 4]);
        for height in 1..=6 {
            store.push(decided(long.clone(), height));
        }
        store.trim(0);
        assert_eq!(store.iter().count(), 6);
        store.trim(1);
        assert!(store.get(1).is_none() && store.get(2).is_some());
        store.trim(5);
        assert!(store.get(2).is_none() && store.get(3).is_some(), "no more than must be");
        store.trim(5);
        assert_eq!(store.iter().count(), 4);
    }

    #[test]
    fn a_jump_in_height_starts_anew() {
        let store = store([1, 2, 3, 50, 51].into_iter());
        assert!(store.get(3).is_none());
        assert_eq!(heights(&store.range(50, 9, usize::MAX)), [50, 51]);
    }
}
