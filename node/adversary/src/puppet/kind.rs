//! What a message is, in the words that all engines share.

use bitcraps_actors::ports::ConsensusMessage;
use bitcraps_consensus::AnyMessage;
use bitcraps_consensus::hotstuff::HotStuffMessage;
use bitcraps_consensus::pbft::{self, PbftMessage};
use bitcraps_consensus::tendermint::{self, TendermintMessage};
use borsh::{BorshDeserialize, BorshSerialize};

/// A kind of message between validators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Kind {
    /// A proposal; PBFT's PRE-PREPARE and NEW-VIEW.
    Proposal,
    /// A first vote: PBFT's PREPARE, Tendermint's prevote, HotStuff's vote for a block that starts a chain.
    Prevote,
    /// A vote that commits: PBFT's COMMIT, Tendermint's precommit, HotStuff's vote for the second block of a chain.
    Precommit,
    /// What gives a round up: PBFT's VIEW-CHANGE, HotStuff's timeout. Tendermint has none.
    ViewChange,
    /// What passes a proof on: PBFT's CHECKPOINT, Tendermint's polka, HotStuff's sync-info.
    Proof,
    /// Of block sync.
    Sync,
    /// A part of the signature from which a block's dice follow.
    Dice,
}

impl Kind {
    /// Of a message of consensus.
    pub fn of(message: &ConsensusMessage) -> Kind {
        match message {
            AnyMessage::Pbft(message) => match message {
                PbftMessage::PrePrepare(_) | PbftMessage::NewView(_) => Kind::Proposal,
                PbftMessage::Vote(vote) => match vote.kind {
                    pbft::VoteKind::Prepare => Kind::Prevote,
                    pbft::VoteKind::Commit => Kind::Precommit,
                },
                PbftMessage::ViewChange(_) => Kind::ViewChange,
                PbftMessage::Checkpoint(_) => Kind::Proof,
            },
            AnyMessage::Tendermint(message) => match message {
                TendermintMessage::Proposal(_) => Kind::Proposal,
                TendermintMessage::Vote(vote) => match vote.kind {
                    tendermint::VoteKind::Prevote => Kind::Prevote,
                    tendermint::VoteKind::Precommit => Kind::Precommit,
                },
                TendermintMessage::Polka(_) => Kind::Proof,
            },
            AnyMessage::HotStuff(message) => match message {
                HotStuffMessage::Proposal(_) => Kind::Proposal,
                HotStuffMessage::Vote(vote) if vote.commits() => Kind::Precommit,
                HotStuffMessage::Vote(_) => Kind::Prevote,
                HotStuffMessage::Timeout(_) => Kind::ViewChange,
                HotStuffMessage::SyncInfo(_) => Kind::Proof,
            },
        }
    }

    /// Whether it is a vote.
    pub(super) fn is_vote(self) -> bool {
        matches!(self, Kind::Prevote | Kind::Precommit)
    }
}
