//! The strategies that search the cores: twins and ByzzFuzz, as cases of a hunt.

use super::{Tested, Violation};
use crate::run::Feature;
use crate::scenario::Scenario;
use bitcraps_search::byzzfuzz::{self, Params};
use bitcraps_search::twins::{self, Space};
use bitcraps_search::{Schedule, run};

/// So many rounds of a twins case have a partition.
const ROUNDS: std::ops::RangeInclusive<usize> = 2..=7;

/// All twins cases of some numbers of rounds, one of each in turn.
pub(super) struct Twins {
    spaces: Vec<Box<dyn Iterator<Item = Schedule>>>,
}

impl Twins {
    pub(super) fn new(base: &Scenario, seed: u64) -> Twins {
        let space = |rounds| -> Box<dyn Iterator<Item = Schedule>> {
            let params = twins::Params {
                bug: bug(base),
                validators: base.validators.count,
                twins: faulty(base),
                ..twins::Params::small(base.consensus.engine, rounds)
            };
            Box::new(Space::new(params).into_sample(seed))
        };
        Twins { spaces: ROUNDS.map(space).collect() }
    }

    /// The next case. A space that is used up is left out.
    pub(super) fn next(&mut self, number: u64) -> Option<Schedule> {
        while !self.spaces.is_empty() {
            let turn = (number % self.spaces.len() as u64) as usize;
            match self.spaces[turn].next() {
                Some(schedule) => return Some(schedule),
                None => drop(self.spaces.remove(turn)),
            }
        }
        None
    }
}

/// The ByzzFuzz case of a number: up to four faults of processes, up to three of the network, up to two crashes,
/// sometimes an application that refuses.
pub(super) fn byzzfuzz(base: &Scenario, seed: u64, number: u64) -> Schedule {
    let of = |divisor: u64, kinds: u64| (number / divisor % kinds) as usize;
    let params = Params {
        bug: bug(base),
        validators: base.validators.count,
        byzantine: faulty(base),
        rounds: 2 + of(60, 7),
        crashes: of(20, 3),
        refusals: of(1, 6) / 5,
        ..Params::small(base.consensus.engine, of(1, 5), of(5, 4))
    };
    byzzfuzz::schedule(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(number), &params)
}

fn bug(base: &Scenario) -> Option<String> {
    base.consensus.bug.map(|bug| bug.name().to_owned())
}

/// As many as are fewer than a third.
fn faulty(base: &Scenario) -> u16 {
    base.validators.count.saturating_sub(1) / 3
}

pub(super) fn test(schedule: &Schedule) -> Tested {
    let outcome = run(schedule).expect("the strategies draw schedules");
    let violation = outcome.violations.into_iter().next();
    Tested {
        violation: violation.map(|it| Violation { property: it.property.to_string(), detail: it.detail }),
        coverage: outcome.coverage.into_iter().map(Feature::of_an_engine_alone).collect(),
        ..Tested::default()
    }
}

/// Partitions and splits, changes, crashes and refusals.
pub(super) fn faults(schedule: &Schedule) -> usize {
    let of_round = |plan: &bitcraps_search::RoundPlan| {
        let cut = usize::from(plan.partition.0.len() > 1);
        cut + plan.split.len()
            + plan.withhold.len()
            + plan.mutate.len()
            + plan.crash.len()
            + plan.refuse.len()
    };
    schedule.twins.len() + schedule.rounds.iter().map(of_round).sum::<usize>()
}
