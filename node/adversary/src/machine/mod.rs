//! Faults of the machine that a node runs on, as ports that stand before the real ones.

mod bendable;
mod bent_clock;
mod breakable;

#[cfg(test)]
mod testing;

pub use bendable::BendableClock;
pub use bent_clock::BentClock;
pub use breakable::{BreakableDisk, DiskOp};
