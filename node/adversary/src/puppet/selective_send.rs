//! Byzantine participant that speaks to some and is silent to the rest.
//!
//! Attacks liveness, and agreement where a protocol takes what one validator knows for what all know: those whom it
//! tells may see a quorum that the others never see, lock, and wait for them.

use super::deed::{Deed, Here};
use bitcraps_actors::ports::Outgoing;
use bitcraps_beacon::Partials;
use bitcraps_types::ValidatorIndex;
use std::collections::BTreeSet;

/// See the module.
pub(super) struct SelectiveSend {
    pub(super) to: BTreeSet<ValidatorIndex>,
}

impl Deed for SelectiveSend {
    fn say(&mut self, _: &mut Here<'_>, to: ValidatorIndex, sent: Outgoing, out: &mut Vec<Outgoing>) -> bool {
        let kept = !self.to.contains(&to);
        if !kept {
            out.push(sent);
        }
        kept
    }

    fn say_dice(&mut self, _: &mut Here<'_>, to: ValidatorIndex, partials: &Partials) -> Option<Partials> {
        self.to.contains(&to).then(|| partials.clone())
    }
}
