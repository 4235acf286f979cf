//! Store and forward: what waits for a peer who is away.

use bitcraps_types::Time;
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Duration;

/// Payloads for one peer, bounded in bytes and age. The oldest goes first.
#[derive(Clone, Debug)]
pub struct Outbox {
    max_bytes: usize,
    max_age: Duration,
    waiting: VecDeque<(Time, Bytes)>,
    bytes: usize,
}

impl Outbox {
    /// An empty outbox.
    pub fn new(max_bytes: usize, max_age: Duration) -> Outbox {
        Outbox { max_bytes, max_age, waiting: VecDeque::new(), bytes: 0 }
    }

    /// Keeps `payload` until [`Outbox::drain`]. `false` if it is larger than the outbox. Older payloads make room.
    pub fn push(&mut self, now: Time, payload: Bytes) -> bool {
        if payload.len() > self.max_bytes {
            return false;
        }
        self.bytes += payload.len();
        self.waiting.push_back((now, payload));
        while self.bytes > self.max_bytes {
            self.pop();
        }
        true
    }

    /// How many bytes wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// All that is not too old, in order; the outbox is empty afterwards.
    pub fn drain(&mut self, now: Time) -> impl Iterator<Item = Bytes> {
        let oldest = now - self.max_age;
        self.bytes = 0;
        std::mem::take(&mut self.waiting)
            .into_iter()
            .filter(move |(since, _)| *since >= oldest)
            .map(|(_, payload)| payload)
    }

    fn pop(&mut self) {
        if let Some((_, payload)) = self.waiting.pop_front() {
            self.bytes -= payload.len();
        }
    }
}
