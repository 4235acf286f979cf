//! What a run must show: what always holds, what comes in time, what was reached at all, how fast.

use super::units::{Rate, Span};
use serde::Serialize;

/// The expectations of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expect {
    /// At every moment. All of [`Property::ALL`] if the file does not say.
    pub always: Vec<Property>,
    /// In time.
    pub eventually: Vec<Eventually>,
    /// At least once in all seeds together; if not, the result is inconclusive.
    pub sometimes: Vec<Sometimes>,
    /// How fast.
    pub slo: Slo,
    /// The run passes only if this is violated; a fork, only if the culprits are named too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violation: Option<Property>,
}

impl Default for Expect {
    fn default() -> Expect {
        Expect {
            always: Property::ALL.to_vec(),
            eventually: Vec::new(),
            sometimes: Vec::new(),
            slo: Slo::default(),
            violation: None,
        }
    }
}

/// Something that an oracle judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// No two honest nodes decide differently at a height.
    Agreement,
    /// What is decided was proposed and is valid.
    Validity,
    /// Each node delivers each height once, in order, without gaps.
    DeliveryOrder,
    /// Every decision carries a certificate that convinces a third party.
    Certificates,
    /// No token is made or lost.
    Conservation,
    /// No account is below zero.
    NoNegativeBalance,
    /// Each command takes effect once at most, each bet is paid once, each refusal has its reason.
    ExactlyOnce,
    /// A table with bets up rolls in every block.
    TablesRoll,
    /// The dice do not look loaded.
    FairDice,
    /// The same root at the same height on all honest nodes.
    SameStateRoot,
    /// Evidence names no honest node.
    NoFalseAccusation,
    /// No honest node signs two votes of a kind in a round.
    VoteOnce,
    /// No honest node breaks its lock without the proof that lets it.
    LockDiscipline,
    /// Every certificate that an honest node sends is one.
    SentCertificates,
    /// No buffer outgrows its bound.
    BoundedMemory,
    /// A fork convicts more than a third of the power, and nobody honest.
    Accountability,
    /// After GST, blocks are decided.
    Liveness,
    /// No node panics, and none stops itself without a fault of its disk.
    NoCrash,
}

impl Property {
    /// Every property.
    pub const ALL: [Property; 18] = [
        Property::Agreement,
        Property::Validity,
        Property::DeliveryOrder,
        Property::Certificates,
        Property::Conservation,
        Property::NoNegativeBalance,
        Property::ExactlyOnce,
        Property::TablesRoll,
        Property::FairDice,
        Property::SameStateRoot,
        Property::NoFalseAccusation,
        Property::VoteOnce,
        Property::LockDiscipline,
        Property::SentCertificates,
        Property::BoundedMemory,
        Property::Accountability,
        Property::Liveness,
        Property::NoCrash,
    ];

    /// Its name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Property::Agreement => "agreement",
            Property::Validity => "validity",
            Property::DeliveryOrder => "delivery_order",
            Property::Certificates => "certificates",
            Property::Conservation => "conservation",
            Property::NoNegativeBalance => "no_negative_balance",
            Property::ExactlyOnce => "exactly_once",
            Property::TablesRoll => "tables_roll",
            Property::FairDice => "fair_dice",
            Property::SameStateRoot => "same_state_root",
            Property::NoFalseAccusation => "no_false_accusation",
            Property::VoteOnce => "vote_once",
            Property::LockDiscipline => "lock_discipline",
            Property::SentCertificates => "sent_certificates",
            Property::BoundedMemory => "bounded_memory",
            Property::Accountability => "accountability",
            Property::Liveness => "liveness",
            Property::NoCrash => "no_crash",
        }
    }
}

/// Something that comes in time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Eventually {
    /// Every honest node that is up has decided a height.
    Height {
        /// This one or a higher one.
        at_least: u64,
        /// In this time.
        within: Span,
        /// Counted from the end of the fault with this id; `None`: from the start of the run.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
}

/// Something that the run (or one of the runs) must reach, so that its success means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sometimes {
    /// A round failed and the next began.
    ViewChange,
    /// Evidence stands in a decided block.
    EvidenceIncluded,
    /// A node fetched blocks.
    BlockSync,
    /// A node fetched a state.
    StateSync,
    /// A node locked in a round that did not decide.
    Lock,
    /// A node came back from a crash.
    Restart,
    /// A node refused a frame that was malformed or wrongly signed.
    RejectedFrame,
    /// A command in a block changed nothing.
    RefusedCommand,
    /// A bet was refused because the house could not cover it, or by its policy's limits.
    RefusedByBank,
    /// A bet was taken down.
    TakenDown,
    /// A committee handed over to another.
    Handover,
}

impl Sometimes {
    /// Every one.
    pub const ALL: [Sometimes; 11] = [
        Sometimes::ViewChange,
        Sometimes::EvidenceIncluded,
        Sometimes::BlockSync,
        Sometimes::StateSync,
        Sometimes::Lock,
        Sometimes::Restart,
        Sometimes::RejectedFrame,
        Sometimes::RefusedCommand,
        Sometimes::RefusedByBank,
        Sometimes::TakenDown,
        Sometimes::Handover,
    ];

    /// Its name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Sometimes::ViewChange => "view_change",
            Sometimes::EvidenceIncluded => "evidence_included",
            Sometimes::BlockSync => "block_sync",
            Sometimes::StateSync => "state_sync",
            Sometimes::Lock => "lock",
            Sometimes::Restart => "restart",
            Sometimes::RejectedFrame => "rejected_frame",
            Sometimes::RefusedCommand => "refused_command",
            Sometimes::RefusedByBank => "refused_by_bank",
            Sometimes::TakenDown => "taken_down",
            Sometimes::Handover => "handover",
        }
    }
}

/// Limits on how slow a run may be.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct Slo {
    /// From proposal to decision, the median over all nodes and heights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_latency_p50: Option<Span>,
    /// The 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_latency_p99: Option<Span>,
    /// From the end of a fault to the next decided block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Span>,
    /// At least so many, over the whole run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks_per_second: Option<Rate>,
    /// How soon after a disturbance all is as before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hangover: Option<Hangover>,
}

/// How soon after a disturbance the backlog is gone and commands are decided as fast as before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Hangover {
    /// The median latency of commands is then at most so many times the one before the disturbance.
    pub latency: f64,
    /// After so many times its length.
    pub within: f64,
}
