//! A sign of life of all runs of this process. An actor that spins without touching a port can't be interrupted from
//! within its thread; whoever waits for a run can see here that nothing moves.

use std::sync::atomic::{AtomicU64, Ordering};

static BEATS: AtomicU64 = AtomicU64::new(0);

/// A run moved on.
pub(super) fn beat() {
    BEATS.fetch_add(1, Ordering::Relaxed);
}

/// How often any run has moved on.
pub fn beats() -> u64 {
    BEATS.load(Ordering::Relaxed)
}
