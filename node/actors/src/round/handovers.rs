//! The round between two committees: a handover on its way into a block, and this node's place after one.

use super::{HandIn, HandedOver, Round, ToldOf};
use crate::committee::{Acting, CommitteeError, Sets, check_handover};
use crate::mempool::Place;
use crate::ports::Refusal;
use crate::transport::{Class, Penalty, Send, To};
use crate::wire::Wire;
use actix::Handler;
use bitcraps_casino::Handover;
use bitcraps_consensus::Engine;
use bitcraps_types::Height;

impl Round {
    /// Where this node stands among the validators of the engine's next height.
    pub(super) fn take_place(&mut self) {
        let me = self.validators.position(&self.ports.signer.public_key());
        if me == self.me {
            return;
        }
        self.me = me;
        if let Some(me) = me {
            self.engine.take_place(me);
        }
        self.neighbours.mempool.do_send(Place(me));
    }

    pub(super) fn may_hand_over(&self, handover: &Handover, height: Height) -> Result<(), CommitteeError> {
        check_handover(handover, &self.committees, height, &self.chain, &*self.verifications)?;
        Acting::new(&handover.terms.to, &*self.ports.dice).map(|_| ())
    }

    fn may_hand_over_some_time(&self, handover: &Handover) -> Result<(), CommitteeError> {
        self.may_hand_over(handover, handover.terms.not_before.max(self.tip.height + 1))
    }
}

impl Handler<HandedOver> for Round {
    type Result = ();

    fn handle(&mut self, HandedOver(committees): HandedOver, _: &mut Self::Context) {
        match Sets::new(&committees) {
            Ok(sets) => (self.sets, self.committees) = (sets, committees),
            Err(error) => (self.ports.halt)(&format!("the committee that takes over: {error}")),
        }
        self.handover.take_if(|handover| handover.terms.number <= self.committees.handovers());
    }
}

impl Handler<HandIn> for Round {
    type Result = ();

    fn handle(&mut self, HandIn { handover, told }: HandIn, _: &mut Self::Context) {
        let verdict = self.may_hand_over_some_time(&handover);
        if verdict.is_ok() {
            let payload = Wire::Handover(handover.clone()).encode();
            self.neighbours.transport.do_send(Send { to: To::All, payload, class: Class::Now });
            self.handover = Some(handover);
        }
        told(verdict);
    }
}

impl Handler<ToldOf> for Round {
    type Result = ();

    fn handle(&mut self, ToldOf { from, handover }: ToldOf, _: &mut Self::Context) {
        // A peer that is behind, or ahead, knows other handovers; and what is known needs no second check.
        let next = handover.terms.number == self.committees.handovers() + 1;
        if !next || self.handover.as_ref().is_some_and(|known| *known == handover) {
            return;
        }
        match self.may_hand_over_some_time(&handover) {
            Ok(()) => self.handover = Some(handover),
            Err(_) => {
                self.neighbours.transport.do_send(Penalty { peer: from, why: Refusal::Malformed });
            }
        }
    }
}
