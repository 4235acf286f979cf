//! In the place of actix-rt, in this workspace alone: as much of it as actix is made of.
//!
//! actix hands each actor to [`spawn`] as one task. Here that task goes to the scheduler that the thread was given, or to
//! tokio's `LocalSet`, as in the original, where none was. There is no `System` and no `Arbiter`: an actor that asks for
//! one panics.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

/// A task that gives nothing back.
pub type Task = Pin<Box<dyn Future<Output = ()>>>;
/// Takes tasks.
pub type Scheduler = Rc<dyn Fn(Task)>;

thread_local! {
    static SCHEDULER: RefCell<Option<Scheduler>> = const { RefCell::new(None) };
}

/// From now on the tasks of this thread go to `scheduler`. Gives the one before.
pub fn replace_scheduler(scheduler: Option<Scheduler>) -> Option<Scheduler> {
    SCHEDULER.replace(scheduler)
}

/// Runs a future as a task of its own.
///
/// # Panics
/// If the thread has no scheduler and is in no `LocalSet`.
pub fn spawn<F>(future: F)
where
    F: Future + 'static,
    F::Output: 'static,
{
    match SCHEDULER.with_borrow(Clone::clone) {
        Some(scheduler) => scheduler(Box::pin(async move {
            future.await;
        })),
        None => drop(tokio::task::spawn_local(future)),
    }
}

/// tokio's timers: outside a runtime of tokio, and so in every simulated world, they panic.
pub mod time {
    pub use tokio::time::{
        Instant, Interval, Sleep, Timeout, interval, interval_at, sleep, sleep_until, timeout,
    };
}

fn none(what: &str) -> ! {
    panic!("there is no {what} in this world")
}

/// None can be made.
#[derive(Clone, Debug)]
pub struct System(Infallible);

#[expect(missing_docs, reason = "none can be made, so that none of these can be called")]
impl System {
    #[expect(clippy::new_ret_no_self, reason = "as in the original")]
    pub fn new() -> SystemRunner {
        none("actix System")
    }

    pub fn current() -> System {
        none("actix System")
    }

    pub fn set_current(system: System) {
        match system.0 {}
    }

    pub fn id(&self) -> usize {
        match self.0 {}
    }

    pub fn arbiter(&self) -> &ArbiterHandle {
        match self.0 {}
    }
}

/// None can be made.
#[derive(Debug)]
pub struct SystemRunner(Infallible);

impl SystemRunner {
    /// As in the original.
    pub fn block_on<F: Future>(&self, _: F) -> F::Output {
        match self.0 {}
    }
}

/// None can be made.
#[derive(Debug)]
pub struct Arbiter(Infallible);

#[expect(clippy::new_without_default, reason = "as in the original")]
impl Arbiter {
    /// As in the original.
    pub fn new() -> Arbiter {
        none("actix Arbiter")
    }

    /// As in the original.
    pub fn handle(&self) -> ArbiterHandle {
        match self.0 {}
    }
}

/// None can be made.
#[derive(Clone, Debug)]
pub struct ArbiterHandle(Infallible);

impl ArbiterHandle {
    /// As in the original.
    pub fn spawn<F: Future<Output = ()> + Send + 'static>(&self, _: F) -> bool {
        match self.0 {}
    }

    /// As in the original.
    pub fn spawn_fn<F: FnOnce() + Send + 'static>(&self, _: F) -> bool {
        match self.0 {}
    }
}
