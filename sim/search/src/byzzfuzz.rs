//! ByzzFuzz: Winter et al., *Randomized Testing of Byzantine Fault Tolerant Algorithms* (OOPSLA 2023).
//!
//! Faults are bound to rounds and small in scope. Of the first r rounds, c have a process fault: a Byzantine
//! validator's messages of one kind reach some replicas with one small [`Change`]. And d have a network fault: the
//! replicas are split in two, either for the whole round or for one kind of its messages (the paper's rounds are such
//! phases). Additions of ours: a fault may be in every round, and a change come besides the message and after it; faults are
//! drawn near each other; crashes and refusals of the application, off by default.

use crate::scheme::Scene;
use crate::{Change, Crash, Moment, Mutation, Name, Partition, RoundPlan, Schedule, Split};
use bitcraps_types::{Height, Protocol};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// What schedules are drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// Which engine.
    pub engine: Protocol,
    /// With which bug.
    pub bug: Option<String>,
    /// How many validators.
    pub validators: u16,
    /// How many of them are Byzantine.
    pub byzantine: u16,
    /// The paper's c: how many process faults.
    pub process_faults: usize,
    /// The paper's d: how many network faults.
    pub network_faults: usize,
    /// The paper's r: how many rounds may have faults.
    pub rounds: usize,
    /// How many crashes.
    pub crashes: usize,
    /// How many times an application refuses what is proposed.
    pub refusals: usize,
    /// How many heights are decided.
    pub heights: Height,
}

impl Params {
    /// Four validators, of whom one is Byzantine; faults in the first five rounds; two heights.
    pub fn small(engine: Protocol, process_faults: usize, network_faults: usize) -> Params {
        Params {
            engine,
            bug: None,
            validators: 4,
            byzantine: 1,
            process_faults,
            network_faults,
            rounds: 5,
            crashes: 0,
            refusals: 0,
            heights: 2,
        }
    }
}

/// The schedule of a seed.
pub fn schedule(seed: u64, params: &Params) -> Schedule {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut schedule = Schedule::quiet(params.engine, params.validators, params.heights);
    schedule.bug.clone_from(&params.bug);
    schedule.rounds = vec![RoundPlan::default(); params.rounds];
    let all: Vec<u16> = (0..params.validators).collect();
    let scene = Scene::new(params.engine, &schedule.all_powers(), params.heights);
    let near = Near { place: rng.random_range(0..params.rounds), rounds: params.rounds };
    schedule.byzantine = byzantine(&mut rng, &all, usize::from(params.byzantine), scene.leader(near.place).0);
    for _ in 0..params.network_faults {
        let partition = split(&mut rng, &all);
        let kind = rng.random_bool(0.5).then(|| one(&mut rng, kinds(params.engine)).0);
        let round = near.draw(&mut rng);
        for round in near.rounds(&mut rng, round) {
            let plan = &mut schedule.rounds[round];
            match kind {
                None => plan.partition = partition.clone(),
                Some(kind) => plan.split.push(Split { kind: kind.into(), partition: partition.clone() }),
            }
        }
    }
    for _ in 0..params.process_faults {
        let Some(mutation) = mutation(&mut rng, params.engine, &schedule.byzantine, &all) else { break };
        let round = round_of(&mut rng, &mutation, near, &scene);
        for round in near.rounds(&mut rng, round) {
            schedule.rounds[round].mutate.push(mutation.clone());
        }
    }
    let correct: Vec<u16> = all.iter().copied().filter(|one| !schedule.byzantine.contains(one)).collect();
    let crashes = if correct.is_empty() { 0 } else { params.crashes };
    for _ in 0..crashes {
        let replica = Name::of(*one(&mut rng, &correct));
        let when = match rng.random_range(0..3) {
            0 => Moment::Write(rng.random_range(1..4)),
            _ => Moment::Said(one(&mut rng, kinds(params.engine)).0.into()),
        };
        // Who is back at once finds the others in the round in which it fell.
        let down = if rng.random_bool(0.5) { 1 } else { rng.random_range(1..30) };
        schedule.rounds[near.draw(&mut rng)].crash.push(Crash { replica, when, down });
    }
    for _ in 0..params.refusals {
        let replica = Name::of(*one(&mut rng, &all));
        schedule.rounds[near.draw(&mut rng)].refuse.push(replica);
    }
    schedule
}

/// The place that a case is about. Most of its faults are there or at the next: most bugs need a few that meet.
#[derive(Clone, Copy)]
struct Near {
    place: usize,
    rounds: usize,
}

impl Near {
    fn draw(self, rng: &mut ChaCha8Rng) -> usize {
        match rng.random_range(0..4) {
            0..2 => self.place,
            2 => (self.place + 1).min(self.rounds - 1),
            _ => rng.random_range(0..self.rounds),
        }
    }

    /// The rounds of a fault: one of four faults is in every round.
    fn rounds(self, rng: &mut ChaCha8Rng, round: usize) -> Range<usize> {
        if rng.random_bool(0.25) { 0..self.rounds } else { round..round + 1 }
    }
}

/// So many validators; in half of the cases with this leader among them.
fn byzantine(rng: &mut ChaCha8Rng, all: &[u16], number: usize, leader: u16) -> Vec<u16> {
    if number == 0 || rng.random_bool(0.5) {
        return some(rng, all, number);
    }
    let others: Vec<u16> = all.iter().copied().filter(|other| *other != leader).collect();
    let mut chosen = some(rng, &others, number - 1);
    chosen.push(leader);
    chosen.sort_unstable();
    chosen
}

fn mutation(rng: &mut ChaCha8Rng, engine: Protocol, byzantine: &[u16], all: &[u16]) -> Option<Mutation> {
    if byzantine.is_empty() {
        return None;
    }
    let by = *one(rng, byzantine);
    let (kind, changes) = *one(rng, kinds(engine));
    // Two values where there should be one is what the protocols are made against.
    let change = if rng.random_bool(0.25) { Change::OtherValue } else { *one(rng, changes) };
    let others: Vec<u16> = all.iter().copied().filter(|other| *other != by).collect();
    let number = rng.random_range(1..=others.len());
    let to = match number == others.len() {
        true => Vec::new(),
        false => some(rng, &others, number).into_iter().map(Name::of).collect(),
    };
    // Rather soon than late: rounds are short.
    let latest = rng.random_range(1..=8);
    let besides_after = rng.random_bool(0.25).then(|| rng.random_range(1..=latest));
    Some(Mutation { by, to, kind: kind.into(), change, besides_after })
}

/// Where messages are changed: what only leaders say, where its author leads.
fn round_of(rng: &mut ChaCha8Rng, mutation: &Mutation, near: Near, scene: &Scene) -> usize {
    let leads = |round: &usize| scene.leader(*round).0 == mutation.by;
    let led: Vec<usize> = (0..near.rounds).filter(leads).collect();
    let drawn = near.draw(rng);
    let only_leaders = LEADERS_KINDS.contains(&&mutation.kind[..]);
    if only_leaders && !led.is_empty() && !leads(&drawn) { *one(rng, &led) } else { drawn }
}

/// Two groups, neither of them empty.
fn split(rng: &mut ChaCha8Rng, all: &[u16]) -> Partition {
    let number = rng.random_range(1..all.len());
    let chosen = some(rng, all, number);
    let rest = all.iter().copied().filter(|other| !chosen.contains(other));
    let mut groups: Vec<Vec<Name>> =
        vec![chosen.iter().copied().map(Name::of).collect(), rest.map(Name::of).collect()];
    groups.sort();
    Partition(groups)
}

fn one<'a, T>(rng: &mut ChaCha8Rng, all: &'a [T]) -> &'a T {
    &all[rng.random_range(0..all.len())]
}

/// So many of them, in their order.
fn some<T: Copy + Ord>(rng: &mut ChaCha8Rng, all: &[T], number: usize) -> Vec<T> {
    let mut left = all.to_vec();
    let mut chosen: Vec<T> = (0..number.min(all.len()))
        .map(|_| {
            let i = rng.random_range(0..left.len());
            left.swap_remove(i)
        })
        .collect();
    chosen.sort_unstable();
    chosen
}

/// What the leader of a round alone says.
const LEADERS_KINDS: [&str; 3] = ["proposal", "pre-prepare", "new-view"];

/// The kinds of an engine's messages, each with the changes that it has room for.
pub fn kinds(engine: Protocol) -> &'static [(&'static str, &'static [Change])] {
    use Change::*;
    const PLAIN: &[Change] = &[Drop, RoundUp, RoundDown, HeightUp, HeightDown, OtherValue, GarbageValue];
    const NILABLE: &[Change] =
        &[Drop, RoundUp, RoundDown, HeightUp, HeightDown, OtherValue, GarbageValue, Nil];
    const FULL: &[Change] = &[
        Drop,
        RoundUp,
        RoundDown,
        HeightUp,
        HeightDown,
        OtherValue,
        GarbageValue,
        NoProof,
        StaleProof,
        OtherProof,
        CutProof,
        DoubleProof,
        ForgedProof,
    ];
    const TIMED: &[Change] = &[
        Drop,
        RoundUp,
        RoundDown,
        HeightUp,
        HeightDown,
        OtherValue,
        GarbageValue,
        NoProof,
        NoTimeout,
        StaleProof,
        OtherProof,
        CutProof,
        DoubleProof,
        ForgedProof,
    ];
    match engine {
        Protocol::Pbft => &[
            ("pre-prepare", PLAIN),
            ("prepare", PLAIN),
            ("commit", PLAIN),
            ("view-change", FULL),
            ("new-view", FULL),
        ],
        Protocol::Tendermint => {
            &[("proposal", FULL), ("prevote", NILABLE), ("precommit", NILABLE), ("polka", FULL)]
        }
        Protocol::HotStuff => &[("proposal", TIMED), ("vote", FULL), ("timeout", FULL), ("sync-info", TIMED)],
    }
}
