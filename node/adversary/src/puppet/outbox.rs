//! What a Byzantine node will say without being asked: messages that it holds back until their time, and those that it
//! adds.

use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::Signed;
use bitcraps_types::{Time, ValidatorIndex};
use std::collections::BTreeMap;

/// Messages by the time at which they leave, those of one time in the order in which they were put in.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: BTreeMap<(Time, u64), (ValidatorIndex, Outgoing)>,
    count: u64,
}

impl Outbox {
    /// No more wait: what is put in besides is lost.
    const CAPACITY: usize = 1 << 16;

    /// To leave at `at`, or as soon as the node does anything after it.
    pub(super) fn put(&mut self, at: Time, to: ValidatorIndex, outgoing: Outgoing) {
        if self.waiting.len() < Self::CAPACITY {
            self.count += 1;
            self.waiting.insert((at, self.count), (to, outgoing));
        }
    }

    /// A message to leave at once.
    pub(super) fn put_message(&mut self, to: ValidatorIndex, signed: Signed<ConsensusMessage>) {
        self.put(Time::ZERO, to, Outgoing::Message(Box::new(signed)));
    }

    /// Takes out what leaves now.
    pub(super) fn take(&mut self, now: Time) -> Vec<(ValidatorIndex, Outgoing)> {
        let later = self.waiting.split_off(&(now, u64::MAX));
        std::mem::replace(&mut self.waiting, later).into_values().collect()
    }

    /// When the next leaves.
    pub(super) fn next(&self) -> Option<Time> {
        self.waiting.keys().next().map(|(at, _)| *at)
    }
}
