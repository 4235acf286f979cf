//! Datagrams: the network's packets without the lab's connections, for a world that brings its own protocol.
//!
//! The same model judges them. None is repeated, none is answered by the lab: who is down or listens on no socket gets
//! none, and nobody learns of it.

use super::NodeIndex;
use super::links::{NOBODY, PacketKind, Transit};
use super::trace::Kind;
use super::world::{Access, Call, Core};
use bitcraps_types::Time;
use bytes::Bytes;

/// The longest payload of a UDP datagram on Ethernet, whose packets have 1500 bytes: less 20 for IPv4 and 8 for UDP.
pub const MOST_DATAGRAM_BYTES: usize = 1472;

/// The one UDP socket of one incarnation of a node.
#[derive(Clone)]
pub struct Datagrams(pub(super) Access);

impl Datagrams {
    /// From now on `socket` is told each datagram that comes, and who sent it. It may call ports.
    pub fn listen(&self, socket: Box<dyn Fn(NodeIndex, Bytes)>) {
        let before = self.0.enter().and_then(|mut core| core.node(self.0.node).socket.replace(socket.into()));
        drop(before);
    }

    /// Sends a datagram, if there is such a node.
    pub fn send(&self, to: NodeIndex, bytes: Bytes) {
        let Some(mut core) = self.0.enter() else { return };
        if usize::from(to) >= core.nodes.len() {
            return;
        }
        let from = self.0.node;
        if bytes.len() > core.datagram_mtu {
            core.counters.oversized += 1;
            core.record(Kind::TooLong, from, to, bytes.len() as u64, &bytes);
            return;
        }
        let (kind, sent) = (PacketKind::Datagram, core.now);
        core.transmit(Transit { from, to, kind, effect: None, source: NOBODY, target: NOBODY, sent, bytes });
    }
}

impl Core {
    pub(super) fn datagram_arrives(&mut self, transit: Transit) -> Option<Call> {
        let Transit { from, to, sent, .. } = transit;
        let Some(socket) = self.node(to).socket.clone() else {
            self.record(Kind::Undelivered, to, from, sent, &[]);
            self.drop_frame(&transit);
            return None;
        };
        self.record(Kind::Delivered, to, from, sent, &[]);
        self.counters.delivered += 1;
        self.watch(&transit, Some(Time(self.now)));
        Some(Call::Datagram(socket, from, transit.bytes))
    }
}
