//! What this validator said and is bound by: the only way to a signature, and the way back after a crash.
//!
//! Nothing is signed that is not written first, and nothing that contradicts what is written. The writes of a
//! height are its own messages and its locks, in order; so a crash that loses the end of the log loses only what
//! was never sent.

use super::message::{PolkaCertificate, Proposal, TendermintMessage, Vote, VoteKind};
use super::{Lock, Step, Tendermint, ValidValue};
use crate::museum::{Bug, has};
use crate::{Dest, Message, Output, Seq};
use bitcraps_types::{Digest, Height, Round, Value};
use borsh::{BorshDeserialize, BorshSerialize};
use litemap::LiteMap;
use std::collections::BTreeMap;

/// A write of the durable log.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Entry {
    /// About to be signed by this validator: a proposal, a prevote, or a precommit.
    Said(TendermintMessage),
    /// The valid value changed, and with `locks` the lock too.
    Polka {
        /// The value, in full, so that it can be proposed again.
        value: Value,
        /// The quorum of prevotes for it.
        certificate: PolkaCertificate,
        /// Whether the validator locked on it.
        locks: bool,
    },
}

impl Entry {
    /// The height that it binds the validator at.
    pub fn height(&self) -> Height {
        match self {
            Entry::Said(message) => message.height(),
            Entry::Polka { certificate, .. } => certificate.height,
        }
    }
}

/// The writes of this incarnation, and what was said in this height.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    /// The number of the last write.
    pub(super) written: Seq,
    /// By round and place in it.
    said: LiteMap<(Round, Place), TendermintMessage>,
}

/// A round has three places for a validator to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Proposal,
    Prevote,
    Precommit,
}

impl Place {
    fn of(message: &TendermintMessage) -> Option<Place> {
        match message {
            TendermintMessage::Proposal(_) => Some(Place::Proposal),
            TendermintMessage::Vote(Vote { kind: VoteKind::Prevote, .. }) => Some(Place::Prevote),
            TendermintMessage::Vote(Vote { kind: VoteKind::Precommit, .. }) => Some(Place::Precommit),
            TendermintMessage::Polka(_) => None,
        }
    }
}

impl Journal {
    /// Forgets what was said; for a new height.
    pub(super) fn clear(&mut self) {
        self.said.clear();
    }

    /// Forgets what was said below `lowest`, where this validator never speaks again.
    pub(super) fn prune(&mut self, lowest: Round) {
        self.said.retain(|(round, _), _| *round >= lowest);
    }

    /// Whether this validator proposed in the round.
    pub(super) fn proposed(&self, round: Round) -> bool {
        self.said.contains_key(&(round, Place::Proposal))
    }

    /// The last round below `round` in which this validator precommitted.
    pub(super) fn precommitted_before(&self, round: Round) -> Option<Round> {
        self.precommits_before(round).next().map(|(round, _)| round)
    }

    fn precommits_before(&self, round: Round) -> impl Iterator<Item = (Round, &TendermintMessage)> {
        self.said
            .iter()
            .rev()
            .filter(move |((of, place), _)| *of < round && *place == Place::Precommit)
            .map(|((round, _), message)| (*round, message))
    }

    /// The last round spoken in, and how far.
    fn last(&self) -> Option<(Round, Step)> {
        let ((round, place), _) = self.said.last()?;
        let step = match place {
            Place::Proposal => Step::Propose,
            Place::Prevote => Step::Prevote,
            Place::Precommit => Step::Precommit,
        };
        Some((*round, step))
    }
}

impl Tendermint {
    /// Writes to the durable log.
    pub(super) fn persist(&mut self, entry: Entry, out: &mut Vec<Output<Self>>) -> Seq {
        self.journal.written += 1;
        out.push(Output::Persist { seq: self.journal.written, entry });
        self.journal.written
    }

    /// Writes a message, then has it signed. A place that was spoken in stays as it is.
    fn say(&mut self, message: TendermintMessage, out: &mut Vec<Output<Self>>) {
        let Some(place) = Place::of(&message) else {
            return;
        };
        let key = (message.round(), place);
        if self.journal.said.contains_key(&key) {
            return;
        }
        let written = self.persist(Entry::Said(message.clone()), out);
        let after = if has(Bug::VoteBeforeDurable) { 0 } else { written };
        self.journal.said.insert(key, message.clone());
        out.push(Output::Sign { message, after, to: Dest::All });
    }

    /// Votes in the current round. A node that only follows says nothing.
    pub(super) fn vote(&mut self, kind: VoteKind, digest: Option<Digest>, out: &mut Vec<Output<Self>>) {
        if let Some(author) = self.me() {
            let vote = Vote { kind, height: self.height, round: self.round, author, digest };
            self.say(TendermintMessage::Vote(vote), out);
        }
    }

    /// Proposes in the current round.
    pub(super) fn propose(
        &mut self,
        value: Value,
        polka: Option<PolkaCertificate>,
        out: &mut Vec<Output<Self>>,
    ) {
        if let Some(author) = self.me() {
            let proposal = Proposal { height: self.height, round: self.round, author, value, polka };
            self.say(TendermintMessage::Proposal(Box::new(proposal)), out);
        }
    }

    /// Takes back the writes of this height.
    pub(super) fn replay(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            match entry {
                Entry::Said(message) => {
                    if message.height() != self.height || Some(message.author()) != self.me() {
                        continue;
                    }
                    if let TendermintMessage::Proposal(proposal) = &message {
                        self.values.learn_valid(&proposal.value);
                    }
                    if let Some(place) = Place::of(&message) {
                        self.journal.said.insert((message.round(), place), message);
                    }
                }
                Entry::Polka { value, certificate, locks } => {
                    if certificate.height != self.height {
                        continue;
                    }
                    self.values.learn_valid(&value);
                    if locks && !has(Bug::LockNotRestored) {
                        self.locked = Some(Lock { round: certificate.round, value: value.clone() });
                    }
                    let durable = 0;
                    self.valid = Some(ValidValue { value, certificate, written: durable, announced: false });
                }
            }
        }
    }

    /// Where [`Tendermint::replay`] left off: the last round spoken in, if any.
    pub(super) fn resume_point(&self) -> Option<(Round, Step)> {
        self.journal.last()
    }

    /// Has signed again, and so sent and counted again, what was said in the current round, the last precommit
    /// before it, and the last one for a value. They are durable: there is nothing to wait for.
    pub(super) fn repeat_after_restart(&self, out: &mut Vec<Output<Self>>) {
        let mut again: BTreeMap<(Round, Place), &TendermintMessage> = self
            .journal
            .said
            .iter()
            .filter(|((round, _), _)| *round >= self.round)
            .map(|(key, said)| (*key, said))
            .collect();
        let for_a_value = |message: &TendermintMessage| {
            matches!(message, TendermintMessage::Vote(Vote { digest: Some(_), .. }))
        };
        let last = self.journal.precommits_before(self.round).next();
        let last_for_a_value =
            self.journal.precommits_before(self.round).find(|(_, message)| for_a_value(message));
        again.extend(
            last.into_iter()
                .chain(last_for_a_value)
                .map(|(round, message)| ((round, Place::Precommit), message)),
        );
        out.extend(again.into_values().map(|message| Output::Sign {
            message: message.clone(),
            after: 0,
            to: Dest::All,
        }));
    }
}
