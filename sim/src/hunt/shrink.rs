//! A scenario that breaks a property, made smaller while it still breaks the same one: fewer faults, simpler ones,
//! a shorter run, less work, fewer nodes, plainer links.
//!
//! Faults go by delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002);
//! the rest by trying what `simpler` proposes, until nothing it proposes still fails. What a selector or a trigger left
//! to the seed or to the run is written down as it happened, so that the result depends on as few draws as can be.

use super::ddmin::ddmin;
use super::{Violation, simpler, test};
use crate::run::Outcome;
use crate::scenario::{self, Scenario};
use std::time::{Duration, Instant};

/// What shrinking came to.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest that was found.
    pub scenario: Scenario,
    /// What it still breaks.
    pub violation: Violation,
    /// How many runs it took.
    pub runs: u64,
    /// Whether the limit ended it before it was at its end.
    pub cut_short: bool,
}

struct Shrinker {
    seed: u64,
    property: String,
    runs: u64,
    started: Instant,
    limit: Duration,
    /// The smallest so far, and its run.
    best: Scenario,
    violation: Violation,
    outcome: Option<Outcome>,
}

/// Shrinks a scenario that breaks a property with this seed; `None` if it does not.
pub fn shrink(scenario: &Scenario, seed: u64, property: &str, limit: Duration) -> Option<Shrunk> {
    #[expect(clippy::disallowed_methods, reason = "how long a search may take is real time")]
    let started = Instant::now();
    let (violation, outcome) = test(scenario, seed);
    let violation = violation.filter(|violation| violation.property == property)?;
    let mut shrinker = Shrinker {
        seed,
        property: property.to_owned(),
        runs: 1,
        started,
        limit,
        best: scenario.clone(),
        violation,
        outcome,
    };
    while shrinker.drop_faults() | shrinker.simplify() {}
    let cut_short = shrinker.is_over();
    let Shrinker { best, violation, runs, .. } = shrinker;
    Some(Shrunk { scenario: best, violation, runs, cut_short })
}

impl Shrinker {
    fn is_over(&self) -> bool {
        self.started.elapsed() >= self.limit
    }

    /// Whether a candidate is a scenario, is another than the best and still fails; then it is the best.
    fn take(&mut self, candidate: &Scenario) -> bool {
        if self.is_over() || *candidate == self.best {
            return false;
        }
        let Ok(parsed) = scenario::parse("(shrink)", &scenario::resolved(candidate)) else { return false };
        self.runs += 1;
        let (violation, outcome) = test(&parsed.scenario, self.seed);
        match violation {
            Some(violation) if violation.property == self.property => {
                (self.best, self.violation, self.outcome) = (parsed.scenario, violation, outcome);
                true
            }
            _ => false,
        }
    }

    /// Whether any could go.
    fn drop_faults(&mut self) -> bool {
        let (before, whole) = (self.best.faults.len(), self.best.clone());
        ddmin(whole.faults.clone(), |faults| {
            self.take(&Scenario { faults: faults.to_vec(), ..whole.clone() })
        });
        self.best.faults.len() < before
    }

    /// Tries everything simpler once. Whether anything could be.
    fn simplify(&mut self) -> bool {
        let mut any = false;
        for step in simpler::STEPS {
            // What a step proposes depends on what the best is now.
            loop {
                let proposals = step(&self.best, self.outcome.as_ref());
                if !proposals.iter().any(|proposal| self.take(proposal)) {
                    break;
                }
                any = true;
            }
        }
        any
    }
}
