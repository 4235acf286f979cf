//! What PBFT's validators say. What of it they sign is [`super::statement`]; checking what others say is
//! [`super::verify`].

use super::statement::{self, Statement};
use crate::{Message, SignBytes, Signed, ValidatorSet};
use bitcraps_types::{ChainId, Digest, Height, Round, Signature, ValidatorIndex, Value};
use borsh::{BorshDeserialize, BorshSerialize};
use std::io::{self, Read};

/// Everything that a validator sends. Most of it are votes, so what is longer is boxed.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum PbftMessage {
    /// The primary's value for a height, in the view in which the sender entered it.
    PrePrepare(Box<PrePrepare>),
    /// A PREPARE or a COMMIT.
    Vote(Vote),
    /// A decided height that the sender has applied.
    Checkpoint(Checkpoint),
    /// The author leaves the views below.
    ViewChange(Box<ViewChange>),
    /// The primary's value in a view that replaced another one, with the reason why it may be this one.
    NewView(Box<NewView>),
}

/// The primary's value for a height.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct PrePrepare {
    /// The paper's sequence number.
    pub height: Height,
    /// The view.
    pub view: Round,
    /// The view's primary.
    pub author: ValidatorIndex,
    /// The value.
    pub value: Value,
}

/// The two kinds of votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum VoteKind {
    /// The author accepted the primary's PRE-PREPARE.
    Prepare,
    /// The author is prepared.
    Commit,
}

/// A vote for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote {
    /// PREPARE or COMMIT.
    pub kind: VoteKind,
    /// The height.
    pub height: Height,
    /// The view.
    pub view: Round,
    /// Who votes.
    pub author: ValidatorIndex,
    /// For which value.
    pub digest: Digest,
}

/// The author has applied the block decided at a height. The next block's header carries the state root after it, so
/// the block's digest stands for the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Checkpoint {
    /// A multiple of [`super::CHECKPOINT_INTERVAL`].
    pub height: Height,
    /// Who says so.
    pub author: ValidatorIndex,
    /// The value decided there.
    pub digest: Digest,
}

/// The author takes part in no view of this height below this one any more.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct ViewChange {
    /// The height that is not decided.
    pub height: Height,
    /// The new view.
    pub view: Round,
    /// Who leaves the views below.
    pub author: ValidatorIndex,
    /// The paper's n and C: the last stable checkpoint that the author knows, with its proof.
    pub stable: Option<StableCheckpoint>,
    /// The paper's P: the certificate of the highest view in which the author was prepared.
    pub prepared: Option<PreparedCertificate>,
}

/// The primary of a new view begins it.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct NewView {
    /// The paper's O: the one PRE-PREPARE, of the undecided height. Its author signs it as any other.
    pub proposal: PrePrepare,
    /// The paper's V: what a quorum stated in VIEW-CHANGEs to this view. By ascending validator, each once; at most
    /// [`ValidatorSet::MAX`].
    #[borsh(deserialize_with = "bounded")]
    pub changes: Vec<ChangeClaim>,
    /// The certificate of the highest prepared view in `changes`; none if nobody was prepared.
    pub prepared: Option<PreparedCertificate>,
}

/// What a VIEW-CHANGE states, short: its signature covers this and not the certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ChangeClaim {
    /// Who leaves the views below.
    pub author: ValidatorIndex,
    /// The height of its last stable checkpoint, 0 if it knows none.
    pub stable: Height,
    /// In which view it was prepared last, and for which value.
    pub prepared: Option<(Round, Digest)>,
    /// Of its VIEW-CHANGE.
    pub signature: Signature,
}

/// Proof that a quorum accepted one value in a view: the primary with its PRE-PREPARE, the others with a PREPARE.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PreparedCertificate {
    /// The height.
    pub height: Height,
    /// The view.
    pub view: Round,
    /// The value.
    pub digest: Digest,
    /// The primary's signature of the PRE-PREPARE.
    pub pre_prepare: Signature,
    /// The PREPAREs by ascending validator, each once, without the primary; at most [`ValidatorSet::MAX`].
    #[borsh(deserialize_with = "bounded")]
    pub prepares: Vec<(ValidatorIndex, Signature)>,
}

/// Proof that a quorum has applied the block of a height.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StableCheckpoint {
    /// The height.
    pub height: Height,
    /// The value decided there.
    pub digest: Digest,
    /// By ascending validator, each once; at most [`ValidatorSet::MAX`].
    #[borsh(deserialize_with = "bounded")]
    pub signatures: Vec<(ValidatorIndex, Signature)>,
}

impl Message for PbftMessage {
    type Statement = Statement;

    fn statement(&self) -> Statement {
        match self {
            PbftMessage::PrePrepare(proposal) => proposal.statement(),
            PbftMessage::NewView(new_view) => new_view.proposal.statement(),
            PbftMessage::Vote(vote) => Statement::Vote(*vote),
            PbftMessage::Checkpoint(checkpoint) => Statement::Checkpoint(*checkpoint),
            PbftMessage::ViewChange(change) => change.statement(),
        }
    }

    fn author(&self) -> ValidatorIndex {
        match self {
            PbftMessage::PrePrepare(proposal) => proposal.author,
            PbftMessage::NewView(new_view) => new_view.proposal.author,
            PbftMessage::Vote(vote) => vote.author,
            PbftMessage::Checkpoint(checkpoint) => checkpoint.author,
            PbftMessage::ViewChange(change) => change.author,
        }
    }

    fn height(&self) -> Height {
        match self {
            PbftMessage::PrePrepare(proposal) => proposal.height,
            PbftMessage::NewView(new_view) => new_view.proposal.height,
            PbftMessage::Vote(vote) => vote.height,
            PbftMessage::Checkpoint(checkpoint) => checkpoint.height,
            PbftMessage::ViewChange(change) => change.height,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            PbftMessage::NewView(_) => "new-view",
            _ => statement::kind(&self.statement()),
        }
    }

    fn sign_bytes(&self, chain: &ChainId) -> SignBytes {
        self.statement().sign_bytes(chain)
    }
}

impl PbftMessage {
    /// The view that it speaks of; 0 for a checkpoint.
    pub fn view(&self) -> Round {
        match self {
            PbftMessage::PrePrepare(proposal) => proposal.view,
            PbftMessage::NewView(new_view) => new_view.proposal.view,
            PbftMessage::Vote(vote) => vote.view,
            PbftMessage::Checkpoint(_) => 0,
            PbftMessage::ViewChange(change) => change.view,
        }
    }

    /// The PRE-PREPARE in it.
    pub fn proposal(&self) -> Option<&PrePrepare> {
        match self {
            PbftMessage::PrePrepare(proposal) => Some(proposal),
            PbftMessage::NewView(new_view) => Some(&new_view.proposal),
            _ => None,
        }
    }
}

impl PrePrepare {
    /// What its author signs, as a PRE-PREPARE or as the O of a NEW-VIEW.
    pub fn statement(&self) -> Statement {
        Statement::PrePrepare {
            height: self.height,
            view: self.view,
            author: self.author,
            digest: self.value.digest(),
        }
    }

    /// With its author's signature.
    pub(super) fn signed(self, signature: Signature) -> Signed<PbftMessage> {
        Signed { message: PbftMessage::PrePrepare(Box::new(self)), signature }
    }
}

impl Vote {
    /// With its author's signature.
    pub(super) fn signed(self, signature: Signature) -> Signed<PbftMessage> {
        Signed { message: PbftMessage::Vote(self), signature }
    }
}

impl ViewChange {
    /// What its author signs.
    pub fn statement(&self) -> Statement {
        Statement::ViewChange {
            height: self.height,
            view: self.view,
            author: self.author,
            stable: self.stable.as_ref().map_or(0, |stable| stable.height),
            prepared: self.prepared.as_ref().map(|prepared| (prepared.view, prepared.digest)),
        }
    }

    /// What of it a NEW-VIEW repeats.
    pub(super) fn claim(&self, signature: Signature) -> ChangeClaim {
        ChangeClaim {
            author: self.author,
            stable: self.stable.as_ref().map_or(0, |stable| stable.height),
            prepared: self.prepared.as_ref().map(|prepared| (prepared.view, prepared.digest)),
            signature,
        }
    }
}

impl ChangeClaim {
    /// What its author signed.
    pub fn statement(&self, height: Height, view: Round) -> Statement {
        let &ChangeClaim { author, stable, prepared, .. } = self;
        Statement::ViewChange { height, view, author, stable, prepared }
    }
}

/// Refuses a length that no set of validators has, before it reads an element.
fn bounded<R: Read, T: BorshDeserialize>(reader: &mut R) -> io::Result<Vec<T>> {
    let length = u32::deserialize_reader(reader)? as usize;
    if length > ValidatorSet::MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "more signatures than validators"));
    }
    (0..length).map(|_| BorshDeserialize::deserialize_reader(reader)).collect()
}
