//! How full a buffer ever was. It is told when that rises, so that a bound can be held against it at no cost in the
//! steady state.

use crate::ports::{Buffer, Event, Probe};

/// The high-water mark of one buffer, or of the fullest of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HighWater {
    buffer: Buffer,
    most: usize,
}

impl HighWater {
    pub(crate) fn of(buffer: Buffer) -> HighWater {
        HighWater { buffer, most: 0 }
    }

    /// The buffer holds so much now.
    pub(crate) fn note(&mut self, probe: &dyn Probe, size: usize) {
        if size > self.most {
            self.most = size;
            probe.event(Event::Held { buffer: self.buffer, size });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[derive(Default)]
    struct Told(RefCell<Vec<usize>>);

    impl Probe for Told {
        fn event(&self, event: Event<'_>) {
            if let Event::Held { buffer: Buffer::Outbox, size } = event {
                self.0.borrow_mut().push(size);
            }
        }
    }

    #[test]
    fn only_what_was_never_reached_before_is_told() {
        let (told, mut mark) = (Told::default(), HighWater::of(Buffer::Outbox));
        [0, 3, 2, 3, 7, 7].into_iter().for_each(|size| mark.note(&told, size));
        assert_eq!(*told.0.borrow(), [3, 7]);
    }
}
