//! Nodes' links on loopback, and peers that don't keep to the rules.

#![allow(dead_code, reason = "each test binary uses a part")]

pub(crate) mod ports;
pub(crate) mod rogue;

use bitcraps_actors::config::PeerAddress;
use bitcraps_actors::ports::{Address, LinkEvent, LinkId, Links};
use bitcraps_quic::{
    Counters, DownReason, Environment, Identity, Observer, QuicConfig, QuicEvent, QuicLinks,
};
use bitcraps_types::PublicKey;
use bytes::Bytes;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::task::LocalSet;

/// Runs a test inside a `LocalSet` on a tokio runtime of one thread.
pub(crate) fn on_tokio<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, test)
}

/// Waits until `ready` answers with something.
pub(crate) async fn until<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(value) = ready() {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap_or_else(|_| panic!("never: {what}"))
}

pub(crate) fn seed(n: u8) -> [u8; 32] {
    [n; 32]
}

pub(crate) fn key(n: u8) -> PublicKey {
    Identity::from_seed(&seed(n)).public_key()
}

pub(crate) fn address(address: SocketAddr) -> Address {
    Address(address.to_string())
}

pub(crate) fn peer(n: u8, at: SocketAddr) -> PeerAddress {
    PeerAddress { key: key(n), address: address(at) }
}

/// Times that suit a test.
pub(crate) fn quick() -> QuicConfig {
    QuicConfig {
        handshake_timeout: Duration::from_secs(2),
        keep_alive: Duration::from_millis(100),
        idle_timeout: Duration::from_millis(800),
        stall_timeout: Duration::from_millis(300),
        ..QuicConfig::default()
    }
}

/// A socket on loopback whose address is known before there are links on it.
pub(crate) struct Socket {
    pub(crate) at: SocketAddr,
    pub(crate) environment: Environment,
    /// Nothing leaves it any more, as if the process were dead.
    pub(crate) dead: Arc<AtomicBool>,
}

impl Socket {
    pub(crate) fn any() -> Socket {
        Self::on("127.0.0.1:0".parse().unwrap())
    }

    pub(crate) fn on(at: SocketAddr) -> Socket {
        let mut environment = Environment::tokio(at).unwrap();
        let dead = Arc::new(AtomicBool::new(false));
        environment.socket = Arc::new(Mortal { socket: environment.socket, dead: dead.clone() });
        Socket { at: environment.socket.local_addr().unwrap(), environment, dead }
    }
}

/// One node's links, and all that they told.
pub(crate) struct Node {
    pub(crate) at: SocketAddr,
    pub(crate) links: Rc<QuicLinks>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) dead: Arc<AtomicBool>,
    events: Rc<RefCell<Vec<LinkEvent>>>,
    notes: Rc<RefCell<Vec<QuicEvent>>>,
}

impl Node {
    pub(crate) fn start(n: u8, socket: Socket, peers: &[PeerAddress], config: QuicConfig) -> Node {
        Self::start_denying(n, socket, peers, BTreeSet::new(), config)
    }

    pub(crate) fn start_denying(
        n: u8,
        socket: Socket,
        peers: &[PeerAddress],
        denied: BTreeSet<PublicKey>,
        config: QuicConfig,
    ) -> Node {
        let node = Self::not_listening(n, socket, peers, denied, config);
        let inbox = node.events.clone();
        node.links.listen(Box::new(move |event| inbox.borrow_mut().push(event)));
        node
    }

    /// For a node of whole actors, which listen themselves.
    pub(crate) fn not_listening(
        n: u8,
        socket: Socket,
        peers: &[PeerAddress],
        denied: BTreeSet<PublicKey>,
        config: QuicConfig,
    ) -> Node {
        let (events, notes) = (Rc::<RefCell<Vec<_>>>::default(), Rc::<RefCell<Vec<QuicEvent>>>::default());
        let counters = Arc::<Counters>::default();
        let note = notes.clone();
        let observer = Observer {
            counters: counters.clone(),
            event: Box::new(move |event| note.borrow_mut().push(event.clone())),
        };
        let identity = Identity::from_seed(&seed(n));
        let links = QuicLinks::new(socket.environment, identity, peers, denied, config, observer).unwrap();
        Node { at: socket.at, links: Rc::new(links), counters, dead: socket.dead, events, notes }
    }

    pub(crate) fn events(&self) -> Vec<LinkEvent> {
        self.events.borrow().clone()
    }

    pub(crate) fn notes(&self) -> Vec<QuicEvent> {
        self.notes.borrow().clone()
    }

    /// The links that came up so far.
    pub(crate) fn ups(&self) -> Vec<LinkId> {
        let link = |event: &LinkEvent| match event {
            LinkEvent::Up { link, .. } => Some(*link),
            _ => None,
        };
        self.events.borrow().iter().filter_map(link).collect()
    }

    /// Waits for the `n`th link, counted from 1.
    pub(crate) async fn up(&self, n: usize) -> LinkId {
        until("up", || self.ups().get(n - 1).copied()).await
    }

    pub(crate) async fn down(&self, link: LinkId) -> DownReason {
        until("down", || self.events.borrow().contains(&LinkEvent::Down { link }).then_some(())).await;
        self.reason(link).unwrap()
    }

    /// What the observer was told of a link's end.
    pub(crate) fn reason(&self, of: LinkId) -> Option<DownReason> {
        self.notes.borrow().iter().find_map(|note| match note {
            QuicEvent::Down { link, why, .. } if *link == of => Some(*why),
            _ => None,
        })
    }

    pub(crate) async fn open_failed(&self, address: &Address) {
        let failed = LinkEvent::OpenFailed { address: address.clone() };
        until("open failed", || self.events.borrow().contains(&failed).then_some(())).await;
    }

    pub(crate) fn frames(&self) -> Vec<Bytes> {
        let bytes = |event: &LinkEvent| match event {
            LinkEvent::Frame { bytes, .. } => Some(bytes.clone()),
            _ => None,
        };
        self.events.borrow().iter().filter_map(bytes).collect()
    }
}

/// Two nodes, 1 and 2, that know each other.
pub(crate) fn two(config: &QuicConfig) -> (Node, Node) {
    let (a, b) = (Socket::any(), Socket::any());
    let peers = [peer(1, a.at), peer(2, b.at)];
    (Node::start(1, a, &peers, config.clone()), Node::start(2, b, &peers, config.clone()))
}

/// Two nodes with one link between them, opened by the first.
pub(crate) async fn linked(config: &QuicConfig) -> (Node, LinkId, Node, LinkId) {
    let (a, b) = two(config);
    a.links.open(&address(b.at));
    let (mine, theirs) = (a.up(1).await, b.up(1).await);
    (a, mine, b, theirs)
}

/// A socket that can die.
#[derive(Debug)]
struct Mortal {
    socket: Arc<dyn AsyncUdpSocket>,
    dead: Arc<AtomicBool>,
}

impl AsyncUdpSocket for Mortal {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        self.socket.clone().create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit) -> io::Result<()> {
        if self.dead.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.socket.try_send(transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.socket.poll_recv(cx, bufs, meta)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.socket.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.socket.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.socket.may_fragment()
    }
}
