//! What travels between hosts.

use crate::replica::spot;
use bitcraps_consensus::{AnyMessage, Certificate, Message, Verified};
use bitcraps_types::{Height, Round, Value};

/// What travels.
#[derive(Clone, Debug)]
pub(crate) enum Packet {
    /// What an engine said.
    Message(Verified<AnyMessage>),
    /// A host lacks these heights.
    Ask { at: (Height, Round), from: Height, below: Height },
    /// A decided block.
    Block { height: Height, value: Value, certificate: Certificate },
}

impl Packet {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Packet::Message(message) => message.message().kind(),
            Packet::Ask { .. } => "ask",
            Packet::Block { .. } => "block",
        }
    }

    /// The height and the round that it speaks of.
    pub(crate) fn spot(&self) -> (Height, Round) {
        match self {
            Packet::Message(message) => spot(message.message()),
            Packet::Ask { at, .. } => *at,
            Packet::Block { height, certificate, .. } => (*height, certificate.round),
        }
    }
}
