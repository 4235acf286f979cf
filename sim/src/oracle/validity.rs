//! Property `validity`: what is decided is a block that extends the one before it, and every command in it was signed
//! by its player and was handed in in this run, or was signed by a validator that lies; and it has no more bytes of blobs
//! than the genesis allows. No honest proposer puts a command into its block that stands in the chain already; that a
//! command which a liar repeats is not done twice, `exactly_once` judges.

use super::chain::Chain;
use super::definition::Law;
use super::finding::Finding;
use super::setup::Setup;
use bitcraps_casino::Block;
use bitcraps_types::{Digest, Height, PublicKey, Time, Value};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub(super) struct Validity {
    pub(super) finding: Finding,
    /// Each submitted command, by half its id, and the height that included it; 0: none yet.
    commands: BTreeMap<u128, Height>,
    /// The keys of the validators that lie at some time.
    liars: BTreeSet<PublicKey>,
}

fn key(id: &Digest) -> u128 {
    let (half, _) = id.0.split_first_chunk().expect("a digest has 32 bytes");
    u128::from_le_bytes(*half)
}

impl Validity {
    pub(super) fn new(setup: &Setup) -> Validity {
        let validators = setup.validators.iter().zip(&setup.honest);
        let liars = validators.filter(|(_, honest)| !**honest).map(|(validator, _)| validator.key).collect();
        Validity { finding: Finding::new("validity"), commands: BTreeMap::new(), liars }
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
        let Some(proposer) = law.key(block.proposer).filter(|_| law.power([block.proposer].into_iter()) > 0)
        else {
            return Err(format!("the proposer {} is not a validator", block.proposer));
        };
        let lies = self.liars.contains(proposer);
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
                None if self.liars.contains(&command.command.key) => {}
                None => return Err(format!("command {place} ({id:?}) was submitted by no player")),
                Some(included @ 0) => *included = height,
                Some(_) if lies => {}
                Some(before) => {
                    return Err(format!("command {place} ({id:?}) stands in block {before} already"));
                }
            }
        }
        Ok(())
    }
}
