//! Twins: Bano et al., *Twins: BFT Systems Made Robust* (OPODIS 2021).
//!
//! Some validators run twice with one key, both as honest engines, and in each round the replicas are partitioned. So
//! a pair of twins equivocates, votes twice, forgets what it was locked on, without a line of Byzantine code. The paper
//! also enumerates who leads each round; here the protocol says that, so what is enumerated is which validators have
//! twins, and for each place the partition.
//!
//! Two cases are *equivalent* if renaming replicas turns one into the other, where a validator may take the name of
//! another that has as many twins and leads the same of the planned rounds (mostly: none), and twins may swap. The
//! space has one case of each class, [`Space::count`] is exact, and [`Space::case`] finds any of them directly, so a
//! sample without repetition needs no memory. What comes after the planned rounds may differ between equivalent cases:
//! later leaders have names too.

mod order;
mod symmetry;

use crate::{Name, Partition, RoundPlan, Schedule};
use bitcraps_types::{Height, Protocol};
use order::Shuffle;
use symmetry::Symmetry;

/// What the space is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// Which engine.
    pub engine: Protocol,
    /// With which bug.
    pub bug: Option<String>,
    /// How many validators, all with the same power.
    pub validators: u16,
    /// How many of them have a twin.
    pub twins: u16,
    /// How many places have a partition.
    pub rounds: usize,
    /// Into how many groups at most.
    pub groups: usize,
    /// How many heights are decided.
    pub heights: Height,
}

impl Params {
    /// Four validators, of whom one has a twin; two groups, two heights.
    pub fn small(engine: Protocol, rounds: usize) -> Params {
        Params { engine, bug: None, validators: 4, twins: 1, rounds, groups: 2, heights: 2 }
    }
}

/// All cases, each equivalent to no other.
#[derive(Clone, Debug)]
pub struct Space {
    params: Params,
    choices: Vec<Choice>,
}

/// One choice of the validators that have twins.
#[derive(Clone, Debug)]
struct Choice {
    twins: Vec<u16>,
    symmetry: Symmetry,
}

impl Space {
    /// The space of these parameters.
    pub fn new(params: Params) -> Space {
        let led = led(&params);
        let choices = choices(&led, usize::from(params.twins)).into_iter().map(|twins| {
            let symmetry = Symmetry::new(&led, &twins, params.groups, params.rounds);
            Choice { twins, symmetry }
        });
        Space { choices: choices.collect(), params }
    }

    /// How many cases there are.
    pub fn count(&self) -> u128 {
        self.choices.iter().map(|choice| choice.symmetry.count()).sum()
    }

    /// A case by its number, below [`Space::count`].
    pub fn case(&self, mut number: u128) -> Option<Schedule> {
        for choice in &self.choices {
            let count = choice.symmetry.count();
            if number < count {
                return Some(self.schedule(choice, &choice.symmetry.nth(number)));
            }
            number -= count;
        }
        None
    }

    /// All cases, in order.
    pub fn all(&self) -> impl Iterator<Item = Schedule> {
        (0..self.count()).filter_map(|number| self.case(number))
    }

    /// All cases, each once, in an order that the seed chooses: as many of them as the budget allows are a sample
    /// without repetition.
    pub fn sample(&self, seed: u64) -> impl Iterator<Item = Schedule> {
        let shuffle = Shuffle::new(self.count(), seed);
        (0..self.count()).filter_map(move |number| self.case(shuffle.at(number)))
    }

    /// [`Space::sample`], with the space inside.
    pub fn into_sample(self, seed: u64) -> impl Iterator<Item = Schedule> {
        let shuffle = Shuffle::new(self.count(), seed);
        (0..self.count()).filter_map(move |number| self.case(shuffle.at(number)))
    }

    fn schedule(&self, choice: &Choice, partitions: &[&[u8]]) -> Schedule {
        let Params { engine, validators, heights, .. } = self.params;
        let mut schedule = Schedule::quiet(engine, validators, heights);
        schedule.bug.clone_from(&self.params.bug);
        schedule.twins.clone_from(&choice.twins);
        let names = schedule.replicas();
        let plan =
            |groups: &&[u8]| RoundPlan { partition: partition(groups, &names), ..RoundPlan::default() };
        schedule.rounds = partitions.iter().map(plan).collect();
        schedule
    }
}

/// By replica its group, as a partition of names.
fn partition(groups: &[u8], names: &[Name]) -> Partition {
    let number = groups.iter().max().map_or(0, |last| last + 1);
    let members = |group| names.iter().zip(groups).filter(move |(_, other)| **other == group);
    match number {
        0 | 1 => Partition::default(),
        _ => Partition((0..number).map(|group| members(group).map(|(name, _)| *name).collect()).collect()),
    }
}

/// By validator: which of the planned rounds it leads. The one after the last counts too: HotStuff's votes go there.
fn led(params: &Params) -> Vec<Vec<usize>> {
    let scene =
        crate::scheme::Scene::new(params.engine, &vec![1; usize::from(params.validators)], params.heights);
    let leads =
        |validator| (0..=params.rounds).filter(|round| scene.leader(*round).index() == validator).collect();
    (0..usize::from(params.validators)).map(leads).collect()
}

/// The choices of twins, of equivalent ones the first: of those who lead the same, the first have twins.
fn choices(led: &[Vec<usize>], twins: usize) -> Vec<Vec<u16>> {
    let mut found = vec![Vec::new()];
    for (validator, leads) in led.iter().enumerate() {
        let alike_before: Vec<u16> =
            (0..validator).filter(|other| led[*other] == *leads).map(|v| v as u16).collect();
        let with =
            found.iter().filter(|chosen: &&Vec<u16>| alike_before.iter().all(|other| chosen.contains(other)));
        let with: Vec<_> = with.map(|chosen| [&chosen[..], &[validator as u16]].concat()).collect();
        found.extend(with);
    }
    found.retain(|chosen| chosen.len() == twins);
    found.sort();
    found
}

#[cfg(test)]
mod tests;
