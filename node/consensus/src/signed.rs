//! Signed messages, and the type that says a signature was checked.

use crate::{Engine, ValidatorSet};
use arrayvec::ArrayVec;
use bitcraps_types::{ChainId, Height, Sign, Signature, ValidatorIndex, Verify};
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// The bytes under a signature: a domain, the chain, and the few numbers and digests that a statement consists of.
pub type SignBytes = ArrayVec<u8, 128>;

/// What a validator signs.
pub trait Message: BorshSerialize + BorshDeserialize + Clone + fmt::Debug + PartialEq {
    /// What its author signs, without the rest: short, and signed with the same bytes.
    type Statement: Message;

    /// What its author signs.
    fn statement(&self) -> Self::Statement;
    /// Who signs it.
    fn author(&self) -> ValidatorIndex;
    /// The height it speaks of.
    fn height(&self) -> Height;
    /// Its kind in the field's words: `proposal`, `prevote`, `precommit`, …
    fn kind(&self) -> &'static str;
    /// The bytes that its author signs: a domain, the chain, the content. The author is left out, so that all who
    /// vote the same sign the same.
    fn sign_bytes(&self, chain: &ChainId) -> SignBytes;
}

/// A message with its author's signature, not yet checked.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Signed<M: Message> {
    /// The content.
    pub message: M,
    /// Over [`Message::sign_bytes`].
    pub signature: Signature,
}

impl<M: Message> Signed<M> {
    /// Signs a message.
    pub fn new(message: M, chain: &ChainId, key: &dyn Sign) -> Signed<M> {
        let signature = key.sign(&message.sign_bytes(chain));
        Signed { message, signature }
    }

    /// Whether it is this very message.
    pub(crate) fn is(&self, message: &M, signature: &Signature) -> bool {
        self.signature == *signature && self.message == *message
    }

    /// What its author signed, with the signature, which is as valid for it.
    pub fn statement(&self) -> Signed<M::Statement> {
        Signed { message: self.message.statement(), signature: self.signature }
    }

    /// Checks the author's signature alone.
    pub fn check(
        &self,
        validators: &ValidatorSet,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<(), Invalid> {
        let author = self.message.author();
        let validator = validators.get(author).ok_or(Invalid::NotAValidator(author))?;
        if verify.verify(&validator.key, &self.message.sign_bytes(chain), &self.signature) {
            Ok(())
        } else {
            Err(Invalid::Signature(author))
        }
    }
}

/// A message whose signatures, its author's and those inside, are valid. Only [`Engine::verify`] and the author
/// itself make one.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified<M: Message>(Signed<M>);

impl<M: Message> Verified<M> {
    /// For engines, after they checked everything.
    pub(crate) fn trust(signed: Signed<M>) -> Self {
        Verified(signed)
    }

    /// A message of our own, just signed.
    pub fn own(message: M, chain: &ChainId, key: &dyn Sign) -> Self {
        Verified(Signed::new(message, chain, key))
    }

    /// The signed message.
    pub fn signed(&self) -> &Signed<M> {
        &self.0
    }

    /// The content.
    pub fn message(&self) -> &M {
        &self.0.message
    }

    /// Unwraps.
    pub fn into_signed(self) -> Signed<M> {
        self.0
    }
}

/// Why a message is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The author is not in the set.
    #[error("{0} is not a validator")]
    NotAValidator(ValidatorIndex),
    /// The author's signature is wrong.
    #[error("the signature of {0} is wrong")]
    Signature(ValidatorIndex),
    /// Something inside contradicts itself or lacks a quorum.
    #[error("malformed: {0}")]
    Malformed(&'static str),
}

/// Two statements by one author that no correct validator would both sign. Anyone can check it. Short, whatever the
/// messages carried.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Evidence<M: Message> {
    /// One.
    pub first: Signed<M::Statement>,
    /// The other.
    pub second: Signed<M::Statement>,
}

impl<M: Message> Evidence<M> {
    /// Of what two messages state. Whether it convicts anybody is for [`Evidence::check`].
    pub fn of(first: &Signed<M>, second: &Signed<M>) -> Evidence<M> {
        Evidence { first: first.statement(), second: second.statement() }
    }

    /// Whom it convicts, if it is valid.
    pub fn offender(&self) -> ValidatorIndex {
        self.first.message.author()
    }

    /// The height of the offence.
    pub fn height(&self) -> Height {
        self.first.message.height()
    }

    /// Checks both signatures, that one author signed both, and that they conflict by the engine's rule.
    pub fn check<E: Engine<Message = M>>(
        &self,
        validators: &ValidatorSet,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<ValidatorIndex, EvidenceError> {
        let (first, second) = (&self.first.message, &self.second.message);
        if first.author() != second.author() || !E::conflicting(first, second) {
            return Err(EvidenceError::NoConflict);
        }
        self.first.check(validators, chain, verify)?;
        self.second.check(validators, chain, verify)?;
        Ok(self.offender())
    }
}

/// Why evidence convicts nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// A correct validator may sign both.
    #[error("the two statements do not conflict")]
    NoConflict,
    /// One of the two is not valid.
    #[error("one of the two statements: {0}")]
    Invalid(#[from] Invalid),
}
