//! What the transport is told.

use crate::message::message;
use crate::ports::{LinkId, Refusal};
use bitcraps_types::PublicKey;
use bytes::Bytes;

/// Whom a payload is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// Every peer.
    All,
    /// One peer.
    One(PublicKey),
}

/// What becomes of a payload for a peer who is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// It is dropped: by the time the peer is back, it means nothing.
    Now,
    /// It waits, within bounds.
    Queued,
}

/// Sends a payload.
pub(crate) struct Send {
    pub(crate) to: To,
    pub(crate) payload: Bytes,
    pub(crate) class: Class,
}

/// Sends a payload on a link whose peer need not be proven.
pub(crate) struct Reply {
    pub(crate) link: LinkId,
    pub(crate) payload: Bytes,
}

/// The peer of a link is proven.
pub(crate) struct Proven {
    pub(crate) link: LinkId,
    pub(crate) key: PublicKey,
}

/// Closes a link whose handshake failed.
pub(crate) struct Refuse {
    pub(crate) link: LinkId,
    pub(crate) why: Refusal,
}

/// Something wrong came over a link.
pub(crate) struct Misdeed {
    pub(crate) link: LinkId,
    pub(crate) why: Refusal,
}

/// Something wrong came from a peer.
pub(crate) struct Penalty {
    pub(crate) peer: PublicKey,
    pub(crate) why: Refusal,
}

/// Something waits in the inbox.
pub(super) struct FromLinks;

message!(Send, Reply, Proven, Refuse, Misdeed, Penalty, FromLinks);
