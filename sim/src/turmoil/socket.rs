//! The datagrams of a node, over turmoil's UDP.
//!
//! The host has the socket, and the links only a way to it: turmoil frees a port when its socket is dropped on its own
//! host, and what outlives the host's tasks must not hold it.

use super::network::{LONGEST, behind, front};
use super::state::Access;
use crate::lab::NodeIndex;
use crate::lab::trace::Kind;
use crate::wire::{Inbox, PortSocket};
use ::turmoil::net::UdpSocket;
use bitcraps_quic::Resolve;
use bytes::Bytes;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

/// The names of this world are the lab's: a node's index in decimal digits. Its address is its front on the network.
pub(super) fn resolve(network: IpAddr) -> Resolve {
    Rc::new(move |name| {
        let node = name.parse::<NodeIndex>().map_err(|_| io::ErrorKind::NotFound.into());
        Box::pin(std::future::ready(node.map(|node| front(network, node))))
    })
}

/// The socket of one incarnation of a node, for its links. A dead incarnation sends nothing, and what can't be sent is
/// lost, as on a network.
pub(super) fn socket(access: &Access, udp: &Rc<UdpSocket>, network: IpAddr, inbox: Inbox) -> PortSocket {
    let (local, udp) = (front(network, access.node), Rc::downgrade(udp));
    let access = access.clone();
    let send = move |to: SocketAddr, datagram: &[u8]| {
        if access.enter().is_some()
            && let Some(udp) = udp.upgrade()
        {
            let _ = udp.try_send_to(datagram, to);
        }
    };
    PortSocket::new(local, Box::new(send), inbox)
}

/// Takes what comes, for as long as the incarnation lives.
pub(super) async fn receive(udp: Rc<UdpSocket>, access: Access, inbox: Inbox) -> io::Result<()> {
    let mut buffer = vec![0; LONGEST];
    loop {
        let (length, from) = udp.recv_from(&mut buffer).await?;
        if let Some(mut state) = access.enter() {
            state.record(Kind::Delivered, access.node, behind(from), 0, &buffer[..length]);
        }
        inbox.push(from, Bytes::copy_from_slice(&buffer[..length]));
    }
}
