//! quinn's idea of a UDP socket, over turmoil's.

use super::network::front;
use super::state::Access;
use crate::lab::NodeIndex;
use crate::lab::trace::Kind;
use ::turmoil::net::UdpSocket;
use bitcraps_quic::Resolve;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use send_wrapper::SendWrapper;
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The names of this world are the lab's: a node's index in decimal digits. Its address is its front on the network.
pub(super) fn resolve(network: IpAddr) -> Resolve {
    Rc::new(move |name| {
        let node = name.parse::<NodeIndex>().map_err(|_| io::ErrorKind::NotFound.into());
        Box::pin(std::future::ready(node.map(|node| front(network, node))))
    })
}

/// The socket of one incarnation of a node.
pub(super) struct HostSocket {
    network: IpAddr,
    udp: Arc<UdpSocket>,
    inner: SendWrapper<Inner>,
}

struct Inner {
    access: Access,
    /// Waits until there is something to read. Meanwhile it has the socket's lock, so nothing is read beside it.
    readable: RefCell<Option<Pin<Box<dyn Future<Output = io::Result<()>>>>>>,
}

impl HostSocket {
    pub(super) fn new(access: Access, udp: UdpSocket, network: IpAddr) -> HostSocket {
        let inner = SendWrapper::new(Inner { access, readable: RefCell::new(None) });
        HostSocket { network, udp: Arc::new(udp), inner }
    }

    /// Reads one datagram, if there is one.
    fn read(&self, buf: &mut [u8], meta: &mut RecvMeta) -> bool {
        let Ok((len, addr)) = self.udp.try_recv_from(buf) else { return false };
        let Inner { access, .. } = &*self.inner;
        if let Some(mut state) = access.enter() {
            state.record(Kind::Delivered, access.node, access.node, u64::from(addr.port()), &buf[..len]);
        }
        *meta = RecvMeta { addr, len, stride: len, ecn: None, dst_ip: None };
        true
    }
}

impl AsyncUdpSocket for HostSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysWritable)
    }

    /// A dead incarnation sends nothing, and what can't be sent is lost, as on a network.
    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        if self.inner.access.enter().is_some() {
            let size = transmit.segment_size.unwrap_or(transmit.contents.len());
            for datagram in transmit.contents.chunks(size.max(1)) {
                let _ = self.udp.try_send_to(datagram, transmit.destination);
            }
        }
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut waiting = self.inner.readable.borrow_mut();
        loop {
            let readable = waiting.get_or_insert_with(|| {
                let udp = self.udp.clone();
                Box::pin(async move { udp.readable().await })
            });
            ready!(readable.as_mut().poll(cx))?;
            *waiting = None;
            let mut room = bufs.iter_mut().zip(&mut *meta);
            let mut read = 0;
            while room.next().is_some_and(|(buf, meta)| self.read(buf, meta)) {
                read += 1;
            }
            if read > 0 {
                return Poll::Ready(Ok(read));
            }
        }
    }

    /// As the others know it.
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(front(self.network, self.inner.access.node))
    }

    /// The network drops what is too long, so quinn may find out what is not.
    fn may_fragment(&self) -> bool {
        false
    }
}

impl fmt::Debug for HostSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostSocket({})", self.inner.access.node)
    }
}

/// Turmoil's sockets have no bound on what leaves.
#[derive(Debug)]
struct AlwaysWritable;

impl UdpPoller for AlwaysWritable {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
