//! A whole node in this process: the actors in the world of production, what watches them, and the gateway.
//!
//! [`Node::start`] prepares all that can fail for an operator's reasons (the home, the key, the sign-state, the ports),
//! then starts the node's own thread, on which the actors, the links and their timers live. Everything else that runs
//! only sees events, hands in commands, or asks the node to stop.

mod watched;

use crate::address_book::AddressBook;
use crate::archive::{Archive, ArchiveError};
use crate::config::Config;
use crate::dice::{self, KeysOfNode};
use crate::event_log::EventLog;
use crate::gateway::{self, BlobsHandedIn, Gateway, GatewayError, HandoverHandedIn, Health};
use crate::home::{Home, HomeError, HomeLock};
use crate::keys::SecretKey;
use crate::metrics::{LinkCounts, Metrics};
use crate::open_files;
use crate::sign_state::{Finding, SignState};
use crate::view::View;
use crate::world::disk::{self, Files};
use crate::world::{Fenced, Halted, Inline, OsEntropy, SystemClock};
use bitcraps_actors::config::NodeConfig;
use bitcraps_actors::files::{BLOCKS, CONSENSUS, SNAPSHOT, chain_end, decided_blocks};
use bitcraps_actors::ports::{Clock, Ports};
use bitcraps_actors::{JournalError, node};
use bitcraps_casino::SignedCommand;
use bitcraps_quic::{BindError, Counters, Identity, Observer, QuicConfig, QuicEvent, QuicLinks};
use bitcraps_types::ed25519::Ed25519Verifier;
use bitcraps_types::{Height, PublicKey};
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc as std_mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;
use watched::Watched;

/// The program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What this build has and a production build has not. A build of the whole workspace, testbed included, has the hooks
/// in the actors, but nothing that could use them.
pub const FEATURES: &[&str] = match (cfg!(feature = "byzantine"), bitcraps_actors::BYZANTINE) {
    (true, _) => &["byzantine"],
    (false, true) => &["byzantine-hooks"],
    (false, false) => &[],
};

/// How often the node's loop says that it runs.
const TICK: Duration = Duration::from_millis(500);
/// How long peers may take to hear that this node goes.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a node can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// A file of the data directory.
    #[error("{path}: {error}")]
    Io {
        /// Where.
        path: PathBuf,
        /// How.
        error: io::Error,
    },
    /// The blocks in the data directory.
    #[error("the chain in the data directory: {0}")]
    Blocks(JournalError),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The links.
    #[error(transparent)]
    Links(#[from] BindError),
    /// The gateway.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Entropy(getrandom::Error),
    /// A thread or a runtime.
    #[error("can't start a thread: {0}")]
    Thread(io::Error),
    /// The node's thread died.
    #[error("the node's thread died at its start")]
    Died,
}

/// What one start is told beside the configuration.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// Sign nothing at this height or below.
    pub sign_above: Option<Height>,
    /// Write every event to this file.
    pub event_log: Option<PathBuf>,
    /// Take orders to misbehave on this socket.
    #[cfg(feature = "byzantine")]
    pub control: Option<PathBuf>,
}

/// How a node ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to.
    Stopped,
    /// It could not go on.
    Halted {
        /// Why.
        why: String,
        /// Whose fault it is.
        cause: Cause,
    },
}

/// Why a node could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The disk failed.
    Disk,
    /// It did not come so far as to start: its files hold what they should not.
    Files,
    /// The program is wrong, or what others decided.
    Bug,
}

/// What is told to the node's thread.
enum Control {
    Stop,
    Halt(String),
    /// These peers may not connect; all others may.
    Denied(BTreeSet<PublicKey>),
}

/// A running node. To end it, call [`Node::stop`].
pub struct Node {
    /// What it knows.
    pub view: Arc<View>,
    /// What it counts.
    pub metrics: Arc<Metrics>,
    /// How it is.
    pub health: Arc<Health>,
    /// All its blocks.
    pub archive: Arc<Archive>,
    /// When its peers were last seen.
    pub book: Arc<AddressBook>,
    /// Its clock.
    pub clock: SystemClock,
    /// Where other nodes reach it.
    pub address: SocketAddr,
    gateway: Option<Gateway>,
    control: UnboundedSender<Control>,
    thread: Option<JoinHandle<Ended>>,
    _lock: HomeLock,
}

impl Node {
    /// Starts the node of a home. It has its ports when this returns; its state it restores after that.
    pub fn start(home: &Home, config: &Config, launch: &Launch) -> Result<Node, StartError> {
        let lock = home.lock()?;
        // Not before the home is ours: the files in their places may be those of the node that runs there.
        let failed = |path: &Path, error| StartError::Io { path: path.into(), error };
        let event_log = launch.event_log.as_deref();
        let event_log =
            event_log.map(|path| EventLog::create(path).map_err(|error| failed(path, error))).transpose()?;
        #[cfg(feature = "byzantine")]
        let orders = launch
            .control
            .as_deref()
            .map(|path| crate::byzantine::Control::bind(path).map_err(|error| failed(path, error)))
            .transpose()?;
        let genesis = Arc::new(home.read_genesis()?);
        let key = home.read_key().map_err(HomeError::from)?;
        dice::of_node(&genesis, &key.public(), &home.dice_shares()).map_err(HomeError::from)?;
        let dice = KeysOfNode { me: key.public(), directory: home.keys() };
        let clock = SystemClock::new();
        let (sign_state, floor) = take_sign_state(home, &key, &genesis.chain_id(), launch.sign_above)?;
        let archive = Arc::new(open_archive(home)?);
        let health = Arc::new(Health::new(Arc::new(move || clock.now())));
        let watched = Watched {
            health: health.clone(),
            view: Arc::new(View::new()),
            metrics: Arc::new(Metrics::new(VERSION, clock.wall())),
            archive: archive.clone(),
            book: Arc::new(AddressBook::open(home.address_book(), &config.p2p.peers)),
            clock,
            event_log: event_log.map(Arc::new),
        };
        let counters = Arc::new(Counters::default());
        let counted = counters.clone();
        watched.metrics.knows(config.p2p.peers.len());
        watched.metrics.links_from(Box::new(move || link_counts(&counted)));
        let (ways, handed_in) = ways();
        let (control, controlled) = unbounded_channel();
        let me = key.public();
        let parts = Parts {
            key,
            dice,
            config: config.node(genesis.clone(), floor),
            listen: config.p2p.listen,
            quic: QuicConfig { max_inbound: config.p2p.max_inbound, ..QuicConfig::default() },
            denied: config.p2p.denied(&config.p2p.peers),
            entropy: OsEntropy::new().map_err(StartError::Entropy)?,
            data: home.data(),
            sign_state,
            watched: watched.clone(),
            counters,
            handed_in,
            control: control.clone(),
            #[cfg(feature = "byzantine")]
            orders,
        };
        let (tell, told) = std_mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("bitcraps-node".into())
            .spawn(move || run(parts, controlled, tell))
            .map_err(StartError::Thread)?;
        let address = told.recv().map_err(|_| StartError::Died)??;
        let Watched { view, metrics, book, .. } = watched;
        let mut started = Node {
            view,
            metrics,
            health,
            archive,
            book,
            clock,
            address,
            gateway: None,
            control,
            thread: Some(thread),
            _lock: lock,
        };
        match started.start_gateway(config, genesis, me, ways) {
            Ok(gateway) => {
                started.gateway = Some(gateway);
                Ok(started)
            }
            Err(error) => {
                started.stop();
                Err(error.into())
            }
        }
    }

    fn start_gateway(
        &self,
        config: &Config,
        genesis: Arc<bitcraps_casino::Genesis>,
        me: PublicKey,
        ways: Ways,
    ) -> Result<Gateway, GatewayError> {
        let (archive, index) = (self.archive.clone(), self.archive.clone());
        let node = gateway::Node {
            view: self.view.clone(),
            genesis,
            me,
            submit: ways.commands,
            blobs: ways.blobs,
            handovers: ways.handovers,
            health: self.health.clone(),
            metrics: self.metrics.clone(),
            archive: Arc::new(move |height| {
                archive.block(height).unwrap_or_else(|error| {
                    tracing::error!(%error, height, "a block can't be read");
                    None
                })
            }),
            command_index: Arc::new(move |id| {
                index.command(&id).unwrap_or_else(|error| {
                    tracing::error!(%error, command = %id, "a command can't be looked up");
                    None
                })
            }),
            version: VERSION,
        };
        let mut limits = config.gateway.clone();
        let asked = limits.max_connections;
        limits.max_connections =
            open_files::connections_within(open_files::raise_limit(), limits.workers, asked);
        if limits.max_connections < asked {
            tracing::warn!(
                asked,
                granted = limits.max_connections,
                "fewer connections per thread than configured: the process may open too few files"
            );
        }
        gateway::start(node, limits)
    }

    /// Where players reach it.
    pub fn gateway_address(&self) -> Option<SocketAddr> {
        self.gateway.as_ref().map(Gateway::address)
    }

    /// Where its operator does.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.gateway.as_ref().map(Gateway::admin_address)
    }

    /// Whether it ended by itself.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Lets all peers connect but these.
    pub fn deny(&self, denied: BTreeSet<PublicKey>) {
        // If it has ended, there is nobody to deny.
        let _ = self.control.send(Control::Denied(denied));
    }

    /// Stops it in order: no more clients, no more peers, then everything that it holds goes to the disk.
    pub fn stop(mut self) -> Ended {
        self.health.drain();
        if let Some(gateway) = self.gateway.take() {
            gateway.stop();
        }
        let _ = self.control.send(Control::Stop);
        let ended = self.thread.take().map(JoinHandle::join);
        self.archive.close();
        if let Err(error) = self.book.save(self.clock.wall()) {
            tracing::warn!(%error, "the address book can't be written");
        }
        match ended {
            Some(Ok(ended)) => ended,
            _ => Ended::Halted { why: "the node's thread panicked".into(), cause: Cause::Bug },
        }
    }
}

/// Holds the journal on the disk against the sign-state, and does what that asks for.
fn take_sign_state(
    home: &Home,
    key: &SecretKey,
    chain: &bitcraps_types::ChainId,
    sign_above: Option<Height>,
) -> Result<(SignState, Height), StartError> {
    let path = home.data().join(CONSENSUS);
    let failed = |error| StartError::Io { path: path.clone(), error };
    let read = |name: &str| {
        let path = home.data().join(name);
        disk::read(&path).map_err(|error| StartError::Io { path, error })
    };
    let journal = read(CONSENSUS)?;
    let chain_end = chain_end(&read(SNAPSHOT)?, &read(BLOCKS)?).map_err(StartError::Blocks)?;
    let opened = SignState::open(&home.sign_state(), &key.public(), chain, &journal, chain_end, sign_above);
    let (state, recovery) = opened.map_err(HomeError::from)?;
    if recovery.finding == Finding::Stale {
        tracing::warn!(
            floor = recovery.floor,
            "the consensus journal is not the one that this key signed by (a restored backup?): the node follows \
             without a voice up to the floor"
        );
    }
    if let Some(content) = recovery.replace_journal {
        disk::replace(&path, &content).map_err(failed)?;
    }
    Ok((state, recovery.floor))
}

/// Opens the archive, and takes in from the node's own file what is missing in it.
fn open_archive(home: &Home) -> Result<Archive, StartError> {
    let archive = Archive::open(&home.archive())?;
    let path = home.data().join(BLOCKS);
    let blocks = disk::read(&path).map_err(|error| StartError::Io { path, error })?;
    let filled = archive.fill(decided_blocks(&blocks).map_err(StartError::Blocks)?)?;
    if filled > 0 {
        tracing::info!(blocks = filled, "taken into the archive");
    }
    Ok(archive)
}

/// The ways of what clients hand in, at the gateway's end.
struct Ways {
    commands: mpsc::Sender<SignedCommand>,
    blobs: mpsc::Sender<BlobsHandedIn>,
    handovers: mpsc::Sender<HandoverHandedIn>,
}

/// And at the end of the node's thread.
struct HandedIn {
    commands: mpsc::Receiver<SignedCommand>,
    blobs: mpsc::Receiver<BlobsHandedIn>,
    handovers: mpsc::Receiver<HandoverHandedIn>,
}

fn ways() -> (Ways, HandedIn) {
    let (commands, of_commands) = gateway::queue();
    let (blobs, of_blobs) = gateway::blob_queue();
    let (handovers, of_handovers) = gateway::handover_queue();
    (
        Ways { commands, blobs, handovers },
        HandedIn { commands: of_commands, blobs: of_blobs, handovers: of_handovers },
    )
}

/// What the node's thread is made of.
struct Parts {
    key: SecretKey,
    dice: KeysOfNode,
    config: NodeConfig,
    listen: SocketAddr,
    quic: QuicConfig,
    denied: BTreeSet<PublicKey>,
    entropy: OsEntropy,
    data: PathBuf,
    sign_state: SignState,
    watched: Watched,
    counters: Arc<Counters>,
    handed_in: HandedIn,
    control: UnboundedSender<Control>,
    #[cfg(feature = "byzantine")]
    orders: Option<crate::byzantine::Control>,
}

type Ready = std_mpsc::Sender<Result<SocketAddr, StartError>>;

/// The node's thread.
fn run(parts: Parts, control: UnboundedReceiver<Control>, ready: Ready) -> Ended {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let why = error.to_string();
            // Whoever started the thread waits for this.
            let _ = ready.send(Err(StartError::Thread(error)));
            return Ended::Halted { why, cause: Cause::Bug };
        }
    };
    LocalSet::new().block_on(&runtime, live(parts, control, ready))
}

/// From the first port to the last byte.
async fn live(parts: Parts, mut control: UnboundedReceiver<Control>, ready: Ready) -> Ended {
    let health = parts.watched.health.clone();
    let mut denied = parts.denied.clone();
    let (files, links) = match assemble(parts, &ready) {
        Ok(assembled) => assembled,
        Err(error) => {
            let why = error.to_string();
            let _ = ready.send(Err(error));
            return Ended::Halted { why, cause: Cause::Bug };
        }
    };
    let halted = loop {
        match control.recv().await {
            Some(Control::Denied(now)) => {
                denied.difference(&now).for_each(|key| links.pardon(key));
                now.difference(&denied).for_each(|key| links.deny(*key));
                denied = now;
            }
            Some(Control::Halt(why)) => break Some(why),
            Some(Control::Stop) | None => break None,
        }
    };
    let disk_failed = files.failure().is_some();
    if disk_failed {
        health.disk_failed();
    }
    links.shutdown();
    // Peers that don't answer notice by themselves.
    let _ = tokio::time::timeout(FAREWELL, links.closed()).await;
    match (halted, files.close()) {
        (Some(why), closed) => {
            let cause = match closed {
                Err(_) => Cause::Disk,
                Ok(()) if disk_failed => Cause::Disk,
                Ok(()) if !health.has_restored() => Cause::Files,
                Ok(()) => Cause::Bug,
            };
            Ended::Halted { why, cause }
        }
        (None, Err(error)) => Ended::Halted { why: format!("the last writes: {error}"), cause: Cause::Disk },
        (None, Ok(())) => Ended::Stopped,
    }
}

/// Builds the ports and starts the actors.
fn assemble(parts: Parts, ready: &Ready) -> Result<(Files, Rc<QuicLinks>), StartError> {
    let Parts { key, dice, config, listen, quic, denied, entropy, data, sign_state, watched, .. } = parts;
    let (clock, health) = (watched.clock, watched.health.clone());
    let files = Files::open(&data, Some(sign_state), watched.metrics.clone()).map_err(StartError::Thread)?;
    let observer = Observer { counters: parts.counters, event: Box::new(log_links) };
    let identity = Identity::from_seed(key.seed());
    let links = Rc::new(QuicLinks::bind(listen, identity, &config.peers, denied, quic, observer)?);
    let address = links.local_address().map_err(StartError::Thread)?;
    let (control, halted) = (parts.control, Halted::default());
    let ports = Ports::honest(
        Rc::new(clock),
        Rc::new(entropy),
        links.clone(),
        files.port(),
        Rc::new(Inline),
        Rc::new(key.signer()),
        Rc::new(Ed25519Verifier),
        Rc::new(dice),
        Rc::new(Fenced { probe: watched, halted: halted.clone() }),
        Rc::new(move |why: &str| {
            if halted.halt() {
                tracing::error!(why, "the node can't go on");
                let _ = control.send(Control::Halt(why.into()));
            }
        }),
    );
    #[cfg(feature = "byzantine")]
    let ports = match parts.orders {
        Some(orders) => orders.take_over(ports, &config.genesis).map_err(StartError::Thread)?,
        None => ports,
    };
    let handle = node::start(ports, config);
    tokio::task::spawn_local(async move {
        loop {
            health.tick();
            tokio::time::sleep(TICK).await;
        }
    });
    let HandedIn { commands, blobs, handovers } = parts.handed_in;
    tokio::task::spawn_local(gateway::hand_on(commands, handle.clone()));
    tokio::task::spawn_local(gateway::hand_on_blobs(blobs, handle.clone()));
    tokio::task::spawn_local(gateway::hand_on_handovers(handovers, handle));
    // Whoever started the thread waits for this.
    let _ = ready.send(Ok(address));
    Ok((files, links))
}

/// The log line of what happens on links. What strangers can cause at will is told at the level `debug` only.
fn log_links(event: &QuicEvent) {
    match event {
        QuicEvent::Up { peer, remote, dialed, .. } => {
            let (peer, dialed) = (crate::hex::encode(&peer.0), dialed.is_some());
            tracing::debug!(peer, %remote, dialed, "a link is open");
        }
        QuicEvent::Down { peer, remote, why, .. } => {
            tracing::debug!(peer = crate::hex::encode(&peer.0), %remote, ?why, "a link is closed");
        }
        QuicEvent::Refused { remote, why } => tracing::debug!(%remote, ?why, "a connection is turned away"),
        QuicEvent::InboundFailed { remote, why, by_peer } => {
            tracing::debug!(%remote, ?why, by_peer, "a connection from outside failed");
        }
        QuicEvent::DialFailed { address, why, by_peer } => {
            tracing::debug!(address = address.0, ?why, by_peer, "a dial failed");
        }
    }
}

/// The links' sums, as the metrics take them.
fn link_counts(counters: &Counters) -> LinkCounts {
    let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    LinkCounts {
        frames: [
            [read(&counters.datagrams_in), read(&counters.stream_frames_in)],
            [read(&counters.datagrams_out), read(&counters.stream_frames_out)],
        ],
        bytes: [
            [read(&counters.datagram_bytes_in), read(&counters.stream_bytes_in)],
            [read(&counters.datagram_bytes_out), read(&counters.stream_bytes_out)],
        ],
        refused_sends: read(&counters.sends_refused),
        opened: [read(&counters.opened_inbound), read(&counters.opened_outbound)],
        closed: counters.closed.all(),
        failed: [counters.inbound_failed.all(), counters.dials_failed.all()],
        turned_away: counters.refused.all(),
    }
}
