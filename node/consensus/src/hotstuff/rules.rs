//! The papers' rules of safety: propose, vote, lock, commit. When a round ends is the [`super::pacemaker`]'s.
//!
//! A rule returns whether it fired. After each input they are tried until none fires, so the order in which
//! proposals, certificates and verdicts come does not matter: a rule waits for whichever is last.

use super::HotStuff;
use super::certificates::{QuorumCertificate, TimeoutCertificate, is_two_chain, round_after};
use super::window::lowest;
use crate::museum::{Bug, has};
use crate::values::Judgement;
use crate::{Output, Timer, TimerKind};
use bitcraps_types::{Digest, Height, Round, Time, Value};

type Outputs = Vec<Output<HotStuff>>;

impl HotStuff {
    /// Fires rules until none can. Once a certificate decides, nothing else is of interest.
    pub(super) fn apply_rules(&mut self, now: Time, out: &mut Outputs) {
        while self.started && self.decided.is_none() && self.apply_one(now, out) {}
    }

    fn apply_one(&mut self, now: Time, out: &mut Outputs) -> bool {
        if self.commit.is_some() {
            return self.decide(out);
        }
        self.advance_by_certificate(now, out)
            || self.join_timeout(now, out)
            || self.propose(out)
            || self.vote(out)
    }

    /// The leader proposes as soon as it holds what the round's block must extend: it waits for nothing else.
    fn propose(&mut self, out: &mut Outputs) -> bool {
        if !self.may_propose() {
            return false;
        }
        match self.extension() {
            // It is asked for a new value.
            None | Some((None, _)) => false,
            Some((Some(qc), tc)) => {
                let value = self.values.get(&qc.digest).cloned();
                if tc.is_some() && value.is_none() {
                    return false;
                }
                out.push(Output::Transition("Jolteon propose"));
                let value = value.filter(|_| tc.is_some());
                self.say_proposal(Some(qc), tc, value, out);
                true
            }
        }
    }

    /// Asks for a new value, if it is our turn to propose on the root.
    pub(super) fn ask_for_value(&self, out: &mut Outputs) {
        if self.may_propose() && matches!(self.extension(), Some((None, _))) {
            out.push(Output::Propose { height: self.height, round: self.round });
        }
    }

    /// The application's answer to [`HotStuff::ask_for_value`].
    pub(super) fn proposed(&mut self, height: Height, round: Round, value: Value, out: &mut Outputs) {
        let awaited = (height, round) == (self.height, self.round) && self.started && self.commit.is_none();
        if awaited
            && self.may_propose()
            && let Some((None, tc)) = self.extension()
        {
            out.push(Output::Transition("Jolteon propose"));
            self.values.learn_valid(&value);
            self.say_proposal(None, tc, Some(value), out);
        }
    }

    /// Our turn, once, and not after a timeout: what is said after it may not show that we knew more before.
    fn may_propose(&self) -> bool {
        self.me() == Some(Self::leader(&self.validators, self.height, self.round))
            && self.last_voted < Some(self.round)
            && !self.journal.proposed(self.round)
    }

    /// What a block of this round extends: the certificate of the round before; or, if that round was given up, the
    /// highest certificate, with the proof. `None` while this node holds neither.
    fn extension(&self) -> Option<(Option<QuorumCertificate>, Option<TimeoutCertificate>)> {
        let high_qc_round = self.high_qc_round();
        if round_after(high_qc_round) == Some(self.round) {
            return Some((self.high_qc.clone(), None));
        }
        let tc = self.high_tc.as_ref().filter(|tc| {
            tc.round.checked_add(1) == Some(self.round) && tc.high_qc_round() <= high_qc_round
        })?;
        Some((self.high_qc.clone(), Some(tc.clone())))
    }

    /// Votes for the round's block, once, if this validator neither voted in the round nor gave it up. Whether the
    /// block's certificates let it vote was checked with the proposal's signatures ([`super::verify`]).
    fn vote(&mut self, out: &mut Outputs) -> bool {
        if self.last_voted >= Some(self.round) || self.me().is_none() {
            return false;
        }
        let Some(block) = self.proposals.block(self.round) else {
            return false;
        };
        let (digest, justify) = (block.digest(), block.justify_round());
        if self.verdict(digest, justify.is_none(), out) != Some(true) {
            return false;
        }
        let two_chain = is_two_chain(self.round, justify);
        out.push(Output::Transition(if two_chain { "Jolteon vote-2chain" } else { "Jolteon vote" }));
        self.say_vote(digest, justify, out);
        true
    }

    /// A verified certificate: it may decide, it may be the highest, and it shows how each signer voted.
    pub(super) fn learn_qc(&mut self, qc: &QuorumCertificate, out: &mut Outputs) {
        for (statement, signature) in qc.votes() {
            self.witness(statement, signature, out);
        }
        if has(Bug::DecidesAgain) && qc.commits() {
            self.decided = None;
        }
        let before = self.high_qc_round();
        self.raise_high_qc(qc);
        if self.high_qc_round() > before {
            out.push(Output::Transition("Jolteon lock"));
            out.push(Output::Locked { height: self.height, round: qc.round, digest: qc.digest });
        }
    }

    /// Whether a certificate brings no news: neither itself, nor what one of its signers said.
    pub(super) fn knows_qc(&self, qc: &QuorumCertificate) -> bool {
        let decides_again = has(Bug::DecidesAgain) && qc.commits();
        let brings_nothing = self.high_qc_round() >= Some(qc.round)
            && (self.commit.is_some() || !qc.commits())
            && !decides_again;
        brings_nothing && self.witness.knows_all(qc.votes())
    }

    /// Keeps the highest certificate, and the first that decides.
    pub(super) fn raise_high_qc(&mut self, qc: &QuorumCertificate) {
        if qc.commits() && self.commit.is_none() {
            self.commit = Some(qc.clone());
        }
        if self.high_qc_round() < Some(qc.round) {
            self.high_qc = Some(qc.clone());
        }
    }

    pub(super) fn high_qc_round(&self) -> Option<Round> {
        self.high_qc.as_ref().map(|qc| qc.round)
    }

    /// The two-chain rule: the certificate of a block that carries the certificate of the round before decides. Its
    /// value must be known and, as ever, valid.
    fn decide(&mut self, out: &mut Outputs) -> bool {
        let Some((round, certificate)) = self.commit.as_ref().and_then(|qc| Some((qc.round, qc.decision()?)))
        else {
            return false;
        };
        let Some(value) = self.values.get(&certificate.digest).cloned() else {
            assert!(!has(Bug::GhostCertificatePanics), "a certified block is known");
            self.miss_value(out);
            return false;
        };
        if self.verdict(certificate.digest, false, out) != Some(true) {
            return false;
        }
        self.decided = Some(round);
        out.push(Output::Transition("Jolteon commit"));
        out.push(Output::Decide { height: self.height, value, certificate });
        true
    }

    /// Whether the application accepts a value. `None` while it has not answered, or the value never came; it is
    /// asked once. `fresh`: the value comes on the root, without a quorum that found it valid.
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

    /// Begins a round.
    pub(super) fn enter(&mut self, now: Time, round: Round, out: &mut Outputs) {
        self.round = round;
        self.gossip.next_round();
        self.forget_old_rounds();
        let proposer = Self::leader(&self.validators, self.height, round);
        let after_failure = round_after(self.high_qc_round()) != Some(round) && round > 0;
        out.push(Output::Entered { height: self.height, round, proposer, after_failure });
        let timer = Timer { kind: TimerKind::Propose, height: self.height, round };
        out.push(Output::SetTimer { timer, at: now + self.round_timeout() });
        self.ask_for_value(out);
    }

    /// The values that this validator voted for since the round of its highest certificate stay, however long ago that
    /// is: one of them may have got a certificate that it does not know yet, and if so, few others have it.
    fn forget_old_rounds(&mut self) {
        let lowest = lowest(self.round);
        if lowest == 0 {
            return;
        }
        self.journal.prune(lowest);
        self.votes.prune(self.round);
        self.timeouts.prune(self.round);
        self.proposals.prune(self.round);
        self.witness.prune(self.round);
        self.journal.prune_values(self.high_qc_round());
        let certified: Vec<Digest> = self.high_qc.iter().chain(&self.commit).map(|qc| qc.digest).collect();
        let (proposals, journal) = (&self.proposals, &self.journal);
        self.values.retain(|digest| {
            certified.contains(digest) || proposals.has_value(digest) || journal.has_value(digest)
        });
    }
}
