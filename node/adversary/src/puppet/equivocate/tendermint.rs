//! Equivocation in Tendermint's messages.

use super::{Kinds, Sides};
use crate::puppet::Collusion;
use bitcraps_consensus::tendermint::{Proposal, TendermintMessage, Vote, VoteKind};
use bitcraps_types::Digest;

/// What a recipient on these sides is told instead of `message`.
pub(super) fn told(
    what: Kinds,
    collusion: &mut Collusion,
    sides: Sides,
    message: &TendermintMessage,
) -> Vec<TendermintMessage> {
    match message {
        TendermintMessage::Proposal(proposal) if what.proposal => proposals(collusion, sides, proposal),
        TendermintMessage::Vote(vote) => votes(what, collusion, sides, *vote),
        TendermintMessage::Polka(polka) => {
            let certificate = &polka.certificate;
            let side = collusion
                .fork(certificate.height, certificate.round)
                .map(|(_, second)| if certificate.digest == second { sides.1 } else { sides.0 });
            if side == Some(false) { Vec::new() } else { vec![message.clone()] }
        }
        TendermintMessage::Proposal(_) => vec![message.clone()],
    }
}

fn proposals(collusion: &mut Collusion, sides: Sides, truth: &Proposal) -> Vec<TendermintMessage> {
    let Some(value) = collusion.propose(truth.height, truth.round, &truth.value) else {
        return vec![TendermintMessage::Proposal(Box::new(truth.clone()))];
    };
    let first = sides.0.then(|| truth.clone());
    let second = sides.1.then(|| Proposal { value, polka: None, ..truth.clone() });
    first.into_iter().chain(second).map(|told| TendermintMessage::Proposal(Box::new(told))).collect()
}

fn votes(what: Kinds, collusion: &mut Collusion, sides: Sides, truth: Vote) -> Vec<TendermintMessage> {
    let Some((first, second)) = collusion.votes(truth.height, truth.round, truth.digest) else {
        return vec![TendermintMessage::Vote(truth)];
    };
    if second.is_none() && what.proposal {
        return vec![TendermintMessage::Vote(truth)];
    }
    let mut told = Vec::new();
    let mut tell = |kind: VoteKind| {
        let vote = |digest: Option<Digest>| TendermintMessage::Vote(Vote { kind, digest, ..truth });
        told.extend(sides.0.then(|| vote(Some(first))));
        told.extend(sides.1.then(|| vote(second)));
    };
    if includes(what, truth.kind) {
        tell(truth.kind);
    }
    let ahead = truth.kind == VoteKind::Prevote && what.precommit && second.is_some();
    if ahead {
        tell(VoteKind::Precommit);
    }
    if !includes(what, truth.kind) {
        told.insert(0, TendermintMessage::Vote(truth));
    }
    told
}

fn includes(what: Kinds, kind: VoteKind) -> bool {
    match kind {
        VoteKind::Prevote => what.prevote,
        VoteKind::Precommit => what.precommit,
    }
}
