//! When two statements of one author contradict each other, written down from the protocols' descriptions for all judges
//! of the testbed. Nothing here calls the engines' own rules.

use bitcraps_consensus::{AnyStatement, hotstuff, pbft, tendermint};
use bitcraps_types::{Digest, Height, Round, ValidatorIndex};

/// Whether no correct validator signs both.
pub fn contradict(first: &AnyStatement, second: &AnyStatement) -> bool {
    match (first, second) {
        (AnyStatement::Pbft(a), AnyStatement::Pbft(b)) => pbft(a, b),
        (AnyStatement::Tendermint(a), AnyStatement::Tendermint(b)) => tendermint(a, b),
        (AnyStatement::HotStuff(a), AnyStatement::HotStuff(b)) => hotstuff(a, b),
        _ => false,
    }
}

/// Two proposals, prevotes or precommits of a round that are not the same.
pub fn tendermint(a: &tendermint::Statement, b: &tendermint::Statement) -> bool {
    use tendermint::{Statement, VoteKind};
    let place = |statement: &Statement| match *statement {
        Statement::Proposal { height, round, author, .. } => Some((author, height, round, 0)),
        Statement::Vote(vote) if vote.kind == VoteKind::Prevote => {
            Some((vote.author, vote.height, vote.round, 1))
        }
        Statement::Vote(vote) => Some((vote.author, vote.height, vote.round, 2)),
        Statement::Polka { .. } => None,
    };
    place(a).is_some() && place(a) == place(b) && a != b
}

/// Two PRE-PREPAREs, PREPAREs, COMMITs or VIEW-CHANGEs of a view, or CHECKPOINTs of a height, that are not the same;
/// or a VIEW-CHANGE that claims less than what its author had prepared when it said an earlier COMMIT or VIEW-CHANGE.
pub fn pbft(a: &pbft::Statement, b: &pbft::Statement) -> bool {
    use pbft::{Statement, VoteKind};
    let place = |statement: &Statement| match *statement {
        Statement::PrePrepare { height, view, author, .. } => (author, height, view, 0),
        Statement::Vote(vote) if vote.kind == VoteKind::Prepare => (vote.author, vote.height, vote.view, 1),
        Statement::Vote(vote) => (vote.author, vote.height, vote.view, 2),
        Statement::ViewChange { height, view, author, .. } => (author, height, view, 3),
        Statement::Checkpoint(checkpoint) => (checkpoint.author, checkpoint.height, 0, 4),
    };
    let forgets = |earlier: &Statement, later: &Statement| {
        let (said, says) = (place(earlier), place(later));
        let prepared = match *earlier {
            Statement::Vote(vote) if vote.kind == VoteKind::Commit => Some((vote.view, vote.digest)),
            Statement::ViewChange { prepared, .. } => prepared,
            _ => None,
        };
        match (later, prepared) {
            (Statement::ViewChange { prepared: claim, .. }, Some((view, digest))) => {
                let less = claim.is_none_or(|(v, d)| v < view || (v == view && d != digest));
                (said.0, said.1) == (says.0, says.1) && said.2 < says.2 && less
            }
            _ => false,
        }
    };
    (place(a) == place(b) && a != b) || forgets(a, b) || forgets(b, a)
}

/// What of a HotStuff statement can contradict another.
#[derive(Clone, Copy, PartialEq)]
struct Said {
    author: ValidatorIndex,
    height: Height,
    round: Round,
    kind: Kind,
    digest: Option<Digest>,
    /// The round of the certificate that it speaks of.
    knows: Option<Round>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Proposal,
    Vote,
    Timeout,
}

/// Two proposals, votes or timeouts of a round that are not the same; a leader's vote for another block than its own;
/// or a timeout whose author knows less than it knew in that round or before.
pub fn hotstuff(a: &hotstuff::Statement, b: &hotstuff::Statement) -> bool {
    let (Some(a), Some(b)) = (said(a), said(b)) else { return false };
    if (a.author, a.height) != (b.author, b.height) {
        return false;
    }
    let other = (a.digest, a.knows) != (b.digest, b.knows);
    let own_block = a.kind != Kind::Timeout && b.kind != Kind::Timeout;
    let forgets = |earlier: &Said, later: &Said| {
        later.kind == Kind::Timeout && later.round >= earlier.round && later.knows < earlier.knows
    };
    (a.round == b.round && other && (a.kind == b.kind || own_block)) || forgets(&a, &b) || forgets(&b, &a)
}

fn said(statement: &hotstuff::Statement) -> Option<Said> {
    use hotstuff::Statement;
    let (kind, author, height, round, digest, knows) = match *statement {
        Statement::Proposal { height, round, author, digest, justify } => {
            (Kind::Proposal, author, height, round, Some(digest), justify)
        }
        Statement::Vote(vote) => {
            (Kind::Vote, vote.author, vote.height, vote.round, Some(vote.digest), vote.justify)
        }
        Statement::Timeout { height, round, author, high_qc_round } => {
            (Kind::Timeout, author, height, round, None, high_qc_round)
        }
        Statement::SyncInfo { .. } => return None,
    };
    Some(Said { author, height, round, kind, digest, knows })
}
