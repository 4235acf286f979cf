//! Runs a scenario: builds the network, carries out its faults and its workload, gathers the record, judges.
//!
//! [`examine`] is the whole of it. One pass ([`pass`]) is one simulated run. A second pass with the same seed must give
//! the same trace; it also films the messages around what the first pass found interesting, since only then is it
//! known where to look.

pub(crate) mod cluster;
mod convert;
mod coverage;
mod faults;
mod film;
mod handovers;
pub mod heartbeat;
pub(crate) mod house;
mod inject;
mod judge;
mod lab;
mod network;
mod onlooker;
mod pass;
mod players;
mod recorder;
mod select;
pub(crate) mod shared;
mod stage;
mod tally;
mod timeline;
#[cfg(feature = "turmoil")]
mod turmoil;
mod watch;

pub use coverage::Feature;
pub(crate) use film::frame_in_words;
pub use onlooker::{Change, FaultNews, Onlooker};
pub use tally::{Row as TallyRow, Tally};

use crate::lab::{CHECKPOINT_EVENTS, Tape, TraceSummary};
use crate::scenario::{Scenario, Sometimes, World};
use bitcraps_reports::{PropertyKind, PropertyResult, RunRecord, Verdict};
use onlooker::Gaze;
use pass::{Plan, pass};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How closely to look at a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// One pass: a verdict and a trace hash.
    Once,
    /// Two passes: the traces are compared, and the record has the messages of a few short stretches.
    Twice,
    /// The same, and the record has the messages of the whole run too, as far as there is room for them.
    Filmed,
}

/// A run that was looked at.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What came of it.
    pub outcome: Outcome,
    /// Whether it was run twice.
    pub twice: bool,
    /// Where the two runs differ, if they do.
    pub divergence: Option<Divergence>,
}

/// What one pass came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Everything that a report may say, with the verdict.
    pub record: RunRecord,
    /// The trace.
    pub trace: TraceSummary,
    /// Which of the things that must be reached sometimes were reached in this run.
    pub reached: BTreeSet<Sometimes>,
    /// The highest height decided by an honest node.
    pub height: u64,
    /// Real time that the pass took.
    pub wall: Duration,
    /// Where the engines have been; empty unless it was asked for.
    pub coverage: BTreeSet<Feature>,
    /// What bets came to; empty unless it was asked for.
    pub tally: Tally,
}

impl Outcome {
    /// Demands that this run alone reached these things; without them it is inconclusive.
    pub fn demand(&mut self, wanted: &[Sometimes]) {
        if self.is_unsupported() {
            return;
        }
        for wanted in wanted {
            let reached = self.reached.contains(wanted);
            self.record.properties.push(PropertyResult {
                name: format!("sometimes {}", wanted.name()),
                kind: PropertyKind::Sometimes,
                holds: reached.then_some(true),
                detail: if reached { "reached" } else { "never reached" }.to_owned(),
                at_ns: None,
            });
        }
        self.record.verdict = judge::verdict(&self.record.properties);
    }

    /// Whether the world could not make the run at all.
    pub fn is_unsupported(&self) -> bool {
        self.record.properties.iter().any(|property| property.kind == PropertyKind::Unsupported)
    }

    /// Drops what only a report of this one run needs.
    pub fn forget_details(&mut self) {
        let record = &mut self.record;
        record.commits = Vec::new();
        record.commands = Vec::new();
        record.node_events = Vec::new();
        record.windows = Vec::new();
        self.trace.checkpoints = Vec::new();
    }
}

/// The first event in which two runs of one seed differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Its number in the trace, from 0.
    pub event: u64,
    /// The event in the first run.
    pub first: String,
    /// The event in the second run.
    pub second: String,
    /// The last events that were the same.
    pub before: Vec<String>,
}

/// As [`examine`], but a run that was to be made once and did not pass is made again, twice, and filmed: whoever reads its
/// report wants to see the messages around what went wrong.
pub fn examine_failures_closely(
    scenario: &Scenario,
    world: World,
    seed: u64,
    depth: Depth,
    repro: &str,
) -> Examined {
    let examined = examine(scenario, world, seed, depth, repro);
    let repeats = world != World::Cluster && !examined.outcome.is_unsupported();
    if depth == Depth::Once && examined.outcome.record.verdict != Verdict::Pass && repeats {
        return examine(scenario, world, seed, Depth::Twice, repro);
    }
    examined
}

/// Runs a scenario with a seed in a world. `repro` is the command line that does the same again.
///
/// # Panics
/// If the world itself breaks, or is made of a program that is missing.
pub fn examine(scenario: &Scenario, world: World, seed: u64, depth: Depth, repro: &str) -> Examined {
    let once = |outcome| Examined { outcome, twice: false, divergence: None };
    let unsupported = world.unsupported(scenario);
    if !unsupported.is_empty() {
        return once(judge::unsupported(scenario, world, seed, repro, &unsupported));
    }
    match world {
        World::Lab | World::Wire | World::Turmoil | World::Madsim => {
            examine_in_virtual_time(scenario, world, seed, depth, repro)
        }
        World::Cluster => {
            let inside = world.inside_daemons(scenario);
            once(match cluster::program(!inside.is_empty()) {
                Ok(program) => cluster::run(scenario, &program, seed, repro),
                Err(why) if !inside.is_empty() => {
                    let faults: Vec<_> = inside.into_iter().map(|id| (id, why.clone())).collect();
                    judge::unsupported(scenario, world, seed, repro, &faults)
                }
                Err(why) => panic!("{why}"),
            })
        }
    }
}

/// One pass of a scenario in the lab, with its coverage, for searches.
///
/// # Panics
/// As [`examine`].
pub fn sample(scenario: &Scenario, seed: u64, repro: &str) -> Outcome {
    let world = World::Lab;
    let plan = Plan { liars: pass::liars(scenario, world, seed), coverage: true, ..Plan::new(world) };
    pass(scenario, seed, &plan, repro)
}

/// One pass of a scenario in the lab, and what its bets came to.
///
/// # Panics
/// As [`examine`].
pub fn measure(scenario: &Scenario, seed: u64, repro: &str) -> (Outcome, Tally) {
    let world = World::Lab;
    let plan = Plan { liars: pass::liars(scenario, world, seed), tally: true, ..Plan::new(world) };
    let outcome = pass(scenario, seed, &plan, repro);
    let tally = outcome.tally.clone();
    (outcome, tally)
}

/// The same scenario with what its links draw with this seed written down, in the lab.
///
/// # Panics
/// As [`examine`].
pub fn recorded(scenario: &Scenario, seed: u64) -> Scenario {
    let world = World::Lab;
    let plan = Plan { liars: pass::liars(scenario, world, seed), record: true, ..Plan::new(world) };
    let mut tape = Tape::new();
    pass::pass_with(scenario, seed, &plan, "", |world| tape = world.recorded());
    let mut scenario = scenario.clone();
    scenario.links.recorded = convert::recorded(&tape);
    scenario
}

/// One pass as events: the trace, and the events with these numbers in words, if any are wanted. `None`: this world has
/// no trace, or can't make the scenario.
///
/// # Panics
/// As [`examine`].
pub fn trace(
    scenario: &Scenario,
    world: World,
    seed: u64,
    events: Option<Range<u64>>,
) -> Option<(Outcome, Vec<String>)> {
    if !world.is_deterministic() || !world.unsupported(scenario).is_empty() {
        return None;
    }
    let plan = Plan { liars: pass::liars(scenario, world, seed), events, ..Plan::new(world) };
    let mut lines = Vec::new();
    let outcome = pass::pass_with(scenario, seed, &plan, "", |world| lines = world.window());
    Some((outcome, lines))
}

/// One pass in virtual time with somebody who looks on. `None`: the world is in real time, or can't make the scenario.
///
/// # Panics
/// As [`examine`].
pub fn look_on(
    scenario: &Scenario,
    world: World,
    seed: u64,
    onlooker: Arc<Mutex<dyn Onlooker>>,
) -> Option<Outcome> {
    if world == World::Cluster || !world.unsupported(scenario).is_empty() {
        return None;
    }
    let (liars, onlooker) = (pass::liars(scenario, world, seed), Some(Gaze::new(onlooker)));
    Some(pass(scenario, seed, &Plan { liars, onlooker, ..Plan::new(world) }, ""))
}

fn examine_in_virtual_time(
    scenario: &Scenario,
    world: World,
    seed: u64,
    depth: Depth,
    repro: &str,
) -> Examined {
    let plan = Plan { liars: pass::liars(scenario, world, seed), ..Plan::new(world) };
    let mut outcome = pass(scenario, seed, &plan, repro);
    if depth == Depth::Once {
        return Examined { outcome, twice: false, divergence: None };
    }
    let mut windows = film::windows(&outcome.record);
    if depth == Depth::Filmed {
        windows.push(film::whole_run(&outcome.record));
    }
    let second = pass(scenario, seed, &Plan { windows, unseen: 1, ..plan.clone() }, repro);
    let divergence = outcome
        .trace
        .first_difference(&second.trace)
        .map(|block| find_divergence(scenario, seed, &plan, repro, block));
    outcome.record.windows = second.record.windows;
    Examined { outcome, twice: true, divergence }
}

/// Runs twice more, writing down every event of the first block that differed.
fn find_divergence(
    scenario: &Scenario,
    seed: u64,
    plan: &Plan,
    repro: &str,
    block: Range<u64>,
) -> Divergence {
    let lines = |unseen| {
        let mut lines = Vec::new();
        let plan = Plan { events: Some(block.clone()), unseen, ..plan.clone() };
        pass::pass_with(scenario, seed, &plan, repro, |world| lines = world.window());
        lines
    };
    compare(block.start, &lines(0), &lines(1))
}

fn compare(start: u64, first: &[String], second: &[String]) -> Divergence {
    let same = first.iter().zip(second).take_while(|(a, b)| a == b).count();
    let side = |lines: &[String]| match lines.get(same) {
        Some(line) => line.clone(),
        None if same as u64 == CHECKPOINT_EVENTS => {
            "(the block of events in which the runs differed was the same when they were run again)"
                .to_owned()
        }
        None => "(the run had ended)".to_owned(),
    };
    Divergence {
        event: start + same as u64,
        first: side(first),
        second: side(second),
        before: first[same.saturating_sub(3)..same].to_vec(),
    }
}

#[cfg(test)]
mod cheat_tests;
#[cfg(test)]
mod dice_tests;
#[cfg(test)]
mod fault_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_event_that_differs_is_named_with_what_came_before() {
        let lines = |text: &str| text.chars().map(|c| c.to_string()).collect::<Vec<_>>();
        let divergence = compare(4096, &lines("abcde"), &lines("abcxe"));
        assert_eq!((divergence.event, &*divergence.first, &*divergence.second), (4099, "d", "x"));
        assert_eq!(divergence.before, lines("abc"));
        assert_eq!(compare(0, &lines("ab"), &lines("a")).second, "(the run had ended)");
    }

    /// What a regression is kept for: it must not become another run when links draw otherwise.
    #[test]
    fn a_run_played_back_from_what_its_links_drew_is_the_same_run_whatever_they_would_draw_now() {
        let text = "version: 1\nname: tape\nclaim: x\nduration: 2 s\nvalidators: { count: 4 }\n\
                    links: { default: { latency: { median: 20 ms, p99: 90 ms }, loss: 5 % } }\n";
        let scenario = crate::scenario::parse("(test)", text).unwrap().scenario;
        let hash = |scenario: &Scenario| sample(scenario, 3, "").trace.digest;
        let recorded = recorded(&scenario, 3);
        let text = crate::scenario::resolved(&recorded);
        let mut again = crate::scenario::parse("(again)", &text).unwrap().scenario;
        assert_eq!(again, recorded);
        again.links.default = crate::scenario::LinkModel::default();
        assert_eq!(hash(&again), hash(&scenario));
        again.links.recorded = crate::scenario::Recorded::default();
        assert_ne!(hash(&again), hash(&scenario), "the tape makes no difference");
    }
}
