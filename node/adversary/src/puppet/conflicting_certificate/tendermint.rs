//! Tendermint's certificate is the polka, which a proposal of a later round carries, or which is passed on alone.

use super::{Flaw, signatures, value};
use crate::puppet::deed::Here;
use bitcraps_consensus::tendermint::{Polka, PolkaCertificate, TendermintMessage, Vote, VoteKind};

/// A polka of the round, passed on.
pub(super) fn shown(here: &Here<'_>, vote: &TendermintMessage, flaw: Flaw) -> Option<TendermintMessage> {
    let TendermintMessage::Vote(Vote { height, round, author, .. }) = *vote else { return None };
    let truth = here.heard.value()?.digest();
    let value = value(here, flaw)?;
    let digest = value.digest();
    let kind = VoteKind::Prevote;
    let signatures = signatures(here, flaw, (truth, digest), |author, digest| {
        TendermintMessage::Vote(Vote { kind, height, round, author, digest: Some(digest) }).into()
    });
    let certificate = PolkaCertificate { height, round, digest, signatures };
    Some(TendermintMessage::Polka(Box::new(Polka { author, value, certificate })))
}
