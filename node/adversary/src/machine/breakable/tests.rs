//! Over a disk that does at once what it is asked, and a clock that the test moves.

use super::*;
use crate::machine::testing::{TestClock, TestDisk};
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
fn a_full_disk_takes_what_fits_and_then_nothing_any_more() {
    let rig = rig();
    rig.disk.set_room(Some(4));
    rig.disk.append("a", b"123").unwrap();
    rig.disk.append("a", b"4").unwrap();
    assert_eq!(rig.disk.append("a", b"5"), Err(DiskError::Full));
    rig.disk.set_room(None);
    rig.disk.replace("b", vec![0], rig.answer());
    rig.disk.sync("a", rig.answer());
    assert!(rig.answers.borrow().is_empty(), "no answer comes before the call returns");
    rig.clock.go_on(1);
    assert_eq!(*rig.answers.borrow(), [Err(DiskError::Full), Err(DiskError::Full)]);
    assert_eq!((rig.done(), rig.disk.refused()), (vec!["append a 3".into(), "append a 1".into()], 1));
}

#[test]
fn only_the_operations_that_a_fault_names_fail_and_after_that_all_do() {
    let rig = rig();
    let error = Err(DiskError::Io("injected sync error".into()));
    rig.disk.set_errors(DiskOp::Sync, 1.0);
    rig.disk.append("a", b"1").unwrap();
    rig.disk.replace("b", vec![1], rig.answer());
    rig.disk.read("a", Box::new(|read| assert!(read.is_ok())));
    rig.disk.sync("a", rig.answer());
    rig.clock.go_on(1);
    assert_eq!(*rig.answers.borrow(), [Ok(()), error.clone()]);
    rig.disk.set_errors(DiskOp::Sync, 0.0);
    assert_eq!(rig.disk.append("a", b"1"), error);
    rig.disk.sync("a", rig.answer());
    rig.clock.go_on(1);
    assert_eq!(rig.answers.borrow().last(), Some(&error));
    assert_eq!(
        (rig.done(), rig.disk.failed()),
        (vec!["append a 1".into(), "replace b 1".into(), "read a".into()], 1)
    );
}
