//! Whether a message is what it claims to be. All that a NEW-VIEW needs to be believed is checked here: the engine
//! only sees one whose O follows from its V.
//!
//! Costs are bounded: a quorum's signatures once for each certificate, and once for the V of a NEW-VIEW.

use super::changes::view_to_carry_on;
use super::message::{
    ChangeClaim, NewView, PbftMessage, PreparedCertificate, StableCheckpoint, ViewChange, Vote, VoteKind,
};
use super::statement::Statement;
use super::{CHECKPOINT_INTERVAL, Checkpoint, Pbft};
use crate::museum::{Bug, has};
use crate::{Invalid, Signed, ValidatorSet, Verified};
use bitcraps_types::{ChainId, Height, Round, Signature, ValidatorIndex, Verify};

/// Checks everything that does not need a signature first, then the author's signature, then those inside.
pub(super) fn verify(
    signed: Signed<PbftMessage>,
    validators: &ValidatorSet,
    chain: &ChainId,
    verify: &dyn Verify,
) -> Result<Verified<PbftMessage>, Invalid> {
    let check = Check { validators, chain, verify };
    check.structure(&signed.message)?;
    signed.check(validators, chain, verify)?;
    check.inner_signatures(&signed.message)?;
    Ok(Verified::trust(signed))
}

struct Check<'a> {
    validators: &'a ValidatorSet,
    chain: &'a ChainId,
    verify: &'a dyn Verify,
}

fn ensure(holds: bool, fault: &'static str) -> Result<(), Invalid> {
    if holds { Ok(()) } else { Err(Invalid::Malformed(fault)) }
}

impl Check<'_> {
    fn structure(&self, message: &PbftMessage) -> Result<(), Invalid> {
        let primary = Pbft::primary(self.validators, message.view());
        match message {
            PbftMessage::PrePrepare(proposal) => {
                ensure(proposal.author == primary, "a PRE-PREPARE by another than the view's primary")
            }
            PbftMessage::Vote(vote) => {
                let twice = vote.kind == VoteKind::Prepare
                    && vote.author == primary
                    && !has(Bug::PrimaryCountedTwice);
                ensure(!twice, "a PREPARE by the view's primary, whose PRE-PREPARE counts as one")
            }
            PbftMessage::Checkpoint(checkpoint) => checkpoint_height(checkpoint.height),
            PbftMessage::ViewChange(change) => self.view_change(change),
            PbftMessage::NewView(new_view) => {
                ensure(new_view.proposal.author == primary, "a NEW-VIEW by another than the view's primary")?;
                self.new_view(new_view)
            }
        }
    }

    fn view_change(&self, change: &ViewChange) -> Result<(), Invalid> {
        ensure(change.view > 0, "a VIEW-CHANGE to view 0")?;
        if let Some(stable) = &change.stable {
            checkpoint_height(stable.height)?;
            ensure(stable.height < change.height, "a stable checkpoint that is not below the height")?;
            self.quorum(&stable.signatures, |(signer, _)| *signer, 0)?;
        }
        if let Some(prepared) = &change.prepared {
            self.prepared(prepared, change.height, change.view)?;
        }
        Ok(())
    }

    /// O is what V leads to: the value of the highest prepared view that anyone in V claims, which must be proven. A
    /// lower claim needs no proof, for it changes nothing.
    fn new_view(&self, new_view: &NewView) -> Result<(), Invalid> {
        let proposal = &new_view.proposal;
        ensure(proposal.view > 0, "a NEW-VIEW of view 0")?;
        self.quorum(&new_view.changes, |claim| claim.author, 0)?;
        if has(Bug::NewViewNotVerified) {
            return Ok(());
        }
        let highest = view_to_carry_on(new_view.changes.iter().filter_map(|claim| Some(claim.prepared?.0)));
        let Some(prepared) = &new_view.prepared else {
            return ensure(highest.is_none(), "a NEW-VIEW that ignores a prepared value");
        };
        self.prepared(prepared, proposal.height, proposal.view)?;
        let proven = (prepared.view, prepared.digest);
        let agrees =
            |claim: &ChangeClaim| claim.prepared.is_none_or(|claim| claim.0 != proven.0 || claim == proven);
        ensure(highest == Some(prepared.view), "a NEW-VIEW without the certificate of the highest view")?;
        ensure(new_view.changes.iter().all(agrees), "a claim that contradicts the certificate")?;
        ensure(proposal.value.digest() == prepared.digest, "a NEW-VIEW with another value than the prepared")
    }

    fn prepared(
        &self,
        certificate: &PreparedCertificate,
        height: Height,
        below: Round,
    ) -> Result<(), Invalid> {
        let fits = certificate.height == height && certificate.view < below;
        ensure(fits, "a prepared certificate of another height or not of an earlier view")?;
        let primary = Pbft::primary(self.validators, certificate.view);
        if has(Bug::PreparedClaimNotProven) {
            return Ok(());
        }
        let counted_twice = certificate.prepares.iter().any(|(signer, _)| *signer == primary)
            && !has(Bug::PrimaryCountedTwice);
        ensure(!counted_twice, "a PREPARE by the view's primary")?;
        self.quorum(&certificate.prepares, |(signer, _)| *signer, self.validators.power(primary))
    }

    /// A quorum with the power `besides`, each signer once, in ascending order.
    fn quorum<T>(
        &self,
        signers: &[T],
        signer: impl Fn(&T) -> ValidatorIndex,
        besides: u64,
    ) -> Result<(), Invalid> {
        let ascending = signers.windows(2).all(|pair| signer(&pair[0]) < signer(&pair[1]));
        ensure(ascending, "signers that are not in ascending order, each once")?;
        let mut power = besides;
        for one in signers {
            power += self.validators.get(signer(one)).ok_or(Invalid::NotAValidator(signer(one)))?.power;
        }
        ensure(self.validators.is_quorum(power), "no quorum")
    }

    fn inner_signatures(&self, message: &PbftMessage) -> Result<(), Invalid> {
        let prepared = match message {
            PbftMessage::PrePrepare(_) | PbftMessage::Vote(_) | PbftMessage::Checkpoint(_) => None,
            PbftMessage::ViewChange(change) => {
                if let Some(stable) = &change.stable {
                    self.stable(stable)?;
                }
                change.prepared.as_ref()
            }
            PbftMessage::NewView(new_view) => {
                let (height, view) = (new_view.proposal.height, new_view.proposal.view);
                for claim in &new_view.changes {
                    self.signature(&claim.statement(height, view), &claim.signature)?;
                }
                new_view.prepared.as_ref()
            }
        };
        prepared.map_or(Ok(()), |certificate| self.prepared_signatures(certificate))
    }

    fn stable(&self, stable: &StableCheckpoint) -> Result<(), Invalid> {
        let &StableCheckpoint { height, digest, .. } = stable;
        stable.signatures.iter().try_for_each(|&(author, signature)| {
            self.signature(&Statement::Checkpoint(Checkpoint { height, author, digest }), &signature)
        })
    }

    fn prepared_signatures(&self, certificate: &PreparedCertificate) -> Result<(), Invalid> {
        if has(Bug::PreparedClaimNotProven) {
            return Ok(());
        }
        let &PreparedCertificate { height, view, digest, .. } = certificate;
        let author = Pbft::primary(self.validators, view);
        let proposal = Statement::PrePrepare { height, view, author, digest };
        self.signature(&proposal, &certificate.pre_prepare)?;
        certificate.prepares.iter().try_for_each(|&(author, signature)| {
            let vote = Vote { kind: VoteKind::Prepare, height, view, author, digest };
            self.signature(&Statement::Vote(vote), &signature)
        })
    }

    fn signature(&self, statement: &Statement, signature: &Signature) -> Result<(), Invalid> {
        Signed { message: *statement, signature: *signature }.check(self.validators, self.chain, self.verify)
    }
}

fn checkpoint_height(height: Height) -> Result<(), Invalid> {
    ensure(height > 0 && height.is_multiple_of(CHECKPOINT_INTERVAL), "a checkpoint between two intervals")
}
