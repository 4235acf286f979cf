//! Independent runs on all cores, under the watchdog.

use super::watchdog::Watchdog;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Does every job on `threads` threads and gives the results in the order in which they came. `repro` is the line that
/// does a job again, should it spin; `show` is called some times a second meanwhile.
pub(super) fn work<J: Sync, R: Send>(
    jobs: &[J],
    threads: usize,
    repro: impl Fn(&J) -> String + Sync,
    job: impl Fn(&J) -> R + Sync,
    show: &(impl Fn() + Sync),
) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let watchdog = Watchdog::default();
    let work = || {
        while let Some(one) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = watchdog.during(&repro(one), || job(one));
            done.lock().expect("no job panics with the lock").push(result);
        }
    };
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| watchdog.watch(show));
        let helpers: Vec<_> = (1..threads.min(jobs.len())).map(|_| scope.spawn(work)).collect();
        work();
        for helper in helpers {
            helper.join().expect("a run's own panic is caught");
        }
        watchdog.call_off();
        watch.thread().unpark();
    });
    done.into_inner().expect("all workers have ended")
}
