//! HotStuff's certificates go with nearly everything. Passed on alone, one decides, or ends a round.

use super::{Flaw, signatures, value};
use crate::puppet::deed::Here;
use bitcraps_consensus::hotstuff::{
    HotStuffMessage, QuorumCertificate, SyncInfo, Timeout, TimeoutCertificate, TimeoutSignature, Vote,
};
use rand::Rng;

/// A certificate of the round's block, one that decides if the round can decide; or that the round was given up.
pub(super) fn shown(here: &mut Here<'_>, vote: &HotStuffMessage, flaw: Flaw) -> Option<HotStuffMessage> {
    let HotStuffMessage::Vote(Vote { height, round, author, justify, .. }) = *vote else { return None };
    let (qc, tc) = if here.rng.next_u32().is_multiple_of(3) {
        (None, Some(given_up(here, height, round, flaw)))
    } else {
        let truth = here.heard.value()?.digest();
        let digest = value(here, flaw)?.digest();
        let signatures = signatures(here, flaw, (truth, digest), |author, digest| {
            HotStuffMessage::Vote(Vote { height, round, author, digest, justify }).into()
        });
        (Some(QuorumCertificate { height, round, digest, justify, signatures }), None)
    };
    Some(HotStuffMessage::SyncInfo(Box::new(SyncInfo { height, author, qc, tc })))
}

fn given_up(here: &Here<'_>, height: u64, round: u32, flaw: Flaw) -> TimeoutCertificate {
    let any = Default::default();
    let signatures = signatures(here, flaw, (any, any), |author, _| {
        HotStuffMessage::Timeout(Box::new(Timeout { height, round, author, high_qc: None })).into()
    });
    let timeout = |(signer, signature)| TimeoutSignature { signer, high_qc_round: None, signature };
    TimeoutCertificate { height, round, timeouts: signatures.into_iter().map(timeout).collect() }
}
