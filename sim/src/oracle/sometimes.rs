//! Properties `sometimes`: what a run must have reached, or its other verdicts mean little.

use bitcraps_reports::{PropertyKind, PropertyResult};
use bitcraps_types::Time;

/// What is counted, at honest nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sometimes {
    /// A node entered a round above 0.
    ViewChange,
    /// An offence was recorded in the replicated state.
    EvidenceIncluded,
    /// A block came by block sync.
    BlockSync,
    /// A state came by state sync.
    StateSync,
    /// A node locked.
    Lock,
    /// A node restarted.
    Restart,
    /// Something from outside was turned away.
    RejectedFrame,
}

impl Sometimes {
    /// All, in the order of their declaration.
    pub const ALL: [Sometimes; 7] = [
        Sometimes::ViewChange,
        Sometimes::EvidenceIncluded,
        Sometimes::BlockSync,
        Sometimes::StateSync,
        Sometimes::Lock,
        Sometimes::Restart,
        Sometimes::RejectedFrame,
    ];

    /// As scenarios name it.
    pub fn name(self) -> &'static str {
        match self {
            Sometimes::ViewChange => "view_change",
            Sometimes::EvidenceIncluded => "evidence_included",
            Sometimes::BlockSync => "block_sync",
            Sometimes::StateSync => "state_sync",
            Sometimes::Lock => "lock",
            Sometimes::Restart => "restart",
            Sometimes::RejectedFrame => "rejected_frame",
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    counts: [u64; Sometimes::ALL.len()],
    first: [Option<Time>; Sometimes::ALL.len()],
}

impl Counters {
    pub(super) fn count(&mut self, at: Time, what: Sometimes) {
        self.counts[what as usize] += 1;
        self.first[what as usize].get_or_insert(at);
    }

    pub(super) fn get(&self, what: Sometimes) -> u64 {
        self.counts[what as usize]
    }

    /// A name that is none of [`Sometimes`] can't be judged.
    pub(super) fn result(&self, name: &str) -> PropertyResult {
        let known = Sometimes::ALL.into_iter().find(|what| what.name() == name);
        let (holds, detail, at) = match known {
            None => (None, "no such counter".to_owned(), None),
            Some(what) => {
                let count = self.get(what);
                (Some(count > 0), format!("{count} times"), self.first[what as usize])
            }
        };
        let kind = PropertyKind::Sometimes;
        PropertyResult { name: name.to_owned(), kind, holds, detail, at_ns: at.map(|at| at.0) }
    }
}
