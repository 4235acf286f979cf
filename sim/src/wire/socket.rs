//! quinn's idea of a UDP socket, over a world's datagrams.

use crate::lab::{Datagrams, NodeIndex};
use bitcraps_quic::Resolve;
use bytes::Bytes;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use send_wrapper::SendWrapper;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The port that all nodes listen on.
const PORT: u16 = 4433;
/// Node `n` has this address plus `n`.
const FIRST: u32 = Ipv4Addr::new(10, 0, 0, 1).to_bits();

/// Where a node is.
pub(crate) fn address(node: NodeIndex) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::from_bits(FIRST + u32::from(node)), PORT)
}

/// The same for quinn.
pub(super) fn socket_address(node: NodeIndex) -> SocketAddr {
    address(node).into()
}

/// Who is there.
fn node_at(address: SocketAddr) -> Option<NodeIndex> {
    let IpAddr::V4(ip) = address.ip() else { return None };
    let offset = ip.to_bits().checked_sub(FIRST)?;
    (address.port() == PORT).then(|| offset.try_into().ok())?
}

/// The names of this world are the lab's: a node's index in decimal digits.
pub(super) fn resolve() -> Resolve {
    Rc::new(|name| {
        let found = name.parse().map(socket_address).map_err(|_| io::ErrorKind::NotFound.into());
        Box::pin(std::future::ready(found))
    })
}

/// The lab's datagrams as a socket.
pub(super) fn lab_socket(datagrams: Datagrams, node: NodeIndex) -> PortSocket {
    let inbox = Inbox::default();
    let arrived = inbox.clone();
    datagrams.listen(Box::new(move |from, bytes| arrived.push(socket_address(from), bytes)));
    // What has no node's address is lost, as on a network.
    let send = move |to: SocketAddr, datagram: &[u8]| {
        if let Some(to) = node_at(to) {
            datagrams.send(to, Bytes::copy_from_slice(datagram));
        }
    };
    PortSocket::new(socket_address(node), Box::new(send), inbox)
}

/// What came to a socket and was not read yet. All of it is read before time goes on.
#[derive(Clone, Default)]
pub(crate) struct Inbox(Rc<RefCell<Received>>);

#[derive(Default)]
struct Received {
    datagrams: VecDeque<(SocketAddr, Bytes)>,
    reader: Option<Waker>,
}

impl Inbox {
    /// A datagram came.
    pub(crate) fn push(&self, from: SocketAddr, bytes: Bytes) {
        let reader = {
            let mut received = self.0.borrow_mut();
            received.datagrams.push_back((from, bytes));
            received.reader.take()
        };
        reader.into_iter().for_each(Waker::wake);
    }
}

/// The socket of one incarnation of a node, over whatever carries the world's datagrams.
pub(crate) struct PortSocket {
    local: SocketAddr,
    inner: SendWrapper<Inner>,
}

/// Sends a datagram to an address, or loses it.
pub(crate) type Leaves = Box<dyn Fn(SocketAddr, &[u8])>;

struct Inner {
    send: Leaves,
    inbox: Inbox,
}

impl PortSocket {
    /// What comes goes into `inbox`.
    pub(crate) fn new(local: SocketAddr, send: Leaves, inbox: Inbox) -> PortSocket {
        PortSocket { local, inner: SendWrapper::new(Inner { send, inbox }) }
    }
}

impl AsyncUdpSocket for PortSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysWritable)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let size = transmit.segment_size.unwrap_or(transmit.contents.len());
        for datagram in transmit.contents.chunks(size.max(1)) {
            (self.inner.send)(transmit.destination, datagram);
        }
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut received = self.inner.inbox.0.borrow_mut();
        let room = bufs.len().min(meta.len()).min(received.datagrams.len());
        for ((addr, bytes), (buf, meta)) in received.datagrams.drain(..room).zip(bufs.iter_mut().zip(meta)) {
            let len = bytes.len().min(buf.len());
            buf[..len].copy_from_slice(&bytes[..len]);
            *meta = RecvMeta { addr, len, stride: len, ecn: None, dst_ip: None };
        }
        if room == 0 {
            received.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(room))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }

    /// The world drops what is too long, so quinn may find out what is not.
    fn may_fragment(&self) -> bool {
        false
    }
}

impl fmt::Debug for PortSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PortSocket({})", self.local)
    }
}

/// A datagram that can't leave is lost; nobody waits until it can.
#[derive(Debug)]
struct AlwaysWritable;

impl UdpPoller for AlwaysWritable {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
