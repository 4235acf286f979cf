//! Property `validity`: what is decided is a block that extends the one before it, and every command in it was signed
//! by its player, was submitted in this run, and stands in no other place of the chain; and it has no more bytes of blobs
//! than the genesis allows.

use super::chain::Chain;
use super::definition::Law;
use super::finding::Finding;
use bitcraps_casino::Block;
use bitcraps_types::{Digest, Height, Time, Value};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(super) struct Validity {
    pub(super) finding: Finding,
    /// Each submitted command, by half its id, and the height that included it; 0: none yet.
    commands: BTreeMap<u128, Height>,
}

fn key(id: &Digest) -> u128 {
    let (half, _) = id.0.split_first_chunk().expect("a digest has 32 bytes");
    u128::from_le_bytes(*half)
}

impl Validity {
    pub(super) fn new() -> Validity {
        Validity { finding: Finding::new("validity"), commands: BTreeMap::new() }
    }

    pub(super) fn submitted(&mut self, command: Digest) {
        self.commands.entry(key(&command)).or_insert(0);
    }

    /// Judges the block that the first honest node decided at its height; answers with it, if it is one.
    pub(super) fn decided(
        &mut self,
        law: &Law,
        chain: &Chain,
        at: Time,
        node: u16,
        height: Height,
        value: &Value,
    ) -> Option<Block> {
        self.finding.judged();
        match Block::decode(value.bytes()) {
            Ok(block) => {
                if let Err(reason) = self.check(law, chain, height, &block) {
                    self.finding.violated(at, format!("node {node}, height {height}: {reason}"));
                }
                Some(block)
            }
            Err(error) => {
                self.finding.violated(at, format!("node {node}, height {height}: {error}"));
                None
            }
        }
    }

    fn check(&mut self, law: &Law, chain: &Chain, height: Height, block: &Block) -> Result<(), String> {
        if block.height != height {
            return Err(format!("the block says that its height is {}", block.height));
        }
        if law.power([block.proposer].into_iter()) == 0 {
            return Err(format!("the proposer {} is not a validator", block.proposer));
        }
        let parent = match height {
            0 | 1 => Some(law.chain),
            _ => chain.first(height - 1),
        };
        if parent.is_some_and(|parent| parent != block.parent) {
            return Err(format!("it extends {:?}, {parent:?} was decided before it", block.parent));
        }
        let blob_bytes: usize = block.blobs.iter().map(|blob| blob.len()).sum();
        if blob_bytes > law.blob_bytes {
            return Err(format!("it has {blob_bytes} bytes of blobs, the genesis allows {}", law.blob_bytes));
        }
        let alone = block.commands.is_empty() && block.offences.is_empty() && blob_bytes == 0;
        if block.handover.is_some() && !alone {
            return Err("it hands over, and does something else besides".into());
        }
        for (place, command) in block.commands.iter().enumerate() {
            let id = command.id();
            if !law.command_is_signed(command) {
                return Err(format!("command {place} ({id:?}) is not signed by its key"));
            }
            match self.commands.get_mut(&key(&id)) {
                None => return Err(format!("command {place} ({id:?}) was submitted by no player")),
                Some(included @ 0) => *included = height,
                Some(before) => {
                    return Err(format!("command {place} ({id:?}) stands in block {before} already"));
                }
            }
        }
        Ok(())
    }
}
