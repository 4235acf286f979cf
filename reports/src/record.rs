//! The record of one run: all that a report may say. Plain data, written by whatever ran the scenario.
//!
//! Times are nanoseconds of virtual time since the run's start; node numbers count from zero. What is drawn
//! from it and how it is drawn belongs to the other modules; here is only the shape, and [`RunRecord::validate`].

use serde::{Deserialize, Serialize};

use crate::ReportError;

/// One run of one scenario with one seed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// What ran, and how to run it again.
    pub manifest: Manifest,
    /// The judgement of the whole run.
    pub verdict: Verdict,
    /// Each property that was checked, in the scenario's order.
    pub properties: Vec<PropertyResult>,
    /// Each fault that was injected, with the span in which it acted.
    pub faults: Vec<FaultSpan>,
    /// Each commit of a block at a node, any order.
    pub commits: Vec<Commit>,
    /// Each command that was settled, any order.
    pub commands: Vec<CommandDone>,
    /// What happened at nodes, any order. The kinds `crash` and `restart` gap the node's lines.
    pub node_events: Vec<NodeEvent>,
    /// Stretches in which every message was kept, for space-time diagrams. They may overlap.
    pub windows: Vec<SpaceTime>,
    /// For each node, whether it followed the protocol; as long as `manifest.nodes`.
    pub honest: Vec<bool>,
    /// Remarks for the reader, one sentence each.
    pub notes: Vec<String>,
}

/// What ran, and how to run it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The scenario's name.
    pub scenario: String,
    /// What the scenario claims, as one sentence.
    pub claim: String,
    /// The seed of every random stream.
    pub seed: u64,
    /// The world that ran it: `lab`, `wire`, `turmoil`, …
    pub world: String,
    /// The consensus engine.
    pub engine: String,
    /// The cryptography: `real`, `cached`, `mock`.
    pub crypto: String,
    /// The number of nodes.
    pub nodes: u16,
    /// Virtual time from start to end.
    pub duration_ns: u64,
    /// The rolling hash of the trace, hexadecimal.
    pub trace_hash: String,
    /// The version of the program.
    pub version: String,
    /// The command line that runs exactly this again.
    pub command: String,
    /// Real time that the run took, milliseconds.
    pub wall_ms: u64,
    /// Events that the world handled.
    pub events: u64,
    /// Messages that nodes sent.
    pub messages: u64,
}

/// The judgement of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every property held and every fault touched something.
    Pass,
    /// A property was violated.
    Violated,
    /// Not enough happened to judge.
    #[default]
    Inconclusive,
}

impl Verdict {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Violated => "violated",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

/// What a property demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PropertyKind {
    /// Holds in every state.
    Always,
    /// Comes true in every run, in time.
    Eventually,
    /// Is reached in at least one run.
    Sometimes,
    /// A bound on a measured quantity.
    Slo,
    /// Nothing was run: the world does not make a fault of the scenario.
    Unsupported,
}

/// One property and its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyResult {
    /// The property's name.
    pub name: String,
    /// What it demands.
    pub kind: PropertyKind,
    /// Whether it held; `None` if it could not be judged.
    pub holds: Option<bool>,
    /// What was seen, as a sentence; may be empty.
    pub detail: String,
    /// When it was decided; `None` if at no single moment.
    pub at_ns: Option<u64>,
}

/// One injected fault and the span in which it acted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultSpan {
    /// Short identity, drawn beside the band; unique in the record.
    pub id: String,
    /// What it does, in words.
    pub label: String,
    /// Its family: `network`, `crash`, `disk`, `clock`, `byzantine`, …
    pub family: String,
    /// When it began.
    pub start_ns: u64,
    /// When it ended; may lie past the run's end.
    pub end_ns: u64,
    /// How many things it changed.
    pub touched: u64,
    /// What `touched` counts, such as `frames`.
    pub unit: String,
    /// The nodes that it hits.
    pub nodes: Vec<u16>,
}

/// A block became final at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Where.
    pub node: u16,
    /// The block's height.
    pub height: u64,
    /// The round that decided it.
    pub round: u32,
    /// When.
    pub at_ns: u64,
    /// Time since the proposal was first sent, or since the height began.
    pub latency_ns: u64,
}

/// A command was settled at the node that it was submitted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandDone {
    /// When it was settled.
    pub at_ns: u64,
    /// Time since it was submitted.
    pub latency_ns: u64,
}

/// Something happened at a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeEvent {
    /// Where.
    pub node: u16,
    /// When.
    pub at_ns: u64,
    /// What: `crash`, `restart`, `sync`, `round`, `lock`, `accuse`, …
    pub kind: String,
    /// In words, short; may be empty.
    pub label: String,
}

/// A stretch of the run with each of its messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceTime {
    /// What the reader sees here.
    pub title: String,
    /// Where the stretch begins.
    pub from_ns: u64,
    /// Where it ends; later than `from_ns`.
    pub to_ns: u64,
    /// Messages of the stretch as it was wanted that found no room: it ends before the first of them.
    #[serde(default)]
    pub left_out: u64,
    /// Every message sent in it whose fate was known when the run ended, any order.
    pub messages: Vec<Message>,
    /// What happened at the nodes in it.
    pub marks: Vec<NodeEvent>,
}

/// One message between two nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The sender.
    pub from: u16,
    /// The receiver.
    pub to: u16,
    /// When it was sent.
    pub sent_ns: u64,
    /// When it arrived; `None` if it was lost.
    pub received_ns: Option<u64>,
    /// Its kind, which gives the arrow its colour: `proposal`, `prevote`, …
    pub kind: String,
    /// In words, such as `h 12 r 0`; may be empty.
    pub label: String,
    /// The id of the fault that touched it.
    pub fault: Option<String>,
}

impl Commit {
    /// The order of commits: by time, then by the rest, so that a list has one order only.
    pub(crate) fn order(&self) -> (u64, u16, u64, u32, u64) {
        (self.at_ns, self.node, self.height, self.round, self.latency_ns)
    }
}

impl NodeEvent {
    /// By time, then by the rest.
    pub(crate) fn in_order(events: &[NodeEvent]) -> Vec<&NodeEvent> {
        let mut events: Vec<&NodeEvent> = events.iter().collect();
        events
            .sort_by(|a, b| (a.at_ns, a.node, &a.kind, &a.label).cmp(&(b.at_ns, b.node, &b.kind, &b.label)));
        events
    }
}

impl Message {
    /// By the time of sending, then by the rest.
    pub(crate) fn in_order(messages: &[Message]) -> Vec<&Message> {
        let mut messages: Vec<&Message> = messages.iter().collect();
        messages.sort_by(|a, b| {
            let order = |m: &Message| (m.sent_ns, m.from, m.to, m.received_ns);
            order(a)
                .cmp(&order(b))
                .then_with(|| (&a.kind, &a.label, &a.fault).cmp(&(&b.kind, &b.label, &b.fault)))
        });
        messages
    }
}

impl RunRecord {
    /// Whether the record agrees with itself: nodes exist, spans run forward, commits, commands and node
    /// events lie inside the run. The error names the first place that does not.
    pub fn validate(&self) -> Result<(), ReportError> {
        let nodes = self.manifest.nodes;
        let end_ns = self.manifest.duration_ns;
        if !self.manifest.trace_hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return invalid("manifest.trace_hash", 0, "is not hexadecimal".into());
        }
        if self.honest.len() != usize::from(nodes) {
            return invalid("honest", 0, format!("has {} entries for {nodes} nodes", self.honest.len()));
        }
        for (at, fault) in self.faults.iter().enumerate() {
            if fault.start_ns > fault.end_ns {
                return invalid("faults", at, "ends before it starts".into());
            }
            if self.faults[..at].iter().any(|other| other.id == fault.id) {
                return invalid("faults", at, format!("repeats the id {:?}", fault.id));
            }
            for &node in &fault.nodes {
                check_node("faults", at, node, nodes)?;
            }
        }
        for (at, commit) in self.commits.iter().enumerate() {
            check_node("commits", at, commit.node, nodes)?;
            check_time("commits", at, commit.at_ns, end_ns)?;
        }
        for (at, command) in self.commands.iter().enumerate() {
            check_time("commands", at, command.at_ns, end_ns)?;
        }
        for (at, event) in self.node_events.iter().enumerate() {
            check_node("node_events", at, event.node, nodes)?;
            check_time("node_events", at, event.at_ns, end_ns)?;
        }
        for (at, window) in self.windows.iter().enumerate() {
            if window.from_ns >= window.to_ns {
                return invalid("windows", at, "does not run forward".into());
            }
            for message in &window.messages {
                check_node("windows", at, message.from, nodes)?;
                check_node("windows", at, message.to, nodes)?;
                if message.received_ns.is_some_and(|received_ns| received_ns < message.sent_ns) {
                    return invalid("windows", at, "has a message that arrives before it was sent".into());
                }
            }
            for mark in &window.marks {
                check_node("windows", at, mark.node, nodes)?;
            }
        }
        Ok(())
    }
}

fn invalid(list: &'static str, at: usize, reason: String) -> Result<(), ReportError> {
    Err(ReportError::Invalid { list, at, reason })
}

fn check_node(list: &'static str, at: usize, node: u16, nodes: u16) -> Result<(), ReportError> {
    if node < nodes {
        return Ok(());
    }
    invalid(list, at, format!("names node {node}, but the run has {nodes} nodes"))
}

fn check_time(list: &'static str, at: usize, at_ns: u64, end_ns: u64) -> Result<(), ReportError> {
    if at_ns <= end_ns {
        return Ok(());
    }
    invalid(list, at, format!("is at {at_ns} ns, but the run ended at {end_ns} ns"))
}
