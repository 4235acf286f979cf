//! A sign of life of all runs of this process. An actor that spins without touching a port can't be interrupted from
//! within its thread; whoever waits for a run can see here that nothing moves, and how far the run is.

use bitcraps_types::Time;
use std::sync::atomic::{AtomicU64, Ordering};

static BEATS: AtomicU64 = AtomicU64::new(0);
static NOW: AtomicU64 = AtomicU64::new(0);

/// A run moved on, to this virtual time.
pub(super) fn beat(now: Time) {
    BEATS.fetch_add(1, Ordering::Relaxed);
    NOW.store(now.0, Ordering::Relaxed);
}

/// A run outside of the worlds is over.
pub fn beat_alone() {
    BEATS.fetch_add(1, Ordering::Relaxed);
}

/// How often any run has moved on.
pub fn beats() -> u64 {
    BEATS.load(Ordering::Relaxed)
}

/// The virtual time of the run that moved last. It starts anew with each pass.
pub fn now() -> Time {
    Time(NOW.load(Ordering::Relaxed))
}
