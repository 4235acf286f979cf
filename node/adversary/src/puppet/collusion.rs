//! What Byzantine validators that lie together have agreed on: which group hears of which value.
//!
//! Equivocation forks a chain only if all the liars tell one group the same. They need no messages of the protocol for
//! it: liars in one process share this, and those in several have a line of their own, on which each tells the others
//! what it has said first.

use super::variant;
use bitcraps_types::{Digest, Height, Round, ValidatorIndex, Value};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::{BTreeMap, BTreeSet};

/// Who is told what. A validator in neither group hears the truth; one in both hears both versions, and so gets
/// the evidence in its hands.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
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

/// What a liar says of one round, to those who lie with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Said {
    /// At this height.
    pub height: Height,
    /// In this round.
    pub round: Round,
    /// The value that the first group hears of.
    pub first: Digest,
    /// The one that the second group hears of. Known when one of the liars proposed.
    pub second: Option<Digest>,
}

/// The shared memory of those who lie together.
pub struct Collusion {
    groups: Groups,
    told: BTreeMap<(Height, Round), (Digest, Option<Digest>)>,
    line: Option<Box<dyn Fn(Said)>>,
}

impl Collusion {
    /// Heights further back are forgotten.
    const HEIGHTS: u64 = 16;

    /// Nothing told yet.
    pub fn new(groups: Groups) -> Collusion {
        Collusion { groups, told: BTreeMap::new(), line: None }
    }

    /// What is said first here goes out on this line from now on; the other end has it learn.
    pub fn set_line(&mut self, line: Box<dyn Fn(Said)>) {
        self.line = Some(line);
    }

    /// Another liar has said this.
    pub fn learn(&mut self, said: Said) {
        let (first, second) = self.told.entry((said.height, said.round)).or_insert((said.first, None));
        if *first == said.first {
            *second = second.or(said.second);
        }
        self.forget_before(said.height);
    }

    /// The groups.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// A liar proposes `value`: the other value that the second group gets to see. `None`: there is none.
    pub(super) fn propose(&mut self, height: Height, round: Round, value: &Value) -> Option<Value> {
        let own = value.digest();
        let other = variant::of(value)?;
        self.say(Said { height, round, first: own, second: Some(other.digest()) });
        let (first, second) = self.told.get(&(height, round))?;
        (*first == own && *second == Some(other.digest())).then_some(other)
    }

    /// A liar is about to vote `own`: what the first and the second group hear. `None`: no value is known to vote for.
    pub(super) fn votes(
        &mut self,
        height: Height,
        round: Round,
        own: Option<Digest>,
    ) -> Option<(Digest, Option<Digest>)> {
        if let Some(first) = own {
            self.say(Said { height, round, first, second: None });
        }
        self.told.get(&(height, round)).copied()
    }

    /// The two values of a round in which a liar proposed.
    pub(super) fn fork(&self, height: Height, round: Round) -> Option<(Digest, Digest)> {
        let (first, second) = self.told.get(&(height, round))?;
        second.map(|second| (*first, second))
    }

    /// Learns what this liar says itself; if that is new, the others hear of it before anybody else does.
    fn say(&mut self, said: Said) {
        let at = (said.height, said.round);
        let before = self.told.get(&at).copied();
        self.learn(said);
        let now = self.told.get(&at).copied();
        if let (Some(line), Some((first, second))) = (&self.line, now.filter(|_| now != before)) {
            line(Said { first, second, ..said });
        }
    }

    fn forget_before(&mut self, height: Height) {
        let oldest = (height.saturating_sub(Self::HEIGHTS), 0);
        while self.told.first_key_value().is_some_and(|(at, _)| *at < oldest) {
            self.told.pop_first();
        }
    }
}
