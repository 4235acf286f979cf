//! Changes of Tendermint's messages.

use super::{Known, damage, remember, replayed, shift};
use crate::Change;
use bitcraps_consensus::tendermint::{Polka, PolkaCertificate, Proposal, TendermintMessage, Vote};
use bitcraps_types::{Height, Round, Value};

/// The polkas that were shown.
pub(super) type Proofs = Vec<PolkaCertificate>;

pub(super) fn learn(known: &mut Known, message: &TendermintMessage) {
    match message {
        TendermintMessage::Proposal(proposal) => {
            known.learn_value(&proposal.value);
            proposal.polka.iter().for_each(|polka| remember(&mut known.tendermint, polka));
        }
        TendermintMessage::Polka(polka) => {
            known.learn_value(&polka.value);
            remember(&mut known.tendermint, &polka.certificate);
        }
        TendermintMessage::Vote(_) => {}
    }
}

pub(super) fn mutate(
    message: &TendermintMessage,
    change: Change,
    known: &Known,
) -> Option<TendermintMessage> {
    match message {
        TendermintMessage::Vote(vote) => vote_changed(*vote, change, known).map(TendermintMessage::Vote),
        TendermintMessage::Proposal(proposal) => proposal_changed((**proposal).clone(), change, known)
            .map(Box::new)
            .map(TendermintMessage::Proposal),
        TendermintMessage::Polka(polka) => {
            polka_changed((**polka).clone(), change, known).map(Box::new).map(TendermintMessage::Polka)
        }
    }
}

fn vote_changed(mut vote: Vote, change: Change, known: &Known) -> Option<Vote> {
    if shift(change, &mut vote.height, &mut vote.round) {
        return Some(vote);
    }
    let digest = match (change, vote.digest) {
        (Change::Nil, _) => None,
        (_, digest) => Some(known.changed_value(change, vote.height, digest.as_ref())?.digest()),
    };
    Some(Vote { digest, ..vote })
}

fn proposal_changed(mut proposal: Proposal, change: Change, known: &Known) -> Option<Proposal> {
    if shift(change, &mut proposal.height, &mut proposal.round) {
        return Some(proposal);
    }
    if let Some(value) = known.changed_value(change, proposal.height, Some(&proposal.value.digest())) {
        return Some(Proposal { value, ..proposal });
    }
    if let Some(polka) = replayed(change, &known.tendermint, proposal.polka.as_ref()) {
        let value = known.value(&polka.digest)?.clone();
        return Some(Proposal { value, polka: Some(polka), ..proposal });
    }
    match change {
        Change::NoProof => return Some(Proposal { polka: None, ..proposal }),
        Change::ForgedProof => {
            let round = proposal.round.checked_sub(1)?;
            let (value, polka) = forged(known, proposal.height, round, &proposal.value)?;
            return Some(Proposal { value, polka: Some(polka), ..proposal });
        }
        _ => {}
    }
    damage(change, &mut proposal.polka.as_mut()?.signatures).then_some(proposal)
}

fn polka_changed(mut polka: Polka, change: Change, known: &Known) -> Option<Polka> {
    let certificate = &mut polka.certificate;
    if shift(change, &mut certificate.height, &mut certificate.round)
        || damage(change, &mut certificate.signatures)
    {
        return Some(polka);
    }
    if let Some(value) = known.changed_value(change, polka.certificate.height, Some(&polka.value.digest())) {
        return Some(Polka { value, ..polka });
    }
    if change == Change::ForgedProof {
        let (value, certificate) =
            forged(known, polka.certificate.height, polka.certificate.round, &polka.value)?;
        return Some(Polka { value, certificate, ..polka });
    }
    let certificate = replayed(change, &known.tendermint, Some(&polka.certificate))?;
    Some(Polka { value: known.value(&certificate.digest)?.clone(), certificate, ..polka })
}

/// Another value with a polka that nobody signed.
fn forged(known: &Known, height: Height, round: Round, than: &Value) -> Option<(Value, PolkaCertificate)> {
    let value = known.changed_value(Change::OtherValue, height, Some(&than.digest()))?;
    let polka = PolkaCertificate { height, round, digest: value.digest(), signatures: known.forged(None) };
    Some((value, polka))
}
