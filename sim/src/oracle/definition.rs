//! The definitions that the oracles judge by, written down a second time.
//!
//! Nothing here calls the code that is judged: what a quorum is, which bytes a vote signs, and when two statements
//! convict their author all follow from the protocol's description (docs of the wire format; arXiv:1807.04938), so
//! that an error in the node does not excuse itself.

use super::Setup;
use bitcraps_casino::SignedCommand;
use bitcraps_consensus::tendermint::{Statement, Vote, VoteKind};
use bitcraps_consensus::{Signed, Validator};
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
    pub(super) fn signature_is_valid(&self, signed: &Signed<Statement>) -> bool {
        let (author, bytes) = match &signed.message {
            Statement::Proposal { height, round, author, digest, valid_round } => {
                (*author, proposal_bytes(&self.chain, (*height, *round), digest, *valid_round))
            }
            Statement::Vote(vote) => {
                (vote.author, vote_bytes(&self.chain, vote.kind, vote.height, vote.round, vote.digest))
            }
            Statement::Polka { .. } => return false,
        };
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
        first: &Signed<Statement>,
        second: &Signed<Statement>,
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

/// Two statements of one kind, author, height and round that say different things.
fn contradict(first: &Statement, second: &Statement) -> bool {
    match (first, second) {
        (Statement::Vote(a), Statement::Vote(b)) => {
            Vote { digest: b.digest, ..*a } == *b && a.digest != b.digest
        }
        (Statement::Proposal { .. }, Statement::Proposal { .. }) => {
            place(first) == place(second) && first != second
        }
        _ => false,
    }
}

/// The author, height and round of a proposal.
fn place(statement: &Statement) -> Option<(ValidatorIndex, Height, Round)> {
    match statement {
        Statement::Proposal { author, height, round, .. } => Some((*author, *height, *round)),
        Statement::Vote(_) | Statement::Polka { .. } => None,
    }
}

/// What a vote signs: the domain's length in one byte, the domain, the chain, the height and the round little-endian.
/// A precommit for a value has the domain of all commits, and the digest; the others have a domain of their own, then 0
/// for nil, or 1 and the digest.
pub(super) fn vote_bytes(
    chain: &ChainId,
    kind: VoteKind,
    height: Height,
    round: Round,
    digest: Option<Digest>,
) -> Vec<u8> {
    let (domain, choice): (&[u8], &[u8]) = match (kind, digest) {
        (VoteKind::Precommit, Some(_)) => (b"\x06commit", &[]),
        (VoteKind::Precommit, None) => (b"\x14tendermint/precommit", &[0]),
        (VoteKind::Prevote, None) => (b"\x12tendermint/prevote", &[0]),
        (VoteKind::Prevote, Some(_)) => (b"\x12tendermint/prevote", &[1]),
    };
    let digest: &[u8] = digest.as_ref().map_or(&[], |digest| &digest.0);
    [domain, &chain.0, &height.to_le_bytes(), &round.to_le_bytes(), choice, digest].concat()
}

/// What a proposal signs: as a vote, but always the value's digest, then 0, or 1 and the round of the proof of lock.
fn proposal_bytes(
    chain: &ChainId,
    (height, round): (Height, Round),
    digest: &Digest,
    valid_round: Option<Round>,
) -> Vec<u8> {
    let domain: &[u8] = b"\x13tendermint/proposal";
    let place = [&height.to_le_bytes()[..], &round.to_le_bytes()].concat();
    let lock = match valid_round {
        None => vec![0],
        Some(round) => [&[1][..], &round.to_le_bytes()].concat(),
    };
    [domain, &chain.0, &place, &digest.0, &lock].concat()
}
