//! What this validator said and is bound by: the only way to a signature, and the way back after a crash.
//!
//! Nothing is signed that is not written first, and nothing that contradicts what is written. Before a vote its
//! value is written, so that a quorum's value survives even if all crash at once; and the certificate that its block
//! carries, so that no later timeout claims to know less. A proposal and a timeout carry their certificates
//! themselves. As the log is read in order, a crash that loses its end loses only what was never sent.

use super::HotStuff;
use super::certificates::{QuorumCertificate, TimeoutCertificate};
use super::message::{HotStuffMessage, Proposal, Timeout};
use super::statement::Vote;
use crate::museum::{Bug, has};
use crate::{Dest, Message, Output, Seq};
use bitcraps_types::{Digest, Height, Round, Value};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;

/// A write of the durable log.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Entry {
    /// About to be signed by this validator: a proposal, a vote, or a timeout.
    Said(HotStuffMessage),
    /// About to be voted for.
    Value {
        /// At this height.
        height: Height,
        /// In this round.
        round: Round,
        /// In full, so that it can be proposed again.
        value: Value,
    },
    /// The highest certificate rose.
    HighQc(QuorumCertificate),
    /// A round was given up by a quorum.
    HighTc(TimeoutCertificate),
}

impl Entry {
    /// The height that it binds the validator at.
    pub fn height(&self) -> Height {
        match self {
            Entry::Said(message) => message.height(),
            Entry::Value { height, .. } => *height,
            Entry::HighQc(qc) => qc.height,
            Entry::HighTc(tc) => tc.height,
        }
    }
}

/// The writes of this incarnation, and what is written of this height.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    /// The number of the last write.
    last: Seq,
    said: BTreeMap<(Round, Place), HotStuffMessage>,
    /// The last round in which this validator proposed or voted for each value.
    values: BTreeMap<Digest, Round>,
    qc_round: Option<Round>,
}

/// A round has three places for a validator to speak, in this order: after its timeout it is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Proposal,
    Vote,
    Timeout,
}

impl Place {
    fn of(message: &HotStuffMessage) -> Option<Place> {
        match message {
            HotStuffMessage::Proposal(_) => Some(Place::Proposal),
            HotStuffMessage::Vote(_) => Some(Place::Vote),
            HotStuffMessage::Timeout(_) => Some(Place::Timeout),
            HotStuffMessage::SyncInfo(_) => None,
        }
    }
}

impl Journal {
    /// Forgets what is written; for a new height.
    pub(super) fn clear(&mut self) {
        *self = Journal { last: self.last, ..Journal::default() };
    }

    /// Forgets what was said below `lowest`, where this validator never speaks again.
    pub(super) fn prune(&mut self, lowest: Round) {
        self.said = self.said.split_off(&(lowest, Place::Proposal));
    }

    /// Forgets the values of rounds before `lowest`.
    pub(super) fn prune_values(&mut self, lowest: Option<Round>) {
        self.values.retain(|_, round| Some(*round) >= lowest);
    }

    /// Whether a value is written.
    pub(super) fn has_value(&self, digest: &Digest) -> bool {
        self.values.contains_key(digest)
    }

    /// Whether this validator proposed in the round.
    pub(super) fn proposed(&self, round: Round) -> bool {
        self.said.contains_key(&(round, Place::Proposal))
    }

    /// Whether this validator gave the round up.
    pub(super) fn timed_out(&self, round: Round) -> bool {
        self.said.contains_key(&(round, Place::Timeout))
    }

    /// The last round spoken in.
    pub(super) fn last_round(&self) -> Option<Round> {
        self.said.last_key_value().map(|((round, _), _)| *round)
    }

    fn note(&mut self, entry: &Entry) {
        match entry {
            Entry::Said(message) => {
                match message {
                    HotStuffMessage::Proposal(proposal) if proposal.value.is_some() => {
                        self.values.insert(proposal.digest(), proposal.round);
                    }
                    HotStuffMessage::Vote(vote) => {
                        self.values.entry(vote.digest).and_modify(|round| *round = vote.round);
                    }
                    _ => {}
                }
                if let Some(place) = Place::of(message) {
                    self.said.insert((message.round(), place), message.clone());
                }
            }
            Entry::Value { round, value, .. } => {
                self.values.insert(value.digest(), *round);
            }
            Entry::HighQc(qc) => self.qc_round = self.qc_round.max(Some(qc.round)),
            Entry::HighTc(_) => {}
        }
    }
}

impl HotStuff {
    /// Writes to the durable log. A node that only follows is bound by nothing and writes nothing.
    pub(super) fn persist(&mut self, entry: Entry, out: &mut Vec<Output<Self>>) {
        if self.me().is_some() {
            self.journal.last += 1;
            self.journal.note(&entry);
            out.push(Output::Persist { seq: self.journal.last, entry });
        }
    }

    /// Writes a message, then has it signed. A place that was spoken in stays as it is.
    fn say(&mut self, message: HotStuffMessage, out: &mut Vec<Output<Self>>) {
        let spoken = |place| self.journal.said.contains_key(&(message.round(), place));
        if Place::of(&message).is_none_or(spoken) {
            return;
        }
        self.persist(Entry::Said(message.clone()), out);
        let (after, to) = (self.journal.last, self.recipients(&message));
        out.push(Output::Sign { message, after, to });
    }

    /// Votes go to the leader of the next round, everything else to all.
    fn recipients(&self, message: &HotStuffMessage) -> Dest {
        match message {
            HotStuffMessage::Vote(vote) => Dest::One(self.next_leader(vote.round)),
            _ => Dest::All,
        }
    }

    /// Proposes in the current round.
    pub(super) fn say_proposal(
        &mut self,
        justify: Option<QuorumCertificate>,
        tc: Option<TimeoutCertificate>,
        value: Option<Value>,
        out: &mut Vec<Output<Self>>,
    ) {
        if let Some(author) = self.me() {
            let proposal = Proposal { height: self.height, round: self.round, author, justify, tc, value };
            self.say(HotStuffMessage::Proposal(Box::new(proposal)), out);
        }
    }

    /// Votes in the current round for this value on the certificate of round `justify`.
    pub(super) fn say_vote(&mut self, digest: Digest, justify: Option<Round>, out: &mut Vec<Output<Self>>) {
        let Some(author) = self.me() else {
            return;
        };
        if !self.journal.has_value(&digest)
            && let Some(value) = self.values.get(&digest).cloned()
        {
            self.persist(Entry::Value { height: self.height, round: self.round, value }, out);
        }
        if let Some(qc) = self.high_qc.clone()
            && self.journal.qc_round < Some(qc.round)
        {
            self.persist(Entry::HighQc(qc), out);
        }
        self.last_voted = self.last_voted.max(Some(self.round));
        let vote = Vote { height: self.height, round: self.round, author, digest, justify };
        self.say(HotStuffMessage::Vote(vote), out);
    }

    /// Gives the current round up.
    pub(super) fn say_timeout(&mut self, out: &mut Vec<Output<Self>>) {
        if let Some(author) = self.me() {
            if !has(Bug::VotesAfterTimeout) {
                self.last_voted = self.last_voted.max(Some(self.round));
            }
            let high_qc = self.high_qc.clone();
            let timeout = Timeout { height: self.height, round: self.round, author, high_qc };
            self.say(HotStuffMessage::Timeout(Box::new(timeout)), out);
        }
    }

    /// Takes back the writes of this height.
    pub(super) fn replay(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            let others = matches!(&entry, Entry::Said(message) if Some(message.author()) != self.me());
            let forgotten =
                has(Bug::LastVotedNotRestored) && matches!(entry, Entry::Said(HotStuffMessage::Vote(_)));
            if entry.height() != self.height || others || forgotten {
                continue;
            }
            self.journal.note(&entry);
            match entry {
                Entry::Said(message) => self.replay_said(message),
                Entry::Value { value, .. } => self.values.learn_valid(&value),
                Entry::HighQc(qc) => self.raise_high_qc(&qc),
                Entry::HighTc(tc) => self.raise_high_tc(&tc),
            }
        }
        if has(Bug::RecoveryIgnoresTimeouts) {
            self.high_tc = None;
        }
    }

    fn replay_said(&mut self, message: HotStuffMessage) {
        match message {
            HotStuffMessage::Proposal(proposal) => {
                proposal.value.iter().for_each(|value| self.values.learn_valid(value));
                proposal.justify.iter().for_each(|qc| self.raise_high_qc(qc));
                proposal.tc.iter().for_each(|tc| self.raise_high_tc(tc));
            }
            HotStuffMessage::Vote(vote) => self.last_voted = self.last_voted.max(Some(vote.round)),
            HotStuffMessage::Timeout(timeout) => {
                self.last_voted = self.last_voted.max(Some(timeout.round));
                timeout.high_qc.iter().for_each(|qc| self.raise_high_qc(qc));
            }
            HotStuffMessage::SyncInfo(_) => {}
        }
    }

    /// Has signed again, and so sent and counted again, what was said in the current round. It is durable: there is
    /// nothing to wait for.
    pub(super) fn repeat_after_restart(&self, out: &mut Vec<Output<Self>>) {
        let again = self.journal.said.range((self.round, Place::Proposal)..);
        out.extend(again.map(|(_, message)| Output::Sign {
            message: message.clone(),
            after: 0,
            to: self.recipients(message),
        }));
    }
}
