//! The paper's rules: each `upon` of Algorithm 1 is one function, named and labelled by its lines.
//!
//! A rule returns whether it fired. After each input they are tried until none fires, so the order in which
//! proposals, votes and verdicts come does not matter: a rule waits for whichever is last.

use super::journal::Entry;
use super::votes::lowest;
use super::{Lock, Once, Step, Tendermint, TendermintMessage, ValidValue, VoteKind};
use crate::backoff::timeout;
use crate::museum::{Bug, has};
use crate::values::Judgement;
use crate::{Certificate, Output, Timer, TimerKind};
use bitcraps_types::{Digest, Height, Round, Time, Value};
use std::time::Duration;

type Outputs = Vec<Output<Tendermint>>;

impl Tendermint {
    /// Fires rules until none can.
    pub(super) fn apply_rules(&mut self, now: Time, out: &mut Outputs) {
        while self.started && self.decided.is_none() && self.apply_one(now, out) {}
    }

    fn apply_one(&mut self, now: Time, out: &mut Outputs) -> bool {
        self.decide(out)
            || self.skip(now, out)
            || self.prevote_fresh(out)
            || self.prevote_proven(out)
            || self.precommit_polka(out)
            || self.update_valid(out)
            || self.precommit_nil(out)
            || self.wait_for_prevotes(now, out)
            || self.wait_for_precommits(now, out)
    }

    /// L11–L21: StartRound.
    pub(super) fn start_round(&mut self, now: Time, round: Round, out: &mut Outputs) {
        self.enter(round, Step::Propose, out);
        out.push(Output::Transition("L11"));
        if self.is_proposer() {
            self.propose_valid_or_ask(out);
        } else {
            self.announce_valid(out);
        }
        self.set_timer(now, TimerKind::Propose, self.config.propose, out);
    }

    /// Takes up the round that this validator was in when it stopped.
    pub(super) fn resume(&mut self, now: Time, round: Round, step: Step, out: &mut Outputs) {
        self.enter(round, step, out);
        self.repeat_after_restart(out);
        if step == Step::Propose {
            self.set_timer(now, TimerKind::Propose, self.config.propose, out);
        }
    }

    fn enter(&mut self, round: Round, step: Step, out: &mut Outputs) {
        self.round = round;
        self.step = step;
        let armed_before = self.once.precommit_timer && has(Bug::PrecommitTimerNotReset);
        self.once = Once { precommit_timer: armed_before, ..Once::default() };
        self.forget_old_rounds();
        let proposer = Self::proposer(&self.validators, self.height, round);
        out.push(Output::Entered { height: self.height, round, proposer, after_failure: round > 0 });
    }

    fn forget_old_rounds(&mut self) {
        let lowest = lowest(self.round);
        if lowest == 0 {
            return;
        }
        self.votes.prune(self.round);
        self.proposals.prune(self.round);
        self.journal.prune(lowest);
        self.polkas.retain(|round, _| *round >= lowest);
        self.commits.retain(|round, _| *round >= lowest);
        let (proposals, polkas, commits) = (&self.proposals, &self.polkas, &self.commits);
        let (locked, valid) = (&self.locked, &self.valid);
        self.values.retain(|digest| {
            proposals.has_value(digest)
                || polkas.values().any(|polka| polka.digest == *digest)
                || commits.values().any(|committed| committed == digest)
                || locked.as_ref().is_some_and(|lock| lock.value.digest() == *digest)
                || valid.as_ref().is_some_and(|valid| valid.value.digest() == *digest)
        });
    }

    fn is_proposer(&self) -> bool {
        self.me() == Some(Self::proposer(&self.validators, self.height, self.round))
    }

    /// L15–L19: the valid value if there is one, else a new one from the application.
    fn propose_valid_or_ask(&mut self, out: &mut Outputs) {
        if self.can_propose_valid()
            && let Some(valid) = &mut self.valid
        {
            valid.announced = true;
            let (value, polka) = (valid.value.clone(), valid.certificate.clone());
            self.propose(value, Some(polka), out);
        } else {
            out.push(Output::Propose { height: self.height, round: self.round });
        }
    }

    /// Whether there is a valid value of an earlier round. After a restart it may be of a later one: the polka was
    /// written, but nothing was said in that round.
    fn can_propose_valid(&self) -> bool {
        self.valid.as_ref().is_some_and(|valid| valid.certificate.round < self.round)
    }

    /// L18, when the application's answer came. A polka may have come meanwhile.
    pub(super) fn proposed(&mut self, height: Height, round: Round, value: Value, out: &mut Outputs) {
        let wanted = (height, round) == (self.height, self.round)
            && self.started
            && self.step == Step::Propose
            && self.decided.is_none()
            && self.is_proposer()
            && !self.journal.proposed(round);
        if !wanted {
            return;
        }
        if self.can_propose_valid() {
            self.propose_valid_or_ask(out);
        } else {
            self.values.learn_valid(&value);
            self.propose(value, None, out);
        }
    }

    /// L22–L27: a proposal without proof of lock.
    fn prevote_fresh(&mut self, out: &mut Outputs) -> bool {
        let Some((digest, None)) = self.proposal_while_proposing() else {
            return false;
        };
        let free = self.locked.as_ref().is_none_or(|lock| lock.value.digest() == digest);
        let vote = if free {
            match self.verdict(digest, true, out) {
                None => return false,
                Some(valid) => valid.then_some(digest),
            }
        } else {
            None
        };
        out.push(Output::Transition("L22"));
        self.vote(VoteKind::Prevote, vote, out);
        self.step = Step::Prevote;
        true
    }

    /// L28–L33: a proposal with a proof of lock, which came with it and was verified.
    fn prevote_proven(&mut self, out: &mut Outputs) -> bool {
        let Some((digest, Some(valid_round))) = self.proposal_while_proposing() else {
            return false;
        };
        let polka_known = self.polkas.get(&valid_round).is_some_and(|polka| polka.digest == digest);
        if has(Bug::ProposeTimeoutCancelled) && !polka_known {
            return false;
        }
        let free = self
            .locked
            .as_ref()
            .is_none_or(|lock| lock.round <= valid_round || lock.value.digest() == digest)
            || has(Bug::UnlocksOnAnyPolka);
        let free = free && !self.never_unlocks_for(digest);
        let vote = if free {
            match self.verdict(digest, false, out) {
                None => return false,
                Some(valid) => valid.then_some(digest),
            }
        } else {
            None
        };
        out.push(Output::Transition("L28"));
        self.vote(VoteKind::Prevote, vote, out);
        self.step = Step::Prevote;
        true
    }

    /// L34–L35: a quorum prevoted, perhaps not for one value.
    fn wait_for_prevotes(&mut self, now: Time, out: &mut Outputs) -> bool {
        let fires = self.step == Step::Prevote
            && !self.once.prevote_timer
            && self.votes.quorum_of_any(VoteKind::Prevote, self.round);
        if fires {
            self.once.prevote_timer = true;
            out.push(Output::Transition("L34"));
            self.set_timer(now, TimerKind::Prevote, self.config.prevote, out);
        }
        fires
    }

    /// L36–L43: a polka in this round for a known, valid value.
    fn precommit_polka(&mut self, out: &mut Outputs) -> bool {
        if self.step < Step::Prevote || self.once.polka {
            return false;
        }
        let Some(digest) = self.polkas.get(&self.round).map(|polka| polka.digest) else {
            return false;
        };
        if self.verdict(digest, false, out) != Some(true) {
            return false;
        }
        self.once.polka = true;
        out.push(Output::Transition("L36"));
        let locks = self.step == Step::Prevote && !self.never_unlocks_for(digest);
        self.set_valid(self.round, locks, out);
        if locks {
            out.push(Output::Locked { height: self.height, round: self.round, digest });
            self.vote(VoteKind::Precommit, Some(digest), out);
            self.step = Step::Precommit;
        }
        true
    }

    /// Whether the exhibit [`Bug::NeverUnlocks`] keeps this node to another value.
    fn never_unlocks_for(&self, digest: Digest) -> bool {
        has(Bug::NeverUnlocks) && self.locked.as_ref().is_some_and(|lock| lock.value.digest() != digest)
    }

    /// L42–L43 for an earlier round, whose polka or value came late.
    fn update_valid(&mut self, out: &mut Outputs) -> bool {
        let above = self.valid.as_ref().map_or(0, |valid| valid.certificate.round.saturating_add(1));
        if above >= self.round || self.polkas.is_empty() {
            return false;
        }
        let earlier = self.polkas.iter().rev().filter(|(round, _)| (above..self.round).contains(round));
        let candidates: Vec<(Round, Digest)> = earlier.map(|(round, polka)| (*round, polka.digest)).collect();
        for (round, digest) in candidates {
            if self.verdict(digest, false, out) == Some(true) {
                out.push(Output::Transition("L42"));
                self.set_valid(round, false, out);
                return true;
            }
        }
        false
    }

    /// L38–L39 (with `locks`) and L42–L43: written before anything follows from it.
    fn set_valid(&mut self, round: Round, locks: bool, out: &mut Outputs) {
        let Some(polka) = self.polkas.get(&round) else {
            return;
        };
        let certificate = self.polka_certificate(round, polka);
        let Some(value) = self.values.get(&polka.digest).cloned() else {
            return;
        };
        let entry = Entry::Polka { value: value.clone(), certificate: certificate.clone(), locks };
        let written = self.persist(entry, out);
        if locks {
            self.locked = Some(Lock { round, value: value.clone() });
        }
        self.valid = Some(ValidValue { value, certificate, written, announced: false });
    }

    /// L44–L46: a quorum prevoted nil.
    fn precommit_nil(&mut self, out: &mut Outputs) -> bool {
        let fires =
            self.step == Step::Prevote && self.votes.quorum(VoteKind::Prevote, self.round) == Some(None);
        if fires {
            out.push(Output::Transition("L44"));
            self.vote(VoteKind::Precommit, None, out);
            self.step = Step::Precommit;
        }
        fires
    }

    /// L47–L48: a quorum precommitted, perhaps not for one value.
    fn wait_for_precommits(&mut self, now: Time, out: &mut Outputs) -> bool {
        let nil = self.votes.quorum(VoteKind::Precommit, self.round) == Some(None);
        let fires = !self.once.precommit_timer
            && self.votes.quorum_of_any(VoteKind::Precommit, self.round)
            && !(nil && has(Bug::NilPrecommitsStartNoTimer));
        if fires {
            self.once.precommit_timer = true;
            out.push(Output::Transition("L47"));
            self.set_timer(now, TimerKind::Precommit, self.config.precommit, out);
        }
        fires
    }

    /// L49–L51: a quorum precommitted a known, valid value, in any round. L52–L54 follow [`crate::Input::Advance`].
    fn decide(&mut self, out: &mut Outputs) -> bool {
        if self.commits.is_empty() {
            return false;
        }
        let commits: Vec<(Round, Digest)> =
            self.commits.iter().map(|(round, digest)| (*round, *digest)).collect();
        for (round, digest) in commits {
            let Some(value) = self.values.get(&digest).cloned() else {
                self.miss_value(round, out);
                continue;
            };
            if self.verdict(digest, false, out) != Some(true) {
                continue;
            }
            self.decided = Some(round);
            let signatures = self.votes.signatures(VoteKind::Precommit, round, Some(digest));
            let certificate = Certificate { height: self.height, round, digest, signatures };
            out.push(Output::Transition("L49"));
            out.push(Output::Decide { height: self.height, value, certificate });
            return true;
        }
        false
    }

    /// L55–L56: validators of more than a third of the power are in a later round.
    fn skip(&mut self, now: Time, out: &mut Outputs) -> bool {
        let Some(round) = self.votes.skip_target(self.round).filter(|_| !has(Bug::NoRoundSkip)) else {
            return false;
        };
        out.push(Output::Transition("L55"));
        self.start_round(now, round, out);
        true
    }

    /// A timer rang: L57, L61, L65, or the one that repeats.
    pub(super) fn timer(&mut self, now: Time, timer: Timer, out: &mut Outputs) {
        if !self.started || timer.height != self.height {
            return;
        }
        if timer.kind == TimerKind::Rebroadcast {
            self.ring(now, timer, out);
        } else if timer.round == self.round && self.decided.is_none() {
            match timer.kind {
                TimerKind::Propose => self.timeout_propose(out),
                TimerKind::Prevote => self.timeout_prevote(out),
                TimerKind::Precommit => self.timeout_precommit(now, out),
                TimerKind::Rebroadcast => {}
            }
        }
    }

    /// L57–L60: OnTimeoutPropose.
    fn timeout_propose(&mut self, out: &mut Outputs) {
        let cancelled = has(Bug::ProposeTimeoutCancelled) && self.proposals.get(self.round).is_some();
        if self.step == Step::Propose && !cancelled {
            out.push(Output::Transition("L57"));
            self.vote(VoteKind::Prevote, None, out);
            self.step = Step::Prevote;
        }
    }

    /// L61–L64: OnTimeoutPrevote.
    fn timeout_prevote(&mut self, out: &mut Outputs) {
        if self.step == Step::Prevote {
            out.push(Output::Transition("L61"));
            self.vote(VoteKind::Precommit, None, out);
            self.step = Step::Precommit;
        }
    }

    /// L65–L67: OnTimeoutPrecommit.
    fn timeout_precommit(&mut self, now: Time, out: &mut Outputs) {
        if let Some(next) = self.round.checked_add(1) {
            out.push(Output::Transition("L65"));
            self.start_round(now, next, out);
        }
    }

    /// The digest and valid round of the current round's proposal, while this node still waits for it.
    fn proposal_while_proposing(&self) -> Option<(Digest, Option<Round>)> {
        if self.step != Step::Propose {
            return None;
        }
        match &self.proposals.get(self.round)?.message {
            TendermintMessage::Proposal(proposal) => Some((proposal.value.digest(), proposal.valid_round())),
            _ => None,
        }
    }

    /// The paper's `valid(v)`. `None` while the application has not answered; it is asked once.
    fn verdict(&mut self, digest: Digest, fresh: bool, out: &mut Outputs) -> Option<bool> {
        match self.values.judge(&digest, fresh) {
            Judgement::Known(valid) => Some(valid),
            Judgement::Unknown => None,
            Judgement::Ask(value) => {
                out.push(Output::Validate { height: self.height, value, fresh });
                None
            }
        }
    }

    fn set_timer(&self, now: Time, kind: TimerKind, base: Duration, out: &mut Outputs) {
        let timer = Timer { kind, height: self.height, round: self.round };
        out.push(Output::SetTimer { timer, at: now + timeout(base, self.config.growth, self.round) });
    }
}
