//! What the links tell about themselves. It only goes out: nothing here changes what they do.

use crate::close::DownReason;
use crate::failure::HandshakeFailure;
use bitcraps_actors::ports::{Address, LinkId};
use bitcraps_types::PublicKey;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Why a connection was turned away before its handshake. The other side gets the transport error
/// `CONNECTION_REFUSED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// As many inbound links as there may be.
    Full,
    /// As many inbound handshakes as there may be.
    Handshakes,
    /// As many of them from that source as there may be.
    Source,
}

impl Refused {
    /// Its name in metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Refused::Full => "full",
            Refused::Handshakes => "handshakes",
            Refused::Source => "source",
        }
    }
}

/// What an operator wants a line in the log for.
#[derive(Clone, Debug, PartialEq)]
pub enum QuicEvent {
    /// A link is open.
    Up {
        /// The link.
        link: LinkId,
        /// Whom it leads to.
        peer: PublicKey,
        /// Where that is.
        remote: SocketAddr,
        /// As dialed; `None` if the other side dialed.
        dialed: Option<Address>,
    },
    /// A link is closed.
    Down {
        /// The link.
        link: LinkId,
        /// Whom it led to.
        peer: PublicKey,
        /// Where that was.
        remote: SocketAddr,
        /// Why.
        why: DownReason,
        /// How it was.
        sample: LinkSample,
    },
    /// A connection was turned away before its handshake.
    Refused {
        /// Where it came from.
        remote: SocketAddr,
        /// Why.
        why: Refused,
    },
    /// A connection from outside did not become a link.
    InboundFailed {
        /// Where it came from.
        remote: SocketAddr,
        /// Why.
        why: HandshakeFailure,
        /// Whether it was the other side that gave up.
        by_peer: bool,
    },
    /// A dial did not become a link.
    DialFailed {
        /// As dialed.
        address: Address,
        /// Why.
        why: HandshakeFailure,
        /// Whether it was the other side that gave up.
        by_peer: bool,
    },
}

/// How one link is, by its own reckoning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkSample {
    /// The link.
    pub link: LinkId,
    /// Whom it leads to.
    pub peer: PublicKey,
    /// The round trip time.
    pub rtt: Duration,
    /// Packets sent.
    pub sent_packets: u64,
    /// Packets lost.
    pub lost_packets: u64,
    /// The congestion window in bytes.
    pub congestion_window: u64,
    /// The largest UDP payload of the path.
    pub path_mtu: u16,
    /// What waits for the stream, in bytes.
    pub queued: usize,
}

/// Sums over all links since the start. Any thread may read them.
#[derive(Debug, Default)]
pub struct Counters {
    /// Frames sent as datagrams.
    pub datagrams_out: AtomicU64,
    /// Their bytes.
    pub datagram_bytes_out: AtomicU64,
    /// Frames received as datagrams.
    pub datagrams_in: AtomicU64,
    /// Their bytes.
    pub datagram_bytes_in: AtomicU64,
    /// Frames queued for the stream.
    pub stream_frames_out: AtomicU64,
    /// Their bytes.
    pub stream_bytes_out: AtomicU64,
    /// Frames received over the stream.
    pub stream_frames_in: AtomicU64,
    /// Their bytes.
    pub stream_bytes_in: AtomicU64,
    /// Frames that were not sent: the queue was full, the frame too long, or the link gone.
    pub sends_refused: AtomicU64,
    /// Links opened by others.
    pub opened_inbound: AtomicU64,
    /// Links opened by this node.
    pub opened_outbound: AtomicU64,
    /// Connections asked to show that their address is theirs.
    pub retries: AtomicU64,
    /// Links gone, by [`DownReason::by`] and [`DownReason::label`].
    pub closed: Tally<(&'static str, &'static str)>,
    /// Connections turned away, by [`Refused::label`].
    pub refused: Tally<&'static str>,
    /// Inbound handshakes failed, by [`HandshakeFailure::label`].
    pub inbound_failed: Tally<&'static str>,
    /// Dials failed, by [`HandshakeFailure::label`].
    pub dials_failed: Tally<&'static str>,
}

/// Counts by label. For what is rare.
#[derive(Debug, Default)]
pub struct Tally<K: Ord>(Mutex<BTreeMap<K, u64>>);

impl<K: Ord + Copy> Tally<K> {
    /// How often `label` was counted.
    pub fn of(&self, label: K) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&label).copied().unwrap_or(0)
    }

    /// Every label that was counted at least once, with how often.
    pub fn all(&self) -> BTreeMap<K, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, label: K) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(label).or_default() += 1;
    }
}

/// Where counts and events go. [`Observer::default`] counts and says nothing.
pub struct Observer {
    /// Where counts go.
    pub counters: Arc<Counters>,
    /// Where events go. Called on the node's thread; must not call back into the links.
    pub event: Box<dyn Fn(&QuicEvent)>,
}

impl Default for Observer {
    fn default() -> Self {
        Observer { counters: Arc::default(), event: Box::new(|_| ()) }
    }
}

impl Observer {
    /// Counts an event and tells it.
    pub(crate) fn note(&self, event: &QuicEvent) {
        let counters = &self.counters;
        match event {
            QuicEvent::Up { dialed: None, .. } => add(&counters.opened_inbound, 1),
            QuicEvent::Up { dialed: Some(_), .. } => add(&counters.opened_outbound, 1),
            QuicEvent::Down { why, .. } => counters.closed.count((why.by(), why.label())),
            QuicEvent::Refused { why, .. } => counters.refused.count(why.label()),
            QuicEvent::InboundFailed { why, .. } => counters.inbound_failed.count(why.label()),
            QuicEvent::DialFailed { why, .. } => counters.dials_failed.count(why.label()),
        }
        (self.event)(event);
    }
}

/// Only one thread ever adds.
pub(crate) fn add(counter: &AtomicU64, amount: usize) {
    counter.fetch_add(amount as u64, Ordering::Relaxed);
}
