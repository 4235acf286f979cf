//! What a validator of each engine says, for tests to lie about.

use super::{CHAIN, Tag, Tags, fork, v, validators};
use crate::puppet::Puppet;
use bitcraps_actors::ports::{Adversary, ConsensusMessage, Outgoing};
use bitcraps_consensus::hotstuff::{self, HotStuffMessage, QuorumCertificate, SyncInfo, Timeout};
use bitcraps_consensus::pbft::{self, Checkpoint, PbftMessage, PrePrepare, ViewChange};
use bitcraps_consensus::tendermint::{self, Polka, PolkaCertificate, TendermintMessage};
use bitcraps_consensus::{AnyEngine, Engine, Message, Signed};
use bitcraps_types::{Digest, Height, Protocol, Round, Time, ValidatorIndex, Value};

pub(super) const HEIGHT: Height = 65;

/// The value of which all speak.
pub(super) fn value() -> Value {
    fork::block(HEIGHT, 0)
}

pub(super) fn proposer(protocol: Protocol, round: Round) -> ValidatorIndex {
    AnyEngine::proposer(protocol, &validators(4), HEIGHT, round)
}

fn signed(message: impl Into<ConsensusMessage>) -> Signed<ConsensusMessage> {
    let message = message.into();
    Signed::new(message.clone(), &CHAIN, &Tag::of(message.author()))
}

pub(super) fn proposal(protocol: Protocol, round: Round) -> Signed<ConsensusMessage> {
    let (height, author, value) = (HEIGHT, proposer(protocol, round), value());
    match protocol {
        Protocol::Pbft => {
            signed(PbftMessage::PrePrepare(Box::new(PrePrepare { height, view: round, author, value })))
        }
        Protocol::Tendermint => {
            let polka = None;
            let proposal = tendermint::Proposal { height, round, author, value, polka };
            signed(TendermintMessage::Proposal(Box::new(proposal)))
        }
        Protocol::HotStuff => {
            let (justify, tc, value) = (None, None, Some(value));
            let proposal = hotstuff::Proposal { height, round, author, justify, tc, value };
            signed(HotStuffMessage::Proposal(Box::new(proposal)))
        }
    }
}

pub(super) fn first_vote(protocol: Protocol, author: u16, round: Round) -> Signed<ConsensusMessage> {
    let (height, author, digest) = (HEIGHT, v(author), value().digest());
    match protocol {
        Protocol::Pbft => {
            let kind = pbft::VoteKind::Prepare;
            signed(PbftMessage::Vote(pbft::Vote { kind, height, view: round, author, digest }))
        }
        Protocol::Tendermint => {
            let (kind, digest) = (tendermint::VoteKind::Prevote, Some(digest));
            signed(TendermintMessage::Vote(tendermint::Vote { kind, height, round, author, digest }))
        }
        Protocol::HotStuff => {
            signed(HotStuffMessage::Vote(hotstuff::Vote { height, round, author, digest, justify: None }))
        }
    }
}

/// The vote that commits; HotStuff's is of the next round.
pub(super) fn second_vote(protocol: Protocol, author: u16, round: Round) -> Signed<ConsensusMessage> {
    let (height, author, digest) = (HEIGHT, v(author), value().digest());
    match protocol {
        Protocol::Pbft => {
            let kind = pbft::VoteKind::Commit;
            signed(PbftMessage::Vote(pbft::Vote { kind, height, view: round, author, digest }))
        }
        Protocol::Tendermint => {
            let (kind, digest) = (tendermint::VoteKind::Precommit, Some(digest));
            signed(TendermintMessage::Vote(tendermint::Vote { kind, height, round, author, digest }))
        }
        Protocol::HotStuff => {
            let (round, justify) = (round + 1, Some(round));
            signed(HotStuffMessage::Vote(hotstuff::Vote { height, round, author, digest, justify }))
        }
    }
}

/// What gives a round up; Tendermint has nothing of the kind.
pub(super) fn giving_up(protocol: Protocol, author: u16, round: Round) -> Option<Signed<ConsensusMessage>> {
    let (height, author) = (HEIGHT, v(author));
    match protocol {
        Protocol::Pbft => {
            let view = round + 1;
            let change = ViewChange { height, view, author, stable: None, prepared: None };
            Some(signed(PbftMessage::ViewChange(Box::new(change))))
        }
        Protocol::Tendermint => None,
        Protocol::HotStuff => {
            let timeout = Timeout { height, round, author, high_qc: None };
            Some(signed(HotStuffMessage::Timeout(Box::new(timeout))))
        }
    }
}

/// What passes a proof on; that the proof is none is not looked at here.
pub(super) fn proof(protocol: Protocol, author: u16) -> Signed<ConsensusMessage> {
    let (height, round, author, value) = (HEIGHT, 0, v(author), value());
    let (digest, signatures) = (value.digest(), Vec::new());
    match protocol {
        Protocol::Pbft => signed(PbftMessage::Checkpoint(Checkpoint { height, author, digest })),
        Protocol::Tendermint => {
            let certificate = PolkaCertificate { height, round, digest, signatures };
            signed(TendermintMessage::Polka(Box::new(Polka { author, value, certificate })))
        }
        Protocol::HotStuff => {
            let qc = Some(QuorumCertificate { height, round, digest, justify: None, signatures });
            signed(HotStuffMessage::SyncInfo(Box::new(SyncInfo { height, author, qc, tc: None })))
        }
    }
}

/// One of each kind, by one author, who also proposes.
pub(super) fn all(protocol: Protocol) -> Vec<Signed<ConsensusMessage>> {
    let author = proposer(protocol, 0).0;
    let votes = [first_vote(protocol, author, 0), second_vote(protocol, author, 0)];
    let mut all = vec![proposal(protocol, 0)];
    all.extend(votes);
    all.extend(giving_up(protocol, author, 0));
    all.push(proof(protocol, author));
    all
}

/// Whether anybody takes it for valid.
pub(super) fn verifies(signed: &Signed<ConsensusMessage>) -> bool {
    AnyEngine::verify(signed.clone(), &validators(4), &CHAIN, &Tags).is_ok()
}

/// What one recipient is told at once, messages only.
pub(super) fn told_at(
    puppet: &Puppet,
    now: Time,
    to: u16,
    message: &Signed<ConsensusMessage>,
) -> Vec<Signed<ConsensusMessage>> {
    messages(puppet.outgoing(now, v(to), message))
}

pub(super) fn messages(outgoing: Vec<Outgoing>) -> Vec<Signed<ConsensusMessage>> {
    let message = |outgoing| match outgoing {
        Outgoing::Message(signed) => Some(*signed),
        Outgoing::Raw(_) => None,
    };
    outgoing.into_iter().filter_map(message).collect()
}

/// A digest that nobody proposed.
pub(super) const OTHER: Digest = Digest([0xEE; 32]);
