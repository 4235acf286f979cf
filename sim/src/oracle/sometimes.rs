//! Properties `sometimes`: what a run must have reached, or its other verdicts mean little.

use crate::scenario::Sometimes;
use bitcraps_casino::{Answer, Reason, Refusal, TableReport};
use bitcraps_reports::{PropertyKind, PropertyResult};
use bitcraps_tables::BetError;
use bitcraps_types::{Height, Round, Time};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    counts: [u64; Sometimes::ALL.len()],
    first: [Option<Time>; Sometimes::ALL.len()],
    /// Where each node locked last.
    locks: BTreeMap<u16, (Height, Round)>,
}

impl Counters {
    pub(super) fn count(&mut self, at: Time, what: Sometimes) {
        self.counts[what as usize] += 1;
        self.first[what as usize].get_or_insert(at);
    }

    /// The first node applied a block, and did so.
    pub(super) fn applied(&mut self, at: Time, reports: &[TableReport], refusals: &[Refusal]) {
        for refusal in refusals {
            self.count(at, Sometimes::RefusedCommand);
            let by_bank = matches!(
                refusal.reason,
                Reason::BankCannotCover { .. }
                    | Reason::BankReserve { .. }
                    | Reason::KellyLimit { .. }
                    | Reason::Table(BetError::AboveLossLimit { .. })
            );
            if by_bank {
                self.count(at, Sometimes::RefusedByBank);
            }
        }
        let answers = reports.iter().flat_map(|report| &report.answers);
        let down = answers.filter(|answer| matches!(answer.answer, Answer::TakenDown(_)));
        down.for_each(|_| self.count(at, Sometimes::TakenDown));
    }

    pub(super) fn locked(&mut self, node: u16, height: Height, round: Round) {
        self.locks.insert(node, (height, round));
    }

    /// A node entered a round because the one before was given up: a view change, from the second height on; and if the
    /// node locked in an earlier round of this height, that one failed.
    pub(super) fn failed(&mut self, at: Time, node: u16, height: Height, round: Round) {
        // The first height has no say: its rounds fail while the nodes still connect, in every run.
        if height > 1 {
            self.count(at, Sometimes::ViewChange);
        }
        if self.locks.get(&node).is_some_and(|&(locked, in_round)| locked == height && in_round < round) {
            self.count(at, Sometimes::Lock);
        }
    }

    pub(super) fn get(&self, what: Sometimes) -> u64 {
        self.counts[what as usize]
    }

    /// A name that is none of [`Sometimes`] can't be judged.
    pub(super) fn result(&self, name: &str) -> PropertyResult {
        let known = Sometimes::ALL.into_iter().find(|what| what.name() == name);
        let (holds, detail, at) = match known {
            None => (None, "no such counter".to_owned(), None),
            Some(what) => {
                let count = self.get(what);
                (Some(count > 0), format!("{count} times"), self.first[what as usize])
            }
        };
        let kind = PropertyKind::Sometimes;
        PropertyResult { name: name.to_owned(), kind, holds, detail, at_ns: at.map(|at| at.0) }
    }
}
