//! What the links told and the transport has not taken yet. A frame costs no message between actors: one tells the
//! transport that there is something, however much came meanwhile.

use crate::ports::LinkEvent;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// One queue, shared by the links' callback and the actor.
#[derive(Clone, Default)]
pub(super) struct Inbox(Rc<RefCell<VecDeque<LinkEvent>>>);

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// It waits alone: somebody has to tell the transport.
    First,
    /// It waits with others.
    Queued,
    /// So many wait that it was dropped.
    Full,
}

impl Inbox {
    /// How many link events may wait.
    const CAPACITY: usize = 8192;

    pub(super) fn put(&self, event: LinkEvent) -> Put {
        let mut events = self.0.borrow_mut();
        if events.len() >= Self::CAPACITY {
            return Put::Full;
        }
        events.push_back(event);
        if events.len() == 1 { Put::First } else { Put::Queued }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// The earliest.
    pub(super) fn take(&self) -> Option<LinkEvent> {
        self.0.borrow_mut().pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::LinkId;

    #[test]
    fn only_the_first_of_those_that_wait_has_to_be_told_and_too_many_are_dropped() {
        let inbox = Inbox::default();
        let down = |link| LinkEvent::Down { link: LinkId(link) };
        assert_eq!((inbox.put(down(0)), inbox.put(down(1))), (Put::First, Put::Queued));
        assert!(matches!(inbox.take(), Some(LinkEvent::Down { link: LinkId(0) })));
        assert_eq!(inbox.put(down(2)), Put::Queued);
        while inbox.take().is_some() {}
        let put: Vec<Put> = (0..Inbox::CAPACITY as u64 + 4).map(|link| inbox.put(down(link))).collect();
        assert_eq!(put[0], Put::First);
        assert_eq!(put.iter().filter(|put| **put == Put::Full).count(), 4);
    }
}
