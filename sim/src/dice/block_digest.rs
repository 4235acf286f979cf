//! Dice from the digest of the block that closed the bets. Its proposer knows them before anyone votes, and a block has
//! parts that nobody misses or minds: it proposes the variant it likes best.

use super::wager::Wager;
use super::{Attack, Luck, TABLE};
use bitcraps_tables::{Seed, roll};
use bitcraps_types::Digest;

pub(super) fn attacks() -> Vec<Attack> {
    let grinds = |variants: u32| Attack {
        scheme: "block digest",
        attacker: format!("blocks the proposer tries: {variants}"),
        wager: Wager::any_seven(),
        outcomes: variants,
        one_in: 1,
        play: Box::new(move |luck, wager| {
            let dice = |variant| roll(&Seed(block(luck, variant)), TABLE);
            wager.best((0..variants).map(dice)).expect("there is a block")
        }),
    };
    [1, 5, 20].map(grinds).into()
}

/// The digest of a block with the bets of this roll. Its commands may stand in another order, or one of its own may be
/// added: so there are variants without end.
fn block(luck: &Luck, variant: u32) -> Digest {
    let bets = luck.draw("bets", 0);
    Digest::of("sim/dice/block", &[&bets.0[..], &variant.to_le_bytes()].concat())
}
