//! From the scenario's words to the lab's: links, latencies, losses.

use crate::lab;
use crate::scenario::{self, Percent};
use std::time::Duration;

/// By how much a reordered frame may be late where the scenario names a rate alone.
const REORDER_WINDOW: Duration = Duration::from_millis(50);
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
