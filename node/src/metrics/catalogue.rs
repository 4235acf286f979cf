//! Every metric that a node exports. What is not here does not exist: the registry is filled from these, the
//! documentation is written from these, and a test compares dashboards and alerts with them.

use bitcraps_actors::ports::TURNED_AWAY;

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it is measured in, for people.
    pub unit: &'static str,
    /// What it tells.
    pub help: &'static str,
    /// How it is split up.
    pub labels: &'static [Label],
}

/// What a metric is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Only grows, save that it starts at 0 with the process.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution, counted in buckets with these upper bounds.
    Histogram(&'static [f64]),
}

/// A label with all its values.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Its values.
    pub values: Values,
}

/// The values of a label. They are few, whatever clients and peers do.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// These.
    Of(&'static [&'static str]),
    /// What this describes.
    Described(&'static str),
}

impl Kind {
    /// The word for it in the exposition format.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        }
    }
}

const fn metric(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    labels: &'static [Label],
    help: &'static str,
) -> Metric {
    Metric { name, kind, unit, help, labels }
}

const fn one_of(name: &'static str, values: &'static [&'static str]) -> Label {
    Label { name, values: Values::Of(values) }
}

const SHORT: &[f64] = &[0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
const ROUNDS: &[f64] = &[1.0, 2.0, 3.0, 4.0, 6.0, 10.0];

/// Where a decided block came from.
pub(super) const SOURCES: &[&str] = &["consensus", "sync"];
/// What became of a command that a block has.
pub(super) const VERDICTS: &[&str] = &["done", "refused"];
/// The kinds of messages that a validator signs.
pub(super) const SIGNED: &[&str] = &["proposal", "prevote", "precommit", "polka"];
/// Why a frame or a peer was turned away, as `bitcraps_actors::ports::Refusal` has it.
pub(super) const REFUSALS: &[&str] = &[
    "damaged_frame",
    "undecodable",
    "bad_signature",
    "malformed",
    "rate_limited",
    "overflow",
    "wrong_version",
    "wrong_genesis",
    "bad_proof",
    "handshake_timeout",
    "banned",
];
/// Who opened a link.
pub(super) const DIRECTIONS: &[&str] = &["in", "out"];
/// How frames travel.
pub(super) const CARRIERS: &[&str] = &["datagram", "stream"];
/// What the gateway refuses before it looks at a request.
pub(super) const REJECTIONS: &[&str] =
    &["rate", "queue_full", "draining", "too_large", "slow_client", "too_many_clients", "connections"];
/// What is done with the disk.
pub(super) const DISK_OPERATIONS: &[&str] = &["append", "read", "replace"];

const REASON: &[Label] = &[one_of("reason", &TURNED_AWAY)];
const LINK: &[Label] = &[one_of("direction", DIRECTIONS), one_of("carrier", CARRIERS)];
const LINK_REASON: Label =
    Label { name: "reason", values: Values::Described("why, as the links' module names it") };
const ROUTE: Label = Label { name: "route", values: Values::Described("the route's template, or `none`") };

/// See [`CATALOGUE`].
#[allow(missing_docs, reason = "each says what it is in its help")]
pub mod declared {
    use super::*;
    use Kind::{Counter, Gauge, Histogram};

    pub const BUILD: Metric = metric(
        "bitcraps_build_info",
        Gauge,
        "",
        &[Label { name: "version", values: Values::Described("the program's version") }],
        "Always 1; tells the version that runs.",
    );
    pub const START_TIME: Metric = metric(
        "bitcraps_process_start_time_seconds",
        Gauge,
        "seconds",
        &[],
        "When the process started, since 1970 by the wall clock.",
    );
    pub const HEIGHT: Metric =
        metric("bitcraps_height", Gauge, "blocks", &[], "The height of the last applied block.");
    pub const FAILED_ROUNDS: Metric = metric(
        "bitcraps_failed_rounds",
        Gauge,
        "rounds",
        &[],
        "How many rounds (PBFT: views) of the current height were given up; 0 when all goes well.",
    );
    pub const BLOCKS: Metric = metric(
        "bitcraps_blocks_decided_total",
        Counter,
        "blocks",
        &[one_of("source", SOURCES)],
        "Decided blocks, by whether this node's own engine saw the quorum or they came by block sync.",
    );
    pub const BLOCK_INTERVAL: Metric = metric(
        "bitcraps_block_interval_seconds",
        Histogram(&[0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0]),
        "seconds",
        &[],
        "Time between a block and the one before, by their proposers' clocks.",
    );
    pub const ROUNDS_PER_HEIGHT: Metric = metric(
        "bitcraps_rounds_per_height",
        Histogram(ROUNDS),
        "rounds",
        &[],
        "How many attempts deciding a height took: the rounds (PBFT: views) given up, and one; 1 is the best.",
    );
    pub const SIGNED_MESSAGES: Metric = metric(
        "bitcraps_messages_signed_total",
        Counter,
        "messages",
        &[one_of("kind", SIGNED)],
        "Consensus messages that this node signed.",
    );
    pub const ACCUSATIONS: Metric = metric(
        "bitcraps_accusations_total",
        Counter,
        "proofs",
        &[],
        "Proofs of misbehaviour that this node saw.",
    );
    pub const OFFENCES: Metric = metric(
        "bitcraps_offences_recorded_total",
        Counter,
        "offences",
        &[],
        "Offences of validators that blocks recorded.",
    );
    pub const BAD_DICE: Metric = metric(
        "bitcraps_bad_dice_total",
        Counter,
        "validators",
        &[],
        "Wrong parts of a dice signature that validators sent.",
    );
    pub const DICE_EVIDENCE: Metric = metric(
        "bitcraps_dice_evidence",
        Gauge,
        "",
        &[],
        "How strongly the rolls since the process started speak against fair dice: the decimal logarithm of an e-value; about 0 or below for fair dice.",
    );
    pub const DICE_ALARM: Metric = metric(
        "bitcraps_dice_alarm",
        Gauge,
        "",
        &[],
        "1: the evidence against the dice once reached 6, which fair dice do in one process of a million at most.",
    );
    pub const COMMANDS_ACCEPTED: Metric = metric(
        "bitcraps_commands_accepted_total",
        Counter,
        "commands",
        &[],
        "Commands taken into the mempool, from clients and from peers.",
    );
    pub const COMMANDS_REFUSED: Metric = metric(
        "bitcraps_commands_refused_total",
        Counter,
        "commands",
        REASON,
        "Commands that the mempool turned away or gave up.",
    );
    pub const COMMANDS_SETTLED: Metric = metric(
        "bitcraps_commands_settled_total",
        Counter,
        "commands",
        &[one_of("verdict", VERDICTS)],
        "Commands in applied blocks, by whether they were done or changed nothing.",
    );
    pub const MEMPOOL_COMMANDS: Metric =
        metric("bitcraps_mempool_commands", Gauge, "commands", &[], "Commands that wait for a block.");
    pub const MEMPOOL_BYTES: Metric =
        metric("bitcraps_mempool_bytes", Gauge, "bytes", &[], "Their encoded length.");
    pub const MEMPOOL_BLOBS: Metric = metric(
        "bitcraps_mempool_blobs",
        Gauge,
        "blobs",
        &[],
        "Blobs of this node's own clients that wait for a block.",
    );
    pub const MEMPOOL_BLOB_BYTES: Metric =
        metric("bitcraps_mempool_blob_bytes", Gauge, "bytes", &[], "Their length.");
    pub const BLOBS: Metric =
        metric("bitcraps_blobs_total", Counter, "blobs", &[], "Blobs in applied blocks.");
    pub const BLOB_BYTES: Metric =
        metric("bitcraps_blob_bytes_total", Counter, "bytes", &[], "Their length.");
    pub const PEERS: Metric =
        metric("bitcraps_peers", Gauge, "peers", &[], "Connected peers that proved their key.");
    pub const PEERS_KNOWN: Metric =
        metric("bitcraps_peers_known", Gauge, "peers", &[], "Peers of the configuration.");
    pub const REFUSED: Metric = metric(
        "bitcraps_refusals_total",
        Counter,
        "refusals",
        &[one_of("kind", REFUSALS)],
        "Frames and peers that were turned away.",
    );
    pub const SYNC_STARTED: Metric =
        metric("bitcraps_sync_started_total", Counter, "times", &[], "How often the node fell behind.");
    pub const SYNC_TARGET: Metric = metric(
        "bitcraps_sync_target_height",
        Gauge,
        "blocks",
        &[],
        "What more than a third of the power claimed when the node last fell behind.",
    );
    pub const STATE_SYNCS: Metric = metric(
        "bitcraps_state_syncs_total",
        Counter,
        "times",
        &[],
        "States taken over from a peer's snapshot.",
    );
    pub const LINKS: Metric = metric("bitcraps_links", Gauge, "links", &[], "Open links.");
    pub const LINKS_OPENED: Metric = metric(
        "bitcraps_links_opened_total",
        Counter,
        "links",
        &[one_of("direction", DIRECTIONS)],
        "Links that were opened, by whether others or this node did it.",
    );
    pub const LINKS_CLOSED: Metric = metric(
        "bitcraps_links_closed_total",
        Counter,
        "links",
        &[Label { name: "by", values: Values::Described("who closed it") }, LINK_REASON],
        "Links that were closed.",
    );
    pub const LINKS_FAILED: Metric = metric(
        "bitcraps_links_failed_total",
        Counter,
        "handshakes",
        &[one_of("direction", DIRECTIONS), LINK_REASON],
        "Handshakes of links that failed.",
    );
    pub const LINKS_TURNED_AWAY: Metric = metric(
        "bitcraps_links_turned_away_total",
        Counter,
        "connections",
        &[LINK_REASON],
        "Connections turned away before their handshake.",
    );
    pub const LINK_FRAMES: Metric =
        metric("bitcraps_link_frames_total", Counter, "frames", LINK, "Frames that came in or went out.");
    pub const LINK_BYTES: Metric =
        metric("bitcraps_link_bytes_total", Counter, "bytes", LINK, "The bytes of those frames.");
    pub const LINK_REFUSED: Metric = metric(
        "bitcraps_link_refused_sends_total",
        Counter,
        "frames",
        &[],
        "Frames that a link did not take because its queue was full or it was gone.",
    );
    pub const HTTP_REQUESTS: Metric = metric(
        "bitcraps_http_requests_total",
        Counter,
        "requests",
        &[ROUTE, Label { name: "status", values: Values::Described("the status code") }],
        "Answered requests of the gateway.",
    );
    pub const HTTP_LATENCY: Metric = metric(
        "bitcraps_http_request_duration_seconds",
        Histogram(SHORT),
        "seconds",
        &[ROUTE],
        "From a request's head to its answer's. Long polls count as long as they wait.",
    );
    pub const HTTP_REJECTED: Metric = metric(
        "bitcraps_http_rejected_total",
        Counter,
        "requests",
        &[one_of("reason", REJECTIONS)],
        "Requests and clients that the gateway refused to serve.",
    );
    pub const WEBSOCKETS: Metric = metric(
        "bitcraps_websocket_clients",
        Gauge,
        "clients",
        &[],
        "Clients that watch the stream of events.",
    );
    pub const DISK_SYNC: Metric = metric(
        "bitcraps_disk_sync_seconds",
        Histogram(SHORT),
        "seconds",
        &[],
        "How long making writes durable took.",
    );
    pub const DISK_BYTES: Metric = metric(
        "bitcraps_disk_bytes_total",
        Counter,
        "bytes",
        &[one_of("operation", DISK_OPERATIONS)],
        "Bytes read and written.",
    );
    pub const DISK_ERRORS: Metric =
        metric("bitcraps_disk_errors_total", Counter, "errors", &[], "Disk operations that failed.");
    pub const ARCHIVE_FAILED: Metric = metric(
        "bitcraps_archive_failed",
        Gauge,
        "",
        &[],
        "1: a write of the archive failed, and nothing is archived until the node is started again.",
    );
}

use declared::*;

/// All of them, in the order of the documentation.
pub const CATALOGUE: &[Metric] = &[
    BUILD,
    START_TIME,
    HEIGHT,
    FAILED_ROUNDS,
    BLOCKS,
    BLOCK_INTERVAL,
    ROUNDS_PER_HEIGHT,
    SIGNED_MESSAGES,
    ACCUSATIONS,
    OFFENCES,
    BAD_DICE,
    DICE_EVIDENCE,
    DICE_ALARM,
    COMMANDS_ACCEPTED,
    COMMANDS_REFUSED,
    COMMANDS_SETTLED,
    MEMPOOL_COMMANDS,
    MEMPOOL_BYTES,
    MEMPOOL_BLOBS,
    MEMPOOL_BLOB_BYTES,
    BLOBS,
    BLOB_BYTES,
    PEERS,
    PEERS_KNOWN,
    REFUSED,
    SYNC_STARTED,
    SYNC_TARGET,
    STATE_SYNCS,
    LINKS,
    LINKS_OPENED,
    LINKS_CLOSED,
    LINKS_FAILED,
    LINKS_TURNED_AWAY,
    LINK_FRAMES,
    LINK_BYTES,
    LINK_REFUSED,
    HTTP_REQUESTS,
    HTTP_LATENCY,
    HTTP_REJECTED,
    WEBSOCKETS,
    DISK_SYNC,
    DISK_BYTES,
    DISK_ERRORS,
    ARCHIVE_FAILED,
];
