//! §4.2: the normal case. A PRE-PREPARE is taken, a quorum is prepared, a quorum commits.

use super::journal::Entry;
use super::message::{PbftMessage, PrePrepare, VoteKind};
use super::{Once, Pbft, Prepared, log};
use crate::{Certificate, Output};
use bitcraps_types::{Digest, Height, Round, Time, Value};

type Outputs = Vec<Output<Pbft>>;

impl Pbft {
    /// Begins this height in a view that needs no NEW-VIEW: nothing was said here yet.
    pub(super) fn begin(&mut self, now: Time, view: Round, out: &mut Outputs) {
        self.base = view;
        self.enter(view, false, out);
        self.write_base(out);
        if self.is_primary() {
            self.once.asked = true;
            out.push(Output::Propose { height: self.height, round: view });
        }
        self.set_timer(now, out);
    }

    /// The view is this one from now on.
    pub(super) fn enter(&mut self, view: Round, after_failure: bool, out: &mut Outputs) {
        self.view = view;
        self.once = Once::default();
        self.forget_old_views();
        let proposer = Self::primary(&self.validators, view);
        out.push(Output::Entered { height: self.height, round: view, proposer, after_failure });
    }

    fn forget_old_views(&mut self) {
        let lowest = log::lowest(self.view);
        if lowest == 0 {
            return;
        }
        self.log.prune(self.view);
        self.journal.prune(lowest);
        self.commits = self.commits.split_off(&lowest);
        let (log, changes, commits) = (&self.log, &self.changes, &self.commits);
        let prepared = self.prepared.as_ref().map(|prepared| prepared.certificate.digest);
        self.values.retain(|digest| {
            log.proposes(digest)
                || changes.claims(digest)
                || prepared == Some(*digest)
                || commits.values().any(|committed| committed == digest)
        });
    }

    /// The application's answer to [`Output::Propose`]. A VIEW-CHANGE that came meanwhile may have brought a value that
    /// must be proposed instead; then `begin_new_view` does.
    pub(super) fn proposed(&mut self, height: Height, round: Round, value: Value, out: &mut Outputs) {
        let wanted = (height, round) == (self.height, self.view)
            && self.started
            && self.decided.is_none()
            && self.is_primary()
            && !self.journal.proposed(round);
        let Some(author) = self.me().filter(|_| wanted) else { return };
        let mandate = self.changes.mandate(self.view);
        let must_be_another = mandate.as_ref().is_some_and(|mandate| mandate.prepared.is_some());
        if must_be_another || (mandate.is_none() && !self.active()) {
            return;
        }
        self.values.learn_valid(&value);
        let proposal = PrePrepare { height, view: round, author, value };
        match mandate {
            None => {
                out.push(Output::Transition("PBFT §4.2 pre-prepare"));
                self.say(PbftMessage::PrePrepare(Box::new(proposal)), out);
            }
            Some(mandate) => self.say_new_view(proposal, mandate, out),
        }
    }

    /// Takes the PRE-PREPARE of the view: bare where this validator began the height, else in a NEW-VIEW.
    pub(super) fn prepare(&mut self, out: &mut Outputs) -> bool {
        if self.me().is_none() || self.is_primary() || !self.active() || self.journal.prepared(self.view) {
            return false;
        }
        let Some((digest, proven)) = self.proposal_of_view() else { return false };
        if self.verdict(digest, !proven, out) != Some(true) {
            return false;
        }
        out.push(Output::Transition("PBFT §4.2 prepare"));
        self.vote(VoteKind::Prepare, digest, out);
        true
    }

    /// The digest of the current view's PRE-PREPARE, and whether a certificate proves that it was prepared before.
    fn proposal_of_view(&self) -> Option<(Digest, bool)> {
        let held = &self.log.proposal(self.view)?.message;
        let proven = matches!(held, PbftMessage::NewView(new_view) if new_view.prepared.is_some());
        Some((held.proposal()?.value.digest(), proven))
    }

    /// The predicate prepared holds in this view: written before anything follows from it, then COMMIT.
    pub(super) fn become_prepared(&mut self, out: &mut Outputs) -> bool {
        let view = self.view;
        if self.me().is_none() || self.journal.committed(view) {
            return false;
        }
        let known = self.prepared.as_ref().map(|prepared| &prepared.certificate);
        let digest = match known.filter(|certificate| certificate.view == view) {
            Some(certificate) => certificate.digest,
            None => {
                let Some(certificate) = self.log.prepared(view) else { return false };
                let digest = certificate.digest;
                if self.verdict(digest, false, out) != Some(true) {
                    return false;
                }
                let Some(held) = self.log.proposal(view) else { return false };
                let Some(proposal) = held.message.proposal() else { return false };
                let proposal = proposal.clone().signed(held.signature);
                self.persist(
                    Entry::Prepared {
                        certificate: certificate.clone(),
                        proposal: Box::new(proposal.clone()),
                    },
                    out,
                );
                self.prepared = Some(Prepared { certificate, proposal });
                digest
            }
        };
        out.push(Output::Transition("PBFT §4.2 prepared"));
        out.push(Output::Locked { height: self.height, round: view, digest });
        self.vote(VoteKind::Commit, digest, out);
        true
    }

    /// The predicate committed-local holds for a known, valid value, in any view.
    pub(super) fn commit(&mut self, out: &mut Outputs) -> bool {
        if self.commits.is_empty() {
            return false;
        }
        let commits: Vec<(Round, Digest)> =
            self.commits.iter().map(|(view, digest)| (*view, *digest)).collect();
        for (view, digest) in commits {
            let Some(value) = self.values.get(&digest).cloned() else {
                self.miss_value(view, digest, out);
                continue;
            };
            if self.verdict(digest, false, out) != Some(true) {
                continue;
            }
            self.decided = Some((view, digest));
            let signatures = self.log.commits(view, digest);
            let certificate = Certificate { height: self.height, round: view, digest, signatures };
            out.push(Output::Transition("PBFT §4.2 committed"));
            out.push(Output::Decide { height: self.height, value, certificate });
            return true;
        }
        false
    }
}
