//! Byzantine participant that speaks of an earlier round than its own, or of a later one; where there is no earlier
//! round, of the height before.
//!
//! Attacks liveness, where a node follows one validator into a round that nobody else is in, or answers what is long
//! past at length; and memory, where it keeps all that is of a round to come.

use super::deed::{Deed, Here, send_instead};
use super::parts;
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::Signed;
use bitcraps_types::ValidatorIndex;

/// See the module.
pub(super) struct Shift {
    /// How much later; negative is earlier.
    pub(super) rounds: i64,
}

impl Deed for Shift {
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let mut message = signed.message.clone();
        let mine = here.is_mine(&message);
        let mut moved = mine && parts::move_round(&mut message, self.rounds);
        if mine && !moved && self.rounds < 0 {
            let height = parts::height_mut(&mut message);
            *height = height.saturating_sub(1);
            moved = true;
        }
        send_instead(here.identity, signed, moved.then_some(message), out)
    }
}
