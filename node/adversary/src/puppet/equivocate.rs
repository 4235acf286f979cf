//! Byzantine participant that tells one group of validators one thing and another group another.
//!
//! Attacks agreement. Alone, or with up to f, it only leaves evidence and costs rounds. With more than f it forks the
//! chain: when one of the liars proposes, it shows the first group one block and the second group another, and all of
//! them prevote and precommit for each group's own block. Each group then counts its own votes and theirs, and both
//! are quorums. With n = 4 and two liars: one honest validator on each side, three votes of four for each.
//!
//! The attack does not wait for the liar's own engine, which follows one side of the fork and may see no polka there:
//! each forged prevote goes out together with the forged precommit. In rounds in which an honest validator proposes
//! there is but one value. Liars that double proposals wait there for a turn of their own and vote honestly, so that no
//! group falls behind before the fork; those that double votes alone tell the second group nil.

use super::{Collusion, Identity};
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::tendermint::{Proposal, Vote, VoteKind};
use bitcraps_consensus::{Message, Signed};
use bitcraps_types::{Digest, ValidatorIndex};
use borsh::{BorshDeserialize, BorshSerialize};

/// Which kinds of messages are doubled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Kinds {
    /// Proposals: two blocks for one round.
    pub proposal: bool,
    /// Prevotes.
    pub prevote: bool,
    /// Precommits.
    pub precommit: bool,
}

impl Kinds {
    /// All of them, as a fork needs.
    pub const ALL: Kinds = Kinds { proposal: true, prevote: true, precommit: true };

    fn includes(self, kind: VoteKind) -> bool {
        match kind {
            VoteKind::Prevote => self.prevote,
            VoteKind::Precommit => self.precommit,
        }
    }
}

/// Puts into `out` what `to` is told instead of `signed`. Whether that is anything else.
pub(super) fn rewrite(
    what: Kinds,
    collusion: &mut Collusion,
    identity: &Identity,
    to: ValidatorIndex,
    signed: Signed<ConsensusMessage>,
    out: &mut Vec<Outgoing>,
) -> bool {
    let sides = (collusion.groups().first.contains(&to), collusion.groups().second.contains(&to));
    let mine = signed.message.author() == identity.me;
    let told: Vec<ConsensusMessage> = match &signed.message {
        _ if !mine || sides == (false, false) => vec![signed.message.clone()],
        ConsensusMessage::Proposal(proposal) if what.proposal => proposals(collusion, sides, proposal),
        ConsensusMessage::Vote(vote) => votes(what, collusion, sides, *vote),
        ConsensusMessage::Polka(polka) => {
            let certificate = &polka.certificate;
            let side = collusion
                .fork(certificate.height, certificate.round)
                .map(|(_, second)| if certificate.digest == second { sides.1 } else { sides.0 });
            if side == Some(false) { Vec::new() } else { vec![signed.message.clone()] }
        }
        ConsensusMessage::Proposal(_) => vec![signed.message.clone()],
    };
    let changed = told != [signed.message.clone()];
    for message in told {
        let sent = if message == signed.message { signed.clone() } else { identity.sign(message) };
        out.push(Outgoing::Message(Box::new(sent)));
    }
    changed
}

fn proposals(collusion: &mut Collusion, sides: (bool, bool), truth: &Proposal) -> Vec<ConsensusMessage> {
    let Some(value) = collusion.propose(truth.height, truth.round, &truth.value) else {
        return vec![ConsensusMessage::Proposal(Box::new(truth.clone()))];
    };
    let first = sides.0.then(|| truth.clone());
    let second = sides.1.then(|| Proposal { value, polka: None, ..truth.clone() });
    first.into_iter().chain(second).map(|told| ConsensusMessage::Proposal(Box::new(told))).collect()
}

fn votes(what: Kinds, collusion: &mut Collusion, sides: (bool, bool), truth: Vote) -> Vec<ConsensusMessage> {
    let Some((first, second)) = collusion.votes(truth.height, truth.round, truth.digest) else {
        return vec![ConsensusMessage::Vote(truth)];
    };
    if second.is_none() && what.proposal {
        return vec![ConsensusMessage::Vote(truth)];
    }
    let mut told = Vec::new();
    let mut tell = |kind: VoteKind| {
        let vote = |digest: Option<Digest>| ConsensusMessage::Vote(Vote { kind, digest, ..truth });
        told.extend(sides.0.then(|| vote(Some(first))));
        told.extend(sides.1.then(|| vote(second)));
    };
    if what.includes(truth.kind) {
        tell(truth.kind);
    }
    let ahead = truth.kind == VoteKind::Prevote && what.precommit && second.is_some();
    if ahead {
        tell(VoteKind::Precommit);
    }
    if !what.includes(truth.kind) {
        told.insert(0, ConsensusMessage::Vote(truth));
    }
    told
}
