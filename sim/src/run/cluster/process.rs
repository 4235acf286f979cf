//! A daemon's process as signals see it: stopped, or slow, or both.
//!
//! A slow processor is made as the kernel limits a group of processes: the process runs for a share of each turn and is
//! stopped for the rest. What is idle most of the time is slowed in what it answers, not in what it computes.

use rustix::process::{Pid, Signal, kill_process};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// One run and one stop.
const TURN: Duration = Duration::from_millis(10);

/// The signals of one process.
pub(super) struct Process {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// `None` when it has ended: its number may be another's then.
    pid: Option<Pid>,
    paused: bool,
    /// How long it runs in each turn; `None`: all the time.
    runs: Option<Duration>,
    /// How often it was stopped because it is slow.
    stops: u64,
}

impl Process {
    /// Of a child that runs.
    pub(super) fn new(pid: Option<Pid>) -> Process {
        let state = State { pid, paused: false, runs: None, stops: 0 };
        Process {
            shared: Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }),
            thread: None,
        }
    }

    /// Sends a signal. `false` if the process has ended.
    pub(super) fn signal(&self, signal: Signal) -> bool {
        self.shared.lock().signal(signal)
    }

    /// Stops it. `false` if it is stopped, or has ended.
    pub(super) fn pause(&self) -> bool {
        let mut state = self.shared.lock();
        if state.paused || !state.signal(Signal::STOP) {
            return false;
        }
        state.paused = true;
        true
    }

    /// Lets it go on, after a pause.
    pub(super) fn resume(&self) {
        let mut state = self.shared.lock();
        if std::mem::take(&mut state.paused) {
            state.signal(Signal::CONT);
        }
    }

    /// Makes it so many times slower; 1 or less: as fast as at first.
    ///
    /// # Panics
    /// If there can be no thread.
    pub(super) fn slow(&mut self, factor: f64) {
        let runs = (factor > 1.0).then(|| TURN.div_f64(factor));
        self.shared.lock().runs = runs;
        self.shared.changed.notify_one();
        if runs.is_some() && self.thread.is_none() {
            let shared = self.shared.clone();
            let work = move || shared.take_turns();
            let thread = std::thread::Builder::new().name("slow processor".into()).spawn(work);
            self.thread = Some(thread.expect("a thread can be started"));
        }
    }

    /// How often it was stopped because it is slow.
    pub(super) fn stops(&self) -> u64 {
        self.shared.lock().stops
    }
}

impl Drop for Process {
    /// No signal is sent any more.
    fn drop(&mut self) {
        self.shared.lock().pid = None;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until the process has ended.
    fn take_turns(&self) {
        let mut state = self.lock();
        while state.pid.is_some() {
            let Some(runs) = state.runs else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if !state.paused {
                state.signal(Signal::STOP);
                state.stops += 1;
            }
            drop(state);
            std::thread::park_timeout(TURN.saturating_sub(runs));
            state = self.lock();
            if !state.paused {
                state.signal(Signal::CONT);
            }
            drop(state);
            std::thread::park_timeout(runs);
            state = self.lock();
        }
    }
}

impl State {
    fn signal(&self, signal: Signal) -> bool {
        self.pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command};

    struct Sleeper(Child);

    impl Sleeper {
        fn start() -> (Sleeper, Process) {
            let child = Command::new("sleep").arg("1000").spawn().unwrap();
            let process = Process::new(Pid::from_raw(child.id().cast_signed()));
            (Sleeper(child), process)
        }

        fn is_stopped(&self) -> bool {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
            stat.rsplit_once(") ").unwrap().1.starts_with('T')
        }

        /// Both are seen within a deadline that only a broken process passes.
        fn becomes_stopped(&self, stopped: bool) -> bool {
            (0..10_000).any(|_| {
                std::thread::park_timeout(Duration::from_millis(1));
                self.is_stopped() == stopped
            })
        }
    }

    impl Drop for Sleeper {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn a_slow_process_stops_and_runs_and_a_pause_holds_it_through_its_turns() {
        let (sleeper, mut process) = Sleeper::start();
        process.slow(2.0);
        for stopped in [true, false, true, false] {
            assert!(sleeper.becomes_stopped(stopped));
        }
        assert!(process.stops() > 0);
        assert!(process.pause() && !process.pause());
        assert!(sleeper.becomes_stopped(true));
        let stops = process.stops();
        std::thread::park_timeout(3 * TURN);
        assert!(sleeper.is_stopped() && process.stops() == stops);
        process.resume();
        assert!(sleeper.becomes_stopped(false));
        process.slow(1.0);
        drop(process);
        assert!(sleeper.becomes_stopped(false));
    }

    #[test]
    fn a_process_that_has_ended_gets_no_signal() {
        let process = Process::new(None);
        assert!(!process.signal(Signal::TERM) && !process.pause());
    }
}
