//! What a world gives to the links: time, tasks, a socket, names, and every source of randomness.

use quinn::crypto::HandshakeTokenKey;
use quinn::{
    AsyncUdpSocket, ConnectionId, ConnectionIdGenerator, EndpointConfig, Runtime, StdSystemTime, TimeSource,
    TokioRuntime,
};
use rustls::crypto::{CryptoProvider, SecureRandom, ring};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Finds the address of a `host:port`. Literal addresses are not asked for.
pub type Resolve = Rc<dyn Fn(&str) -> Pin<Box<dyn Future<Output = io::Result<SocketAddr>>>>>;

/// Room for datagrams that wait for the node's thread, or for the network. The system's default is about 200 kB, bookkeeping
/// included: while the thread checks the signatures of one block, the others that come would be dropped, and each is
/// taken for congestion.
const SOCKET_BYTES: usize = 4 << 20;

/// What a world gives to the links.
///
/// A world that wants the same datagrams from the same seed must seed [`Environment::endpoint`] (`rng_seed`,
/// `cid_generator`; its `reset_key` is replaced by one of the identity's), [`Environment::provider`] (`secure_random` and the key exchange groups),
/// [`Environment::token_key`] and [`Environment::first_cid`], and its [`Environment::runtime`] must override `now`.
pub struct Environment {
    /// Time, timers, and the tasks of quinn itself. The tasks of the links are spawned on the `LocalSet`.
    pub runtime: Arc<dyn Runtime>,
    /// UDP.
    pub socket: Arc<dyn AsyncUdpSocket>,
    /// Names.
    pub resolve: Resolve,
    /// Connection ids and packet numbers.
    pub endpoint: EndpointConfig,
    /// The cryptography of TLS. It must sign and verify Ed25519.
    pub provider: Arc<CryptoProvider>,
    /// The time that TLS knows. Raw keys don't expire.
    pub tls_time: Arc<dyn TimeProvider>,
    /// The time that retry tokens are dated by.
    pub token_time: Arc<dyn TimeSource>,
    /// Seals retry tokens. `None`: a random key.
    pub token_key: Option<Arc<dyn HandshakeTokenKey>>,
    /// The first connection id of a dial. `None`: random.
    pub first_cid: Option<Arc<dyn Fn() -> ConnectionId + Send + Sync>>,
}

/// Asks for [`SOCKET_BYTES`]. The system gives what its limits allow (`net.core.rmem_max`), which is not an error: with
/// less, the links are slower.
fn make_room(socket: &std::net::UdpSocket) {
    let socket = socket2::SockRef::from(socket);
    let _ = socket.set_recv_buffer_size(SOCKET_BYTES);
    let _ = socket.set_send_buffer_size(SOCKET_BYTES);
}

impl Environment {
    /// The real world, on `address`. To be called inside a tokio runtime with I/O and time.
    pub fn tokio(address: SocketAddr) -> io::Result<Environment> {
        let runtime = Arc::new(TokioRuntime);
        let socket = std::net::UdpSocket::bind(address)?;
        make_room(&socket);
        let socket = runtime.wrap_udp_socket(socket)?;
        let mut provider = ring::default_provider();
        provider.kx_groups = vec![ring::kx_group::X25519];
        let random = provider.secure_random;
        let mut endpoint = EndpointConfig::default();
        endpoint.cid_generator(move || Box::new(RandomIds(random)));
        Ok(Environment {
            runtime,
            socket,
            resolve: Rc::new(move |name| Box::pin(look_up(name.to_owned(), address.is_ipv6()))),
            endpoint,
            provider: Arc::new(provider),
            tls_time: Arc::new(DefaultTimeProvider),
            token_time: Arc::new(StdSystemTime),
            token_key: None,
            first_cid: None,
        })
    }
}

/// Connection ids without structure. Quinn's own bear a mark of the process that made them, and it then answers no others
/// with a reset; but those of the process before are just those that a restarted node must answer.
struct RandomIds(&'static dyn SecureRandom);

impl ConnectionIdGenerator for RandomIds {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut id = [0; RandomIds::LENGTH];
        self.0.fill(&mut id).expect("the system gives random numbers");
        ConnectionId::new(&id)
    }

    fn cid_len(&self) -> usize {
        RandomIds::LENGTH
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

impl RandomIds {
    const LENGTH: usize = 8;
}

/// The first address of `name` that a socket of that kind can reach: an IPv6 socket reaches both.
async fn look_up(name: String, ipv6: bool) -> io::Result<SocketAddr> {
    let mut addresses = tokio::net::lookup_host(name).await?;
    addresses.find(|found| ipv6 || found.is_ipv4()).ok_or_else(|| io::ErrorKind::NotFound.into())
}
