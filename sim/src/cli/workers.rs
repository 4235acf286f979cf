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
        // Also if a job panics: the scope waits for the watch.
        let _relieved = Relief { watchdog: &watchdog, watch: watch.thread().clone() };
        let helpers: Vec<_> = (1..threads.min(jobs.len())).map(|_| scope.spawn(work)).collect();
        work();
        for helper in helpers {
            if let Err(panic) = helper.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    done.into_inner().expect("all workers have ended")
}

/// Calls the watch off when it is dropped.
struct Relief<'a> {
    watchdog: &'a Watchdog,
    watch: std::thread::Thread,
}

impl Drop for Relief<'_> {
    fn drop(&mut self) {
        self.watchdog.call_off();
        self.watch.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn every_job_is_done_once_on_however_many_threads() {
        for threads in [1, 3] {
            let mut done = work(&[1, 2, 3, 4, 5], threads, |_| String::new(), |job| job * 10, &|| ());
            done.sort_unstable();
            assert_eq!(done, [10, 20, 30, 40, 50]);
        }
    }

    #[test]
    fn a_job_that_panics_ends_the_whole_instead_of_hanging_it() {
        for threads in [1, 3] {
            let job = |job: &u32| assert_ne!(*job, 3, "this one panics");
            let all = || work(&[1, 2, 3, 4], threads, |_| String::new(), job, &|| ());
            assert!(catch_unwind(AssertUnwindSafe(all)).is_err());
        }
    }
}
