//! The result of a load, in words and as JSON.

use super::super::error::ClientError;
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

/// What a connection handed in.
pub(super) struct Sent {
    submitted: u64,
    pub(super) accepted: u64,
    requests: u64,
    /// By reason.
    refused: BTreeMap<String, u64>,
    /// How long after its time something was handed in, in microseconds: gathering, and the client's own slowness.
    late: Histogram<u64>,
}

impl Sent {
    pub(super) fn new() -> Sent {
        Sent { submitted: 0, accepted: 0, requests: 0, refused: BTreeMap::new(), late: histogram() }
    }

    /// What was due then is handed in now, with one request.
    pub(super) fn handed_in(&mut self, due: &[Instant], now: Instant) {
        self.submitted += due.len() as u64;
        self.requests += 1;
        for due in due {
            self.late.saturating_record(micros(now.saturating_duration_since(*due)));
        }
    }

    pub(super) fn refused(&mut self, why: &str, count: u64) {
        if count > 0 {
            *self.refused.entry(why.to_owned()).or_default() += count;
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// See the module.
pub(super) struct Report {
    /// What was handed in, in the plural.
    what: &'static str,
    begin: Instant,
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
    /// Of a load that lasts from `begin` for `duration`.
    pub(super) fn new(what: &'static str, begin: Instant, rate: u32, duration: Duration) -> Report {
        Report {
            what,
            begin,
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

    /// Adds what became of the commands.
    pub(super) fn seen(&mut self, seen: Seen) {
        for decided in seen.decided {
            self.decided(decided.latency, decided.heard);
            match decided.refused {
                None => self.settled += 1,
                Some(why) => *self.without_effect.entry(why).or_default() += 1,
            }
        }
        for (why, count) in seen.turned_away {
            *self.refused.entry(why).or_default() += count;
        }
        self.blocks(seen.blocks.iter().map(|(_, heard)| *heard), seen.later_rounds, seen.cut);
    }

    /// Adds one of what was handed in, that a block has of which was heard then.
    pub(super) fn decided(&mut self, latency: Duration, heard: Instant) {
        self.latency.saturating_record(micros(latency));
        self.in_time += u64::from(heard <= self.begin + self.duration);
    }

    /// Says when the blocks were heard of, how many of them a later round decided, and how often the stream was cut.
    pub(super) fn blocks(&mut self, heard: impl Iterator<Item = Instant>, later_rounds: u64, cut: u64) {
        let load = self.begin..=self.begin + self.duration;
        let times: Vec<Instant> = heard.filter(|heard| load.contains(heard)).collect();
        self.heights = times.len() as u64;
        let gaps = times.windows(2).map(|pair| pair[1].saturating_duration_since(pair[0]));
        self.longest_gap = gaps.max().unwrap_or(self.duration);
        self.later_rounds = later_rounds;
        self.stream_cut = cut;
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
            "of": self.what,
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
        let what = self.what;
        writeln!(out, "asked for   {} {what}/s for {} s", self.rate, self.duration.as_secs_f64())?;
        writeln!(
            out,
            "submitted   {} in {} requests, {} accepted",
            self.submitted, self.requests, self.accepted
        )?;
        let settled =
            if self.settled > 0 { format!(", of them {} settled", self.settled) } else { String::new() };
        let (committed, per_second) = (&json["committed"], &json["committed_per_second"]);
        writeln!(out, "committed   {committed}{settled}: {per_second} {what}/s")?;
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
