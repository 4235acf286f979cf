//! What the gateway needs of its node, and its own limits.

use super::health::Health;
use super::limiter::{Limiter, Rate};
use crate::metrics::Metrics;
use crate::view::View;
use bitcraps_actors::committee::validators;
use bitcraps_actors::files::Decided;
use bitcraps_casino::{Blobs, Committee, Genesis, Handover, SignedCommand};
use bitcraps_consensus::{ValidatorSet, ValidatorSetError};
use bitcraps_types::{ChainId, Digest, Height, PublicKey};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Looks an old block up, with its proof. Called on a thread where it may block.
pub type Archive = Arc<dyn Fn(Height) -> Option<Decided> + Send + Sync>;

/// Looks up in which old block a command stands. Called on a thread where it may block.
pub type CommandIndex = Arc<dyn Fn(Digest) -> Option<Height> + Send + Sync>;

/// Blobs on their way to the node's thread, and who waits to hear how many of the first it took.
pub type BlobsHandedIn = (Blobs, oneshot::Sender<usize>);

/// A handover on its way to the node's thread, and who waits to hear whether it may happen.
pub type HandoverHandedIn = (Handover, oneshot::Sender<Result<(), String>>);

/// A node as the gateway sees it. The node's builder fills it.
pub struct Node {
    /// What the node knows.
    pub view: Arc<View>,
    /// The network.
    pub genesis: Arc<Genesis>,
    /// The node's own key.
    pub me: PublicKey,
    /// The way of commands, once their signatures are checked, to the node's thread. Bounded: when it is full, clients
    /// are told to come again.
    pub submit: mpsc::Sender<SignedCommand>,
    /// The way of blobs to the node's thread. Bounded too.
    pub blobs: mpsc::Sender<BlobsHandedIn>,
    /// The way of handovers to the node's thread. Bounded too.
    pub handovers: mpsc::Sender<HandoverHandedIn>,
    /// How the node is.
    pub health: Arc<Health>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Blocks that the view no longer has.
    pub archive: Archive,
    /// Commands that the view no longer has.
    pub command_index: CommandIndex,
    /// The program's version.
    pub version: &'static str,
}

/// Where the gateway listens, and its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayConfig {
    /// For clients.
    pub listen: SocketAddr,
    /// For the operator: metrics, health. Not to be reachable from outside.
    pub admin: SocketAddr,
    /// Threads that serve clients.
    pub workers: usize,
    /// The longest body, in bytes.
    pub max_body: usize,
    /// The most connections of one thread.
    pub max_connections: usize,
    /// The most connections of one address; `None`: any number.
    pub max_connections_per_address: Option<usize>,
    /// The most clients that watch the stream of events.
    pub max_websockets: usize,
    /// What one address may send; `None`: any number.
    pub rate: Option<Rate>,
    /// How long a request may take to come, and an answer to be made.
    pub timeout: Duration,
    /// How long a connection may wait for its next request.
    pub keep_alive: Duration,
    /// How long a client may keep what is sent to it waiting; after that it must take 64 KiB per second, or its
    /// connection is cut.
    pub stall: Duration,
    /// The longest that a client may wait for a command.
    pub max_wait: Duration,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        let loopback = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        GatewayConfig {
            listen: loopback(8080),
            admin: loopback(9090),
            workers: 2,
            max_body: 128 << 10,
            max_connections: 4096,
            max_connections_per_address: Some(64),
            max_websockets: 1024,
            rate: Some(Rate { per_second: 200, burst: 400 }),
            timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(30),
            stall: Duration::from_secs(10),
            max_wait: Duration::from_secs(30),
        }
    }
}

/// What the handlers share.
pub(super) struct Service {
    pub(super) view: Arc<View>,
    pub(super) genesis: Arc<Genesis>,
    pub(super) chain: ChainId,
    pub(super) me: PublicKey,
    /// Of the genesis.
    first: ValidatorSet,
    pub(super) submit: mpsc::Sender<SignedCommand>,
    pub(super) blobs: mpsc::Sender<BlobsHandedIn>,
    pub(super) handovers: mpsc::Sender<HandoverHandedIn>,
    pub(super) health: Arc<Health>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) archive: Archive,
    pub(super) command_index: CommandIndex,
    pub(super) version: &'static str,
    pub(super) limiter: Option<Mutex<Limiter>>,
    pub(super) watching: AtomicUsize,
    pub(super) config: GatewayConfig,
}

impl Service {
    pub(super) fn new(node: Node, config: GatewayConfig) -> Result<Service, ValidatorSetError> {
        let Node {
            view,
            genesis,
            me,
            submit,
            blobs,
            handovers,
            health,
            metrics,
            archive,
            command_index,
            version,
        } = node;
        Ok(Service {
            chain: genesis.chain_id(),
            view,
            first: validators(&Committee::of_genesis(&genesis))?,
            genesis,
            me,
            submit,
            blobs,
            handovers,
            health,
            metrics,
            archive,
            command_index,
            version,
            limiter: config.rate.map(|rate| Mutex::new(Limiter::new(rate))),
            watching: AtomicUsize::new(0),
            config,
        })
    }

    /// Who decides the next block; until the node has a state, the validators of the genesis.
    pub(super) fn validators(&self) -> ValidatorSet {
        self.view.validators().unwrap_or_else(|| self.first.clone())
    }
}
