//! What peers say to each other: borsh, bounded, canonical.
//!
//! Whatever bytes come, decoding neither panics nor allocates more than a small multiple of their number; and
//! `decode(b) = Ok(m)` implies `encode(m) = b`. That the sender may say it, and that it is true, is checked by others.

use crate::peer::handshake::{Hello, Proof};
use crate::ports::ConsensusMessage;
use bitcraps_beacon::Partials;
use bitcraps_casino::{Casino, Handover, SignedCommand};
use bitcraps_consensus::{Certificate, Signed};
use bitcraps_types::{Digest, Height, ThresholdSignature, Value};
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use std::io::{self, Read};

/// The most messages of the consensus engine in one message.
pub const MAX_CONSENSUS: usize = 16;
/// The most commands in one message.
pub const MAX_COMMANDS: usize = 256;
/// The most blocks in one message.
pub const MAX_BLOCKS: usize = 128;
/// The length of a chunk of a snapshot, in bytes; the last may be shorter.
pub const CHUNK_BYTES: usize = 256 << 10;
/// The most handovers in the description of a snapshot. Who missed more begins from a backup.
pub const MAX_HANDOVERS: usize = 256;
/// The most chunks of a snapshot.
pub const MAX_CHUNKS: usize = Casino::MAX_SNAPSHOT / CHUNK_BYTES;

/// Room for most messages: a vote takes 130 bytes.
const TYPICAL: usize = 256;

/// A message between peers.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Wire {
    /// Who the sender claims to be.
    Hello(Hello),
    /// The proof of it.
    Proof(Proof),
    /// Messages of the consensus engine.
    Consensus(List<Signed<ConsensusMessage>, MAX_CONSENSUS>),
    /// Commands that the sender took in.
    Commands(List<SignedCommand, MAX_COMMANDS>),
    /// Of catching up.
    Sync(SyncMessage),
    /// The sender's part of the signature from which a final block's dice follow.
    Dice(Partials),
    /// A handover to another committee that was handed in to the sender.
    Handover(Box<Handover>),
}

/// What nodes say to each other to catch up.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum SyncMessage {
    /// The sender's latest decided height. Also a sign of life.
    Status {
        /// The height.
        height: Height,
    },
    /// Asks for decided blocks.
    GetBlocks {
        /// From this height on.
        from: Height,
        /// At most so many.
        count: u32,
    },
    /// Decided blocks, ascending without gaps; none, if the peer has none to give. The dice of the last may be out.
    Blocks(List<Decided, MAX_BLOCKS>),
    /// Asks for a description of the latest snapshot.
    GetSnapshot {
        /// How many handovers the sender knows.
        handovers: u64,
    },
    /// Describes it; `None` if there is none.
    Snapshot(Option<Box<Manifest>>),
    /// Asks for a chunk of a snapshot.
    GetChunk {
        /// Of the snapshot at this height.
        height: Height,
        /// The chunk, from 0.
        index: u32,
    },
    /// A chunk; empty if there is none.
    Chunk {
        /// Of the snapshot at this height.
        height: Height,
        /// The chunk, from 0.
        index: u32,
        /// At most [`CHUNK_BYTES`].
        bytes: Chunk,
    },
}

/// A decided block with what proves it.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Decided {
    /// The block.
    pub value: Value,
    /// That it was decided.
    pub certificate: Certificate,
    /// The signature from which its dice follow; `None` if it does not roll, or while they are out.
    pub dice: Option<ThresholdSignature>,
}

/// A snapshot, described, with what proves it: the next block carries its state root, and the handovers show who decides it.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Manifest {
    /// The block after which the state was taken.
    pub last: Value,
    /// The next block, whose parent is `last` and whose state root is that of the state.
    pub next: Decided,
    /// The blocks up to `last` that hand over, without those that the asker knows, ascending.
    pub handovers: List<Decided, MAX_HANDOVERS>,
    /// The digest of each chunk of the encoded state.
    pub chunks: List<Digest, MAX_CHUNKS>,
}

/// At most `MAX` items.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct List<T, const MAX: usize>(Vec<T>);

/// At most [`CHUNK_BYTES`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Chunk(Bytes);

/// The bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no message")]
pub struct Undecodable;

impl Wire {
    /// The bytes of a message.
    pub fn encode(&self) -> Bytes {
        let mut bytes = Vec::with_capacity(TYPICAL);
        self.serialize(&mut bytes).expect("writing to memory does not fail");
        Bytes::from(bytes)
    }

    /// The bytes of [`Wire::Consensus`] with the first [`MAX_CONSENSUS`] of these messages, which need not be given away.
    pub fn encode_consensus(messages: &[Signed<ConsensusMessage>]) -> Bytes {
        const TAG: u8 = 2;
        let mut bytes = Vec::with_capacity(TYPICAL);
        (TAG, &messages[..messages.len().min(MAX_CONSENSUS)])
            .serialize(&mut bytes)
            .expect("writing to memory does not fail");
        Bytes::from(bytes)
    }

    /// The message of these bytes, all of them.
    pub fn decode(bytes: &[u8]) -> Result<Wire, Undecodable> {
        Wire::try_from_slice(bytes).map_err(|_| Undecodable)
    }
}

impl<T, const MAX: usize> List<T, MAX> {
    /// The first `MAX` of `items`.
    pub fn first(mut items: Vec<T>) -> Self {
        items.truncate(MAX);
        List(items)
    }

    /// The items.
    pub fn into_inner(self) -> Vec<T> {
        self.0
    }

    /// The items.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }
}

impl<T: BorshDeserialize, const MAX: usize> BorshDeserialize for List<T, MAX> {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let count = u32::deserialize_reader(reader)? as usize;
        if count > MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "more items than the list may have"));
        }
        // Nearly all lists have one item. Room for more is not given on a stranger's word.
        let mut items = Vec::with_capacity(count.min(1));
        for _ in 0..count {
            items.push(T::deserialize_reader(reader)?);
        }
        Ok(List(items))
    }
}

impl Chunk {
    /// The first [`CHUNK_BYTES`] of `bytes`.
    pub fn first(mut bytes: Bytes) -> Chunk {
        bytes.truncate(CHUNK_BYTES);
        Chunk(bytes)
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }
}

impl BorshDeserialize for Chunk {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let length = u32::deserialize_reader(reader)? as usize;
        if length > CHUNK_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than a chunk"));
        }
        let mut bytes = Vec::new();
        reader.by_ref().take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Chunk(Bytes::from(bytes)))
    }
}

#[cfg(test)]
mod tests;
