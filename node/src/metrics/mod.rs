//! What a node counts: one registry per node, filled from the catalogue. Never the global one, so that several nodes
//! can live in one process.
//!
//! The probe's events go to [`Metrics::event`]; what has no events (links, requests, the disk) has handles here, which
//! its owner keeps. Serving the text is the gateway's business.

mod catalogue;
mod links;
mod markdown;
#[cfg(test)]
mod tests;

pub use catalogue::{CATALOGUE, Kind, Label, Metric, Values, declared};
pub use links::{LinkCounts, LinkSource};
pub use markdown::markdown;

use bitcraps_actors::ports::{Event, Refusal};
use bitcraps_casino::TableReport;
use bitcraps_consensus::Message;
use bitcraps_tables::fairness::Evidence;
use bitcraps_types::{Height, WallTime};
use catalogue::{DISK_OPERATIONS, REFUSALS, REJECTIONS, SOURCES, VERDICTS};
use links::LinkMetrics;
use prometheus::core::Collector;
use prometheus::{Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec};
use prometheus::{IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// All metrics of one node.
pub struct Metrics {
    registry: Registry,
    chain: Chain,
    links: LinkMetrics,
    /// Of the gateway.
    pub http: HttpMetrics,
    /// Of the disk.
    pub disk: DiskMetrics,
}

/// What the probe's events count.
struct Chain {
    height: IntGauge,
    failed_rounds: IntGauge,
    blocks: IntCounterVec,
    interval: Histogram,
    rounds: Histogram,
    signed: IntCounterVec,
    accusations: IntCounter,
    offences: IntCounter,
    bad_dice: IntCounter,
    dice_evidence: Gauge,
    dice_alarm: IntGauge,
    /// All rolls of this process, also of blocks that are applied again at its start.
    dice: Mutex<Evidence>,
    accepted: IntCounter,
    refused: IntCounterVec,
    settled: IntCounterVec,
    mempool_commands: IntGauge,
    mempool_bytes: IntGauge,
    mempool_blobs: IntGauge,
    mempool_blob_bytes: IntGauge,
    blobs: IntCounter,
    blob_bytes: IntCounter,
    peers: IntGauge,
    peers_known: IntGauge,
    refusals: IntCounterVec,
    sync_started: IntCounter,
    sync_target: IntGauge,
    state_syncs: IntCounter,
    /// The last applied block, once the node has started: what is applied again at its start has its interval counted
    /// already.
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    started: bool,
    block: Option<(Height, WallTime)>,
    /// The height of the latest round, and how many rounds of it were given up.
    round_of: Height,
    failed_rounds: u32,
}

/// What the gateway counts.
pub struct HttpMetrics {
    requests: IntCounterVec,
    latency: HistogramVec,
    rejected: IntCounterVec,
    /// Clients that watch.
    pub websockets: IntGauge,
}

/// What the gateway refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// More requests than an address may send.
    Rate,
    /// The node has as many commands to look at as it takes.
    QueueFull,
    /// The node is stopping.
    Draining,
    /// The body is too long.
    TooLarge,
    /// A client reads more slowly than things happen.
    SlowClient,
    /// As many clients watch as may.
    TooManyClients,
    /// More connections than an address may have.
    Connections,
}

/// What the disk counts.
pub struct DiskMetrics {
    sync: Histogram,
    bytes: [IntCounter; 3],
    /// Operations that failed.
    pub errors: IntCounter,
    /// Whether the archive failed.
    pub archive_failed: IntGauge,
}

/// What is done with the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskOperation {
    /// Adding to a file.
    Append,
    /// Reading a file.
    Read,
    /// Replacing a file.
    Replace,
}

/// Makes metrics as the catalogue declares them, and registers them.
struct Maker(Registry);

impl Maker {
    fn register<C: Collector + Clone + 'static>(&self, collector: prometheus::Result<C>) -> C {
        let collector = collector.expect("the catalogue's names and labels are well formed");
        self.0.register(Box::new(collector.clone())).expect("each name stands in the catalogue once");
        collector
    }

    fn options(metric: &Metric) -> Opts {
        Opts::new(metric.name, metric.help)
    }

    fn histogram_options(metric: &Metric) -> HistogramOpts {
        let options = HistogramOpts::new(metric.name, metric.help);
        match metric.kind {
            Kind::Histogram(buckets) => options.buckets(buckets.to_vec()),
            _ => options,
        }
    }

    fn labels(metric: &Metric) -> Vec<&'static str> {
        metric.labels.iter().map(|label| label.name).collect()
    }

    fn counter(&self, metric: &Metric) -> IntCounter {
        self.register(IntCounter::with_opts(Self::options(metric)))
    }

    fn counters(&self, metric: &Metric) -> IntCounterVec {
        let counters = IntCounterVec::new(Self::options(metric), &Self::labels(metric));
        let counters = self.register(counters);
        // All that may be counted is there from the start, at 0: a rate needs a value before the first event.
        for values in combinations(metric.labels) {
            counters.with_label_values(&values);
        }
        counters
    }

    fn gauge(&self, metric: &Metric) -> IntGauge {
        self.register(IntGauge::with_opts(Self::options(metric)))
    }

    fn real_gauge(&self, metric: &Metric) -> Gauge {
        self.register(Gauge::with_opts(Self::options(metric)))
    }

    fn gauges(&self, metric: &Metric) -> IntGaugeVec {
        let gauges = self.register(IntGaugeVec::new(Self::options(metric), &Self::labels(metric)));
        for values in combinations(metric.labels) {
            gauges.with_label_values(&values);
        }
        gauges
    }

    fn histogram(&self, metric: &Metric) -> Histogram {
        self.register(Histogram::with_opts(Self::histogram_options(metric)))
    }

    fn histograms(&self, metric: &Metric) -> HistogramVec {
        self.register(HistogramVec::new(Self::histogram_options(metric), &Self::labels(metric)))
    }
}

/// All combinations of the values of labels; none if one of the labels has values that are not listed.
fn combinations(labels: &[Label]) -> Vec<Vec<&'static str>> {
    labels.iter().fold(vec![Vec::new()], |all, label| match label.values {
        Values::Of(values) => all
            .iter()
            .flat_map(|begun| values.iter().map(move |value| [&begun[..], &[*value]].concat()))
            .collect(),
        Values::Described(_) => Vec::new(),
    })
}

impl Metrics {
    /// Makes a node's metrics. `started`: now.
    pub fn new(version: &str, started: WallTime) -> Metrics {
        let make = Maker(Registry::new());
        make.gauges(&declared::BUILD).with_label_values(&[version]).set(1);
        make.real_gauge(&declared::START_TIME).set(Duration::from_nanos(started.0).as_secs_f64());
        let (chain, links) = (Chain::new(&make), LinkMetrics::new(&make));
        let (http, disk) = (HttpMetrics::new(&make), DiskMetrics::new(&make));
        Metrics { registry: make.0, chain, links, http, disk }
    }

    /// Takes an event in.
    pub fn event(&self, event: &Event<'_>) {
        self.chain.event(event);
    }

    /// The configuration has so many peers.
    pub fn knows(&self, peers: usize) {
        self.chain.peers_known.set(signed(peers as u64));
    }

    /// Says where the links' sums come from. They are asked for at each scrape.
    pub fn links_from(&self, source: LinkSource) {
        self.links.set_source(source);
    }

    /// All of them in the text format.
    pub fn text(&self) -> String {
        self.links.refresh();
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }
}

impl Chain {
    fn new(make: &Maker) -> Chain {
        Chain {
            height: make.gauge(&declared::HEIGHT),
            failed_rounds: make.gauge(&declared::FAILED_ROUNDS),
            blocks: make.counters(&declared::BLOCKS),
            interval: make.histogram(&declared::BLOCK_INTERVAL),
            rounds: make.histogram(&declared::ROUNDS_PER_HEIGHT),
            signed: make.counters(&declared::SIGNED_MESSAGES),
            accusations: make.counter(&declared::ACCUSATIONS),
            offences: make.counter(&declared::OFFENCES),
            bad_dice: make.counter(&declared::BAD_DICE),
            dice_evidence: make.real_gauge(&declared::DICE_EVIDENCE),
            dice_alarm: make.gauge(&declared::DICE_ALARM),
            dice: Mutex::default(),
            accepted: make.counter(&declared::COMMANDS_ACCEPTED),
            refused: make.counters(&declared::COMMANDS_REFUSED),
            settled: make.counters(&declared::COMMANDS_SETTLED),
            mempool_commands: make.gauge(&declared::MEMPOOL_COMMANDS),
            mempool_bytes: make.gauge(&declared::MEMPOOL_BYTES),
            mempool_blobs: make.gauge(&declared::MEMPOOL_BLOBS),
            mempool_blob_bytes: make.gauge(&declared::MEMPOOL_BLOB_BYTES),
            blobs: make.counter(&declared::BLOBS),
            blob_bytes: make.counter(&declared::BLOB_BYTES),
            peers: make.gauge(&declared::PEERS),
            peers_known: make.gauge(&declared::PEERS_KNOWN),
            refusals: make.counters(&declared::REFUSED),
            sync_started: make.counter(&declared::SYNC_STARTED),
            sync_target: make.gauge(&declared::SYNC_TARGET),
            state_syncs: make.counter(&declared::STATE_SYNCS),
            last: Mutex::default(),
        }
    }

    fn event(&self, event: &Event<'_>) {
        match *event {
            Event::Started { .. } => self.last().started = true,
            Event::Restored { height, .. } => {
                self.height.set(signed(height));
                self.last().block = None;
            }
            Event::Round { height, after_failure, .. } => {
                let mut last = self.last();
                if last.round_of != height {
                    (last.round_of, last.failed_rounds) = (height, 0);
                }
                last.failed_rounds += u32::from(after_failure);
                self.failed_rounds.set(i64::from(last.failed_rounds));
            }
            Event::Signed(signed) => self.signed.with_label_values(&[signed.message.kind()]).inc(),
            Event::Decided { height, synced, .. } => {
                self.blocks.with_label_values(&[SOURCES[usize::from(synced)]]).inc();
                if !synced {
                    let last = self.last();
                    let failed = if last.round_of == height { last.failed_rounds } else { 0 };
                    self.rounds.observe(f64::from(failed) + 1.0);
                }
            }
            Event::Applied { height, block, reports, refusals, .. } => {
                self.height.set(signed(height));
                self.watch_dice(reports);
                let mut last = self.last();
                if !last.started {
                    return;
                }
                let refused = refusals.len().min(block.commands.len());
                let done = block.commands.len() - refused;
                self.settled.with_label_values(&[VERDICTS[0]]).inc_by(done as u64);
                self.settled.with_label_values(&[VERDICTS[1]]).inc_by(refused as u64);
                self.blobs.inc_by(block.blobs.len() as u64);
                self.blob_bytes.inc_by(block.blobs.bytes() as u64);
                if let Some((_, before)) = last.block.filter(|(before, _)| before + 1 == height) {
                    let nanos = block.time.0.saturating_sub(before.0);
                    self.interval.observe(Duration::from_nanos(nanos).as_secs_f64());
                }
                last.block = Some((height, block.time));
            }
            Event::StateSynced { .. } => self.state_syncs.inc(),
            Event::Accused(_) => self.accusations.inc(),
            Event::OffenceRecorded { .. } => {
                if self.last().started {
                    self.offences.inc();
                }
            }
            Event::BadDice(_) => self.bad_dice.inc(),
            Event::PeerUp(_) => self.peers.inc(),
            Event::PeerDown(_) => self.peers.dec(),
            Event::Refused { why, .. } => self.refusals.with_label_values(&[refusal(why)]).inc(),
            Event::SyncStarted { to, .. } => {
                self.sync_started.inc();
                self.sync_target.set(signed(to));
            }
            Event::CommandAccepted(_) => self.accepted.inc(),
            Event::CommandRefused(_, why) => self.refused.with_label_values(&[why]).inc(),
            Event::Waiting { commands, bytes, blobs, blob_bytes } => {
                self.mempool_commands.set(signed(commands as u64));
                self.mempool_bytes.set(signed(bytes as u64));
                self.mempool_blobs.set(signed(blobs as u64));
                self.mempool_blob_bytes.set(signed(blob_bytes as u64));
            }
            Event::Locked { .. }
            | Event::DiceSigned { .. }
            | Event::Transition(_)
            | Event::Proposed { .. }
            | Event::Heard(_)
            | Event::Held { .. }
            | Event::SyncEnded { .. } => {}
        }
    }

    fn watch_dice(&self, reports: &[TableReport]) {
        let mut evidence = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        reports.iter().filter_map(|report| report.roll).for_each(|dice| evidence.see(dice));
        self.dice_evidence.set(evidence.log10());
        self.dice_alarm.set(i64::from(evidence.is_alarming()));
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn refusal(why: Refusal) -> &'static str {
    let place = match why {
        Refusal::DamagedFrame => 0,
        Refusal::Undecodable => 1,
        Refusal::BadSignature => 2,
        Refusal::Malformed => 3,
        Refusal::RateLimited => 4,
        Refusal::Overflow => 5,
        Refusal::WrongVersion => 6,
        Refusal::WrongGenesis => 7,
        Refusal::BadProof => 8,
        Refusal::HandshakeTimeout => 9,
        Refusal::Banned => 10,
    };
    REFUSALS[place]
}

impl HttpMetrics {
    fn new(make: &Maker) -> HttpMetrics {
        HttpMetrics {
            requests: make.counters(&declared::HTTP_REQUESTS),
            latency: make.histograms(&declared::HTTP_LATENCY),
            rejected: make.counters(&declared::HTTP_REJECTED),
            websockets: make.gauge(&declared::WEBSOCKETS),
        }
    }

    /// A request was answered.
    pub fn answered(&self, route: &str, status: u16, took: Duration) {
        // Without an allocation: status codes have three digits.
        let digits = [100, 10, 1].map(|place| b'0' + u8::try_from(status / place % 10).unwrap_or(0));
        let status = std::str::from_utf8(&digits).unwrap_or_default();
        self.requests.with_label_values(&[route, status]).inc();
        self.latency.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    /// The gateway refused something.
    pub fn rejected(&self, why: Rejection) {
        self.rejected.with_label_values(&[REJECTIONS[why as usize]]).inc();
    }
}

impl DiskMetrics {
    fn new(make: &Maker) -> DiskMetrics {
        let bytes = make.counters(&declared::DISK_BYTES);
        DiskMetrics {
            sync: make.histogram(&declared::DISK_SYNC),
            bytes: [0, 1, 2].map(|place| bytes.with_label_values(&[DISK_OPERATIONS[place]])),
            errors: make.counter(&declared::DISK_ERRORS),
            archive_failed: make.gauge(&declared::ARCHIVE_FAILED),
        }
    }

    /// Writes were made durable.
    pub fn synced(&self, took: Duration) {
        self.sync.observe(took.as_secs_f64());
    }

    /// Bytes were read or written.
    pub fn moved(&self, operation: DiskOperation, bytes: usize) {
        self.bytes[operation as usize].inc_by(bytes as u64);
    }
}
