//! Byzantine participant that sends nothing, though it receives and follows everything.
//!
//! Attacks liveness: a silent proposer costs a timeout, and more than a third of the power silent stops the chain.

use super::deed::{Deed, Here};
use bitcraps_actors::ports::Outgoing;
use bitcraps_beacon::Partials;
use bitcraps_types::ValidatorIndex;

/// See the module.
pub(super) struct Silent;

impl Deed for Silent {
    fn say(&mut self, _: &mut Here<'_>, _: ValidatorIndex, _: Outgoing, _: &mut Vec<Outgoing>) -> bool {
        true
    }

    fn say_dice(&mut self, _: &mut Here<'_>, _: ValidatorIndex, _: &Partials) -> Option<Partials> {
        None
    }
}
