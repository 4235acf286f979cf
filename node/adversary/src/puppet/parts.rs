//! The parts that the messages of all engines have, to be read and changed. What is changed is signed anew by whoever
//! changes it.

use bitcraps_actors::ports::ConsensusMessage;
use bitcraps_consensus::hotstuff::{self, HotStuffMessage};
use bitcraps_consensus::pbft::{self, PbftMessage};
use bitcraps_consensus::tendermint::{self, TendermintMessage};
use bitcraps_consensus::{AnyMessage, AnyStatement};
use bitcraps_types::{Digest, Height, Round, ValidatorIndex, Value};

/// The round that it speaks of: PBFT's view.
pub(super) fn round(message: &ConsensusMessage) -> Round {
    match message {
        AnyMessage::Pbft(message) => message.view(),
        AnyMessage::Tendermint(message) => message.round(),
        AnyMessage::HotStuff(message) => message.round(),
    }
}

/// Who says it.
pub(super) fn author_mut(message: &mut ConsensusMessage) -> &mut ValidatorIndex {
    match message {
        AnyMessage::Pbft(PbftMessage::PrePrepare(proposal)) => &mut proposal.author,
        AnyMessage::Pbft(PbftMessage::Vote(vote)) => &mut vote.author,
        AnyMessage::Pbft(PbftMessage::Checkpoint(checkpoint)) => &mut checkpoint.author,
        AnyMessage::Pbft(PbftMessage::ViewChange(change)) => &mut change.author,
        AnyMessage::Pbft(PbftMessage::NewView(new_view)) => &mut new_view.proposal.author,
        AnyMessage::Tendermint(TendermintMessage::Proposal(proposal)) => &mut proposal.author,
        AnyMessage::Tendermint(TendermintMessage::Vote(vote)) => &mut vote.author,
        AnyMessage::Tendermint(TendermintMessage::Polka(polka)) => &mut polka.author,
        AnyMessage::HotStuff(HotStuffMessage::Proposal(proposal)) => &mut proposal.author,
        AnyMessage::HotStuff(HotStuffMessage::Vote(vote)) => &mut vote.author,
        AnyMessage::HotStuff(HotStuffMessage::Timeout(timeout)) => &mut timeout.author,
        AnyMessage::HotStuff(HotStuffMessage::SyncInfo(info)) => &mut info.author,
    }
}

/// Of which height it speaks.
pub(super) fn height_mut(message: &mut ConsensusMessage) -> &mut Height {
    match message {
        AnyMessage::Pbft(PbftMessage::PrePrepare(proposal)) => &mut proposal.height,
        AnyMessage::Pbft(PbftMessage::Vote(vote)) => &mut vote.height,
        AnyMessage::Pbft(PbftMessage::Checkpoint(checkpoint)) => &mut checkpoint.height,
        AnyMessage::Pbft(PbftMessage::ViewChange(change)) => &mut change.height,
        AnyMessage::Pbft(PbftMessage::NewView(new_view)) => &mut new_view.proposal.height,
        AnyMessage::Tendermint(TendermintMessage::Proposal(proposal)) => &mut proposal.height,
        AnyMessage::Tendermint(TendermintMessage::Vote(vote)) => &mut vote.height,
        AnyMessage::Tendermint(TendermintMessage::Polka(polka)) => &mut polka.certificate.height,
        AnyMessage::HotStuff(HotStuffMessage::Proposal(proposal)) => &mut proposal.height,
        AnyMessage::HotStuff(HotStuffMessage::Vote(vote)) => &mut vote.height,
        AnyMessage::HotStuff(HotStuffMessage::Timeout(timeout)) => &mut timeout.height,
        AnyMessage::HotStuff(HotStuffMessage::SyncInfo(info)) => &mut info.height,
    }
}

/// Moves the round, as far as there are rounds. Whether it has one that could be moved.
pub(super) fn move_round(message: &mut ConsensusMessage, by: i64) -> bool {
    let round = match message {
        AnyMessage::Pbft(PbftMessage::PrePrepare(proposal)) => &mut proposal.view,
        AnyMessage::Pbft(PbftMessage::Vote(vote)) => &mut vote.view,
        AnyMessage::Pbft(PbftMessage::ViewChange(change)) => &mut change.view,
        AnyMessage::Pbft(PbftMessage::NewView(new_view)) => &mut new_view.proposal.view,
        AnyMessage::Tendermint(TendermintMessage::Proposal(proposal)) => &mut proposal.round,
        AnyMessage::Tendermint(TendermintMessage::Vote(vote)) => &mut vote.round,
        AnyMessage::Tendermint(TendermintMessage::Polka(polka)) => &mut polka.certificate.round,
        AnyMessage::HotStuff(HotStuffMessage::Proposal(proposal)) => &mut proposal.round,
        AnyMessage::HotStuff(HotStuffMessage::Vote(vote)) => &mut vote.round,
        AnyMessage::HotStuff(HotStuffMessage::Timeout(timeout)) => &mut timeout.round,
        AnyMessage::Pbft(PbftMessage::Checkpoint(_)) | AnyMessage::HotStuff(HotStuffMessage::SyncInfo(_)) => {
            return false;
        }
    };
    let before = *round;
    *round = u32::try_from((i64::from(before) + by).clamp(0, i64::from(u32::MAX))).unwrap_or(before);
    let moved = *round != before;
    if let AnyMessage::HotStuff(HotStuffMessage::Vote(vote)) = message
        && vote.justify >= Some(vote.round)
    {
        // A block can't carry a certificate of its own round.
        vote.justify = vote.round.checked_sub(1);
    }
    moved
}

/// What a vote is for; `None` for what is no vote, or for none.
pub(super) fn digest_mut(message: &mut ConsensusMessage) -> Option<&mut Digest> {
    match message {
        AnyMessage::Pbft(PbftMessage::Vote(vote)) => Some(&mut vote.digest),
        AnyMessage::Tendermint(TendermintMessage::Vote(vote)) => vote.digest.as_mut(),
        AnyMessage::HotStuff(HotStuffMessage::Vote(vote)) => Some(&mut vote.digest),
        _ => None,
    }
}

/// The value that it brings.
pub(super) fn value(message: &ConsensusMessage) -> Option<&Value> {
    match message {
        AnyMessage::Pbft(message) => message.proposal().map(|proposal| &proposal.value),
        AnyMessage::Tendermint(TendermintMessage::Proposal(proposal)) => Some(&proposal.value),
        AnyMessage::Tendermint(TendermintMessage::Polka(polka)) => Some(&polka.value),
        AnyMessage::HotStuff(HotStuffMessage::Proposal(proposal)) => proposal.value.as_ref(),
        AnyMessage::Tendermint(_) | AnyMessage::HotStuff(_) => None,
    }
}

/// The value of a proposal whose author was free to choose it: no certificate in it names another.
pub(super) fn free_value_mut(message: &mut ConsensusMessage) -> Option<&mut Value> {
    match message {
        AnyMessage::Pbft(PbftMessage::PrePrepare(proposal)) => Some(&mut proposal.value),
        AnyMessage::Pbft(PbftMessage::NewView(new_view)) if new_view.prepared.is_none() => {
            Some(&mut new_view.proposal.value)
        }
        AnyMessage::Tendermint(TendermintMessage::Proposal(proposal)) if proposal.polka.is_none() => {
            Some(&mut proposal.value)
        }
        AnyMessage::HotStuff(HotStuffMessage::Proposal(proposal)) if proposal.justify.is_none() => {
            proposal.value.as_mut()
        }
        _ => None,
    }
}

/// A first vote under the engine of `like`.
pub(super) fn first_vote(
    like: &ConsensusMessage,
    author: ValidatorIndex,
    height: Height,
    round: Round,
    digest: Digest,
) -> ConsensusMessage {
    match like {
        AnyMessage::Pbft(_) => {
            let kind = pbft::VoteKind::Prepare;
            PbftMessage::Vote(pbft::Vote { kind, height, view: round, author, digest }).into()
        }
        AnyMessage::Tendermint(_) => {
            let (kind, digest) = (tendermint::VoteKind::Prevote, Some(digest));
            TendermintMessage::Vote(tendermint::Vote { kind, height, round, author, digest }).into()
        }
        AnyMessage::HotStuff(_) => {
            HotStuffMessage::Vote(hotstuff::Vote { height, round, author, digest, justify: None }).into()
        }
    }
}

/// The vote that a statement is.
pub(super) fn vote(statement: &AnyStatement) -> Option<ConsensusMessage> {
    match statement {
        AnyStatement::Pbft(pbft::Statement::Vote(vote)) => Some(PbftMessage::Vote(*vote).into()),
        AnyStatement::Tendermint(tendermint::Statement::Vote(vote)) => {
            Some(TendermintMessage::Vote(*vote).into())
        }
        AnyStatement::HotStuff(hotstuff::Statement::Vote(vote)) => Some(HotStuffMessage::Vote(*vote).into()),
        _ => None,
    }
}
