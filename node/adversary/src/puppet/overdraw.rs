//! Byzantine participant that asks the treasury for more than is its own: it unbonds what it has not at stake, and bonds
//! what it does not have.
//!
//! Attacks the stakes: what left them could no longer be slashed.

use super::deed::{Deed, Here};
use super::stuffed::{self, OwnCommands};
use super::swapped::Swapped;
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_casino::Action;
use bitcraps_consensus::Signed;
use bitcraps_types::{Amount, ValidatorIndex};

/// See the module.
#[derive(Default)]
pub(super) struct Overdraw {
    swapped: Swapped,
    own: OwnCommands,
}

impl Deed for Overdraw {
    fn tell_own(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        const MUCH: Amount = 1_000_000_000_000;
        let Self { swapped, own } = self;
        let stuffed = |here: &mut Here<'_>, truth: &_| {
            stuffed::with(truth, |_| {
                let actions = [
                    Action::Unbond { amount: MUCH },
                    Action::Unbond { amount: Amount::MAX },
                    Action::Unbond { amount: 0 },
                    Action::Bond { amount: MUCH },
                    Action::Bond { amount: Amount::MAX },
                ];
                actions.map(|action| own.sign(here, action)).into()
            })
        };
        swapped.rewrite(here, signed, stuffed, out)
    }
}
