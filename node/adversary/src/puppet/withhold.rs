//! Byzantine participant that does not send some kinds of messages, and sends the others.
//!
//! Attacks liveness where it is thinnest: one that votes first and then never commits makes the others lock and wait,
//! one that passes no proofs on leaves those behind who lack them, one that gives no round up keeps the rest from
//! leaving it. One that keeps its part of the dice to itself attacks the dice: it must not be able to choose them by
//! that, nor to stop them.

use super::Kind;
use super::deed::{Deed, Here};
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_actors::wire::SyncMessage;
use bitcraps_beacon::Partials;
use bitcraps_consensus::Signed;
use bitcraps_types::ValidatorIndex;
use std::collections::BTreeSet;

/// See the module.
pub(super) struct Withhold {
    pub(super) kinds: BTreeSet<Kind>,
}

impl Deed for Withhold {
    fn tell(
        &mut self,
        _: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let withheld = self.kinds.contains(&Kind::of(&signed.message));
        if !withheld {
            out.push(Outgoing::Message(Box::new(signed)));
        }
        withheld
    }

    fn say_sync(&mut self, _: &mut Here<'_>, message: &SyncMessage) -> Option<SyncMessage> {
        (!self.kinds.contains(&Kind::Sync)).then(|| message.clone())
    }

    fn say_dice(&mut self, _: &mut Here<'_>, _: ValidatorIndex, partials: &Partials) -> Option<Partials> {
        (!self.kinds.contains(&Kind::Dice)).then(|| partials.clone())
    }
}
