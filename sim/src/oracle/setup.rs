//! What the oracles are told before a run: who takes part, what they start from, what the scenario expects.

use super::patience::Patience;
use bitcraps_actors::ports::DiceKeys;
use bitcraps_casino::Genesis;
use bitcraps_consensus::Validator;
use bitcraps_types::{ChainId, Height, Time, Verify};
use std::rc::Rc;
use std::time::Duration;

/// One run, as the oracles see it. Node number i is validator number i; those without power, and nodes beyond the
/// validators, only follow.
#[derive(Clone)]
pub struct Setup {
    /// Separates this run's signatures from all others'.
    pub chain: ChainId,
    /// The validators, in order.
    pub validators: Vec<Validator>,
    /// For each node, whether it follows the protocol for the whole run. Only those are judged.
    pub honest: Vec<bool>,
    /// What every node starts from.
    pub genesis: Genesis,
    /// Checks the run's signatures.
    pub verifier: Rc<dyn Verify>,
    /// Checks the run's dice.
    pub dice: Rc<dyn DiceKeys>,
    /// Whether the world tells all events. The log of a real daemon leaves out what nodes hear and what they hold.
    pub tells_all: bool,
    /// From here the network is synchronous. `None`: from the start, whenever no fault disturbs it.
    pub gst: Option<Time>,
    /// How long an honest node may go without a decision when nothing disturbs the network.
    pub patience: Patience,
    /// Heights to be reached.
    pub heights: Vec<HeightGoal>,
    /// Bounds on measured quantities.
    pub slo: Slo,
    /// Counters that must be reached: names of [`Sometimes`](crate::scenario::Sometimes). Others are not judged.
    pub sometimes: Vec<String>,
}

/// A height that every honest node that is up must reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeightGoal {
    /// The height.
    pub at_least: Height,
    /// In this time; `None`: by the end.
    pub within: Option<Duration>,
    /// Counted from the last healing of this fault; `None`: from the start.
    pub after: Option<String>,
}

/// Bounds on measured quantities; `None` is not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slo {
    /// The median commit latency is at most this.
    pub commit_latency_p50: Option<Duration>,
    /// The 99th percentile of the commit latency is at most this.
    pub commit_latency_p99: Option<Duration>,
    /// Whenever the last disturbing fault is healed, every honest node that is up decides within this, unless the next
    /// disturbance comes first.
    pub recovery: Option<Duration>,
    /// At least so many blocks per second of the whole run.
    pub blocks_per_second: Option<f64>,
    /// How soon after a disturbance all is as before.
    pub hangover: Option<HangoverBound>,
}

/// How soon after a disturbance all is as before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HangoverBound {
    /// The median latency of commands is then at most so many times the one before it.
    pub latency: f64,
    /// So many times its length, and as long as a command may take.
    pub within: f64,
}
