//! The definitions that the oracles judge by, written down a second time.
//!
//! Nothing here calls the code that is judged: what a quorum is, which bytes a vote signs, and when two statements
//! convict their author all follow from the protocol's description (docs of the wire format; arXiv:1807.04938), so
//! that an error in the node does not excuse itself.

mod hotstuff;
mod pbft;
mod tendermint;

use super::Setup;
use bitcraps_casino::SignedCommand;
use bitcraps_consensus::{AnyMessage, AnyStatement, Signed, Validator};
use bitcraps_types::{ChainId, Digest, Height, PublicKey, Round, ValidatorIndex, Verify};
use std::rc::Rc;

/// The validators and their verifier.
#[derive(Clone)]
pub(super) struct Law {
    pub(super) chain: ChainId,
    pub(super) validators: Vec<Validator>,
    pub(super) verifier: Rc<dyn Verify>,
    /// The most bytes of blobs in a block.
    pub(super) blob_bytes: usize,
    total: u128,
}

impl Law {
    pub(super) fn of(setup: &Setup) -> Law {
        Law {
            chain: setup.chain,
            validators: setup.validators.clone(),
            verifier: setup.verifier.clone(),
            blob_bytes: setup.genesis.blob_bytes as usize,
            total: setup.validators.iter().map(|validator| u128::from(validator.power)).sum(),
        }
    }

    pub(super) fn key(&self, index: ValidatorIndex) -> Option<&PublicKey> {
        self.validators.get(index.index()).map(|validator| &validator.key)
    }

    /// The power of distinct validators.
    pub(super) fn power(&self, signers: impl Iterator<Item = ValidatorIndex>) -> u128 {
        signers
            .filter_map(|signer| self.validators.get(signer.index()))
            .map(|validator| u128::from(validator.power))
            .sum()
    }

    /// More than two thirds of all power.
    pub(super) fn is_quorum(&self, power: u128) -> bool {
        3 * power > 2 * self.total
    }

    /// The power of all.
    pub(super) fn total(&self) -> u128 {
        self.total
    }

    /// Whether the author's signature is right, over bytes built here.
    pub(super) fn signature_is_valid(&self, signed: &Signed<AnyStatement>) -> bool {
        let Some((author, bytes)) = self::signed(&self.chain, &signed.message) else { return false };
        self.key(author).is_some_and(|key| self.verifier.verify(key, &bytes, &signed.signature))
    }

    /// Whether the holder of the key in the command signed it for this chain.
    pub(super) fn command_is_signed(&self, signed: &SignedCommand) -> bool {
        let command = borsh::to_vec(&signed.command).expect("a vector takes all bytes");
        let bytes = [b"bitcraps command 1", &self.chain.0[..], &command].concat();
        self.verifier.verify(&signed.command.key, &bytes, &signed.signature)
    }

    /// Why two signed statements do not convict the author of the first; `Ok` if they do.
    pub(super) fn convicts(
        &self,
        first: &Signed<AnyStatement>,
        second: &Signed<AnyStatement>,
    ) -> Result<(), &'static str> {
        if !contradict(&first.message, &second.message) {
            return Err("the two statements do not contradict each other");
        }
        if self.signature_is_valid(first) && self.signature_is_valid(second) {
            Ok(())
        } else {
            Err("a signature in the evidence is wrong")
        }
    }
}

/// Who signs a statement, and which bytes. `None`: it convicts nobody, for its author did not make what it says.
pub(super) fn signed(chain: &ChainId, statement: &AnyStatement) -> Option<(ValidatorIndex, Vec<u8>)> {
    match statement {
        AnyStatement::Pbft(statement) => pbft::signed(chain, statement),
        AnyStatement::Tendermint(statement) => tendermint::signed(chain, statement),
        AnyStatement::HotStuff(statement) => hotstuff::signed(chain, statement),
    }
}

/// Whether no correct validator would sign both.
pub(super) fn contradict(first: &AnyStatement, second: &AnyStatement) -> bool {
    match (first, second) {
        (AnyStatement::Pbft(first), AnyStatement::Pbft(second)) => pbft::contradict(first, second),
        (AnyStatement::Tendermint(first), AnyStatement::Tendermint(second)) => {
            tendermint::contradict(first, second)
        }
        (AnyStatement::HotStuff(first), AnyStatement::HotStuff(second)) => {
            hotstuff::contradict(first, second)
        }
        _ => false,
    }
}

/// What a validator may say but once for each kind, height and round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) author: ValidatorIndex,
    pub(super) height: Height,
    pub(super) round: Round,
    pub(super) kind: &'static str,
    pub(super) content: Content,
}

/// The value, `None` for nil; and the round of the proof that comes with it, if one does.
pub(super) type Content = (Option<Digest>, Option<Round>);

/// What of this message may be said but once; `None` if nothing.
pub(super) fn said(message: &AnyMessage) -> Option<Said> {
    match message {
        AnyMessage::Pbft(message) => pbft::said(message),
        AnyMessage::Tendermint(message) => tendermint::said(message),
        AnyMessage::HotStuff(message) => hotstuff::said(message),
    }
}

/// What signs whoever commits to a value, in any protocol: as [`preimage`], with the domain `commit`, then the digest.
pub(super) fn commit_bytes(chain: &ChainId, height: Height, round: Round, digest: &Digest) -> Vec<u8> {
    [&preimage("commit", chain, height, round), &digest.0[..]].concat()
}

/// The domain's length in one byte, the domain, the chain, the height and the round little-endian.
fn preimage(domain: &str, chain: &ChainId, height: Height, round: Round) -> Vec<u8> {
    let length = [domain.len() as u8];
    [&length, domain.as_bytes(), &chain.0, &height.to_le_bytes(), &round.to_le_bytes()].concat()
}
