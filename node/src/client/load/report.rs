//! The result of a load, in words and as JSON.

use super::super::error::ClientError;
use super::sender::Sent;
use super::watcher::Seen;
use crate::gateway::api::Status;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

/// The longest latency that is told apart, in microseconds.
const LONGEST: u64 = 600_000_000;

/// For microseconds.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("bounds in order, three digits")
}

/// See the module.
pub(super) struct Report {
    rate: u32,
    duration: Duration,
    submitted: u64,
    accepted: u64,
    requests: u64,
    /// Turned away before a block, by reason.
    refused: BTreeMap<String, u64>,
    late: Histogram<u64>,
    /// By a block that settled them.
    settled: u64,
    /// By a block, but without effect; by reason.
    without_effect: BTreeMap<String, u64>,
    latency: Histogram<u64>,
    /// Decided within the time of the load.
    in_time: u64,
    heights: u64,
    later_rounds: u64,
    /// The longest time without a block.
    longest_gap: Duration,
    stream_cut: u64,
    /// Settled, but the stream did not tell.
    untold: u64,
    unknown: u64,
}

impl Report {
    pub(super) fn new(rate: u32, duration: Duration) -> Report {
        Report {
            rate,
            duration,
            submitted: 0,
            accepted: 0,
            requests: 0,
            refused: BTreeMap::new(),
            late: histogram(),
            settled: 0,
            without_effect: BTreeMap::new(),
            latency: histogram(),
            in_time: 0,
            heights: 0,
            later_rounds: 0,
            longest_gap: Duration::ZERO,
            stream_cut: 0,
            untold: 0,
            unknown: 0,
        }
    }

    /// Adds what a sender did.
    pub(super) fn sent(&mut self, sent: &Sent) {
        self.submitted += sent.submitted;
        self.accepted += sent.accepted;
        self.requests += sent.requests;
        sent.refused.iter().for_each(|(why, count)| *self.refused.entry(why.clone()).or_default() += count);
        self.late.add(&sent.late).expect("the same bounds");
    }

    /// Adds what became of the commands, in a load that lasted from `begin` for `duration`.
    pub(super) fn seen(&mut self, seen: Seen, begin: Instant, duration: Duration) {
        let end = begin + duration;
        for decided in seen.decided {
            let micros = u64::try_from(decided.latency.as_micros()).unwrap_or(u64::MAX);
            self.latency.saturating_record(micros);
            self.in_time += u64::from(decided.heard <= end);
            match decided.refused {
                None => self.settled += 1,
                Some(why) => *self.without_effect.entry(why).or_default() += 1,
            }
        }
        for (why, count) in seen.turned_away {
            *self.refused.entry(why).or_default() += count;
        }
        let during =
            seen.blocks.iter().map(|(_, heard)| *heard).filter(|heard| (begin..=end).contains(heard));
        let times: Vec<Instant> = during.collect();
        self.heights = times.len() as u64;
        let gaps = times.windows(2).map(|pair| pair[1].saturating_duration_since(pair[0]));
        self.longest_gap = gaps.max().unwrap_or(duration);
        self.later_rounds = seen.later_rounds;
        self.stream_cut = seen.cut;
    }

    /// Adds commands of which the stream told nothing.
    pub(super) fn left_over(&mut self, status: Option<&Status>, count: u64) {
        match status.map(|status| (status.state.as_str(), status.reason.clone().unwrap_or_default())) {
            Some(("settled" | "refused", _)) => self.untold += count,
            Some(("turned_away", why)) => *self.refused.entry(why).or_default() += count,
            _ => self.unknown += count,
        }
    }

    fn json(&self) -> Value {
        let millis = |micros: u64| micros as f64 / 1000.0;
        let seconds = self.duration.as_secs_f64();
        let per_second = |count: u64| (count as f64 / seconds * 10.0).round() / 10.0;
        json!({
            "rate": self.rate,
            "seconds": seconds,
            "submitted": self.submitted,
            "requests": self.requests,
            "accepted": self.accepted,
            "committed": self.latency.len(),
            "committed_per_second": per_second(self.in_time),
            "settled": self.settled,
            "without_effect": self.without_effect,
            "refused": self.refused,
            "untold": self.untold,
            "unknown": self.unknown,
            "latency_ms": {
                "p50": millis(self.latency.value_at_quantile(0.5)),
                "p95": millis(self.latency.value_at_quantile(0.95)),
                "p99": millis(self.latency.value_at_quantile(0.99)),
                "max": millis(self.latency.max()),
            },
            "handed_in_late_ms": {
                "p50": millis(self.late.value_at_quantile(0.5)),
                "p99": millis(self.late.value_at_quantile(0.99)),
                "max": millis(self.late.max()),
            },
            "heights_per_second": per_second(self.heights),
            "later_rounds": self.later_rounds,
            "longest_gap_between_blocks_ms": self.longest_gap.as_millis() as u64,
            "stream_cut": self.stream_cut,
        })
    }

    pub(super) fn tell(&self, as_json: bool, out: &mut dyn Write) -> Result<(), ClientError> {
        let json = self.json();
        if as_json {
            writeln!(out, "{json:#}")?;
            return Ok(());
        }
        let times = |name: &str| {
            let of =
                |quantile: &str| json[name][quantile].as_f64().map(|ms| format!("{quantile} {ms:.1} ms"));
            ["p50", "p95", "p99", "max"]
                .iter()
                .filter_map(|quantile| of(quantile))
                .collect::<Vec<_>>()
                .join(", ")
        };
        writeln!(out, "asked for   {} commands/s for {} s", self.rate, self.duration.as_secs_f64())?;
        writeln!(
            out,
            "submitted   {} in {} requests, {} accepted",
            self.submitted, self.requests, self.accepted
        )?;
        writeln!(
            out,
            "committed   {}, of them {} settled: {} commands/s",
            json["committed"], self.settled, json["committed_per_second"]
        )?;
        for (why, count) in &self.without_effect {
            writeln!(out, "no effect   {count}: {why}")?;
        }
        for (why, count) in &self.refused {
            writeln!(out, "refused     {count}: {why}")?;
        }
        if self.untold + self.unknown > 0 {
            writeln!(out, "not told    {} settled, {} unknown", self.untold, self.unknown)?;
        }
        writeln!(out, "latency     {}", times("latency_ms"))?;
        writeln!(out, "handed in   {} after it was due", times("handed_in_late_ms"))?;
        writeln!(
            out,
            "heights     {}/s, {} decided by a later round, longest gap {} ms",
            json["heights_per_second"],
            self.later_rounds,
            self.longest_gap.as_millis()
        )?;
        if self.stream_cut > 0 {
            writeln!(out, "the stream of events was cut {} times: this client is too slow", self.stream_cut)?;
        }
        Ok(())
    }
}
