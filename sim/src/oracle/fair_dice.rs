//! Property `fair_dice`: the dice that the tables threw do not speak against their fairness, as the node's own monitor
//! judges them. Of a million runs with fair dice it is violated in one at most.

use super::finding::Finding;
use bitcraps_casino::TableReport;
use bitcraps_tables::fairness::Evidence;
use bitcraps_types::{Height, Time};

#[derive(Clone, Debug)]
pub(super) struct FairDice {
    pub(super) finding: Finding,
    evidence: Evidence,
    /// Every node applies every block; the dice of each are seen once.
    seen: Height,
}

impl FairDice {
    pub(super) fn new() -> FairDice {
        FairDice { finding: Finding::new("fair_dice"), evidence: Evidence::new(), seen: 0 }
    }

    pub(super) fn applied(&mut self, at: Time, height: Height, reports: &[TableReport]) {
        if height <= self.seen {
            return;
        }
        self.seen = height;
        for dice in reports.iter().filter_map(|report| report.roll) {
            self.finding.judged();
            self.evidence.see(dice);
            if self.evidence.is_alarming() && self.finding.first().is_none() {
                let (rolls, power) = (self.evidence.rolls(), self.evidence.log10());
                let detail = format!(
                    "height {height}: after {rolls} rolls the e-value of loaded dice is 10^{power:.1}"
                );
                self.finding.violated(at, detail);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_tables::Dice;
    use bitcraps_types::{Digest, TableId};

    fn rolls(dice: &[Dice]) -> Vec<TableReport> {
        let report = |(table, dice): (u32, &Dice)| TableReport {
            table: TableId(table),
            answers: Vec::new(),
            roll: Some(*dice),
            shooter: None,
            settlements: Vec::new(),
            point: None,
            digest: Digest::ZERO,
            has_open_bets: false,
            wakes_at: None,
            worst: 0,
        };
        (0..).zip(dice).map(report).collect()
    }

    #[test]
    fn what_every_node_tells_of_a_block_counts_once() {
        let mut oracle = FairDice::new();
        let all: Vec<Dice> = Dice::all().collect();
        for height in 1..=10 {
            (0..100).for_each(|_| oracle.applied(Time::ZERO, height, &rolls(&all)));
        }
        assert_eq!(oracle.evidence.rolls(), 360);
        assert!(oracle.finding.first().is_none());
    }

    #[test]
    fn the_block_with_which_the_alarm_rises_is_named_and_no_later_one() {
        let mut oracle = FairDice::new();
        for height in 1..=40 {
            oracle.applied(Time(height), height, &rolls(&[Dice::new(1, 1).unwrap(); 2]));
        }
        let (_, at) = oracle.finding.first().expect("snake eyes, eighty times");
        assert!((2..40).contains(&at.0), "{at:?}");
        let result = oracle.finding.result(bitcraps_reports::PropertyKind::Always, "rolls");
        assert!(result.detail.starts_with(&format!("height {}: ", at.0)), "{}", result.detail);
    }
}
