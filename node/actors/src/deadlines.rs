//! Many deadlines on one alarm. An actor that had a timer future for each would be polled for each at every message.

use crate::ports::Alarm;
use bitcraps_types::Time;

/// What is due when, by name. Setting a name again replaces its deadline.
pub(crate) struct Deadlines<K> {
    alarm: Box<dyn Alarm>,
    armed: Option<Time>,
    /// Ascending, each name once. A handful, which a search from the start finds faster than a tree does.
    order: Vec<(Time, K)>,
}

impl<K: Ord + Copy> Deadlines<K> {
    pub(crate) fn new(alarm: Box<dyn Alarm>) -> Self {
        Deadlines { alarm, armed: None, order: Vec::new() }
    }

    pub(crate) fn set(&mut self, key: K, at: Time) {
        self.remove(key);
        let place = self.order.partition_point(|other| *other < (at, key));
        self.order.insert(place, (at, key));
        self.arm();
    }

    /// Sets the deadline unless there is one.
    pub(crate) fn set_if_none(&mut self, key: K, at: Time) {
        if self.place(key).is_none() {
            self.set(key, at);
        }
    }

    pub(crate) fn cancel(&mut self, key: K) {
        if self.remove(key) {
            self.arm();
        }
    }

    /// Forgets the deadlines whose name does not satisfy `keep`.
    pub(crate) fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.order.retain(|(_, key)| keep(key));
        self.arm();
    }

    /// The alarm rang: takes out what is due, earliest first, and sets the alarm for the rest.
    pub(crate) fn due(&mut self, now: Time) -> Vec<K> {
        self.armed = None;
        let count = self.order.partition_point(|(at, _)| *at <= now);
        let due = self.order.drain(..count).map(|(_, key)| key).collect();
        self.arm();
        due
    }

    fn place(&self, key: K) -> Option<usize> {
        self.order.iter().position(|(_, other)| *other == key)
    }

    fn remove(&mut self, key: K) -> bool {
        let place = self.place(key);
        place.is_some_and(|place| {
            self.order.remove(place);
            true
        })
    }

    fn arm(&mut self) {
        let first = self.order.first().map(|(at, _)| *at);
        if first != self.armed {
            self.armed = first;
            self.alarm.set(first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    struct Log(Rc<RefCell<Vec<Option<u64>>>>);

    impl Alarm for Log {
        fn set(&self, at: Option<Time>) {
            self.0.borrow_mut().push(at.map(|at| at.0));
        }
    }

    #[test]
    fn the_alarm_follows_the_earliest_deadline_and_is_set_only_when_that_changes() {
        let log = Rc::new(RefCell::new(Vec::new()));
        let mut deadlines = Deadlines::new(Box::new(Log(log.clone())));
        deadlines.set('b', Time(20));
        deadlines.set('c', Time(30));
        deadlines.set('a', Time(10));
        deadlines.set('a', Time(40));
        assert_eq!(deadlines.due(Time(35)), ['b', 'c']);
        deadlines.cancel('a');
        assert_eq!(*log.borrow(), [Some(20), Some(10), Some(20), Some(40), None]);
    }

    #[test]
    fn an_alarm_that_rings_early_is_set_again() {
        let log = Rc::new(RefCell::new(Vec::new()));
        let mut deadlines = Deadlines::new(Box::new(Log(log.clone())));
        deadlines.set('a', Time(10));
        assert!(deadlines.due(Time(9)).is_empty());
        assert_eq!(*log.borrow(), [Some(10), Some(10)]);
    }
}
