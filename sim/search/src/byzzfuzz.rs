//! ByzzFuzz: Winter et al., *Randomized Testing of Byzantine Fault Tolerant Algorithms* (OOPSLA 2023).
//!
//! Faults are bound to rounds and small in scope. Of the first r rounds, c have a process fault: a Byzantine
//! validator's messages of one kind reach some replicas with one small [`Change`]. And d have a network fault: the
//! replicas are split in two, either for the whole round or for one kind of its messages (the paper's rounds are such
//! phases). Crashes and refusals of the application are additions of ours, off by default.

use crate::scheme::Scene;
use crate::{Change, Crash, Moment, Mutation, Name, Partition, RoundPlan, Schedule, Split};
use bitcraps_types::{Height, Protocol};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

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
    let all: Vec<u16> = (0..params.validators).collect();
    schedule.byzantine = some(&mut rng, &all, usize::from(params.byzantine));
    schedule.rounds = vec![RoundPlan::default(); params.rounds];
    let rounds: Vec<usize> = (0..params.rounds).collect();
    for round in some(&mut rng, &rounds, params.network_faults) {
        let partition = split(&mut rng, &all);
        match rng.random_bool(0.5) {
            true => schedule.rounds[round].partition = partition,
            false => {
                let kind = one(&mut rng, kinds(params.engine)).0.into();
                schedule.rounds[round].split.push(Split { kind, partition });
            }
        }
    }
    let any_round = |rng: &mut ChaCha8Rng| rng.random_range(0..params.rounds);
    let scene = Scene::new(params.engine, &schedule.all_powers(), params.heights);
    for _ in 0..params.process_faults {
        let Some(mutation) = mutation(&mut rng, params.engine, &schedule.byzantine, &all) else { break };
        // What only leaders say is changed where its author leads.
        let leads = |round: &usize| scene.leader(*round).0 == mutation.by;
        let led: Vec<usize> = rounds.iter().copied().filter(leads).collect();
        let round = match LEADERS_KINDS.contains(&&mutation.kind[..]) && !led.is_empty() {
            true => *one(&mut rng, &led),
            false => any_round(&mut rng),
        };
        schedule.rounds[round].mutate.push(mutation);
    }
    for _ in 0..params.crashes {
        let round = any_round(&mut rng);
        let replica = Name::of(*one(&mut rng, &all));
        let when = match rng.random_bool(0.5) {
            true => Moment::Write(rng.random_range(1..4)),
            false => Moment::Said(one(&mut rng, kinds(params.engine)).0.into()),
        };
        schedule.rounds[round].crash.push(Crash { replica, when, down: rng.random_range(1..30) });
    }
    for _ in 0..params.refusals {
        let round = any_round(&mut rng);
        let replica = Name::of(*one(&mut rng, &all));
        schedule.rounds[round].refuse.push(replica);
    }
    schedule
}

fn mutation(rng: &mut ChaCha8Rng, engine: Protocol, byzantine: &[u16], all: &[u16]) -> Option<Mutation> {
    if byzantine.is_empty() {
        return None;
    }
    let by = *one(rng, byzantine);
    let (kind, changes) = *one(rng, kinds(engine));
    let change = *one(rng, changes);
    let others: Vec<u16> = all.iter().copied().filter(|other| *other != by).collect();
    let number = rng.random_range(1..=others.len());
    let to = match number == others.len() {
        true => Vec::new(),
        false => some(rng, &others, number).into_iter().map(Name::of).collect(),
    };
    Some(Mutation { by, to, kind: kind.into(), change })
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
    const CLAIM: &[Change] = &[
        Drop,
        RoundUp,
        RoundDown,
        HeightUp,
        HeightDown,
        NoProof,
        StaleProof,
        OtherProof,
        CutProof,
        DoubleProof,
    ];
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
        Protocol::HotStuff => &[("proposal", FULL), ("vote", FULL), ("timeout", CLAIM), ("sync-info", FULL)],
    }
}
