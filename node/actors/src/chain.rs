//! Decided blocks, checked, as the actors hand them to each other.

use bitcraps_casino::Block;
use bitcraps_consensus::{Certificate, CertificateError, ValidatorSet};
use bitcraps_types::{ChainId, Digest, Height, Value, Verify, WallTime};

/// A block that was decided.
#[derive(Clone, Debug)]
pub(crate) struct DecidedBlock {
    pub(crate) value: Value,
    pub(crate) certificate: Certificate,
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
}

impl DecidedBlock {
    /// Checks that `certificate` proves `value` and that it is a block.
    pub(crate) fn check(
        value: Value,
        certificate: Certificate,
        validators: &ValidatorSet,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<DecidedBlock, Unlinked> {
        let block = Block::decode(value.bytes()).map_err(|_| Unlinked::NoBlock)?;
        if certificate.digest != value.digest() || certificate.height != block.height {
            return Err(Unlinked::OtherBlock);
        }
        certificate.verify(validators, chain, verify)?;
        Ok(DecidedBlock { value, certificate, block })
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
