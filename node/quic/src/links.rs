//! The port itself: the table of links, and what the node asks of it.

use crate::accept::accept;
use crate::admission::{Admission, Standing};
use crate::close::{CloseCode, DownReason};
use crate::config::{ConfigError, QuicConfig};
use crate::dial;
use crate::doors::Doors;
use crate::environment::Environment;
use crate::failure::HandshakeFailure;
use crate::greeting::Greeted;
use crate::identity::Identity;
use crate::link::{Link, Sent};
use crate::observer::{LinkSample, Observer, QuicEvent, add};
use crate::tls::{self, TlsError};
use bitcraps_actors::config::PeerAddress;
use bitcraps_actors::ports::{Address, LinkEvent, LinkId, Links};
use bitcraps_types::PublicKey;
use bytes::Bytes;
use quinn::{ConnectionError, Endpoint, ServerConfig, TransportConfig};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use tokio::task::AbortHandle;

/// How many connections may wait for this node's answer, which comes at once.
const MAX_INCOMING: usize = 256;
/// How many bytes each may send while it waits.
const INCOMING_BYTES: u64 = 8 << 10;

/// Why there are no links.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address can't be had.
    #[error("cannot listen on UDP {address}: {source}; choose another address or end what uses it")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The configuration can't work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The world's cryptography can't be used.
    #[error("the crypto provider cannot be used: {0}")]
    Tls(#[from] TlsError),
    /// The socket of the world failed.
    #[error("the UDP socket failed: {0}")]
    Socket(io::Error),
}

/// Where the node hears what happens.
type Inbox = Rc<dyn Fn(LinkEvent)>;

/// Links to other nodes over QUIC. Dropping it closes all of them; [`QuicLinks::closed`] tells when the others know.
pub struct QuicLinks {
    shared: Rc<Shared>,
}

/// What the tasks of all links share.
pub(crate) struct Shared {
    pub(crate) endpoint: Endpoint,
    pub(crate) environment: Environment,
    pub(crate) identity: Identity,
    pub(crate) admission: Arc<Admission>,
    pub(crate) config: QuicConfig,
    pub(crate) transport: Arc<TransportConfig>,
    pub(crate) observer: Observer,
    pub(crate) doors: RefCell<Doors>,
    /// The inbound handshakes, by their tickets.
    pub(crate) handshakes: RefCell<BTreeMap<u64, (SocketAddr, AbortHandle)>>,
    /// The addresses that are being dialed.
    pub(crate) dials: RefCell<BTreeSet<Address>>,
    links: RefCell<BTreeMap<LinkId, Rc<Link>>>,
    next: Cell<u64>,
    inbox: RefCell<Option<Inbox>>,
}

impl QuicLinks {
    /// Listens on a real UDP socket. To be called inside a `LocalSet` on a tokio runtime with I/O and time.
    pub fn bind(
        address: SocketAddr,
        identity: Identity,
        peers: &[PeerAddress],
        denied: BTreeSet<PublicKey>,
        config: QuicConfig,
        observer: Observer,
    ) -> Result<QuicLinks, BindError> {
        let environment =
            Environment::tokio(address).map_err(|source| BindError::Address { address, source })?;
        Self::new(environment, identity, peers, denied, config, observer)
    }

    /// Listens in any world. To be called inside a `LocalSet`, on which the links' tasks then live.
    pub fn new(
        environment: Environment,
        identity: Identity,
        peers: &[PeerAddress],
        denied: BTreeSet<PublicKey>,
        config: QuicConfig,
        observer: Observer,
    ) -> Result<QuicLinks, BindError> {
        config.check()?;
        let admission = Arc::new(Admission::new(identity.public_key(), peers, denied));
        let transport = Arc::new(config.transport());
        let mut server =
            ServerConfig::with_crypto(Arc::new(tls::server(&environment, &identity, admission.clone())?));
        server
            .transport_config(transport.clone())
            .time_source(environment.token_time.clone())
            .max_incoming(MAX_INCOMING)
            .incoming_buffer_size(INCOMING_BYTES)
            .incoming_buffer_size_total(INCOMING_BYTES * MAX_INCOMING as u64);
        if let Some(key) = environment.token_key.clone() {
            server.token_key(key);
        }
        let mut endpoint = environment.endpoint.clone();
        endpoint.reset_key(identity.reset_key());
        let endpoint = Endpoint::new_with_abstract_socket(
            endpoint,
            Some(server),
            environment.socket.clone(),
            environment.runtime.clone(),
        )
        .map_err(BindError::Socket)?;
        let shared = Shared {
            endpoint,
            environment,
            identity,
            admission,
            config,
            transport,
            observer,
            doors: RefCell::default(),
            handshakes: RefCell::default(),
            dials: RefCell::default(),
            links: RefCell::default(),
            next: Cell::new(0),
            inbox: RefCell::default(),
        };
        Ok(QuicLinks { shared: Rc::new(shared) })
    }

    /// Where others reach this node, as the socket knows it.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.shared.endpoint.local_addr()
    }

    /// How each open link is.
    pub fn samples(&self) -> Vec<LinkSample> {
        self.shared.links.borrow().values().map(|link| link.sample()).collect()
    }

    /// Closes the links of a peer and accepts no more of it. Links to it can't be opened either.
    pub fn deny(&self, key: PublicKey) {
        self.shared.admission.deny(key);
        let links: Vec<_> = self.shared.links_of(key).collect();
        links.iter().for_each(|link| link.shut(CloseCode::Denied));
    }

    /// Takes a key off the deny list.
    pub fn pardon(&self, key: &PublicKey) {
        self.shared.admission.pardon(key);
    }

    /// Closes all links and accepts no more. What was sent and not yet received may be lost.
    pub fn shutdown(&self) {
        let links: Vec<_> = self.shared.links.borrow().values().cloned().collect();
        links.iter().for_each(|link| link.shut(CloseCode::Shutdown));
        self.shared.endpoint.close(CloseCode::Shutdown.into(), CloseCode::Shutdown.label().as_bytes());
    }

    /// Is done when every connection was ended properly: the other sides were told, or are silent. To be awaited after
    /// [`QuicLinks::shutdown`] or the drop.
    pub fn closed(&self) -> impl Future<Output = ()> + 'static {
        let endpoint = self.shared.endpoint.clone();
        async move { endpoint.wait_idle().await }
    }
}

impl Drop for QuicLinks {
    fn drop(&mut self) {
        // Nobody is there any more to be told.
        self.shared.inbox.replace(None);
        self.shutdown();
    }
}

impl Links for QuicLinks {
    fn listen(&self, inbox: Box<dyn Fn(LinkEvent)>) {
        self.shared.inbox.replace(Some(inbox.into()));
        tokio::task::spawn_local(accept(self.shared.clone()));
    }

    /// A dial to an address that is being dialed already has the same answer as that one. A link that is already open
    /// to the address stays, and there will be two.
    fn open(&self, address: &Address) {
        let shared = &self.shared;
        if shared.dials.borrow().contains(address) {
            return;
        }
        let pin = shared.admission.pin(address).ok_or(HandshakeFailure::UnknownAddress);
        let allowed = pin.and_then(|pin| match shared.admission.standing(&pin) {
            Standing::Denied => Err(HandshakeFailure::DeniedKey),
            _ => Ok(pin),
        });
        match allowed {
            Ok(pin) => {
                shared.dials.borrow_mut().insert(address.clone());
                tokio::task::spawn_local(dial::dial(shared.clone(), address.clone(), pin));
            }
            Err(why) => dial::fail(shared, address.clone(), why.into()),
        }
    }

    fn send(&self, link: LinkId, frame: Bytes) -> bool {
        let counters = &self.shared.observer.counters;
        let link = self.shared.links.borrow().get(&link).cloned();
        let length = frame.len();
        match link.map_or(Sent::Refused, |link| link.send(frame)) {
            Sent::Datagram => {
                add(&counters.datagrams_out, 1);
                add(&counters.datagram_bytes_out, length);
                true
            }
            Sent::Queued => {
                add(&counters.stream_frames_out, 1);
                add(&counters.stream_bytes_out, length);
                true
            }
            Sent::Refused => {
                add(&counters.sends_refused, 1);
                false
            }
        }
    }

    fn close(&self, link: LinkId) {
        let link = self.shared.links.borrow().get(&link).cloned();
        if let Some(link) = link {
            link.shut(CloseCode::Done);
            // The node knows that it is closed: it is not told.
            let why = link.code.get().unwrap_or(CloseCode::Done);
            self.shared.forget(&link, DownReason::Local(why));
        }
    }
}

impl Shared {
    /// Tells the node. Nothing may be borrowed meanwhile.
    pub(crate) fn tell(&self, event: LinkEvent) {
        let inbox = self.inbox.borrow().clone();
        if let Some(inbox) = inbox {
            inbox(event);
        }
    }

    pub(crate) fn inbound_links(&self) -> usize {
        self.links.borrow().values().filter(|link| link.dialed.is_none()).count()
    }

    fn links_of(&self, peer: PublicKey) -> impl Iterator<Item = Rc<Link>> {
        let links: Vec<_> = self.links.borrow().values().filter(|link| link.peer == peer).cloned().collect();
        links.into_iter()
    }

    /// A new link, in the table and told. If its peer now has too many, the oldest goes.
    pub(crate) fn up(&self, greeted: &Greeted, dialed: Option<Address>) -> Rc<Link> {
        let id = LinkId(self.next.replace(self.next.get() + 1));
        let link = Rc::new(Link::new(id, greeted, dialed.clone(), self.config.queue_bytes));
        let (peer, mtu, remote) = (link.peer, link.mtu, link.remote);
        self.links.borrow_mut().insert(id, link.clone());
        self.observer.note(&QuicEvent::Up { link: id, peer, remote, dialed: dialed.clone() });
        self.tell(LinkEvent::Up { link: id, dialed, identity: Some(peer), mtu });
        let mine: Vec<_> = self.links_of(peer).collect();
        let surplus = mine.len().saturating_sub(self.config.max_links_per_peer);
        mine[..surplus].iter().for_each(|link| link.shut(CloseCode::Superseded));
        // It may have been denied while it shook hands.
        if self.admission.standing(&peer) == Standing::Denied {
            link.shut(CloseCode::Denied);
        }
        link
    }

    /// A link's connection has ended. Tells the node, unless it was the node that closed it.
    pub(crate) fn down(&self, link: &Link, error: &ConnectionError) {
        if self.forget(link, DownReason::of(error, link.code.get())) {
            self.tell(LinkEvent::Down { link: link.id });
        }
    }

    /// Takes a link out of the table. `false`: it was out already.
    fn forget(&self, link: &Link, why: DownReason) -> bool {
        link.open.set(false);
        link.queue.close();
        if self.links.borrow_mut().remove(&link.id).is_none() {
            return false;
        }
        let (peer, remote, sample) = (link.peer, link.remote, link.sample());
        self.observer.note(&QuicEvent::Down { link: link.id, peer, remote, why, sample });
        true
    }
}
