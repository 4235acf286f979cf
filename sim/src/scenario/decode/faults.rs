//! The `faults` of a checked tree.

use super::{
    Node, Value, flag, get, indices, int, latency, number, offset, percent, quantity, rate, size, span,
};
use crate::scenario::fault::{
    Condition, End, Fault, MessageKind, NodeState, Random, Selector, SourceSpan, Trigger, Until,
};
use crate::scenario::inject::{
    Blocked, Cheater, CrashDisk, Direction, DiskOp, GilbertElliott, Hearers, Inject, Loss, Proposer, Scope,
    Shape, Split, Strategy, VoteKind,
};
use crate::scenario::link::Latency;
use crate::scenario::units::{Bandwidth, Jittered, Percent, Rate, Span};

/// The id of each fault, in the order of the file: its own, or `fault-` and its number.
pub(in crate::scenario) fn fault_ids(root: &Node) -> Vec<String> {
    let list = root.get("faults").map_or(&[][..], Node::items);
    list.iter()
        .enumerate()
        .map(|(index, node)| match node.get("id").and_then(Node::text) {
            Some(id) => id.into(),
            None => format!("fault-{}", index + 1),
        })
        .collect()
}

/// Every fault.
pub(super) fn faults(root: &Node) -> Vec<Fault> {
    let list = root.get("faults").map_or(&[][..], Node::items);
    fault_ids(root).into_iter().zip(list).map(|(id, node)| fault(id, node)).collect()
}

fn fault(id: String, node: &Node) -> Fault {
    let here = Some(node);
    let on = selector(get(here, "on"));
    Fault {
        id,
        trigger: trigger(node),
        probability: percent(get(here, "probability")),
        inject: inject(get(here, "inject"), shape(get(here, "on"))),
        on: on.unwrap_or(Selector::All),
        between: match get(here, "between").map(Node::items) {
            Some([one, other]) => Some([
                selector(Some(one)).unwrap_or(Selector::All),
                selector(Some(other)).unwrap_or(Selector::All),
            ]),
            _ => None,
        },
        end: End {
            lasts: span(get(here, "for")),
            until: until(get(here, "until")),
            times: int(get(here, "times")),
        },
        survives_gst: flag(get(here, "survives_gst")),
        source: SourceSpan { line: node.place.line, column: node.place.column },
    }
}

fn trigger(node: &Node) -> Trigger {
    let here = Some(node);
    if let Some(at) = span(get(here, "at")) {
        return Trigger::At(at);
    }
    if let Some(period) = quantity(get(here, "every"), Jittered::parse) {
        return Trigger::Every(period);
    }
    let random = get(here, "random");
    if let Some(rate) = rate(get(random, "rate")) {
        let least = |key: &str| span(get(random, key)).unwrap_or(Span::ZERO);
        return Trigger::Random(Random { rate, min_up: least("min_up"), min_down: least("min_down") });
    }
    if let Some(condition) = condition(get(here, "when")) {
        return Trigger::When(condition);
    }
    match get(here, "after").and_then(Node::text) {
        Some(id) => Trigger::After(id.into()),
        None => Trigger::At(Span::ZERO),
    }
}

fn condition(node: Option<&Node>) -> Option<Condition> {
    if let Some(height) = int(get(node, "height")) {
        return Some(Condition::Height(height));
    }
    if let Some(round) = int(get(node, "round")) {
        return Some(Condition::Round(round));
    }
    if let Some(message) = get(node, "message") {
        let kind = message_kind(get(Some(message), "kind")?.text()?);
        return Some(Condition::Message { kind, nth: int(get(Some(message), "nth")).unwrap_or(1) });
    }
    if let Some(state) = get(node, "state") {
        let is = match get(Some(state), "is")?.text()? {
            "down" => NodeState::Down,
            "syncing" => NodeState::Syncing,
            "locked" => NodeState::Locked,
            _ => NodeState::Leader,
        };
        return Some(Condition::State { node: int(get(Some(state), "node"))?, is });
    }
    Some(Condition::ViewChange { count: int(get(get(node, "view_change"), "count"))? })
}

fn until(node: Option<&Node>) -> Option<Until> {
    match node?.text() {
        Some("heal") => Some(Until::Heal),
        _ => int(get(node, "height")).map(Until::Height),
    }
}

/// Reads a selector. The shapes are none: they say how to cut, not whom to strike.
fn selector(node: Option<&Node>) -> Option<Selector> {
    if let Some(index) = int(node) {
        return Some(Selector::Node(index));
    }
    match &node?.value {
        Value::List(_) => Some(Selector::Nodes(indices(node))),
        Value::Map(_) => int(get(node, "fixed"))
            .map(Selector::Fixed)
            .or_else(|| percent(get(node, "percent")).map(Selector::Percent))
            .or_else(|| Some(Selector::Region(get(node, "region")?.text()?.into()))),
        Value::Text(word) => Some(match word.as_str() {
            "one" => Selector::One,
            "all" => Selector::All,
            "minority_third" => Selector::MinorityThird,
            "majority" => Selector::Majority,
            "leader" => Selector::Leader,
            "next_leader" => Selector::NextLeader,
            "not_leader" => Selector::NotLeader,
            "random" => Selector::Random,
            _ => return None,
        }),
        _ => None,
    }
}

fn shape(node: Option<&Node>) -> Option<Shape> {
    match node?.text()? {
        "halves" => Some(Shape::Halves),
        "ring" => Some(Shape::Ring),
        "bridge" => Some(Shape::Bridge),
        "majorities_ring" => Some(Shape::MajoritiesRing),
        _ => None,
    }
}

/// What a fault does. `cut` is the shape that stands in `on`: for a partition it is the same as `shape`.
fn inject(node: Option<&Node>, cut: Option<Shape>) -> Inject {
    let (name, body) = match node.map(|node| &node.value) {
        Some(Value::Text(word)) => (word.as_str(), None),
        Some(Value::Map(entries)) => {
            entries.first().map_or(("heal", None), |entry| (entry.key.as_str(), Some(&entry.value)))
        }
        _ => ("heal", None),
    };
    let delay = |key: &str| latency(get(body, key)).unwrap_or(Latency::Constant(Span::ZERO));
    let share = |key: &str| percent(get(body, key)).unwrap_or(Percent::ZERO);
    let shift = |key: &str| offset(get(body, key)).unwrap_or_default();
    match name {
        "latency" => Inject::Latency { add: delay("add") },
        "loss" => Inject::Loss(loss(body)),
        "duplicate" => Inject::Duplicate { rate: share("rate") },
        "reorder" => Inject::Reorder {
            rate: share("rate"),
            window: span(get(body, "window")).unwrap_or(Span::from_millis(100)),
        },
        "corrupt" => Inject::Corrupt { rate: share("rate") },
        "partition" => Inject::Partition {
            split: split(body, cut),
            one_way: flag(get(body, "one_way")),
            mode: match word(body, "mode") {
                Some("hold") => Blocked::Hold,
                _ => Blocked::Drop,
            },
        },
        "isolate" => Inject::Isolate {
            direction: match word(body, "direction") {
                Some("in") => Direction::In,
                Some("out") => Direction::Out,
                _ => Direction::Both,
            },
        },
        "clog" => Inject::Clog {},
        "bandwidth" => {
            Inject::Bandwidth { rate: quantity(get(body, "rate"), Bandwidth::parse).unwrap_or_default() }
        }
        "queue" => Inject::Queue { limit: size(get(body, "limit")).unwrap_or_default() },
        "crash" => Inject::Crash {
            restart_after: span(get(body, "restart_after")),
            disk: match word(body, "disk") {
                Some("torn_write") => CrashDisk::TornWrite,
                Some("keep") => CrashDisk::Keep,
                _ => CrashDisk::LostUnsynced,
            },
        },
        "pause" => Inject::Pause {},
        "slow_cpu" => Inject::SlowCpu { factor: number(get(body, "factor")).unwrap_or(1.0) },
        "disk_error" => Inject::DiskError {
            op: match word(body, "op") {
                Some("read") => DiskOp::Read,
                Some("write") => DiskOp::Write,
                _ => DiskOp::Sync,
            },
            rate: percent(get(body, "rate")).unwrap_or(Percent::ALL),
        },
        "disk_full" => Inject::DiskFull { capacity: size(get(body, "capacity")).unwrap_or_default() },
        "disk_slow" => Inject::DiskSlow { latency: delay("latency") },
        "skew" => Inject::Skew { offset: shift("offset") },
        "drift" => Inject::Drift { ppm: number(get(body, "ppm")).unwrap_or(0.0) },
        "jump" => Inject::Jump { by: shift("by") },
        _ => lie(name, body),
    }
}

/// What a fault that makes its nodes Byzantine has them do.
fn lie(name: &str, body: Option<&Node>) -> Inject {
    let by = || int(get(body, "by")).unwrap_or(1);
    let victim = || int(get(body, "victim")).unwrap_or_default();
    match name {
        "silent" => Inject::Silent {},
        "withhold" => Inject::Withhold { kinds: kinds(get(body, "kinds")) },
        "selective_send" => Inject::SelectiveSend { to: indices(get(body, "to")) },
        "equivocate" => {
            Inject::Equivocate { what: votes(get(body, "what")), groups: hearers(get(body, "groups")) }
        }
        "amnesia" => Inject::Amnesia {},
        "force_nil" => Inject::ForceNil {},
        "invalid_signature" => Inject::InvalidSignature {},
        "garbage_bytes" => Inject::GarbageBytes {},
        "invalid_value" => Inject::InvalidValue {},
        "wrong_epoch" => Inject::WrongEpoch {},
        "outdated" => Inject::Outdated { by: by() },
        "future" => Inject::Future { by: by() },
        "conflicting_certificate" => Inject::ConflictingCertificate {},
        "impersonate" => Inject::Impersonate { victim: victim() },
        "late" => Inject::Late { before: span(get(body, "before")).unwrap_or(Span::from_millis(50)) },
        "rushing" => {
            Inject::Rushing { at_most: span(get(body, "at_most")).unwrap_or(Span::from_millis(500)) }
        }
        "flood" => Inject::Flood { rate: rate(get(body, "rate")).unwrap_or_default() },
        "lie_in_sync" => Inject::LieInSync {},
        "frame" => Inject::Frame { victim: victim() },
        "drop_inbound" => Inject::DropInbound { kinds: kinds(get(body, "kinds")) },
        "mutate" => Inject::Mutate {
            scope: match word(body, "scope") {
                Some("any") => Scope::Any,
                _ => Scope::Small,
            },
            rounds: int(get(body, "rounds")),
        },
        "collude" => Inject::Collude {
            strategy: match word(body, "strategy") {
                Some("amnesia") => Strategy::Amnesia,
                _ => Strategy::Fork,
            },
        },
        _ => cheat(name, body),
    }
}

/// What cheats the casino.
fn cheat(name: &str, body: Option<&Node>) -> Inject {
    let often = || rate(get(body, "rate")).unwrap_or(Rate::from_per_second(1.0));
    let who = || match word(body, "by") {
        Some(_) => Cheater::Proposer { by: Proposer::Proposer },
        None => Cheater::Players { rate: often() },
    };
    match name {
        "invalid_bet" => Inject::InvalidBet(who()),
        "replayed_bet" => Inject::ReplayedBet(who()),
        "treasury_overdraw" => Inject::TreasuryOverdraw(who()),
        "double_spend" => Inject::DoubleSpend { rate: often() },
        "stalled_turn" => Inject::StalledTurn {},
        "false_payout" => Inject::FalsePayout {},
        "withheld_randomness" => Inject::WithheldRandomness {},
        "biased_randomness" => Inject::BiasedRandomness { tries: int(get(body, "tries")).unwrap_or(16) },
        _ => Inject::Heal {},
    }
}

fn hearers(node: Option<&Node>) -> Option<Hearers> {
    match node?.items() {
        [one, other] => Some(Hearers::Groups([indices(Some(one)), indices(Some(other))])),
        _ => node?.text().map(|_| Hearers::Everyone),
    }
}

fn message_kind(word: &str) -> MessageKind {
    match word {
        "proposal" => MessageKind::Proposal,
        "prevote" => MessageKind::Prevote,
        "precommit" => MessageKind::Precommit,
        "view_change" => MessageKind::ViewChange,
        "proof" => MessageKind::Proof,
        "dice" => MessageKind::Dice,
        _ => MessageKind::Sync,
    }
}

fn kinds(node: Option<&Node>) -> Vec<MessageKind> {
    one_or_list(node).iter().filter_map(|item| Some(message_kind(item.text()?))).collect()
}

/// A value, or a list of them.
fn one_or_list(node: Option<&Node>) -> &[Node] {
    node.map_or(&[][..], |node| match node.value {
        Value::Text(_) => std::slice::from_ref(node),
        _ => node.items(),
    })
}

fn word<'a>(node: Option<&'a Node>, key: &str) -> Option<&'a str> {
    get(node, key)?.text()
}

fn split(body: Option<&Node>, cut: Option<Shape>) -> Split {
    if let Some(groups) = get(body, "groups") {
        return Split::Groups(groups.items().iter().map(|group| indices(Some(group))).collect());
    }
    shape(get(body, "shape")).or(cut).map_or(Split::Selected, Split::Shape)
}

fn loss(body: Option<&Node>) -> Loss {
    let bursts = get(body, "gilbert_elliott");
    let share = |key: &str, default| percent(get(bursts, key)).unwrap_or(default);
    if bursts.is_none() {
        return Loss::Rate { rate: percent(get(body, "rate")).unwrap_or(Percent::ZERO) };
    }
    Loss::Bursts {
        gilbert_elliott: GilbertElliott {
            p: share("p", Percent::ZERO),
            r: share("r", Percent::ALL),
            good: share("good", Percent::ZERO),
            bad: share("bad", Percent::ALL),
        },
    }
}

fn votes(node: Option<&Node>) -> Vec<VoteKind> {
    one_or_list(node)
        .iter()
        .filter_map(|item| match item.text()? {
            "proposal" => Some(VoteKind::Proposal),
            "prevote" => Some(VoteKind::Prevote),
            "precommit" => Some(VoteKind::Precommit),
            _ => None,
        })
        .collect()
}
