//! A schedule's rounds, prepared for running: replicas by number, groups as numbers.

use crate::{Crash, Mutation, Name, Partition, Schedule};

/// What happens at each place. Made once per run.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    rounds: Vec<Round>,
}

#[derive(Debug, Default)]
struct Round {
    /// By replica: its group. Empty: all are in one.
    groups: Vec<usize>,
    /// The same for messages of a kind.
    splits: Vec<(String, Vec<usize>)>,
    withhold: Vec<String>,
    mutations: Vec<(Mutation, Vec<usize>)>,
    /// By replica.
    crashes: Vec<(usize, usize, Crash)>,
    refuse: Vec<usize>,
}

impl Plan {
    pub(crate) fn of(schedule: &Schedule) -> Plan {
        let names = schedule.replicas();
        let number = |name: &Name| names.iter().position(|other| other == name);
        let mut crash_number = 0;
        let rounds = schedule.rounds.iter().map(|round| {
            let crashes = round.crash.iter().filter_map(|crash| {
                crash_number += 1;
                Some((crash_number, number(&crash.replica)?, crash.clone()))
            });
            Round {
                groups: groups(&names, &round.partition),
                splits: round
                    .split
                    .iter()
                    .map(|split| (split.kind.clone(), groups(&names, &split.partition)))
                    .collect(),
                withhold: round.withhold.clone(),
                mutations: round
                    .mutate
                    .iter()
                    .map(|mutation| (mutation.clone(), mutation.to.iter().filter_map(number).collect()))
                    .collect(),
                crashes: crashes.collect(),
                refuse: round.refuse.iter().filter_map(number).collect(),
            }
        });
        Plan { rounds: rounds.collect() }
    }

    /// How many places are planned.
    pub(crate) fn len(&self) -> usize {
        self.rounds.len()
    }

    /// Whether a message of a kind passes between two replicas there.
    pub(crate) fn passes(&self, place: usize, kind: &str, from: usize, to: usize) -> bool {
        let Some(round) = self.rounds.get(place) else { return true };
        let together = |groups: &[usize]| groups.is_empty() || groups[from] == groups[to];
        together(&round.groups)
            && round.splits.iter().all(|(split, groups)| split != kind || together(groups))
            && round.withhold.iter().all(|withheld| withheld != kind)
    }

    /// How a message of a validator, of this place, is changed for a receiver.
    pub(crate) fn mutations(
        &self,
        place: usize,
        by: u16,
        kind: &str,
        to: usize,
    ) -> impl Iterator<Item = &Mutation> + Clone {
        let all = self.rounds.get(place).into_iter().flat_map(|round| &round.mutations);
        all.filter(move |(mutation, _)| mutation.by == by && mutation.kind == kind)
            .filter(move |(_, receivers)| receivers.is_empty() || receivers.contains(&to))
            .map(|(mutation, _)| mutation)
    }

    /// The crashes of a replica there, each with a number of its own.
    pub(crate) fn crashes(&self, place: usize, replica: usize) -> impl Iterator<Item = (usize, &Crash)> {
        let all = self.rounds.get(place).into_iter().flat_map(|round| &round.crashes);
        all.filter(move |(_, who, _)| *who == replica).map(|(number, _, crash)| (*number, crash))
    }

    pub(crate) fn refuses(&self, place: usize, replica: usize) -> bool {
        self.rounds.get(place).is_some_and(|round| round.refuse.contains(&replica))
    }
}

/// By replica its group. Who is in none has one of its own; no groups at all: nothing.
fn groups(names: &[Name], partition: &Partition) -> Vec<usize> {
    if partition.is_none() {
        return Vec::new();
    }
    let group = |name: &Name| partition.0.iter().position(|group| group.contains(name));
    names.iter().enumerate().map(|(i, name)| group(name).unwrap_or(names.len() + i)).collect()
}
