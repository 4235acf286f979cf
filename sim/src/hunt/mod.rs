//! The search for the scenario that breaks a property, and its reduction to the smallest that still does.
//!
//! A hunt begins with a scenario file: its network, its work, its faults. It adds faults of its own ([`Strategy`]),
//! runs each case once in the lab, and judges it by every property that holds in any run. A case is reproduced by its
//! scenario and its seed. What is found is shrunk ([`shrink`]).

mod ddmin;
mod menu;
mod shrink;
mod simpler;
mod strategy;

#[cfg(test)]
mod tests;

pub use shrink::{Shrunk, shrink};
pub use strategy::Strategy;

use crate::run::{self, Outcome};
use crate::scenario::{Family, Inject, Scenario};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use strategy::Cases;

/// One case of a hunt.
#[derive(Clone, Debug)]
pub struct Case {
    /// Counted from 0.
    pub number: u64,
    /// With the faults that were drawn.
    pub scenario: Scenario,
    /// What it is run with.
    pub seed: u64,
}

/// A property that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its name.
    pub property: String,
    /// What was seen.
    pub detail: String,
}

/// The property's name where the testbed itself panicked.
const INTERNAL: &str = "internal error";

impl Violation {
    /// The first that a run shows.
    pub fn of(outcome: &Outcome) -> Option<Violation> {
        let broken = outcome.record.properties.iter().find(|property| property.holds == Some(false))?;
        Some(Violation { property: broken.name.clone(), detail: broken.detail.clone() })
    }
}

/// Runs one case. A panic of the testbed is a violation too.
pub fn test(scenario: &Scenario, seed: u64) -> (Option<Violation>, Option<Outcome>) {
    match catch_unwind(AssertUnwindSafe(|| run::sample(scenario, seed, ""))) {
        Ok(outcome) => (Violation::of(&outcome), Some(outcome)),
        Err(_) => {
            let detail = "the testbed panicked".to_owned();
            (Some(Violation { property: INTERNAL.to_owned(), detail }), None)
        }
    }
}

/// How a hunt goes on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Cases, at most.
    pub cases: u64,
    /// Cases at once.
    pub jobs: usize,
    /// Whether the first find ends it. Otherwise the first of each property is kept.
    pub stop_at_first: bool,
}

/// How far a hunt is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Cases run.
    pub cases: u64,
    /// Virtual time of them all.
    pub simulated: Duration,
    /// Features met ([`run::Feature`]).
    pub features: usize,
    /// Cases that broke a property.
    pub broken: u64,
}

/// What a hunt came to.
#[derive(Clone, Debug, Default)]
pub struct Hunted {
    /// How far it came.
    pub progress: Progress,
    /// The first case that broke each property, in the order of cases.
    pub finds: Vec<(Case, Violation)>,
}

/// Cases of one generation, for each that runs at once. A new one begins when all of it have run, so that what coverage
/// learns does not depend on which thread was faster.
const GENERATION: usize = 8;

/// Hunts until the limits are reached or `go_on` says no: it is asked after each generation. `around` runs a case, as
/// [`test`] does.
pub fn hunt(
    base: &Scenario,
    strategy: Strategy,
    seed: u64,
    limits: Limits,
    around: &(impl Fn(&Case) -> (Option<Violation>, Option<Outcome>) + Sync),
    mut go_on: impl FnMut(&Progress) -> bool,
) -> Hunted {
    let mut source = Cases::new(base, strategy, seed);
    let mut hunted = Hunted::default();
    let mut known: BTreeMap<String, ()> = BTreeMap::new();
    let mut left = limits.cases;
    while left > 0 && go_on(&hunted.progress) {
        let size = left.min((limits.jobs * GENERATION) as u64);
        left -= size;
        let cases: Vec<Case> = (0..size).map(|_| source.next()).collect();
        for (case, (violation, outcome)) in cases.iter().zip(run_all(&cases, limits.jobs, around)) {
            hunted.progress.cases += 1;
            if let Some(outcome) = outcome {
                hunted.progress.simulated += Duration::from_nanos(outcome.record.manifest.duration_ns);
                source.learn(case, &outcome.coverage);
            }
            let Some(violation) = violation else { continue };
            hunted.progress.broken += 1;
            if known.insert(violation.property.clone(), ()).is_none() {
                hunted.finds.push((case.clone(), violation));
            }
        }
        hunted.progress.features = source.features();
        if limits.stop_at_first && !hunted.finds.is_empty() {
            hunted.finds.truncate(1);
            break;
        }
    }
    hunted
}

/// The results in the order of the cases.
fn run_all<T: Send>(cases: &[Case], jobs: usize, run: &(impl Fn(&Case) -> T + Sync)) -> Vec<T> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(cases.len())));
    let work = || {
        while let Some((at, case)) = cases.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
            let result = run(case);
            done.lock().expect("nobody panics with the lock").push((at, result));
        }
    };
    std::thread::scope(|scope| {
        (1..jobs.min(cases.len())).for_each(|_| _ = scope.spawn(work));
        work();
    });
    let mut done = done.into_inner().expect("all workers have ended");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

fn is_lie(inject: &Inject) -> bool {
    inject.family() == Family::Byzantine
}
