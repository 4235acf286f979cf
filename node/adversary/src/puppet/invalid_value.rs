//! Byzantine participant that proposes what the application must refuse: a block with another state root, another
//! parent, a time before the last block's or far ahead, a proposer or height that is not, a stranger's offence, bytes
//! that are no block, one that is too long. It votes for its block.
//!
//! Attacks validity: whoever votes before the application has answered, or decides what it never judged, takes it in.

use super::deed::{Deed, Here};
use super::swapped::Swapped;
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_casino::{Block, Offence};
use bitcraps_consensus::Signed;
use bitcraps_types::{Digest, ValidatorIndex, Value, WallTime};
use rand::Rng;

/// See the module.
#[derive(Default)]
pub(super) struct InvalidValue {
    swapped: Swapped,
}

impl Deed for InvalidValue {
    fn tell_own(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        self.swapped.rewrite(here, signed, |here, truth| spoiled(here.rng.next_u32(), truth), out)
    }
}

/// Of the ways to spoil a block, the one that `way` says.
fn spoiled(way: u32, truth: &Value) -> Option<Value> {
    let mut block = Block::decode(truth.bytes()).ok()?;
    match way % 9 {
        0 => block.state_root = Digest::of("adversary/state", &block.state_root.0),
        1 => block.parent = Digest::of("adversary/parent", &block.parent.0),
        2 => block.time = WallTime(0),
        3 => block.time = WallTime(u64::MAX),
        4 => block.proposer = ValidatorIndex(u16::MAX),
        5 => block.height = block.height.wrapping_add(1),
        6 => {
            let (offender, height, proof) = (block.proposer, block.height, vec![0xFF; 100]);
            block.offences = vec![Offence { offender, height, proof }];
        }
        7 => return Some(Value::new(truth.bytes().slice(..truth.bytes().len() / 2))),
        _ => {
            let mut long = truth.bytes().to_vec();
            long.resize(Block::MAX_BYTES + 1, 0);
            return Some(Value::new(long));
        }
    }
    Some(Value::new(block.encode()))
}
