//! From the scenario's words to the lab's: links, latencies, losses.

use crate::lab;
use crate::scenario::{self, Percent};
use std::time::Duration;

/// By how much a reordered frame may be late where the scenario names a rate alone.
const REORDER_WINDOW: Duration = Duration::from_millis(50);
/// A block as scenarios fill them, in bytes.
const TYPICAL_BLOCK: f64 = 65_536.0;
/// What waits for a limited bandwidth where the scenario names no queue: 1 GiB, which nothing fills.
const UNLIMITED_QUEUE: u64 = 1 << 30;

pub(crate) fn latency(latency: &scenario::Latency) -> lab::Latency {
    match *latency {
        scenario::Latency::Constant(delay) => lab::Latency::Constant(delay.duration()),
        scenario::Latency::LogNormal { median, p99 } => {
            lab::Latency::LogNormal { median: median.duration(), p99: p99.duration() }
        }
        scenario::Latency::Jitter { mean, jitter } => lab::Latency::Uniform {
            min: mean.duration().saturating_sub(jitter.duration()),
            max: mean.duration() + jitter.duration(),
        },
        scenario::Latency::Uniform { min, max } => {
            lab::Latency::Uniform { min: min.duration(), max: max.duration() }
        }
        scenario::Latency::Exponential { mean } => lab::Latency::Exponential { mean: mean.duration() },
        scenario::Latency::Normal { mean, stddev } => {
            lab::Latency::Normal { mean: mean.duration(), stddev: stddev.duration() }
        }
    }
}

/// How long a message takes on the slowest link, at most: Δ. Of distributions without a bound 99 of 100 are below; what
/// takes longer counts as lost, and is repeated.
pub(crate) fn delta(links: &scenario::Links) -> Duration {
    let models = links.pairs.iter().map(|(_, _, model)| model).chain([&links.default]);
    models.map(longest).max().unwrap_or_default()
}

fn longest(model: &scenario::LinkModel) -> Duration {
    let latency = match model.latency {
        scenario::Latency::Constant(delay) => delay.duration(),
        scenario::Latency::LogNormal { p99, .. } => p99.duration(),
        scenario::Latency::Jitter { mean, jitter } => mean.duration() + jitter.duration(),
        scenario::Latency::Uniform { max, .. } => max.duration(),
        scenario::Latency::Exponential { mean } => mean.duration().mul_f64(100.0_f64.ln()),
        scenario::Latency::Normal { mean, stddev } => mean.duration() + stddev.duration().mul_f64(2.33),
    };
    let reordered = if model.reorder == Percent::ZERO { Duration::ZERO } else { REORDER_WINDOW };
    let on_the_wire = model.bandwidth.map_or(Duration::ZERO, |rate| {
        Duration::from_secs_f64(TYPICAL_BLOCK * 8.0 / (rate.bits_per_second() as f64).max(1.0))
    });
    latency + reordered + on_the_wire
}

pub(crate) fn loss(loss: &scenario::Loss) -> lab::Loss {
    match loss {
        scenario::Loss::Rate { rate } => lab::Loss::Bernoulli(rate.fraction()),
        scenario::Loss::Bursts { gilbert_elliott: chain } => lab::Loss::GilbertElliott {
            to_bad: chain.p.fraction(),
            to_good: chain.r.fraction(),
            loss_good: chain.good.fraction(),
            loss_bad: chain.bad.fraction(),
        },
    }
}

pub(crate) fn link(model: &scenario::LinkModel) -> lab::LinkModel {
    lab::LinkModel {
        latency: latency(&model.latency),
        loss: lab::Loss::Bernoulli(model.loss.fraction()),
        duplicate: model.duplicate.fraction(),
        reorder: (model.reorder != Percent::ZERO)
            .then(|| lab::Reorder { rate: model.reorder.fraction(), window: REORDER_WINDOW }),
        corrupt: model.corrupt.fraction(),
        bandwidth: model.bandwidth.map(|rate| rate.bits_per_second()),
        queue_bytes: model.queue.map_or(UNLIMITED_QUEUE, |size| size.bytes()),
    }
}

pub(crate) fn tape(recorded: &scenario::Recorded) -> lab::Tape {
    let pairs = recorded.0.iter();
    pairs
        .map(|(pair, packets)| (*pair, packets.iter().map(|travel| travel.map(|it| it.duration())).collect()))
        .collect()
}

/// The opposite.
pub(crate) fn recorded(tape: &lab::Tape) -> scenario::Recorded {
    let span =
        |travel: &Duration| scenario::Span::from_nanos(u64::try_from(travel.as_nanos()).unwrap_or(u64::MAX));
    let pairs = tape.iter();
    scenario::Recorded(
        pairs
            .map(|(pair, packets)| (*pair, packets.iter().map(|it| it.as_ref().map(span)).collect()))
            .collect(),
    )
}
