//! A run as Prometheus would have scraped it: OpenMetrics text with virtual times, which
//! `promtool tsdb create-blocks-from openmetrics` makes a database of. Dashboards and alerts then show a simulated outage.
//!
//! Each simulated node has the daemon's own metrics (`bitcraps_node::metrics`), fed with the same events, so that a name means
//! here what it means in production. What a simulated node does not have (a gateway, the daemon's links and files) is left
//! out. What only the testbed knows begins with `testbed_`, and `up` is what Prometheus itself would write.

use super::{Export, Sink, Stretch};
use crate::lab::{Counters, FrameRecord};
use crate::run::{Change, FaultNews, Onlooker, Outcome};
use bitcraps_actors::ports::Event;
use bitcraps_node::metrics::{CATALOGUE, Kind, Metric, Metrics};
use bitcraps_types::{Time, WallTime};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Families of which a simulated node has nothing to tell: a zero would be a lie.
const WITHOUT: [&str; 5] =
    ["bitcraps_http_", "bitcraps_websocket_", "bitcraps_disk_", "bitcraps_archive_", "bitcraps_link"];

/// Upper bounds of the buckets of latencies, in seconds.
const LATENCIES: [f64; 8] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// When and how often is scraped, and what virtual time zero is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scrapes {
    pub(crate) stretch: Stretch,
    pub(crate) every_ns: u64,
    /// Nanoseconds since 1970.
    pub(crate) epoch_ns: u64,
}

impl Scrapes {
    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        (self.stretch.to.0.saturating_sub(self.stretch.from.0)).div_ceil(self.every_ns)
    }

    fn at(&self, number: u64) -> Time {
        Time(self.stretch.from.0.saturating_add(number.saturating_mul(self.every_ns)))
    }
}

/// A family as it is declared.
#[derive(Clone, Copy)]
struct Declared<'a> {
    name: &'a str,
    kind: &'a str,
    unit: &'a str,
    help: &'a str,
}

/// One set of labels of a family, and its values at the scrapes.
#[derive(Default)]
struct Series {
    /// Of each value of a point: what the family's name ends with in its line, and the labels.
    lines: Vec<(String, String)>,
    points: Vec<(u64, Vec<f64>)>,
}

/// A simulated node.
struct Node {
    /// While it is up: a process that starts again counts from nothing.
    metrics: Option<Metrics>,
    delivered: u64,
    lost: u64,
}

/// See the module.
pub(crate) struct OpenMetrics<W> {
    sink: Sink<W>,
    scrapes: Scrapes,
    next: u64,
    nodes: Vec<Node>,
    /// How many starts of each fault last.
    faults: BTreeMap<String, i64>,
    /// By family and labels.
    series: BTreeMap<&'static str, BTreeMap<String, Series>>,
}

const UP: Declared<'_> =
    Declared { name: "up", kind: "gauge", unit: "", help: "1: the node could be scraped." };
const FAULTS: Declared<'_> = Declared {
    name: "testbed_faults_active",
    kind: "gauge",
    unit: "",
    help: "How many starts of a fault of the scenario last.",
};
const MESSAGES: Declared<'_> = Declared {
    name: "testbed_messages_total",
    kind: "counter",
    unit: "",
    help: "Frames and datagrams to the node, by what became of them.",
};
const LATENCY: Declared<'_> = Declared {
    name: "testbed_commit_latency_seconds",
    kind: "histogram",
    unit: "seconds",
    help: "From a proposal to its decision at the node, by the world's own time.",
};

impl<W: Write> OpenMetrics<W> {
    /// For a run of so many nodes with these faults.
    pub(crate) fn new<'a>(
        out: W,
        scrapes: Scrapes,
        nodes: u16,
        faults: impl Iterator<Item = &'a str>,
    ) -> OpenMetrics<W> {
        let node = |_| Node { metrics: Some(process(nodes, scrapes.epoch_ns)), delivered: 0, lost: 0 };
        OpenMetrics {
            sink: Sink::new(out),
            scrapes,
            next: 0,
            nodes: (0..nodes).map(node).collect(),
            faults: faults.map(|fault| (fault.to_owned(), 0)).collect(),
            series: BTreeMap::new(),
        }
    }

    /// Takes the scrapes that are due: all that happened before them was told.
    fn reach(&mut self, at: Time) {
        while self.next < self.scrapes.count() && self.scrapes.at(self.next) <= at {
            self.scrape(self.next);
            self.next += 1;
        }
    }

    fn scrape(&mut self, number: u64) {
        for node in 0..self.nodes.len() {
            let Node { metrics, delivered, lost } = &self.nodes[node];
            let (text, counts) = (metrics.as_ref().map(Metrics::text), [*delivered, *lost]);
            let who = instance(node);
            self.point(UP.name, &who, number, vec![("", who.clone(), f64::from(u8::from(text.is_some())))]);
            for (count, fate) in counts.into_iter().zip(["delivered", "lost"]) {
                let labels = format!("fate=\"{fate}\",{who}");
                self.point(MESSAGES.name, &labels, number, vec![("", labels.clone(), count as f64)]);
            }
            self.take(&text.unwrap_or_default(), &who, number);
        }
        let faults: Vec<(String, i64)> = self.faults.iter().map(|(id, count)| (id.clone(), *count)).collect();
        for (id, count) in faults {
            let labels = format!("fault=\"{}\",job=\"bitcraps\"", escaped(&id));
            self.point(FAULTS.name, &labels, number, vec![("", labels.clone(), count as f64)]);
        }
    }

    /// Takes over what a node's text says.
    fn take(&mut self, text: &str, who: &str, number: u64) {
        type Point<'a> = Vec<(&'a str, String, f64)>;
        let mut points: BTreeMap<(&'static str, String), Point<'_>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.rsplit_once(' ') else { continue };
            let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
            let (Some(metric), Ok(value)) = (declared(name), value.parse()) else { continue };
            let (labels, bound) = without_bound(labels.trim_end_matches('}'));
            let labels = if labels.is_empty() { who.to_owned() } else { format!("{labels},{who}") };
            let bound = bound.map(|bound| format!(",{}", canonical(bound))).unwrap_or_default();
            let line = (&name[metric.name.len()..], format!("{labels}{bound}"), value);
            points.entry((metric.name, labels)).or_default().push(line);
        }
        for ((family, labels), lines) in points {
            self.point(family, &labels, number, lines);
        }
    }

    /// Notes a point of a series.
    fn point(&mut self, family: &'static str, labels: &str, number: u64, lines: Vec<(&str, String, f64)>) {
        let series = self.series.entry(family).or_default();
        if !series.contains_key(labels) {
            series.insert(labels.to_owned(), Series::default());
        }
        let Some(series) = series.get_mut(labels) else { return };
        if series.lines.is_empty() {
            series.lines = lines.iter().map(|(end, labels, _)| ((*end).to_owned(), labels.clone())).collect();
        }
        series.points.push((number, lines.into_iter().map(|(_, _, value)| value).collect()));
    }

    /// The latencies of the run's commits, as the record has them, at each scrape.
    fn add_latencies(&mut self, outcome: &Outcome) {
        let mut commits = outcome.record.commits.clone();
        commits.sort_by_key(|commit| commit.at_ns);
        let mut sums = vec![([0u64; LATENCIES.len() + 1], 0.0); self.nodes.len()];
        let mut commits = commits.into_iter().peekable();
        for number in 0..self.next {
            let at = self.scrapes.at(number).0;
            while let Some(commit) = commits.next_if(|commit| commit.at_ns < at) {
                let seconds = commit.latency_ns as f64 / 1e9;
                let (buckets, sum) = &mut sums[usize::from(commit.node)];
                let bucket = LATENCIES.iter().position(|bound| seconds <= *bound).unwrap_or(LATENCIES.len());
                buckets[bucket..].iter_mut().for_each(|count| *count += 1);
                *sum += seconds;
            }
            for (node, (buckets, sum)) in sums.iter().enumerate() {
                let who = instance(node);
                let bounds = LATENCIES.iter().map(|bound| format!("{bound:?}")).chain(["+Inf".to_owned()]);
                let mut lines: Vec<(&str, String, f64)> = bounds
                    .zip(buckets.iter())
                    .map(|(bound, count)| ("_bucket", format!("{who},le=\"{bound}\""), *count as f64))
                    .collect();
                lines.push(("_sum", who.clone(), *sum));
                lines.push(("_count", who.clone(), buckets[LATENCIES.len()] as f64));
                self.point(LATENCY.name, &who, number, lines);
            }
        }
    }

    /// Writes a family: each of its series as a whole, by time.
    fn write(&mut self, declared: Declared<'_>) -> u64 {
        let Declared { name, kind, unit, help } = declared;
        let Some(series) = self.series.get(name) else { return 0 };
        // A counter's family is named without the end that its lines have.
        let family = if kind == "counter" { name.strip_suffix("_total").unwrap_or(name) } else { name };
        let mut text = format!("# TYPE {family} {kind}\n");
        if !unit.is_empty() && family.ends_with(&format!("_{unit}")) {
            let _ = writeln!(text, "# UNIT {family} {unit}");
        }
        let _ = writeln!(text, "# HELP {family} {}", escaped(help));
        self.sink.put(text.as_bytes());
        let mut written = 0;
        for Series { lines, points } in series.values() {
            for (number, values) in points {
                let at = Stamp(self.scrapes.epoch_ns.saturating_add(self.scrapes.at(*number).0));
                for ((end, labels), value) in lines.iter().zip(values) {
                    self.sink.put(format!("{name}{end}{{{labels}}} {value} {at}\n").as_bytes());
                    written += 1;
                }
            }
        }
        written
    }
}

impl<W: Write + Send> Onlooker for OpenMetrics<W> {
    fn frame(&mut self, frame: &FrameRecord<'_>) {
        self.reach(frame.received.unwrap_or(frame.sent));
        let node = &mut self.nodes[usize::from(frame.to)];
        match frame.received {
            Some(_) => node.delivered += 1,
            None => node.lost += 1,
        }
    }

    fn event(&mut self, at: Time, node: u16, event: &Event<'_>) {
        self.reach(at);
        if let Some(metrics) = &self.nodes[usize::from(node)].metrics {
            metrics.event(event);
        }
    }

    fn node(&mut self, at: Time, node: u16, change: Change<'_>) {
        self.reach(at);
        let nodes = self.nodes.len() as u16;
        self.nodes[usize::from(node)].metrics = match change {
            Change::Down(_) => None,
            Change::Up => Some(process(nodes, self.scrapes.epoch_ns.saturating_add(at.0))),
        };
    }

    fn fault(&mut self, at: Time, fault: &FaultNews<'_>) {
        self.reach(at);
        if let Some(lasting) = self.faults.get_mut(fault.id) {
            *lasting += if fault.began { 1 } else { -1 };
        }
    }

    fn moment(&mut self, now: Time, _: &Counters) {
        self.reach(now);
    }
}

impl<W: Write + Send> Export for OpenMetrics<W> {
    fn finish(&mut self, outcome: &Outcome) -> io::Result<String> {
        self.add_latencies(outcome);
        let told = CATALOGUE.iter().filter(|metric| is_told(metric.name)).map(|metric| Declared {
            name: metric.name,
            kind: metric.kind.name(),
            unit: metric.unit,
            help: metric.help,
        });
        let families: Vec<Declared<'_>> = told.chain([UP, FAULTS, MESSAGES, LATENCY]).collect();
        let samples: u64 = families.into_iter().map(|family| self.write(family)).sum();
        self.sink.put(b"# EOF\n");
        let bytes = self.sink.finish()?;
        Ok(format!("{samples} samples of {} scrapes, {bytes} bytes", self.next))
    }
}

/// The metrics of a process that starts now.
fn process(nodes: u16, now_ns: u64) -> Metrics {
    let metrics = Metrics::new(env!("CARGO_PKG_VERSION"), WallTime(now_ns));
    metrics.knows(usize::from(nodes.saturating_sub(1)));
    metrics
}

fn instance(node: usize) -> String {
    format!("instance=\"node{node}\",job=\"bitcraps\"")
}

fn is_told(name: &str) -> bool {
    !WITHOUT.iter().any(|without| name.starts_with(without))
}

/// The metric that a line's name belongs to.
fn declared(line: &str) -> Option<&'static Metric> {
    CATALOGUE.iter().filter(|metric| is_told(metric.name)).find(|metric| match metric.kind {
        Kind::Histogram(_) => {
            ["_bucket", "_sum", "_count"].iter().any(|end| line.strip_suffix(end) == Some(metric.name))
        }
        Kind::Counter | Kind::Gauge => line == metric.name,
    })
}

/// A bucket's bound stands last among its labels.
fn without_bound(labels: &str) -> (&str, Option<&str>) {
    match labels.rfind("le=\"") {
        Some(0) => ("", Some(labels)),
        Some(at) if labels[..at].ends_with(',') => (&labels[..at - 1], Some(&labels[at..])),
        _ => (labels, None),
    }
}

/// A bucket's bound as OpenMetrics wants it: `le="1"` is `le="1.0"`.
fn canonical(bound: &str) -> String {
    let number = bound.trim_start_matches("le=\"").trim_end_matches('"');
    match number.parse::<f64>() {
        Ok(finite) if finite.is_finite() => format!("le=\"{finite:?}\""),
        _ => bound.to_owned(),
    }
}

/// For labels and help.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

/// Seconds since 1970, to the millisecond.
struct Stamp(u64);

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000_000_000, self.0 % 1_000_000_000 / 1_000_000)
    }
}
