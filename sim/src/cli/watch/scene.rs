//! What is to be seen of a run at a moment: plain data, fed by what happens.

use crate::lab::Counters;
use crate::run::{Change, FaultNews};
use crate::scenario::{Inject, Scenario, Split};
use bitcraps_actors::ports::Event;
use bitcraps_reports::{PropertyResult, RunRecord, Verdict};
use bitcraps_types::{Height, Round, Time};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// So many of the latest messages and lines are kept.
const MESSAGES: usize = 400;
const LINES: usize = 100;
/// A message is seen for so long after it arrived, in virtual time.
const SEEN: Duration = Duration::from_millis(150);

/// See the module.
pub(super) struct Scene {
    pub(super) name: String,
    pub(super) seed: u64,
    pub(super) engine: &'static str,
    pub(super) end: Time,
    pub(super) now: Time,
    pub(super) nodes: Vec<Node>,
    /// The highest round that any node entered, and who proposes there.
    pub(super) front: (Height, Round),
    pub(super) leader: u16,
    /// Starts of faults that last, by their number.
    pub(super) faults: BTreeMap<usize, Lasting>,
    pub(super) messages: VecDeque<Message>,
    /// The latest last.
    pub(super) lines: VecDeque<String>,
    pub(super) counters: Counters,
    /// Once the run is over: the verdict, and what did not hold.
    pub(super) verdict: Option<(Verdict, Vec<String>)>,
    kinds: BTreeMap<String, Kind>,
}

/// What a fault of the scenario does to the picture.
enum Kind {
    Lie,
    Groups(Vec<Vec<u16>>),
    Other,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) height: Height,
    pub(super) round: Round,
    pub(super) locked: bool,
    pub(super) syncing: bool,
    pub(super) down: bool,
    /// How many lies it tells.
    pub(super) lies: usize,
    /// The group that a partition put it in, from 0.
    pub(super) group: Option<usize>,
}

/// A fault that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lasting {
    pub(super) id: String,
    pub(super) nodes: Vec<u16>,
    pub(super) since: Time,
}

/// A message that arrived or was lost not long ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) at: Time,
    pub(super) from: u16,
    pub(super) to: u16,
    pub(super) kind: &'static str,
    pub(super) lost: bool,
}

impl Scene {
    pub(super) fn new(scenario: &Scenario, seed: u64) -> Scene {
        let kind = |inject: &Inject| match inject {
            Inject::Partition { split: Split::Groups(groups), .. } => Kind::Groups(groups.clone()),
            inject if inject.is_lie() => Kind::Lie,
            _ => Kind::Other,
        };
        Scene {
            name: scenario.name.clone(),
            seed,
            engine: scenario.consensus.engine.name(),
            end: Time(scenario.duration.nanos()),
            now: Time::ZERO,
            nodes: vec![Node::default(); usize::from(scenario.validators.count)],
            front: (0, 0),
            leader: 0,
            faults: BTreeMap::new(),
            messages: VecDeque::new(),
            lines: VecDeque::new(),
            counters: Counters::default(),
            verdict: None,
            kinds: scenario.faults.iter().map(|fault| (fault.id.clone(), kind(&fault.inject))).collect(),
        }
    }

    /// Packets that are on their way, those that faults hold back among them.
    pub(super) fn in_flight(&self) -> u64 {
        let Counters { sent, duplicated, delivered, lost, .. } = self.counters;
        (sent + duplicated).saturating_sub(delivered + lost)
    }

    /// Time goes on; what was seen long enough goes.
    pub(super) fn reach(&mut self, at: Time) {
        self.now = self.now.max(at);
        let old = self.now - SEEN;
        while self.messages.front().is_some_and(|message| message.at < old || self.messages.len() > MESSAGES)
        {
            self.messages.pop_front();
        }
    }

    pub(super) fn message(&mut self, at: Time, from: u16, to: u16, kind: &'static str, lost: bool) {
        self.messages.push_back(Message { at, from, to, kind, lost });
    }

    pub(super) fn event(&mut self, at: Time, node: u16, event: &Event<'_>) {
        let state = &mut self.nodes[usize::from(node)];
        let line = match event {
            Event::Round { height, round, proposer, after_failure } => {
                (state.round, state.locked) = (*round, state.locked && *round > 0);
                if (*height, *round) > self.front {
                    (self.front, self.leader) = ((*height, *round), proposer.0);
                }
                if !after_failure {
                    return;
                }
                format!("gives up, enters h{height} r{round}")
            }
            Event::Decided { height, certificate, synced, .. } => {
                (state.height, state.locked) = (*height, false);
                let how = if *synced { "fetches" } else { "decides" };
                format!("{how} h{height} r{}", certificate.round)
            }
            Event::Locked { height, round, .. } => {
                state.locked = true;
                format!("locks h{height} r{round}")
            }
            Event::SyncStarted { from, to } => {
                state.syncing = true;
                format!("is behind: h{from} of h{to}")
            }
            Event::SyncEnded { .. } => {
                state.syncing = false;
                return;
            }
            Event::StateSynced { height, .. } => {
                state.height = *height;
                format!("fetches the state of h{height}")
            }
            Event::Accused(evidence) => {
                format!("accuses n{} at h{}", evidence.offender().0, evidence.height())
            }
            Event::OffenceRecorded { offender, .. } => format!("records an offence of n{}", offender.0),
            _ => return,
        };
        self.line(at, &format!("n{node} {line}"));
    }

    pub(super) fn node(&mut self, at: Time, node: u16, change: Change<'_>) {
        let state = &mut self.nodes[usize::from(node)];
        let Node { lies, group, .. } = *state;
        *state = Node { lies, group, ..Node::default() };
        match change {
            Change::Down(why) => {
                state.down = true;
                self.line(at, &format!("n{node} goes down: {why}"));
            }
            Change::Up => self.line(at, &format!("n{node} is up again")),
        }
    }

    pub(super) fn fault(&mut self, at: Time, fault: &FaultNews<'_>) {
        let FaultNews { id, instance, nodes, began } = *fault;
        if began {
            let lasting = Lasting { id: id.to_owned(), nodes: nodes.to_vec(), since: at };
            self.faults.insert(instance, lasting);
        } else {
            self.faults.remove(&instance);
        }
        let by = |lies: usize| if began { lies + 1 } else { lies.saturating_sub(1) };
        match self.kinds.get(id) {
            Some(Kind::Lie) => {
                for node in nodes {
                    let lies = &mut self.nodes[usize::from(*node)].lies;
                    *lies = by(*lies);
                }
            }
            Some(Kind::Groups(groups)) => {
                for (group, members) in groups.iter().enumerate() {
                    for node in members {
                        self.nodes[usize::from(*node)].group = began.then_some(group);
                    }
                }
            }
            Some(Kind::Other) | None => {}
        }
        self.line(at, &format!("fault {id} {}", if began { "begins" } else { "ends" }));
    }

    pub(super) fn judged(&mut self, record: &RunRecord) {
        let failed = |property: &&PropertyResult| property.holds != Some(true);
        let failed = record.properties.iter().filter(failed);
        let why = failed.map(|property| format!("{}: {}", property.name, property.detail)).collect();
        self.verdict = Some((record.verdict, why));
        self.now = self.end;
    }

    fn line(&mut self, at: Time, text: &str) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{:9.3}  {text}", at.as_secs_f64()));
    }
}
