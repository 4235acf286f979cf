//! The one hand that holds the Byzantine keys. It votes for everything, gives each group of validators another value
//! as a primary, lies about what it was prepared for, and begins new views with whatever a quorum's claims allow.

use super::net::{Event, Net};
use super::*;

impl Net {
    fn victims(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|to| self.is_correct(*to)).collect()
    }

    fn group(&self, to: usize) -> usize {
        let alike = if self.faults.cuts { 0 } else { to % 2 };
        self.faults.groups.get(to).copied().unwrap_or(alike)
    }

    /// What the one hand that holds the Byzantine keys does with a message that one of them hears.
    pub(super) fn collude(&mut self, byzantine: usize, heard: &PbftMessage) {
        let (height, view) = (heard.height(), heard.view());
        self.equivocate(byzantine, height, view);
        match heard {
            PbftMessage::Vote(vote) => self.vote_too(byzantine, heard.author(), height, view, vote.digest),
            PbftMessage::PrePrepare(_) | PbftMessage::NewView(_) => {
                let digest = heard.proposal().unwrap().value.digest();
                self.vote_too(byzantine, heard.author(), height, view, digest);
            }
            PbftMessage::ViewChange(_) => self.begin_what_is_convenient(byzantine, heard),
            PbftMessage::Checkpoint(_) => {}
        }
    }

    /// As a primary: another value for each group, at this height and the next.
    pub(super) fn equivocate(&mut self, byzantine: usize, height: Height, view: Round) {
        if Pbft::primary(&self.set, view) != v(byzantine) {
            return;
        }
        for (to, height) in self.victims().into_iter().flat_map(|to| [(to, height), (to, height + 1)]) {
            let value = value(&format!("{height}/{view} for group {}", self.group(to)));
            self.tell(byzantine, to, bare(height, view, byzantine, &value));
            self.tell(byzantine, to, vote(VoteKind::Commit, height, view, byzantine, &value));
        }
    }

    /// For everything, in the group where it was heard.
    fn vote_too(
        &mut self,
        byzantine: usize,
        author: ValidatorIndex,
        height: Height,
        view: Round,
        digest: Digest,
    ) {
        let from_all = self.is_byzantine(author.index());
        for to in self.victims() {
            if from_all || self.group(to) == self.group(author.index()) {
                for kind in [VoteKind::Prepare, VoteKind::Commit] {
                    let vote = Vote { kind, height, view, author: v(byzantine), digest };
                    self.tell(byzantine, to, PbftMessage::Vote(vote));
                }
            }
        }
    }

    /// It was never prepared for anything, it says; and if it is the new primary, it gives each group the value that
    /// it likes, with a V of those claims that leave it the choice, or else the value that it must.
    fn begin_what_is_convenient(&mut self, byzantine: usize, heard: &PbftMessage) {
        let (height, view) = (heard.height(), heard.view());
        let liars: Vec<usize> = self.faults.byzantine.clone();
        for to in self.victims() {
            self.tell(byzantine, to, change(height, view, byzantine, None));
        }
        let known = self.heard.entry((height, view)).or_default();
        known.insert(heard.author(), heard.clone());
        liars.into_iter().for_each(|liar| drop(known.insert(v(liar), change(height, view, liar, None))));
        let mut convenient: Vec<PbftMessage> = known.values().cloned().collect();
        if Pbft::primary(&self.set, view) != v(byzantine) {
            return;
        }
        let certificate = |message: &PbftMessage| match message {
            PbftMessage::ViewChange(change) => change.prepared.clone(),
            _ => None,
        };
        convenient.sort_by_key(|message| certificate(message).map(|certificate| certificate.view));
        let mut power = 0;
        let quorum = convenient.iter().position(|message| {
            power += self.set.power(message.author());
            self.set.is_quorum(power)
        });
        let Some(last) = quorum else { return };
        convenient.truncate(last + 1);
        let highest = certificate(&convenient[last]);
        convenient.sort_by_key(Message::author);
        for to in self.victims() {
            let value = value(&format!("{height}/{view} for group {}", self.group(to)));
            let proposal = pre_prepare(height, view, byzantine, &value);
            // Both are invalid if one of V was prepared; a correct validator refuses them then.
            self.tell(byzantine, to, new_view(proposal.clone(), &convenient, highest.clone()));
            self.tell(byzantine, to, new_view(proposal, &convenient, None));
        }
    }

    fn tell(&mut self, byzantine: usize, to: usize, message: PbftMessage) {
        let bytes = borsh::to_vec(&message).unwrap();
        if self.told.insert((byzantine, to, bytes))
            && let Some(delay) = self.delay(byzantine, to)
        {
            let signed = Box::new(signed(message));
            self.after(delay, Event::Deliver { from: byzantine, to, signed });
        }
    }
}
