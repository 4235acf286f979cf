//! What this validator said and is bound by: the only way to a signature, and the way back after a crash.
//!
//! Nothing is signed that is not written first, and nothing that contradicts what is written. The writes of a height
//! are the view in which it began, its own messages and its prepared certificates, in order; so a crash that loses
//! the end of the log loses only what was never sent.

use super::message::{PbftMessage, PreparedCertificate, Vote, VoteKind};
use super::{Pbft, Prepared};
use crate::museum::{Bug, has};
use crate::{Dest, Message, Output, Seq, Signed};
use bitcraps_types::{Digest, Height, Round, Time};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;

/// A write of the durable log.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Entry {
    /// The height began in this view, or began again, before anything was said. View 0 is not written.
    Base {
        /// The height.
        height: Height,
        /// The view.
        view: Round,
    },
    /// About to be signed by this validator.
    Said(PbftMessage),
    /// It is prepared.
    Prepared {
        /// The quorum's proof.
        certificate: PreparedCertificate,
        /// The PRE-PREPARE with the value, as its author signed it, so that it can be proposed again.
        proposal: Box<Signed<PbftMessage>>,
    },
}

impl Entry {
    /// The height that it binds the validator at.
    pub fn height(&self) -> Height {
        match self {
            Entry::Base { height, .. } => *height,
            Entry::Said(message) => message.height(),
            Entry::Prepared { certificate, .. } => certificate.height,
        }
    }

    /// A view that this validator took part in.
    fn active_view(&self) -> Option<Round> {
        match self {
            Entry::Base { view, .. } => Some(*view),
            Entry::Said(PbftMessage::ViewChange(_)) => None,
            Entry::Said(message) => Some(message.view()),
            Entry::Prepared { certificate, .. } => Some(certificate.view),
        }
    }
}

/// The writes of this incarnation, and what was said in this height.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    /// The number of the last write.
    pub(super) written: Seq,
    /// Whether anything was said in this height.
    spoken: bool,
    /// By view and place in it.
    said: BTreeMap<(Round, Place), PbftMessage>,
}

/// A view has four places for a validator to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Change,
    Proposal,
    Prepare,
    Commit,
}

impl Place {
    fn of(message: &PbftMessage) -> Option<Place> {
        match message {
            PbftMessage::ViewChange(_) => Some(Place::Change),
            PbftMessage::PrePrepare(_) | PbftMessage::NewView(_) => Some(Place::Proposal),
            PbftMessage::Vote(Vote { kind: VoteKind::Prepare, .. }) => Some(Place::Prepare),
            PbftMessage::Vote(Vote { kind: VoteKind::Commit, .. }) => Some(Place::Commit),
            PbftMessage::Checkpoint(_) => None,
        }
    }
}

impl Journal {
    /// Forgets what was said; for a new height.
    pub(super) fn clear(&mut self) {
        self.said.clear();
        self.spoken = false;
    }

    /// Forgets what was said below `lowest`, where this validator never speaks again.
    pub(super) fn prune(&mut self, lowest: Round) {
        self.said = self.said.split_off(&(lowest, Place::Change));
    }

    /// Whether nothing was said in this height.
    pub(super) fn is_silent(&self) -> bool {
        !self.spoken
    }

    /// Whether this validator asked for the view.
    pub(super) fn changed(&self, view: Round) -> bool {
        self.said.contains_key(&(view, Place::Change))
    }

    /// What this validator proposed in the view.
    pub(super) fn proposal(&self, view: Round) -> Option<&PbftMessage> {
        self.said.get(&(view, Place::Proposal))
    }

    /// Whether this validator proposed in the view.
    pub(super) fn proposed(&self, view: Round) -> bool {
        self.proposal(view).is_some()
    }

    /// Whether this validator said PREPARE in the view.
    pub(super) fn prepared(&self, view: Round) -> bool {
        self.said.contains_key(&(view, Place::Prepare))
    }

    /// Whether this validator said COMMIT in the view.
    pub(super) fn committed(&self, view: Round) -> bool {
        self.said.contains_key(&(view, Place::Commit))
    }

    /// The last view below `view` in which this validator said COMMIT.
    pub(super) fn committed_before(&self, view: Round) -> Option<Round> {
        let mut before = self.said.range(..(view, Place::Change)).rev();
        before.find(|((_, place), _)| *place == Place::Commit).map(|((view, _), _)| *view)
    }
}

impl Pbft {
    /// Writes to the durable log.
    pub(super) fn persist(&mut self, entry: Entry, out: &mut Vec<Output<Self>>) -> Seq {
        self.journal.written += 1;
        out.push(Output::Persist { seq: self.journal.written, entry });
        self.journal.written
    }

    /// Writes the view in which this validator began the height, before it says anything.
    pub(super) fn write_base(&mut self, out: &mut Vec<Output<Self>>) {
        if self.me().is_some() && self.base > 0 {
            self.persist(Entry::Base { height: self.height, view: self.base }, out);
        }
    }

    /// Writes a message, then has it signed. A place that was spoken in stays as it is.
    pub(super) fn say(&mut self, message: PbftMessage, out: &mut Vec<Output<Self>>) {
        let Some(place) = Place::of(&message) else { return };
        let key = (message.view(), place);
        if self.journal.said.contains_key(&key) {
            return;
        }
        let after = self.persist(Entry::Said(message.clone()), out);
        self.journal.spoken = true;
        self.journal.said.insert(key, message.clone());
        out.push(Output::Sign { message, after, to: Dest::All });
    }

    /// Votes in the current view. A node that only follows says nothing.
    pub(super) fn vote(&mut self, kind: VoteKind, digest: Digest, out: &mut Vec<Output<Self>>) {
        if let Some(author) = self.me() {
            let vote = Vote { kind, height: self.height, view: self.view, author, digest };
            self.say(PbftMessage::Vote(vote), out);
        }
    }

    /// Takes back the writes of this height. Of those before it: the view, where this one may begin.
    pub(super) fn replay(&mut self, entries: Vec<Entry>) {
        let (mut before, mut highest) = (0, 0);
        for entry in entries {
            let view = entry.active_view();
            if entry.height() < self.height {
                before = view.map_or(before, |view| view.max(before));
                continue;
            }
            if entry.height() > self.height {
                continue;
            }
            match entry {
                Entry::Base { view, .. } => {
                    self.base = view;
                    highest = view.max(highest);
                }
                Entry::Said(PbftMessage::ViewChange(_)) if has(Bug::ViewChangeNotRestored) => {}
                Entry::Said(message) => {
                    if Some(message.author()) == self.me()
                        && let Some(place) = Place::of(&message)
                    {
                        if let Some(proposal) = message.proposal() {
                            self.values.learn_valid(&proposal.value);
                        }
                        highest = message.view().max(highest);
                        self.journal.spoken = true;
                        self.journal.said.insert((message.view(), place), message);
                    }
                }
                Entry::Prepared { .. } if has(Bug::PreparedNotRestored) => {}
                Entry::Prepared { certificate, proposal } => {
                    if let Some(content) = proposal.message.proposal() {
                        self.values.learn_valid(&content.value);
                        highest = certificate.view.max(highest);
                        self.prepared = Some(Prepared { certificate, proposal: *proposal });
                    }
                }
            }
        }
        let anew = self.journal.is_silent() && self.prepared.is_none();
        self.view = if anew && highest == 0 { before } else { highest };
    }

    /// Goes on where [`Pbft::replay`] left off: has signed again, and so sent and counted again, what was said in the
    /// current view, and the last COMMIT before it. They are durable: there is nothing to wait for.
    pub(super) fn resume(&mut self, now: Time, out: &mut Vec<Output<Self>>) {
        self.enter(self.view, false, out);
        let view = self.view;
        let earlier = self.journal.committed_before(view).map(|view| (view, Place::Commit));
        let in_view = self.journal.said.range((view, Place::Change)..).map(|(key, _)| *key);
        let again: Vec<_> = earlier.into_iter().chain(in_view).collect();
        let messages = again.iter().filter_map(|key| self.journal.said.get(key)).cloned();
        out.extend(messages.map(|message| Output::Sign { message, after: 0, to: Dest::All }));
        self.send_prepared_value(out);
        if self.active() && self.is_primary() && !self.journal.proposed(view) {
            self.once.asked = true;
            out.push(Output::Propose { height: self.height, round: view });
        }
        if self.active() || !self.journal.changed(view) {
            self.set_timer(now, out);
        }
    }
}
