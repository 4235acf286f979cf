//! What is simpler than a scenario: each step proposes some, the boldest first. Every proposal is smaller by a measure
//! that can't fall for ever, so that trying them comes to an end.

use crate::run::Outcome;
use crate::scenario::{
    Crypto, End, Fault, Inject, Latency, LinkModel, Links, Percent, Scenario, Selector, Span, Stake, Trigger,
};

/// Proposes scenarios that are simpler in one respect. The run is the scenario's own.
type Step = fn(&Scenario, Option<&Outcome>) -> Vec<Scenario>;

pub(super) const STEPS: &[Step] =
    &[end_sooner, without_work, fewer_nodes, plain_links, plain_settings, as_it_happened, simpler_faults];

const SECOND: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;

/// The run ends where the property was broken, or after half of its time.
fn end_sooner(scenario: &Scenario, outcome: Option<&Outcome>) -> Vec<Scenario> {
    let broken = outcome.and_then(|outcome| {
        let broken = outcome.record.properties.iter().find(|property| property.holds == Some(false));
        broken.and_then(|property| property.at_ns)
    });
    let duration = scenario.duration.nanos();
    let at = |nanos: u64| {
        let mut sooner = scenario.clone();
        sooner.duration = Span::from_nanos(nanos);
        sooner.gst = scenario.gst.map(|gst| gst.min(sooner.duration));
        sooner
    };
    let up_to = |unit: u64| broken.map(|broken| (broken + 1).div_ceil(unit) * unit);
    let mut proposals: Vec<Scenario> = [up_to(100 * MS), up_to(SECOND), Some(duration / 2 / MS * MS)]
        .into_iter()
        .flatten()
        .filter(|nanos| (MS..duration).contains(nanos))
        .map(at)
        .collect();
    if let Some(gst) = scenario.gst
        && gst.nanos() >= 2 * MS
    {
        proposals
            .push(Scenario { gst: Some(Span::from_nanos(gst.nanos() / 2 / MS * MS)), ..scenario.clone() });
    }
    proposals
}

/// No players; one table.
fn without_work(scenario: &Scenario, _: Option<&Outcome>) -> Vec<Scenario> {
    let mut idle = scenario.clone();
    (idle.workload.players, idle.workload.tables) = (0, 1);
    let mut few = scenario.clone();
    (few.workload.players, few.workload.tables) = (1.min(few.workload.players), 1);
    vec![idle, few].into_iter().filter(|proposal| proposal != scenario).collect()
}

/// Four validators, the fewest that bear a liar, and one fewer than there are. A scenario that names one that is gone is
/// none.
fn fewer_nodes(scenario: &Scenario, _: Option<&Outcome>) -> Vec<Scenario> {
    let count = scenario.validators.count;
    let with = |less: u16| {
        let mut fewer = scenario.clone();
        fewer.validators.count = less;
        if let Stake::Weights(weights) = &mut fewer.validators.stake {
            weights.truncate(usize::from(less));
        }
        fewer.validators.regions.values_mut().for_each(|nodes| nodes.retain(|node| *node < less));
        for fault in &mut fewer.faults {
            if let Inject::Partition { split: crate::scenario::Split::Groups(groups), .. } = &mut fault.inject
            {
                groups.iter_mut().for_each(|group| group.retain(|node| *node < less));
                groups.retain(|group| !group.is_empty());
            }
        }
        fewer
    };
    [4, count.saturating_sub(1)].into_iter().filter(|less| *less >= 1 && *less < count).map(with).collect()
}

/// Constant delays, nothing lost, no regions.
fn plain_links(scenario: &Scenario, _: Option<&Outcome>) -> Vec<Scenario> {
    let plain = |model: &LinkModel| LinkModel {
        latency: Latency::Constant(middle(model.latency)),
        ..LinkModel::default()
    };
    let with = |default: LinkModel, pairs| Scenario {
        links: Links { default, pairs, ..Links::default() },
        ..scenario.clone()
    };
    let Links { default, pairs, .. } = &scenario.links;
    let mut proposals = vec![with(LinkModel::default(), Vec::new()), with(plain(default), Vec::new())];
    let constant = LinkModel { latency: Latency::Constant(middle(default.latency)), ..default.clone() };
    proposals.push(with(constant, pairs.clone()));
    let quiet = LinkModel {
        loss: Percent::ZERO,
        duplicate: Percent::ZERO,
        reorder: Percent::ZERO,
        corrupt: Percent::ZERO,
        ..default.clone()
    };
    proposals.push(with(quiet, pairs.clone()));
    // Never from plain links back to others that are as plain.
    let is_plain = *default == LinkModel::default() && pairs.is_empty();
    proposals.retain(|proposal| !is_plain && proposal.links != scenario.links);
    if pairs.is_empty() && *default == plain(default) {
        proposals.truncate(1);
    }
    proposals
}

fn middle(latency: Latency) -> Span {
    match latency {
        Latency::Constant(span) => span,
        Latency::LogNormal { median, .. } => median,
        Latency::Jitter { mean, .. } | Latency::Exponential { mean } | Latency::Normal { mean, .. } => mean,
        Latency::Uniform { min, max } => Span::from_nanos((min.nanos() + max.nanos()) / 2 / MS * MS),
    }
}

/// Equal stakes, cheap signatures, no pause between blocks.
fn plain_settings(scenario: &Scenario, _: Option<&Outcome>) -> Vec<Scenario> {
    let mut proposals = Vec::new();
    let mut propose = |change: &dyn Fn(&mut Scenario)| {
        let mut proposal = scenario.clone();
        change(&mut proposal);
        if proposal != *scenario {
            proposals.push(proposal);
        }
    };
    propose(&|it| it.validators.stake = Stake::Equal);
    propose(&|it| it.crypto = Crypto::Mock);
    propose(&|it| it.consensus.interval = Span::ZERO);
    propose(&|it| it.validators.regions.clear());
    proposals
}

/// Each fault as it happened in the run: on these nodes, at this time, once.
fn as_it_happened(scenario: &Scenario, outcome: Option<&Outcome>) -> Vec<Scenario> {
    let Some(outcome) = outcome else { return Vec::new() };
    let mut proposals = Vec::new();
    for (at, fault) in scenario.faults.iter().enumerate() {
        let spans = outcome.record.faults.iter().filter(|span| {
            let again = span.id.strip_prefix(&fault.id).is_some_and(|rest| rest.starts_with(" #"));
            span.id == fault.id || again
        });
        let spans: Vec<_> = spans.collect();
        let by_run = fault.on.follows_the_run()
            || matches!(fault.on, Selector::One | Selector::Fixed(_) | Selector::Percent(_))
            || matches!(fault.on, Selector::MinorityThird | Selector::Majority);
        if matches!(fault.trigger, Trigger::At(_)) && !by_run {
            continue;
        }
        for span in &spans {
            let mut happened = fault.clone();
            happened.trigger = Trigger::At(Span::from_nanos(span.start_ns));
            if by_run {
                happened.on = match span.nodes[..] {
                    [node] => Selector::Node(node),
                    _ => Selector::Nodes(span.nodes.clone()),
                };
            }
            happened.end.times = None;
            let restarts = matches!(happened.inject, Inject::Crash { restart_after: Some(_), .. });
            if !restarts && !matches!(happened.inject, Inject::Jump { .. } | Inject::Heal {}) {
                let lasted = Span::from_nanos(span.end_ns.saturating_sub(span.start_ns));
                happened.end = End { lasts: Some(lasted), ..End::default() };
            }
            proposals.push(replaced(scenario, at, happened));
        }
    }
    proposals
}

fn replaced(scenario: &Scenario, at: usize, fault: Fault) -> Scenario {
    let mut scenario = scenario.clone();
    scenario.faults[at] = fault;
    scenario
}

/// One fault with less of everything: without a chance of its own, on one node, for a shorter time, at a rounder time.
fn simpler_faults(scenario: &Scenario, _: Option<&Outcome>) -> Vec<Scenario> {
    let mut proposals = Vec::new();
    for (at, fault) in scenario.faults.iter().enumerate() {
        for simpler in simpler_than(fault) {
            proposals.push(replaced(scenario, at, simpler));
        }
    }
    proposals
}

fn simpler_than(fault: &Fault) -> Vec<Fault> {
    let mut all = Vec::new();
    let mut propose = |change: &dyn Fn(&mut Fault)| {
        let mut simpler = fault.clone();
        change(&mut simpler);
        if simpler != *fault {
            all.push(simpler);
        }
    };
    propose(&|it| it.probability = None);
    propose(&|it| it.end.times = None);
    propose(&|it| it.end.until = None);
    propose(&|it| it.between = None);
    if let Selector::Nodes(nodes) = &fault.on {
        nodes.iter().for_each(|node| propose(&|it| it.on = Selector::Node(*node)));
    }
    if let Trigger::At(at) = fault.trigger {
        [Span::ZERO, rounded(at, SECOND), rounded(at, 100 * MS), rounded(at, MS)]
            .into_iter()
            .filter(|rounder| digits(*rounder) < digits(at))
            .for_each(|rounder| propose(&|it| it.trigger = Trigger::At(rounder)));
    }
    if let Some(lasts) = fault.end.lasts {
        let halves = [Some(lasts.nanos() / 2), None];
        let rounder = [SECOND, 100 * MS, MS].map(|unit| rounded(lasts, unit));
        let shorter = halves.into_iter().flatten().map(|nanos| Span::from_nanos(nanos / MS * MS));
        let shorter = shorter.filter(|shorter| shorter.nanos() >= MS);
        let rounder = rounder.into_iter().filter(|rounder| digits(*rounder) < digits(lasts));
        shorter.chain(rounder).for_each(|span| propose(&|it| it.end.lasts = Some(span)));
    }
    match &fault.inject {
        Inject::Crash { restart_after: Some(after), disk } => {
            for shorter in [rounded(*after, SECOND), rounded(*after, 100 * MS)] {
                if digits(shorter) < digits(*after) && shorter > Span::ZERO {
                    let inject = Inject::Crash { restart_after: Some(shorter), disk: *disk };
                    propose(&|it| it.inject = inject.clone());
                }
            }
        }
        Inject::Equivocate { what, groups } if what.len() > 1 => {
            for kind in what {
                let inject = Inject::Equivocate { what: vec![*kind], groups: groups.clone() };
                propose(&|it| it.inject = inject.clone());
            }
        }
        _ => {}
    }
    all
}

fn rounded(span: Span, unit: u64) -> Span {
    Span::from_nanos(span.nanos() / unit * unit)
}

/// How long a span is to write.
fn digits(span: Span) -> usize {
    if span == Span::ZERO { 0 } else { span.to_string().len() }
}
