//! What a scenario file says, typed: the whole, the network and what is kept for sweeps.
//!
//! Plain data. Links, work, faults and expectations have files of their own. Serializing it writes the file's own
//! form, with units, so that a resolved scenario reads back as itself.

use super::expect::Expect;
use super::fault::Fault;
use super::link::Links;
use super::units::Span;
use super::workload::{House, Workload};
use bitcraps_consensus::museum::Bug;
use bitcraps_tables::flaw::Flaw;
use bitcraps_types::Protocol;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// One scenario, every default filled in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scenario {
    /// The version of the language: 1.
    pub version: u32,
    /// Names the run's folder: letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// What the run shows if it passes, in a sentence.
    pub claim: String,
    /// The seeds to run.
    pub seeds: Seeds,
    /// Virtual time of a run.
    pub duration: Span,
    /// The global stabilisation time: from here every fault not marked `survives_gst` is healed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gst: Option<Span>,
    /// Whose signatures.
    pub crypto: Crypto,
    /// Who decides.
    pub validators: Validators,
    /// How they decide.
    pub consensus: Consensus,
    /// What is wrong with the dice.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "name_of_flaw")]
    pub dice: Option<Flaw>,
    /// What lies between them.
    pub links: Links,
    /// How who decides changes, in the order of their times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub handovers: Vec<HandoverPlan>,
    /// What the casino's players do.
    pub workload: Workload,
    /// By which policy the house plays.
    pub policy: House,
    /// What goes wrong, in the order of the file.
    pub faults: Vec<Fault>,
    /// What must hold.
    pub expect: Expect,
    /// Values to try, by dotted path: a list, or a mapping from labels to values. See [`super::points`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sweep: BTreeMap<String, serde_json::Value>,
}

/// The seeds of a run: one, or `start..end` without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeds {
    /// Just this one.
    One(u64),
    /// From the first up to, not with, the second. Never empty.
    Range(u64, u64),
}

impl Seeds {
    /// Each seed, in order.
    pub fn iter(self) -> impl Iterator<Item = u64> {
        let (one, range) = match self {
            Seeds::One(seed) => (Some(seed), 0..0),
            Seeds::Range(start, end) => (None, start..end),
        };
        one.into_iter().chain(range)
    }

    /// How many.
    pub fn count(self) -> u64 {
        match self {
            Seeds::One(_) => 1,
            Seeds::Range(start, end) => end.saturating_sub(start),
        }
    }

    /// Reads `42` or `0..1000`. `None` if it is neither or the range is empty.
    pub fn parse(text: &str) -> Option<Seeds> {
        let number = |text: &str| -> Option<u64> {
            let text = text.trim();
            text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
        };
        match text.split_once("..") {
            None => number(text).filter(|seed| *seed < u64::MAX).map(Seeds::One),
            Some((start, end)) => {
                let (start, end) = (number(start)?, number(end)?);
                (start < end).then_some(Seeds::Range(start, end))
            }
        }
    }
}

impl Serialize for Seeds {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        match self {
            Seeds::One(seed) => serializer.serialize_u64(*seed),
            Seeds::Range(start, end) => serializer.collect_str(&format_args!("{start}..{end}")),
        }
    }
}

/// Which signature scheme the nodes use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Crypto {
    /// Keyed tags that are unforgeable inside a simulation, and cheap.
    Mock,
    /// Ed25519.
    Real,
}

/// The validators, numbered from 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Validators {
    /// How many nodes, 1 to 1024.
    pub count: u16,
    /// The last so many of them decide nothing at the start: they follow until a handover gives them power.
    #[serde(skip_serializing_if = "is_zero")]
    pub standby: u16,
    /// How much each one's vote weighs.
    pub stake: Stake,
    /// Where they are. A node is in one region at most.
    pub regions: BTreeMap<String, Vec<u16>>,
}

impl Validators {
    /// The region of a node, if it is in one.
    pub fn region_of(&self, node: u16) -> Option<&str> {
        self.regions.iter().find(|(_, nodes)| nodes.contains(&node)).map(|(name, _)| name.as_str())
    }

    /// The power of each node at the start, in order.
    pub fn weights(&self) -> Vec<u64> {
        let first = self.count.saturating_sub(self.standby);
        self.weights_of(&(0..first).collect::<Vec<_>>())
    }

    /// The power of each node, in order, if these decide.
    pub fn weights_of(&self, members: &[u16]) -> Vec<u64> {
        let mut weights = match &self.stake {
            Stake::Equal => vec![1; usize::from(self.count)],
            Stake::Weights(weights) => weights.clone(),
        };
        for (node, weight) in (0..).zip(&mut weights) {
            if !members.contains(&node) {
                *weight = 0;
            }
        }
        weights
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's way")]
fn is_zero(count: &u16) -> bool {
    *count == 0
}

/// A change of who decides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HandoverPlan {
    /// From when on the validators try.
    pub at: Span,
    /// Who decides afterwards.
    pub to: Vec<u16>,
}

impl Scenario {
    /// The power of each node, in order, after each handover.
    pub fn powers_handed_to(&self) -> impl Iterator<Item = Vec<u64>> + '_ {
        self.handovers.iter().map(|plan| self.validators.weights_of(&plan.to))
    }
}

/// How the votes are weighted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stake {
    /// One each.
    Equal,
    /// One number per validator, each at least 1.
    Weights(Vec<u64>),
}

impl Serialize for Stake {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        match self {
            Stake::Equal => serializer.serialize_str("equal"),
            Stake::Weights(weights) => weights.serialize(serializer),
        }
    }
}

/// The consensus engine and its settings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Consensus {
    /// Which protocol.
    #[serde(serialize_with = "name_of_engine")]
    pub engine: Protocol,
    /// A bug that is put into it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "name_of_bug")]
    pub bug: Option<Bug>,
    /// Its patience.
    pub timeouts: Timeouts,
    /// The least time between two blocks; zero: as fast as it goes.
    pub interval: Span,
}

fn name_of_flaw<S: Serializer>(flaw: &Option<Flaw>, serializer: S) -> Result<S::Ok, S::Error> {
    flaw.map(Flaw::name).serialize(serializer)
}

fn name_of_bug<S: Serializer>(bug: &Option<Bug>, serializer: S) -> Result<S::Ok, S::Error> {
    bug.map(Bug::name).serialize(serializer)
}

fn name_of_engine<S: Serializer>(engine: &Protocol, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(engine.name())
}

/// How long an engine waits, each for round 0. All but `growth` at least 1 ns and at most 60 s.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Timeouts {
    /// For a proposal.
    pub propose: Span,
    /// For more prevotes after a quorum of any.
    pub prevote: Span,
    /// For more precommits after a quorum of any.
    pub precommit: Span,
    /// Each timeout of round r is its base × growth^r; 1 to 10.
    pub growth: f64,
    /// Without progress, until a node repeats what it last said.
    pub rebroadcast: Span,
}
