//! A failing schedule, made small: the rest fails in the same way, and every part of it is needed.

use crate::{Action, Crash, Name, Partition, Property, RoundPlan, Schedule, Split, ddmin, run};

/// The most runs that one shrinking may cost.
pub const MOST_RUNS: u32 = 3_000;

/// What was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The smallest schedule that was found.
    pub schedule: Schedule,
    /// How many runs it took.
    pub runs: u32,
    /// No part can be left out. Otherwise the runs were used up.
    pub minimal: bool,
}

/// Leaves out all that the violation of `property` does not need: rounds, faults, twins, validators, heights,
/// deliveries. A schedule that does not violate it comes back as it is. Deterministic.
pub fn shrink(schedule: &Schedule, property: Property) -> Shrunk {
    shrink_while(schedule, |candidate| run(candidate).is_ok_and(|outcome| outcome.violates(property)))
}

/// [`shrink`], with another idea of what fails.
pub fn shrink_while(schedule: &Schedule, fails: impl FnMut(&Schedule) -> bool) -> Shrunk {
    let mut shrinking = Shrinking { best: schedule.clone(), runs: 0, fails };
    if shrinking.still_fails(schedule) {
        while shrinking.pass() {}
    }
    let Shrinking { best, runs, .. } = shrinking;
    Shrunk { schedule: best, runs, minimal: runs < MOST_RUNS }
}

/// A fault, as one thing that can be left out.
#[derive(Clone, Debug)]
enum Fault {
    Partition(Partition),
    Split(Split),
    Withhold(String),
    Mutate(crate::Mutation),
    Crash(Crash),
    Refuse(Name),
}

struct Shrinking<F> {
    best: Schedule,
    runs: u32,
    fails: F,
}

impl<F: FnMut(&Schedule) -> bool> Shrinking<F> {
    fn still_fails(&mut self, candidate: &Schedule) -> bool {
        if self.runs >= MOST_RUNS {
            return false;
        }
        self.runs += 1;
        (self.fails)(candidate)
    }

    /// Takes a candidate if it still fails.
    fn take(&mut self, candidate: Schedule) -> bool {
        let better = candidate != self.best && self.still_fails(&candidate);
        if better {
            self.best = candidate;
        }
        better
    }

    /// Tries everything once. Whether something could go.
    fn pass(&mut self) -> bool {
        let before = self.best.clone();
        self.drop_deliveries();
        self.drop_faults();
        self.drop_rounds();
        self.drop_identities();
        self.drop_validators();
        self.lower_heights();
        self.simplify();
        self.best != before
    }

    fn drop_deliveries(&mut self) {
        let Some(deliveries) = self.best.deliveries.clone() else { return };
        let base = self.best.clone();
        let with = |kept: &[Action]| Schedule { deliveries: Some(kept.to_vec()), ..base.clone() };
        let kept = ddmin(deliveries, |kept| self.still_fails(&with(kept)));
        self.best = with(&kept);
    }

    fn drop_faults(&mut self) {
        let base = self.best.clone();
        let kept = ddmin(faults(&base), |kept| self.still_fails(&with_faults(&base, kept)));
        self.best = with_faults(&base, &kept);
    }

    /// Rounds without a fault are needed only to count.
    fn drop_rounds(&mut self) {
        let mut candidate = self.best.clone();
        while candidate.rounds.last().is_some_and(RoundPlan::is_quiet) {
            candidate.rounds.pop();
        }
        self.take(candidate);
        for round in (0..self.best.rounds.len()).rev() {
            let mut candidate = self.best.clone();
            candidate.rounds.remove(round);
            self.take(candidate);
        }
    }

    fn drop_identities(&mut self) {
        for identity in self.best.twins.clone() {
            let mut candidate = self.best.clone();
            candidate.twins.retain(|twin| *twin != identity);
            forget(&mut candidate, |name| (name != Name { identity, twin: true }).then_some(name));
            self.take(candidate);
        }
        for identity in self.best.byzantine.clone() {
            let mut candidate = self.best.clone();
            candidate.byzantine.retain(|other| *other != identity);
            candidate
                .rounds
                .iter_mut()
                .for_each(|plan| plan.mutate.retain(|mutation| mutation.by != identity));
            self.take(candidate);
        }
    }

    fn drop_validators(&mut self) {
        for gone in (0..self.best.validators).rev() {
            if self.best.validators > 1 {
                let candidate = without(&self.best, gone);
                self.take(candidate);
            }
        }
    }

    fn lower_heights(&mut self) {
        for heights in 1..self.best.heights {
            if self.take(Schedule { heights, ..self.best.clone() }) {
                return;
            }
        }
    }

    /// Equal powers, partitions of fewer groups, mutations for fewer receivers and instead of the original, the usual
    /// times.
    fn simplify(&mut self) {
        self.take(Schedule { powers: Vec::new(), ..self.best.clone() });
        self.take(Schedule { hold: Schedule::HOLD, ..self.best.clone() });
        for round in 0..self.best.rounds.len() {
            for group in 1..self.best.rounds[round].partition.0.len() {
                let mut candidate = self.best.clone();
                let groups = &mut candidate.rounds[round].partition.0;
                if group < groups.len() {
                    let merged = groups.remove(group);
                    groups[group - 1].extend(merged);
                    groups[group - 1].sort_unstable();
                    self.take(candidate);
                }
            }
            for i in 0..self.best.rounds[round].crash.len() {
                let mut candidate = self.best.clone();
                candidate.rounds[round].crash[i].down = Crash::DOWN;
                self.take(candidate);
            }
            for i in 0..self.best.rounds[round].mutate.len() {
                let mut instead = self.best.clone();
                instead.rounds[round].mutate[i].besides_after = None;
                self.take(instead);
                let base = self.best.clone();
                let to = base.rounds[round].mutate[i].to.clone();
                if to.len() < 2 {
                    continue;
                }
                let with = |kept: &[Name]| {
                    let mut candidate = base.clone();
                    candidate.rounds[round].mutate[i].to = kept.to_vec();
                    candidate
                };
                // Nobody would mean all.
                let kept = ddmin(to, |kept| !kept.is_empty() && self.still_fails(&with(kept)));
                self.best = with(&kept);
            }
        }
    }
}

fn faults(schedule: &Schedule) -> Vec<(usize, Fault)> {
    let of = |(round, plan): (usize, &RoundPlan)| {
        let partition = Some(plan.partition.clone()).filter(|partition| !partition.is_none());
        let faults = partition.map(Fault::Partition).into_iter();
        let faults = faults.chain(plan.split.iter().cloned().map(Fault::Split));
        let faults = faults.chain(plan.withhold.iter().cloned().map(Fault::Withhold));
        let faults = faults.chain(plan.mutate.iter().cloned().map(Fault::Mutate));
        let faults = faults.chain(plan.crash.iter().cloned().map(Fault::Crash));
        let faults = faults.chain(plan.refuse.iter().copied().map(Fault::Refuse));
        faults.map(move |fault| (round, fault)).collect::<Vec<_>>()
    };
    schedule.rounds.iter().enumerate().flat_map(of).collect()
}

fn with_faults(schedule: &Schedule, faults: &[(usize, Fault)]) -> Schedule {
    let mut rounds = vec![RoundPlan::default(); schedule.rounds.len()];
    for (round, fault) in faults {
        let plan = &mut rounds[*round];
        match fault.clone() {
            Fault::Partition(partition) => plan.partition = partition,
            Fault::Split(split) => plan.split.push(split),
            Fault::Withhold(kind) => plan.withhold.push(kind),
            Fault::Mutate(mutation) => plan.mutate.push(mutation),
            Fault::Crash(crash) => plan.crash.push(crash),
            Fault::Refuse(name) => plan.refuse.push(name),
        }
    }
    Schedule { rounds, ..schedule.clone() }
}

/// Without a validator: those after it move up.
fn without(schedule: &Schedule, gone: u16) -> Schedule {
    let moved = |identity: u16| match identity.cmp(&gone) {
        std::cmp::Ordering::Less => Some(identity),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(identity - 1),
    };
    let mut candidate = schedule.clone();
    candidate.validators -= 1;
    if !candidate.powers.is_empty() {
        candidate.powers.remove(usize::from(gone));
    }
    candidate.twins = candidate.twins.into_iter().filter_map(moved).collect();
    candidate.byzantine = candidate.byzantine.into_iter().filter_map(moved).collect();
    for plan in &mut candidate.rounds {
        plan.mutate.retain_mut(|mutation| match moved(mutation.by) {
            Some(by) => {
                mutation.by = by;
                true
            }
            None => false,
        });
    }
    forget(&mut candidate, |name| moved(name.identity).map(|identity| Name { identity, ..name }));
    candidate
}

/// Renames, or takes out, all replicas that a schedule names.
fn forget(schedule: &mut Schedule, rename: impl Fn(Name) -> Option<Name>) {
    for plan in &mut schedule.rounds {
        let splits = plan.split.iter_mut().map(|split| &mut split.partition);
        for partition in splits.chain([&mut plan.partition]) {
            for group in &mut partition.0 {
                *group = group.iter().copied().filter_map(&rename).collect();
            }
            partition.0.retain(|group| !group.is_empty());
            if partition.0.len() == 1 {
                *partition = Partition::default();
            }
        }
        plan.refuse = plan.refuse.iter().copied().filter_map(&rename).collect();
        plan.crash.retain_mut(|crash| match rename(crash.replica) {
            Some(name) => {
                crash.replica = name;
                true
            }
            None => false,
        });
        plan.mutate.retain_mut(|mutation| {
            let named = !mutation.to.is_empty();
            mutation.to = mutation.to.iter().copied().filter_map(&rename).collect();
            !(named && mutation.to.is_empty())
        });
    }
    if let Some(deliveries) = &mut schedule.deliveries {
        let renamed = deliveries.iter().filter_map(|action| match action.clone() {
            Action::Deliver { from, to, kind, height, round } => {
                Some(Action::Deliver { from: rename(from)?, to: rename(to)?, kind, height, round })
            }
            Action::Ring { replica, timer } => Some(Action::Ring { replica: rename(replica)?, timer }),
            Action::Fall { replica } => Some(Action::Fall { replica: rename(replica)? }),
            Action::Restart { replica } => Some(Action::Restart { replica: rename(replica)? }),
        });
        *deliveries = renamed.collect();
    }
}
