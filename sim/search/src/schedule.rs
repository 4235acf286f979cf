//! A schedule: everything that varies between two runs, as plain data that a person reads and writes in YAML.
//!
//! # Places
//!
//! What a schedule says of its k-th round holds for the messages of *place* k. The place of a message of height h and
//! round (or view) r is h − 1 + r, so that each decided height and each failed round goes one place on. In Tendermint
//! and HotStuff validator k + 1 (modulo their number) leads place k, whichever height it belongs to. Where a height
//! decides in two rounds (HotStuff) places of neighbouring heights overlap.
//!
//! A place *opens* when the first replica enters a round at it or beyond. What a plan says of messages holds until
//! [`Schedule::hold`] after that, and then those messages pass: a partition delays, it does not cut for ever. When the
//! last planned place has opened and its time is over there is global stabilisation: all are connected, nobody's
//! messages are changed any more, and Byzantine validators go on as their engines do. From then on liveness is owed,
//! unless a third of the power is faulty.

use crate::byzzfuzz;
use crate::name::{Moment, Name, Partition};
use crate::replay::Action;
use bitcraps_consensus::museum::Bug;
use bitcraps_types::{Height, Protocol};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;
use std::fmt;

/// Everything that varies between two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Schedule {
    /// Which engine runs: `pbft`, `tendermint` or `hotstuff`.
    #[serde(serialize_with = "protocol_name", deserialize_with = "protocol_named")]
    pub engine: Protocol,
    /// The published bug that the engines have, by its name in the museum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bug: Option<String>,
    /// How many validators. Replicas are named by their positions, from 0.
    pub validators: u16,
    /// The power of each; empty: all have the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub powers: Vec<u64>,
    /// Validators that run twice with one key: `0` and `0'`. Byzantine, although both are honest engines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub twins: Vec<u16>,
    /// Validators whose messages a plan may change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub byzantine: Vec<u16>,
    /// The run ends when every correct validator has decided this height.
    pub heights: Height,
    /// How long a plan holds after its place opened, in hops.
    #[serde(default = "default_hold", skip_serializing_if = "is_default_hold")]
    pub hold: u32,
    /// What happens at place 0, 1, 2 …
    #[serde(default)]
    pub rounds: Vec<RoundPlan>,
    /// Exactly these deliveries and timeouts happen, in this order, before global stabilisation. One that is not possible
    /// is left out; one that a partition cuts is delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<Vec<Action>>,
}

/// What happens to the messages, and to the replicas, of one place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RoundPlan {
    /// Who hears whom: `0 1 | 0' 2 3`. Who is not named is alone. Empty: everyone hears everyone.
    #[serde(skip_serializing_if = "Partition::is_none")]
    pub partition: Partition,
    /// Who hears whom as to messages of one kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub split: Vec<Split>,
    /// Messages of these kinds reach nobody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withhold: Vec<String>,
    /// Messages of Byzantine validators that are changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mutate: Vec<Mutation>,
    /// Replicas that fall, once each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crash: Vec<Crash>,
    /// Replicas whose application refuses values that come without a proof of lock.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refuse: Vec<Name>,
}

impl RoundPlan {
    /// Whether nothing happens.
    pub fn is_quiet(&self) -> bool {
        *self == RoundPlan::default()
    }
}

/// A partition of one phase: messages of one kind stay inside its groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Split {
    /// Which kind of message.
    pub kind: String,
    /// Who hears whom. Who is not named is alone.
    pub partition: Partition,
}

/// A message of a Byzantine validator that some receive changed, signed again by its author. Where several apply to a
/// message, each changes what the one before left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mutation {
    /// Whose.
    pub by: u16,
    /// Who receives the changed one; the others receive the original. Empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Name>,
    /// Which kind of message.
    pub kind: String,
    /// What changes.
    pub change: Change,
    /// The original comes as ever, and the changed one besides, so many hops after it. Otherwise it comes instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub besides_after: Option<u32>,
}

/// A change of small scope, in the sense of Winter et al., *Randomized Testing of Byzantine Fault Tolerant Algorithms*
/// (OOPSLA 2023). One that a message has no room for leaves it as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is lost instead.
    Drop,
    /// The round (the view) plus one.
    RoundUp,
    /// The round (the view) minus one.
    RoundDown,
    /// The height plus one.
    HeightUp,
    /// The height minus one.
    HeightDown,
    /// The value of this height that was heard of last, of those that are not this one; if there is none, one that
    /// nobody heard of.
    OtherValue,
    /// A value that the application refuses.
    GarbageValue,
    /// For no value.
    Nil,
    /// Without the certificate of its value: as if its author had none.
    NoProof,
    /// Without the proof that the round before was given up.
    NoTimeout,
    /// With the first certificate of the kind that was ever heard, and the value it is for.
    StaleProof,
    /// With the certificate of the kind that was heard last, of those that are not this one.
    OtherProof,
    /// Its certificate lacks one signature.
    CutProof,
    /// In its certificate one signature stands in the place of another, too.
    DoubleProof,
    /// With a made-up certificate of the round before, as if all had voted there for a value of those that were heard of;
    /// nobody signed it.
    ForgedProof,
}

impl Change {
    /// All of them.
    pub const ALL: [Change; 15] = [
        Change::Drop,
        Change::RoundUp,
        Change::RoundDown,
        Change::HeightUp,
        Change::HeightDown,
        Change::OtherValue,
        Change::GarbageValue,
        Change::Nil,
        Change::NoProof,
        Change::NoTimeout,
        Change::StaleProof,
        Change::OtherProof,
        Change::CutProof,
        Change::DoubleProof,
        Change::ForgedProof,
    ];
}

/// A replica falls and comes back. What it wrote and did not yet make durable is lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Crash {
    /// Who.
    pub replica: Name,
    /// When, at this place: `write 1` is before its first write there is durable, `said prevote` is right after it
    /// sent its first prevote of the place.
    pub when: Moment,
    /// For how many hops.
    #[serde(default = "default_down", skip_serializing_if = "is_default_down")]
    pub down: u32,
}

impl Crash {
    /// How long a crash lasts if nothing else is said, in hops.
    pub const DOWN: u32 = 3;
}

impl Schedule {
    /// How long a plan holds if nothing else is said, in hops: longer than all timeouts of a round.
    pub const HOLD: u32 = 24;

    /// A network without faults.
    pub fn quiet(engine: Protocol, validators: u16, heights: Height) -> Schedule {
        Schedule {
            engine,
            bug: None,
            validators,
            powers: Vec::new(),
            twins: Vec::new(),
            byzantine: Vec::new(),
            heights,
            hold: Self::HOLD,
            rounds: Vec::new(),
            deliveries: None,
        }
    }

    /// The power of each validator.
    pub fn all_powers(&self) -> Vec<u64> {
        if self.powers.is_empty() { vec![1; usize::from(self.validators)] } else { self.powers.clone() }
    }

    /// All replicas, in the order of their numbers: the validators, then the second of each pair of twins.
    pub fn replicas(&self) -> Vec<Name> {
        let first = (0..self.validators).map(Name::of);
        first.chain(self.twins.iter().map(|&identity| Name { identity, twin: true })).collect()
    }

    /// Those whom the judge does not hold to the protocol: twins, and those whose messages may be changed.
    pub fn faulty(&self) -> BTreeSet<u16> {
        self.twins.iter().chain(&self.byzantine).copied().collect()
    }

    /// What is wrong with it, if anything: a name that nobody has, too many validators, …
    pub fn check(&self) -> Result<(), String> {
        let ensure = |holds: bool, why: &dyn Fn() -> String| if holds { Ok(()) } else { Err(why()) };
        ensure((1..=64).contains(&self.validators), &|| "validators: between 1 and 64".into())?;
        ensure((1..=1_000).contains(&self.heights), &|| "heights: between 1 and 1000".into())?;
        if let Some(name) = &self.bug {
            let bug = Bug::parse(name).ok_or_else(|| format!("no bug {name:?} in the museum"))?;
            let of = bug.protocol();
            ensure(of == self.engine, &|| format!("{name} is a bug of {of}, not of {}", self.engine))?;
        }
        let fits = self.powers.is_empty() || self.powers.len() == usize::from(self.validators);
        ensure(fits, &|| "powers: one for each validator".into())?;
        let sane = self.powers.iter().all(|power| (1..=1_000_000).contains(power));
        ensure(sane, &|| "powers: between 1 and 1000000 each".into())?;
        let powers = self.all_powers();
        let most = powers.iter().copied().max().unwrap_or(0);
        let shared = powers.len() == 1 || 3 * most <= 2 * powers.iter().sum::<u64>();
        ensure(shared, &|| "powers: nobody may decide alone".into())?;
        for &identity in self.twins.iter().chain(&self.byzantine) {
            ensure(identity < self.validators, &|| format!("there is no validator {identity}"))?;
        }
        let faulty = self.faulty().len();
        let once = faulty == self.twins.len() + self.byzantine.len();
        ensure(once, &|| "a validator is a twin or byzantine, and once".into())?;
        let names = self.replicas();
        for action in self.deliveries.iter().flatten() {
            let known = action.replicas().into_iter().all(|name| names.contains(&name));
            ensure(known, &|| format!("deliveries: `{action}` names a replica that is not there"))?;
        }
        for plan in &self.rounds {
            let partitions = plan.split.iter().map(|split| &split.partition).chain([&plan.partition]);
            let named = partitions.flat_map(|partition| &partition.0).flatten().chain(&plan.refuse);
            let named = named.chain(plan.crash.iter().map(|crash| &crash.replica));
            for name in named.chain(plan.mutate.iter().flat_map(|mutation| &mutation.to)) {
                ensure(names.contains(name), &|| format!("there is no replica {name}"))?;
            }
            let kinds = plan.mutate.iter().map(|mutation| &mutation.kind);
            let kinds = kinds.chain(plan.split.iter().map(|split| &split.kind)).chain(&plan.withhold);
            let said = plan.crash.iter().filter_map(|crash| match &crash.when {
                Moment::Said(kind) => Some(kind),
                Moment::Write(_) => None,
            });
            let kinds = kinds.chain(said);
            for kind in kinds {
                let known = byzzfuzz::kinds(self.engine).iter().any(|(known, _)| known == kind);
                let host = ["ask", "block", "checkpoint"].contains(&&kind[..]);
                ensure(known || host, &|| format!("{} has no message of kind {kind}", self.engine))?;
            }
            for mutation in &plan.mutate {
                let may = self.byzantine.contains(&mutation.by);
                ensure(may, &|| format!("mutate: validator {} is not byzantine", mutation.by))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Schedule {
    /// In one line, for logs; YAML is for files.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bug = self.bug.as_deref().map_or(String::new(), |bug| format!(" with {bug}"));
        write!(f, "{}{bug}, {} validators", self.engine, self.validators)?;
        if !self.twins.is_empty() {
            write!(f, ", twins {:?}", self.twins)?;
        }
        if !self.byzantine.is_empty() {
            write!(f, ", byzantine {:?}", self.byzantine)?;
        }
        write!(f, ", {} planned rounds", self.rounds.len())
    }
}

fn default_hold() -> u32 {
    Schedule::HOLD
}

fn is_default_hold(hold: &u32) -> bool {
    *hold == Schedule::HOLD
}

fn default_down() -> u32 {
    Crash::DOWN
}

fn is_default_down(down: &u32) -> bool {
    *down == Crash::DOWN
}

fn protocol_name<S: Serializer>(protocol: &Protocol, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(protocol.name())
}

fn protocol_named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Protocol, D::Error> {
    let name = String::deserialize(deserializer)?;
    Protocol::named(&name).ok_or_else(|| {
        serde::de::Error::custom(format!("no engine {name}: expected pbft, tendermint or hotstuff"))
    })
}
