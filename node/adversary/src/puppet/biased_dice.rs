//! Byzantine participant that tries to choose the dice. It makes its blocks again and again, until their digest would
//! throw a seven: where dice follow from the block, they would now be its own. Of its parts of the threshold signature it
//! says the true ones to some, spoilt ones to others and none to the rest, each time anew.
//!
//! Attacks the dice: they must follow from a signature that nobody knows before the block is final, and that is the same
//! whichever parts it is made of. So its blocks are as good as others, and its parts change nothing (docs/dice.md).

use super::deed::{Deed, Here};
use super::swapped::Swapped;
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_beacon::Partials;
use bitcraps_casino::{Action, Block};
use bitcraps_consensus::Signed;
use bitcraps_tables::{Seed, roll};
use bitcraps_types::{TableId, ValidatorIndex, Value, WallTime};
use rand::Rng;

/// See the module.
pub(super) struct BiasedDice {
    tries: u32,
    swapped: Swapped,
}

impl BiasedDice {
    /// One that tries so many blocks at most for each proposal.
    pub(super) fn new(tries: u32) -> BiasedDice {
        BiasedDice { tries, swapped: Swapped::default() }
    }
}

impl Deed for BiasedDice {
    fn tell_own(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let tries = self.tries;
        self.swapped.rewrite(here, signed, |_, truth| ground(truth, tries), out)
    }

    fn say_dice(&mut self, here: &mut Here<'_>, _: ValidatorIndex, partials: &Partials) -> Option<Partials> {
        let choice = here.rng.next_u32();
        let mut said = partials.clone();
        match choice % 3 {
            0 => return None,
            1 => said.signatures.iter_mut().for_each(|partial| partial.0[0] ^= 1 << (choice >> 8 & 7)),
            _ => {}
        }
        Some(said)
    }
}

/// The block, some nanoseconds younger: the first whose digest would throw a seven at the table of its first bet.
fn ground(truth: &Value, tries: u32) -> Option<Value> {
    let mut block = Block::decode(truth.bytes()).ok()?;
    let table = block.commands.iter().find_map(|signed| match signed.command.action {
        Action::Bet { table, .. } => Some(table),
        _ => None,
    });
    let first = block.time.0;
    (0..tries).map_while(|more| first.checked_add(more.into())).find_map(|time| {
        block.time = WallTime(time);
        let value = Value::new(block.encode());
        let dice = roll(&Seed(value.digest()), table.unwrap_or(TableId(0)));
        (dice.total() == 7).then_some(value)
    })
}
