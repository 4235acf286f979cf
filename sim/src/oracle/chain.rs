//! What was decided: at each height the value that the first honest node decided, and those who decided otherwise.

use bitcraps_types::{Digest, Height, Time};
use std::collections::BTreeMap;

/// The first honest decision of a height.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decision {
    pub(super) digest: Digest,
    pub(super) node: u16,
    pub(super) at: Time,
}

/// All decisions of the run. About a hundred bytes per height: it is kept whole, because a node that comes back after
/// any time must still agree.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    first: BTreeMap<Height, Decision>,
    /// Decisions that differ from the first.
    other: BTreeMap<(u16, Height), Digest>,
}

/// How a decision relates to those before it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Relation {
    /// Nobody had decided the height.
    First,
    /// The same as the first.
    Same,
    /// Another than the first, which is given.
    Conflicts(Decision),
}

impl Chain {
    /// Takes note of a decision.
    pub(super) fn decide(&mut self, at: Time, node: u16, height: Height, digest: Digest) -> Relation {
        let Some(first) = self.first.get(&height).copied() else {
            self.first.insert(height, Decision { digest, node, at });
            return Relation::First;
        };
        if first.digest == digest {
            return Relation::Same;
        }
        self.other.insert((node, height), digest);
        Relation::Conflicts(first)
    }

    /// What the first honest node decided at a height.
    pub(super) fn first(&self, height: Height) -> Option<Digest> {
        self.first.get(&height).map(|first| first.digest)
    }

    /// What `node` has decided at `height`, if it has: the caller knows how far it came.
    pub(super) fn decided_by(&self, node: u16, height: Height) -> Option<Digest> {
        let other = self.other.get(&(node, height)).copied();
        other.or_else(|| self.first(height))
    }
}
