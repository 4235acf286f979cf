//! The definitions that the oracles judge by, written down a second time.
//!
//! Nothing here calls the code that is judged: what a quorum is, which bytes a vote signs, and when two messages
//! convict their author all follow from the protocol's description (docs of the wire format; arXiv:1807.04938), so
//! that an error in the node does not excuse itself.

use super::Setup;
use bitcraps_actors::ports::ConsensusMessage;
use bitcraps_casino::SignedCommand;
use bitcraps_consensus::tendermint::{Proposal, Vote, VoteKind};
use bitcraps_consensus::{Signed, Validator};
use bitcraps_types::{ChainId, Digest, Height, PublicKey, Round, ValidatorIndex, Verify};
use std::rc::Rc;

/// The validators and their verifier.
#[derive(Clone)]
pub(super) struct Law {
    pub(super) chain: ChainId,
    pub(super) validators: Vec<Validator>,
    pub(super) verifier: Rc<dyn Verify>,
    total: u128,
}

impl Law {
    pub(super) fn of(setup: &Setup) -> Law {
        Law {
            chain: setup.chain,
            validators: setup.validators.clone(),
            verifier: setup.verifier.clone(),
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
    pub(super) fn signature_is_valid(&self, signed: &Signed<ConsensusMessage>) -> bool {
        let (author, bytes) = match &signed.message {
            ConsensusMessage::Proposal(proposal) => (proposal.author, proposal_bytes(&self.chain, proposal)),
            ConsensusMessage::Vote(vote) => {
                (vote.author, vote_bytes(&self.chain, vote.kind, vote.height, vote.round, vote.digest))
            }
            ConsensusMessage::Polka(_) => return false,
        };
        self.key(author).is_some_and(|key| self.verifier.verify(key, &bytes, &signed.signature))
    }

    /// Whether the holder of the key in the command signed it for this chain.
    pub(super) fn command_is_signed(&self, signed: &SignedCommand) -> bool {
        let command = borsh::to_vec(&signed.command).expect("a vector takes all bytes");
        let bytes = [b"bitcraps command 1", &self.chain.0[..], &command].concat();
        self.verifier.verify(&signed.command.key, &bytes, &signed.signature)
    }

    /// Why two signed messages do not convict the author of the first; `Ok` if they do.
    pub(super) fn convicts(
        &self,
        first: &Signed<ConsensusMessage>,
        second: &Signed<ConsensusMessage>,
    ) -> Result<(), &'static str> {
        if !contradict(&first.message, &second.message) {
            return Err("the two messages do not contradict each other");
        }
        if self.signature_is_valid(first) && self.signature_is_valid(second) {
            Ok(())
        } else {
            Err("a signature in the evidence is wrong")
        }
    }
}

/// Two messages of one kind, author, height and round that say different things.
fn contradict(first: &ConsensusMessage, second: &ConsensusMessage) -> bool {
    match (first, second) {
        (ConsensusMessage::Vote(a), ConsensusMessage::Vote(b)) => {
            Vote { digest: b.digest, ..*a } == *b && a.digest != b.digest
        }
        (ConsensusMessage::Proposal(a), ConsensusMessage::Proposal(b)) => {
            let place = |proposal: &Proposal| (proposal.author, proposal.height, proposal.round);
            let content = |proposal: &Proposal| {
                (proposal.value.digest(), proposal.polka.as_ref().map(|polka| polka.round))
            };
            place(a) == place(b) && content(a) != content(b)
        }
        _ => false,
    }
}

/// What a vote signs: the domain's length in one byte, the domain, the chain, the height and the round little-endian,
/// then 0 for nil, or 1 and the digest.
pub(super) fn vote_bytes(
    chain: &ChainId,
    kind: VoteKind,
    height: Height,
    round: Round,
    digest: Option<Digest>,
) -> Vec<u8> {
    let domain: &[u8] = match kind {
        VoteKind::Prevote => b"\x12tendermint/prevote",
        VoteKind::Precommit => b"\x14tendermint/precommit",
    };
    let choice: &[u8] = digest.as_ref().map_or(&[0], |_| &[1]);
    let digest: &[u8] = digest.as_ref().map_or(&[], |digest| &digest.0);
    [domain, &chain.0, &height.to_le_bytes(), &round.to_le_bytes(), choice, digest].concat()
}

/// What a proposal signs: as a vote, but always the value's digest, then 0, or 1 and the round of the proof of lock.
fn proposal_bytes(chain: &ChainId, proposal: &Proposal) -> Vec<u8> {
    let domain: &[u8] = b"\x13tendermint/proposal";
    let digest = proposal.value.digest();
    let place = [&proposal.height.to_le_bytes()[..], &proposal.round.to_le_bytes()].concat();
    let lock = match &proposal.polka {
        None => vec![0],
        Some(polka) => [&[1][..], &polka.round.to_le_bytes()].concat(),
    };
    [domain, &chain.0, &place, &digest.0, &lock].concat()
}
