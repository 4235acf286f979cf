//! Byzantine participant that fills its blocks with commands that other blocks have, as their players signed them, and
//! each of them twice; and repeats those of its own block.
//!
//! Attacks the once in "once and for all": the signatures are good and the blocks are decided, so only the sequence
//! numbers stand between a bet and its second payout.

use super::deed::{Deed, Here};
use super::parts;
use super::stuffed;
use super::swapped::Swapped;
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_casino::{Block, SignedCommand};
use bitcraps_consensus::Signed;
use bitcraps_types::{ValidatorIndex, Value};
use std::collections::VecDeque;

/// See the module.
#[derive(Default)]
pub(super) struct ReplayedBets {
    swapped: Swapped,
    /// Of earlier blocks, the latest last.
    known: VecDeque<SignedCommand>,
}

impl ReplayedBets {
    /// So many commands are remembered.
    const KNOWN: usize = 256;
    /// So many are put into a block, each twice, and as many of its own.
    const ADDED: usize = 16;

    fn learn<'a>(&mut self, values: impl Iterator<Item = &'a Value>) {
        for block in values.filter_map(|value| Block::decode(value.bytes()).ok()) {
            for command in block.commands {
                if !self.known.contains(&command) {
                    self.known.push_back(command);
                }
            }
        }
        while self.known.len() > Self::KNOWN {
            self.known.pop_front();
        }
    }
}

impl Deed for ReplayedBets {
    fn tell_own(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        if parts::value(&signed.message).is_some() {
            self.learn(here.heard.values());
        }
        let Self { swapped, known } = self;
        let stuffed = |_: &mut Here<'_>, truth: &Value| {
            stuffed::with(truth, |block| {
                let earlier = known.iter().filter(|command| !block.commands.contains(command));
                let earlier = earlier.take(Self::ADDED).flat_map(|command| [*command; 2]);
                let own = block.commands.iter().take(Self::ADDED).copied();
                earlier.chain(own).collect()
            })
        };
        swapped.rewrite(here, signed, stuffed, out)
    }
}
