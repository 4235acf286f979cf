//! How fast a watched run goes. Its thread waits here; the terminal's thread moves the limit that it waits for, by real time.

use bitcraps_types::Time;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Virtual seconds per real second, slowest first.
const SPEEDS: [f64; 12] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0];
/// The run is at most so long, in real time, ahead of what is seen: a pause comes at once.
const LEAD: Duration = Duration::from_millis(200);

/// See the module.
pub(super) struct Pace {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Nothing that happens later happens yet.
    limit: Time,
    speed: usize,
    paused: bool,
    /// Events that may happen beyond the limit.
    steps: u32,
    /// Nobody looks any more.
    let_go: bool,
    last_tick: Option<Instant>,
}

/// What the screen says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shown {
    pub(super) paused: bool,
    pub(super) speed: f64,
}

impl Pace {
    /// As fast as real time.
    pub(super) fn new() -> Pace {
        let speed = SPEEDS.iter().position(|speed| *speed == 1.0).unwrap_or(0);
        let state =
            State { limit: Time::ZERO, speed, paused: false, steps: 0, let_go: false, last_tick: None };
        Pace { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Called by the run: comes back when something at this time may happen.
    pub(super) fn wait_for(&self, at: Time) {
        let mut state = self.lock();
        while !state.let_go && at > state.limit {
            if state.steps > 0 {
                state.steps -= 1;
                state.limit = at;
                return;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Real time went on; the run is at `now`.
    pub(super) fn tick(&self, now: Time) {
        #[expect(clippy::disallowed_methods, reason = "a person looks on; nothing in the run asks for it")]
        let instant = Instant::now();
        let mut state = self.lock();
        let last = state.last_tick.replace(instant).unwrap_or(instant);
        state.advance(now, instant.saturating_duration_since(last));
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn pause_or_go(&self) {
        let mut state = self.lock();
        state.paused = !state.paused;
    }

    /// Lets one thing happen, and nothing after it.
    pub(super) fn step(&self) {
        let mut state = self.lock();
        state.paused = true;
        state.steps += 1;
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn faster(&self) {
        let mut state = self.lock();
        state.speed = (state.speed + 1).min(SPEEDS.len() - 1);
    }

    pub(super) fn slower(&self) {
        let mut state = self.lock();
        state.speed = state.speed.saturating_sub(1);
    }

    /// The run need not wait any more.
    pub(super) fn let_go(&self) {
        self.lock().let_go = true;
        self.changed.notify_all();
    }

    pub(super) fn shown(&self) -> Shown {
        let state = self.lock();
        Shown { paused: state.paused, speed: SPEEDS[state.speed] }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn advance(&mut self, now: Time, real: Duration) {
        if self.paused {
            // What was allowed and has not happened does not happen.
            self.limit = self.limit.min(now);
            return;
        }
        let speed = SPEEDS[self.speed];
        self.limit =
            (self.limit + real.mul_f64(speed)).min(now + LEAD.mul_f64(speed).max(Duration::from_millis(100)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn the_limit_goes_on_with_real_time_at_the_speed_and_not_far_ahead_of_the_run() {
        let pace = Pace::new();
        let mut state = pace.lock();
        state.advance(Time::ZERO, Duration::from_millis(40));
        assert_eq!(state.limit, Time(40 * MS));
        state.advance(Time(40 * MS), Duration::from_secs(60));
        assert_eq!(state.limit, Time(240 * MS), "the machine was asleep");
        state.paused = true;
        state.advance(Time(90 * MS), Duration::from_millis(40));
        assert_eq!(state.limit, Time(90 * MS), "a pause comes at once");
    }

    #[test]
    fn a_step_lets_one_thing_happen_and_the_next_waits() {
        let pace = Pace::new();
        pace.step();
        pace.wait_for(Time(7));
        assert!(pace.shown().paused);
        let state = pace.lock();
        assert_eq!((state.limit, state.steps), (Time(7), 0));
    }

    #[test]
    fn a_run_that_nobody_watches_any_more_does_not_wait() {
        let pace = Pace::new();
        pace.let_go();
        pace.wait_for(Time::NEVER);
    }

    #[test]
    fn speeds_end_at_both_ends() {
        let pace = Pace::new();
        (0..50).for_each(|_| pace.faster());
        assert_eq!(pace.shown().speed, 1000.0);
        (0..50).for_each(|_| pace.slower());
        assert_eq!(pace.shown().speed, 0.001);
    }
}
