//! The committee: who decides the blocks and throws the dice. And how one hands over to the next.
//!
//! A validator keeps its index for good: a committee names the validators of the one before in the same order, those that
//! left with no power, and new ones after them. So an index in a certificate, a proof or an account means the same for ever.
//!
//! A handover is agreed on outside the chain: the next committee makes its dice key in a ceremony of its own, and whoever
//! must consents by signature. It stands in a block, the last that the old committee decides.

use crate::{Genesis, GenesisValidator, Offence};
use bitcraps_types::{ChainId, GroupKey, Height, PublicKey, Sign, Signature, ValidatorIndex, Verify};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::VecDeque;

/// Who decides the blocks of certain heights and throws their dice.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Committee {
    /// In the order of their indices; those without power have left.
    pub validators: Vec<GenesisValidator>,
    /// The key under which they throw the dice.
    pub dice: DiceKey,
}

/// The public half of the secret that the validators share to throw the dice, and who holds which share of it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DiceKey {
    /// The public half.
    pub group: GroupKey,
    /// Who holds each share, by its number: each validator as many as its power says.
    pub holders: Vec<ValidatorIndex>,
}

/// The end of one committee and the beginning of the next.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Handover {
    /// What is agreed on.
    pub terms: Terms,
    /// Who consents, by ascending index.
    pub approvals: Vec<(ValidatorIndex, Signature)>,
}

/// What a handover is about.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Terms {
    /// Which handover of the network it is, from 1: each can happen once.
    pub number: u64,
    /// The lowest height at which it can happen.
    pub not_before: Height,
    /// Who comes.
    pub to: Committee,
}

/// The committee of each height, as far back as an offence may lie before the block that records it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Committees {
    /// How many handovers there were.
    handovers: u64,
    /// Each with its first height, ascending; never empty.
    acting: VecDeque<(Height, Committee)>,
}

/// Why no committee can be handed over to another so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandoverError {
    /// It is not the next one.
    #[error("it is handover {found}, and the next is {next}")]
    Number {
        /// Its number.
        found: u64,
        /// The number of the next.
        next: u64,
    },
    /// Its time has not come.
    #[error("it can't happen before height {0}")]
    TooEarly(Height),
    /// Validators are left out or have other keys.
    #[error("{0} is left out or has another key: who leaves stays in its place, without power")]
    Place(ValidatorIndex),
    /// The approvals are not in ascending order of indices that there are.
    #[error("the approvals are not in order, or of validators that there are not")]
    Order,
    /// An approval is not the validator's.
    #[error("the approval of {0} is wrong")]
    Signature(ValidatorIndex),
    /// Power is given to who does not want it.
    #[error("{0} gets more power and does not consent")]
    Consent(ValidatorIndex),
}

impl Committee {
    /// The first committee of a network.
    pub fn of_genesis(genesis: &Genesis) -> Committee {
        Committee { validators: genesis.validators.clone(), dice: genesis.dice.clone() }
    }

    /// The validators' powers, in order.
    pub fn powers(&self) -> Vec<u64> {
        self.validators.iter().map(|validator| validator.power).collect()
    }

    /// The power of a validator; none for a stranger.
    pub fn power(&self, index: ValidatorIndex) -> u64 {
        self.validators.get(index.index()).map_or(0, |validator| validator.power)
    }
}

impl Terms {
    /// What is signed: the terms on one chain.
    fn message(&self, chain: &ChainId) -> Vec<u8> {
        let mut message = Vec::new();
        message.extend_from_slice(b"bitcraps handover 1");
        message.extend_from_slice(&chain.0);
        self.serialize(&mut message).expect("a vector takes all bytes");
        message
    }

    /// The consent of one validator of either committee; `None` for a stranger.
    pub fn approve(&self, chain: &ChainId, signer: &dyn Sign) -> Option<(ValidatorIndex, Signature)> {
        let key = signer.public_key();
        let place = self.to.validators.iter().position(|validator| validator.key == key)?;
        Some((ValidatorIndex(u16::try_from(place).ok()?), signer.sign(&self.message(chain))))
    }

    /// The key of a validator of either committee.
    fn key(&self, index: ValidatorIndex) -> Option<&PublicKey> {
        self.to.validators.get(index.index()).map(|validator| &validator.key)
    }
}

impl Handover {
    /// Checks all but the powers: that the handover is the next after `before`, may happen at `height`, and that each
    /// validator that it gives more power consents. The answer is how much of the power before consents: whether that is
    /// enough is for consensus to say.
    pub fn check(
        &self,
        before: &Committees,
        height: Height,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<u64, HandoverError> {
        let Handover { terms, approvals } = self;
        let next = before.handovers + 1;
        if terms.number != next {
            return Err(HandoverError::Number { found: terms.number, next });
        }
        if height < terms.not_before {
            return Err(HandoverError::TooEarly(terms.not_before));
        }
        let (from, to) = (before.last(), &terms.to);
        for (index, old) in (0..).map(ValidatorIndex).zip(&from.validators) {
            if terms.key(index) != Some(&old.key) {
                return Err(HandoverError::Place(index));
            }
        }
        if !approvals.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err(HandoverError::Order);
        }
        let message = terms.message(chain);
        let mut power: u64 = 0;
        for (index, signature) in approvals {
            let key = terms.key(*index).ok_or(HandoverError::Order)?;
            if !verify.verify(key, &message, signature) {
                return Err(HandoverError::Signature(*index));
            }
            power = power.saturating_add(from.power(*index));
        }
        let approves = |index| approvals.iter().any(|(of, _)| *of == index);
        let grows = |index: &ValidatorIndex| to.power(*index) > from.power(*index);
        let all = (0..).map(ValidatorIndex).take(to.validators.len());
        match all.filter(grows).find(|index| !approves(*index)) {
            Some(index) => Err(HandoverError::Consent(index)),
            None => Ok(power),
        }
    }
}

impl Committees {
    /// The first of a network, from height 1.
    pub fn of_genesis(genesis: &Genesis) -> Committees {
        Committees::beginning_with(Committee::of_genesis(genesis))
    }

    /// This one, from height 1.
    pub fn beginning_with(committee: Committee) -> Committees {
        Committees { handovers: 0, acting: VecDeque::from([(1, committee)]) }
    }

    /// How many handovers there were.
    pub fn handovers(&self) -> u64 {
        self.handovers
    }

    /// The committee that decides the next block.
    pub fn last(&self) -> &Committee {
        &self.acting.back().expect("never empty").1
    }

    /// That of a height; before the first known, the first.
    pub fn at(&self, height: Height) -> &Committee {
        let after = self.acting.partition_point(|(first, _)| *first <= height);
        &self.acting[after.saturating_sub(1)].1
    }

    /// All that are known, each with its first height, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (Height, &Committee)> {
        self.acting.iter().map(|(first, committee)| (*first, committee))
    }

    /// After the block of this height another committee takes over. Those that an offence can't be of any more are forgotten.
    pub fn hand_over(&mut self, height: Height, to: Committee) {
        self.handovers += 1;
        self.acting.push_back((height.saturating_add(1), to));
        let oldest = height.saturating_sub(Offence::MAX_AGE);
        while self.acting.get(1).is_some_and(|(first, _)| *first <= oldest) {
            self.acting.pop_front();
        }
    }

    /// Whether there is one at all, and their heights ascend.
    pub(crate) fn are_sound(&self) -> bool {
        let heights = self.acting.iter().map(|(first, _)| first);
        let fits = |(_, committee): &(Height, Committee)| committee.validators.len() <= usize::from(u16::MAX);
        !self.acting.is_empty() && heights.is_sorted_by(|a, b| a < b) && self.acting.iter().all(fits)
    }
}

#[cfg(test)]
mod tests;
