//! A checked tree to the typed scenario. Total: what is missing or was found wrong takes its default, so that
//! the rest can still be judged. Faults are decoded in `decode/faults.rs`, players and policy in `decode/work.rs`.

mod faults;
mod work;

use super::expect::{Eventually, Expect, Hangover, Property, Slo, Sometimes};
use super::link::{Latency, LinkModel, Links, Recorded};
use super::model::{Consensus, Crypto, HandoverPlan, Scenario, Seeds, Stake, Timeouts, Validators};
use super::units::{Bandwidth, Offset, Percent, Rate, Size, Span, UnitError};
use super::yaml::{Node, Value};
use bitcraps_consensus::museum::Bug;
use bitcraps_tables::flaw::Flaw;
use bitcraps_types::Protocol;
use std::collections::BTreeMap;

pub(super) use faults::fault_ids;

/// Decodes the whole file.
pub(super) fn scenario(root: &Node) -> Scenario {
    Scenario {
        version: 1,
        name: text(root.get("name")),
        claim: text(root.get("claim")),
        seeds: seeds(root),
        duration: span(root.get("duration")).unwrap_or(Span::from_secs(60)),
        gst: span(root.get("gst")),
        crypto: match root.get("crypto").and_then(Node::text) {
            Some("real") => Crypto::Real,
            _ => Crypto::Mock,
        },
        validators: validators(root.get("validators")),
        consensus: consensus(root.get("consensus")),
        dice: root.get("dice").and_then(Node::text).and_then(flaw),
        links: links(root.get("links")),
        handovers: root.get("handovers").map_or(&[][..], Node::items).iter().map(handover).collect(),
        workload: work::workload(root.get("workload")),
        policy: work::policy(root.get("policy")),
        faults: faults::faults(root),
        expect: expect(root.get("expect")),
        sweep: sweep(root.get("sweep")),
    }
}

fn seeds(root: &Node) -> Seeds {
    let node = root.get("seeds").or_else(|| root.get("seed"));
    match node.map(|node| &node.value) {
        Some(Value::Int(seed)) => Seeds::One(u64::try_from(*seed).unwrap_or(1)),
        Some(Value::Text(text)) => Seeds::parse(text).unwrap_or(Seeds::One(1)),
        _ => Seeds::One(1),
    }
}

fn validators(node: Option<&Node>) -> Validators {
    let stake = get(node, "stake").map(Node::items).filter(|items| !items.is_empty());
    Validators {
        count: int(get(node, "count")).unwrap_or(4),
        standby: int(get(node, "standby")).unwrap_or(0),
        stake: match stake {
            None => Stake::Equal,
            Some(weights) => Stake::Weights(weights.iter().map(|w| int(Some(w)).unwrap_or(1)).collect()),
        },
        regions: entries(get(node, "regions"))
            .map(|entry| (entry.key.clone(), indices(Some(&entry.value))))
            .collect(),
    }
}

fn handover(node: &Node) -> HandoverPlan {
    HandoverPlan { at: span(node.get("at")).unwrap_or(Span::ZERO), to: indices(node.get("to")) }
}

fn consensus(node: Option<&Node>) -> Consensus {
    let timeouts = get(node, "timeouts");
    let time = |key: &str, default: u64| span(get(timeouts, key)).unwrap_or(Span::from_millis(default));
    Consensus {
        engine: get(node, "engine")
            .and_then(Node::text)
            .and_then(Protocol::named)
            .unwrap_or(Protocol::Tendermint),
        bug: get(node, "bug").and_then(Node::text).and_then(Bug::parse),
        timeouts: Timeouts {
            propose: time("propose", 500),
            prevote: time("prevote", 250),
            precommit: time("precommit", 250),
            growth: number(get(timeouts, "growth")).unwrap_or(1.5),
            rebroadcast: time("rebroadcast", 1_000),
        },
        interval: span(get(node, "interval")).unwrap_or(Span::ZERO),
    }
}

fn flaw(word: &str) -> Option<Flaw> {
    Flaw::ALL.into_iter().find(|flaw| flaw.name() == word)
}

fn links(node: Option<&Node>) -> Links {
    let default = link(get(node, "default"), &LinkModel::default());
    let pairs = entries(node)
        .filter_map(|entry| {
            let (one, other) = entry.key.split_once('-')?;
            Some((one.into(), other.into(), link(Some(&entry.value), &default)))
        })
        .collect();
    let recorded = entries(get(node, "recorded")).filter_map(|entry| {
        Some((Recorded::pair(&entry.key)?, Recorded::packets(entry.value.text()?).ok()?))
    });
    Links { default, pairs, recorded: Recorded(recorded.collect()) }
}

/// A link; what the file leaves out comes from `base`.
fn link(node: Option<&Node>, base: &LinkModel) -> LinkModel {
    let share = |key: &str, base: Percent| percent(get(node, key)).unwrap_or(base);
    LinkModel {
        latency: latency(get(node, "latency")).unwrap_or(base.latency),
        loss: share("loss", base.loss),
        duplicate: share("duplicate", base.duplicate),
        reorder: share("reorder", base.reorder),
        corrupt: share("corrupt", base.corrupt),
        bandwidth: quantity(get(node, "bandwidth"), Bandwidth::parse).or(base.bandwidth),
        queue: size(get(node, "queue")).or(base.queue),
    }
}

fn latency(node: Option<&Node>) -> Option<Latency> {
    if let Some(constant) = span(node) {
        return Some(Latency::Constant(constant));
    }
    let read = |key: &str| span(get(node, key));
    let inner = |tag: &str, key: &str| span(get(get(node, tag), key));
    if let (Some(median), Some(p99)) = (read("median"), read("p99")) {
        return Some(Latency::LogNormal { median, p99 });
    }
    if let (Some(mean), Some(jitter)) = (read("mean"), read("jitter")) {
        return Some(Latency::Jitter { mean, jitter });
    }
    if let (Some(min), Some(max)) = (read("min"), read("max")) {
        return Some(Latency::Uniform { min, max });
    }
    if let Some(mean) = inner("exponential", "mean") {
        return Some(Latency::Exponential { mean });
    }
    let (mean, stddev) = (inner("normal", "mean")?, inner("normal", "stddev")?);
    Some(Latency::Normal { mean, stddev })
}

fn expect(node: Option<&Node>) -> Expect {
    let slo = get(node, "slo");
    let eventually = match get(node, "eventually") {
        Some(one) if matches!(one.value, Value::Map(_)) => std::slice::from_ref(one),
        list => list.map_or(&[][..], Node::items),
    };
    Expect {
        always: match get(node, "always") {
            None => Property::ALL.to_vec(),
            Some(list) => list.items().iter().filter_map(property).collect(),
        },
        eventually: eventually.iter().filter_map(height).collect(),
        sometimes: words(get(node, "sometimes"))
            .filter_map(|word| Sometimes::ALL.into_iter().find(|known| known.name() == word))
            .collect(),
        slo: Slo {
            commit_latency_p50: span(get(slo, "commit_latency_p50")),
            commit_latency_p99: span(get(slo, "commit_latency_p99")),
            recovery: span(get(slo, "recovery")),
            blocks_per_second: rate(get(slo, "blocks_per_second")),
            hangover: hangover(get(slo, "hangover")),
        },
        violation: get(node, "violation").and_then(property),
    }
}

fn property(node: &Node) -> Option<Property> {
    let word = node.text()?;
    Property::ALL.into_iter().find(|property| property.name() == word)
}

fn height(node: &Node) -> Option<Eventually> {
    let height = get(Some(node), "height");
    Some(Eventually::Height {
        at_least: int(get(height, "at_least"))?,
        within: span(get(height, "within"))?,
        after: get(height, "after").and_then(Node::text).map(Into::into),
    })
}

fn hangover(node: Option<&Node>) -> Option<Hangover> {
    Some(Hangover { latency: number(get(node, "latency"))?, within: number(get(node, "within"))? })
}

fn sweep(node: Option<&Node>) -> BTreeMap<String, serde_json::Value> {
    entries(node).map(|entry| (entry.key.clone(), json(&entry.value))).collect()
}

/// A value as JSON.
pub(super) fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => match (u64::try_from(*value), i64::try_from(*value)) {
            (Ok(value), _) => value.into(),
            (_, Ok(value)) => value.into(),
            _ => (*value as f64).into(),
        },
        Value::Float(value) => (*value).into(),
        Value::Text(text) => text.clone().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), json(&entry.value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

// The readers below give `None` for a value that is missing or was found wrong.

fn get<'a>(node: Option<&'a Node>, key: &str) -> Option<&'a Node> {
    node?.get(key)
}

fn entries(node: Option<&Node>) -> impl Iterator<Item = &super::yaml::Entry> {
    node.map_or(&[][..], Node::entries).iter()
}

fn text(node: Option<&Node>) -> String {
    node.and_then(Node::text).unwrap_or("").into()
}

fn words(node: Option<&Node>) -> impl Iterator<Item = &str> {
    node.map_or(&[][..], Node::items).iter().filter_map(Node::text)
}

fn int<T: TryFrom<i128>>(node: Option<&Node>) -> Option<T> {
    match node?.value {
        Value::Int(value) => T::try_from(value).ok(),
        _ => None,
    }
}

fn number(node: Option<&Node>) -> Option<f64> {
    match node?.value {
        Value::Int(value) => Some(value as f64),
        Value::Float(value) => value.is_finite().then_some(value),
        _ => None,
    }
}

fn flag(node: Option<&Node>) -> bool {
    matches!(node.map(|node| &node.value), Some(Value::Bool(true)))
}

fn indices(node: Option<&Node>) -> Vec<u16> {
    node.map_or(&[][..], Node::items).iter().filter_map(|item| int(Some(item))).collect()
}

fn quantity<T>(node: Option<&Node>, parse: fn(&str) -> Result<T, UnitError>) -> Option<T> {
    parse(node?.text()?).ok()
}

fn span(node: Option<&Node>) -> Option<Span> {
    quantity(node, Span::parse)
}

fn offset(node: Option<&Node>) -> Option<Offset> {
    quantity(node, Offset::parse)
}

fn percent(node: Option<&Node>) -> Option<Percent> {
    quantity(node, Percent::parse)
}

fn rate(node: Option<&Node>) -> Option<Rate> {
    quantity(node, Rate::parse)
}

fn size(node: Option<&Node>) -> Option<Size> {
    quantity(node, Size::parse)
}
