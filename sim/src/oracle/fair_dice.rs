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
