//! Ends the process when no run moves any more: an actor that spins would otherwise hang it without a word.

use super::exit;
use crate::run::heartbeat;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Without a sign of life for so long, the process ends. A run shows one every 100 ms of virtual time.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(250);

/// Knows which runs are on.
#[derive(Default)]
pub(super) struct Watchdog {
    on: Mutex<Vec<String>>,
    done: AtomicBool,
}

impl Watchdog {
    /// Does `work`, which `repro` would do again.
    pub(super) fn during<T>(&self, repro: &str, work: impl FnOnce() -> T) -> T {
        self.list(|on| on.push(repro.to_owned()));
        let result = work();
        self.list(|on| {
            let place = on.iter().position(|line| line == repro);
            place.map(|place| on.remove(place));
        });
        result
    }

    /// All runs are over: [`Watchdog::watch`] returns.
    pub(super) fn call_off(&self) {
        self.done.store(true, Ordering::Relaxed);
    }

    /// Watches until called off; does not return if nothing moves. Calls `show` at each look.
    pub(super) fn watch(&self, show: &impl Fn()) {
        let (mut seen, mut still) = (heartbeat::beats(), Duration::ZERO);
        while !self.done.load(Ordering::Relaxed) {
            std::thread::park_timeout(LOOK);
            show();
            let beats = heartbeat::beats();
            still = if beats == seen { still + LOOK } else { Duration::ZERO };
            seen = beats;
            if still >= PATIENCE {
                eprintln!("internal error: no run has moved for {PATIENCE:?}; an actor spins");
                self.list(|on| on.iter().for_each(|repro| eprintln!("REPRO {repro}")));
                std::process::exit(exit::INTERNAL.into());
            }
        }
    }

    fn list<T>(&self, look: impl FnOnce(&mut Vec<String>) -> T) -> T {
        look(&mut self.on.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}
