//! Bounds on what users feel: commit latency, recovery after a fault, blocks per second. What was measured is there for
//! the report even when no bound was set.

use super::fleet::Fleet;
use super::setup::Slo;
use bitcraps_reports::{PropertyKind, PropertyResult};
use bitcraps_types::{Height, Round, Time};
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Debug)]
pub(super) struct Measures {
    bounds: Slo,
    /// Since when the latency of a height is counted, for heights that somebody may still decide.
    begun: BTreeMap<Height, Begun>,
    /// Commit latency of honest nodes, in microseconds.
    latency: Histogram<u64>,
    recoveries: Vec<Recovery>,
    /// Recoveries before this are complete.
    open: usize,
}

#[derive(Clone, Copy, Debug)]
struct Begun {
    entered: Time,
    proposed_in_round_0: Option<Time>,
}

/// What happened after one healing.
#[derive(Clone, Debug)]
struct Recovery {
    fault: String,
    healed: Time,
    /// The nodes that have not decided since.
    waiting: Vec<u16>,
    /// When the last of the others did.
    done: Time,
    /// When the next disturbance put an end to it.
    cut: Option<Time>,
}

impl Measures {
    /// Longer latencies are counted as this: an hour, in microseconds.
    const LONGEST: u64 = 3_600_000_000;

    pub(super) fn new(bounds: Slo) -> Measures {
        let latency = Histogram::new_with_bounds(1, Self::LONGEST, 3).expect("1 µs to 1 h in three digits");
        Measures { bounds, begun: BTreeMap::new(), latency, recoveries: Vec::new(), open: 0 }
    }

    pub(super) fn entered(&mut self, at: Time, height: Height) {
        self.begun.entry(height).or_insert(Begun { entered: at, proposed_in_round_0: None });
    }

    pub(super) fn proposed(&mut self, at: Time, height: Height, round: Round) {
        if round == 0 {
            let begun = self.begun.entry(height).or_insert(Begun { entered: at, proposed_in_round_0: None });
            begun.proposed_in_round_0.get_or_insert(at);
        }
    }

    /// Since when the latency of `height` is counted: when round 0's honest proposal was first sent; without one, when
    /// the first honest node began the height, so that a wasted round counts.
    pub(super) fn begun(&self, height: Height) -> Option<Time> {
        self.begun.get(&height).map(|begun| begun.proposed_in_round_0.unwrap_or(begun.entered))
    }

    pub(super) fn decided(&mut self, at: Time, node: u16, height: Height, synced: bool) {
        if let Some(begun) = self.begun(height).filter(|_| !synced) {
            let micros = u64::try_from(at.since(begun).as_micros()).unwrap_or(u64::MAX);
            self.latency.saturating_record(micros.max(1));
        }
        for recovery in &mut self.recoveries[self.open..] {
            if let Some(place) = recovery.waiting.iter().position(|waiting| *waiting == node) {
                recovery.waiting.swap_remove(place);
                recovery.done = at;
            }
        }
        while self.recoveries.get(self.open).is_some_and(|recovery| recovery.waiting.is_empty()) {
            self.open += 1;
        }
    }

    /// What is disturbed again can't be expected to recover.
    pub(super) fn disturbed(&mut self, at: Time) {
        self.recoveries[self.open..].iter_mut().for_each(|recovery| recovery.cut = Some(at));
        self.open = self.recoveries.len();
    }

    /// Nothing disturbs any more: `fault` was the last that did.
    pub(super) fn healed(&mut self, at: Time, fault: &str, fleet: &Fleet) {
        let waiting: Vec<u16> = fleet.judged().collect();
        self.recoveries.push(Recovery { fault: fault.to_owned(), healed: at, waiting, done: at, cut: None });
    }

    /// A node that crashes is not waited for.
    pub(super) fn crashed(&mut self, node: u16) {
        self.recoveries[self.open..]
            .iter_mut()
            .for_each(|recovery| recovery.waiting.retain(|other| *other != node));
    }

    pub(super) fn forget_below(&mut self, height: Height) {
        self.begun = self.begun.split_off(&height);
    }

    pub(super) fn latency(&self) -> &Histogram<u64> {
        &self.latency
    }

    pub(super) fn results(&self, end: Time, fleet: &Fleet) -> Vec<PropertyResult> {
        let percentile = |name, bound: Option<Duration>, quantile| {
            bound.map(|bound| self.percentile(name, bound, quantile))
        };
        let latency = [
            percentile("commit_latency_p50", self.bounds.commit_latency_p50, 0.5),
            percentile("commit_latency_p99", self.bounds.commit_latency_p99, 0.99),
        ];
        let recovery = self.bounds.recovery.map(|bound| self.recovery(bound, end));
        let rate = self.bounds.blocks_per_second.map(|bound| {
            let rate = fleet.top() as f64 / end.as_secs_f64().max(1e-9);
            let detail = format!("{rate:.3}, at least {bound} demanded");
            slo("blocks_per_second", Some(rate >= bound), detail, None)
        });
        latency.into_iter().flatten().chain(recovery).chain(rate).collect()
    }

    fn percentile(&self, name: &str, bound: Duration, quantile: f64) -> PropertyResult {
        if self.latency.is_empty() {
            return slo(name, None, "nothing was committed".to_owned(), None);
        }
        let measured = Duration::from_micros(self.latency.value_at_quantile(quantile));
        let detail = format!("{measured:?} of {} commits, at most {bound:?} demanded", self.latency.len());
        slo(name, Some(measured <= bound), detail, None)
    }

    fn recovery(&self, bound: Duration, end: Time) -> PropertyResult {
        let mut longest = None;
        for recovery in &self.recoveries {
            let Recovery { fault, healed, waiting, done, cut } = recovery;
            let until = if waiting.is_empty() { *done } else { cut.unwrap_or(end) };
            let took = until.since(*healed);
            if took > bound {
                let who =
                    waiting.first().map_or(String::new(), |node| format!("; node {node} had not decided"));
                let detail = format!("{took:?} after {fault} was healed, at most {bound:?} demanded{who}");
                return slo("recovery", Some(false), detail, Some(*healed + bound));
            }
            if waiting.is_empty() {
                longest = longest.max(Some(took));
            }
        }
        match longest {
            Some(longest) => {
                slo("recovery", Some(true), format!("at most {longest:?}, at most {bound:?} demanded"), None)
            }
            None => slo("recovery", None, "nothing was healed".to_owned(), None),
        }
    }
}

fn slo(name: &str, holds: Option<bool>, detail: String, at: Option<Time>) -> PropertyResult {
    PropertyResult { name: name.to_owned(), kind: PropertyKind::Slo, holds, detail, at_ns: at.map(|at| at.0) }
}
