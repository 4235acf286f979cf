//! What a link does to a packet when nothing is wrong with the network: delay, loss, duplication, reordering,
//! damage, and a bandwidth with a bounded queue. Faults on top of it are in `effects`.

use super::random::{Stream, exp, ln};
use std::time::Duration;

/// How long a packet travels, beside its time in the queue. Draws below zero count as zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Latency {
    /// Always this.
    Constant(Duration),
    /// Uniform in `min..=max`.
    Uniform {
        /// The least.
        min: Duration,
        /// The most; `min` if it is less.
        max: Duration,
    },
    /// Normal, cut at zero.
    Normal {
        /// Mean before the cut.
        mean: Duration,
        /// Standard deviation before the cut.
        stddev: Duration,
    },
    /// Log-normal, by two quantiles.
    LogNormal {
        /// Half of the packets are faster.
        median: Duration,
        /// One in a hundred is slower; `median` if it is less.
        p99: Duration,
    },
    /// Exponential.
    Exponential {
        /// Mean.
        mean: Duration,
    },
}

impl Latency {
    /// So many draws from it, in nanoseconds, for whoever cannot draw himself.
    pub(crate) fn draw(self, seed: u64, count: usize) -> Vec<u64> {
        let (sampler, mut stream) = (Sampler::new(self), Stream::derive(seed, "draws", 0));
        (0..count).map(|_| sampler.draw(&mut stream)).collect()
    }
}

/// Which packets are lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// Each with this probability, whatever happened before. Zero takes no draw.
    Bernoulli(f64),
    /// In bursts: a two-state chain (Gilbert 1960, Elliott 1963) that moves before each packet.
    GilbertElliott {
        /// Probability to go from good to bad.
        to_bad: f64,
        /// Probability to go from bad to good.
        to_good: f64,
        /// Loss probability while good.
        loss_good: f64,
        /// Loss probability while bad.
        loss_bad: f64,
    },
}

/// Packets that overtake.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reorder {
    /// Probability that a frame leaves its place.
    pub rate: f64,
    /// It is late by up to this, uniformly, and later frames may overtake it.
    pub window: Duration,
}

/// What one direction of a link does. Handshake packets share its delay, loss and bandwidth, and are never
/// duplicated, reordered or damaged.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkModel {
    /// How long a packet travels. Without reordering, a frame never arrives before one sent earlier.
    pub latency: Latency,
    /// Which packets are lost.
    pub loss: Loss,
    /// Probability that a frame arrives twice.
    pub duplicate: f64,
    /// Frames that overtake.
    pub reorder: Option<Reorder>,
    /// Probability that 1 to 8 bits of a frame are flipped.
    pub corrupt: f64,
    /// Bits per second; `None` is without limit.
    pub bandwidth: Option<u64>,
    /// Bytes that may wait for the bandwidth; a frame beyond that is refused.
    pub queue_bytes: u64,
}

impl LinkModel {
    /// A faultless link of constant latency without a bandwidth limit.
    pub fn constant(latency: Duration) -> LinkModel {
        LinkModel {
            latency: Latency::Constant(latency),
            loss: Loss::Bernoulli(0.0),
            duplicate: 0.0,
            reorder: None,
            corrupt: 0.0,
            bandwidth: None,
            queue_bytes: 1 << 20,
        }
    }
}

/// A duration in nanoseconds, saturating.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A [`Latency`] with its constants computed once.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sampler {
    Constant(u64),
    Uniform { min: u64, span: u64 },
    Normal { mean: f64, stddev: f64 },
    LogNormal { median: f64, sigma: f64 },
    Exponential { mean: f64 },
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

impl Sampler {
    pub(super) fn new(latency: Latency) -> Sampler {
        let float = |duration: Duration| nanos(duration) as f64;
        match latency {
            Latency::Constant(constant) => Sampler::Constant(nanos(constant)),
            Latency::Uniform { min, max } => Sampler::Uniform {
                min: nanos(min),
                span: nanos(max).saturating_sub(nanos(min)).saturating_add(1),
            },
            Latency::Normal { mean, stddev } => Sampler::Normal { mean: float(mean), stddev: float(stddev) },
            Latency::LogNormal { median, p99 } if p99 > median && !median.is_zero() => {
                Sampler::LogNormal { median: float(median), sigma: ln(float(p99) / float(median)) / Z99 }
            }
            Latency::LogNormal { median, .. } => Sampler::Constant(nanos(median)),
            Latency::Exponential { mean } => Sampler::Exponential { mean: float(mean) },
        }
    }

    /// Nanoseconds. A float below zero becomes zero in the conversion.
    pub(super) fn draw(&self, stream: &mut Stream) -> u64 {
        match *self {
            Sampler::Constant(constant) => constant,
            Sampler::Uniform { min, span } => min.saturating_add(stream.below(span)),
            Sampler::Normal { mean, stddev } => (mean + stddev * stream.normal()) as u64,
            Sampler::LogNormal { median, sigma } => (median * exp(sigma * stream.normal())) as u64,
            Sampler::Exponential { mean } => (mean * stream.exponential()) as u64,
        }
    }
}

impl Loss {
    /// Whether the next packet is lost. `bad` is the chain's state.
    pub(super) fn draw(&self, bad: &mut bool, stream: &mut Stream) -> bool {
        match *self {
            Loss::Bernoulli(rate) => rate > 0.0 && stream.chance(rate),
            Loss::GilbertElliott { to_bad, to_good, loss_good, loss_bad } => {
                if stream.chance(if *bad { to_good } else { to_bad }) {
                    *bad = !*bad;
                }
                stream.chance(if *bad { loss_bad } else { loss_good })
            }
        }
    }
}

/// Nanoseconds that `bytes` take at `bits_per_second`.
pub(super) fn serialisation(bytes: usize, bits_per_second: u64) -> u64 {
    let time = bytes as u128 * 8_000_000_000 / u128::from(bits_per_second.max(1));
    u64::try_from(time).unwrap_or(u64::MAX)
}

/// Flips 1 to 8 different bits of `frame`, chosen by `seed`. An empty frame stays as it is.
pub(crate) fn flip_bits(frame: &[u8], seed: u64) -> Vec<u8> {
    let mut damaged = frame.to_vec();
    let bits = frame.len() as u64 * 8;
    let mut random = Stream::derive(seed, "flip", bits);
    let mut flipped = Vec::new();
    let count = (1 + random.below(8)).min(bits) as usize;
    while flipped.len() < count {
        let bit = random.below(bits);
        if !flipped.contains(&bit) {
            damaged[(bit / 8) as usize] ^= 1 << (bit % 8);
            flipped.push(bit);
        }
    }
    damaged
}
