//! The VIEW-CHANGEs of one height, and how far each validator has come.
//!
//! One VIEW-CHANGE is kept per validator, that to the highest view: who said a later one has given up the earlier.
//! So memory is bounded whatever a validator signs.

use super::message::{ChangeClaim, PbftMessage, PreparedCertificate, ViewChange};
use crate::museum::{Bug, has};
use crate::{Evidence, Message, Signed, ValidatorSet};
use bitcraps_types::{Digest, Round, ValidatorIndex};
use std::collections::BTreeMap;

/// The latest VIEW-CHANGE of each validator.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    validators: ValidatorSet,
    latest: BTreeMap<ValidatorIndex, Signed<PbftMessage>>,
}

/// What entitles a primary to begin a view: the V of its NEW-VIEW, and the certificate of the highest view in it.
#[derive(Clone, Debug)]
pub(super) struct Mandate {
    pub(super) changes: Vec<ChangeClaim>,
    pub(super) prepared: Option<PreparedCertificate>,
}

impl Changes {
    pub(super) fn new(validators: ValidatorSet) -> Changes {
        Changes { validators, latest: BTreeMap::new() }
    }

    /// Keeps a verified VIEW-CHANGE if it is its author's latest, and gives the one that it replaces. A second one to
    /// the same view is evidence, and the first stays.
    pub(super) fn add(&mut self, signed: &Signed<PbftMessage>) -> Option<Box<Evidence<PbftMessage>>> {
        let author = signed.message.author();
        self.validators.get(author)?;
        let evidence = self.get(author).map(|held| Evidence::of(held, signed));
        if self.get(author).is_none_or(|held| held.message.view() < signed.message.view()) {
            self.latest.insert(author, signed.clone());
        }
        evidence.map(Box::new)
    }

    /// The latest of a validator.
    pub(super) fn get(&self, author: ValidatorIndex) -> Option<&Signed<PbftMessage>> {
        self.latest.get(&author)
    }

    /// All that lead to this view or above, by ascending validator.
    pub(super) fn from(&self, view: Round) -> impl Iterator<Item = &Signed<PbftMessage>> {
        self.latest.values().filter(move |signed| signed.message.view() >= view)
    }

    /// Whether anybody's latest leads to this very view.
    pub(super) fn to(&self, view: Round) -> bool {
        self.latest.values().any(|signed| signed.message.view() == view)
    }

    /// Whether anybody claims to be prepared for this value.
    pub(super) fn claims(&self, digest: &Digest) -> bool {
        self.each().any(|change| change.prepared.as_ref().is_some_and(|claim| claim.digest == *digest))
    }

    /// The paper's computation of O for its primary: V is all VIEW-CHANGEs to this very view, if a quorum sent one.
    pub(super) fn mandate(&self, view: Round) -> Option<Mandate> {
        let to_view = || self.latest.values().filter(move |signed| signed.message.view() == view);
        let power = to_view().map(|signed| self.validators.power(signed.message.author())).sum();
        if !self.validators.is_quorum(power) {
            return None;
        }
        let changes = to_view().filter_map(|signed| Some(content(signed)?.claim(signed.signature))).collect();
        let claims = || to_view().filter_map(|signed| content(signed)?.prepared.as_ref());
        let carried_on = view_to_carry_on(claims().map(|claim| claim.view));
        let prepared = claims().rfind(|claim| Some(claim.view) == carried_on).cloned();
        // Two values are prepared in one view only if too many lie: then nothing is entitled to go on.
        let undisputed = prepared.as_ref().is_none_or(|carried| {
            claims().all(|claim| claim.view != carried.view || claim.digest == carried.digest)
        });
        undisputed.then_some(Mandate { changes, prepared })
    }

    fn each(&self) -> impl Iterator<Item = &ViewChange> {
        self.latest.values().filter_map(content)
    }
}

/// Of the views in which somebody claims to be prepared, the one whose value the new view must carry on.
pub(super) fn view_to_carry_on(claimed: impl Iterator<Item = Round>) -> Option<Round> {
    if has(Bug::LowestCertificateWins) { claimed.min() } else { claimed.max() }
}

fn content(signed: &Signed<PbftMessage>) -> Option<&ViewChange> {
    match &signed.message {
        PbftMessage::ViewChange(change) => Some(change),
        _ => None,
    }
}

/// How far each validator has come in a height, by the messages of a sort: the highest view of each, and the power
/// in each view.
#[derive(Clone, Debug, Default)]
pub(super) struct Reached {
    latest: BTreeMap<ValidatorIndex, Round>,
    power: BTreeMap<Round, u64>,
}

impl Reached {
    /// Notes that a validator of this power is in a view.
    pub(super) fn note(&mut self, author: ValidatorIndex, view: Round, power: u64) {
        if power == 0 {
            return;
        }
        if let Some(&before) = self.latest.get(&author) {
            if before >= view {
                return;
            }
            if let Some(there) = self.power.get_mut(&before) {
                *there -= power;
                if *there == 0 {
                    self.power.remove(&before);
                }
            }
        }
        self.latest.insert(author, view);
        *self.power.entry(view).or_default() += power;
    }

    /// The highest view from `lowest` on that more than a third of the power has reached: a correct validator has.
    ///
    /// The paper takes the smallest view above one's own that is named by f + 1. The highest is reached sooner, and
    /// by the same argument.
    pub(super) fn weak_quorum(&self, validators: &ValidatorSet, lowest: Round) -> Option<Round> {
        let mut power = 0;
        for (&view, there) in self.power.range(lowest..).rev() {
            power += there;
            if validators.is_weak_quorum(power) {
                return Some(view);
            }
        }
        None
    }

    /// Whether a quorum has reached the view.
    pub(super) fn quorum(&self, validators: &ValidatorSet, view: Round) -> bool {
        validators.is_quorum(self.power.range(view..).map(|(_, there)| there).sum())
    }
}
