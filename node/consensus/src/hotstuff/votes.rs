//! The votes that reached this node: those for the leader of the next round, and after a timeout everybody's.
//!
//! One vote counts per validator and round: the first.

use super::certificates::QuorumCertificate;
use super::message::HotStuffMessage;
use super::statement::Vote;
use super::window::{lowest, remembers};
use crate::museum::{Bug, has};
use crate::{Signed, ValidatorSet};
use bitcraps_types::{Digest, Height, Round, Signature, ValidatorIndex};
use std::collections::BTreeMap;

/// The votes of a height.
#[derive(Clone, Debug)]
pub(super) struct Votes {
    height: Height,
    validators: ValidatorSet,
    rounds: BTreeMap<Round, RoundVotes>,
}

/// What a vote is for, within its round. Votes for one value on two certificates don't add up.
type Block = (Digest, Option<Round>);

#[derive(Clone, Debug)]
struct RoundVotes {
    cast: Vec<Option<(Block, Signature)>>,
    power: BTreeMap<Block, u64>,
}

impl Votes {
    pub(super) fn new(height: Height, validators: ValidatorSet) -> Votes {
        Votes { height, validators, rounds: BTreeMap::new() }
    }

    /// Counts a verified vote of this height while the engine is in round `current`. The certificate, when the vote
    /// completes a quorum.
    pub(super) fn add(
        &mut self,
        vote: Vote,
        signature: Signature,
        current: Round,
    ) -> Option<QuorumCertificate> {
        let power = self.validators.power(vote.author);
        if power == 0 || !remembers(current, vote.round) {
            return None;
        }
        let n = self.validators.len();
        let empty = || RoundVotes { cast: vec![None; n], power: BTreeMap::new() };
        let round = self.rounds.entry(vote.round).or_insert_with(empty);
        let slot = &mut round.cast[vote.author.index()];
        if slot.is_some() {
            return None;
        }
        let block = (vote.digest, vote.justify);
        *slot = Some((block, signature));
        let bucket = if has(Bug::ForeignVoteInCertificate) { (Digest::ZERO, None) } else { block };
        let so_far = round.power.entry(bucket).or_default();
        let before = *so_far;
        *so_far += power;
        let completes = self.validators.is_quorum(*so_far) && !self.validators.is_quorum(before);
        completes.then(|| self.certificate(vote.round, block))
    }

    fn certificate(&self, round: Round, block: Block) -> QuorumCertificate {
        let (digest, justify) = block;
        let cast = self.rounds.get(&round).map_or(&[][..], |round| &round.cast);
        let signatures = self
            .validators
            .places()
            .zip(cast)
            .filter_map(|(author, cast)| Some((author, (*cast)?)))
            .filter(|(_, (voted, _))| *voted == block || has(Bug::ForeignVoteInCertificate))
            .map(|(author, (_, signature))| (author, signature))
            .collect();
        QuorumCertificate { height: self.height, round, digest, justify, signatures }
    }

    /// A validator's vote.
    pub(super) fn get(&self, round: Round, author: ValidatorIndex) -> Option<Signed<HotStuffMessage>> {
        let ((digest, justify), signature) = (*self.rounds.get(&round)?.cast.get(author.index())?)?;
        Some(Vote { height: self.height, round, author, digest, justify }.signed(signature))
    }

    /// Forgets the rounds that are too old in round `current`.
    pub(super) fn prune(&mut self, current: Round) {
        self.rounds = self.rounds.split_off(&lowest(current));
    }

    /// How many votes are held, for the tests of the bound.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.rounds.values().map(|round| round.cast.iter().flatten().count()).sum()
    }
}
