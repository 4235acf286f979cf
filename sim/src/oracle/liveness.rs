//! Property `liveness`: when nothing disturbs the network, every honest node that is up keeps deciding, each time within
//! the bound that follows from the timeouts in force, the links and the number of Byzantine validators
//! ([`super::patience`]), and at the end none is left behind. It is on in every run; before GST nothing is demanded.

use super::finding::Finding;
use super::fleet::Fleet;
use super::patience::Patience;
use bitcraps_types::{Height, Time};
use std::collections::VecDeque;
use std::time::Duration;

#[derive(Clone, Debug)]
pub(super) struct Liveness {
    pub(super) finding: Finding,
    patience: Patience,
    gst: Time,
    disturbances: u64,
    disturbed_at: Time,
    /// How long the last disturbance was.
    disturbance: Duration,
    /// Since when nothing disturbs; `None`: something does.
    calm: Option<Time>,
    /// Each node's last decision or start.
    last: Vec<Time>,
    /// Each node's last decision.
    decided: Vec<Option<Time>>,
    /// Each node's last start.
    started: Vec<Time>,
    /// When the highest height was first reached, over the last window.
    frontier: VecDeque<(Time, Height)>,
}

impl Liveness {
    pub(super) fn new(nodes: usize, gst: Option<Time>, patience: Patience) -> Liveness {
        let gst = gst.unwrap_or(Time::ZERO);
        Liveness {
            finding: Finding::new("liveness"),
            patience,
            gst,
            disturbances: 0,
            disturbed_at: Time::ZERO,
            disturbance: Duration::ZERO,
            calm: Some(gst),
            last: vec![Time::ZERO; nodes],
            decided: vec![None; nodes],
            started: vec![Time::ZERO; nodes],
            frontier: VecDeque::new(),
        }
    }

    fn window(&self) -> Duration {
        self.patience.after(self.disturbance)
    }

    pub(super) fn progressed(&mut self, at: Time, node: u16, height: Height) {
        if self.calm.is_some_and(|calm| at >= calm) {
            self.finding.judged();
            self.judge(at, node);
        }
        self.last[usize::from(node)] = at;
        self.decided[usize::from(node)] = Some(at);
        if self.frontier.back().is_none_or(|(_, top)| *top < height) {
            self.frontier.push_back((at, height));
            let old = at - self.window();
            while self.frontier.get(1).is_some_and(|(reached, _)| *reached <= old) {
                self.frontier.pop_front();
            }
        }
    }

    /// A node that has gone without a decision for too long, up to `now`.
    fn judge(&mut self, now: Time, node: u16) {
        let Some(calm) = self.calm else { return };
        let since = calm.max(self.last[usize::from(node)]);
        let deadline = since + self.window();
        if now > deadline {
            let window = self.window();
            self.finding.judged();
            self.finding
                .violated(deadline, format!("node {node} decided nothing for {window:?} after {since:?}"));
        }
    }

    /// One more disturbance. Whether it is the only one.
    pub(super) fn disturbed(&mut self, at: Time, fleet: &Fleet) -> bool {
        let first = self.disturbances == 0;
        if first {
            fleet.judged().for_each(|node| self.judge(at, node));
            self.disturbed_at = at;
            self.calm = None;
        }
        self.disturbances += 1;
        first
    }

    /// One disturbance ends. Whether it was the last.
    pub(super) fn calmed(&mut self, at: Time) -> bool {
        self.disturbances = self.disturbances.saturating_sub(1);
        if self.disturbances == 0 && self.calm.is_none() {
            self.disturbance = at.since(self.disturbed_at);
            self.calm = Some(at.max(self.gst));
            return true;
        }
        false
    }

    pub(super) fn crashed(&mut self, at: Time, node: u16) {
        self.judge(at, node);
    }

    /// A node that stops again and again in calm, without a decision in between, gets no new window each time.
    pub(super) fn restarted(&mut self, at: Time, node: u16) {
        let (last, started) = (self.last[usize::from(node)], self.started[usize::from(node)]);
        let in_vain =
            self.calm.is_some_and(|calm| started >= calm) && started > Time::ZERO && last == started;
        if in_vain {
            return;
        }
        self.last[usize::from(node)] = at;
        self.started[usize::from(node)] = at;
    }

    pub(super) fn finish(&mut self, end: Time, fleet: &Fleet) {
        let nodes: Vec<u16> = fleet.judged().collect();
        nodes.iter().for_each(|&node| self.judge(end, node));
        let window = self.window();
        let Some(calm) = self.calm else { return };
        if end.since(calm) < window {
            let waiting = |&node: &u16| self.decided[usize::from(node)].is_none_or(|at| at < calm);
            let after_trouble = calm > Time::ZERO;
            if let Some(node) = nodes.into_iter().find(waiting).filter(|_| after_trouble) {
                let had = end.since(calm);
                self.finding.left_open(format!(
                    "node {node} decided nothing in the last {had:?}; {window:?} of calm are needed to judge it"
                ));
            }
            return;
        }
        self.finding.judged();
        let old = end - window;
        let target =
            self.frontier.iter().rev().find(|(reached, _)| *reached <= old).map_or(0, |(_, top)| *top);
        for node in nodes {
            let (height, started) = (fleet.height(node), self.started[usize::from(node)]);
            if height < target && started.max(calm) <= old {
                let detail =
                    format!("node {node} is at height {height} at the end, behind {target} of {old:?}");
                self.finding.violated(end, detail);
            }
        }
    }
}
