//! PBFT's certificates are in what changes the view: the prepared certificate and the stable checkpoint of a
//! VIEW-CHANGE, and a quorum's VIEW-CHANGEs in a NEW-VIEW.

use super::{Flaw, signatures, value};
use crate::puppet::deed::Here;
use bitcraps_consensus::pbft::{
    CHECKPOINT_INTERVAL, ChangeClaim, Checkpoint, NewView, PbftMessage, PrePrepare, PreparedCertificate,
    StableCheckpoint, ViewChange, Vote, VoteKind,
};
use bitcraps_consensus::{Message, Pbft};
use bitcraps_types::Signature;
use rand::Rng;

/// The next view, asked for or begun.
pub(super) fn shown(here: &mut Here<'_>, vote: &PbftMessage, flaw: Flaw) -> Option<PbftMessage> {
    let PbftMessage::Vote(Vote { height, view, author, .. }) = *vote else { return None };
    let (value, next) = (value(here, flaw)?, view.saturating_add(1));
    let prepared = prepared(here, vote, flaw)?;
    if Pbft::primary(&here.identity.validators, next) == author {
        let proposal = PrePrepare { height, view: next, author, value };
        let changes = changes(here, &proposal, flaw, &prepared);
        return Some(PbftMessage::NewView(Box::new(NewView { proposal, changes, prepared: Some(prepared) })));
    }
    let stable = here.rng.next_u32().is_multiple_of(2).then(|| stable(here, height, flaw)).flatten();
    let change = ViewChange { height, view: next, author, stable, prepared: Some(prepared) };
    Some(PbftMessage::ViewChange(Box::new(change)))
}

fn prepared(here: &Here<'_>, vote: &PbftMessage, flaw: Flaw) -> Option<PreparedCertificate> {
    let PbftMessage::Vote(Vote { height, view, .. }) = *vote else { return None };
    let truth = here.heard.value()?.digest();
    let digest = value(here, flaw)?.digest();
    let primary = Pbft::primary(&here.identity.validators, view);
    let kind = VoteKind::Prepare;
    let mut prepares = signatures(here, flaw, (truth, digest), |author, digest| {
        PbftMessage::Vote(Vote { kind, height, view, author, digest }).into()
    });
    prepares.retain(|(signer, _)| *signer != primary);
    // The primary's PRE-PREPARE, if it was heard, is of the true value.
    let proposed = here.heard.of(primary).find(|made| made.message.kind() == "pre-prepare");
    let pre_prepare = proposed.map_or(Signature([0; 64]), |made| made.signature);
    Some(PreparedCertificate { height, view, digest, pre_prepare, prepares })
}

/// What a quorum would have said, by those who sign the certificate.
fn changes(
    here: &Here<'_>,
    proposal: &PrePrepare,
    flaw: Flaw,
    prepared: &PreparedCertificate,
) -> Vec<ChangeClaim> {
    let digest = prepared.digest;
    let claimed = Some((prepared.view, digest));
    let (height, view) = (proposal.height, proposal.view);
    let signers = signatures(here, flaw, (digest, digest), |author, _| {
        let change = ViewChange { height, view, author, stable: None, prepared: Some(prepared.clone()) };
        PbftMessage::ViewChange(Box::new(change)).into()
    });
    signers
        .into_iter()
        .map(|(author, signature)| ChangeClaim { author, stable: 0, prepared: claimed, signature })
        .collect()
}

fn stable(here: &Here<'_>, height: u64, flaw: Flaw) -> Option<StableCheckpoint> {
    let height = (height.checked_sub(1)? / CHECKPOINT_INTERVAL) * CHECKPOINT_INTERVAL;
    let digest = value(here, flaw)?.digest();
    let signatures = signatures(here, flaw, (digest, digest), |author, digest| {
        PbftMessage::Checkpoint(Checkpoint { height, author, digest }).into()
    });
    (height > 0).then_some(StableCheckpoint { height, digest, signatures })
}
