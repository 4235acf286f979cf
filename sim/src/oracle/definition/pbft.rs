//! The definitions for PBFT (Castro & Liskov, OSDI 1999).

use super::{Claim, Enclosed, Law, Said, Statements, commit_bytes, first_misfit, preimage};
use bitcraps_consensus::pbft::{
    Checkpoint, PbftMessage, PreparedCertificate, StableCheckpoint, Statement, Vote, VoteKind,
};
use bitcraps_consensus::{AnyStatement, Certificate, Signed};
use bitcraps_search::contradictions;
use bitcraps_types::{ChainId, Digest, Round, Signature, ValidatorIndex};
use std::collections::BTreeSet;

/// Who signs a statement, and which bytes.
pub(super) fn signed(chain: &ChainId, statement: &Statement) -> Option<(ValidatorIndex, Vec<u8>)> {
    let named = |domain, height, view, digest: &Digest| {
        [&preimage(domain, chain, height, view)[..], &digest.0].concat()
    };
    Some(match statement {
        Statement::PrePrepare { height, view, author, digest } => {
            (*author, named("pbft/pre-prepare", *height, *view, digest))
        }
        Statement::Vote(Vote { kind: VoteKind::Prepare, height, view, author, digest }) => {
            (*author, named("pbft/prepare", *height, *view, digest))
        }
        Statement::Vote(Vote { kind: VoteKind::Commit, height, view, author, digest }) => {
            (*author, commit_bytes(chain, *height, *view, digest))
        }
        Statement::Checkpoint(Checkpoint { height, author, digest }) => {
            (*author, named("pbft/checkpoint", *height, 0, digest))
        }
        Statement::ViewChange { height, view, author, stable, prepared } => {
            let claim = match prepared {
                None => vec![0],
                Some((view, digest)) => [&[1][..], &view.to_le_bytes(), &digest.0].concat(),
            };
            let place = preimage("pbft/view-change", chain, *height, *view);
            (*author, [&place[..], &stable.to_le_bytes(), &claim].concat())
        }
    })
}

/// A PRE-PREPARE (also that of a NEW-VIEW), a PREPARE or a COMMIT.
pub(super) fn said(message: &PbftMessage) -> Option<Said> {
    let (author, height, round, kind, digest) = match message {
        PbftMessage::PrePrepare(proposal) => {
            (proposal.author, proposal.height, proposal.view, "pre-prepare", proposal.value.digest())
        }
        PbftMessage::NewView(new_view) => {
            let proposal = &new_view.proposal;
            (proposal.author, proposal.height, proposal.view, "pre-prepare", proposal.value.digest())
        }
        PbftMessage::Vote(vote) => {
            let kind = match vote.kind {
                VoteKind::Prepare => "prepare",
                VoteKind::Commit => "commit",
            };
            (vote.author, vote.height, vote.view, kind, vote.digest)
        }
        PbftMessage::Checkpoint(_) | PbftMessage::ViewChange(_) => return None,
    };
    Some(Said { author, height, round, kind, content: (Some(digest), None) })
}

/// What a statement says. A VIEW-CHANGE: the value and the view of its prepared certificate.
pub(super) fn stated(statement: &Statement) -> Said {
    let (author, height, round, kind, content) = match *statement {
        Statement::PrePrepare { height, view, author, digest } => {
            (author, height, view, "pre-prepare", (Some(digest), None))
        }
        Statement::Vote(Vote { kind: VoteKind::Prepare, height, view, author, digest }) => {
            (author, height, view, "prepare", (Some(digest), None))
        }
        Statement::Vote(Vote { kind: VoteKind::Commit, height, view, author, digest }) => {
            (author, height, view, "commit", (Some(digest), None))
        }
        Statement::Checkpoint(Checkpoint { height, author, digest }) => {
            (author, height, 0, "checkpoint", (Some(digest), None))
        }
        Statement::ViewChange { height, view, author, prepared, .. } => {
            let content = (prepared.map(|(_, digest)| digest), prepared.map(|(view, _)| view));
            (author, height, view, "view-change", content)
        }
    };
    Said { author, height, round, kind, content }
}

/// The vote that a part of a decision's proof is.
pub(super) fn commit(certificate: &Certificate, author: ValidatorIndex) -> AnyStatement {
    let Certificate { height, round: view, digest, .. } = *certificate;
    Statement::Vote(Vote { kind: VoteKind::Commit, height, view, author, digest }).into()
}

/// C and P of a VIEW-CHANGE; V of a NEW-VIEW, and the certificate of the highest claim in it.
pub(super) fn enclosed(law: &Law, message: &PbftMessage) -> Vec<Enclosed> {
    match message {
        PbftMessage::PrePrepare(_) | PbftMessage::Vote(_) | PbftMessage::Checkpoint(_) => Vec::new(),
        PbftMessage::ViewChange(change) => {
            let stable = change.stable.iter().map(|stable| {
                let fits = stable.height < change.height;
                checkpoints(stable, first_misfit([(fits, "it is not below the height")]))
            });
            let prepared = change.prepared.iter().map(|prepared| {
                let demands = [
                    (prepared.height == change.height, "it is of another height"),
                    (prepared.view < change.view, "it is not of an earlier view"),
                ];
                accepted(law, prepared, first_misfit(demands))
            });
            stable.chain(prepared).collect()
        }
        PbftMessage::NewView(new_view) => {
            let (height, view) = (new_view.proposal.height, new_view.proposal.view);
            let claims = new_view.changes.iter();
            let highest = claims.clone().filter_map(|claim| claim.prepared).max_by_key(|(view, _)| *view);
            let shown = new_view.prepared.as_ref().map(|prepared| (prepared.view, prepared.digest));
            let follows = highest.is_none_or(|(_, digest)| digest == new_view.proposal.value.digest());
            let demands = [
                (highest == shown, "its highest claim is not the one that is proved"),
                (follows, "its highest claim is for another value"),
            ];
            let changes = Enclosed {
                name: "V of a NEW-VIEW",
                parts: claims.map(|claim| (claim.statement(height, view).into(), claim.signature)).collect(),
                misfit: first_misfit(demands),
            };
            let prepared = new_view.prepared.iter().map(|prepared| {
                let demands = [
                    (prepared.height == height, "it is of another height"),
                    (prepared.view < view, "it is not of an earlier view"),
                ];
                accepted(law, prepared, first_misfit(demands))
            });
            [changes].into_iter().chain(prepared).collect()
        }
    }
}

fn checkpoints(stable: &StableCheckpoint, misfit: Option<&'static str>) -> Enclosed {
    let StableCheckpoint { height, digest, .. } = *stable;
    let part = |&(author, signature): &(ValidatorIndex, Signature)| {
        (Statement::Checkpoint(Checkpoint { height, author, digest }).into(), signature)
    };
    Enclosed { name: "stable checkpoint", parts: stable.signatures.iter().map(part).collect(), misfit }
}

/// A prepared certificate does not name the primary: it is whoever signed the PRE-PREPARE.
fn accepted(law: &Law, prepared: &PreparedCertificate, misfit: Option<&'static str>) -> Enclosed {
    let PreparedCertificate { height, view, digest, pre_prepare: signature, .. } = *prepared;
    let proposal = |author| AnyStatement::from(Statement::PrePrepare { height, view, author, digest });
    let all = (0..).map(ValidatorIndex).take(law.validators.len());
    let primary = all
        .map(proposal)
        .find(|message| law.signature_is_valid(&Signed { message: message.clone(), signature }));
    let nobody = primary.is_none().then_some("nobody signed its PRE-PREPARE");
    let prepares = prepared.prepares.iter().map(|&(author, signature)| {
        let vote = Vote { kind: VoteKind::Prepare, height, view, author, digest };
        (Statement::Vote(vote).into(), signature)
    });
    let parts = primary.map(|message| (message, signature)).into_iter().chain(prepares).collect();
    Enclosed { name: "prepared certificate", parts, misfit: misfit.or(nobody) }
}

/// Nothing is said in a view that its author has left, a VIEW-CHANGE claims what its author was prepared for, a COMMIT
/// rests on a quorum that accepted the value, and whoever spoke in an earlier view of the height accepts a value only
/// as a NEW-VIEW has it.
pub(super) fn unbound(law: &Law, record: &Statements, statement: &Statement) -> Option<String> {
    let said = stated(statement);
    let own = || {
        record.of(said.author).filter_map(|statement| match statement {
            AnyStatement::Pbft(statement) => Some(statement),
            _ => None,
        })
    };
    if said.kind == "checkpoint" {
        return None;
    }
    if let Some(before) = own().find(|before| contradictions::pbft(before, statement)) {
        let before = stated(before);
        return Some(format!("it had signed a {} in view {}, which this forgets", before.kind, before.round));
    }
    let views = own().map(stated).filter(|said| said.kind != "checkpoint").map(|said| said.round);
    let last = views.clone().max();
    if last > Some(said.round) {
        return Some(format!("it had left that view for view {}", last.unwrap_or_default()));
    }
    let digest = said.content.0?;
    let spoke_before = views.min() < Some(said.round) && last.is_some();
    match said.kind {
        "commit" if !is_accepted(law, record, said.round, digest) => {
            Some("no quorum had accepted the value".to_owned())
        }
        "pre-prepare" | "prepare" if spoke_before && !new_view_allows(law, record, said.round, digest) => {
            Some("no VIEW-CHANGEs let a NEW-VIEW have the value".to_owned())
        }
        _ => None,
    }
}

/// A quorum sent PRE-PREPARE or PREPARE.
fn is_accepted(law: &Law, record: &Statements, view: Round, digest: Digest) -> bool {
    let by = |kind| record.backers(&(view, kind, (Some(digest), None))).iter().copied();
    let accepted: BTreeSet<ValidatorIndex> = by("pre-prepare").chain(by("prepare")).collect();
    law.is_quorum(law.power(accepted.into_iter()))
}

/// Whether a quorum's VIEW-CHANGEs to this view claim nothing, or nothing higher than a claim of this value.
fn new_view_allows(law: &Law, record: &Statements, view: Round, digest: Digest) -> bool {
    let claims: Vec<(&Claim, &[ValidatorIndex])> = record.claims_in(view, "view-change").collect();
    let quorum = |fits: &dyn Fn(Option<Digest>, Option<Round>) -> bool| {
        let fitting = claims.iter().filter(|((_, _, (of, at)), _)| fits(*of, *at));
        let signers: BTreeSet<ValidatorIndex> =
            fitting.flat_map(|(_, backers)| backers.iter().copied()).collect();
        law.is_quorum(law.power(signers.into_iter()))
    };
    let of_this = claims.iter().filter(|((_, _, (of, _)), _)| *of == Some(digest));
    quorum(&|_, at| at.is_none())
        || of_this
            .map(|((_, _, (_, at)), _)| *at)
            .any(|highest| quorum(&|of, at| at < highest || (at == highest && of == Some(digest))))
}
