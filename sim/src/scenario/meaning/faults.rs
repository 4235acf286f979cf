//! Whether each fault can happen as it is written.

use super::{Context, RESERVED, latency};
use crate::scenario::fault::{Condition, Fault, Selector, Trigger};
use crate::scenario::inject::{Family, Hearers, Inject, Shape, Split, Strategy};
use crate::scenario::units::Span;
use bitcraps_types::Protocol;
use std::collections::BTreeMap;

/// A run looks at its faults at each start: more of them cost more than they show.
const SHORTEST_PERIOD: Span = Span::from_nanos(1_000_000);

/// Checks every fault.
pub(super) fn check(context: &mut Context<'_, '_>) {
    let scenario = context.scenario;
    ids(context);
    for (index, fault) in scenario.faults.iter().enumerate() {
        let path = format!("faults.{index}");
        trigger(context, fault, &path);
        target(context, fault, &path);
        effect(context, fault, &path);
        end(context, fault, &path);
    }
    circles(context);
}

fn ids(context: &mut Context<'_, '_>) {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for (index, fault) in context.scenario.faults.iter().enumerate() {
        let path = format!("faults.{index}.id");
        if context.is_bad(&path) {
            continue;
        }
        if RESERVED.contains(&fault.id.as_str()) {
            context.error(&path, format!("`{}` is reserved: it can't name a fault", fault.id), None);
        }
        if let Some(line) = seen.insert(&fault.id, fault.source.line) {
            let message = format!("two faults have the id `{}`", fault.id);
            context.error(&path, message, format!("the other is on line {line}"));
        }
    }
}

fn trigger(context: &mut Context<'_, '_>, fault: &Fault, path: &str) {
    let scenario = context.scenario;
    match &fault.trigger {
        Trigger::At(at) => {
            let path = format!("{path}.at");
            if *at > scenario.duration && !context.is_bad("duration") {
                let message = format!("at {at}, but the run ends after {}", scenario.duration);
                context.error(&path, message, None);
            } else if scenario.gst.is_some_and(|gst| *at >= gst)
                && !fault.survives_gst
                && fault.inject.family() != Family::Meta
            {
                let message = format!("`{}` starts when GST has come, and GST heals it at once", fault.id);
                context.warning(
                    &path,
                    message,
                    "mark it `survives_gst: true`, or start it earlier".to_string(),
                );
            }
        }
        Trigger::After(id) => context.check_fault_id(id, &format!("{path}.after")),
        Trigger::When(Condition::State { node, .. }) => {
            if *node >= scenario.validators.count && !context.is_bad("validators.count") {
                context.no_such_node(*node, &format!("{path}.when.state.node"));
            }
        }
        Trigger::Every(every) => {
            let path = format!("{path}.every");
            if every.mean < SHORTEST_PERIOD && !context.is_bad(&path) {
                let help = format!("a period is at least {SHORTEST_PERIOD}");
                context.error(&path, format!("every {}", every.mean), help);
            }
        }
        Trigger::When(_) | Trigger::Random(_) => {}
    }
}

/// Whom it strikes: nodes and regions that exist, and a kind of target that the fault can have.
fn target(context: &mut Context<'_, '_>, fault: &Fault, path: &str) {
    let on = format!("{path}.on");
    let written = context.root.at(&on).is_some();
    let cut = context.root.at(&on).and_then(|node| node.text()).is_some_and(is_shape);
    selector(context, &fault.on, &on);
    if context.is_bad(&on) || context.is_bad(&format!("{path}.inject")) {
        return;
    }
    let family = fault.inject.family();
    let name = fault.inject.name();
    let partition = matches!(fault.inject, Inject::Partition { .. });
    if let Some(between) = &fault.between {
        let place = format!("{path}.between");
        for (index, side) in between.iter().enumerate() {
            let side_path = format!("{place}.{index}");
            selector(context, side, &side_path);
            if context.root.at(&side_path).and_then(|node| node.text()).is_some_and(is_shape) {
                context.error(&side_path, "a shape can't be one side of a link".into(), None);
            }
        }
        if family != Family::Network || partition || matches!(fault.inject, Inject::Isolate { .. }) {
            context.error(
                &place,
                format!("`{name}` does not strike links between two"),
                "use `on`".to_string(),
            );
        } else if written {
            context.error(&place, "`on` and `between` exclude each other".into(), None);
        }
        return;
    }
    if cut && !partition {
        let message = format!("a shape says how to cut: it can't be what `{name}` strikes");
        context.error(&on, message, None);
    } else if !written && !matches!(family, Family::Network | Family::Meta) && !fault.inject.is_of_players() {
        let message = format!("`{name}` needs `on`: whom does it strike?");
        context.error(path, message, "for example `on: 0`, `on: leader` or `on: all`".to_string());
    } else if written && family == Family::Meta {
        context.error(&on, format!("`{name}` strikes every fault, it takes no `on`"), None);
    }
}

fn is_shape(word: &str) -> bool {
    matches!(word, "halves" | "ring" | "bridge" | "majorities_ring")
}

fn selector(context: &mut Context<'_, '_>, selector: &Selector, path: &str) {
    let count = context.scenario.validators.count;
    let known = !context.is_bad("validators.count") && !context.is_bad(path);
    match selector {
        Selector::Node(node) if *node >= count && known => context.no_such_node(*node, path),
        Selector::Nodes(nodes) if known => context.check_nodes(nodes, path),
        Selector::Fixed(number) if *number > count && known => {
            let message = format!("{number} of {count} validators");
            context.error(&format!("{path}.fixed"), message, None);
        }
        Selector::MinorityThird if count < 4 && known => {
            let message = format!("no one is fewer than a third of {count} validators");
            context.error(path, message, None);
        }
        Selector::Region(name) => context.check_region(name, &format!("{path}.region")),
        _ => {}
    }
}

/// What it does.
fn effect(context: &mut Context<'_, '_>, fault: &Fault, path: &str) {
    let inject = format!("{path}.inject");
    if context.is_bad(&inject) {
        return;
    }
    match &fault.inject {
        Inject::Latency { .. } => latency(context, &format!("{inject}.latency.add")),
        Inject::DiskSlow { .. } => latency(context, &format!("{inject}.disk_slow.latency")),
        Inject::Partition { split, one_way, .. } => {
            let body = format!("{inject}.partition");
            let on = format!("{path}.on");
            let written = context.root.at(&on).is_some();
            let shaped = context.root.at(&on).and_then(|node| node.text()).is_some_and(is_shape);
            let both = match split {
                Split::Groups(groups) => {
                    partition_groups(context, groups, &format!("{body}.groups"));
                    written
                }
                Split::Shape(shape) => {
                    if *one_way && *shape != Shape::Halves {
                        let message = "only groups, `halves` and `on` have a first side".to_string();
                        context.error(&format!("{body}.one_way"), message, None);
                    }
                    written && !(shaped && context.root.at(&format!("{body}.shape")).is_none())
                }
                Split::Selected => {
                    if !written {
                        let message = "a partition needs `groups`, a `shape` or `on`".to_string();
                        context.error(&inject, message, None);
                    }
                    false
                }
            };
            if both {
                let message = "the partition already says how to cut".to_string();
                context.error(&on, message, "leave out `on`".to_string());
            }
        }
        Inject::Equivocate { groups: Some(Hearers::Groups(groups)), .. } => {
            let path = format!("{inject}.equivocate.groups");
            disjoint(context, groups, &path);
        }
        Inject::SelectiveSend { to } => context.check_nodes(to, &format!("{inject}.selective_send.to")),
        Inject::Impersonate { victim } | Inject::Frame { victim } => {
            let path = format!("{inject}.{}.victim", fault.inject.name());
            if *victim >= context.scenario.validators.count && !context.is_bad("validators.count") {
                context.no_such_node(*victim, &path);
            } else if matches!(&fault.on, Selector::Node(node) if node == victim) {
                let message = format!("`{}` strikes its own victim", fault.inject.name());
                context.error(&path, message, "name another validator".to_string());
            }
        }
        Inject::Collude { strategy: Strategy::Amnesia }
            if context.scenario.consensus.engine != Protocol::Tendermint =>
        {
            let engine = context.scenario.consensus.engine.name();
            let path = format!("{inject}.collude.strategy");
            let message =
                format!("there is no such plan under {engine}: only Tendermint's locks leave no proof");
            context.error(&path, message, "use `fork`".to_string());
        }
        _ => {}
    }
}

/// Each node in exactly one group.
fn partition_groups(context: &mut Context<'_, '_>, groups: &[Vec<u16>], path: &str) {
    let home = disjoint(context, groups, path);
    if context.is_bad("validators.count") || context.is_bad(path) {
        return;
    }
    let all = 0..context.scenario.validators.count;
    let missing: Vec<String> =
        all.filter(|node| !home.contains_key(node)).map(|node| node.to_string()).collect();
    if !missing.is_empty() {
        let shown = missing.iter().take(12).cloned().collect::<Vec<_>>().join(", ");
        let more = if missing.len() > 12 { " …" } else { "" };
        let message = format!("in no group: {shown}{more}");
        context.error(path, message, "every validator is in exactly one group".to_string());
    }
}

/// Reports nodes that don't exist or are in two groups; gives each node's group.
fn disjoint(context: &mut Context<'_, '_>, groups: &[Vec<u16>], path: &str) -> BTreeMap<u16, usize> {
    let mut home = BTreeMap::new();
    for (index, group) in groups.iter().enumerate() {
        let path = format!("{path}.{index}");
        context.check_nodes(group, &path);
        for (item, node) in group.iter().enumerate() {
            if let Some(other) = home.insert(*node, index)
                && other != index
            {
                let message = format!("validator {node} is in two groups");
                context.error(&format!("{path}.{item}"), message, None);
            }
        }
    }
    home
}

fn end(context: &mut Context<'_, '_>, fault: &Fault, path: &str) {
    let ended = ["for", "until"].into_iter().find(|key| context.root.at(&format!("{path}.{key}")).is_some());
    let Some(key) = ended else { return };
    if context.is_bad(&format!("{path}.inject")) {
        return;
    }
    let place = format!("{path}.{key}");
    match &fault.inject {
        Inject::Heal {} | Inject::Jump { .. } => {
            let message = format!("`{}` happens in a moment: it has no end", fault.inject.name());
            context.error(&place, message, None);
        }
        Inject::Crash { restart_after: Some(_), .. } => {
            let message = format!("`{key}` and `restart_after` both say when it starts again");
            context.error(&place, message, "keep one of the two".to_string());
        }
        _ => {}
    }
}

/// Faults that wait for each other never start.
fn circles(context: &mut Context<'_, '_>) {
    let faults = &context.scenario.faults;
    let next = |fault: &Fault| -> Option<usize> {
        let Trigger::After(id) = &fault.trigger else { return None };
        faults.iter().position(|other| other.id == *id)
    };
    let next: Vec<Option<usize>> = faults.iter().map(next).collect();
    for start in 0..faults.len() {
        let mut at = start;
        for _ in 0..faults.len() {
            match next[at] {
                Some(after) if after == start => {
                    let message = format!("`{}` waits for its own end", faults[start].id);
                    context.error(&format!("faults.{start}.after"), message, None);
                    break;
                }
                Some(after) => at = after,
                None => break,
            }
        }
    }
}
