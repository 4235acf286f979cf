//! When a round ends: by its certificate, by a quorum's timeouts, or by joining those who gave it up.
//!
//! Everything here only makes a validator more silent or moves it forward, so none of it can break safety.

use super::HotStuff;
use super::certificates::{TimeoutCertificate, round_after};
use super::journal::Entry;
use crate::backoff::timeout;
use crate::museum::{Bug, has};
use crate::{Dest, Output, Timer, TimerKind};
use bitcraps_types::{Round, Time};
use std::time::Duration;

type Outputs = Vec<Output<HotStuff>>;

impl HotStuff {
    /// Jolteon's *advance round*: the round after the highest certificate of either kind.
    pub(super) fn advance_by_certificate(&mut self, now: Time, out: &mut Outputs) -> bool {
        let by_qc = round_after(self.high_qc_round());
        let by_tc = self.high_tc.as_ref().and_then(|tc| tc.round.checked_add(1));
        let Some(round) = by_qc.max(by_tc).filter(|round| *round > self.round) else {
            return false;
        };
        out.push(Output::Transition(if by_tc == Some(round) {
            "Jolteon advance-tc"
        } else {
            "Jolteon advance-qc"
        }));
        self.enter(now, round, out);
        true
    }

    /// Gives the round up, or goes to a later one that a correct validator gave up and gives up that one: the power
    /// that did is more than a third. So a round that cannot succeed ends for all, whatever their timers say
    /// (Bracha's amplification, as in DiemBFT).
    pub(super) fn join_timeout(&mut self, now: Time, out: &mut Outputs) -> bool {
        let Some(round) = self.timeouts.given_up(self.round) else {
            return false;
        };
        if round > self.round {
            out.push(Output::Transition("Jolteon skip"));
            self.enter(now, round, out);
            return true;
        }
        if self.me().is_none() || self.journal.timed_out(round) {
            return false;
        }
        out.push(Output::Transition("Jolteon join-timeout"));
        self.give_up(out);
        true
    }

    /// The round's timer rang.
    pub(super) fn round_timer(&mut self, out: &mut Outputs) {
        if self.me().is_some() && self.commit.is_none() && !self.journal.timed_out(self.round) {
            out.push(Output::Transition("Jolteon timeout"));
            self.give_up(out);
        }
    }

    /// Says so to all. A vote that went to a leader who is silent goes to all now: if enough of them come, the round
    /// was not in vain.
    fn give_up(&mut self, out: &mut Outputs) {
        self.say_timeout(out);
        let vote = self.me().and_then(|me| self.votes.get(self.round, me));
        out.extend(vote.map(|message| Output::Relay { to: Dest::All, message }));
    }

    /// A verified timeout certificate. What its signers knew is known here too: it came with a quorum certificate at
    /// least as high.
    pub(super) fn learn_tc(&mut self, tc: &TimeoutCertificate, out: &mut Outputs) {
        for (statement, signature) in tc.statements() {
            self.witness(statement, signature, out);
        }
        let before = self.high_tc_round();
        self.raise_high_tc(tc);
        if self.high_tc_round() > before && tc.round >= self.round && self.commit.is_none() {
            self.persist(Entry::HighTc(tc.clone()), out);
        }
    }

    /// Keeps the highest.
    pub(super) fn raise_high_tc(&mut self, tc: &TimeoutCertificate) {
        if self.high_tc_round() < Some(tc.round) {
            self.high_tc = Some(tc.clone());
        }
    }

    /// Whether a certificate brings no news: neither itself, nor what one of its signers said.
    pub(super) fn knows_tc(&self, tc: &TimeoutCertificate) -> bool {
        self.high_tc_round() >= Some(tc.round) && self.witness.knows_all(tc.statements())
    }

    fn high_tc_round(&self) -> Option<Round> {
        self.high_tc.as_ref().map(|tc| tc.round)
    }

    /// Where [`HotStuff::replay`] left off: after the highest certificate of either kind, and not before the last
    /// round that was spoken in.
    pub(super) fn resume_round(&self) -> Round {
        let by_qc = round_after(self.high_qc_round());
        let by_tc = self.high_tc.as_ref().and_then(|tc| tc.round.checked_add(1));
        if has(Bug::RecoveryIgnoresTimeouts) {
            return by_qc.unwrap_or(0);
        }
        by_qc.max(by_tc).max(self.journal.last_round()).unwrap_or(0)
    }

    /// A round takes a proposal and the votes for it.
    pub(super) fn round_timeout(&self) -> Duration {
        timeout(self.config.propose.saturating_add(self.config.prevote), self.config.growth, self.round)
    }

    /// A timer rang.
    pub(super) fn timer(&mut self, now: Time, timer: Timer, out: &mut Outputs) {
        if !self.started || timer.height != self.height {
            return;
        }
        match timer.kind {
            TimerKind::Rebroadcast => self.ring(now, timer, out),
            TimerKind::Propose if timer.round == self.round => self.round_timer(out),
            _ => {}
        }
    }
}
