//! What the round is told.

use super::offences;
use crate::chain::Tip;
use crate::committee::CommitteeError;
use crate::message::message;
use crate::ports::{ConsensusMessage, DiskError};
use bitcraps_casino::{Blobs, Committees, Handover, SignedCommand};
use bitcraps_consensus::{Certificate, Signed, Verified};
use bitcraps_types::{Digest, Height, PublicKey, Round as RoundNumber};
use std::sync::Arc;

/// Consensus messages came, at one time.
pub(crate) struct FromPeers(pub(crate) Vec<FromPeer>);

/// Consensus messages of one peer's.
pub(crate) struct FromPeer {
    pub(crate) from: PublicKey,
    pub(crate) messages: Vec<Signed<ConsensusMessage>>,
}

/// Commands and blobs for the block that was asked for.
pub(crate) struct Batch {
    pub(crate) height: Height,
    pub(crate) round: RoundNumber,
    pub(crate) commands: Vec<SignedCommand>,
    pub(crate) blobs: Blobs,
}

/// The chain ends here now: decided, durable and applied.
pub(crate) struct NewTip {
    pub(crate) tip: Tip,
    /// The state root after it.
    pub(crate) root: Digest,
    /// What proves it; `None` for one that was taken over with a state.
    pub(crate) certificate: Option<Arc<Certificate>>,
    /// Whether bets are up after it.
    pub(crate) bets_are_up: bool,
}

/// The chain's end hands over: the last of these committees decides the next block.
pub(crate) struct HandedOver(pub(crate) Arc<Committees>);

/// A handover for a block that this node proposes, and who is told whether it may happen.
pub(crate) struct HandIn {
    pub(crate) handover: Box<Handover>,
    pub(crate) told: Box<dyn FnOnce(Result<(), CommitteeError>) + std::marker::Send>,
}

/// A peer tells of a handover that was handed in to it.
pub(crate) struct ToldOf {
    pub(crate) from: PublicKey,
    pub(crate) handover: Box<Handover>,
}

/// Offences that are in the replicated state now.
pub(crate) struct Recorded(pub(crate) Vec<offences::Name>);

/// A message's signatures are good, and the time that checking took is over.
pub(super) struct Checked(pub(super) Verified<ConsensusMessage>);

/// A block was checked, and the time that it took is over.
pub(super) struct Judged {
    pub(super) height: Height,
    pub(super) digest: Digest,
    pub(super) valid: bool,
}

/// A sync of the journal is done.
pub(super) struct Synced(pub(super) Result<(), DiskError>);

message!(FromPeers, Batch, NewTip, HandedOver, HandIn, ToldOf, Recorded, Checked, Judged, Synced);
