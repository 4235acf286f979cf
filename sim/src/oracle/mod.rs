//! The oracles: what must hold in every run, judged from the events of all nodes, independently of the code that made
//! them.
//!
//! One file per property. They see every event as it happens and share nothing with the nodes: the quorum, the bytes
//! under a signature, the sum of all money and the state after each block are computed here a second time
//! (`definition`, `state_root`, `conservation`). Only honest nodes are judged. What follows from a verdict (exit code,
//! report, the line that reproduces it) is left to the caller.

mod accountability;
mod accusations;
mod agreement;
mod certificates;
mod chain;
mod conservation;
mod definition;
mod delivery_order;
mod exactly_once;
mod fair_dice;
mod finding;
mod fleet;
mod hangover;
mod heights;
mod liveness;
mod lock_discipline;
mod memory;
mod patience;
mod sent_certificates;
mod setup;
mod slo;
mod sometimes;
mod state_root;
mod tables_roll;
mod testimony;
mod validity;
mod vote_once;

#[cfg(test)]
mod tests;

use crate::scenario::Sometimes;
use accusations::Accusations;
use agreement::Agreement;
use bitcraps_actors::ports::{ConsensusMessage, Event};
use bitcraps_consensus::{Certificate, Evidence, Message as _, Signed};
use bitcraps_reports::{PropertyKind, PropertyResult};
use bitcraps_types::{Digest, Height, Time, Value};
use certificates::Certificates;
use chain::{Chain, Relation};
use conservation::Conservation;
use definition::Laws;
use delivery_order::DeliveryOrder;
use exactly_once::{ExactlyOnce, Told};
use fair_dice::FairDice;
use finding::Finding;
use fleet::Fleet;
use hangover::Hangover;
use hdrhistogram::Histogram;
use heights::Heights;
use liveness::Liveness;
use lock_discipline::LockDiscipline;
use memory::Memory;
use sent_certificates::SentCertificates;
use slo::Measures;
use sometimes::Counters;
use state_root::{Applied, StateRoots};
use tables_roll::TablesRoll;
use testimony::Testimony;
use validity::Validity;
use vote_once::VoteOnce;

pub use agreement::Fork;
pub use patience::Patience;
pub use setup::{HangoverBound, HeightGoal, Setup, Slo};

/// The names of the `always` properties, in the order of their results; `liveness` comes after them.
pub const ALWAYS: [&str; 16] = [
    "agreement",
    "validity",
    "delivery_order",
    "certificates",
    "same_state_root",
    "conservation",
    "no_negative_balance",
    "exactly_once",
    "tables_roll",
    "fair_dice",
    "no_false_accusation",
    "vote_once",
    "lock_discipline",
    "sent_certificates",
    "bounded_memory",
    "accountability",
];

/// All oracles of one run.
///
/// Feed them every [`Event`] of every node with [`Oracles::observe`], what the world does to nodes, and each command
/// that a player submits; in the order of time. Then [`Oracles::finish`].
pub struct Oracles {
    laws: Laws,
    fleet: Fleet,
    chain: Chain,
    agreement: Agreement,
    validity: Validity,
    delivery: DeliveryOrder,
    certificates: Certificates,
    roots: StateRoots,
    conservation: Conservation,
    exactly_once: ExactlyOnce,
    tables: TablesRoll,
    dice: FairDice,
    accusations: Accusations,
    votes: VoteOnce,
    locks: LockDiscipline,
    sent: SentCertificates,
    memory: Memory,
    testimony: Testimony,
    liveness: Liveness,
    heights: Heights,
    measures: Measures,
    hangover: Hangover,
    counters: Counters,
    sometimes: Vec<String>,
    swept: Height,
}

impl Oracles {
    /// Certificates and latencies of so many heights below the highest are kept, for those who come back.
    const KEPT: Height = 256;
    /// And at most of so many, for those who are up but never follow.
    const KEPT_AT_MOST: Height = 4096;
    /// How many heights pass between two sweeps.
    const SWEEP: Height = 64;

    /// Before the run.
    pub fn new(setup: Setup) -> Oracles {
        let nodes = setup.honest.len();
        Oracles {
            laws: Laws::of(&setup),
            fleet: Fleet::new(&setup.honest),
            chain: Chain::default(),
            agreement: Agreement::new(),
            validity: Validity::new(&setup),
            delivery: DeliveryOrder::new(nodes),
            certificates: Certificates::new(),
            roots: StateRoots::new(&setup.genesis),
            conservation: Conservation::new(&setup.genesis),
            exactly_once: ExactlyOnce::new(&setup.genesis),
            tables: TablesRoll::new(),
            dice: FairDice::new(),
            accusations: Accusations::new(&setup.honest),
            votes: VoteOnce::new(nodes),
            locks: LockDiscipline::new(setup.tells_all),
            sent: SentCertificates::new(),
            memory: Memory::new(setup.tells_all),
            testimony: Testimony::default(),
            liveness: Liveness::new(nodes, setup.gst, setup.patience),
            heights: Heights::new(&setup.heights, nodes),
            hangover: Hangover::new(setup.slo.hangover),
            measures: Measures::new(setup.slo),
            counters: Counters::default(),
            sometimes: setup.sometimes,
            swept: 0,
        }
    }

    /// One event of one node, at the run's own time. Those of nodes that are not honest, or are down, are passed over.
    pub fn observe(&mut self, at: Time, node: u16, event: &Event<'_>) {
        if !self.fleet.is_honest(node) || !self.fleet.is_up(node) {
            return;
        }
        match *event {
            Event::Started { height, .. } => self.delivery.started(at, node, height),
            Event::Round { height, round, after_failure, .. } => {
                if after_failure {
                    self.counters.failed(at, node, height, round);
                }
                self.measures.entered(at, height);
            }
            Event::Locked { height, round, .. } => self.counters.locked(node, height, round),
            Event::Proposed { height, round, .. } => self.measures.proposed(at, height, round),
            Event::Signed(signed) => self.signed(at, node, signed),
            Event::Heard(signed) => self.heard(signed),
            Event::Decided { height, value, certificate, synced } => {
                self.decided(at, node, height, value, certificate, synced);
            }
            Event::Applied { height, block, digest, root, ledger, dice, reports, refusals, .. } => {
                self.delivery.applied(at, node, height);
                if !self.is_forked(height) {
                    self.dice.applied(at, height, reports);
                    self.tables.applied(at, height, reports);
                    let told = Told { block, reports, refusals, ledger };
                    if self.exactly_once.applied(at, node, height, &told) {
                        self.conservation.fees_paid(height, self.exactly_once.fees());
                        self.counters.applied(at, reports, refusals);
                    }
                    let applied = Applied { height, block: digest, root, dice };
                    self.roots.applied(self.laws.at(height), at, node, &applied);
                }
                self.conservation.applied(at, node, height, root, ledger);
            }
            Event::StateSynced { height, root } => {
                self.counters.count(at, Sometimes::StateSync);
                self.delivery.synced(node, height);
                if !self.is_forked(height) {
                    self.roots.synced(at, node, height, root);
                }
                self.progressed(at, node, height);
            }
            Event::Accused(evidence) => self.accused(at, node, evidence),
            Event::OffenceRecorded { offender, height } => {
                self.counters.count(at, Sometimes::EvidenceIncluded);
                self.accusations.recorded(at, node, offender, height);
            }
            Event::Refused { .. } => self.counters.count(at, Sometimes::RejectedFrame),
            Event::BadDice(validator) => self.accusations.bad_dice(at, node, validator),
            Event::DiceSigned { .. }
            | Event::Transition(_)
            | Event::PeerUp(_)
            | Event::PeerDown(_)
            | Event::SyncStarted { .. }
            | Event::SyncEnded { .. }
            | Event::Restored { .. }
            | Event::CommandAccepted(_)
            | Event::CommandRefused(..) => {}
            Event::Waiting { commands, bytes, blobs, blob_bytes } => {
                self.memory.waiting(at, node, [commands, bytes, blobs, blob_bytes]);
            }
            Event::Held { buffer, size } => self.memory.held(at, node, buffer, size),
        }
    }

    fn signed(&mut self, at: Time, node: u16, signed: &Signed<ConsensusMessage>) {
        self.votes.signed(at, node, signed);
        let law = self.laws.at(signed.message.height());
        self.sent.signed((law, &self.testimony), at, node, &signed.message);
        let statement = signed.statement();
        self.locks.signed((law, &self.testimony), at, node, &statement.message);
        self.testimony.said(statement);
    }

    /// What honest nodes say is known since they said it.
    fn heard(&mut self, signed: &Signed<ConsensusMessage>) {
        if !self.fleet.is_honest(signed.message.author().0) {
            let law = self.laws.at(signed.message.height());
            self.testimony.heard_within(law, &signed.message, &self.fleet);
            self.testimony.heard(law, signed.statement());
        }
    }

    fn accused(&mut self, at: Time, node: u16, evidence: &Evidence<ConsensusMessage>) {
        let law = self.laws.at(evidence.height());
        self.accusations.accused(law, at, node, evidence);
        self.testimony.heard(law, evidence.first.clone());
        self.testimony.heard(law, evidence.second.clone());
    }

    fn decided(
        &mut self,
        at: Time,
        node: u16,
        height: Height,
        value: &Value,
        certificate: &Certificate,
        synced: bool,
    ) {
        let digest = value.digest();
        self.delivery.decided(&self.chain, at, node, height, digest);
        let relation = self.chain.decide(at, node, height, digest);
        self.certificates.decided(self.laws.at(height), at, node, height, digest, certificate);
        self.agreement.decided(at, node, relation, certificate);
        if !matches!(relation, Relation::Same) {
            self.testimony.decided(self.laws.at(height), certificate, &self.fleet);
        }
        if let Some(forked) = self.agreement.forked() {
            self.testimony.keep(forked);
        }
        if matches!(relation, Relation::First) && !self.is_forked(height) {
            self.decided_first(at, node, height, value);
        }
        if synced {
            self.counters.count(at, Sometimes::BlockSync);
        }
        self.measures.decided(at, node, height, synced);
        self.progressed(at, node, height);
    }

    /// The first decision of a height of the one chain.
    fn decided_first(&mut self, at: Time, node: u16, height: Height, value: &Value) {
        let law = self.laws.at(height);
        let Some(block) = self.validity.decided(law, &self.chain, at, node, height, value) else {
            return;
        };
        if let Some(handover) = &block.handover {
            self.counters.count(at, Sometimes::Handover);
            if let Err(reason) = self.laws.hand_over(height, handover) {
                self.validity.finding.violated(at, format!("node {node}, height {height}: {reason}"));
            }
        }
        if self.hangover.is_demanded() {
            block.commands.iter().for_each(|command| self.hangover.decided(at, command.id()));
        }
        for offence in &block.offences {
            self.accusations.included(self.laws.at(offence.height), at, node, offence);
        }
        self.conservation.decided(&block);
        self.roots.decided(value.digest(), block);
    }

    /// From a fork on there is no one chain that blocks could extend and states could follow.
    fn is_forked(&self, height: Height) -> bool {
        self.agreement.forked().is_some_and(|forked| forked <= height)
    }

    fn progressed(&mut self, at: Time, node: u16, height: Height) {
        self.fleet.reached(node, height);
        self.liveness.progressed(at, node, height);
        self.heights.progressed(at, node, height);
        let top = self.fleet.top();
        if top >= self.swept + Self::SWEEP {
            self.swept = top;
            let floor = self.fleet.floor().min(top.saturating_sub(Self::KEPT));
            let floor = floor.max(top.saturating_sub(Self::KEPT_AT_MOST));
            self.agreement.forget_below(floor);
            self.certificates.forget_below(floor);
            self.testimony.forget_below(floor.max(top.saturating_sub(Self::KEPT)));
            self.conservation.forget_below(floor);
            self.measures.forget_below(floor);
        }
    }

    /// A player submits a command with this id (the digest that the node's own events call it by).
    pub fn submitted(&mut self, at: Time, command: Digest) {
        self.validity.submitted(command);
        self.hangover.submitted(at, command);
    }

    /// A cheater hands in a command, which may stand in blocks as any other, though perhaps nothing comes of it.
    pub fn cheated(&mut self, command: Digest) {
        self.validity.submitted(command);
    }

    /// The world takes a node down.
    pub fn node_crashed(&mut self, at: Time, node: u16) {
        if self.fleet.is_honest(node) && self.fleet.is_up(node) {
            self.liveness.crashed(at, node);
            self.measures.crashed(node);
        }
        self.fleet.set_up(node, false);
    }

    /// The world starts a node that it took down.
    pub fn node_restarted(&mut self, at: Time, node: u16) {
        self.fleet.set_up(node, true);
        if self.fleet.is_honest(node) {
            self.counters.count(at, Sometimes::Restart);
            self.delivery.restarted(node);
            self.liveness.restarted(at, node);
        }
    }

    /// A fault begins to act. `disturbs`: liveness may not be demanded while it acts.
    pub fn fault_began(&mut self, at: Time, fault: &str, disturbs: bool) {
        self.heights.fault_began(fault);
        if disturbs {
            if self.liveness.disturbed(at, &self.fleet) {
                self.hangover.disturbed(at);
            }
            self.measures.disturbed(at);
        }
    }

    /// A fault ends. `disturbs` as when it began.
    pub fn fault_healed(&mut self, at: Time, fault: &str, disturbs: bool) {
        self.heights.fault_healed(at, fault);
        if disturbs && self.liveness.calmed(at) {
            self.hangover.healed(at);
            self.measures.healed(at, fault, &self.fleet);
        }
    }

    /// The `always` property that was violated first, and when. Cheap: a world may ask after every event.
    pub fn violated(&self) -> Option<(&'static str, Time)> {
        self.always().into_iter().filter_map(Finding::first).min_by_key(|(_, at)| *at)
    }

    /// The first fork, with both certificates and the culprits: by all that was heard up to now.
    pub fn fork(&self) -> Option<Fork> {
        let fork = self.agreement.fork()?.clone();
        let proofs = accountability::accountable(self.laws.at(fork.height), self.testimony.at(fork.height));
        Some(Fork { culprits: proofs.into_keys().collect(), ..fork })
    }

    /// How often something was reached.
    pub fn count(&self, what: Sometimes) -> u64 {
        self.counters.get(what)
    }

    /// Since when the latency of a height is counted, if the height is recent: when the proposal of round 0 was first
    /// sent; without one, when the first honest node began the height.
    pub fn height_began(&self, height: Height) -> Option<Time> {
        self.measures.begun(height)
    }

    /// The commit latencies of honest nodes by their own engines, in microseconds.
    pub fn commit_latency(&self) -> &Histogram<u64> {
        self.measures.latency()
    }

    /// How many handovers of the committee were decided.
    pub fn handovers(&self) -> u64 {
        self.laws.handovers()
    }

    /// The highest height that an honest node has decided.
    pub fn top(&self) -> Height {
        self.fleet.top()
    }

    /// Those that can be violated at any moment: all but accountability, which is judged at the end.
    fn always(&self) -> [&Finding; ALWAYS.len() - 1] {
        [
            &self.agreement.finding,
            &self.validity.finding,
            &self.delivery.finding,
            &self.certificates.finding,
            &self.roots.finding,
            &self.conservation.conservation,
            &self.conservation.no_negative_balance,
            &self.exactly_once.finding,
            &self.tables.finding,
            &self.dice.finding,
            &self.accusations.finding,
            &self.votes.finding,
            &self.locks.finding,
            &self.sent.finding,
            &self.memory.finding,
        ]
    }

    /// After the run: first the properties of [`ALWAYS`], then `liveness`, the heights, the measured bounds and the
    /// counters that were asked for.
    pub fn finish(&mut self, end: Time) -> Vec<PropertyResult> {
        self.liveness.finish(end, &self.fleet);
        const CASES: [&str; ALWAYS.len() - 1] = [
            "decisions",
            "blocks",
            "decisions",
            "certificates",
            "applied blocks",
            "ledgers",
            "ledgers",
            "commands",
            "rolls",
            "rolls",
            "accusations",
            "signed messages",
            "signed messages",
            "certificates in messages",
            "sizes",
        ];
        let always = self.always().into_iter().zip(CASES);
        let mut results: Vec<_> =
            always.map(|(finding, cases)| finding.result(PropertyKind::Always, cases)).collect();
        for result in &mut results {
            match &*result.name {
                "no_false_accusation" => *result = self.accusations.result(),
                "sent_certificates" => *result = self.sent.result(),
                "exactly_once" => *result = self.exactly_once.result(),
                "tables_roll" => *result = self.tables.finding.result_even_of_none("rolls"),
                "fair_dice" => *result = self.dice.finding.result_even_of_none("rolls"),
                _ => {}
            }
        }
        let fork = self.fork();
        if let (Some(fork), Some(agreement)) = (&fork, results.first_mut()) {
            agreement.detail.push_str(&format!("; culprits: {}", accountability::list(&fork.culprits)));
        }
        let whole = self.testimony.is_whole();
        let law = self.laws.at(fork.as_ref().map_or(Height::MAX, |fork| fork.height));
        results.push(accountability::result(law, &self.fleet, fork.as_ref(), whole));
        results.push(self.liveness.finding.result(PropertyKind::Eventually, "decisions in calm"));
        results.extend(self.heights.results(end, &self.fleet));
        results.extend(self.measures.results(end, &self.fleet));
        results.extend(self.hangover.result(end));
        results.extend(self.sometimes.iter().map(|name| self.counters.result(name)));
        results
    }
}
