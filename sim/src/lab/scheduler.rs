//! Another scheduler in the place of the lab's own loop.
//!
//! The lab polls the tasks of its nodes itself, by hand and in a fixed order. A program that brings a scheduler lends it
//! with [`lend`]: then the lab keeps the queue of events, the links, disks and clocks, and the scheduler has the tasks,
//! the order in which they run, and the time. Which scheduler that is, is left to the program.

use super::panics;
use super::{Finding, Lab, NodeIndex, Progress};
use bitcraps_types::Time;
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;
use std::task::Waker;

/// Runs the tasks of all nodes of one lab, in the thread of the lab.
pub trait Scheduler {
    /// Tells the time since the start, in nanoseconds. It may move while tasks run, and never goes back.
    fn clock(&self) -> Rc<dyn Fn() -> u64>;
    /// Calls `boot`, which starts the actors of a node that is down. What it gives back lives as long as they.
    fn start(&self, node: NodeIndex, boot: Box<dyn FnOnce() -> Vec<Box<dyn Any>> + '_>);
    /// Ends all tasks of a node. They may be dropped later, but none is polled again.
    fn stop(&self, node: NodeIndex);
    /// Polls no task of a node until it is resumed or stopped.
    fn pause(&self, node: NodeIndex);
    /// Polls them again.
    fn resume(&self, node: NodeIndex);
    /// Takes turns with the tasks until a turn says that it was the last. The waker that a turn is given calls the next
    /// turn before its time.
    ///
    /// # Errors
    /// The node of which a task panicked.
    fn run(&self, turn: &mut dyn FnMut(&Waker) -> Turn) -> Result<(), NodeIndex>;
}

/// When the lab wants its next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// As soon as the tasks let it.
    Soon,
    /// When it is this late.
    At(u64),
    /// Never: this run is over.
    Last,
}

/// What a scheduler is made for.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Gives the order of the tasks.
    pub seed: u64,
    /// Gives all that the actors must not look at. Two runs that differ in this alone must be the same.
    pub unseen: u64,
    /// How many nodes.
    pub nodes: NodeIndex,
}

/// Makes a scheduler for one lab.
pub type Lender = fn(Schedule) -> Rc<dyn Scheduler>;

static LENDER: OnceLock<Lender> = OnceLock::new();

/// Lends schedulers to the labs of this process that ask for one. The first call counts.
pub fn lend(lender: Lender) {
    LENDER.get_or_init(|| lender);
}

/// Whether this process has a scheduler to lend.
pub(crate) fn is_lent() -> bool {
    LENDER.get().is_some()
}

/// A lent scheduler.
///
/// # Panics
/// If there is none: see [`is_lent`].
pub(crate) fn borrow(schedule: Schedule) -> Rc<dyn Scheduler> {
    LENDER.get().expect("a program without a scheduler has been asked to lend one")(schedule)
}

/// Calls the lab's next turn before its time. Silent where no scheduler is lent.
#[derive(Clone, Debug, Default)]
pub(super) struct Bell(Rc<RefCell<Option<Waker>>>);

impl Bell {
    fn belongs_to(&self, waker: &Waker) {
        let mut place = self.0.borrow_mut();
        if place.as_ref().is_none_or(|old| !old.will_wake(waker)) {
            *place = Some(waker.clone());
        }
    }

    pub(super) fn ring(&self) {
        if let Some(waker) = &*self.0.borrow() {
            waker.wake_by_ref();
        }
    }
}

impl Lab {
    /// [`Lab::run_until`] with a lent scheduler.
    pub(super) fn run_lent(&mut self, scheduler: &dyn Scheduler, until: Time) -> Result<Progress, Finding> {
        let mut progress = Progress::Reached;
        let ran = panics::watch(|| scheduler.run(&mut |waker| self.turn(until.0, waker, &mut progress)));
        if let Err(node) = ran {
            self.collect_panic(node);
            let message = "a panic without a word".to_owned();
            self.finding.get_or_insert(Finding::ActorPanicked { node, message });
        }
        self.finding.clone().map_or(Ok(progress), Err)
    }

    /// Handles the next event that is due, among the tasks that are ready.
    fn turn(&mut self, until: u64, waker: &Waker, progress: &mut Progress) -> Turn {
        if self.world.alert.get() {
            self.collect_halts();
        }
        if self.attention.take() {
            *progress = Progress::Attention;
            return Turn::Last;
        }
        let mut core = self.world.core();
        core.bell.belongs_to(waker);
        core.calls = 0;
        let now = core.now;
        if let Some((_, event)) = core.queue.pop(now.min(until)) {
            drop(core);
            self.dispatch(event);
            return Turn::Soon;
        }
        let next = core.queue.next_at();
        if now < until {
            core.next_turn = next.unwrap_or(u64::MAX).min(until);
            return Turn::At(core.next_turn);
        }
        if next.is_none() {
            *progress = Progress::Idle;
        }
        Turn::Last
    }
}
