//! The event queue: a radix heap of small keys, and a slab that holds the events.
//!
//! Time only moves forward, so the queue may be monotone: an event is never put in before the last one taken out.
//! A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan, 1990) then needs no comparisons: a key lies in the bucket of the
//! highest bit in which it differs from the last key taken out. Keys are moved in order and keys of equal time share
//! a bucket, so that events of equal time come out in the order in which they went in.

/// When, and where in the slab.
#[derive(Clone, Copy)]
struct Key {
    at: u64,
    slot: u32,
}

/// Events by time, first in first out among equals.
pub(super) struct Queue<E> {
    /// Bucket `b` > 0 holds the keys whose time differs from `last` in bit `b - 1` and in no higher one.
    buckets: [Vec<Key>; 65],
    /// The earliest time in each bucket; `u64::MAX` if it is empty.
    earliest: [u64; 65],
    /// Bit `b` is set if bucket `b` (`b` > 0) is not empty.
    occupied: u64,
    /// How far bucket 0, whose keys are all due at `last`, has been read.
    cursor: usize,
    last: u64,
    slots: Vec<Option<E>>,
    free: Vec<u32>,
}

impl<E> Queue<E> {
    pub(super) fn new() -> Queue<E> {
        Queue {
            buckets: std::array::from_fn(|_| Vec::new()),
            earliest: [u64::MAX; 65],
            occupied: 0,
            cursor: 0,
            last: 0,
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Puts in an event. `at` must not be earlier than the last event taken out; if it is, it counts as that time.
    pub(super) fn push(&mut self, at: u64, event: E) {
        debug_assert!(at >= self.last, "an event in the past");
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(event);
                slot
            }
            None => {
                self.slots.push(Some(event));
                u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 pending events")
            }
        };
        self.place(Key { at: at.max(self.last), slot });
    }

    fn place(&mut self, key: Key) {
        let bucket = (64 - (key.at ^ self.last).leading_zeros()) as usize;
        self.buckets[bucket].push(key);
        if bucket > 0 {
            self.earliest[bucket] = self.earliest[bucket].min(key.at);
            self.occupied |= 1 << (bucket - 1);
        }
    }

    /// The time of the next event.
    pub(super) fn next_at(&self) -> Option<u64> {
        if self.cursor < self.buckets[0].len() {
            return Some(self.last);
        }
        (self.occupied != 0).then(|| self.earliest[self.occupied.trailing_zeros() as usize + 1])
    }

    /// Takes out the next event if it is due at `limit` or before.
    pub(super) fn pop(&mut self, limit: u64) -> Option<(u64, E)> {
        if self.cursor == self.buckets[0].len() {
            self.buckets[0].clear();
            self.cursor = 0;
            if self.occupied == 0 {
                return None;
            }
            let bucket = self.occupied.trailing_zeros() as usize + 1;
            if self.earliest[bucket] > limit {
                return None;
            }
            self.last = self.earliest[bucket];
            self.earliest[bucket] = u64::MAX;
            self.occupied &= !(1 << (bucket - 1));
            let mut keys = std::mem::take(&mut self.buckets[bucket]);
            keys.drain(..).for_each(|key| self.place(key));
            self.buckets[bucket] = keys;
        } else if self.last > limit {
            return None;
        }
        let event = self.take_first();
        Some((self.last, event))
    }

    /// Takes out the next event if it is due at the time of the last one taken out, and `wanted`.
    pub(super) fn pop_now(&mut self, wanted: impl Fn(&E) -> bool) -> Option<E> {
        let slot = self.buckets[0].get(self.cursor)?.slot;
        let wanted = self.slots[slot as usize].as_ref().is_some_and(wanted);
        wanted.then(|| self.take_first())
    }

    /// Of those due at `last`, of which there must be one.
    fn take_first(&mut self) -> E {
        let slot = self.buckets[0][self.cursor].slot;
        self.cursor += 1;
        self.free.push(slot);
        self.slots[slot as usize].take().expect("a queued slot holds an event")
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Stream;
    use super::*;

    #[test]
    fn events_come_out_by_time_and_then_in_the_order_they_went_in() {
        let mut random = Stream::derive(1, "queue", 0);
        let mut queue = Queue::new();
        let mut model: Vec<(u64, u64)> = Vec::new();
        let (mut now, mut serial, mut taken_at) = (0, 0, None);
        for _ in 0..5_000 {
            for _ in 0..random.below(4) {
                let at = now + random.next() % [1, 4, 1000, 1 << 40][random.below(4) as usize];
                queue.push(at, serial);
                model.push((at, serial));
                serial += 1;
            }
            let due = model.iter().min().copied();
            assert_eq!(queue.next_at(), due.map(|(at, _)| at));
            let even = |serial: &u64| serial.is_multiple_of(2);
            let due_now = due.filter(|(at, serial)| Some(*at) == taken_at && even(serial));
            assert_eq!(queue.pop_now(even), due_now.map(|(_, serial)| serial));
            model.retain(|other| Some(*other) != due_now);
            let due = model.iter().min().copied();
            let limit = now + random.below(2000);
            let popped = queue.pop(limit);
            assert_eq!(popped, due.filter(|(at, _)| *at <= limit));
            match popped {
                Some(event) => {
                    model.retain(|other| *other != event);
                    now = event.0;
                    taken_at = Some(now);
                }
                // A look at the future must not forbid events before it.
                None => now = now.max(limit),
            }
        }
    }
}
