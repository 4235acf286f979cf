//! The proposals of one height: the first of each round counts, a different second one is evidence.

use super::message::TendermintMessage;
use super::statement::conflicting;
use super::votes::{FUTURE_ROUNDS, lowest};
use crate::museum::{Bug, has};
use crate::{Evidence, Message, Signed};
use bitcraps_types::{Digest, Round};
use litemap::LiteMap;

/// What a proposal did.
#[derive(Debug)]
pub(super) enum Heard {
    /// It is known, or too far from the current round.
    Nothing,
    /// It is its round's proposal.
    New,
    /// Its author had proposed differently.
    Conflict(Box<Evidence<TendermintMessage>>),
}

/// The proposals of a height by round.
#[derive(Clone, Debug, Default)]
pub(super) struct Proposals(LiteMap<Round, Held>);

#[derive(Clone, Debug)]
struct Held {
    signed: Signed<TendermintMessage>,
    accused: bool,
}

impl Proposals {
    /// Takes a verified proposal of this height while the engine is in round `current`.
    pub(super) fn add(&mut self, signed: &Signed<TendermintMessage>, current: Round) -> Heard {
        let round = signed.message.round();
        if round < lowest(current) || round > current.saturating_add(FUTURE_ROUNDS) {
            return Heard::Nothing;
        }
        match self.0.get_mut(&round) {
            None => {
                self.0.insert(round, Held { signed: signed.clone(), accused: false });
                Heard::New
            }
            Some(held)
                if held.accused
                    || !conflicting(&held.signed.message.statement(), &signed.message.statement()) =>
            {
                Heard::Nothing
            }
            Some(held) => {
                assert!(!has(Bug::SecondProposalPanics), "one proposal per round");
                held.accused = true;
                Heard::Conflict(Box::new(Evidence::of(&held.signed, signed)))
            }
        }
    }

    /// The proposal of a round.
    pub(super) fn get(&self, round: Round) -> Option<&Signed<TendermintMessage>> {
        self.0.get(&round).map(|held| &held.signed)
    }

    /// Whether a kept proposal is for this value.
    pub(super) fn has_value(&self, digest: &Digest) -> bool {
        self.0.values().any(|held| match &held.signed.message {
            TendermintMessage::Proposal(proposal) => proposal.value.digest() == *digest,
            _ => false,
        })
    }

    /// Forgets the rounds that are too old in round `current`.
    pub(super) fn prune(&mut self, current: Round) {
        let lowest = lowest(current);
        self.0.retain(|round, _| *round >= lowest);
    }
}
