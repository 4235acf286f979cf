//! Blocks with more commands than the proposer's engine put in: as valid as before, whatever becomes of the commands.

use super::deed::Here;
use bitcraps_casino::{Action, Block, Command, SignedCommand};
use bitcraps_types::Value;

/// The block of `truth` with what `more` finds to add to it. `None` if that is nothing, or is too much.
pub(super) fn with(truth: &Value, more: impl FnOnce(&Block) -> Vec<SignedCommand>) -> Option<Value> {
    let mut block = Block::decode(truth.bytes()).ok()?;
    let more = more(&block);
    if more.is_empty() || block.commands.len() + more.len() > Block::MAX_COMMANDS {
        return None;
    }
    // Where bets were up before, it rolls already.
    block.rolls |= Block::must_roll(false, &more);
    block.commands.extend(more);
    let bytes = block.encode();
    (bytes.len() <= Block::MAX_BYTES).then(|| Value::new(bytes))
}

/// Commands of the proposer's own key, each with the next sequence number.
#[derive(Default)]
pub(super) struct OwnCommands {
    used: u64,
}

impl OwnCommands {
    /// Signs the next.
    pub(super) fn sign(&mut self, here: &Here<'_>, action: Action) -> SignedCommand {
        self.used += 1;
        let (key, sequence) = (here.identity.signer.public_key(), self.used);
        SignedCommand::sign(&here.identity.chain, Command { key, sequence, action }, &*here.identity.signer)
    }
}
