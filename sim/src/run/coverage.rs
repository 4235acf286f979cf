//! Where a run has been: which transition an engine took, by the paper's line, in which state of the network.

use super::watch::Watch;
use bitcraps_types::Height;
use std::collections::BTreeSet;

/// A transition of an engine, and the network's state when it was taken: how many nodes hold a lock (up to 2), whether
/// one is down, whether one catches up, how many rounds failed at the height being decided (up to 3), and how far the
/// slowest node is behind (not, one height, more).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Feature {
    /// As the engine names it.
    pub transition: &'static str,
    locked: u8,
    down: bool,
    syncing: bool,
    round: u8,
    behind: u8,
}

impl Feature {
    /// Where no network is watched.
    pub(crate) fn of_an_engine_alone(transition: &'static str) -> Feature {
        Feature { transition, locked: 0, down: false, syncing: false, round: 0, behind: 0 }
    }
}

/// The features of one run.
#[derive(Default)]
pub(crate) struct Coverage {
    features: BTreeSet<Feature>,
}

impl Coverage {
    pub(crate) fn observe(&mut self, transition: &'static str, watch: &Watch) {
        let nodes = &watch.nodes;
        let few = |count: usize, most: u8| u8::try_from(count).map_or(most, |count| count.min(most));
        let slowest: Height = nodes.iter().map(|node| node.height).min().unwrap_or(0);
        self.features.insert(Feature {
            transition,
            locked: few(nodes.iter().filter(|node| node.locked.is_some()).count(), 2),
            down: nodes.iter().any(|node| node.down),
            syncing: nodes.iter().any(|node| node.syncing),
            round: few(watch.front.1 as usize, 3),
            behind: few(watch.height.saturating_sub(slowest) as usize, 2),
        });
    }

    pub(crate) fn into_features(self) -> BTreeSet<Feature> {
        self.features
    }
}
