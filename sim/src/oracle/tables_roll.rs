//! Property `tables_roll`: a table with bets up rolls in every block, whoever has the dice there and whatever that player
//! does. So nobody holds the others' bets up.
//!
//! How many bets are up is counted here, from what the tables say that they took, gave back and settled.

use super::finding::Finding;
use bitcraps_casino::{Answer, TableReport};
use bitcraps_types::{Height, TableId, Time};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(super) struct TablesRoll {
    pub(super) finding: Finding,
    /// How many bets are up at each table that has any.
    up: BTreeMap<TableId, i64>,
    seen: Height,
}

impl TablesRoll {
    pub(super) fn new() -> TablesRoll {
        TablesRoll { finding: Finding::new("tables_roll"), up: BTreeMap::new(), seen: 0 }
    }

    /// A node applied a block. Every node tells the same of it.
    pub(super) fn applied(&mut self, at: Time, height: Height, reports: &[TableReport]) {
        if height != self.seen + 1 {
            return;
        }
        self.seen = height;
        let mut idle: BTreeMap<TableId, i64> = self.up.clone();
        for report in reports {
            idle.remove(&report.table);
            let answers = report.answers.iter().map(|answer| match &answer.answer {
                Answer::Placed => 1,
                Answer::TakenDown(down) => -(down.len() as i64),
                Answer::NotPlaced(_) | Answer::NotTakenDown(_) => 0,
            });
            let up = self.up.remove(&report.table).unwrap_or(0) + answers.sum::<i64>();
            if up > 0 {
                self.finding.judged();
                if report.roll.is_none() {
                    let detail = format!(
                        "height {height}: table {} has {up} bets up and did not roll",
                        report.table.0
                    );
                    self.finding.violated(at, detail);
                }
            }
            let left = up - report.settlements.len() as i64;
            if left > 0 {
                self.up.insert(report.table, left);
            }
        }
        for (table, up) in idle {
            self.finding.judged();
            let detail = format!("height {height}: table {} has {up} bets up and did not play", table.0);
            self.finding.violated(at, detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_casino::AnswerTo;
    use bitcraps_tables::{BetId, Dice, Outcome, Settlement};
    use bitcraps_types::{AccountId, Digest};

    fn bet(sequence: u64) -> BetId {
        BetId { account: AccountId::of_house("player"), sequence }
    }

    fn report(placed: &[u64], roll: bool, settled: &[u64]) -> TableReport {
        let answers = placed.iter().map(|bet| AnswerTo { id: self::bet(*bet), answer: Answer::Placed });
        let settled = settled.iter().map(|bet| Settlement { bet: self::bet(*bet), outcome: Outcome::Lost });
        TableReport {
            table: TableId(3),
            answers: answers.collect(),
            roll: roll.then(|| Dice::new(1, 2).unwrap()),
            shooter: None,
            settlements: settled.collect(),
            point: None,
            digest: Digest::ZERO,
            has_open_bets: false,
            worst: 0,
            wakes_at: None,
        }
    }

    fn judge(blocks: &[Vec<TableReport>]) -> Option<String> {
        let mut oracle = TablesRoll::new();
        for (height, reports) in (1..).zip(blocks) {
            (0..3).for_each(|_| oracle.applied(Time(height), height, reports));
        }
        oracle.finding.first()?;
        Some(oracle.finding.result(bitcraps_reports::PropertyKind::Always, "").detail)
    }

    #[test]
    fn a_table_that_does_not_roll_while_it_has_bets_is_named_and_one_without_need_not() {
        let (two, played_out) = (report(&[1, 2], true, &[1]), report(&[], true, &[2]));
        assert_eq!(judge(&[vec![two.clone()], vec![played_out.clone()], vec![], vec![]]), None);
        let silent = judge(&[vec![two.clone()], vec![]]).unwrap();
        assert_eq!(silent, "height 2: table 3 has 1 bets up and did not play");
        let held_up = judge(&[vec![two], vec![report(&[3], false, &[])], vec![played_out]]).unwrap();
        assert_eq!(held_up, "height 2: table 3 has 2 bets up and did not roll");
    }
}
