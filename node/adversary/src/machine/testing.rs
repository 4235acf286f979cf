//! A clock that goes on when a test says so, and a disk in memory that writes down what is asked of it.

use bitcraps_actors::ports::{Alarm, Clock, Disk, DiskError, Done};
use bitcraps_types::{Time, WallTime};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

type Slot = (Cell<Option<Time>>, Box<dyn Fn()>);

#[derive(Clone)]
pub(super) struct TestClock {
    now: Rc<Cell<u64>>,
    alarms: Rc<RefCell<Vec<Weak<Slot>>>>,
}

impl TestClock {
    pub(super) fn at(now: u64) -> TestClock {
        TestClock { now: Rc::new(Cell::new(now)), alarms: Rc::default() }
    }

    /// Lets so many nanoseconds pass, then rings what is due.
    pub(super) fn go_on(&self, by: u64) {
        self.now.set(self.now.get() + by);
        let alarms: Vec<_> = self.alarms.borrow().iter().filter_map(Weak::upgrade).collect();
        for alarm in alarms {
            if alarm.0.get().is_some_and(|at| at <= self.now()) {
                alarm.0.set(None);
                alarm.1();
            }
        }
    }
}

impl Clock for TestClock {
    fn now(&self) -> Time {
        Time(self.now.get())
    }

    fn wall(&self) -> WallTime {
        WallTime(1_000_000 + self.now.get())
    }

    fn alarm(&self, ring: Box<dyn Fn()>) -> Box<dyn Alarm> {
        let slot = Rc::new((Cell::new(None), ring));
        self.alarms.borrow_mut().push(Rc::downgrade(&slot));
        Box::new(TestAlarm(slot))
    }
}

struct TestAlarm(Rc<Slot>);

impl Alarm for TestAlarm {
    fn set(&self, at: Option<Time>) {
        self.0.0.set(at);
    }
}

/// Does at once what it is asked.
#[derive(Default)]
pub(super) struct TestDisk {
    pub(super) done: RefCell<Vec<String>>,
}

impl Disk for TestDisk {
    fn append(&self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.done.borrow_mut().push(format!("append {file} {}", bytes.len()));
        Ok(())
    }

    fn sync(&self, file: &str, done: Done<()>) {
        self.done.borrow_mut().push(format!("sync {file}"));
        done(Ok(()));
    }

    fn read(&self, file: &str, done: Done<Vec<u8>>) {
        self.done.borrow_mut().push(format!("read {file}"));
        done(Ok(vec![7]));
    }

    fn replace(&self, file: &str, bytes: Vec<u8>, done: Done<()>) {
        self.done.borrow_mut().push(format!("replace {file} {}", bytes.len()));
        done(Ok(()));
    }
}
