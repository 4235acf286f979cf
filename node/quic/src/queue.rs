//! What waits for a link's stream: two lanes, urgent frames before bulk, bounded together.

use crate::config::QuicConfig;
use crate::deframer::PREFIX;
use bytes::{Bytes, BytesMut};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// How many bytes are handed to the stream at a time. What is handed over can't be overtaken any more.
const BATCH_BYTES: usize = 64 << 10;
/// Frames up to so many bytes are copied together: QUIC's bookkeeping for a piece costs more than copying a small one.
const COPIED_BYTES: usize = 1024;

/// Which frames go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Frames that would have gone as datagrams, had there been room.
    Urgent,
    /// Frames too long for a datagram.
    Bulk,
}

/// The queue of one link. One task takes from it.
#[derive(Debug)]
pub(crate) struct SendQueue {
    capacity: usize,
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    urgent: VecDeque<Bytes>,
    bulk: VecDeque<Bytes>,
    used: usize,
    closed: bool,
    taker: Option<Waker>,
}

fn cost(frame: &Bytes) -> usize {
    frame.len() + QuicConfig::FRAME_COST
}

impl State {
    fn pop(&mut self) -> Option<Bytes> {
        let frame = self.urgent.pop_front().or_else(|| self.bulk.pop_front())?;
        self.used -= cost(&frame);
        Some(frame)
    }

    /// Moves frames, each after its length, into `batch`, cut into pieces wherever that saves copying.
    fn fill(&mut self, batch: &mut Vec<Bytes>) {
        let mut bytes = 0;
        let mut piece = BytesMut::new();
        while bytes < BATCH_BYTES {
            let Some(frame) = self.pop() else { break };
            bytes += PREFIX + frame.len();
            let length = u32::try_from(frame.len()).expect("no frame is longer than QuicConfig::MAX_FRAME");
            let prefix: [u8; PREFIX] = length.to_le_bytes();
            piece.extend_from_slice(&prefix);
            if frame.len() <= COPIED_BYTES {
                piece.extend_from_slice(&frame);
            } else {
                batch.push(piece.split().freeze());
                batch.push(frame);
            }
        }
        if !piece.is_empty() {
            batch.push(piece.freeze());
        }
    }
}

impl SendQueue {
    pub(crate) fn new(capacity: usize) -> SendQueue {
        SendQueue { capacity, state: RefCell::default() }
    }

    /// Adds a frame. `false`: there is no room, or the queue is closed.
    pub(crate) fn push(&self, frame: Bytes, lane: Lane) -> bool {
        let mut state = self.state.borrow_mut();
        if state.closed || state.used + cost(&frame) > self.capacity {
            return false;
        }
        state.used += cost(&frame);
        match lane {
            Lane::Urgent => state.urgent.push_back(frame),
            Lane::Bulk => state.bulk.push_back(frame),
        }
        let taker = state.taker.take();
        drop(state);
        taker.into_iter().for_each(Waker::wake);
        true
    }

    /// What waits, in bytes, with what keeping it costs.
    pub(crate) fn used(&self) -> usize {
        self.state.borrow().used
    }

    /// Waits for frames and appends them to `batch`, ready for the stream. `false`: the queue is closed.
    pub(crate) async fn take(&self, batch: &mut Vec<Bytes>) -> bool {
        poll_fn(|cx| {
            let mut state = self.state.borrow_mut();
            if state.closed {
                return Poll::Ready(false);
            }
            state.fill(batch);
            if batch.is_empty() {
                state.taker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(true)
        })
        .await
    }

    /// Drops what waits, and takes nothing more.
    pub(crate) fn close(&self) {
        let closed = State { closed: true, ..State::default() };
        let before = self.state.replace(closed);
        before.taker.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deframer::Deframer;
    use proptest::prelude::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::Context;

    /// The frames that come without waiting; `None` if the queue is closed.
    fn take(queue: &SendQueue) -> Option<Vec<Bytes>> {
        let mut batch = Vec::new();
        let outcome = pin!(queue.take(&mut batch)).poll(&mut Context::from_waker(Waker::noop()));
        if outcome == Poll::Ready(false) {
            return None;
        }
        let mut deframer = Deframer::new(1 << 20);
        let mut frames = Vec::new();
        for piece in batch {
            assert!(!piece.is_empty(), "the stream would not take it");
            deframer.push(piece, |frame| frames.push(frame)).unwrap();
        }
        Some(frames)
    }

    fn frame(byte: u8, len: usize) -> Bytes {
        vec![byte; len].into()
    }

    #[test]
    fn urgent_frames_overtake_bulk_and_keep_their_order() {
        let queue = SendQueue::new(1 << 20);
        for (byte, lane) in [(1, Lane::Bulk), (2, Lane::Urgent), (3, Lane::Bulk), (4, Lane::Urgent)] {
            assert!(queue.push(frame(byte, 3), lane));
        }
        let frames = take(&queue).unwrap();
        assert_eq!(frames, [2, 4, 1, 3].map(|byte| frame(byte, 3)));
    }

    #[test]
    fn a_long_queue_is_handed_over_in_parts_so_that_urgent_frames_can_still_overtake() {
        let queue = SendQueue::new(1 << 20);
        (0..10).for_each(|_| assert!(queue.push(frame(1, 40 << 10), Lane::Bulk)));
        assert_eq!(take(&queue).unwrap().len(), 2);
        queue.push(frame(2, 1), Lane::Urgent);
        assert_eq!(take(&queue).unwrap()[0], frame(2, 1));
    }

    #[test]
    fn a_closed_queue_is_empty_and_takes_nothing() {
        let queue = SendQueue::new(1 << 20);
        assert!(queue.push(frame(1, 1), Lane::Bulk));
        queue.close();
        assert!(!queue.push(frame(1, 1), Lane::Bulk));
        assert_eq!((take(&queue), queue.used()), (None, 0));
    }

    proptest! {
        #[test]
        fn never_holds_more_than_its_capacity_and_gives_all_of_it_back(
            lengths in prop::collection::vec(0usize..2000, 0..200),
        ) {
            let queue = SendQueue::new(20_000);
            let (mut held, mut kept) = (0, Vec::new());
            for (n, length) in lengths.into_iter().enumerate() {
                let cost = length + QuicConfig::FRAME_COST;
                let one = frame(n as u8, length);
                let taken = queue.push(one.clone(), Lane::Bulk);
                kept.extend(taken.then_some(one));
                prop_assert_eq!(taken, held + cost <= 20_000);
                held += if taken { cost } else { 0 };
                prop_assert_eq!(queue.used(), held);
            }
            let batches = std::iter::from_fn(|| take(&queue).filter(|frames| !frames.is_empty()));
            prop_assert_eq!(batches.flatten().collect::<Vec<_>>(), kept);
            prop_assert_eq!(queue.used(), 0);
        }
    }
}
