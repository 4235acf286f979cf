//! A fault: what starts it, whom it strikes, what it does and what ends it, each independent of the others.

use super::inject::{Family, Inject};
use super::units::{Jittered, Percent, Rate, Span};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// One entry of `faults`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// As given, or `fault-1`, `fault-2` … by its place in the file.
    pub id: String,
    /// What starts it.
    pub trigger: Trigger,
    /// The chance that a trigger that fired does start it; for faults of the network and for lies, drawn for
    /// each frame instead. `None`: always.
    pub probability: Option<Percent>,
    /// Whom it strikes. [`Selector::All`] if the file says nothing.
    pub on: Selector,
    /// Only links from or to the first on one side and the second on the other.
    pub between: Option<[Selector; 2]>,
    /// What it does.
    pub inject: Inject,
    /// What ends it.
    pub end: End,
    /// Whether GST leaves it alone.
    pub survives_gst: bool,
    /// Where it stands in the file.
    pub source: SourceSpan,
}

impl Serialize for Fault {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        match &self.trigger {
            Trigger::At(at) => map.serialize_entry("at", at)?,
            Trigger::Every(period) => map.serialize_entry("every", period)?,
            Trigger::Random(random) => map.serialize_entry("random", random)?,
            Trigger::When(condition) => map.serialize_entry("when", condition)?,
            Trigger::After(id) => map.serialize_entry("after", id)?,
        }
        if let Some(probability) = &self.probability {
            map.serialize_entry("probability", probability)?;
        }
        // Links, players and other faults are struck as a whole unless it is said; of nodes it must be said.
        let of_nodes =
            !matches!(self.inject.family(), Family::Network | Family::Meta) && !self.inject.is_of_players();
        if self.on != Selector::All || of_nodes {
            map.serialize_entry("on", &self.on)?;
        }
        if let Some(between) = &self.between {
            map.serialize_entry("between", between)?;
        }
        map.serialize_entry("inject", &self.inject)?;
        if let Some(span) = &self.end.lasts {
            map.serialize_entry("for", span)?;
        }
        if let Some(until) = &self.end.until {
            map.serialize_entry("until", until)?;
        }
        if let Some(times) = &self.end.times {
            map.serialize_entry("times", times)?;
        }
        map.serialize_entry("survives_gst", &self.survives_gst)?;
        map.end()
    }
}

/// Where in the file something stands. Two are always equal: it is not part of what a scenario says.
#[derive(Clone, Copy, Debug, Default)]
pub struct SourceSpan {
    /// From 1; 0 if it stands in no file.
    pub line: u32,
    /// In characters, from 1; 0 if it stands in no file.
    pub column: u32,
}

impl PartialEq for SourceSpan {
    fn eq(&self, _: &SourceSpan) -> bool {
        true
    }
}

/// What starts a fault.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// Once, at this time.
    At(Span),
    /// Again and again: the first after one period, each drawn anew.
    Every(Jittered),
    /// A random process.
    Random(Random),
    /// Once, when something happens; with `times`, each time it does until then.
    When(Condition),
    /// Once, when the fault with this id has ended.
    After(String),
}

/// Starts at random moments (a Poisson process).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Random {
    /// How often it starts while it is not on.
    pub rate: Rate,
    /// The least time between its end and its next start.
    pub min_up: Span,
    /// The least time that it stays on.
    pub min_down: Span,
}

/// Something that happens in a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// A node decided this height, the first to do so.
    Height(u64),
    /// A node entered this round of any height, the first to do so.
    Round(u32),
    /// A message was sent.
    Message {
        /// Which kind.
        kind: MessageKind,
        /// Which one of that kind in the run, counted from 1.
        nth: u64,
    },
    /// A node came into a state.
    State {
        /// Which node.
        node: u16,
        /// Which state.
        is: NodeState,
    },
    /// So many rounds failed since the start, over all heights.
    ViewChange {
        /// From 1.
        count: u64,
    },
}

/// A kind of consensus message, or one of block sync or of the dice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// A proposal; PBFT's PRE-PREPARE and NEW-VIEW.
    Proposal,
    /// A first vote: PBFT's PREPARE, Tendermint's prevote, HotStuff's vote for a block that starts a chain.
    Prevote,
    /// A vote that commits: PBFT's COMMIT, Tendermint's precommit, HotStuff's vote for the second block of a chain.
    Precommit,
    /// What gives a round up: PBFT's VIEW-CHANGE, HotStuff's timeout. Tendermint has none.
    ViewChange,
    /// What passes a proof on: PBFT's CHECKPOINT, Tendermint's polka, HotStuff's sync-info.
    Proof,
    /// A request for blocks or state, or the answer.
    Sync,
    /// A part of the signature from which a block's dice follow.
    Dice,
}

/// A state that a node can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// Crashed and not restarted.
    Down,
    /// Fetching blocks or state from others.
    Syncing,
    /// Holds a lock.
    Locked,
    /// Proposes in the current round.
    Leader,
}

/// What ends a fault: the first of these. With none it lasts until GST or the end of the run.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct End {
    /// So long after it started; `for` in the file.
    pub lasts: Option<Span>,
    /// When something happens.
    pub until: Option<Until>,
    /// It starts so many times at most; for a lie: so many messages. At least 1.
    pub times: Option<u32>,
}

/// What a fault lasts until.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// A node decided this height.
    Height(u64),
    /// A `heal` was injected, or GST.
    Heal,
}

/// Whom a fault strikes. The dynamic ones are evaluated each time the fault starts.
#[derive(Clone, Debug, PartialEq)]
pub enum Selector {
    /// This node.
    Node(u16),
    /// These nodes, in the order of the file, none twice.
    Nodes(Vec<u16>),
    /// One that the seed chooses, the same for the whole run.
    One,
    /// Every node.
    All,
    /// So many that the seed chooses, the same for the whole run.
    Fixed(u16),
    /// This share that the seed chooses, rounded down but at least one, the same for the whole run.
    Percent(Percent),
    /// The most that are fewer than n/3, chosen by the seed for the whole run.
    MinorityThird,
    /// The fewest that are more than n/2, chosen by the seed for the whole run.
    Majority,
    /// The proposer of the current height and round.
    Leader,
    /// The proposer of the next round.
    NextLeader,
    /// Every node but the proposer.
    NotLeader,
    /// The nodes of this region.
    Region(String),
    /// One, drawn anew each time the fault starts.
    Random,
}

impl Selector {
    /// Whether whom it strikes depends on what happens in the run.
    pub fn follows_the_run(&self) -> bool {
        matches!(self, Selector::Leader | Selector::NextLeader | Selector::NotLeader | Selector::Random)
    }
}

impl Serialize for Selector {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let word = match self {
            Selector::Node(node) => return serializer.serialize_u16(*node),
            Selector::Nodes(nodes) => return nodes.serialize(serializer),
            Selector::Fixed(count) => return serializer.collect_map([("fixed", count)]),
            Selector::Percent(share) => return serializer.collect_map([("percent", share)]),
            Selector::Region(name) => return serializer.collect_map([("region", name)]),
            Selector::One => "one",
            Selector::All => "all",
            Selector::MinorityThird => "minority_third",
            Selector::Majority => "majority",
            Selector::Leader => "leader",
            Selector::NextLeader => "next_leader",
            Selector::NotLeader => "not_leader",
            Selector::Random => "random",
        };
        serializer.serialize_str(word)
    }
}
