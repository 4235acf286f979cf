//! Changes of PBFT's messages.

use super::{Known, NO_SIGNATURE, damage, remember, replayed, shift};
use crate::Change;
use crate::scheme::{self, CHAIN};
use bitcraps_consensus::Signed;
use bitcraps_consensus::pbft::{
    NewView, Pbft, PbftMessage, PrePrepare, PreparedCertificate, ViewChange, Vote,
};
use bitcraps_types::{Digest, Height, Round};

/// The prepared certificates that were shown.
pub(super) type Proofs = Vec<PreparedCertificate>;

pub(super) fn learn(known: &mut Known, message: &PbftMessage) {
    if let Some(proposal) = message.proposal() {
        known.learn_value(&proposal.value);
    }
    let prepared = match message {
        PbftMessage::ViewChange(change) => &change.prepared,
        PbftMessage::NewView(new_view) => &new_view.prepared,
        _ => return,
    };
    prepared.iter().for_each(|prepared| remember(&mut known.pbft, prepared));
}

pub(super) fn mutate(message: &PbftMessage, change: Change, known: &Known) -> Option<PbftMessage> {
    match message {
        PbftMessage::PrePrepare(proposal) => {
            proposal_changed((**proposal).clone(), change, known).map(Box::new).map(PbftMessage::PrePrepare)
        }
        PbftMessage::Vote(vote) => vote_changed(*vote, change, known).map(PbftMessage::Vote),
        PbftMessage::Checkpoint(_) => None,
        PbftMessage::ViewChange(view_change) => view_change_changed((**view_change).clone(), change, known)
            .map(Box::new)
            .map(PbftMessage::ViewChange),
        PbftMessage::NewView(new_view) => {
            new_view_changed((**new_view).clone(), change, known).map(Box::new).map(PbftMessage::NewView)
        }
    }
}

fn proposal_changed(mut proposal: PrePrepare, change: Change, known: &Known) -> Option<PrePrepare> {
    if shift(change, &mut proposal.height, &mut proposal.view) {
        return Some(proposal);
    }
    let value = known.changed_value(change, proposal.height, Some(&proposal.value.digest()))?;
    Some(PrePrepare { value, ..proposal })
}

fn vote_changed(mut vote: Vote, change: Change, known: &Known) -> Option<Vote> {
    if shift(change, &mut vote.height, &mut vote.view) {
        return Some(vote);
    }
    let digest = known.changed_value(change, vote.height, Some(&vote.digest))?.digest();
    Some(Vote { digest, ..vote })
}

fn view_change_changed(mut claim: ViewChange, change: Change, known: &Known) -> Option<ViewChange> {
    if shift(change, &mut claim.height, &mut claim.view) {
        return Some(claim);
    }
    if change == Change::NoProof {
        return Some(ViewChange { prepared: None, ..claim });
    }
    if let Some(prepared) = replayed(change, &known.pbft, claim.prepared.as_ref()) {
        return Some(ViewChange { prepared: Some(prepared), ..claim });
    }
    if change == Change::ForgedProof {
        let than = claim.prepared.as_ref().map(|prepared| prepared.digest);
        let prepared = forged(known, claim.height, claim.view, than.as_ref())?;
        return Some(ViewChange { prepared: Some(prepared), ..claim });
    }
    let prepared = claim.prepared.as_mut()?;
    if let Some(value) = known.changed_value(change, claim.height, Some(&prepared.digest)) {
        prepared.digest = value.digest();
        return Some(claim);
    }
    damage(change, &mut prepared.prepares).then_some(claim)
}

fn new_view_changed(mut new_view: NewView, change: Change, known: &Known) -> Option<NewView> {
    let proposal = &mut new_view.proposal;
    if shift(change, &mut proposal.height, &mut proposal.view) || damage(change, &mut new_view.changes) {
        return Some(new_view);
    }
    if let Some(value) = known.changed_value(change, proposal.height, Some(&proposal.value.digest())) {
        proposal.value = value;
        return Some(new_view);
    }
    if change == Change::NoProof {
        return Some(NewView { prepared: None, ..new_view });
    }
    if change == Change::ForgedProof {
        return new_view_forged(new_view, known);
    }
    let prepared = replayed(change, &known.pbft, new_view.prepared.as_ref())?;
    proposal.value = known.value(&prepared.digest)?.clone();
    Some(NewView { prepared: Some(prepared), ..new_view })
}

/// The primary claims in its own VIEW-CHANGE to be prepared for another value, and proposes that.
fn new_view_forged(mut new_view: NewView, known: &Known) -> Option<NewView> {
    let PrePrepare { height, view, author, ref value } = new_view.proposal;
    let prepared = forged(known, height, view, Some(&value.digest()))?;
    let claim = new_view.changes.iter_mut().find(|claim| claim.author == author)?;
    claim.prepared = Some((prepared.view, prepared.digest));
    claim.signature = Signed::new(claim.statement(height, view), &CHAIN, &scheme::key(author)).signature;
    new_view.proposal.value = known.changed_value(Change::OtherValue, height, Some(&value.digest()))?;
    Some(NewView { prepared: Some(prepared), ..new_view })
}

/// A certificate of the view before this one that nobody signed.
fn forged(
    known: &Known,
    height: Height,
    before: Round,
    than: Option<&Digest>,
) -> Option<PreparedCertificate> {
    let view = before.checked_sub(1)?;
    let digest = known.changed_value(Change::OtherValue, height, than)?.digest();
    let primary = Pbft::primary(&known.scene.set, view);
    let prepares = known.forged(Some(primary));
    Some(PreparedCertificate { height, view, digest, pre_prepare: NO_SIGNATURE, prepares })
}
