//! The votes of one height, counted as they come.
//!
//! One vote counts per validator, round and kind: the first. A different second one is evidence. Every threshold is
//! found when a vote crosses it, so that a vote costs the same among four validators and among a hundred.
//!
//! Memory is bounded whatever a validator signs: full votes are kept for [`PAST_ROUNDS`] rounds below the current
//! one and [`FUTURE_ROUNDS`] above. Of later rounds only each validator's latest vote is kept, which is what a
//! round skip needs. Of earlier ones nothing: a decision there comes with block sync.

use super::message::{TendermintMessage, Vote, VoteKind};
use crate::{Evidence, Signed, ValidatorSet};
use bitcraps_types::{Digest, Height, Round, Signature, ValidatorIndex};
use litemap::LiteMap;

/// How many rounds below the current one are remembered.
pub(super) const PAST_ROUNDS: Round = 32;
/// How many rounds above the current one are remembered in full.
pub(super) const FUTURE_ROUNDS: Round = 16;

/// What a vote did.
#[derive(Debug)]
pub(super) enum Added {
    /// Nothing, or it was counted and crossed no threshold for a value.
    Nothing,
    /// It completed a quorum for this value, or for nil.
    Quorum(Option<Digest>),
    /// Its author had voted differently.
    Conflict(Box<Evidence<TendermintMessage>>),
}

/// All votes of a height.
#[derive(Clone, Debug)]
pub(super) struct Votes {
    height: Height,
    validators: ValidatorSet,
    rounds: LiteMap<Round, RoundVotes>,
    /// By validator: its vote of the highest round.
    latest: Vec<Option<(Vote, Signature)>>,
    /// By round: the power of those whose latest vote is of this round.
    power_by_latest: LiteMap<Round, u64>,
}

#[derive(Clone, Debug)]
struct RoundVotes {
    prevotes: Tally,
    precommits: Tally,
}

/// The votes of one kind in one round.
#[derive(Clone, Debug)]
struct Tally {
    cast: Vec<Option<Cast>>,
    power: u64,
    by_digest: LiteMap<Option<Digest>, u64>,
    quorum: Option<Option<Digest>>,
}

#[derive(Clone, Copy, Debug)]
struct Cast {
    digest: Option<Digest>,
    signature: Signature,
    /// A second vote was seen and reported.
    accused: bool,
}

impl Votes {
    pub(super) fn new(height: Height, validators: ValidatorSet) -> Votes {
        let latest = vec![None; validators.len()];
        Votes { height, validators, rounds: LiteMap::new(), latest, power_by_latest: LiteMap::new() }
    }

    /// Counts a verified vote of this height while the engine is in round `current`.
    pub(super) fn add(&mut self, vote: Vote, signature: Signature, current: Round) -> Added {
        let power = self.validators.power(vote.author);
        if vote.height != self.height || power == 0 {
            return Added::Nothing;
        }
        self.note_latest(vote, signature, power);
        if vote.round < lowest(current) || vote.round > current.saturating_add(FUTURE_ROUNDS) {
            return Added::Nothing;
        }
        let n = self.validators.len();
        let round = self.rounds.entry(vote.round).or_insert_with(|| RoundVotes::new(n));
        let tally = round.tally_mut(vote.kind);
        match &mut tally.cast[vote.author.index()] {
            Some(first) if first.digest == vote.digest || first.accused => Added::Nothing,
            Some(first) => {
                first.accused = true;
                let earlier = Vote { digest: first.digest, ..vote };
                Added::Conflict(Box::new(Evidence::of(
                    &earlier.signed(first.signature),
                    &vote.signed(signature),
                )))
            }
            slot @ None => {
                *slot = Some(Cast { digest: vote.digest, signature, accused: false });
                tally.power += power;
                let so_far = tally.by_digest.entry(vote.digest).or_default();
                *so_far += power;
                if tally.quorum.is_none() && self.validators.is_quorum(*so_far) {
                    tally.quorum = Some(vote.digest);
                    Added::Quorum(vote.digest)
                } else {
                    Added::Nothing
                }
            }
        }
    }

    fn note_latest(&mut self, vote: Vote, signature: Signature, power: u64) {
        let latest = &mut self.latest[vote.author.index()];
        if let Some((before, _)) = latest {
            if before.round >= vote.round {
                return;
            }
            if let Some(there) = self.power_by_latest.get_mut(&before.round) {
                *there -= power;
                if *there == 0 {
                    self.power_by_latest.remove(&before.round);
                }
            }
        }
        *latest = Some((vote, signature));
        *self.power_by_latest.entry(vote.round).or_default() += power;
    }

    /// The value (or nil) that a quorum voted for.
    pub(super) fn quorum(&self, kind: VoteKind, round: Round) -> Option<Option<Digest>> {
        self.tally(kind, round)?.quorum
    }

    /// Whether a quorum voted, for whatever.
    pub(super) fn quorum_of_any(&self, kind: VoteKind, round: Round) -> bool {
        self.tally(kind, round).is_some_and(|tally| self.validators.is_quorum(tally.power))
    }

    /// The highest round above `current` that validators of more than a third of the power have reached. One of
    /// them is correct, so a correct validator has reached it.
    ///
    /// The paper counts the messages of one round. Counting those of later rounds with them finds the round sooner
    /// and is as safe; and it takes one vote per validator to know.
    pub(super) fn skip_target(&self, current: Round) -> Option<Round> {
        let mut power = 0;
        for (&round, there) in self.power_by_latest.iter().rev().take_while(|(round, _)| **round > current) {
            power += there;
            if self.validators.is_weak_quorum(power) {
                return Some(round);
            }
        }
        None
    }

    /// The signatures of all who voted so, by ascending validator.
    pub(super) fn signatures(
        &self,
        kind: VoteKind,
        round: Round,
        digest: Option<Digest>,
    ) -> Vec<(ValidatorIndex, Signature)> {
        self.cast(kind, round)
            .filter(|(_, cast)| cast.digest == digest)
            .map(|(author, cast)| (author, cast.signature))
            .collect()
    }

    /// A validator's vote.
    pub(super) fn get(
        &self,
        kind: VoteKind,
        round: Round,
        author: ValidatorIndex,
    ) -> Option<Signed<TendermintMessage>> {
        let cast = self.tally(kind, round)?.cast.get(author.index())?.as_ref()?;
        Some(self.vote(kind, round, author, cast.digest).signed(cast.signature))
    }

    /// All votes of a kind in a round, by ascending validator.
    pub(super) fn all(
        &self,
        kind: VoteKind,
        round: Round,
    ) -> impl Iterator<Item = Signed<TendermintMessage>> + '_ {
        self.cast(kind, round)
            .map(move |(author, cast)| self.vote(kind, round, author, cast.digest).signed(cast.signature))
    }

    /// The latest votes of those who are in a round above `current`.
    pub(super) fn of_later_rounds(
        &self,
        current: Round,
    ) -> impl Iterator<Item = Signed<TendermintMessage>> + '_ {
        self.latest
            .iter()
            .flatten()
            .filter(move |(vote, _)| vote.round > current)
            .map(|(vote, signature)| vote.signed(*signature))
    }

    /// Forgets the rounds that are too old in round `current`.
    pub(super) fn prune(&mut self, current: Round) {
        let lowest = lowest(current);
        self.rounds.retain(|round, _| *round >= lowest);
    }

    fn vote(&self, kind: VoteKind, round: Round, author: ValidatorIndex, digest: Option<Digest>) -> Vote {
        Vote { kind, height: self.height, round, author, digest }
    }

    fn tally(&self, kind: VoteKind, round: Round) -> Option<&Tally> {
        let votes = self.rounds.get(&round)?;
        Some(match kind {
            VoteKind::Prevote => &votes.prevotes,
            VoteKind::Precommit => &votes.precommits,
        })
    }

    fn cast(&self, kind: VoteKind, round: Round) -> impl Iterator<Item = (ValidatorIndex, &Cast)> {
        let cast = self.tally(kind, round).map_or(&[][..], |tally| &tally.cast);
        self.validators.places().zip(cast).filter_map(|(author, cast)| Some((author, cast.as_ref()?)))
    }

    /// How many votes are held, for the tests of the bound.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let of = |tally: &Tally| tally.cast.iter().flatten().count();
        let full: usize = self.rounds.values().map(|round| of(&round.prevotes) + of(&round.precommits)).sum();
        full + self.latest.iter().flatten().count()
    }
}

impl RoundVotes {
    fn new(n: usize) -> RoundVotes {
        let tally = Tally { cast: vec![None; n], power: 0, by_digest: LiteMap::new(), quorum: None };
        RoundVotes { prevotes: tally.clone(), precommits: tally }
    }

    fn tally_mut(&mut self, kind: VoteKind) -> &mut Tally {
        match kind {
            VoteKind::Prevote => &mut self.prevotes,
            VoteKind::Precommit => &mut self.precommits,
        }
    }
}

/// The lowest round that is remembered in round `current`.
pub(super) fn lowest(current: Round) -> Round {
    current.saturating_sub(PAST_ROUNDS)
}
