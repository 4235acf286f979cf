//! Small changes of what a Byzantine validator says: see [`Change`].
//!
//! The changed message is signed again by its author, so everything that this signature covers may change; a
//! certificate is made of others' signatures, and can only be left out, replaced by another, damaged, or made up with
//! signatures that are none: who believes that looked at nothing. The Byzantine
//! validators know every value and certificate that was said anywhere (Winter et al. let them replay what they
//! received; here they are in one hand with the network).

mod hotstuff;
mod pbft;
mod tendermint;

use crate::Change;
use crate::scheme::{self, Scene};
use bitcraps_consensus::pbft::PbftMessage;
use bitcraps_consensus::{AnyMessage, AnyStatement, Signed};
use bitcraps_types::{Digest, Height, Signature, ValidatorIndex, Value};
use std::rc::Rc;

const NO_SIGNATURE: Signature = Signature([0; 64]);

/// What became of a message.
#[derive(Debug)]
pub(crate) enum Mutated {
    /// The change does not apply.
    Nothing,
    /// It is not sent.
    Lost,
    /// It is another one.
    Into(AnyMessage),
}

/// What was said so far and can be said again.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    scene: Rc<Scene>,
    values: Vec<Value>,
    tendermint: tendermint::Proofs,
    hotstuff: hotstuff::Proofs,
    pbft: pbft::Proofs,
}

impl Known {
    /// Nothing yet.
    pub(crate) fn new(scene: Rc<Scene>) -> Known {
        Known {
            scene,
            values: Vec::new(),
            tendermint: tendermint::Proofs::new(),
            hotstuff: hotstuff::Proofs::default(),
            pbft: pbft::Proofs::new(),
        }
    }

    pub(crate) fn learn(&mut self, message: &AnyMessage) {
        match message {
            AnyMessage::Pbft(message) => pbft::learn(self, message),
            AnyMessage::Tendermint(message) => tendermint::learn(self, message),
            AnyMessage::HotStuff(message) => hotstuff::learn(self, message),
        }
    }

    fn learn_value(&mut self, value: &Value) {
        if !self.values.contains(value) {
            self.values.push(value.clone());
        }
    }

    fn value(&self, digest: &Digest) -> Option<&Value> {
        self.values.iter().find(|value| value.digest() == *digest)
    }

    /// As if all but one had signed.
    fn forged(&self, but: Option<ValidatorIndex>) -> Vec<(ValidatorIndex, Signature)> {
        let signers = (0..self.scene.set.len()).map(scheme::index).filter(|signer| Some(*signer) != but);
        signers.map(|signer| (signer, NO_SIGNATURE)).collect()
    }

    /// The value that a change puts in the place of this one.
    fn changed_value(&self, change: Change, height: Height, than: Option<&Digest>) -> Option<Value> {
        match change {
            Change::OtherValue => {
                let other = |value: &&Value| Some(&value.digest()) != than && scheme::accepts(height, value);
                Some(self.values.iter().rev().find(other).cloned().unwrap_or_else(|| scheme::unheard(height)))
            }
            Change::GarbageValue => Some(scheme::garbage()),
            _ => None,
        }
    }
}

/// Applies changes, one after another.
pub(crate) fn mutate(message: &AnyMessage, changes: impl Iterator<Item = Change>, known: &Known) -> Mutated {
    let mut changed: Option<AnyMessage> = None;
    for change in changes {
        if change == Change::Drop {
            return Mutated::Lost;
        }
        changed = mutate_once(changed.as_ref().unwrap_or(message), change, known).or(changed);
    }
    changed.filter(|changed| changed != message).map_or(Mutated::Nothing, Mutated::Into)
}

/// What else the author signed in a message that was changed.
pub(crate) fn signed_inside(message: &AnyMessage, author: ValidatorIndex) -> Option<Signed<AnyStatement>> {
    let AnyMessage::Pbft(PbftMessage::NewView(new_view)) = message else { return None };
    let claim = new_view.changes.iter().find(|claim| claim.author == author)?;
    let statement = claim.statement(new_view.proposal.height, new_view.proposal.view);
    Some(Signed { message: AnyStatement::Pbft(statement), signature: claim.signature })
}

fn mutate_once(message: &AnyMessage, change: Change, known: &Known) -> Option<AnyMessage> {
    match message {
        AnyMessage::Pbft(message) => pbft::mutate(message, change, known).map(AnyMessage::from),
        AnyMessage::Tendermint(message) => tendermint::mutate(message, change, known).map(AnyMessage::from),
        AnyMessage::HotStuff(message) => hotstuff::mutate(message, change, known).map(AnyMessage::from),
    }
}

/// Moves a round or a height; false if there is nothing to move it to, or the change is another one.
fn shift(change: Change, height: &mut u64, round: &mut u32) -> bool {
    let shifted = match change {
        Change::RoundUp => round.checked_add(1).map(|up| *round = up),
        Change::RoundDown => round.checked_sub(1).map(|down| *round = down),
        Change::HeightUp => height.checked_add(1).map(|up| *height = up),
        Change::HeightDown => height.checked_sub(1).map(|down| *height = down),
        _ => None,
    };
    shifted.is_some()
}

/// Damages a list of signatures; false if the change is another one, or the list is too short.
fn damage<T: Clone>(change: Change, signatures: &mut Vec<T>) -> bool {
    match change {
        Change::CutProof => signatures.pop().is_some(),
        Change::DoubleProof if signatures.len() > 1 => {
            let last = signatures.len() - 1;
            signatures[last] = signatures[last - 1].clone();
            true
        }
        _ => false,
    }
}

/// Of all that are known: the first, or the last that is not this one.
fn replayed<T: Clone + PartialEq>(change: Change, all: &[T], than: Option<&T>) -> Option<T> {
    match change {
        Change::StaleProof => all.first().cloned(),
        Change::OtherProof => all.iter().rev().find(|one| Some(*one) != than).cloned(),
        _ => None,
    }
}

fn remember<T: Clone + PartialEq>(all: &mut Vec<T>, one: &T) {
    if !all.contains(one) {
        all.push(one.clone());
    }
}
