//! What a verified message does: it is filed, and held against what its author said before.

use super::log::Added;
use super::message::{PbftMessage, Vote};
use super::{Pbft, statement};
use crate::museum::{Bug, has};
use crate::{Evidence, Message, Output, Signed, Verified};
use bitcraps_types::{Digest, Signature, Time};

impl Pbft {
    /// A verified message of any height.
    pub(super) fn receive(&mut self, now: Time, message: Verified<PbftMessage>, out: &mut Vec<Output<Self>>) {
        let signed = message.into_signed();
        let (author, height) = (signed.message.author(), signed.message.height());
        if matches!(signed.message, PbftMessage::Checkpoint(_)) {
            self.hear_checkpoint(&signed, out);
        } else if height < self.height {
            self.late(now, &signed, out);
        } else if self.validators.get(author).is_none() {
            // The host verified it against the validators of another height.
        } else if height == self.height {
            self.gossip.saw(author, height);
            self.take(&signed, out);
        } else {
            let news = self.gossip.saw(author, height);
            if height <= self.checkpoints.high() {
                self.inbox.push(signed);
            }
            if news && height > self.height + 1 {
                out.push(Output::Behind { seen: height, from: author });
            }
        }
    }

    /// A message of this height.
    pub(super) fn take(&mut self, signed: &Signed<PbftMessage>, out: &mut Vec<Output<Self>>) {
        let (author, view) = (signed.message.author(), signed.message.view());
        let power = self.validators.power(author);
        self.reached.note(author, view, power);
        match &signed.message {
            PbftMessage::Vote(vote) => {
                self.voted.note(author, view, power);
                self.count(*vote, signed.signature, out);
            }
            PbftMessage::PrePrepare(_) | PbftMessage::NewView(_) => self.hear_proposal(signed, out),
            PbftMessage::ViewChange(change) => {
                if let Some(stable) = &change.stable {
                    self.learn_stable(stable, out);
                }
                let replaced = self.changes.add(signed);
                let forgotten = self.log.commits_of(author).map(|commit| Evidence::of(&commit, signed));
                let all: Vec<_> = replaced.map(|evidence| *evidence).into_iter().chain(forgotten).collect();
                all.into_iter().for_each(|evidence| self.accuse(evidence, out));
            }
            PbftMessage::Checkpoint(_) => {}
        }
    }

    fn count(&mut self, vote: Vote, signature: Signature, out: &mut Vec<Output<Self>>) {
        match self.log.add_vote(vote, signature, self.view) {
            Added::Nothing => return,
            Added::New => {}
            Added::Conflict(evidence) => self.accuse(*evidence, out),
            Added::Committed(digest) => {
                self.commits.entry(vote.view).or_insert(digest);
            }
        }
        if has(Bug::RevoteIsEquivocation) {
            self.accuse_of_revoting(vote, signature, out);
        }
        if let Some(change) = self.changes.get(vote.author) {
            let evidence = Evidence::of(&vote.signed(signature), change);
            self.accuse(evidence, out);
        }
    }

    /// The exhibit [`Bug::RevoteIsEquivocation`]: whoever votes for a value in two views, as it must.
    fn accuse_of_revoting(&mut self, vote: Vote, signature: Signature, out: &mut Vec<Output<Self>>) {
        let earlier = self.log.commits_before(vote.view);
        let earlier = earlier.and_then(|view| self.log.vote(vote.kind, view, vote.author));
        if let Some(earlier) = earlier {
            self.accuse(Evidence::of(&earlier, &vote.signed(signature)), out);
        }
    }

    fn hear_proposal(&mut self, signed: &Signed<PbftMessage>, out: &mut Vec<Output<Self>>) {
        let Some(proposal) = signed.message.proposal() else { return };
        let digest = proposal.value.digest();
        let first = !self.accused.contains(&proposal.author);
        let learns = match self.log.add_proposal(signed, self.view) {
            Added::Nothing => false,
            Added::New | Added::Committed(_) => true,
            Added::Conflict(evidence) => {
                self.accuse(*evidence, out);
                first
            }
        };
        // Also the second of two: it may be the one that the others vote for. And whatever is asked for.
        if learns || self.wants(&digest) {
            self.values.learn(&proposal.value);
        }
    }

    /// Whether the value of this digest may have to be proposed or decided, whoever proposed it in which view.
    fn wants(&self, digest: &Digest) -> bool {
        self.changes.claims(digest) || self.commits.values().any(|committed| committed == digest)
    }

    /// Accuses the author of two statements that conflict, once in a height.
    fn accuse(&mut self, evidence: Evidence<PbftMessage>, out: &mut Vec<Output<Self>>) {
        let proves = statement::conflicting(&evidence.first.message, &evidence.second.message);
        if proves && self.accused.insert(evidence.offender()) {
            out.push(Output::Accuse(Box::new(evidence)));
        }
    }
}
