//! The world of production: what the ports of [`bitcraps_actors::ports`] are made of outside a simulation.
//!
//! All of it lives on the node's one thread, save for the thread that does the disk's work. The links are in a crate
//! of their own. What the ports promise is tried by the suite that tries every world's, `sim/src/conformance`.

mod clock;
pub mod disk;
mod entropy;
mod fence;

pub use clock::SystemClock;
pub use entropy::OsEntropy;
pub use fence::{Fenced, Halted};

use bitcraps_actors::ports::Compute;
use std::time::Duration;

/// Costly work is done where it is asked for: an Ed25519 check takes less time than handing it to another thread.
pub struct Inline;

impl Compute for Inline {
    fn run(&self, _: Duration, then: Box<dyn FnOnce()>) {
        then();
    }

    fn verify_cost(&self) -> Duration {
        Duration::ZERO
    }
}
