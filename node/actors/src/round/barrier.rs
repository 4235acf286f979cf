//! The persist barrier: what must be durable before which message may be signed. Pure.

use bitcraps_consensus::Seq;
use std::collections::VecDeque;

/// Holds messages back until the write that each names is durable.
#[derive(Clone, Debug)]
pub(crate) struct Barrier<M> {
    /// The first write that is not known to be durable.
    first_unsynced: Option<Seq>,
    last_written: Seq,
    /// The last write that the sync under way covers.
    syncing: Option<Seq>,
    held: VecDeque<(Seq, M)>,
}

impl<M> Barrier<M> {
    pub(crate) fn new() -> Self {
        Barrier { first_unsynced: None, last_written: 0, syncing: None, held: VecDeque::new() }
    }

    /// A write was appended.
    pub(crate) fn wrote(&mut self, seq: Seq) {
        self.first_unsynced.get_or_insert(seq);
        self.last_written = seq;
    }

    /// The message back, if it may be signed now; otherwise it is held.
    pub(crate) fn pass(&mut self, after: Seq, message: M) -> Option<M> {
        if self.is_durable(after) {
            Some(message)
        } else {
            self.held.push_back((after, message));
            None
        }
    }

    /// Whether to begin a sync now. One is under way at a time; it covers all that was written before it began.
    pub(crate) fn begin_sync(&mut self) -> bool {
        let begin = self.syncing.is_none() && self.first_unsynced.is_some();
        if begin {
            self.syncing = Some(self.last_written);
        }
        begin
    }

    /// The sync is done.
    pub(crate) fn synced(&mut self) {
        if let Some(durable) = self.syncing.take() {
            self.first_unsynced = (durable < self.last_written).then_some(durable + 1);
        }
    }

    /// The next held message that may be signed now.
    pub(crate) fn next_free(&mut self) -> Option<M> {
        let place = self.held.iter().position(|(after, _)| self.is_durable(*after))?;
        self.held.remove(place).map(|(_, message)| message)
    }

    fn is_durable(&self, write: Seq) -> bool {
        self.first_unsynced.is_none_or(|first| write < first)
    }

    /// Whether everything written is durable.
    pub(crate) fn idle(&self) -> bool {
        self.first_unsynced.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sync is done: what is free now.
    fn free(barrier: &mut Barrier<char>) -> Vec<char> {
        barrier.synced();
        std::iter::from_fn(|| barrier.next_free()).collect()
    }

    #[test]
    fn a_message_waits_for_its_write_and_for_no_later_one() {
        let mut barrier = Barrier::new();
        barrier.wrote(1);
        assert_eq!(barrier.pass(1, 'a'), None);
        assert!(barrier.begin_sync());
        barrier.wrote(2);
        assert_eq!(barrier.pass(2, 'b'), None);
        assert_eq!(barrier.pass(1, 'c'), None);
        assert!(!barrier.begin_sync(), "one sync at a time");
        assert_eq!(free(&mut barrier), ['a', 'c']);
        assert!(!barrier.idle());
        assert!(barrier.begin_sync());
        assert_eq!(free(&mut barrier), ['b']);
        assert!(barrier.idle() && !barrier.begin_sync());
    }

    #[test]
    fn what_was_durable_before_needs_no_wait() {
        let mut barrier = Barrier::new();
        assert_eq!(barrier.pass(0, 'a'), Some('a'));
        barrier.wrote(5);
        assert_eq!(barrier.pass(4, 'b'), Some('b'));
        assert_eq!(barrier.pass(5, 'c'), None);
    }
}
