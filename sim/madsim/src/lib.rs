//! madsim as the scheduler of a lab: every actor is a task of madsim, and which of all that are ready runs next is drawn.
//!
//! [`machines`] is the scheduler. What the actors must not ask, libc's clock and entropy, is answered all the same, by
//! [`stranger`]: differently in the two runs of a pair, which must then be the same. Links, disks and the clocks of the
//! nodes are the lab's.

mod machines;
mod stranger;

use bitcraps_sim::lab::{Schedule, Scheduler};
use machines::Machines;
use std::rc::Rc;

/// A scheduler of its own for each lab. Each wants a thread that no other had: the keys of std's hash maps are a thread's.
pub fn lend(schedule: Schedule) -> Rc<dyn Scheduler> {
    Machines::new(schedule)
}
