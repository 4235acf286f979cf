//! Property `hangover`: what a blip piled up is gone soon after it, and then commands are decided as fast as before.
//!
//! A blip is a stretch in which something disturbs the network. Partially synchronous protocols recover from one in a
//! moment, and yet their users suffer for much longer from the backlog: Giridharan et al., *Autobahn: Seamless high
//! speed BFT* (SOSP 2024), call it the hangover. With a blip of length b and a median latency of m before it, this is
//! demanded from w·b + x·m after its end on, with w and x from the scenario: hardly a command that was submitted before the end is
//! still undecided, and the median latency of those submitted since is at most x·m. Commands that are never decided
//! (those that are refused, or die with the only node that had them) are nobody's backlog.

use super::setup::HangoverBound;
use bitcraps_reports::{PropertyKind, PropertyResult};
use bitcraps_types::{Digest, Time};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Debug)]
pub(super) struct Hangover {
    bound: Option<HangoverBound>,
    /// When each undecided command was submitted.
    waiting: BTreeMap<Digest, Time>,
    /// Latencies of commands that no blip touched, since the last one.
    calm: Vec<Duration>,
    /// The median before that, if so few came since that they say nothing.
    median: Option<Duration>,
    blips: Vec<Blip>,
}

#[derive(Clone, Debug)]
struct Blip {
    began: Time,
    healed: Option<Time>,
    /// The median latency before it.
    before: Option<Duration>,
    /// When the next one put an end to it.
    cut: Option<Time>,
    /// Commands submitted before its end: how many were decided before it had to be over, and how many only then.
    drained: u32,
    late: u32,
    /// Latencies of those submitted after it had to be over.
    after: Vec<Duration>,
}

impl Blip {
    /// By when it has to be over.
    fn over(&self, bound: HangoverBound) -> Option<Time> {
        let healed = self.healed?;
        Some(healed + healed.since(self.began).mul_f64(bound.within) + self.before?.mul_f64(bound.latency))
    }
}

impl Hangover {
    /// Fewer latencies than these make no median.
    const FEW: usize = 10;
    /// Of a hundred commands one may be late: it was lost on the way and told again.
    const STRAGGLERS: u32 = 100;

    pub(super) fn new(bound: Option<HangoverBound>) -> Hangover {
        Hangover { bound, waiting: BTreeMap::new(), calm: Vec::new(), median: None, blips: Vec::new() }
    }

    /// Whether anything is demanded. If not, it need not be told of blocks.
    pub(super) fn is_demanded(&self) -> bool {
        self.bound.is_some()
    }

    pub(super) fn submitted(&mut self, at: Time, command: Digest) {
        if self.bound.is_some() {
            self.waiting.entry(command).or_insert(at);
        }
    }

    /// A block with this command was decided, by whichever honest node was first.
    pub(super) fn decided(&mut self, at: Time, command: Digest) {
        let Some(bound) = self.bound else { return };
        let Some(submitted) = self.waiting.remove(&command) else { return };
        let latency = at.since(submitted);
        let Some(blip) = self.blips.last_mut() else { return self.calm.push(latency) };
        let Some(healed) = blip.healed else { return };
        let Some(over) = blip.over(bound) else { return self.calm.push(latency) };
        if submitted <= healed {
            *(if at > over { &mut blip.late } else { &mut blip.drained }) += 1;
        } else if submitted >= over {
            blip.after.push(latency);
            self.calm.push(latency);
        }
    }

    /// A blip begins.
    pub(super) fn disturbed(&mut self, at: Time) {
        if let Some(last) = self.blips.last_mut() {
            last.cut.get_or_insert(at);
        }
        if self.calm.len() >= Self::FEW {
            self.median = median(&mut self.calm);
        }
        self.calm.clear();
        let before = self.median;
        let (drained, late) = (0, 0);
        self.blips.push(Blip {
            began: at,
            healed: None,
            before,
            cut: None,
            drained,
            late,
            after: Vec::new(),
        });
    }

    /// It ends: nothing disturbs any more.
    pub(super) fn healed(&mut self, at: Time) {
        if let Some(blip) = self.blips.last_mut() {
            blip.healed.get_or_insert(at);
        }
    }

    pub(super) fn result(&mut self, end: Time) -> Option<PropertyResult> {
        let bound = self.bound?;
        let mut judged = 0;
        let mut worst = 0.0_f64;
        for blip in &mut self.blips {
            let (Some(over), Some(before)) = (blip.over(bound), blip.before) else { continue };
            if blip.cut.unwrap_or(end) <= over {
                continue;
            }
            let began = blip.began;
            let all = blip.drained + blip.late;
            if blip.late * Self::STRAGGLERS > all {
                let detail = format!(
                    "{} of {all} commands from before the end of the blip at {began:?} were decided only after {over:?}",
                    blip.late
                );
                return Some(answer(Some(false), detail, Some(over)));
            }
            if blip.after.len() < Self::FEW {
                continue;
            }
            let Some(after) = median(&mut blip.after) else { continue };
            let times = after.as_secs_f64() / before.as_secs_f64().max(1e-9);
            if times > bound.latency {
                let detail = format!(
                    "after the blip at {began:?} the median latency of commands was {after:?} even from {over:?} on, {times:.1} \
                     times the {before:?} before it"
                );
                return Some(answer(Some(false), detail, Some(over)));
            }
            judged += 1;
            worst = worst.max(times);
        }
        Some(match judged {
            0 => answer(None, "no blip with enough commands before and after it".to_owned(), None),
            _ => {
                let detail = format!(
                    "after {judged} blips the median latency was at most {worst:.1} times that before"
                );
                answer(Some(true), detail, None)
            }
        })
    }
}

fn median(of: &mut [Duration]) -> Option<Duration> {
    of.sort_unstable();
    of.get(of.len() / 2).copied()
}

fn answer(holds: Option<bool>, detail: String, at: Option<Time>) -> PropertyResult {
    let kind = PropertyKind::Slo;
    PropertyResult { name: "hangover".to_owned(), kind, holds, detail, at_ns: at.map(|at| at.0) }
}
