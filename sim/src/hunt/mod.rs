//! The search for what breaks a property, and its reduction to the smallest that still does.
//!
//! A hunt begins with a scenario file. Where a strategy searches whole nodes, the file says the network, the work and
//! the faults that are there anyway; the hunt adds faults of its own and runs each case once in the lab. Where it
//! searches the cores ([`bitcraps_search`]), the file says the engine and how many validators there are. A case is
//! judged by every property that holds in any run, and is reproduced by what it is: a scenario with its seed, or a
//! schedule. What is found is shrunk ([`shrink`]).

mod cores;
mod menu;
mod shrink;
mod simpler;
mod strategy;

#[cfg(test)]
mod tests;

pub use shrink::{Shrunk, shrink};
pub use strategy::{Strategy, situation};

use crate::run::{self, Feature, Outcome};
use crate::scenario::Scenario;
use bitcraps_search::Schedule;
use std::collections::BTreeSet;
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
    /// What is run.
    pub subject: Subject,
}

/// What is run: everything that a run depends on.
#[derive(Clone, Debug)]
pub enum Subject {
    /// Whole nodes in the lab.
    Nodes {
        /// With the faults that were drawn.
        scenario: Box<Scenario>,
        /// The run's.
        seed: u64,
    },
    /// The engines alone.
    Cores(Box<Schedule>),
}

impl Subject {
    /// How many things go wrong in it.
    pub fn faults(&self) -> usize {
        match self {
            Subject::Nodes { scenario, .. } => scenario.faults.len(),
            Subject::Cores(schedule) => cores::faults(schedule),
        }
    }
}

/// A property that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its name.
    pub property: String,
    /// What was seen.
    pub detail: String,
}

impl Violation {
    /// The property of the cores' judge that has this name.
    pub fn known(&self) -> Option<bitcraps_search::Property> {
        let named = |property: &bitcraps_search::Property| property.to_string() == self.property;
        bitcraps_search::Property::ALL.into_iter().find(named)
    }
}

/// The property's name where the testbed itself panicked.
const INTERNAL: &str = "internal error";

/// A case that was run.
#[derive(Clone, Debug, Default)]
pub struct Tested {
    /// The first property that did not hold.
    pub violation: Option<Violation>,
    /// Where the engines have been.
    pub coverage: BTreeSet<Feature>,
    /// Virtual time that it took.
    pub simulated: Duration,
    /// Of a scenario: all that is known of the run.
    outcome: Option<Outcome>,
}

/// Runs what is to be run. A panic of the testbed is a violation too.
pub fn test(subject: &Subject) -> Tested {
    match subject {
        Subject::Cores(schedule) => cores::test(schedule),
        Subject::Nodes { scenario, seed } => {
            match catch_unwind(AssertUnwindSafe(|| run::sample(scenario, *seed, ""))) {
                Ok(outcome) => tested(outcome),
                Err(_) => {
                    let detail = "the testbed panicked".to_owned();
                    let violation = Violation { property: INTERNAL.to_owned(), detail };
                    Tested { violation: Some(violation), ..Tested::default() }
                }
            }
        }
    }
}

fn tested(mut outcome: Outcome) -> Tested {
    let broken = outcome.record.properties.iter().find(|property| property.holds == Some(false));
    let violation =
        broken.map(|broken| Violation { property: broken.name.clone(), detail: broken.detail.clone() });
    let coverage = std::mem::take(&mut outcome.coverage);
    let simulated = Duration::from_nanos(outcome.record.manifest.duration_ns);
    Tested { violation, coverage, simulated, outcome: Some(outcome) }
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
    /// Whether there are no other cases.
    pub exhausted: bool,
}

/// Hunts in a [`situation`] until the limits are reached or `go_on` says no: it is asked after each generation. `run` is [`test`], with
/// whatever should stand around it.
pub fn hunt(
    situation: &Scenario,
    strategy: Strategy,
    seed: u64,
    limits: Limits,
    run: &(impl Fn(&Case) -> Tested + Sync),
    mut go_on: impl FnMut(&Progress) -> bool,
) -> Hunted {
    let mut source = Cases::new(situation, strategy, seed);
    let mut hunted = Hunted::default();
    let mut known = BTreeSet::new();
    let mut left = limits.cases;
    while left > 0 && go_on(&hunted.progress) {
        let size = left.min((limits.jobs * source.generation()) as u64);
        left -= size;
        let cases: Vec<Case> = (0..size).map_while(|_| source.next()).collect();
        if cases.is_empty() {
            hunted.exhausted = true;
            break;
        }
        let all = run_all(&cases, limits.jobs, run);
        for (case, tested) in cases.into_iter().zip(all) {
            hunted.progress.cases += 1;
            hunted.progress.simulated += tested.simulated;
            source.learn(&case, &tested.coverage);
            let Some(violation) = tested.violation else { continue };
            hunted.progress.broken += 1;
            if known.insert(violation.property.clone()) {
                hunted.finds.push((case, violation));
            }
            if limits.stop_at_first {
                break;
            }
        }
        hunted.progress.features = source.features();
        if limits.stop_at_first && !hunted.finds.is_empty() {
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
