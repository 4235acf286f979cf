//! What HotStuff's validators say. What of it they sign is [`super::statement`]; checking what others say is
//! [`super::verify`].

use super::certificates::{QuorumCertificate, TimeoutCertificate};
use super::statement::{Statement, Vote};
use crate::{Message, SignBytes, Signed};
use bitcraps_types::{ChainId, Digest, Height, Round, Signature, ValidatorIndex, Value};
use borsh::{BorshDeserialize, BorshSerialize};

/// Everything that a validator sends. Most of it are votes, so the others are boxed: messages are moved from actor to
/// actor.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum HotStuffMessage {
    /// A block for a round.
    Proposal(Box<Proposal>),
    /// A vote for a block, to the leader of the next round.
    Vote(Vote),
    /// A round is given up.
    Timeout(Box<Timeout>),
    /// Certificates that are passed on.
    SyncInfo(Box<SyncInfo>),
}

/// The leader's block for a round, with the proof that it may be voted for.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Proposal {
    /// The height.
    pub height: Height,
    /// The round.
    pub round: Round,
    /// The leader of that round.
    pub author: ValidatorIndex,
    /// The certificate of the block that this one extends; `None` is the root, the decision before this height.
    pub justify: Option<QuorumCertificate>,
    /// The certificate that the round before was given up.
    pub tc: Option<TimeoutCertificate>,
    /// The value: a new one on the root, else the one that `justify` names. It is left out when the quorum of the
    /// round before is the justification: so many had it a moment ago.
    pub value: Option<Value>,
}

impl Proposal {
    /// The value's digest.
    pub fn digest(&self) -> Digest {
        match (&self.value, &self.justify) {
            (Some(value), _) => value.digest(),
            (None, Some(qc)) => qc.digest,
            (None, None) => Digest::ZERO,
        }
    }

    /// The round of the certificate that the block carries; `None` is the root.
    pub fn justify_round(&self) -> Option<Round> {
        self.justify.as_ref().map(|qc| qc.round)
    }
}

/// Its author gives a round up: it votes in it no more.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Timeout {
    /// The height.
    pub height: Height,
    /// The round.
    pub round: Round,
    /// Who gives it up.
    pub author: ValidatorIndex,
    /// The highest certificate that the author knows; `None` is the root.
    pub high_qc: Option<QuorumCertificate>,
}

impl Timeout {
    /// The round of the highest certificate, which is what the author signs of it.
    pub fn high_qc_round(&self) -> Option<Round> {
        self.high_qc.as_ref().map(|qc| qc.round)
    }
}

/// The highest certificates that its sender knows, for those who lack them: the certificate that decides to all, or
/// what brought the sender into its round to one who is still in an earlier one. (DiemBFT's name.)
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct SyncInfo {
    /// The height.
    pub height: Height,
    /// Who passes them on.
    pub author: ValidatorIndex,
    /// The highest quorum certificate, or the one that decides.
    pub qc: Option<QuorumCertificate>,
    /// The highest timeout certificate, if it is of a later round. The quorum certificate is as high as it needs one.
    pub tc: Option<TimeoutCertificate>,
}

impl Message for HotStuffMessage {
    type Statement = Statement;

    fn statement(&self) -> Statement {
        Statement::of(self)
    }

    fn author(&self) -> ValidatorIndex {
        match self {
            HotStuffMessage::Proposal(proposal) => proposal.author,
            HotStuffMessage::Vote(vote) => vote.author,
            HotStuffMessage::Timeout(timeout) => timeout.author,
            HotStuffMessage::SyncInfo(info) => info.author,
        }
    }

    fn height(&self) -> Height {
        match self {
            HotStuffMessage::Proposal(proposal) => proposal.height,
            HotStuffMessage::Vote(vote) => vote.height,
            HotStuffMessage::Timeout(timeout) => timeout.height,
            HotStuffMessage::SyncInfo(info) => info.height,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            HotStuffMessage::Proposal(_) => "proposal",
            HotStuffMessage::Vote(_) => "vote",
            HotStuffMessage::Timeout(_) => "timeout",
            HotStuffMessage::SyncInfo(_) => "sync-info",
        }
    }

    fn sign_bytes(&self, chain: &ChainId) -> SignBytes {
        self.statement().sign_bytes(chain)
    }
}

impl HotStuffMessage {
    /// The round that it speaks of.
    pub fn round(&self) -> Round {
        self.statement().round()
    }

    /// The certificates that it carries.
    pub(super) fn certificates(&self) -> (Option<&QuorumCertificate>, Option<&TimeoutCertificate>) {
        match self {
            HotStuffMessage::Proposal(proposal) => (proposal.justify.as_ref(), proposal.tc.as_ref()),
            HotStuffMessage::Vote(_) => (None, None),
            HotStuffMessage::Timeout(timeout) => (timeout.high_qc.as_ref(), None),
            HotStuffMessage::SyncInfo(info) => (info.qc.as_ref(), info.tc.as_ref()),
        }
    }

    /// What others stated in the certificates that it carries.
    pub(super) fn inner_statements(&self) -> impl Iterator<Item = (Statement, Signature)> {
        let (qc, tc) = self.certificates();
        let votes = qc.into_iter().flat_map(QuorumCertificate::votes);
        votes.chain(tc.into_iter().flat_map(TimeoutCertificate::statements))
    }

    /// The round that it proposes for.
    pub(super) fn proposed_round(&self) -> Option<Round> {
        match self {
            HotStuffMessage::Proposal(proposal) => Some(proposal.round),
            _ => None,
        }
    }
}

impl Vote {
    /// The vote with its signature, as it came.
    pub(super) fn signed(self, signature: Signature) -> Signed<HotStuffMessage> {
        Signed { message: HotStuffMessage::Vote(self), signature }
    }
}
