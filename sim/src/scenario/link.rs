//! The links between nodes as the file describes them. How a frame fares on one is the lab's business.

use super::units::{Bandwidth, Percent, Size, Span};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::collections::BTreeMap;

/// The links of all pairs of nodes.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Links {
    /// Between nodes that no pair names.
    pub default: LinkModel,
    /// Between two regions, both ways, in the order of the file. What an entry leaves out it took from
    /// `default`. A pair of a region with itself is allowed.
    pub pairs: Vec<(String, String, LinkModel)>,
    /// What links drew in an earlier run: as far as it goes, it is played back.
    pub recorded: Recorded,
}

/// Of each ordered pair of nodes, packet by packet: how long it travels, or that it is lost. Written
/// `{ 0-1: "12.5 3 x" }`, in milliseconds; `x` is lost.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Recorded(pub BTreeMap<(u16, u16), Vec<Option<Span>>>);

impl Recorded {
    /// Reads the pair `0-1`.
    pub fn pair(text: &str) -> Option<(u16, u16)> {
        let (from, to) = text.split_once('-')?;
        Some((from.parse().ok()?, to.parse().ok()?))
    }

    /// Reads `12.5 3 x`. `Err`: the word that is none of these.
    pub fn packets(text: &str) -> Result<Vec<Option<Span>>, &str> {
        let packet = |word| match word {
            "x" => Ok(None),
            number => Span::parse(&format!("{number} ms")).map(Some).map_err(|_| number),
        };
        text.split_whitespace().map(packet).collect()
    }
}

impl Serialize for Recorded {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let packet = |packet: &Option<Span>| match packet {
            None => "x".to_owned(),
            Some(span) => {
                let (whole, part) = (span.nanos() / 1_000_000, span.nanos() % 1_000_000);
                let text = format!("{whole}.{part:06}");
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
        };
        serializer.collect_map(self.0.iter().map(|((from, to), packets)| {
            (format!("{from}-{to}"), packets.iter().map(packet).collect::<Vec<_>>().join(" "))
        }))
    }
}

impl Links {
    /// The model between two regions; `None` is a node in no region.
    pub fn between(&self, one: Option<&str>, other: Option<&str>) -> &LinkModel {
        let (Some(one), Some(other)) = (one, other) else { return &self.default };
        self.pairs
            .iter()
            .find(|(a, b, _)| (a == one && b == other) || (a == other && b == one))
            .map_or(&self.default, |(_, _, model)| model)
    }
}

impl Serialize for Links {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("default", &self.default)?;
        for (one, other, model) in &self.pairs {
            map.serialize_entry(&format!("{one}-{other}"), model)?;
        }
        if !self.recorded.0.is_empty() {
            map.serialize_entry("recorded", &self.recorded)?;
        }
        map.end()
    }
}

/// One direction of one link.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinkModel {
    /// From the last bit sent to the last bit received.
    pub latency: Latency,
    /// Frames lost, each on its own.
    pub loss: Percent,
    /// Frames delivered twice.
    pub duplicate: Percent,
    /// Frames held back so that later ones overtake.
    pub reorder: Percent,
    /// Frames with a flipped bit.
    pub corrupt: Percent,
    /// What the link carries; `None`: without limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Bandwidth>,
    /// What waits before the bandwidth until frames are dropped; `None`: without limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Size>,
}

impl Default for LinkModel {
    /// 10 ms, nothing lost, no limit.
    fn default() -> LinkModel {
        LinkModel {
            latency: Latency::Constant(Span::from_millis(10)),
            loss: Percent::ZERO,
            duplicate: Percent::ZERO,
            reorder: Percent::ZERO,
            corrupt: Percent::ZERO,
            bandwidth: None,
            queue: None,
        }
    }
}

/// A distribution of delays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Latency {
    /// Always the same. Written `40 ms`.
    Constant(Span),
    /// Lognormal, by its median and its 99th percentile. Written `{ median: 40 ms, p99: 120 ms }`.
    LogNormal {
        /// Half are below.
        median: Span,
        /// 99 of 100 are below. At least the median.
        p99: Span,
    },
    /// Uniform around a mean. Written `{ mean: 40 ms, jitter: 10 ms }`.
    Jitter {
        /// The middle.
        mean: Span,
        /// The most it is off, each way. At most the mean.
        jitter: Span,
    },
    /// Uniform. Written `{ min: 10 ms, max: 30 ms }`.
    Uniform {
        /// The least.
        min: Span,
        /// The most. At least the least.
        max: Span,
    },
    /// Exponential. Written `{ exponential: { mean: 40 ms } }`.
    Exponential {
        /// The mean.
        mean: Span,
    },
    /// Normal, cut at zero. Written `{ normal: { mean: 40 ms, stddev: 5 ms } }`.
    Normal {
        /// The mean before the cut.
        mean: Span,
        /// The standard deviation before the cut.
        stddev: Span,
    },
}

impl Serialize for Latency {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let entries: &[(&str, Span)] = match self {
            Latency::Constant(span) => return span.serialize(serializer),
            Latency::LogNormal { median, p99 } => &[("median", *median), ("p99", *p99)],
            Latency::Jitter { mean, jitter } => &[("mean", *mean), ("jitter", *jitter)],
            Latency::Uniform { min, max } => &[("min", *min), ("max", *max)],
            Latency::Exponential { mean } => {
                return serializer.collect_map([("exponential", Entries(&[("mean", *mean)]))]);
            }
            Latency::Normal { mean, stddev } => {
                let inner = [("mean", *mean), ("stddev", *stddev)];
                return serializer.collect_map([("normal", Entries(&inner))]);
            }
        };
        Entries(entries).serialize(serializer)
    }
}

struct Entries<'a>(&'a [(&'static str, Span)]);

impl Serialize for Entries<'_> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}
