//! The proposals of one height: the first of each round counts.

use super::message::{HotStuffMessage, Proposal};
use super::window::{lowest, remembers};
use crate::Signed;
use bitcraps_types::{Digest, Round};
use std::collections::BTreeMap;

/// The proposals of a height by round.
#[derive(Clone, Debug, Default)]
pub(super) struct Proposals(BTreeMap<Round, Signed<HotStuffMessage>>);

impl Proposals {
    /// Keeps a verified proposal of this height, if it is the first of its round, while the engine is in round
    /// `current`.
    pub(super) fn add(&mut self, signed: &Signed<HotStuffMessage>, current: Round) {
        if let Some(round) = signed.message.proposed_round()
            && remembers(current, round)
        {
            self.0.entry(round).or_insert_with(|| signed.clone());
        }
    }

    /// The proposal of a round, signed.
    pub(super) fn get(&self, round: Round) -> Option<&Signed<HotStuffMessage>> {
        self.0.get(&round)
    }

    /// The proposal of a round.
    pub(super) fn block(&self, round: Round) -> Option<&Proposal> {
        match &self.0.get(&round)?.message {
            HotStuffMessage::Proposal(proposal) => Some(proposal),
            _ => None,
        }
    }

    /// Whether a kept proposal brought this value.
    pub(super) fn has_value(&self, digest: &Digest) -> bool {
        self.0.values().any(|signed| match &signed.message {
            HotStuffMessage::Proposal(proposal) => {
                proposal.value.as_ref().is_some_and(|value| value.digest() == *digest)
            }
            _ => false,
        })
    }

    /// Forgets the rounds that are too old in round `current`.
    pub(super) fn prune(&mut self, current: Round) {
        self.0 = self.0.split_off(&lowest(current));
    }
}
