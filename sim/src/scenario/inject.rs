//! What a fault does, and the family it belongs to. Externally tagged: `inject: { crash: { … } }`.

use super::fault::MessageKind;
use super::link::Latency;
use super::units::{Bandwidth, Offset, Percent, Rate, Size, Span};
use serde::Serialize;

/// One fault, with its parameters.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Inject {
    /// Frames take longer.
    Latency {
        /// By so much, on top of the link's own.
        add: Latency,
    },
    /// Frames are lost, beside what the link loses.
    Loss(Loss),
    /// Frames are delivered twice.
    Duplicate {
        /// This share.
        rate: Percent,
    },
    /// Frames are held back so that later ones overtake.
    Reorder {
        /// This share.
        rate: Percent,
        /// By at most this much.
        window: Span,
    },
    /// A bit of a frame is flipped.
    Corrupt {
        /// In this share.
        rate: Percent,
    },
    /// Frames between groups don't pass.
    Partition {
        /// Which groups.
        #[serde(flatten, skip_serializing_if = "Split::is_selected")]
        split: Split,
        /// Only frames from the first group (or from the selected nodes) are stopped; the way back is open.
        one_way: bool,
        /// What becomes of a stopped frame.
        mode: Blocked,
    },
    /// A node's frames don't pass.
    Isolate {
        /// Which way.
        direction: Direction,
    },
    /// Every frame is held until the end of the fault and then delivered in order.
    Clog {},
    /// The link carries less.
    Bandwidth {
        /// So much.
        rate: Bandwidth,
    },
    /// A link's queue is shorter.
    Queue {
        /// So long.
        limit: Size,
    },
    /// The process dies.
    Crash {
        /// When it starts again; `None`: when the fault ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        restart_after: Option<Span>,
        /// What its disk keeps.
        disk: CrashDisk,
    },
    /// The process stands still; its connections and its memory stay.
    Pause {},
    /// Each computation takes longer.
    SlowCpu {
        /// So many times, 1 to 1,000,000.
        factor: f64,
    },
    /// Operations on the disk fail.
    DiskError {
        /// Which.
        op: DiskOp,
        /// This share of them.
        rate: Percent,
    },
    /// The disk takes no more.
    DiskFull {
        /// So much can still be written.
        capacity: Size,
    },
    /// Each operation on the disk takes longer.
    DiskSlow {
        /// By so much.
        latency: Latency,
    },
    /// The wall clock is off.
    Skew {
        /// By so much; positive is ahead.
        offset: Offset,
    },
    /// The clocks run fast or slow.
    Drift {
        /// Parts per million, -500,000 to 500,000; positive is fast.
        ppm: f64,
    },
    /// The wall clock jumps, once.
    Jump {
        /// By so much; positive is forward.
        by: Offset,
    },
    /// Sends nothing in consensus.
    Silent {},
    /// Does not send some kinds of messages.
    Withhold {
        /// Which; at least one, none twice.
        kinds: Vec<MessageKind>,
    },
    /// Sends to some only.
    SelectiveSend {
        /// To whom.
        to: Vec<u16>,
    },
    /// Says one thing to some and another to the rest.
    Equivocate {
        /// About what; at least one, none twice.
        what: Vec<VoteKind>,
        /// Who hears what; `None`: the others are halved.
        #[serde(skip_serializing_if = "Option::is_none")]
        groups: Option<Hearers>,
    },
    /// Forgets its lock.
    Amnesia {},
    /// Votes for nothing.
    ForceNil {},
    /// Signs wrongly.
    InvalidSignature {},
    /// Sends bytes that are no message.
    GarbageBytes {},
    /// Proposes what the application must refuse.
    InvalidValue {},
    /// Speaks of heights that are not now, or for another chain.
    WrongEpoch {},
    /// Speaks of earlier rounds than its own.
    Outdated {
        /// How many.
        by: u32,
    },
    /// Speaks of later rounds than its own.
    Future {
        /// How many.
        by: u32,
    },
    /// Shows certificates that prove nothing.
    ConflictingCertificate {},
    /// Speaks in another's name.
    Impersonate {
        /// Whose.
        victim: u16,
    },
    /// Sends just before the timeout.
    Late {
        /// How long before.
        before: Span,
    },
    /// Votes last.
    Rushing {
        /// It waits no longer.
        at_most: Span,
    },
    /// Sends votes without end.
    Flood {
        /// So many to each.
        rate: Rate,
    },
    /// Lies to those who catch up.
    LieInSync {},
    /// Forges evidence.
    Frame {
        /// Against whom.
        victim: u16,
    },
    /// Does not hear some kinds of messages.
    DropInbound {
        /// Which; at least one, none twice.
        kinds: Vec<MessageKind>,
    },
    /// Changes messages a little.
    Mutate {
        /// How little.
        scope: Scope,
        /// Only in so many first rounds of a height; `None`: in all.
        #[serde(skip_serializing_if = "Option::is_none")]
        rounds: Option<u32>,
    },
    /// Several act as one.
    Collude {
        /// By which plan.
        strategy: Strategy,
    },
    /// Commands that must be refused.
    InvalidBet(Cheater),
    /// Commands of earlier blocks.
    ReplayedBet(Cheater),
    /// More than the treasury has.
    TreasuryOverdraw(Cheater),
    /// Money that is spent twice.
    DoubleSpend {
        /// So often.
        rate: Rate,
    },
    /// Shooters that do nothing more.
    StalledTurn {},
    /// Proposes blocks that pay what nobody won.
    FalsePayout {},
    /// Keeps the dice back.
    WithheldRandomness {},
    /// Tries to choose the dice.
    BiasedRandomness {
        /// So many blocks at most for each proposal.
        tries: u32,
    },
    /// Ends every other fault.
    Heal {},
}

impl Inject {
    /// Whether it makes its nodes Byzantine.
    pub fn is_lie(&self) -> bool {
        match self {
            Inject::InvalidBet(by) | Inject::ReplayedBet(by) | Inject::TreasuryOverdraw(by) => {
                *by == Cheater::Proposer { by: Proposer::Proposer }
            }
            Inject::FalsePayout {} | Inject::WithheldRandomness {} | Inject::BiasedRandomness { .. } => true,
            _ => self.family() == Family::Byzantine,
        }
    }

    /// Whether players do it, those whose node is struck, and the nodes are as honest as before.
    pub fn is_of_players(&self) -> bool {
        self.family() == Family::Application && !self.is_lie()
    }

    /// Its name in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Inject::Latency { .. } => "latency",
            Inject::Loss(_) => "loss",
            Inject::Duplicate { .. } => "duplicate",
            Inject::Reorder { .. } => "reorder",
            Inject::Corrupt { .. } => "corrupt",
            Inject::Partition { .. } => "partition",
            Inject::Isolate { .. } => "isolate",
            Inject::Clog {} => "clog",
            Inject::Bandwidth { .. } => "bandwidth",
            Inject::Queue { .. } => "queue",
            Inject::Crash { .. } => "crash",
            Inject::Pause {} => "pause",
            Inject::SlowCpu { .. } => "slow_cpu",
            Inject::DiskError { .. } => "disk_error",
            Inject::DiskFull { .. } => "disk_full",
            Inject::DiskSlow { .. } => "disk_slow",
            Inject::Skew { .. } => "skew",
            Inject::Drift { .. } => "drift",
            Inject::Jump { .. } => "jump",
            Inject::Silent {} => "silent",
            Inject::Withhold { .. } => "withhold",
            Inject::SelectiveSend { .. } => "selective_send",
            Inject::Equivocate { .. } => "equivocate",
            Inject::Amnesia {} => "amnesia",
            Inject::ForceNil {} => "force_nil",
            Inject::InvalidSignature {} => "invalid_signature",
            Inject::GarbageBytes {} => "garbage_bytes",
            Inject::InvalidValue {} => "invalid_value",
            Inject::WrongEpoch {} => "wrong_epoch",
            Inject::Outdated { .. } => "outdated",
            Inject::Future { .. } => "future",
            Inject::ConflictingCertificate {} => "conflicting_certificate",
            Inject::Impersonate { .. } => "impersonate",
            Inject::Late { .. } => "late",
            Inject::Rushing { .. } => "rushing",
            Inject::Flood { .. } => "flood",
            Inject::LieInSync {} => "lie_in_sync",
            Inject::Frame { .. } => "frame",
            Inject::DropInbound { .. } => "drop_inbound",
            Inject::Mutate { .. } => "mutate",
            Inject::Collude { .. } => "collude",
            Inject::InvalidBet(_) => "invalid_bet",
            Inject::ReplayedBet(_) => "replayed_bet",
            Inject::TreasuryOverdraw(_) => "treasury_overdraw",
            Inject::DoubleSpend { .. } => "double_spend",
            Inject::StalledTurn {} => "stalled_turn",
            Inject::FalsePayout {} => "false_payout",
            Inject::WithheldRandomness {} => "withheld_randomness",
            Inject::BiasedRandomness { .. } => "biased_randomness",
            Inject::Heal {} => "heal",
        }
    }

    /// Its family.
    pub fn family(&self) -> Family {
        match self {
            Inject::Latency { .. }
            | Inject::Loss(_)
            | Inject::Duplicate { .. }
            | Inject::Reorder { .. }
            | Inject::Corrupt { .. }
            | Inject::Partition { .. }
            | Inject::Isolate { .. }
            | Inject::Clog {}
            | Inject::Bandwidth { .. }
            | Inject::Queue { .. } => Family::Network,
            Inject::Crash { .. } | Inject::Pause {} | Inject::SlowCpu { .. } => Family::Process,
            Inject::DiskError { .. } | Inject::DiskFull { .. } | Inject::DiskSlow { .. } => Family::Disk,
            Inject::Skew { .. } | Inject::Drift { .. } | Inject::Jump { .. } => Family::Clock,
            Inject::Silent {}
            | Inject::Withhold { .. }
            | Inject::SelectiveSend { .. }
            | Inject::Equivocate { .. }
            | Inject::Amnesia {}
            | Inject::ForceNil {}
            | Inject::InvalidSignature {}
            | Inject::GarbageBytes {}
            | Inject::InvalidValue {}
            | Inject::WrongEpoch {}
            | Inject::Outdated { .. }
            | Inject::Future { .. }
            | Inject::ConflictingCertificate {}
            | Inject::Impersonate { .. }
            | Inject::Late { .. }
            | Inject::Rushing { .. }
            | Inject::Flood { .. }
            | Inject::LieInSync {}
            | Inject::Frame { .. }
            | Inject::DropInbound { .. }
            | Inject::Mutate { .. }
            | Inject::Collude { .. } => Family::Byzantine,
            Inject::InvalidBet(_)
            | Inject::ReplayedBet(_)
            | Inject::TreasuryOverdraw(_)
            | Inject::DoubleSpend { .. }
            | Inject::StalledTurn {}
            | Inject::FalsePayout {}
            | Inject::WithheldRandomness {}
            | Inject::BiasedRandomness { .. } => Family::Application,
            Inject::Heal {} => Family::Meta,
        }
    }
}

/// A family of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Links.
    Network,
    /// Bluetooth LE.
    Ble,
    /// Clocks.
    Clock,
    /// Processes.
    Process,
    /// Disks.
    Disk,
    /// Validators that lie.
    Byzantine,
    /// Players and tables that cheat.
    Application,
    /// About faults themselves.
    Meta,
}

impl Family {
    /// Its name: `network`, `byzantine` …
    pub fn name(self) -> &'static str {
        match self {
            Family::Network => "network",
            Family::Ble => "ble",
            Family::Clock => "clock",
            Family::Process => "process",
            Family::Disk => "disk",
            Family::Byzantine => "byzantine",
            Family::Application => "application",
            Family::Meta => "meta",
        }
    }
}

/// How frames are lost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Loss {
    /// Each on its own (Bernoulli).
    Rate {
        /// This share.
        rate: Percent,
    },
    /// In bursts.
    Bursts {
        /// The two states.
        gilbert_elliott: GilbertElliott,
    },
}

/// A link that is good or bad; it may change at each frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GilbertElliott {
    /// The chance to go from good to bad.
    pub p: Percent,
    /// The chance to go from bad to good.
    pub r: Percent,
    /// The share lost while good.
    pub good: Percent,
    /// The share lost while bad.
    pub bad: Percent,
}

/// How a partition divides the nodes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Frames pass inside a group only. Every node is in exactly one.
    Groups(Vec<Vec<u16>>),
    /// By a shape, laid over the nodes by the seed.
    Shape(Shape),
    /// Between the nodes of `on` and all others.
    Selected,
}

impl Split {
    fn is_selected(&self) -> bool {
        *self == Split::Selected
    }
}

/// A shape of partition, as Jepsen names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Two halves, the larger first.
    Halves,
    /// Each node sees its two neighbours in a ring only.
    Ring,
    /// Two halves that don't see each other, and one node that sees both.
    Bridge,
    /// Each node sees a majority, and no two see the same one.
    MajoritiesRing,
}

/// What becomes of a frame that a partition stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocked {
    /// It is lost.
    Drop,
    /// It is delivered when the fault ends.
    Hold,
}

/// Which frames of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// All.
    Both,
    /// Those to it.
    In,
    /// Those from it.
    Out,
}

/// What a disk keeps through a crash. What was synced always survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CrashDisk {
    /// A seeded prefix of what was not synced.
    LostUnsynced,
    /// The same, and the last write survives in part.
    TornWrite,
    /// Everything.
    Keep,
}

/// An operation on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DiskOp {
    /// Reading.
    Read,
    /// Appending or truncating.
    Write,
    /// Making durable.
    Sync,
}

/// A message that a validator can equivocate about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VoteKind {
    /// The proposal.
    Proposal,
    /// The prevote.
    Prevote,
    /// The precommit.
    Precommit,
}

/// Who hears what of an equivocator.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Hearers {
    /// The first version, and the second.
    Groups([Vec<u16>; 2]),
    /// Everyone hears both.
    #[serde(serialize_with = "everyone")]
    Everyone,
}

fn everyone<S: serde::Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("everyone")
}

/// How little a mutation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One field by a step.
    Small,
    /// One field by anything.
    Any,
}

/// What colluders have planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Two groups decide two values.
    Fork,
    /// The same under Tendermint, without a contradiction.
    Amnesia,
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cheater {
    /// Players.
    Players {
        /// So often, all together.
        rate: Rate,
    },
    /// Validators, in the blocks that they propose.
    Proposer {
        /// That it is them.
        by: Proposer,
    },
}

/// The word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proposer {
    /// A proposer.
    Proposer,
}
