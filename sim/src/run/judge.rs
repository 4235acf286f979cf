//! From what the oracles found to the run's record and verdict.

use super::faults::{self, Instance};
use super::inject;
use super::network;
use super::recorder::Recorder;
use super::shared::Shared;
use super::{Outcome, Tally};
use crate::lab::{Counters, Finding, Halt, TraceSummary};
use crate::scenario::{Crypto, Family, Property, Scenario, Sometimes, World};
use crate::scheme::Scheme;
use bitcraps_reports::{FaultSpan, Manifest, PropertyKind, PropertyResult, RunRecord, Verdict};
use bitcraps_types::{Digest, Time};
use std::collections::BTreeSet;
use std::time::Duration;

/// What is known at the end of a run.
pub(crate) struct Closing<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) seed: u64,
    pub(crate) repro: &'a str,
    pub(crate) wall: Duration,
    pub(crate) counters: Counters,
    pub(crate) trace: TraceSummary,
    pub(crate) instances: Vec<Instance>,
    pub(crate) liars: BTreeSet<u16>,
    pub(crate) finding: Option<Finding>,
    /// Nodes that stopped themselves.
    pub(crate) halts: Vec<Halt>,
    /// Nodes that could not start because the machine refused them a file or a port.
    pub(crate) refused: Vec<Halt>,
    pub(crate) at: Time,
    /// What the world has to say of the run.
    pub(crate) notes: Vec<String>,
    pub(crate) world: World,
}

/// The outcome of a run that the world could not make: nothing was run, and nothing is judged.
pub(crate) fn unsupported(
    scenario: &Scenario,
    world: World,
    seed: u64,
    repro: &str,
    faults: &[(&str, String)],
) -> Outcome {
    let properties = faults.iter().map(|(id, why)| PropertyResult {
        name: format!("fault {id}"),
        kind: PropertyKind::Unsupported,
        holds: None,
        detail: why.clone(),
        at_ns: None,
    });
    let trace = TraceSummary { digest: Digest::ZERO, events: 0, checkpoints: Vec::new() };
    let closing = Closing {
        scenario,
        seed,
        repro,
        wall: Duration::ZERO,
        counters: Counters::default(),
        trace: trace.clone(),
        instances: Vec::new(),
        liars: BTreeSet::new(),
        finding: None,
        halts: Vec::new(),
        refused: Vec::new(),
        at: Time::ZERO,
        notes: Vec::new(),
        world,
    };
    let record = record(&closing, &Recorder::default(), properties.collect());
    Outcome {
        record,
        trace,
        reached: BTreeSet::new(),
        height: 0,
        wall: Duration::ZERO,
        coverage: BTreeSet::new(),
        tally: Tally::default(),
    }
}

/// Judges the run.
pub(crate) fn judge(closing: Closing<'_>, shared: &Shared) -> Outcome {
    let scenario = closing.scenario;
    let mut oracles = shared.oracles.borrow_mut();
    let all = oracles.finish(closing.at);
    let reached: BTreeSet<Sometimes> =
        Sometimes::ALL.into_iter().filter(|sometimes| oracles.count(*sometimes) > 0).collect();
    let crash = crash_of_its_own(&closing);
    let mut all = all;
    all.extend(crash.map(|(detail, at)| PropertyResult {
        name: Property::NoCrash.name().to_owned(),
        kind: PropertyKind::Always,
        holds: Some(false),
        detail,
        at_ns: Some(at.0),
    }));
    let mut properties = match scenario.expect.violation {
        None => expected(scenario, all),
        // What else a bug breaks, and whom it would convict, is its own affair.
        Some(violation) if scenario.consensus.bug.is_some() => vec![is_violated(violation, &all)],
        Some(Property::Agreement) => forked_as_expected(all),
        Some(violation) => violated_as_expected(scenario, violation, all),
    };
    let totals = faults::totals(scenario.faults.len(), &closing.instances);
    for (fault, (starts, touched)) in scenario.faults.iter().zip(totals) {
        if touched == 0 {
            let why = if starts == 0 { "never started" } else { "touched nothing" };
            properties.push(unjudged(format!("fault {} lands", fault.id), why.to_owned()));
        }
    }
    let (lying, total) = stake(scenario, &closing.liars);
    if scenario.expect.violation.is_none() && 3 * lying >= total && lying > 0 {
        let detail = format!("{lying} of {total} stake lied at some time: more than f");
        properties.push(unjudged("at most f Byzantine".to_owned(), detail));
    }
    if let Some(halt) = unexplained(&closing, &closing.refused) {
        let detail = format!("node {} could not: {}", halt.node, halt.reason);
        properties.push(unjudged("every node can start on this machine".to_owned(), detail));
    }
    let height = oracles.top();
    drop(oracles);
    let record = record(&closing, &shared.recorder.borrow(), properties);
    let (coverage, tally) = (BTreeSet::new(), Tally::default());
    Outcome { record, trace: closing.trace, reached, height, wall: closing.wall, coverage, tally }
}

/// What no fault explains: a panic, or an honest node that stopped itself though nothing was ever wrong with its disk.
/// In a forked chain a node may well find that the state contradicts it.
fn crash_of_its_own(closing: &Closing<'_>) -> Option<(String, Time)> {
    if let Some(finding) = &closing.finding {
        return Some((finding.to_string(), closing.at));
    }
    let halt = unexplained(closing, &closing.halts)?;
    let halt = Some(halt).filter(|_| closing.scenario.expect.violation.is_none())?;
    Some((format!("node {} stopped itself: {}", halt.node, halt.reason), halt.at))
}

/// The first of these whose node is honest, and whose disk no fault had struck.
fn unexplained<'a>(closing: &Closing<'_>, halts: &'a [Halt]) -> Option<&'a Halt> {
    let bad_disk = |halt: &Halt| {
        let on_disk = |fault: usize| closing.scenario.faults[fault].inject.family() == Family::Disk;
        let instances = closing.instances.iter().filter(|instance| instance.start <= halt.at);
        instances
            .filter(|instance| on_disk(instance.fault))
            .any(|instance| instance.nodes.contains(&halt.node))
    };
    halts.iter().find(|halt| !closing.liars.contains(&halt.node) && !bad_disk(halt))
}

/// Without an expected violation: what the file lists, and the oracles that it can't switch off.
fn expected(scenario: &Scenario, all: Vec<PropertyResult>) -> Vec<PropertyResult> {
    let listed = |name: &str| {
        let property = Property::ALL.into_iter().find(|property| property.name() == name);
        property.is_none_or(|property| {
            property == Property::NoCrash || scenario.expect.always.contains(&property)
        })
    };
    let judged = all.into_iter().filter(|result| result.kind != PropertyKind::Sometimes);
    judged.filter(|result| listed(&result.name)).collect()
}

/// With one: it happened, and all else that the file lists held.
fn violated_as_expected(
    scenario: &Scenario,
    violation: Property,
    all: Vec<PropertyResult>,
) -> Vec<PropertyResult> {
    let mut results = vec![is_violated(violation, &all)];
    let others = all.into_iter().filter(|result| result.name != violation.name());
    results.extend(expected(scenario, others.collect()));
    results
}

fn is_violated(violation: Property, all: &[PropertyResult]) -> PropertyResult {
    let found = all.iter().find(|result| result.name == violation.name());
    PropertyResult {
        name: format!("{} is violated", violation.name()),
        kind: PropertyKind::Always,
        holds: Some(found.is_some_and(|result| result.holds == Some(false))),
        detail: found.map_or(String::new(), |result| result.detail.clone()),
        at_ns: found.and_then(|result| result.at_ns),
    }
}

/// With a fork: it happened, and what does not need one chain held all the same: it convicts more than f of those who lied
/// and nobody else, nobody honest was accused, voted twice or broke a lock, and on no branch did tokens appear or vanish.
fn forked_as_expected(all: Vec<PropertyResult>) -> Vec<PropertyResult> {
    let mut results = vec![is_violated(Property::Agreement, &all)];
    const WITHOUT_A_CHAIN: [&str; 10] = [
        "no_crash",
        "certificates",
        "conservation",
        "no_negative_balance",
        "no_false_accusation",
        "vote_once",
        "lock_discipline",
        "sent_certificates",
        "bounded_memory",
        "accountability",
    ];
    results.extend(all.into_iter().filter(|result| WITHOUT_A_CHAIN.contains(&&*result.name)));
    results
}

/// The stake of some validators, and that of all.
fn stake(scenario: &Scenario, some: &BTreeSet<u16>) -> (u128, u128) {
    let weights = scenario.validators.weights();
    let of = |node: &u16| weights.get(usize::from(*node)).map_or(0, |&weight| u128::from(weight));
    (some.iter().map(of).sum(), weights.iter().map(|&weight| u128::from(weight)).sum())
}

fn unjudged(name: String, detail: String) -> PropertyResult {
    PropertyResult { name, kind: PropertyKind::Sometimes, holds: None, detail, at_ns: None }
}

pub(crate) fn verdict(properties: &[PropertyResult]) -> Verdict {
    if properties.iter().any(|property| property.holds == Some(false)) {
        Verdict::Violated
    } else if properties.iter().any(|property| property.holds.is_none()) {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    }
}

fn record(closing: &Closing<'_>, recorder: &Recorder, properties: Vec<PropertyResult>) -> RunRecord {
    let scenario = closing.scenario;
    RunRecord {
        manifest: Manifest {
            scenario: scenario.name.clone(),
            claim: scenario.claim.clone(),
            seed: closing.seed,
            world: closing.world.name().to_owned(),
            engine: scenario.consensus.engine.name().to_owned(),
            crypto: match network::scheme(scenario, closing.world) {
                Scheme::Mock => "mock".to_owned(),
                Scheme::Real => "real".to_owned(),
            },
            nodes: scenario.validators.count,
            duration_ns: closing.at.0,
            trace_hash: match closing.world.is_deterministic() {
                true => closing.trace.digest.to_string(),
                false => String::new(),
            },
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: closing.repro.to_owned(),
            wall_ms: u64::try_from(closing.wall.as_millis()).unwrap_or(u64::MAX),
            events: closing.trace.events,
            messages: closing.counters.sent,
        },
        verdict: verdict(&properties),
        properties,
        faults: fault_spans(scenario, &closing.instances),
        commits: recorder.commits.clone(),
        commands: recorder.commands.clone(),
        node_events: recorder.node_events.clone(),
        windows: Vec::new(),
        honest: (0..scenario.validators.count).map(|node| !closing.liars.contains(&node)).collect(),
        notes: notes(closing, recorder),
    }
}

fn fault_spans(scenario: &Scenario, instances: &[Instance]) -> Vec<FaultSpan> {
    let mut spans = Vec::with_capacity(instances.len());
    let mut starts = vec![0u32; scenario.faults.len()];
    for instance in instances {
        let fault = &scenario.faults[instance.fault];
        let (label, unit) = inject::describe(fault);
        starts[instance.fault] += 1;
        let start = starts[instance.fault];
        let id = if start == 1 { fault.id.clone() } else { format!("{} #{start}", fault.id) };
        spans.push(FaultSpan {
            id,
            label,
            family: fault.inject.family().name().to_owned(),
            start_ns: instance.start.0,
            end_ns: instance.end.unwrap_or(instance.start).0,
            touched: instance.touched,
            unit: unit.to_owned(),
            nodes: instance.nodes.clone(),
        });
    }
    spans
}

fn notes(closing: &Closing<'_>, recorder: &Recorder) -> Vec<String> {
    let mut notes = closing.notes.clone();
    let is_on_quic = matches!(closing.world, World::Wire | World::Turmoil);
    if is_on_quic && closing.scenario.crypto == Crypto::Mock {
        notes
            .push("The scenario asks for mock signatures; QUIC needs real keys, so all are real.".to_owned());
    }
    if recorder.dropped_events > 0 {
        notes.push(format!("{} events at nodes were left out of the record", recorder.dropped_events));
    }
    if let Some((count, first)) = recorder.unsettled() {
        let since = Duration::from_nanos(first.0).as_secs_f64();
        notes.push(format!(
            "{count} commands were not settled where they were submitted, the first from {since:.2} s"
        ));
    }
    for (why, count) in &recorder.refused {
        notes.push(format!("{count} commands were refused: {why}"));
    }
    let Counters { lost, refused, corrupted, duplicated, .. } = closing.counters;
    notes.push(format!(
        "frames: {lost} lost, {duplicated} duplicated, {corrupted} damaged, {refused} refused by a full queue"
    ));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of which only this is known.
    fn closing(scenario: &Scenario, instances: Vec<Instance>, halts: Vec<Halt>) -> Closing<'_> {
        Closing {
            scenario,
            seed: 1,
            repro: "",
            wall: Duration::ZERO,
            counters: Counters::default(),
            trace: TraceSummary { digest: Digest::ZERO, events: 0, checkpoints: Vec::new() },
            instances,
            liars: BTreeSet::new(),
            finding: None,
            halts,
            refused: Vec::new(),
            at: Time(5_000_000_000),
            notes: Vec::new(),
            world: World::Lab,
        }
    }

    /// A run in which node 1 stopped itself at 2 s.
    fn halted(scenario: &Scenario, instances: Vec<Instance>) -> Option<(String, Time)> {
        let halt =
            Halt { node: 1, at: Time(2_000_000_000), reason: "the state contradicts itself".to_owned() };
        crash_of_its_own(&closing(scenario, instances, vec![halt]))
    }

    #[test]
    fn a_node_that_stops_itself_needs_a_disk_fault_as_its_reason() {
        let text = "version: 1\nname: halts\nclaim: x\nduration: 5 s\nvalidators: { count: 4 }\n\
                    faults: [{ at: 1 s, on: 1, inject: { disk_full: { capacity: 0 B } } }]\n";
        let scenario = crate::scenario::parse("(test)", text).expect("the scenario is good").scenario;
        let (detail, at) = halted(&scenario, Vec::new()).expect("nothing explains it");
        assert_eq!((&*detail, at.0), ("node 1 stopped itself: the state contradicts itself", 2_000_000_000));
        let full = |node| Instance::new(0, Time(1_000_000_000), vec![node]);
        assert_eq!(halted(&scenario, vec![full(1)]), None);
        assert!(halted(&scenario, vec![full(2)]).is_some(), "another node's disk is no reason");
        let run = closing(&scenario, Vec::new(), Vec::new());
        let refused = [Halt { node: 1, at: Time(2), reason: "the port is taken".to_owned() }];
        assert!(unexplained(&run, &refused).is_some() && crash_of_its_own(&run).is_none());
    }
}
