//! The voting rules, from the papers, over everything that anyone ever signed.
//!
//! Most bugs that break agreement break it in one of many runs, when two groups happen to decide. The vote that no
//! lock, certificate or view change allowed is there each time. A rule here asks for less than the engines do: that the
//! signatures exist, not that the voter had them.

use bitcraps_consensus::{AnyStatement, hotstuff, pbft, tendermint};
use bitcraps_types::{Digest, Height, Round, ValidatorIndex};
use std::collections::BTreeSet;

/// What was signed so far.
pub(super) struct Signed<'a> {
    /// By all.
    pub(super) all: &'a [&'a AnyStatement],
    /// By the one who votes, before this vote.
    pub(super) own: &'a [&'a AnyStatement],
    pub(super) powers: &'a [u64],
    /// Who leads a view of PBFT.
    pub(super) primary: &'a dyn Fn(Round) -> ValidatorIndex,
}

impl Signed<'_> {
    /// Whether those who signed such a statement have more than two thirds of the power.
    fn quorum(&self, counts: impl Fn(&AnyStatement) -> Option<ValidatorIndex>) -> bool {
        let signers: BTreeSet<usize> =
            self.all.iter().filter_map(|statement| counts(statement)).map(ValidatorIndex::index).collect();
        let power: u64 = signers.iter().filter_map(|signer| self.powers.get(*signer)).sum();
        3 * power > 2 * self.powers.iter().sum::<u64>()
    }

    /// Why a correct validator may not sign this.
    pub(super) fn forbids(&self, statement: &AnyStatement) -> Option<&'static str> {
        match statement {
            AnyStatement::Pbft(statement) => self.forbids_pbft(statement),
            AnyStatement::Tendermint(tendermint::Statement::Vote(vote)) => self.forbids_tendermint(vote),
            AnyStatement::HotStuff(hotstuff::Statement::Vote(vote)) => self.forbids_hotstuff(vote),
            _ => None,
        }
    }

    /// A precommit for a value needs a polka. A prevote for another value than that of the last own precommit needs a
    /// polka of that round or later, before the round of the vote.
    fn forbids_tendermint(&self, vote: &tendermint::Vote) -> Option<&'static str> {
        use tendermint::VoteKind;
        let digest = vote.digest?;
        let polka = |round: Round| {
            self.quorum(|statement| match statement {
                AnyStatement::Tendermint(tendermint::Statement::Vote(other)) => {
                    let prevote = other.kind == VoteKind::Prevote && other.digest == Some(digest);
                    (prevote && (other.height, other.round) == (vote.height, round)).then_some(other.author)
                }
                _ => None,
            })
        };
        if vote.kind == VoteKind::Precommit {
            return (!polka(vote.round)).then_some("a precommit without a polka");
        }
        let locks = self.own.iter().filter_map(|statement| match statement {
            AnyStatement::Tendermint(tendermint::Statement::Vote(own)) => {
                let lock =
                    own.kind == VoteKind::Precommit && own.height == vote.height && own.round < vote.round;
                own.digest.filter(|_| lock).map(|locked| (own.round, locked))
            }
            _ => None,
        });
        let (locked_round, locked) = locks.max_by_key(|(round, _)| *round)?;
        let may = locked == digest || (locked_round..vote.round).any(polka);
        (!may).then_some("a prevote against the lock")
    }

    /// The block's certificate exists and is for its value; and it is of the round before, or a quorum gave that round
    /// up and knew no higher certificate.
    fn forbids_hotstuff(&self, vote: &hotstuff::Vote) -> Option<&'static str> {
        let here = |height: Height, round: Option<Round>| (height, round) == (vote.height, vote.justify);
        let certified = vote.justify.is_none()
            || self.quorum(|statement| match statement {
                AnyStatement::HotStuff(hotstuff::Statement::Vote(other)) => {
                    let same = here(other.height, Some(other.round)) && other.digest == vote.digest;
                    same.then_some(other.author)
                }
                _ => None,
            });
        if !certified {
            return Some("a vote for a block whose certificate does not exist");
        }
        let before = vote.round.checked_sub(1);
        let given_up = self.quorum(|statement| match statement {
            AnyStatement::HotStuff(hotstuff::Statement::Timeout { height, round, author, high_qc_round }) => {
                let gave_up =
                    *height == vote.height && Some(*round) == before && *high_qc_round <= vote.justify;
                gave_up.then_some(*author)
            }
            _ => None,
        });
        (vote.justify != before && !given_up)
            .then_some("a vote for a block that does not follow, nor a timeout")
    }

    /// A COMMIT needs a prepared certificate. What is proposed or prepared in a later view than the voter's first needs
    /// a quorum of VIEW-CHANGEs of which the highest prepared claim, if there is one, is for that value and true.
    fn forbids_pbft(&self, statement: &pbft::Statement) -> Option<&'static str> {
        use pbft::{Statement, VoteKind};
        let (height, view, digest) = match *statement {
            Statement::PrePrepare { height, view, digest, .. } => (height, view, digest),
            Statement::Vote(vote) if vote.kind == VoteKind::Commit => {
                let prepared = self.prepared(vote.height, vote.view, &vote.digest);
                return (!prepared).then_some("a COMMIT without a prepared certificate");
            }
            Statement::Vote(vote) => (vote.height, vote.view, vote.digest),
            Statement::ViewChange { .. } | Statement::Checkpoint(_) => return None,
        };
        let stood_lower = self.own.iter().any(|own| match own {
            AnyStatement::Pbft(Statement::Vote(own)) => own.height == height && own.view < view,
            AnyStatement::Pbft(Statement::PrePrepare { height: h, view: v, .. }) => *h == height && *v < view,
            AnyStatement::Pbft(Statement::ViewChange { height: h, view: v, .. }) => *h == height && *v < view,
            _ => false,
        });
        if !stood_lower {
            return None;
        }
        let changes = |below: Option<(Round, Digest)>| {
            self.quorum(|statement| match statement {
                AnyStatement::Pbft(Statement::ViewChange {
                    height: h, view: v, author, prepared, ..
                }) => {
                    let fits = match (prepared, below) {
                        (None, _) => true,
                        (Some(claim), Some(highest)) => claim.0 < highest.0 || *claim == highest,
                        (Some(_), None) => false,
                    };
                    ((*h, *v) == (height, view) && fits).then_some(*author)
                }
                _ => None,
            })
        };
        let proven = |round: Round| changes(Some((round, digest))) && self.prepared(height, round, &digest);
        let may = changes(None) || (0..view).any(proven);
        (!may).then_some("a vote for a value that the VIEW-CHANGEs do not lead to")
    }

    /// A quorum accepted a value: the primary by its PRE-PREPARE, the others by PREPAREs.
    fn prepared(&self, height: Height, view: Round, digest: &Digest) -> bool {
        use pbft::{Statement, VoteKind};
        let primary = (self.primary)(view);
        self.quorum(|statement| match statement {
            AnyStatement::Pbft(Statement::PrePrepare { height: h, view: v, author, digest: d }) => {
                ((h, v, d) == (&height, &view, digest) && *author == primary).then_some(*author)
            }
            AnyStatement::Pbft(Statement::Vote(vote)) if vote.kind == VoteKind::Prepare => {
                ((vote.height, vote.view, &vote.digest) == (height, view, digest)).then_some(vote.author)
            }
            _ => None,
        })
    }
}
