//! What a Byzantine node remembers of what was said: the genuine signatures and values that a forger needs.

use bitcraps_actors::ports::ConsensusMessage;
use bitcraps_consensus::{AnyStatement, Message, Signed};
use bitcraps_types::{Signature, ValidatorIndex, Value};
use std::collections::VecDeque;

use super::parts;

/// The latest statements and values, the node's own among them.
#[derive(Default)]
pub(super) struct Heard {
    statements: VecDeque<Signed<AnyStatement>>,
    values: VecDeque<Value>,
}

impl Heard {
    /// How many statements are remembered.
    const STATEMENTS: usize = 512;
    /// How many values.
    const VALUES: usize = 8;

    pub(super) fn note(&mut self, signed: &Signed<ConsensusMessage>) {
        let statement = signed.statement();
        // What goes to many is noted once.
        if self.statements.back() != Some(&statement) {
            self.statements.push_back(statement);
            if self.statements.len() > Self::STATEMENTS {
                self.statements.pop_front();
            }
        }
        if let Some(value) = parts::value(&signed.message)
            && !self.values.contains(value)
        {
            self.values.push_back(value.clone());
            if self.values.len() > Self::VALUES {
                self.values.pop_front();
            }
        }
    }

    /// What this validator said, the latest first.
    pub(super) fn of(&self, author: ValidatorIndex) -> impl Iterator<Item = &Signed<AnyStatement>> {
        self.statements.iter().rev().filter(move |signed| signed.message.author() == author)
    }

    /// The signature under this statement, if its author made it.
    pub(super) fn signature(&self, statement: &AnyStatement) -> Option<Signature> {
        let made = self.statements.iter().rev().find(|signed| signed.message == *statement);
        made.map(|signed| signed.signature)
    }

    /// The value heard last.
    pub(super) fn value(&self) -> Option<&Value> {
        self.values.back()
    }

    /// The values heard last, the latest first.
    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.values.iter().rev()
    }
}
