//! Decided blocks, checked, as the actors hand them to each other.

use crate::committee::Acting;
use crate::wire::Decided;
use bitcraps_casino::Block;
use bitcraps_consensus::{Certificate, CertificateError};
use bitcraps_types::{ChainId, Digest, Height, ThresholdSignature, Value, Verify, WallTime};

/// A block that was decided.
#[derive(Clone, Debug)]
pub(crate) struct DecidedBlock {
    pub(crate) value: Value,
    pub(crate) certificate: Certificate,
    /// The signature from which its dice follow, if it rolls and they are not out.
    pub(crate) dice: Option<ThresholdSignature>,
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
        Decided { value, certificate, dice }: Decided,
        acting: &Acting,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<DecidedBlock, Unlinked> {
        let block = Block::decode(value.bytes()).map_err(|_| Unlinked::NoBlock)?;
        if certificate.digest != value.digest() || certificate.height != block.height {
            return Err(Unlinked::OtherBlock);
        }
        certificate.verify(&acting.validators, chain, verify)?;
        if let Some(dice) = &dice {
            let message = bitcraps_beacon::message(chain, block.height, &certificate.digest);
            if !block.rolls || !acting.key.verify(&message, dice) {
                return Err(Unlinked::Dice);
            }
        }
        Ok(DecidedBlock { value, certificate, dice, block })
    }

    /// Whether the dice are there, if it rolls.
    pub(crate) fn is_complete(&self) -> bool {
        self.block.rolls == self.dice.is_some()
    }

    /// As it is stored and sent.
    pub(crate) fn decided(&self) -> Decided {
        Decided { value: self.value.clone(), certificate: self.certificate.clone(), dice: self.dice }
    }

    /// Whether the block follows `tip`.
    pub(crate) fn follows(&self, tip: &Tip) -> bool {
        tip.height.checked_add(1) == Some(self.block.height) && self.block.parent == tip.digest
    }

    /// The chain's end with this block.
    pub(crate) fn tip(&self) -> Tip {
        Tip { height: self.block.height, digest: self.value.digest(), time: self.block.time }
    }
}
