//! What bets of each kind came to in a run: for measuring what the house keeps of them, through the whole network.
//!
//! Bets that are up at one table at one time are decided by the same dice, so they are no sample of independent ones. Of
//! those of a kind the first counts, and while it is up no other: those that count are decided by dice of their own.

use bitcraps_actors::ports::Event;
use bitcraps_casino::{Action, Answer, Bet, SignedCommand, TableReport};
use bitcraps_edges::Subject;
use bitcraps_tables::{BetId, Outcome, craps};
use bitcraps_types::{Amount, Height, TableId};
use std::collections::BTreeMap;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By kind and stake, what those came to that count.
    pub rows: BTreeMap<(Subject, Amount), Row>,
    /// All bets that were decided, those that don't count among them.
    pub decided: u64,
    /// All bets that were still up in the end.
    pub open: u64,
    seen: Height,
    /// The points before the next roll.
    points: BTreeMap<TableId, craps::Number>,
    /// Those that count, while they are up.
    counted: BTreeMap<(TableId, Subject), (BetId, Amount)>,
    /// What each bet that is up is on.
    up: BTreeMap<BetId, Up>,
}

/// What bets came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// How many were decided.
    pub bets: u64,
    /// Their stakes.
    pub staked: u128,
    /// What went back to the players, stakes and winnings.
    pub paid: u128,
}

#[derive(Clone, Copy, Debug)]
struct Up {
    subject: Subject,
    /// The number that a line, come or put bet is on.
    number: Option<craps::Number>,
}

impl Tally {
    /// A node tells something: the first that applied a block counts.
    pub(super) fn observe(&mut self, event: &Event<'_>) {
        let Event::Applied { height, block, reports, .. } = *event else { return };
        if height <= self.seen {
            return;
        }
        self.seen = height;
        let bets: BTreeMap<BetId, (craps::Bet, Amount)> = block.commands.iter().filter_map(bet_of).collect();
        for report in reports {
            self.place(report, &bets);
            self.settle(report);
        }
        self.open = self.up.len() as u64;
    }

    /// Adds what another run came to.
    pub fn add(&mut self, other: &Tally) {
        for (kind, row) in &other.rows {
            let sum = self.rows.entry(*kind).or_default();
            (sum.bets, sum.staked, sum.paid) =
                (sum.bets + row.bets, sum.staked + row.staked, sum.paid + row.paid);
        }
        self.decided += other.decided;
        self.open += other.open;
    }

    fn place(&mut self, report: &TableReport, bets: &BTreeMap<BetId, (craps::Bet, Amount)>) {
        let table = report.table;
        for answer in &report.answers {
            match &answer.answer {
                Answer::Placed => {
                    let Some(&(bet, stake)) = bets.get(&answer.id) else { continue };
                    let Some(up) = self.up(report, answer.id, bet) else { continue };
                    self.up.insert(answer.id, up);
                    self.counted.entry((table, up.subject)).or_insert((answer.id, stake));
                }
                // Players take down what they will, and so choose what is left: it must not count.
                Answer::TakenDown(down) => down.iter().for_each(|down| _ = self.over(table, &down.bet)),
                Answer::NotPlaced(_) | Answer::NotTakenDown(_) => {}
            }
        }
    }

    fn settle(&mut self, report: &TableReport) {
        for settled in &report.settlements {
            self.decided += 1;
            if let Some((subject, stake)) = self.over(report.table, &settled.bet) {
                let row = self.rows.entry((subject, stake)).or_default();
                row.bets += 1;
                row.staked += u128::from(stake);
                row.paid += match settled.outcome {
                    Outcome::Won { payout } => u128::from(stake) + u128::from(payout),
                    Outcome::Pushed => u128::from(stake),
                    Outcome::Lost => 0,
                };
            }
        }
        match report.point {
            Some(point) => self.points.insert(report.table, point),
            None => self.points.remove(&report.table),
        };
    }

    /// What a bet that was just taken is on.
    fn up(&self, report: &TableReport, id: BetId, bet: craps::Bet) -> Option<Up> {
        use craps::Bet;
        let point = self.points.get(&report.table).copied();
        let travels = || report.roll.and_then(|dice| craps::Number::of_total(dice.total()));
        let base_of = |base: u64| self.up.get(&BetId { sequence: base, ..id }).copied();
        let on_base = |base: u64| {
            let base = base_of(base)?;
            let line = matches!(base.subject, Subject::Bet(Bet::Pass | Bet::DontPass));
            if line { point } else { base.number }
        };
        Some(match bet {
            Bet::Odds { base } => Up { subject: Subject::Odds(on_base(base)?), number: None },
            Bet::LayOdds { base } => Up { subject: Subject::LayOdds(on_base(base)?), number: None },
            Bet::Come | Bet::DontCome => Up { subject: Subject::Bet(bet), number: travels() },
            Bet::Put(number) => Up { subject: Subject::Bet(bet), number: Some(number) },
            _ => Up { subject: Subject::Bet(bet), number: None },
        })
    }

    /// A bet is up no more: its kind and stake, if it counts.
    fn over(&mut self, table: TableId, bet: &BetId) -> Option<(Subject, Amount)> {
        let up = self.up.remove(bet)?;
        let (counted, stake) = *self.counted.get(&(table, up.subject))?;
        if counted != *bet {
            return None;
        }
        self.counted.remove(&(table, up.subject));
        Some((up.subject, stake))
    }
}

fn bet_of(signed: &SignedCommand) -> Option<(BetId, (craps::Bet, Amount))> {
    match signed.command.action {
        Action::Bet { bet: Bet::Craps(bet), stake, .. } => {
            let id = BetId { account: signed.command.account(), sequence: signed.command.sequence };
            Some((id, (bet, stake)))
        }
        _ => None,
    }
}
