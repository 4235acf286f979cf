//! What Byzantine validators that lie together have agreed on: which group hears of which value.
//!
//! Equivocation forks a chain only if all the liars tell one group the same. They need no messages for it: the
//! testbed lets them share this.

use super::variant;
use bitcraps_types::{Digest, Height, Round, ValidatorIndex, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Who is told what. A validator in neither group hears the truth; one in both hears both versions, and so gets
/// the evidence in its hands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// They hear of the first value.
    pub first: BTreeSet<ValidatorIndex>,
    /// They hear of the second.
    pub second: BTreeSet<ValidatorIndex>,
}

impl Groups {
    /// Splits those of `count` validators that are not `liars` in two halves, the lower numbers first. The liars hear
    /// the truth: among them nothing is hidden.
    pub fn halves(count: u16, liars: &BTreeSet<ValidatorIndex>) -> Groups {
        let victims: Vec<_> = (0..count).map(ValidatorIndex).filter(|index| !liars.contains(index)).collect();
        let (first, second) = victims.split_at(victims.len().div_ceil(2));
        Groups { first: first.iter().copied().collect(), second: second.iter().copied().collect() }
    }

    /// Tells everybody but the `liars` both versions: a double vote in the open.
    pub fn everyone_twice(count: u16, liars: &BTreeSet<ValidatorIndex>) -> Groups {
        let victims: BTreeSet<_> =
            (0..count).map(ValidatorIndex).filter(|index| !liars.contains(index)).collect();
        Groups { first: victims.clone(), second: victims }
    }
}

/// The shared memory of those who lie together.
#[derive(Clone, Debug, Default)]
pub struct Collusion {
    groups: Groups,
    told: BTreeMap<(Height, Round), Told>,
}

#[derive(Clone, Debug)]
struct Told {
    first: Digest,
    /// Known when one of the liars proposed.
    second: Option<Value>,
}

impl Collusion {
    /// Heights further back are forgotten.
    const HEIGHTS: u64 = 16;

    /// Nothing told yet.
    pub fn new(groups: Groups) -> Collusion {
        Collusion { groups, told: BTreeMap::new() }
    }

    /// The groups.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// A liar proposes `value`: the other value that the second group gets to see. `None`: there is none.
    pub(super) fn propose(&mut self, height: Height, round: Round, value: &Value) -> Option<Value> {
        let told =
            self.told.entry((height, round)).or_insert_with(|| Told { first: value.digest(), second: None });
        if told.second.is_none() && told.first == value.digest() {
            told.second = variant::of(value);
        }
        let second = told.second.clone();
        self.forget_before(height);
        second
    }

    /// A liar is about to vote `own`: what the first and the second group hear. `None`: no value is known to vote for.
    pub(super) fn votes(
        &mut self,
        height: Height,
        round: Round,
        own: Option<Digest>,
    ) -> Option<(Digest, Option<Digest>)> {
        if let Some(own) = own {
            self.told.entry((height, round)).or_insert(Told { first: own, second: None });
            self.forget_before(height);
        }
        let told = self.told.get(&(height, round))?;
        Some((told.first, told.second.as_ref().map(Value::digest)))
    }

    /// The two values of a round in which a liar proposed.
    pub(super) fn fork(&self, height: Height, round: Round) -> Option<(Digest, Digest)> {
        let told = self.told.get(&(height, round))?;
        told.second.as_ref().map(|second| (told.first, second.digest()))
    }

    fn forget_before(&mut self, height: Height) {
        let oldest = (height.saturating_sub(Self::HEIGHTS), 0);
        while self.told.first_key_value().is_some_and(|(at, _)| *at < oldest) {
            self.told.pop_first();
        }
    }
}
