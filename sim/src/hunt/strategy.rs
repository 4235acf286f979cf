//! Which case comes next. A case is the file's situation with faults of its own and a seed. Its number says which it is;
//! with coverage, together with what was learned from the cases before it.
//!
//! - **random**: a few faults of any kinds.
//! - **swarm** (Groce et al., ISSTA 2012): each case leaves out half of the kinds at random, so that many faults of few
//!   kinds meet, and turns the network's own settings.
//! - **coverage**: as a fuzzer does, changes a little in cases that took the engines where none had been: to an engine's
//!   transition (by the paper's line) in a state of the network that it was not seen in before.
//! - **twins** and **byzzfuzz** search the cores: see [`bitcraps_search`].

use super::cores::{self, Twins};
use super::menu::{KINDS, Kind, Menu};
use super::{Case, Subject};
use crate::run::Feature;
use crate::scenario::{self, Diagnostic, Expect, Fault, Latency, LinkModel, Percent, Scenario, Seeds, Span};
use bitcraps_types::Digest;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::BTreeSet;

/// How cases are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strategy {
    /// A few faults of any kinds.
    Random,
    /// Many faults of few kinds, other settings.
    Swarm,
    /// What led to something new, changed a little.
    Coverage,
    /// All partitions of replicas, of whom some run twice.
    Twins,
    /// Small changes of Byzantine messages, and partitions.
    Byzzfuzz,
}

impl Strategy {
    /// Every one.
    pub const ALL: [Strategy; 5] =
        [Strategy::Random, Strategy::Swarm, Strategy::Coverage, Strategy::Twins, Strategy::Byzzfuzz];

    /// Whether it can search this situation.
    ///
    /// # Errors
    /// Why not.
    pub fn applies(self, situation: &Scenario) -> Result<(), String> {
        let range = match self {
            Strategy::Random | Strategy::Swarm | Strategy::Coverage => return Ok(()),
            // Renamings grow as the factorial, and partitions as the power.
            Strategy::Twins => 2..=9,
            Strategy::Byzzfuzz => 2..=64,
        };
        let (name, count) = (self.name(), situation.validators.count);
        let fits = range.contains(&count);
        let why = || format!("{name} is for {} to {} validators, not {count}", range.start(), range.end());
        fits.then_some(()).ok_or_else(why)
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Random => "random",
            Strategy::Swarm => "swarm",
            Strategy::Coverage => "coverage",
            Strategy::Twins => "twins",
            Strategy::Byzzfuzz => "byzzfuzz",
        }
    }
}

/// The most faults that coverage lets a case grow to.
const MOST_FAULTS: usize = 12;
/// How often a drawn case may be against the language's rules before the situation alone is run.
const TRIES: usize = 20;

/// The source of cases.
pub(super) struct Cases {
    strategy: Strategy,
    situation: Scenario,
    seed: u64,
    next: u64,
    twins: Option<Twins>,
    corpus: Vec<(Scenario, u64)>,
    seen: BTreeSet<Feature>,
}

impl Cases {
    /// `situation` as [`situation`] gives it.
    pub(super) fn new(situation: &Scenario, strategy: Strategy, seed: u64) -> Cases {
        let twins = (strategy == Strategy::Twins).then(|| Twins::new(situation, seed));
        let (corpus, seen) = (Vec::new(), BTreeSet::new());
        Cases { strategy, situation: situation.clone(), seed, next: 0, twins, corpus, seen }
    }

    /// Cases that are run before what they met is learned from, for each that runs at once. So what coverage learns does
    /// not depend on which thread was faster.
    pub(super) fn generation(&self) -> usize {
        match self.strategy {
            Strategy::Random | Strategy::Swarm | Strategy::Coverage => 8,
            Strategy::Twins | Strategy::Byzzfuzz => 256,
        }
    }

    /// The next case; `None`: there are no others. What it is depends on those before it only through what
    /// [`Cases::learn`] was told.
    pub(super) fn next(&mut self) -> Option<Case> {
        let number = self.next;
        self.next += 1;
        let subject = match (self.strategy, &mut self.twins) {
            (_, Some(twins)) => Subject::Cores(Box::new(twins.next(number)?)),
            (Strategy::Byzzfuzz, _) => {
                Subject::Cores(Box::new(cores::byzzfuzz(&self.situation, self.seed, number)))
            }
            _ => self.scenario(number),
        };
        Some(Case { number, subject })
    }

    fn scenario(&self, number: u64) -> Subject {
        let name = format!("{}/{}/{number}", self.strategy.name(), self.seed);
        let mut rng = ChaCha8Rng::from_seed(Digest::of("sim/hunt", name.as_bytes()).0);
        for _ in 0..TRIES {
            let (scenario, seed) = self.draw(&mut rng);
            // What contradicts itself is no scenario; the language decides.
            if let Ok(parsed) = scenario::parse("(hunt)", &scenario::resolved(&scenario)) {
                return Subject::Nodes { scenario: Box::new(parsed.scenario), seed };
            }
        }
        let seed = rng.random::<u32>().into();
        Subject::Nodes { scenario: Box::new(self.situation.clone()), seed }
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> (Scenario, u64) {
        let mut scenario = self.situation.clone();
        let mut seed = u64::from(rng.random::<u32>());
        match self.strategy {
            Strategy::Random | Strategy::Twins | Strategy::Byzzfuzz => {
                let count = rng.random_range(1..=5);
                add_faults(&mut scenario, rng, KINDS, count);
            }
            Strategy::Swarm => {
                let kinds: Vec<Kind> = KINDS.iter().copied().filter(|_| rng.random_bool(0.5)).collect();
                let count = rng.random_range(1..=10);
                turn_settings(&mut scenario, rng);
                add_faults(&mut scenario, rng, &kinds, count);
            }
            Strategy::Coverage => match self.corpus.len() {
                corpus if corpus == 0 || rng.random_bool(0.1) => {
                    let count = rng.random_range(1..=5);
                    add_faults(&mut scenario, rng, KINDS, count);
                }
                corpus => {
                    // The younger half twice as often: it holds what is still little explored.
                    let from = if rng.random_bool(0.5) { corpus / 2 } else { 0 };
                    let (parent, its_seed) = &self.corpus[rng.random_range(from..corpus)];
                    scenario = parent.clone();
                    if rng.random_bool(0.7) {
                        seed = *its_seed;
                    }
                    for _ in 0..rng.random_range(1..=3) {
                        self.change(&mut scenario, rng);
                    }
                }
            },
        }
        (scenario, seed)
    }

    /// Adds a fault, drops one, draws one anew, moves one over from another case.
    fn change(&self, scenario: &mut Scenario, rng: &mut ChaCha8Rng) {
        let own = self.situation.faults.len()..scenario.faults.len();
        let pick = (!own.is_empty()).then(|| rng.random_range(own.clone()));
        match (rng.random_range(0..4), pick) {
            (0, Some(at)) if own.len() > 1 => _ = scenario.faults.remove(at),
            (1, Some(at)) => {
                let kind = KINDS.iter().copied().find(|kind| *kind == scenario.faults[at].inject.name());
                if let Some(fault) = kind.and_then(|kind| draw_fault(scenario, rng, kind)) {
                    let id = scenario.faults[at].id.clone();
                    scenario.faults[at] = Fault { id, ..fault };
                }
            }
            (2, _) => {
                let other = self.corpus.choose(rng).map(|(other, _)| &other.faults[own.start..]);
                if let Some(fault) = other.and_then(|faults| faults.choose(rng)) {
                    scenario.faults.push(Fault { id: free_id(scenario), ..fault.clone() });
                }
            }
            _ if scenario.faults.len() < MOST_FAULTS => add_faults(scenario, rng, KINDS, 1),
            _ => {}
        }
    }

    /// What a case met. Whether it is new is what coverage goes by.
    pub(super) fn learn(&mut self, case: &Case, coverage: &BTreeSet<Feature>) {
        let before = self.seen.len();
        self.seen.extend(coverage);
        let new = self.strategy == Strategy::Coverage && self.seen.len() > before;
        if let (true, Subject::Nodes { scenario, seed }) = (new, &case.subject) {
            self.corpus.push((Scenario::clone(scenario), *seed));
        }
    }

    /// How many features were met so far.
    pub(super) fn features(&self) -> usize {
        self.seen.len()
    }
}

/// The file's network and work, and what must hold in any case. What it expects of its own faults is left out.
///
/// # Errors
/// Without it the file is no scenario: more lie in it than the protocol bears.
pub fn situation(base: &Scenario) -> Result<Scenario, Vec<Diagnostic>> {
    let mut situation = base.clone();
    situation.expect = Expect::default();
    situation.sweep.clear();
    situation.seeds = Seeds::One(0);
    let parsed = scenario::parse(&base.name, &scenario::resolved(&situation))?;
    Ok(parsed.scenario)
}

fn add_faults(scenario: &mut Scenario, rng: &mut ChaCha8Rng, kinds: &[Kind], count: usize) {
    for _ in 0..count {
        let Some(kind) = kinds.choose(rng) else { return };
        if let Some(fault) = draw_fault(scenario, rng, kind) {
            scenario.faults.push(Fault { id: free_id(scenario), ..fault });
        }
    }
}

/// A fault of this kind; `None`: it is a lie, and nobody may lie.
fn draw_fault(scenario: &Scenario, rng: &mut ChaCha8Rng, kind: Kind) -> Option<Fault> {
    let mut menu = Menu::new(scenario, rng);
    (menu.has_liars() || !scenario::is_lie(kind)).then(|| menu.fault(kind))
}

fn free_id(scenario: &Scenario) -> String {
    let taken = |id: &String| scenario.faults.iter().any(|fault| fault.id == *id);
    (1..)
        .map(|number| format!("f{number}"))
        .find(|id| !taken(id))
        .expect("there are more numbers than faults")
}

/// Other links, other patience, other weights.
fn turn_settings(scenario: &mut Scenario, rng: &mut ChaCha8Rng) {
    if rng.random_bool(0.5) {
        let median = Span::from_millis(rng.random_range(1..=40));
        let p99 = Span::from_nanos(median.nanos() * rng.random_range(1..=3));
        let few = |rng: &mut ChaCha8Rng| Percent::from_whole([0, 0, 1, 5][rng.random_range(0..4)]);
        // Nothing is lost for ever: after GST every message must arrive.
        scenario.links.default = LinkModel {
            latency: Latency::LogNormal { median, p99 },
            duplicate: few(rng),
            reorder: few(rng),
            ..scenario.links.default.clone()
        };
    }
    if rng.random_bool(0.3) {
        let weights = (0..scenario.validators.count).map(|_| rng.random_range(1..=3)).collect();
        scenario.validators.stake = scenario::Stake::Weights(weights);
    }
    if rng.random_bool(0.3) {
        let timeouts = &mut scenario.consensus.timeouts;
        let longer = rng.random_range(1..=3);
        for timeout in [&mut timeouts.propose, &mut timeouts.prevote, &mut timeouts.precommit] {
            *timeout = Span::from_nanos(timeout.nanos() * longer);
        }
        timeouts.growth = [1.1, 1.5, 2.0][rng.random_range(0..3)];
    }
}
