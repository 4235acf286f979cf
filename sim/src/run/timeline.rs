//! What the runner does next, in order of time. Two things at one time happen in the order of their entry.

use bitcraps_types::Time;
use std::collections::BTreeMap;

/// Entries by time.
pub(crate) struct Timeline<T> {
    entries: BTreeMap<(Time, u64), T>,
    next: u64,
}

impl<T> Timeline<T> {
    pub(crate) fn new() -> Timeline<T> {
        Timeline { entries: BTreeMap::new(), next: 0 }
    }

    /// Adds an entry.
    pub(crate) fn at(&mut self, time: Time, entry: T) {
        self.entries.insert((time, self.next), entry);
        self.next += 1;
    }

    /// When the next entry is due.
    pub(crate) fn next(&self) -> Option<Time> {
        self.entries.keys().next().map(|(time, _)| *time)
    }

    /// Takes the next entry that is due at `now`.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<T> {
        let entry = self.entries.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}
