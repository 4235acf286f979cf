//! The proof that a value was decided, which anyone with the validator set can check.
//!
//! It is the same whichever engine decided: each engine's last vote for a value signs [`commit_bytes`]. The chain's
//! identity binds the genesis, and the genesis names the engine, so that no vote counts in another engine.

use crate::{SignBytes, ValidatorSet};
use bitcraps_types::{ChainId, Digest, Height, Round, Signature, ValidatorIndex, Verify};
use borsh::{BorshDeserialize, BorshSerialize};

/// A quorum's signatures over one value at one height and round.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Certificate {
    /// The height decided.
    pub height: Height,
    /// The round in which the quorum formed.
    pub round: Round,
    /// The value decided.
    pub digest: Digest,
    /// By ascending validator, each once.
    pub signatures: Vec<(ValidatorIndex, Signature)>,
}

impl Certificate {
    /// Checks that a quorum of `validators` signed, each once. Costs one verification per signature.
    pub fn verify(
        &self,
        validators: &ValidatorSet,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<(), CertificateError> {
        let ascending = self.signatures.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if !ascending {
            return Err(CertificateError::Order);
        }
        let bytes = commit_bytes(chain, self.height, self.round, &self.digest);
        let mut power = 0;
        for (signer, signature) in &self.signatures {
            let validator = validators.get(*signer).ok_or(CertificateError::NotAValidator(*signer))?;
            if !verify.verify(&validator.key, &bytes, signature) {
                return Err(CertificateError::Signature(*signer));
            }
            power += validator.power;
        }
        if validators.is_quorum(power) {
            Ok(())
        } else {
            Err(CertificateError::NoQuorum { signed: power, total: validators.total_power() })
        }
    }
}

/// What a validator signs that commits to a value at a height and round: `\x06commit`, the chain, the height and the
/// round little-endian, the digest.
pub fn commit_bytes(chain: &ChainId, height: Height, round: Round, digest: &Digest) -> SignBytes {
    let mut bytes = preimage("commit", chain, height, round);
    put(&mut bytes, &digest.0);
    bytes
}

/// How all that validators sign begins: a domain (its length first, so that no domain is a prefix of another), the
/// chain, the height, the round.
pub(crate) fn preimage(domain: &str, chain: &ChainId, height: Height, round: Round) -> SignBytes {
    let mut bytes = SignBytes::new();
    bytes.push(u8::try_from(domain.len()).expect("a domain is a short literal"));
    put(&mut bytes, domain.as_bytes());
    put(&mut bytes, &chain.0);
    put(&mut bytes, &height.to_le_bytes());
    put(&mut bytes, &round.to_le_bytes());
    bytes
}

/// Adds to what a validator signs.
pub(crate) fn put(bytes: &mut SignBytes, more: &[u8]) {
    bytes.try_extend_from_slice(more).expect("no statement is so long");
}

/// Why a certificate proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// A signer stands twice, or the order is not ascending.
    #[error("the signers are not in ascending order, each once")]
    Order,
    /// A signer is not in the set.
    #[error("{0} is not a validator")]
    NotAValidator(ValidatorIndex),
    /// A signature is wrong.
    #[error("the signature of {0} is wrong")]
    Signature(ValidatorIndex),
    /// Too little power signed.
    #[error("{signed} of {total} signed, which is not more than two thirds")]
    NoQuorum {
        /// The power that signed.
        signed: u64,
        /// The power of all.
        total: u64,
    },
}
