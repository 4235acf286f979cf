//! What a node is told at its start. Defaults suit a wide-area network; scenarios and operators override them.

use crate::ports::Address;
use bitcraps_casino::{Blobs, Block, Genesis};
use bitcraps_types::{Height, PublicKey};
use std::sync::Arc;
use std::time::Duration;

/// A node's configuration. Who the node is comes from the signer among the ports.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The network.
    pub genesis: Arc<Genesis>,
    /// The other nodes. Links from and to anyone else are refused.
    pub peers: Vec<PeerAddress>,
    /// The timeouts of consensus.
    pub timeouts: Timeouts,
    /// The least time between a block's decision and the start of the next height. Zero: none.
    pub interval: Duration,
    /// A fresh proposal whose block is further ahead of our wall clock than this is not accepted.
    pub max_clock_drift: Duration,
    /// The longest block that is proposed or accepted, in bytes. At most [`NodeConfig::MAX_BLOCK_BYTES`].
    pub max_block_bytes: usize,
    /// What a peer may do.
    pub limits: PeerLimits,
    /// How often a snapshot is made, in blocks.
    pub snapshot_every: Height,
    /// The consensus journal is emptied at the start of a height when it is longer than this, in bytes. Emptying it costs
    /// several writes that must be durable: a few of the longest blocks make a good length.
    pub journal_bytes: usize,
    /// Catching up.
    pub sync: SyncLimits,
    /// What the mempool holds.
    pub mempool: MempoolLimits,
    /// How many good signatures are remembered, so as not to be checked again. Zero suits crypto that costs less than
    /// remembering.
    pub remembered_signatures: usize,
    /// No message of our own at this height or below is signed: what was said there may be forgotten, as after a
    /// restore from a backup. The node follows such heights without a voice. Zero: it speaks at all heights.
    pub sign_above: Height,
}

/// A node that may be a peer, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAddress {
    /// Its identity.
    pub key: PublicKey,
    /// Where to dial it.
    pub address: Address,
}

/// The timeouts of consensus; see [`bitcraps_consensus::Config`].
#[derive(Clone, Debug, PartialEq)]
pub struct Timeouts {
    /// How long a proposal may take in round 0.
    pub propose: Duration,
    /// How long to wait for more prevotes.
    pub prevote: Duration,
    /// How long to wait for more precommits.
    pub precommit: Duration,
    /// The factor of each further round.
    pub growth: f64,
    /// How long without progress until the last word is repeated.
    pub rebroadcast: Duration,
}

/// What a peer may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerLimits {
    /// Frames per second, over time.
    pub frames_per_second: u64,
    /// Bytes per second, over time.
    pub bytes_per_second: u64,
    /// How long the rates may be exceeded twofold: a bucket holds this much time's worth.
    pub burst: Duration,
    /// How long a peer has to prove who it is.
    pub handshake_timeout: Duration,
    /// How many links that others opened may wait for that proof at a time; one more closes the oldest.
    pub max_unproven: usize,
    /// A link on which nothing came for so long is closed (and dialed again).
    pub silence: Duration,
    /// What waits for a peer who is away, in bytes.
    pub outbox_bytes: usize,
    /// How long it waits.
    pub outbox_age: Duration,
}

/// Catching up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncLimits {
    /// How many blocks are asked for at a time. At most [`crate::wire::MAX_BLOCKS`].
    pub batch: u32,
    /// How long a peer has to answer.
    pub timeout: Duration,
    /// A node that is further behind than this takes over a snapshot instead of blocks.
    pub state_sync_gap: Height,
    /// How often a node tells its height when it changed.
    pub status: Duration,
    /// How often it does when not.
    pub keepalive: Duration,
}

/// What the mempool holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MempoolLimits {
    /// Commands.
    pub commands: usize,
    /// Bytes.
    pub bytes: usize,
    /// Commands of one account.
    pub per_account: usize,
    /// Blobs of this node's own clients.
    pub blobs: usize,
    /// Bytes of them.
    pub blob_bytes: usize,
}

impl NodeConfig {
    /// No block is longer.
    pub const MAX_BLOCK_BYTES: usize = Block::MAX_BYTES;
    /// Room in a block for what is neither commands, offences nor blobs, in bytes.
    const HEADER_BYTES: usize = 256;

    /// How long a block's commands, offences and blobs may be together, in bytes.
    pub(crate) fn block_room(&self) -> usize {
        self.max_block_bytes.min(Self::MAX_BLOCK_BYTES).saturating_sub(Self::HEADER_BYTES)
    }

    /// The longest blob that is taken in: one that a block has room for, however many offences there are.
    pub(crate) fn longest_blob(&self) -> usize {
        let room = (self.block_room() / 2).saturating_sub(Blobs::FRAMING);
        room.min(self.genesis.blob_bytes as usize).min(Blobs::MAX_LENGTH)
    }

    /// The defaults for a network.
    pub fn new(genesis: Arc<Genesis>, peers: Vec<PeerAddress>) -> NodeConfig {
        NodeConfig {
            genesis,
            peers,
            timeouts: Timeouts::default(),
            interval: Duration::ZERO,
            max_clock_drift: Duration::from_millis(500),
            max_block_bytes: Self::MAX_BLOCK_BYTES,
            limits: PeerLimits::default(),
            snapshot_every: 100,
            journal_bytes: 16 << 20,
            sync: SyncLimits::default(),
            mempool: MempoolLimits::default(),
            remembered_signatures: 1 << 15,
            sign_above: 0,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            propose: Duration::from_millis(1000),
            prevote: Duration::from_millis(500),
            precommit: Duration::from_millis(500),
            growth: 1.5,
            rebroadcast: Duration::from_millis(1500),
        }
    }
}

impl Default for PeerLimits {
    fn default() -> Self {
        PeerLimits {
            frames_per_second: 20_000,
            bytes_per_second: 32 << 20,
            burst: Duration::from_secs(2),
            handshake_timeout: Duration::from_secs(5),
            max_unproven: 256,
            silence: Duration::from_secs(12),
            outbox_bytes: 1 << 20,
            outbox_age: Duration::from_secs(60),
        }
    }
}

impl Default for SyncLimits {
    fn default() -> Self {
        SyncLimits {
            batch: 32,
            timeout: Duration::from_secs(2),
            state_sync_gap: 1000,
            status: Duration::from_secs(1),
            keepalive: Duration::from_secs(4),
        }
    }
}

impl Default for MempoolLimits {
    fn default() -> Self {
        MempoolLimits {
            commands: 50_000,
            bytes: 16 << 20,
            per_account: 64,
            blobs: 65_536,
            blob_bytes: 32 << 20,
        }
    }
}
