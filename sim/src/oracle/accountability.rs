//! Property `accountability`: whenever two honest nodes decide differently, what was signed convicts validators of more
//! than a third of the power, and nobody honest.
//!
//! A fork needs more than f liars, and accountable safety says that it then costs them: two quorums share f + 1 of the
//! power, and what these signed contradicts itself, at the latest when all that honest nodes heard is put together. Of
//! one round that is a double vote. Across rounds it is each protocol's own argument: amnesia in Tendermint (Buchman et al.
//! 2022; the definition of `broken_lock` says why it is complete and strikes no honest validator), a VIEW-CHANGE or a
//! timeout that claims less than its author knew in PBFT and HotStuff (the docs of their modules). An honest validator
//! may well have signed both certificates: it was unlocked by a polka that the forgetful made.

use super::agreement::Fork;
use super::definition::{Law, broken_lock, contradict};
use super::fleet::Fleet;
use super::testimony::Statements;
use bitcraps_consensus::AnyStatement;
use bitcraps_reports::{PropertyKind, PropertyResult};
use bitcraps_types::ValidatorIndex;
use std::collections::{BTreeMap, BTreeSet};

/// The proof against one validator: two statements that it signed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Proof {
    /// No correct validator signs both.
    Contradiction(AnyStatement, AnyStatement),
    /// A correct one signs the second after the first only if it is shown a polka that nobody could show.
    Amnesia(AnyStatement, AnyStatement),
}

/// Who broke the protocol at a height, with the proof, from all that was signed there and heard by anyone honest, the
/// votes of the two certificates among it. Complete while there is one honest validator in each certificate: it precommits
/// (or accepts) nothing without a quorum whose votes it heard.
pub(super) fn accountable(law: &Law, record: &Statements) -> BTreeMap<ValidatorIndex, Proof> {
    let culprits = record.authors().filter_map(|(author, said)| {
        let statements: Vec<AnyStatement> = said.iter().map(|signed| signed.message.clone()).collect();
        let doubled = statements.iter().enumerate().find_map(|(i, first)| {
            let second = statements[i + 1..].iter().find(|second| contradict(first, second))?;
            Some(Proof::Contradiction(first.clone(), second.clone()))
        });
        let forgotten = || {
            // What a flood has cut short may lack the polka that unlocked somebody.
            let mut statements = statements.iter().filter(|_| record.is_whole());
            statements.find_map(|statement| {
                Some(Proof::Amnesia(broken_lock(law, record, statement)?, statement.clone()))
            })
        };
        Some((author, doubled.or_else(forgotten)?))
    });
    culprits.collect()
}

/// Judges the run's first fork. `whole`: all that was signed at its height is on record.
pub(super) fn result(law: &Law, fleet: &Fleet, fork: Option<&Fork>, whole: bool) -> PropertyResult {
    let answer = |holds, detail: String| PropertyResult {
        name: "accountability".to_owned(),
        kind: PropertyKind::Always,
        holds,
        detail,
        at_ns: fork.filter(|_| holds == Some(false)).map(|fork| fork.at.0),
    };
    let Some(fork) = fork else { return answer(Some(true), "no fork to account for".to_owned()) };
    let culprits = &fork.culprits;
    let power = law.power(culprits.iter().copied());
    let framed: BTreeSet<_> = culprits.iter().filter(|culprit| fleet.is_honest(culprit.0)).collect();
    let named =
        format!("height {}: {power} of {} is proved guilty: {}", fork.height, law.total(), list(culprits));
    if let Some(honest) = framed.first() {
        return answer(Some(false), format!("{named}; but validator {honest} is honest"));
    }
    match 3 * power > law.total() {
        true => answer(Some(true), named),
        false if whole => answer(Some(false), named),
        false => answer(None, format!("{named}; what was signed there was forgotten before the fork showed")),
    }
}

pub(super) fn list(culprits: &BTreeSet<ValidatorIndex>) -> String {
    let names: Vec<String> = culprits.iter().map(ToString::to_string).collect();
    format!("[{}]", names.join(", "))
}
