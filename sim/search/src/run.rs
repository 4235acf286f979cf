//! One run of a schedule.

use crate::network::{End, Network};
use crate::{Action, Impact, Name, Property, Schedule, Violation, exhibit, panics};
use bitcraps_types::Height;
use std::collections::{BTreeMap, BTreeSet};

/// No run of four validators needs so many steps; one that does is going round in circles. Messages grow as n².
const MOST_STEPS: u64 = 100_000;

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What did not hold, in the order in which it was seen. Empty: all is well.
    pub violations: Vec<Violation>,
    /// Correct validators decided differently, though a third of the power or more was faulty, so that it could be.
    pub disagreed: bool,
    /// How many heights each replica decided.
    pub decided: BTreeMap<Name, Height>,
    /// How many messages arrived and timers rang.
    pub steps: u64,
    /// What the schedule's faults touched.
    pub impact: Impact,
    /// The transitions that the engines took.
    pub coverage: BTreeSet<&'static str>,
    /// What happened, line by line, if it was asked for.
    pub log: Vec<String>,
}

impl Outcome {
    /// Whether this property did not hold.
    pub fn violates(&self, property: Property) -> bool {
        self.violations.iter().any(|violation| violation.property == property)
    }
}

/// Runs a schedule. The same schedule always has the same outcome. `Err`: it is no schedule, see [`Schedule::check`].
pub fn run(schedule: &Schedule) -> Result<Outcome, String> {
    go(schedule, false).map(|(outcome, _)| outcome)
}

/// As [`run`], with a log, and with everything that happened as a list that [`Schedule::deliveries`] takes.
pub fn run_recorded(schedule: &Schedule) -> Result<(Outcome, Vec<Action>), String> {
    go(schedule, true)
}

fn go(schedule: &Schedule, recorded: bool) -> Result<(Outcome, Vec<Action>), String> {
    schedule.check()?;
    let _exhibited = exhibit::bug(schedule.bug.as_deref())?;
    let mut network = Network::new(schedule);
    if recorded {
        network.log = Some(Vec::new());
        network.record = Some(Vec::new());
    }
    let end = panics::caught(|| {
        network.start();
        if let Some(actions) = &schedule.deliveries {
            network.replay(actions);
        }
        network.run(MOST_STEPS.max(MOST_STEPS / 16 * u64::from(schedule.validators).pow(2)))
    });
    match end {
        Ok(End::Decided | End::Broken) => {}
        Ok(End::Late) => network.judge.late("no height was decided for too long"),
        Ok(End::Exhausted) => network.judge.late("too many steps"),
        Err(message) => {
            network.judge.violations.push(Violation { property: Property::Panic, detail: message });
        }
    }
    network.judge.convict();
    let Network { judge, impact, steps, record, log, .. } = network;
    let decided = judge.heights();
    let outcome = Outcome {
        disagreed: judge.disagreed(),
        violations: judge.violations,
        decided,
        steps,
        impact,
        coverage: judge.coverage,
        log: log.unwrap_or_default(),
    };
    Ok((outcome, record.unwrap_or_default()))
}
