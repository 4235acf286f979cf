//! What the sync actor is told.

use crate::message::message;
use crate::ports::DiskError;
use crate::wire::SyncMessage;
use bitcraps_consensus::Certificate;
use bitcraps_types::{Digest, Height, PublicKey, ThresholdSignature, Value};

/// The engine decided a block.
pub(crate) struct EngineDecided {
    pub(crate) value: Value,
    pub(crate) certificate: Certificate,
}

/// The dice of a final block fell.
pub(crate) struct Rolled {
    pub(crate) height: Height,
    pub(crate) block: Digest,
    pub(crate) dice: ThresholdSignature,
}

/// The engine saw a message of a height that it can't reach alone.
pub(crate) struct Behind {
    pub(crate) peer: PublicKey,
    pub(crate) seen: Height,
}

/// The engine saw that a peer is still at a height that is decided.
pub(crate) struct Help {
    pub(crate) peer: PublicKey,
    pub(crate) height: Height,
}

/// A peer says something about catching up.
pub(crate) struct FromPeer {
    pub(crate) from: PublicKey,
    pub(crate) message: SyncMessage,
}

/// A peer is proven.
pub(crate) struct PeerHere(pub(crate) PublicKey);

/// A peer is gone.
pub(crate) struct PeerGone(pub(crate) PublicKey);

/// The treasury applied a block.
pub(crate) struct Applied {
    pub(crate) height: Height,
    pub(crate) root: Digest,
    pub(crate) bets_are_up: bool,
}

/// The treasury made a snapshot.
pub(crate) struct SnapshotTaken {
    pub(crate) last: Value,
    pub(crate) state: Vec<u8>,
}

/// A sync of the blocks' file is done.
pub(super) struct BlocksSynced(pub(super) Result<(), DiskError>);

/// A snapshot that was taken over from a peer is durable.
pub(super) struct TakenOver(pub(super) Result<(), DiskError>);

message!(
    EngineDecided,
    Rolled,
    Behind,
    Help,
    FromPeer,
    PeerHere,
    PeerGone,
    Applied,
    SnapshotTaken,
    BlocksSynced,
    TakenOver
);
