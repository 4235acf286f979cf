//! What consensus orders: commands of players, offences of validators, and blobs.

use crate::{Action, Blobs, Handover, SignedCommand};
use bitcraps_types::{Digest, Height, ValidatorIndex, WallTime};
use borsh::{BorshDeserialize, BorshSerialize};

/// A block. Well formed in its bounds; whether it may follow its parent is checked by its receiver.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Block {
    /// Its number, from 1.
    pub height: Height,
    /// The digest of the block before; the chain id for the first.
    pub parent: Digest,
    /// Who made it.
    pub proposer: ValidatorIndex,
    /// When, by the proposer's wall clock.
    pub time: WallTime,
    /// The state root after the parent.
    pub state_root: Digest,
    /// Whether the dice fall: [`Block::must_roll`] says when. The dice of a block that rolls come with it, after it is
    /// final.
    pub rolls: bool,
    /// Who signed the parent, where the policy rewards that; none for the first block.
    pub attendance: Option<Attendance>,
    /// Hands over to the next committee, which decides from the next height on. Such a block has nothing else in it.
    pub handover: Option<Box<Handover>>,
    /// In the order in which they are done.
    pub commands: Vec<SignedCommand>,
    /// What validators are accused of.
    pub offences: Vec<Offence>,
    /// In the order in which the proposer took them in. The state does not depend on them.
    pub blobs: Blobs,
}

/// Who signed a block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Attendance {
    /// By ascending index.
    pub signers: Vec<ValidatorIndex>,
    /// The block's certificate in the form of the consensus engine, opaque here. Its receiver checks it before it votes for
    /// the block.
    pub proof: Vec<u8>,
}

/// A validator's breach of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Offence {
    /// Who.
    pub offender: ValidatorIndex,
    /// The height at which it happened.
    pub height: Height,
    /// Evidence in the form of the consensus engine, opaque here. Its receiver checks it before it votes for the block.
    pub proof: Vec<u8>,
}

/// Why bytes are no block.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// More bytes than [`Block::MAX_BYTES`].
    #[error("a block of {0} bytes, above {max}", max = Block::MAX_BYTES)]
    TooLong(usize),
    /// More commands than [`Block::MAX_COMMANDS`].
    #[error("{0} commands, above {max}", max = Block::MAX_COMMANDS)]
    TooManyCommands(usize),
    /// More offences than [`Block::MAX_OFFENCES`].
    #[error("{0} offences, above {max}", max = Block::MAX_OFFENCES)]
    TooManyOffences(usize),
    /// A proof longer than [`Offence::MAX_PROOF`].
    #[error("a proof of {0} bytes, above {max}", max = Offence::MAX_PROOF)]
    ProofTooLong(usize),
    /// The bytes are not the encoding of a block.
    #[error("not a block: {0}")]
    Malformed(#[from] std::io::Error),
}

impl Offence {
    /// The longest proof, in bytes.
    pub const MAX_PROOF: usize = 64 << 10;
    /// How many heights an offence may lie before the block that records it.
    pub const MAX_AGE: Height = 10_000;
}

impl Block {
    /// The longest encoded block, in bytes.
    pub const MAX_BYTES: usize = 1 << 20;
    /// The most commands.
    pub const MAX_COMMANDS: usize = 4096;
    /// The most offences.
    pub const MAX_OFFENCES: usize = 64;

    /// Whether it hands over, and nothing else.
    pub fn only_hands_over(&self) -> bool {
        self.handover.is_some()
            && self.commands.is_empty()
            && self.offences.is_empty()
            && self.blobs.bytes() == 0
    }

    /// Whether the dice must fall in a block with these commands: if a bet is up after the block before, or one of the
    /// commands makes one.
    pub fn must_roll(bets_are_up: bool, commands: &[SignedCommand]) -> bool {
        let bets = |signed: &SignedCommand| matches!(signed.command.action, Action::Bet { .. });
        bets_are_up || commands.iter().any(bets)
    }

    /// The block's bytes. Those of a block within the bounds decode to it.
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("a vector takes all bytes")
    }

    /// The block that the bytes are. A block has one encoding.
    pub fn decode(bytes: &[u8]) -> Result<Block, BlockError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(BlockError::TooLong(bytes.len()));
        }
        let block: Block = borsh::from_slice(bytes)?;
        block.check_counts()?;
        Ok(block)
    }

    fn check_counts(&self) -> Result<(), BlockError> {
        if self.commands.len() > Self::MAX_COMMANDS {
            return Err(BlockError::TooManyCommands(self.commands.len()));
        }
        if self.offences.len() > Self::MAX_OFFENCES {
            return Err(BlockError::TooManyOffences(self.offences.len()));
        }
        match self.offences.iter().find(|offence| offence.proof.len() > Offence::MAX_PROOF) {
            Some(offence) => Err(BlockError::ProofTooLong(offence.proof.len())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
