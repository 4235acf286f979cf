//! §4.4 and §4.5.2: how a primary that fails is replaced, and how all find each other in one view.

use super::message::{NewView, PbftMessage, PrePrepare, ViewChange};
use super::{Pbft, changes::Mandate};
use crate::backoff::timeout;
use crate::museum::{Bug, has};
use crate::{Config, Dest, Output, Timer, TimerKind};
use bitcraps_types::{Round, Time};

type Outputs = Vec<Output<Pbft>>;

impl Pbft {
    /// The view to begin the next height in: the highest that more than a third of the power has reached in this one.
    /// Whoever is wrong finds the others by `catch_up`, or at the height after it.
    pub(super) fn view_to_begin_in(&self) -> Round {
        self.reached.weak_quorum(&self.validators, 0).unwrap_or(self.view)
    }

    /// The request timer of this view: longer with each view of the height.
    pub(super) fn set_timer(&mut self, now: Time, out: &mut Outputs) {
        self.once.timer = true;
        let timer = Timer { kind: TimerKind::Propose, height: self.height, round: self.view };
        let Config { propose, prevote, precommit, .. } = self.config;
        let phases = propose.saturating_add(prevote).saturating_add(precommit);
        let changes = self.view.saturating_sub(self.base);
        out.push(Output::SetTimer { timer, at: now + timeout(phases, self.config.growth, changes) });
    }

    /// The view brought no decision in time.
    pub(super) fn time_out(&mut self, now: Time, out: &mut Outputs) {
        if self.decided.is_none()
            && self.me().is_some()
            && let Some(next) = self.view.checked_add(1)
        {
            out.push(Output::Transition("PBFT §4.4 timeout"));
            self.change_view(now, next, out);
        }
    }

    /// Leaves all views below `view`: VIEW-CHANGE, with the proof of what may have been decided in them.
    fn change_view(&mut self, now: Time, view: Round, out: &mut Outputs) {
        if self.me().is_none() {
            return self.begin(now, view, out);
        }
        self.enter(view, true, out);
        self.say_view_change(out);
    }

    fn say_view_change(&mut self, out: &mut Outputs) {
        let Some(author) = self.me() else { return };
        out.push(Output::Transition("PBFT §4.4 view-change"));
        let carried = self.prepared.as_ref().filter(|_| !has(Bug::ViewChangeWithoutPrepared));
        let prepared = carried.map(|prepared| &prepared.certificate);
        let change = ViewChange {
            height: self.height,
            view: self.view,
            author,
            stable: self.checkpoints.stable(self.height).cloned(),
            prepared: prepared.filter(|certificate| certificate.view < self.view).cloned(),
        };
        self.say(PbftMessage::ViewChange(Box::new(change)), out);
        self.send_prepared_value(out);
    }

    /// To the primary of this view, which this validator asked to begin: the value that it may have to propose.
    pub(super) fn send_prepared_value(&self, out: &mut Outputs) {
        if let Some(prepared) = &self.prepared
            && prepared.certificate.view < self.view
            && !self.active()
            && !self.is_primary()
        {
            let to = Dest::One(Self::primary(&self.validators, self.view));
            out.push(Output::Relay { to, message: prepared.proposal.clone() });
        }
    }

    /// More than a third of the power has left this view.
    pub(super) fn join(&mut self, now: Time, out: &mut Outputs) -> bool {
        let Some(above) = self.view.checked_add(1) else { return false };
        let Some(view) = self.reached.weak_quorum(&self.validators, above) else { return false };
        out.push(Output::Transition("PBFT §4.5.2 join"));
        self.change_view(now, view, out);
        true
    }

    /// More than a third of the power votes in a higher view, and this node said nothing at this height: it goes on
    /// with them as if it had begun the height there.
    pub(super) fn catch_up(&mut self, now: Time, out: &mut Outputs) -> bool {
        let Some(above) = self.view.checked_add(1).filter(|_| self.journal.is_silent()) else { return false };
        let Some(view) = self.voted.weak_quorum(&self.validators, above) else { return false };
        out.push(Output::Transition("PBFT §4.4 catch up with the view"));
        self.begin(now, view, out);
        true
    }

    /// A NEW-VIEW came, of this view or of a later one.
    pub(super) fn enter_new_view(&mut self, now: Time, out: &mut Outputs) -> bool {
        let Some(view) = self.log.last_new_view().filter(|view| *view >= self.view) else { return false };
        if view == self.view && self.once.entered {
            return false;
        }
        if view > self.view {
            self.enter(view, true, out);
        }
        self.once.entered = true;
        out.push(Output::Transition("PBFT §4.4 enter the new view"));
        self.set_timer(now, out);
        true
    }

    /// The primary of the new view has a quorum's VIEW-CHANGEs: it proposes what they lead to, or asks the application.
    pub(super) fn begin_new_view(&mut self, out: &mut Outputs) -> bool {
        let Some(author) = self.me() else { return false };
        if !self.is_primary() || self.journal.proposed(self.view) {
            return false;
        }
        let Some(mandate) = self.changes.mandate(self.view) else { return false };
        match &mandate.prepared {
            None if self.once.asked => false,
            None => {
                self.once.asked = true;
                out.push(Output::Propose { height: self.height, round: self.view });
                true
            }
            Some(certificate) => {
                let Some(value) = self.values.get(&certificate.digest).cloned() else { return false };
                let proposal = PrePrepare { height: self.height, view: self.view, author, value };
                self.say_new_view(proposal, mandate, out);
                true
            }
        }
    }

    pub(super) fn say_new_view(&mut self, proposal: PrePrepare, mandate: Mandate, out: &mut Outputs) {
        out.push(Output::Transition("PBFT §4.4 new-view"));
        let Mandate { changes, prepared } = mandate;
        self.say(PbftMessage::NewView(Box::new(NewView { proposal, changes, prepared })), out);
    }

    /// The primary sent a bare PRE-PREPARE in its base view, and others need a NEW-VIEW. It states the same, so it binds
    /// to nothing new and needs no write.
    pub(super) fn justify(&mut self, out: &mut Outputs) -> bool {
        if !self.is_primary() || self.once.justified {
            return false;
        }
        let Some(PbftMessage::PrePrepare(proposal)) = self.journal.proposal(self.view) else { return false };
        let proposal = PrePrepare::clone(proposal);
        let Some(Mandate { changes, prepared }) = self.changes.mandate(self.view) else { return false };
        self.once.justified = true;
        let other =
            prepared.as_ref().is_some_and(|certificate| certificate.digest != proposal.value.digest());
        if !other {
            out.push(Output::Transition("PBFT §4.4 new-view"));
            let message = PbftMessage::NewView(Box::new(NewView { proposal, changes, prepared }));
            out.push(Output::Sign { message, after: self.journal.written, to: Dest::All });
        }
        true
    }

    /// Others need a NEW-VIEW of the view in which this validator began the height.
    pub(super) fn answer_view_change(&mut self, out: &mut Outputs) -> bool {
        let wanted = self.view == self.base
            && self.view > 0
            && self.me().is_some()
            && !self.journal.changed(self.view)
            && self.changes.to(self.view);
        if wanted {
            self.say_view_change(out);
        }
        wanted
    }

    /// §4.5.2: who asked for a new view waits for a quorum to do the same before its timer runs, so that it is never
    /// more than one view ahead of them.
    pub(super) fn wait_for_new_view(&mut self, now: Time, out: &mut Outputs) -> bool {
        let fires =
            !self.once.timer && self.me().is_some() && self.reached.quorum(&self.validators, self.view);
        let fires = fires && !has(Bug::ViewChangeTimerNotStarted);
        if fires {
            out.push(Output::Transition("PBFT §4.5.2 wait for the new view"));
            self.set_timer(now, out);
        }
        fires
    }
}
