//! A disk that can be broken while a node writes to it: the Disk port before the machine's own.
//!
//! While it is slow, an operation waits *before* it is done, so that a process that is killed has lost what waits. All
//! operations keep their order, those that wait for nothing too. After one failure every later operation fails, as it does
//! on the machine's own: the node must stop, and its next process finds the disk as it is then. The port stands before the
//! files of the node's core, not before the archive, which is not one of its ports.

use bitcraps_actors::ports::{Alarm, Clock, Disk, DiskError, Done};
use bitcraps_types::Time;
use borsh::{BorshDeserialize, BorshSerialize};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::cell::{OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

/// A kind of operation, as faults name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum DiskOp {
    /// Reads.
    Read,
    /// Appends and replacements.
    Write,
    /// Syncs.
    Sync,
}

/// See the module. Clones are the same disk.
#[derive(Clone)]
pub struct BreakableDisk(Rc<Inner>);

struct Inner {
    disk: Rc<dyn Disk>,
    clock: Rc<dyn Clock>,
    state: RefCell<State>,
    alarm: OnceCell<Box<dyn Alarm>>,
}

struct State {
    rng: ChaCha8Rng,
    /// Chance that an operation fails, by [`DiskOp`].
    errors: [f64; 3],
    /// How many bytes still fit.
    room: Option<u64>,
    /// How long operations wait; each draws one. None: they don't.
    waits: Vec<Duration>,
    /// Each is done when it has waited until its time, and nothing before it waits.
    waiting: VecDeque<(Time, Work)>,
    /// The first failure.
    failure: Option<DiskError>,
    failed: u64,
    refused: u64,
    slowed: u64,
}

type Work = Box<dyn FnOnce(&dyn Disk)>;

impl BreakableDisk {
    /// Whole at first. `rng` decides what fails and how long it takes.
    pub fn new(disk: Rc<dyn Disk>, clock: Rc<dyn Clock>, rng: ChaCha8Rng) -> BreakableDisk {
        let state = State {
            rng,
            errors: [0.0; 3],
            room: None,
            waits: Vec::new(),
            waiting: VecDeque::new(),
            failure: None,
            failed: 0,
            refused: 0,
            slowed: 0,
        };
        let inner = Rc::new(Inner { disk, clock, state: RefCell::new(state), alarm: OnceCell::new() });
        let weak = Rc::downgrade(&inner);
        let ring = move || {
            if let Some(inner) = weak.upgrade() {
                inner.do_what_is_due();
            }
        };
        let alarm = inner.clock.alarm(Box::new(ring));
        assert!(inner.alarm.set(alarm).is_ok(), "it is new");
        BreakableDisk(inner)
    }

    /// Makes operations of one kind fail with this chance.
    pub fn set_errors(&self, op: DiskOp, chance: f64) {
        self.0.state.borrow_mut().errors[op as usize] = chance;
    }

    /// Lets so many more bytes be written; `None` is no limit.
    pub fn set_room(&self, bytes: Option<u64>) {
        self.0.state.borrow_mut().room = bytes;
    }

    /// Makes operations wait, each for one of these; of none, for nothing.
    pub fn set_waits(&self, waits: Vec<Duration>) {
        self.0.state.borrow_mut().waits = waits;
    }

    /// How many operations failed by a fault.
    pub fn failed(&self) -> u64 {
        self.0.state.borrow().failed
    }

    /// How many were refused because the disk was full.
    pub fn refused(&self) -> u64 {
        self.0.state.borrow().refused
    }

    /// How many waited.
    pub fn slowed(&self) -> u64 {
        self.0.state.borrow().slowed
    }
}

impl Inner {
    /// Does `work` after all that waits, and after a wait of its own.
    fn later(&self, work: Work) {
        let now = self.clock.now();
        let mut state = self.state.borrow_mut();
        let wait = state.draw_wait();
        state.waiting.push_back((now + wait, work));
        drop(state);
        self.set_alarm();
    }

    /// Does `work` now if nothing waits and it need not wait itself.
    fn in_order(&self, work: Work) {
        let free = {
            let state = self.state.borrow();
            state.waits.is_empty() && state.waiting.is_empty()
        };
        if free { work(&*self.disk) } else { self.later(work) }
    }

    fn do_what_is_due(&self) {
        let now = self.clock.now();
        loop {
            let mut state = self.state.borrow_mut();
            let Some((_, work)) = state.waiting.pop_front_if(|(at, _)| *at <= now) else { break };
            drop(state);
            work(&*self.disk);
        }
        self.set_alarm();
    }

    fn set_alarm(&self) {
        let next = self.state.borrow().waiting.front().map(|(at, _)| *at);
        if let (Some(alarm), Some(next)) = (self.alarm.get(), next) {
            alarm.set(Some(next));
        }
    }

    /// Why this operation fails, if it does.
    fn fails(&self, op: DiskOp, bytes: usize) -> Option<DiskError> {
        let mut state = self.state.borrow_mut();
        if state.failure.is_none() {
            state.failure = state.fault(op, bytes);
        }
        state.failure.clone()
    }
}

impl State {
    /// Whether a fault strikes here.
    fn fault(&mut self, op: DiskOp, bytes: usize) -> Option<DiskError> {
        let chance = self.errors[op as usize];
        if chance > 0.0 && self.rng.random_bool(chance) {
            self.failed += 1;
            return Some(DiskError::Io(format!("injected {op:?} error").to_lowercase()));
        }
        if op == DiskOp::Write
            && let Some(room) = self.room
        {
            self.room = room.checked_sub(bytes as u64);
            if self.room.is_none() {
                self.refused += 1;
                return Some(DiskError::Full);
            }
        }
        None
    }

    fn draw_wait(&mut self) -> Duration {
        if self.waits.is_empty() {
            return Duration::ZERO;
        }
        let wait = self.waits[self.rng.random_range(0..self.waits.len())];
        self.slowed += u64::from(!wait.is_zero());
        wait
    }
}

impl Disk for BreakableDisk {
    fn append(&self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        if let Some(error) = self.0.fails(DiskOp::Write, bytes.len()) {
            return Err(error);
        }
        if self.0.state.borrow().waiting.is_empty() {
            return self.0.disk.append(file, bytes);
        }
        let (file, bytes) = (file.to_owned(), bytes.to_vec());
        // If it fails, the next sync says so.
        let work: Work = Box::new(move |disk| _ = disk.append(&file, &bytes));
        self.0.state.borrow_mut().waiting.push_back((Time::ZERO, work));
        Ok(())
    }

    fn sync(&self, file: &str, done: Done<()>) {
        if let Some(error) = self.0.fails(DiskOp::Sync, 0) {
            return self.0.later(Box::new(move |_| done(Err(error))));
        }
        let file = file.to_owned();
        self.0.in_order(Box::new(move |disk| disk.sync(&file, done)));
    }

    fn read(&self, file: &str, done: Done<Vec<u8>>) {
        if let Some(error) = self.0.fails(DiskOp::Read, 0) {
            return self.0.later(Box::new(move |_| done(Err(error))));
        }
        let file = file.to_owned();
        self.0.in_order(Box::new(move |disk| disk.read(&file, done)));
    }

    fn replace(&self, file: &str, bytes: Vec<u8>, done: Done<()>) {
        if let Some(error) = self.0.fails(DiskOp::Write, bytes.len()) {
            return self.0.later(Box::new(move |_| done(Err(error))));
        }
        let file = file.to_owned();
        self.0.in_order(Box::new(move |disk| disk.replace(&file, bytes, done)));
    }
}

#[cfg(test)]
mod tests;
