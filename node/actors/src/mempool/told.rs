//! Which commands of this node's own clients peers were told of, and when, so that they are told again of those that
//! still wait: what was told once may be lost. Bounded. Pure.

use bitcraps_types::{AccountId, Time};
use std::collections::VecDeque;
use std::time::Duration;

/// Commands by account and sequence number, in the order in which peers were told last.
pub(super) struct Told {
    capacity: usize,
    order: VecDeque<(Time, AccountId, u64)>,
}

impl Told {
    /// After how long peers are told again.
    const AGAIN: Duration = Duration::from_secs(2);

    /// Remembers at most so many commands; the others are told once.
    pub(super) fn new(capacity: usize) -> Told {
        Told { capacity, order: VecDeque::new() }
    }

    /// Peers are told of a command now.
    pub(super) fn tell(&mut self, now: Time, account: AccountId, sequence: u64) {
        if self.order.len() < self.capacity {
            self.order.push_back((now, account, sequence));
        }
    }

    /// When peers are to be told again.
    pub(super) fn next(&self) -> Option<Time> {
        self.order.front().map(|(told, ..)| *told + Self::AGAIN)
    }

    /// Takes out, earliest first, the commands that are due and still wait, and forgets those that don't. At most
    /// `count` are given.
    pub(super) fn due<T>(
        &mut self,
        now: Time,
        count: usize,
        waiting: impl Fn(&AccountId, u64) -> Option<T>,
    ) -> Vec<T> {
        let mut due = Vec::new();
        while due.len() < count && self.next().is_some_and(|at| at <= now) {
            due.extend(self.order.pop_front().and_then(|(_, account, sequence)| waiting(&account, sequence)));
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_types::Digest;

    const ACCOUNT: AccountId = AccountId(Digest([1; 32]));

    fn at(millis: u64) -> Time {
        Time(millis * 1_000_000)
    }

    #[test]
    fn what_still_waits_after_a_while_is_due_a_few_at_a_time() {
        let mut told = Told::new(10);
        (1..=5).for_each(|sequence| told.tell(at(sequence), ACCOUNT, sequence));
        let odd = |_: &AccountId, sequence: u64| (sequence % 2 == 1).then_some(sequence);
        assert_eq!(told.next(), Some(at(2001)));
        assert_eq!(told.due(at(2000), 9, odd), Vec::<u64>::new());
        assert_eq!(told.due(at(2004), 2, odd), [1, 3]);
        assert_eq!(told.due(at(2004), 2, odd), Vec::<u64>::new());
        assert_eq!(told.due(at(9999), 2, odd), [5]);
        assert_eq!(told.next(), None);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut told = Told::new(3);
        (1..=5).for_each(|sequence| told.tell(at(0), ACCOUNT, sequence));
        assert_eq!(told.due(at(9999), 9, |_, sequence| Some(sequence)), [1, 2, 3]);
    }
}
