//! What Tendermint's validators say. What of it they sign is [`super::statement`]; checking what others say is
//! [`super::verify`].

use super::statement::{Statement, vote_bytes};
use crate::validators::at_most_one_per_validator;
use crate::{Message, SignBytes, Signed};
use bitcraps_types::{ChainId, Digest, Height, Round, Signature, ValidatorIndex, Value};
use borsh::{BorshDeserialize, BorshSerialize};

/// Everything that a validator sends. Most of it are votes, so the others are boxed: messages are moved from actor to
/// actor, and a vote is a third as long as a proposal.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum TendermintMessage {
    /// A value for a round.
    Proposal(Box<Proposal>),
    /// A prevote or a precommit.
    Vote(Vote),
    /// A value that a quorum prevoted in a round that failed.
    Polka(Box<Polka>),
}

/// The proposer's value for a round.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Proposal {
    /// The height.
    pub height: Height,
    /// The round.
    pub round: Round,
    /// The proposer of that round.
    pub author: ValidatorIndex,
    /// The value.
    pub value: Value,
    /// For a value proposed again: the quorum of prevotes that it got in an earlier round (the paper's `vr`). The
    /// proof travels with the proposal, because no gossip layer is there to bring the prevotes.
    pub polka: Option<PolkaCertificate>,
}

impl Proposal {
    /// The paper's `vr`: the round of the proof of lock. `None` is the paper's −1.
    pub fn valid_round(&self) -> Option<Round> {
        self.polka.as_ref().map(|polka| polka.round)
    }
}

/// The two kinds of votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum VoteKind {
    /// The first vote of a round.
    Prevote,
    /// The second vote of a round.
    Precommit,
}

/// A vote for a value or for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote {
    /// Prevote or precommit.
    pub kind: VoteKind,
    /// The height.
    pub height: Height,
    /// The round.
    pub round: Round,
    /// Who votes.
    pub author: ValidatorIndex,
    /// For which value; `None` is nil.
    pub digest: Option<Digest>,
}

/// A quorum's prevotes for one value in one round.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PolkaCertificate {
    /// The height.
    pub height: Height,
    /// The round.
    pub round: Round,
    /// The value.
    pub digest: Digest,
    /// By ascending validator, each once; at most [`crate::ValidatorSet::MAX`].
    #[borsh(deserialize_with = "at_most_one_per_validator")]
    pub signatures: Vec<(ValidatorIndex, Signature)>,
}

impl PolkaCertificate {
    /// The prevotes that it is made of.
    pub fn prevotes(&self) -> impl Iterator<Item = (Vote, Signature)> {
        self.signatures.iter().map(|&(author, signature)| (self.prevote(author), signature))
    }

    fn prevote(&self, author: ValidatorIndex) -> Vote {
        Vote {
            kind: VoteKind::Prevote,
            height: self.height,
            round: self.round,
            author,
            digest: Some(self.digest),
        }
    }

    /// The bytes that all its signers signed.
    pub fn sign_bytes(&self, chain: &ChainId) -> SignBytes {
        vote_bytes(chain, VoteKind::Prevote, self.height, self.round, Some(&self.digest))
    }
}

/// A polka that its sender knows. In the paper gossip brings every correct process what one of them received; this
/// message does it for the one thing that liveness needs: the value that somebody may be locked on.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Polka {
    /// Who passes it on.
    pub author: ValidatorIndex,
    /// The value.
    pub value: Value,
    /// The quorum of prevotes for it.
    pub certificate: PolkaCertificate,
}

impl Message for TendermintMessage {
    type Statement = Statement;

    fn statement(&self) -> Statement {
        Statement::of(self)
    }

    fn author(&self) -> ValidatorIndex {
        match self {
            TendermintMessage::Proposal(proposal) => proposal.author,
            TendermintMessage::Vote(vote) => vote.author,
            TendermintMessage::Polka(polka) => polka.author,
        }
    }

    fn height(&self) -> Height {
        match self {
            TendermintMessage::Proposal(proposal) => proposal.height,
            TendermintMessage::Vote(vote) => vote.height,
            TendermintMessage::Polka(polka) => polka.certificate.height,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            TendermintMessage::Proposal(_) => "proposal",
            TendermintMessage::Vote(Vote { kind: VoteKind::Prevote, .. }) => "prevote",
            TendermintMessage::Vote(Vote { kind: VoteKind::Precommit, .. }) => "precommit",
            TendermintMessage::Polka(_) => "polka",
        }
    }

    fn sign_bytes(&self, chain: &ChainId) -> SignBytes {
        self.statement().sign_bytes(chain)
    }
}

impl TendermintMessage {
    /// The round that it proposes for.
    pub(crate) fn proposed_round(&self) -> Option<Round> {
        match self {
            TendermintMessage::Proposal(proposal) => Some(proposal.round),
            _ => None,
        }
    }

    /// The round that it speaks of.
    pub fn round(&self) -> Round {
        match self {
            TendermintMessage::Proposal(proposal) => proposal.round,
            TendermintMessage::Vote(vote) => vote.round,
            TendermintMessage::Polka(polka) => polka.certificate.round,
        }
    }
}

impl Vote {
    /// The vote with its signature, as it came.
    pub(crate) fn signed(self, signature: Signature) -> Signed<TendermintMessage> {
        Signed { message: TendermintMessage::Vote(self), signature }
    }
}
