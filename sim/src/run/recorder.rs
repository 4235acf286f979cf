//! Collects what a report shows: commits with their latency, settled commands, what happened at nodes.

use bitcraps_actors::ports::Event;
use bitcraps_reports::{CommandDone, Commit, NodeEvent};
use bitcraps_types::{Digest, Time};
use std::collections::BTreeMap;

/// More node events than this are counted and not kept.
const MOST_NODE_EVENTS: usize = 20_000;

/// The record of one run, as it grows.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) commits: Vec<Commit>,
    pub(crate) commands: Vec<CommandDone>,
    pub(crate) node_events: Vec<NodeEvent>,
    pub(crate) dropped_events: u64,
    pub(crate) refused: BTreeMap<&'static str, u64>,
    /// Commands on their way: where and when they were submitted.
    submitted: BTreeMap<Digest, (u16, Time)>,
}

impl Recorder {
    /// A player submits a command at a node.
    pub(crate) fn submitted(&mut self, at: Time, node: u16, command: Digest) {
        self.submitted.insert(command, (node, at));
    }

    /// How many commands were submitted and not yet settled where they were submitted, and when the first of them was.
    /// Those of the last instant are on their way; an old one is lost.
    pub(crate) fn unsettled(&self) -> Option<(usize, Time)> {
        let first = self.submitted.values().map(|(_, at)| *at).min()?;
        Some((self.submitted.len(), first))
    }

    /// Takes note of what a node told. `began`: since when the latency of the height that it decided is counted.
    pub(crate) fn observe(&mut self, at: Time, node: u16, event: &Event<'_>, began: Option<Time>) {
        match event {
            // A block fetched later says nothing of how long deciding took.
            Event::Decided { height, certificate, synced: false, .. } => {
                if let Some(began) = began {
                    let latency_ns = at.0.saturating_sub(began.0);
                    let (height, round) = (*height, certificate.round);
                    self.commits.push(Commit { node, height, round, at_ns: at.0, latency_ns });
                }
            }
            Event::Applied { block, .. } if !self.submitted.is_empty() => {
                for command in &block.commands {
                    let id = command.id();
                    if self.submitted.get(&id).is_some_and(|(home, _)| *home == node) {
                        let (_, since) = self.submitted.remove(&id).unwrap_or((node, at));
                        self.commands.push(CommandDone { at_ns: at.0, latency_ns: at.0 - since.0 });
                    }
                }
            }
            Event::Round { height, round, after_failure: true, .. } => {
                self.note(at, node, "round", format!("h{height} r{round}"));
            }
            Event::Locked { height, round, .. } if *round > 0 => {
                self.note(at, node, "lock", format!("h{height} r{round}"));
            }
            Event::Started { height, .. } => self.note(at, node, "start", format!("at h{height}")),
            Event::SyncStarted { from, to } => self.note(at, node, "sync", format!("h{from} to h{to}")),
            Event::StateSynced { height, .. } => self.note(at, node, "state_sync", format!("h{height}")),
            Event::Accused(evidence) => {
                let who = evidence.offender();
                self.note(at, node, "accuse", format!("{who:?} at h{}", evidence.height()));
            }
            Event::OffenceRecorded { offender, height } => {
                self.note(at, node, "offence", format!("{offender:?} at h{height}"));
            }
            Event::CommandRefused(_, why) => *self.refused.entry(why).or_default() += 1,
            _ => {}
        }
    }

    /// Something happened to a node that it could not tell itself.
    pub(crate) fn note(&mut self, at: Time, node: u16, kind: &str, label: String) {
        if self.node_events.len() < MOST_NODE_EVENTS {
            self.node_events.push(NodeEvent { node, at_ns: at.0, kind: kind.to_owned(), label });
        } else {
            self.dropped_events += 1;
        }
    }
}
