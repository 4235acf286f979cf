//! The two proofs that a round is over: a quorum voted for its block, or a quorum gave it up.

use super::message::Timeout;
use super::statement::{Statement, Vote, vote_bytes};
use crate::certificate::preimage;
use crate::museum::{Bug, has};
use crate::validators::at_most_one_per_validator;
use crate::{Certificate, Invalid, SignBytes, ValidatorSet};
use bitcraps_types::{ChainId, Digest, Height, Round, Signature, ValidatorIndex, Verify};
use borsh::{BorshDeserialize, BorshSerialize};

/// A quorum's votes for the block of a round (the papers' QC).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct QuorumCertificate {
    /// The height.
    pub height: Height,
    /// The round of the block.
    pub round: Round,
    /// The value of the block.
    pub digest: Digest,
    /// The round of the certificate that the block carries; `None` is the root.
    pub justify: Option<Round>,
    /// By ascending validator, each once; at most [`ValidatorSet::MAX`].
    #[borsh(deserialize_with = "at_most_one_per_validator")]
    pub signatures: Vec<(ValidatorIndex, Signature)>,
}

impl QuorumCertificate {
    /// Whether it decides: its block carries the certificate of the round before, not merely of its parent. The
    /// root is no round: a certificate of round 0 decides nothing.
    pub fn commits(&self) -> bool {
        is_two_chain(self.round, self.justify)
    }

    /// The decision that it proves, if it decides.
    pub fn decision(&self) -> Option<Certificate> {
        let Self { height, round, digest, .. } = *self;
        self.commits().then(|| Certificate { height, round, digest, signatures: self.signatures.clone() })
    }

    /// The votes that it is made of.
    pub(super) fn votes(&self) -> impl Iterator<Item = (Statement, Signature)> {
        let Self { height, round, digest, justify, .. } = *self;
        self.signatures.iter().map(move |&(author, signature)| {
            (Statement::Vote(Vote { height, round, author, digest, justify }), signature)
        })
    }

    /// All that can be checked without a key: its block is of a later round than what it carries, and a quorum
    /// signed, each once, in ascending order.
    pub(super) fn check_structure(&self, validators: &ValidatorSet) -> Result<(), Invalid> {
        if self.justify >= Some(self.round) {
            return Err(Invalid::Malformed("a certificate of a block that carries no earlier certificate"));
        }
        check_quorum(self.signatures.iter().map(|(signer, _)| *signer), validators)
    }

    /// Checks each signature.
    pub(super) fn check_signatures(
        &self,
        validators: &ValidatorSet,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<(), Invalid> {
        let bytes = vote_bytes(chain, self.height, self.round, &self.digest, self.justify);
        self.signatures
            .iter()
            .try_for_each(|(signer, signature)| check(*signer, &bytes, signature, validators, verify))
    }
}

/// A quorum's timeouts of a round (the papers' TC). Each signed the round of its own highest certificate, so a
/// signer can't be made to have known less.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TimeoutCertificate {
    /// The height.
    pub height: Height,
    /// The round that was given up.
    pub round: Round,
    /// By ascending validator, each once; at most [`ValidatorSet::MAX`].
    #[borsh(deserialize_with = "at_most_one_per_validator")]
    pub timeouts: Vec<TimeoutSignature>,
}

/// One validator's part of a [`TimeoutCertificate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TimeoutSignature {
    /// Who gave the round up.
    pub signer: ValidatorIndex,
    /// The round of the highest certificate that it knew; `None` is the root.
    pub high_qc_round: Option<Round>,
    /// Its signature over the timeout.
    pub signature: Signature,
}

impl TimeoutCertificate {
    /// The highest round of a certificate that a signer knew. A block that follows must carry one at least as high.
    pub fn high_qc_round(&self) -> Option<Round> {
        self.timeouts.iter().map(|timeout| timeout.high_qc_round).max().flatten()
    }

    /// What its signers stated.
    pub(super) fn statements(&self) -> impl Iterator<Item = (Statement, Signature)> {
        let Self { height, round, .. } = *self;
        self.timeouts.iter().map(move |&TimeoutSignature { signer, high_qc_round, signature }| {
            (Statement::Timeout { height, round, author: signer, high_qc_round }, signature)
        })
    }

    /// All that can be checked without a key.
    pub(super) fn check_structure(&self, validators: &ValidatorSet) -> Result<(), Invalid> {
        if self.high_qc_round() >= Some(self.round) {
            return Err(Invalid::Malformed("a timeout of a round by one who knew its certificate"));
        }
        check_quorum(self.timeouts.iter().map(|timeout| timeout.signer), validators)
    }

    /// Checks each signature against what its signer claims.
    pub(super) fn check_signatures(
        &self,
        validators: &ValidatorSet,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<(), Invalid> {
        self.timeouts.iter().try_for_each(|TimeoutSignature { signer, high_qc_round, signature }| {
            let bytes = Timeout::sign_bytes(chain, self.height, self.round, *high_qc_round);
            check(*signer, &bytes, signature, validators, verify)
        })
    }
}

/// Whether a block of `round` that carries the certificate of `justify` completes a chain of two consecutive rounds.
pub(super) fn is_two_chain(round: Round, justify: Option<Round>) -> bool {
    justify.and_then(|justify| justify.checked_add(1)) == Some(round)
        || (justify.is_some() && has(Bug::ParentInsteadOfConsecutive))
}

/// The round after that of a certificate; after the root, round 0.
pub(super) fn round_after(justify: Option<Round>) -> Option<Round> {
    justify.map_or(Some(0), |round| round.checked_add(1))
}

fn check_quorum(
    signers: impl Iterator<Item = ValidatorIndex>,
    validators: &ValidatorSet,
) -> Result<(), Invalid> {
    let (mut last, mut power) = (None, 0);
    for signer in signers {
        let repeats = has(Bug::SignerCountedTwice) && last == Some(signer);
        if last >= Some(signer) && !repeats {
            return Err(Invalid::Malformed("the signers are not in ascending order, each once"));
        }
        last = Some(signer);
        power += validators.get(signer).ok_or(Invalid::NotAValidator(signer))?.power;
    }
    if validators.is_quorum(power) {
        Ok(())
    } else {
        Err(Invalid::Malformed("a certificate without a quorum"))
    }
}

fn check(
    signer: ValidatorIndex,
    bytes: &[u8],
    signature: &Signature,
    validators: &ValidatorSet,
    verify: &dyn Verify,
) -> Result<(), Invalid> {
    let validator = validators.get(signer).ok_or(Invalid::NotAValidator(signer))?;
    if verify.verify(&validator.key, bytes, signature) { Ok(()) } else { Err(Invalid::Signature(signer)) }
}

impl Timeout {
    /// The bytes that everyone signs who gives this round up knowing as much.
    pub(super) fn sign_bytes(
        chain: &ChainId,
        height: Height,
        round: Round,
        high_qc_round: Option<Round>,
    ) -> SignBytes {
        let mut bytes = preimage("hotstuff/timeout", chain, height, round);
        let claimed = high_qc_round.filter(|_| !has(Bug::TimeoutClaimNotSigned));
        super::statement::push_round(&mut bytes, claimed);
        bytes
    }
}
