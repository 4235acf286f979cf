//! The timeouts of one height, counted as they come: a quorum of one round is its certificate; more than a third of
//! the power at a round or above it prove that a correct validator gave that round up.
//!
//! Memory is bounded: timeouts are counted for a window of rounds. Of all rounds only each validator's latest is kept.

use super::certificates::{TimeoutCertificate, TimeoutSignature};
use super::window::{lowest, remembers};
use crate::ValidatorSet;
use bitcraps_types::{Height, Round, Signature, ValidatorIndex};
use std::collections::BTreeMap;

/// The timeouts of a height.
#[derive(Clone, Debug)]
pub(super) struct Timeouts {
    height: Height,
    validators: ValidatorSet,
    rounds: BTreeMap<Round, RoundTimeouts>,
    /// By validator: the highest round that it gave up.
    latest: Vec<Option<Round>>,
    /// By round: the power of those whose latest is of this round.
    power_by_latest: BTreeMap<Round, u64>,
}

#[derive(Clone, Debug)]
struct RoundTimeouts {
    given_up: Vec<Option<(Option<Round>, Signature)>>,
    power: u64,
}

impl Timeouts {
    pub(super) fn new(height: Height, validators: ValidatorSet) -> Timeouts {
        let latest = vec![None; validators.len()];
        Timeouts { height, validators, rounds: BTreeMap::new(), latest, power_by_latest: BTreeMap::new() }
    }

    /// Counts a verified timeout of this height while the engine is in round `current`. The certificate, when the
    /// timeout completes a quorum.
    pub(super) fn add(
        &mut self,
        author: ValidatorIndex,
        round: Round,
        high_qc_round: Option<Round>,
        signature: Signature,
        current: Round,
    ) -> Option<TimeoutCertificate> {
        let power = self.validators.power(author);
        if power == 0 {
            return None;
        }
        self.note_latest(author, round, power);
        if !remembers(current, round) {
            return None;
        }
        let n = self.validators.len();
        let empty = || RoundTimeouts { given_up: vec![None; n], power: 0 };
        let timeouts = self.rounds.entry(round).or_insert_with(empty);
        let slot = &mut timeouts.given_up[author.index()];
        if slot.is_some() {
            return None;
        }
        *slot = Some((high_qc_round, signature));
        let before = timeouts.power;
        timeouts.power += power;
        let completes = self.validators.is_quorum(timeouts.power) && !self.validators.is_quorum(before);
        completes.then(|| self.certificate(round))
    }

    fn certificate(&self, round: Round) -> TimeoutCertificate {
        let given_up = self.rounds.get(&round).map_or(&[][..], |round| &round.given_up);
        let timeouts = self
            .validators
            .places()
            .zip(given_up)
            .filter_map(|(signer, timeout)| {
                let (high_qc_round, signature) = (*timeout)?;
                Some(TimeoutSignature { signer, high_qc_round, signature })
            })
            .collect();
        TimeoutCertificate { height: self.height, round, timeouts }
    }

    fn note_latest(&mut self, author: ValidatorIndex, round: Round, power: u64) {
        let latest = &mut self.latest[author.index()];
        if *latest >= Some(round) {
            return;
        }
        if let Some(before) = latest.replace(round)
            && let Some(there) = self.power_by_latest.get_mut(&before)
        {
            *there -= power;
            if *there == 0 {
                self.power_by_latest.remove(&before);
            }
        }
        *self.power_by_latest.entry(round).or_default() += power;
    }

    /// The highest round from `current` on that a correct validator has given up, as far as the timeouts of more
    /// than a third of the power prove it: each of them gave up that round or a later one.
    pub(super) fn given_up(&self, current: Round) -> Option<Round> {
        let mut power = 0;
        for (&round, there) in self.power_by_latest.range(current..).rev() {
            power += there;
            if self.validators.is_weak_quorum(power) {
                return Some(round);
            }
        }
        None
    }

    /// Whether this timeout was counted.
    pub(super) fn holds(&self, author: ValidatorIndex, round: Round, signature: &Signature) -> bool {
        let counted = self.rounds.get(&round).and_then(|round| *round.given_up.get(author.index())?);
        counted.is_some_and(|(_, counted)| counted == *signature)
    }

    /// Forgets the rounds that are too old in round `current`.
    pub(super) fn prune(&mut self, current: Round) {
        self.rounds = self.rounds.split_off(&lowest(current));
    }

    /// How many timeouts are held, for the tests of the bound.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let full: usize = self.rounds.values().map(|round| round.given_up.iter().flatten().count()).sum();
        full + self.latest.iter().flatten().count()
    }
}
