//! The paper's message log, of one height: PRE-PREPAREs, PREPAREs and COMMITs, counted as they come.
//!
//! One of each counts per validator and view: the first. A different second one is evidence. Memory is bounded
//! whatever a validator signs: messages are kept for [`PAST_VIEWS`] views below the current one and [`FUTURE_VIEWS`]
//! above. A decision below comes with block sync.

use super::Statement;
use super::message::{PbftMessage, PreparedCertificate, Vote, VoteKind};
use crate::{Evidence, Message, Signed, ValidatorSet};
use bitcraps_types::{Digest, Height, Round, Signature, ValidatorIndex};
use std::collections::BTreeMap;

/// How many views below the current one are remembered.
pub(super) const PAST_VIEWS: Round = 32;
/// How many views above the current one are remembered.
pub(super) const FUTURE_VIEWS: Round = 16;

/// What a message did.
#[derive(Debug)]
pub(super) enum Added {
    /// Nothing: it is known, or of a view too far from the current one.
    Nothing,
    /// It counts.
    New,
    /// It completed a quorum of COMMITs for this value.
    Committed(Digest),
    /// Its author had said something else in its place.
    Conflict(Box<Evidence<PbftMessage>>),
}

/// The log of a height.
#[derive(Clone, Debug)]
pub(super) struct Log {
    height: Height,
    validators: ValidatorSet,
    views: BTreeMap<Round, ViewLog>,
    /// Whether the height is decided: then only what was stated is kept.
    closed: bool,
}

#[derive(Clone, Debug, Default)]
struct ViewLog {
    proposed: Option<Signed<Statement>>,
    /// The PRE-PREPARE or NEW-VIEW, with the value.
    proposal: Option<Signed<PbftMessage>>,
    prepares: Tally,
    commits: Tally,
}

/// The votes of one kind in one view.
#[derive(Clone, Debug, Default)]
struct Tally {
    cast: BTreeMap<ValidatorIndex, (Digest, Signature)>,
    power: BTreeMap<Digest, u64>,
}

impl Log {
    pub(super) fn new(height: Height, validators: ValidatorSet) -> Log {
        Log { height, validators, views: BTreeMap::new(), closed: false }
    }

    /// Counts a verified vote of this height while the engine is in view `current`.
    pub(super) fn add_vote(&mut self, vote: Vote, signature: Signature, current: Round) -> Added {
        let power = self.validators.power(vote.author);
        if power == 0 || !within(vote.view, current) {
            return Added::Nothing;
        }
        let tally = self.views.entry(vote.view).or_default().tally_mut(vote.kind);
        if let Some((digest, first)) = tally.cast.get(&vote.author) {
            if *digest == vote.digest {
                return Added::Nothing;
            }
            let first = Vote { digest: *digest, ..vote }.signed(*first);
            return Added::Conflict(Box::new(Evidence::of(&first, &vote.signed(signature))));
        }
        tally.cast.insert(vote.author, (vote.digest, signature));
        let so_far = tally.power.entry(vote.digest).or_default();
        let before = *so_far;
        *so_far += power;
        let completes = self.validators.is_quorum(*so_far) && !self.validators.is_quorum(before);
        match vote.kind {
            VoteKind::Commit if completes => Added::Committed(vote.digest),
            _ => Added::New,
        }
    }

    /// Takes a verified PRE-PREPARE or NEW-VIEW. A NEW-VIEW takes the place of the PRE-PREPARE that it repeats.
    pub(super) fn add_proposal(&mut self, signed: &Signed<PbftMessage>, current: Round) -> Added {
        let Some(proposal) = signed.message.proposal() else { return Added::Nothing };
        if !within(proposal.view, current) {
            return Added::Nothing;
        }
        let log = self.views.entry(proposal.view).or_default();
        let stated = signed.statement();
        let first = log.proposed.get_or_insert_with(|| stated.clone());
        if first.message != stated.message {
            return Added::Conflict(Box::new(Evidence { first: first.clone(), second: stated }));
        }
        let better = log
            .proposal
            .as_ref()
            .is_none_or(|held| is_new_view(&signed.message) && !is_new_view(&held.message));
        if self.closed || !better {
            return Added::Nothing;
        }
        log.proposal = Some(signed.clone());
        Added::New
    }

    /// Whether a PRE-PREPARE or NEW-VIEW, added, would change nothing.
    pub(super) fn holds_proposal(&self, message: &PbftMessage, signature: &Signature) -> bool {
        let Some(log) = self.views.get(&message.view()) else { return false };
        let held_as_well = self.closed
            || !is_new_view(message)
            || log.proposal.as_ref().is_some_and(|held| is_new_view(&held.message));
        held_as_well
            && log.proposed.as_ref().is_some_and(|proposed| proposed.is(&message.statement(), signature))
    }

    /// The height is decided: the values are let go.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.views.values_mut().for_each(|log| log.proposal = None);
    }

    /// The PRE-PREPARE or NEW-VIEW of a view.
    pub(super) fn proposal(&self, view: Round) -> Option<&Signed<PbftMessage>> {
        self.views.get(&view)?.proposal.as_ref()
    }

    /// The highest view with a NEW-VIEW.
    pub(super) fn last_new_view(&self) -> Option<Round> {
        let new_view = |log: &ViewLog| log.proposal.as_ref().is_some_and(|held| is_new_view(&held.message));
        self.views.iter().rev().find(|(_, log)| new_view(log)).map(|(view, _)| *view)
    }

    /// Whether a kept PRE-PREPARE is for this value.
    pub(super) fn proposes(&self, digest: &Digest) -> bool {
        let proposals = self.views.values().filter_map(|log| log.proposal.as_ref()?.message.proposal());
        proposals.into_iter().any(|proposal| proposal.value.digest() == *digest)
    }

    /// The paper's predicate prepared: a PRE-PREPARE with PREPAREs that match it, together of a quorum.
    pub(super) fn prepared(&self, view: Round) -> Option<PreparedCertificate> {
        let log = self.views.get(&view)?;
        let held = log.proposal.as_ref()?;
        let proposal = held.message.proposal()?;
        let digest = proposal.value.digest();
        let others = log.prepares.power.get(&digest).copied().unwrap_or(0);
        let primary = self.validators.power(proposal.author);
        self.validators.is_quorum(primary + others).then(|| PreparedCertificate {
            height: self.height,
            view,
            digest,
            pre_prepare: held.signature,
            prepares: log.prepares.signatures(digest),
        })
    }

    /// The signatures of all COMMITs for a value, by ascending validator.
    pub(super) fn commits(&self, view: Round, digest: Digest) -> Vec<(ValidatorIndex, Signature)> {
        self.views.get(&view).map_or_else(Vec::new, |log| log.commits.signatures(digest))
    }

    /// A validator's vote.
    pub(super) fn vote(
        &self,
        kind: VoteKind,
        view: Round,
        author: ValidatorIndex,
    ) -> Option<Signed<PbftMessage>> {
        let (digest, signature) = self.views.get(&view)?.tally(kind).cast.get(&author)?;
        Some(self.signed(kind, view, author, *digest, *signature))
    }

    /// All votes of a kind in a view, by ascending validator.
    pub(super) fn votes(
        &self,
        kind: VoteKind,
        view: Round,
    ) -> impl Iterator<Item = Signed<PbftMessage>> + '_ {
        let cast = self.views.get(&view).into_iter().flat_map(move |log| &log.tally(kind).cast);
        cast.map(move |(author, (digest, signature))| self.signed(kind, view, *author, *digest, *signature))
    }

    /// A validator's COMMITs, by ascending view.
    pub(super) fn commits_of(
        &self,
        author: ValidatorIndex,
    ) -> impl DoubleEndedIterator<Item = Signed<PbftMessage>> + '_ {
        self.views.keys().filter_map(move |view| self.vote(VoteKind::Commit, *view, author))
    }

    /// The highest view below `view` in which somebody committed.
    pub(super) fn commits_before(&self, view: Round) -> Option<Round> {
        self.views.range(..view).rev().find(|(_, log)| !log.commits.cast.is_empty()).map(|(view, _)| *view)
    }

    /// Forgets the views that are too old in view `current`.
    pub(super) fn prune(&mut self, current: Round) {
        self.views = self.views.split_off(&lowest(current));
    }

    fn signed(
        &self,
        kind: VoteKind,
        view: Round,
        author: ValidatorIndex,
        digest: Digest,
        signature: Signature,
    ) -> Signed<PbftMessage> {
        Vote { kind, height: self.height, view, author, digest }.signed(signature)
    }

    /// How many messages are held, for the tests of the bound.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let of = |log: &ViewLog| {
            usize::from(log.proposed.is_some()) + log.prepares.cast.len() + log.commits.cast.len()
        };
        self.views.values().map(of).sum()
    }
}

impl ViewLog {
    fn tally(&self, kind: VoteKind) -> &Tally {
        match kind {
            VoteKind::Prepare => &self.prepares,
            VoteKind::Commit => &self.commits,
        }
    }

    fn tally_mut(&mut self, kind: VoteKind) -> &mut Tally {
        match kind {
            VoteKind::Prepare => &mut self.prepares,
            VoteKind::Commit => &mut self.commits,
        }
    }
}

impl Tally {
    fn signatures(&self, digest: Digest) -> Vec<(ValidatorIndex, Signature)> {
        let same = self.cast.iter().filter(|(_, (other, _))| *other == digest);
        same.map(|(author, (_, signature))| (*author, *signature)).collect()
    }
}

pub(super) fn is_new_view(message: &PbftMessage) -> bool {
    matches!(message, PbftMessage::NewView(_))
}

/// The lowest view that is remembered in view `current`.
pub(super) fn lowest(current: Round) -> Round {
    current.saturating_sub(PAST_VIEWS)
}

/// Whether messages of a view are kept in view `current`.
pub(super) fn within(view: Round, current: Round) -> bool {
    (lowest(current)..=current.saturating_add(FUTURE_VIEWS)).contains(&view)
}
