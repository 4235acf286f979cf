//! The blobs of this node's own clients that wait for a block, first in, first out. Bounded. Pure.
//!
//! No peer is told of them: a node proposes what its own clients gave it when its turn comes, and until then it alone
//! has them. They stay here until a block with them was applied, so a round that fails loses none; a node that dies
//! loses all that wait.

use bitcraps_casino::Blobs;
use bytes::Bytes;
use std::collections::VecDeque;

/// See the module.
pub(super) struct Waiting {
    /// How many may wait, and how many bytes of them.
    most: usize,
    most_bytes: usize,
    queue: VecDeque<Bytes>,
    bytes: usize,
    /// How many of the first were in a proposal of this node's.
    proposed: usize,
}

impl Waiting {
    pub(super) fn new(most: usize, most_bytes: usize) -> Waiting {
        Waiting { most, most_bytes, queue: VecDeque::new(), bytes: 0, proposed: 0 }
    }

    /// Takes in the first of `blobs`, as many as there is room for, up to the first that is longer than `longest`: how
    /// many that were.
    pub(super) fn push(&mut self, blobs: &Blobs, longest: usize) -> usize {
        let (count, mut bytes) = (self.queue.len(), self.bytes);
        for blob in blobs.iter() {
            bytes += blob.len();
            if blob.len() > longest || self.queue.len() >= self.most || bytes > self.most_bytes {
                break;
            }
            self.queue.push_back(blob);
            self.bytes = bytes;
        }
        let taken = self.queue.len() - count;
        if taken < blobs.len() {
            // The others go, and so must the buffer that they share with those that stay.
            self.queue.range_mut(count..).for_each(|blob| *blob = Bytes::copy_from_slice(blob));
        }
        taken
    }

    /// The first of them for a block with so much room. They stay.
    pub(super) fn first(&mut self, room: usize, most_bytes: usize) -> Blobs {
        let (mut framed, mut bytes) = (0, 0);
        let fitting = self.queue.iter().take(Blobs::MAX_COUNT).take_while(|blob| {
            framed += Blobs::FRAMING + blob.len();
            bytes += blob.len();
            framed <= room && bytes <= most_bytes
        });
        let blobs =
            Blobs::of(fitting).expect("each came in such a list, and no more than one holds are chosen");
        self.proposed = self.proposed.max(blobs.len());
        blobs
    }

    /// A block that this node proposed has these. If they are not the first that wait, an earlier life of the node
    /// proposed it.
    pub(super) fn decided(&mut self, blobs: &Blobs) {
        let first =
            blobs.len() <= self.queue.len() && self.queue.iter().zip(blobs.iter()).all(|(a, b)| *a == b);
        if first {
            self.forget(blobs.len());
        }
    }

    /// What became of the proposals is not known: those that were in one go, for none may stand in two blocks.
    pub(super) fn forget_proposed(&mut self) {
        self.forget(self.proposed);
    }

    fn forget(&mut self, count: usize) {
        self.bytes -= self.queue.drain(..count).map(|blob| blob.len()).sum::<usize>();
        self.proposed = self.proposed.saturating_sub(count);
    }

    /// How many wait, and their bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.queue.len(), self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn blobs(bytes: impl IntoIterator<Item = u8>) -> Blobs {
        Blobs::of(bytes.into_iter().map(|byte| [byte; 10])).unwrap()
    }

    fn names(blobs: &Blobs) -> Vec<u8> {
        blobs.iter().map(|blob| blob[0]).collect()
    }

    #[test]
    fn what_is_proposed_waits_until_it_is_decided_and_then_comes_no_more() {
        let mut waiting = Waiting::new(100, 10_000);
        assert_eq!(waiting.push(&blobs(1..=5), 10), 5);
        assert_eq!(names(&waiting.first(3 * 14, 1000)), [1, 2, 3]);
        assert_eq!(names(&waiting.first(1000, 45)), [1, 2, 3, 4], "a round failed, and there is more room");
        waiting.decided(&blobs(1..=3));
        assert_eq!(names(&waiting.first(1000, 1000)), [4, 5]);
        assert_eq!(waiting.size(), (2, 20));
    }

    #[test]
    fn a_block_of_an_earlier_life_takes_nothing_from_those_that_wait() {
        let mut waiting = Waiting::new(100, 10_000);
        waiting.push(&blobs(1..=3), 10);
        for other in [blobs(4..=5), blobs([1, 3]), blobs(1..=4)] {
            waiting.decided(&other);
            assert_eq!(waiting.size(), (3, 30), "{other:?}");
        }
    }

    #[test]
    fn after_a_takeover_those_that_were_proposed_are_gone_and_the_others_wait_on() {
        let mut waiting = Waiting::new(100, 10_000);
        waiting.push(&blobs(1..=5), 10);
        waiting.first(2 * 14, 1000);
        waiting.first(3 * 14, 1000);
        waiting.decided(&blobs([1]));
        waiting.forget_proposed();
        assert_eq!(names(&waiting.first(1000, 1000)), [4, 5]);
    }

    #[test]
    fn only_so_many_and_so_long_ones_wait() {
        let mut few = Waiting::new(3, 10_000);
        assert_eq!([few.push(&blobs(1..=2), 10), few.push(&blobs(3..=5), 10)], [2, 1]);
        let mut light = Waiting::new(100, 35);
        assert_eq!(light.push(&blobs(1..=9), 10), 3);
        assert_eq!(light.size(), (3, 30));
        let mut short = Waiting::new(100, 10_000);
        let mixed = Blobs::of([&[1; 5][..], &[2; 6], &[3; 5]]).unwrap();
        assert_eq!(short.push(&mixed, 5), 1, "none may overtake one before it");
    }

    #[test]
    fn those_of_a_list_that_was_not_taken_whole_do_not_keep_its_buffer() {
        let mut waiting = Waiting::new(1, 10_000);
        let list = blobs(1..=2);
        let whole = list.iter().next().unwrap();
        waiting.push(&list, 10);
        assert_ne!(waiting.queue[0].as_ptr(), whole.as_ptr());
    }

    proptest! {
        /// Whatever rounds fail and however blocks are filled, the blocks hold what was taken in, in its order, once.
        #[test]
        fn blocks_hold_what_was_taken_in_once_and_in_order(
            steps in prop::collection::vec((0usize..6, 0usize..80, any::<bool>()), 0..60),
        ) {
            let mut waiting = Waiting::new(12, 10_000);
            let (mut next, mut taken, mut chain) = (0u8, Vec::new(), Vec::new());
            for (count, room, decided) in steps {
                let list: Vec<u8> = (0..count).map(|n| next.wrapping_add(n as u8)).collect();
                next = next.wrapping_add(count as u8);
                let took = waiting.push(&blobs(list.clone()), 10);
                taken.extend_from_slice(&list[..took]);
                let proposed = waiting.first(room, 1000);
                prop_assert!(proposed.framed_bytes() <= room);
                if decided {
                    chain.extend(names(&proposed));
                    waiting.decided(&proposed);
                }
            }
            chain.extend(names(&waiting.first(10_000, 10_000)));
            prop_assert_eq!(chain, taken);
            prop_assert_eq!(waiting.bytes, waiting.queue.len() * 10);
        }
    }
}
