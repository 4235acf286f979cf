//! What libc says to actors, who should not ask: another time and another entropy than the run's.
//!
//! madsim answers `clock_gettime`, `getrandom` and their kin from the runtime in whose context the caller is. The actors
//! are polled in the context of a second runtime, on which nothing is scheduled. So the schedule draws from one stream
//! and libc from another, and one can change without the other. In the two runs of a pair libc differs in all it says:
//! the date, how fast time passes, every random byte, the keys of hash maps. Where the runs then differ, an actor asked.

use bitcraps_sim::lab::Schedule;
use madsim::Config;
use madsim::runtime::Runtime;
use madsim::time::TimeHandle;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// After so many calls the runtime is made anew: it keeps a record of each future for as long as it lives.
const CALLS: u32 = 4096;

/// The context in which actors are polled.
pub(crate) struct Stranger {
    seed: u64,
    /// libc's clocks run this many quarters as fast as the run's.
    quarters: u32,
    now: Box<dyn Fn() -> Duration>,
    runtime: RefCell<Rc<Runtime>>,
    time: RefCell<TimeHandle>,
    calls: Cell<u32>,
}

impl Stranger {
    /// `now` tells the run's time. Must be the first runtime of its thread: it gives the thread's hash maps their keys.
    pub(crate) fn new(schedule: Schedule, now: impl Fn() -> Duration + 'static) -> Stranger {
        let seed = schedule.seed.rotate_left(32)
            ^ schedule.unseen.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let runtime = runtime(seed);
        Stranger {
            seed,
            quarters: 4 + u32::try_from(schedule.unseen % 4).unwrap_or(0),
            now: Box::new(now),
            time: RefCell::new(time_of(&runtime)),
            runtime: RefCell::new(Rc::new(runtime)),
            calls: Cell::new(0),
        }
    }

    /// Calls `work` where libc is a stranger.
    pub(crate) fn meet<T>(&self, work: impl FnOnce() -> T) -> T {
        self.calls.set(self.calls.get() + 1);
        if self.calls.get().is_multiple_of(CALLS) {
            let fresh = runtime(self.seed);
            self.time.replace(time_of(&fresh));
            self.runtime.replace(Rc::new(fresh));
        }
        {
            let time = self.time.borrow();
            let shown = (self.now)() * self.quarters / 4;
            time.advance(shown.saturating_sub(time.elapsed()));
        }
        let runtime = self.runtime.borrow().clone();
        runtime.block_on(async { work() })
    }
}

fn runtime(seed: u64) -> Runtime {
    Runtime::with_seed_and_config(seed, Config::default())
}

fn time_of(runtime: &Runtime) -> TimeHandle {
    runtime.block_on(async { TimeHandle::current() })
}
