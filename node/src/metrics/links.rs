//! What the links count. They keep sums of their own, on the node's thread; a scrape takes these over.

use super::catalogue::{CARRIERS, DIRECTIONS};
use super::{Maker, declared};
use prometheus::{IntCounter, IntCounterVec, IntGauge};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What the links did since the process started. Arrays are by direction (in, out), then by carrier (datagram, stream).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkCounts {
    /// Frames.
    pub frames: [[u64; 2]; 2],
    /// Their bytes.
    pub bytes: [[u64; 2]; 2],
    /// Frames that were not sent: a queue was full, or the link gone.
    pub refused_sends: u64,
    /// Links opened by others, and by this node.
    pub opened: [u64; 2],
    /// Links closed: by whom and why.
    pub closed: BTreeMap<(&'static str, &'static str), u64>,
    /// Handshakes that failed, of others and of this node, by why.
    pub failed: [BTreeMap<&'static str, u64>; 2],
    /// Connections turned away before a handshake, by why.
    pub turned_away: BTreeMap<&'static str, u64>,
}

/// Where the sums come from.
pub type LinkSource = Box<dyn Fn() -> LinkCounts + Send + Sync>;

/// See the module.
pub(super) struct LinkMetrics {
    source: OnceLock<LinkSource>,
    open: IntGauge,
    opened: [IntCounter; 2],
    closed: IntCounterVec,
    failed: IntCounterVec,
    turned_away: IntCounterVec,
    frames: [[IntCounter; 2]; 2],
    bytes: [[IntCounter; 2]; 2],
    refused_sends: IntCounter,
}

impl LinkMetrics {
    pub(super) fn new(make: &Maker) -> LinkMetrics {
        let (frames, bytes) = (make.counters(&declared::LINK_FRAMES), make.counters(&declared::LINK_BYTES));
        let each = |counters: &IntCounterVec| {
            [0, 1].map(|way| [0, 1].map(|by| counters.with_label_values(&[DIRECTIONS[way], CARRIERS[by]])))
        };
        let opened = make.counters(&declared::LINKS_OPENED);
        LinkMetrics {
            source: OnceLock::new(),
            open: make.gauge(&declared::LINKS),
            opened: DIRECTIONS_2.map(|way| opened.with_label_values(&[way])),
            closed: make.counters(&declared::LINKS_CLOSED),
            failed: make.counters(&declared::LINKS_FAILED),
            turned_away: make.counters(&declared::LINKS_TURNED_AWAY),
            frames: each(&frames),
            bytes: each(&bytes),
            refused_sends: make.counter(&declared::LINK_REFUSED),
        }
    }

    pub(super) fn set_source(&self, source: LinkSource) {
        // A second source would make counters jump: the first one stays.
        let _ = self.source.set(source);
    }

    /// Takes the sums over.
    pub(super) fn refresh(&self) {
        let Some(source) = self.source.get() else { return };
        let counts = source();
        for (way, direction) in DIRECTIONS.iter().enumerate() {
            raise(&self.opened[way], counts.opened[way]);
            for carrier in 0..2 {
                raise(&self.frames[way][carrier], counts.frames[way][carrier]);
                raise(&self.bytes[way][carrier], counts.bytes[way][carrier]);
            }
            for (why, count) in &counts.failed[way] {
                raise(&self.failed.with_label_values(&[direction, why]), *count);
            }
        }
        for ((by, why), count) in &counts.closed {
            raise(&self.closed.with_label_values(&[by, why]), *count);
        }
        for (why, count) in &counts.turned_away {
            raise(&self.turned_away.with_label_values(&[why]), *count);
        }
        raise(&self.refused_sends, counts.refused_sends);
        let opened: u64 = counts.opened.iter().sum();
        let closed: u64 = counts.closed.values().sum();
        self.open.set(super::signed(opened.saturating_sub(closed)));
    }
}

const DIRECTIONS_2: [&str; 2] = [DIRECTIONS[0], DIRECTIONS[1]];

/// Brings a counter up to a sum.
fn raise(counter: &IntCounter, sum: u64) {
    counter.inc_by(sum.saturating_sub(counter.get()));
}
