//! A disk that can be broken while a node writes to it: the Disk port before the machine's own.
//!
//! While it is slow, an operation waits *before* it is done, so that a process that is killed has lost what waits. All
//! operations keep their order, those that wait for nothing too. It stands before the files of the node's core, not
//! before the archive, which is not one of its ports.

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

    /// Why a fault lets this operation fail, if it does.
    fn fails(&self, op: DiskOp, bytes: usize) -> Option<DiskError> {
        let mut state = self.state.borrow_mut();
        let chance = state.errors[op as usize];
        if chance > 0.0 && state.rng.random_bool(chance) {
            state.failed += 1;
            return Some(DiskError::Io(format!("injected {op:?} error").to_lowercase()));
        }
        if op == DiskOp::Write
            && let Some(room) = state.room
        {
            let left = room.checked_sub(bytes as u64);
            if left.is_none() {
                state.refused += 1;
                return Some(DiskError::Full);
            }
            state.room = left;
        }
        None
    }
}

impl State {
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
mod tests {
    use super::super::testing::{TestClock, TestDisk};
    use super::*;
    use rand_chacha::rand_core::SeedableRng;

    type Answers = Rc<RefCell<Vec<Result<(), DiskError>>>>;

    struct Rig {
        clock: TestClock,
        disk: BreakableDisk,
        inner: Rc<TestDisk>,
        answers: Answers,
    }

    fn rig() -> Rig {
        let (clock, inner) = (TestClock::at(0), Rc::new(TestDisk::default()));
        let rng = ChaCha8Rng::seed_from_u64(1);
        let disk = BreakableDisk::new(inner.clone(), Rc::new(clock.clone()), rng);
        Rig { clock, disk, inner, answers: Answers::default() }
    }

    impl Rig {
        fn answer(&self) -> Done<()> {
            let answers = self.answers.clone();
            Box::new(move |answer| answers.borrow_mut().push(answer))
        }

        fn done(&self) -> Vec<String> {
            self.inner.done.borrow().clone()
        }
    }

    #[test]
    fn a_whole_disk_does_everything_at_once() {
        let rig = rig();
        rig.disk.append("a", b"123").unwrap();
        rig.disk.sync("a", rig.answer());
        rig.disk.replace("a", vec![1], rig.answer());
        rig.disk.read("a", Box::new(|read| assert_eq!(read, Ok(vec![7]))));
        assert_eq!(rig.done(), ["append a 3", "sync a", "replace a 1", "read a"]);
        assert_eq!(*rig.answers.borrow(), [Ok(()), Ok(())]);
        assert_eq!((rig.disk.failed(), rig.disk.refused(), rig.disk.slowed()), (0, 0, 0));
    }

    #[test]
    fn on_a_slow_disk_operations_wait_before_they_are_done_and_keep_their_order() {
        let rig = rig();
        rig.disk.set_waits(vec![Duration::from_nanos(100)]);
        rig.disk.append("a", b"1").unwrap();
        rig.disk.replace("a", vec![2, 2], rig.answer());
        rig.disk.append("a", b"333").unwrap();
        rig.clock.go_on(50);
        rig.disk.sync("a", rig.answer());
        assert_eq!(rig.done(), ["append a 1"], "only memory was touched");
        rig.clock.go_on(50);
        assert_eq!(rig.done(), ["append a 1", "replace a 2", "append a 3"]);
        rig.disk.set_waits(Vec::new());
        rig.disk.read("b", Box::new(|_| ()));
        assert_eq!(rig.done().len(), 3, "it is behind the sync that waits");
        rig.clock.go_on(50);
        assert_eq!(rig.done()[3..], ["sync a", "read b"]);
        rig.disk.read("c", Box::new(|_| ()));
        assert_eq!((rig.done().len(), rig.answers.borrow().len(), rig.disk.slowed()), (6, 2, 2));
    }

    #[test]
    fn a_full_disk_takes_what_fits_and_no_more_until_there_is_room() {
        let rig = rig();
        rig.disk.set_room(Some(4));
        rig.disk.append("a", b"123").unwrap();
        assert_eq!(rig.disk.append("a", b"45"), Err(DiskError::Full));
        rig.disk.append("a", b"4").unwrap();
        rig.disk.replace("b", vec![0], rig.answer());
        rig.disk.sync("a", rig.answer());
        rig.clock.go_on(1);
        assert_eq!(*rig.answers.borrow(), [Err(DiskError::Full), Ok(())]);
        assert_eq!(rig.disk.refused(), 2);
        rig.disk.set_room(None);
        rig.disk.append("a", &[0; 1000]).unwrap();
        assert_eq!(rig.disk.refused(), 2);
    }

    #[test]
    fn an_operation_that_fails_is_not_done_and_others_are() {
        let rig = rig();
        rig.disk.set_errors(DiskOp::Sync, 1.0);
        rig.disk.append("a", b"1").unwrap();
        rig.disk.sync("a", rig.answer());
        assert!(rig.answers.borrow().is_empty(), "no answer comes before the call returns");
        rig.clock.go_on(1);
        assert_eq!(*rig.answers.borrow(), [Err(DiskError::Io("injected sync error".into()))]);
        rig.disk.set_errors(DiskOp::Sync, 0.0);
        rig.disk.set_errors(DiskOp::Write, 1.0);
        assert!(rig.disk.append("a", b"1").is_err());
        rig.disk.sync("a", rig.answer());
        assert_eq!(rig.done(), ["append a 1", "sync a"]);
        assert_eq!(rig.disk.failed(), 2);
    }
}
