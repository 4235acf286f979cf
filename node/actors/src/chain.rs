//! Decided blocks, checked, as the actors hand them to each other.

use crate::committee::Acting;
use crate::wire::Decided;
use bitcraps_casino::Block;
use bitcraps_consensus::CertificateError;
use bitcraps_types::{ChainId, Digest, Height, Verify, WallTime};
use std::sync::Arc;

/// A block that was decided.
#[derive(Clone, Debug)]
pub(crate) struct DecidedBlock {
    /// As it is stored and sent.
    pub(crate) decided: Arc<Decided>,
    /// Its value, decoded.
    pub(crate) block: Block,
}

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tip {
    pub(crate) height: Height,
    /// Of the block; at height 0 the chain's id.
    pub(crate) digest: Digest,
    pub(crate) time: WallTime,
}

/// Why a block with its certificate is not the next of a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unlinked {
    #[error("the value is no block")]
    NoBlock,
    #[error("the certificate is for another block")]
    OtherBlock,
    #[error("the certificate: {0}")]
    Certificate(#[from] CertificateError),
    #[error("the signature from which its dice follow is wrong")]
    Dice,
}

impl DecidedBlock {
    /// Checks that a value is a block, that its certificate proves it, and that the dice are its own. They may be missing.
    pub(crate) fn check(
        decided: Decided,
        acting: &Acting,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<DecidedBlock, Unlinked> {
        let Decided { value, certificate, dice } = &decided;
        let block = Block::decode(value.bytes()).map_err(|_| Unlinked::NoBlock)?;
        if certificate.digest != value.digest() || certificate.height != block.height {
            return Err(Unlinked::OtherBlock);
        }
        certificate.verify(&acting.validators, chain, verify)?;
        if let Some(dice) = dice {
            let message = bitcraps_beacon::message(chain, block.height, &certificate.digest);
            if !block.rolls || !acting.key.verify(&message, dice) {
                return Err(Unlinked::Dice);
            }
        }
        Ok(DecidedBlock { decided: Arc::new(decided), block })
    }

    /// Whether the dice are there, if it rolls.
    pub(crate) fn is_complete(&self) -> bool {
        self.block.rolls == self.decided.dice.is_some()
    }

    /// Whether the block follows `tip`.
    pub(crate) fn follows(&self, tip: &Tip) -> bool {
        tip.height.checked_add(1) == Some(self.block.height) && self.block.parent == tip.digest
    }

    /// The chain's end with this block.
    pub(crate) fn tip(&self) -> Tip {
        Tip { height: self.block.height, digest: self.decided.value.digest(), time: self.block.time }
    }
}
