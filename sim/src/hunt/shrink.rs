//! What breaks a property, made smaller while it still breaks the same one.
//!
//! A schedule is shrunk by [`bitcraps_search::shrink`]. Of a scenario: fewer faults, simpler ones, a shorter run, less
//! work, fewer nodes, plainer links. Faults go by delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating
//! Failure-Inducing Input", 2002); the rest by trying what `simpler` proposes, until nothing it proposes still fails.
//! What a selector or a trigger left to the seed or to the run is written down as it happened, so that the result
//! depends on as few draws as can be.

use super::{Subject, Tested, Violation, simpler, test};
use crate::run;
use crate::scenario::{self, Latency, LinkModel, Links, Percent, Scenario};
use bitcraps_search::shrink::shrink_while;
use bitcraps_search::{Schedule, ddmin};
use std::time::{Duration, Instant};

/// What shrinking came to.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest that was found.
    pub subject: Subject,
    /// What it still breaks.
    pub violation: Violation,
    /// How many runs it took.
    pub runs: u64,
    /// Whether the limit ended it before it was at its end.
    pub cut_short: bool,
}

/// Shrinks what breaks a property; `None` if it does not.
pub fn shrink(subject: &Subject, property: &str, limit: Duration) -> Option<Shrunk> {
    #[expect(clippy::disallowed_methods, reason = "how long a search may take is real time")]
    let started = Instant::now();
    let tested = test(subject);
    let violation = breaks(&tested, property)?;
    match subject {
        Subject::Cores(schedule) => Some(shrink_schedule(schedule, violation, started, limit)),
        Subject::Nodes { scenario, seed } => {
            let best = Scenario::clone(scenario);
            let mut shrinker = Shrinker { seed: *seed, runs: 1, started, limit, best, tested, violation };
            while shrinker.drop_faults() | shrinker.simplify() {}
            let cut_short = shrinker.is_over();
            shrinker.write_down_the_links();
            let Shrinker { best, seed, violation, runs, .. } = shrinker;
            let subject = Subject::Nodes { scenario: Box::new(best), seed };
            Some(Shrunk { subject, violation, runs, cut_short })
        }
    }
}

fn breaks(tested: &Tested, property: &str) -> Option<Violation> {
    tested.violation.clone().filter(|violation| violation.property == property)
}

fn shrink_schedule(schedule: &Schedule, violation: Violation, started: Instant, limit: Duration) -> Shrunk {
    let (mut last, mut runs) = (violation, 1);
    let shrunk = shrink_while(schedule, |candidate| {
        let in_time = started.elapsed() < limit;
        runs += u64::from(in_time);
        let still = in_time.then(|| breaks(&super::cores::test(candidate), &last.property)).flatten();
        let fails = still.is_some();
        last = still.unwrap_or(last.clone());
        fails
    });
    Shrunk {
        subject: Subject::Cores(Box::new(shrunk.schedule)),
        violation: last,
        runs,
        cut_short: !shrunk.minimal || started.elapsed() >= limit,
    }
}

struct Shrinker {
    seed: u64,
    runs: u64,
    started: Instant,
    limit: Duration,
    /// The smallest so far, and its run.
    best: Scenario,
    tested: Tested,
    violation: Violation,
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
        let scenario = Box::new(parsed.scenario);
        let subject = Subject::Nodes { scenario, seed: self.seed };
        let tested = test(&subject);
        let Some(violation) = breaks(&tested, &self.violation.property) else { return false };
        if let Subject::Nodes { scenario, .. } = subject {
            self.best = *scenario;
        }
        (self.tested, self.violation) = (tested, violation);
        true
    }

    /// Where links still draw, what they drew becomes part of the scenario, unless it then fails no more.
    fn write_down_the_links(&mut self) {
        let constant =
            |model: &LinkModel| matches!(model.latency, Latency::Constant(_)) && model.loss == Percent::ZERO;
        let Links { default, pairs, .. } = &self.best.links;
        if !constant(default) || !pairs.iter().all(|(.., model)| constant(model)) {
            self.limit = Duration::MAX;
            self.take(&run::recorded(&self.best, self.seed));
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
                let proposals = step(&self.best, self.tested.outcome.as_ref());
                if !proposals.iter().any(|proposal| self.take(proposal)) {
                    break;
                }
                any = true;
            }
        }
        any
    }
}
