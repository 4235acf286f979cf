//! What each validator has signed in one height, to find those who contradict themselves.
//!
//! It hears of every vote and timeout that reaches this node, alone or inside a certificate. Votes go to one leader
//! each, so a validator that votes twice is found when two certificates, or two messages to this node, show it.

use super::message::HotStuffMessage;
use super::statement::{Statement, conflicting};
use super::window::{lowest, remembers};
use crate::{Evidence, Message, Signed, ValidatorSet};
use bitcraps_types::{Round, Signature};
use std::collections::BTreeMap;
use std::mem;

/// The statements of a height by author. An author is accused once.
#[derive(Clone, Debug)]
pub(super) struct Witness(Vec<Heard>);

#[derive(Clone, Debug, Default)]
struct Heard {
    /// The first of each kind in each round.
    statements: BTreeMap<(Round, &'static str), Signed<Statement>>,
    accused: bool,
}

impl Witness {
    pub(super) fn new(validators: &ValidatorSet) -> Witness {
        Witness(vec![Heard::default(); validators.len()])
    }

    /// Notes a verified statement while the engine is in round `current`; evidence if the author contradicts what it
    /// said before.
    pub(super) fn hear(
        &mut self,
        statement: Statement,
        signature: Signature,
        current: Round,
    ) -> Option<Box<Evidence<HotStuffMessage>>> {
        let heard = self.0.get_mut(statement.author().index())?;
        let round = statement.round();
        let passed_on = matches!(statement, Statement::SyncInfo { .. });
        if heard.accused || passed_on || !remembers(current, round) {
            return None;
        }
        let second = Signed { message: statement, signature };
        let place = (round, statement.kind());
        if heard.statements.get(&place).is_some_and(|first| first.message == statement) {
            return None;
        }
        let broken = heard.statements.values().find(|first| conflicting(&first.message, &statement)).cloned();
        if let Some(first) = broken {
            heard.accused = true;
            return Some(Box::new(Evidence { first, second }));
        }
        heard.statements.insert(place, second);
        None
    }

    /// Whether each of these was heard.
    pub(super) fn knows_all(&self, mut statements: impl Iterator<Item = (Statement, Signature)>) -> bool {
        statements.all(|(message, signature)| self.knows(&Signed { message, signature }))
    }

    /// Whether this very statement was heard, or its author is accused and of no more interest.
    pub(super) fn knows(&self, signed: &Signed<Statement>) -> bool {
        let place = (signed.message.round(), signed.message.kind());
        self.0.get(signed.message.author().index()).is_some_and(|heard| {
            heard.accused || heard.statements.get(&place).is_some_and(|first| first == signed)
        })
    }

    /// Forgets the rounds that are too old in round `current`. Of them only the statement stays that shows most
    /// knowledge: to forget that is an offence however much later.
    pub(super) fn prune(&mut self, current: Round) {
        for heard in &mut self.0 {
            let kept = heard.statements.split_off(&(lowest(current), ""));
            let old = mem::replace(&mut heard.statements, kept);
            let most = old.into_iter().max_by_key(|(_, signed)| signed.message.knows());
            heard.statements.extend(most.filter(|(_, signed)| signed.message.knows().is_some()));
        }
    }

    /// How many statements are held, for the tests of the bound.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.0.iter().map(|heard| heard.statements.len()).sum()
    }
}
