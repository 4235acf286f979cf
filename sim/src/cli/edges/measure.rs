//! `edges --measure`: what the house kept of each bet in a scenario's runs, beside what it keeps exactly.
//!
//! The bets went through the whole network: signed, ordered by consensus, decided by dice from the validators' threshold
//! signature, settled by every node. The interval is by Bernstein's inequality, from the exact variance and the largest
//! payout: it holds for any number of bets, and no distribution is assumed.

use super::super::run::{Loaded, load};
use super::super::say::{say, say_all};
use super::super::{EdgesArgs, EdgesFormat, exit};
use super::decimal;
use crate::run::{self, Tally};
use crate::scenario::{Scenario, Seeds};
use bitcraps_edges::{BigRational, Edge, Subject, edge};
use bitcraps_reports::Verdict;
use bitcraps_tables::{Craps, CrapsRules, Game, craps};
use bitcraps_types::Amount;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// The interval that is shown is wrong in at most one case of so many.
const SHOWN_ONE_IN: f64 = 100.0;
/// Of so many tables with fair dice at most one has a row that is called `other`.
const JUDGED_ONE_IN: f64 = 1e6;

/// Runs the scenario with its seeds, or those that are asked for, and prints the table. The exit code says whether some bet
/// is not what it should be.
pub(super) fn measure(file: &Path, args: &EdgesArgs) -> u8 {
    let loaded = match load(&[file.to_owned()], &[]) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let mut tally = Tally::default();
    for Loaded { file, scenario } in &loaded {
        let seeds = args.seeds.map_or(scenario.seeds, |(from, to)| Seeds::Range(from, to));
        for seed in seeds.iter() {
            match one(file, scenario, seed) {
                Ok(run) => tally.add(&run),
                Err(code) => return code,
            }
        }
    }
    let rows = judge(&tally);
    match args.format {
        EdgesFormat::Json => rows.iter().for_each(|row| say(row.json())),
        EdgesFormat::Csv => say_all(table(&rows, ",")),
        _ => say_all(human(&tally, &rows)),
    }
    if rows.iter().any(|row| !row.agrees) { exit::VIOLATED } else { exit::PASS }
}

/// One run; nothing is measured in one that does not pass.
fn one(file: &Path, scenario: &Scenario, seed: u64) -> Result<Tally, u8> {
    let repro = format!("bitcraps-sim run {} --seed {seed}", file.display());
    let (outcome, tally) = run::measure(scenario, seed, &repro);
    if outcome.record.verdict == Verdict::Pass {
        return Ok(tally);
    }
    let failed = outcome.record.properties.iter().filter(|property| property.holds != Some(true));
    failed.for_each(|property| eprintln!("{}: {}", property.name, property.detail));
    eprintln!("error: the run did not pass, so nothing is measured\nREPRO {repro}");
    Err(match outcome.record.verdict {
        Verdict::Violated => exit::VIOLATED,
        _ => exit::INCONCLUSIVE,
    })
}

/// One kind of bet, over all its stakes.
pub(super) struct Measured {
    name: String,
    bets: u64,
    staked: u128,
    paid: u128,
    measured: f64,
    /// Half of the interval.
    within: f64,
    exact: f64,
    fraction: BigRational,
    /// Whether the exact edge lies as near as it must.
    pub(super) agrees: bool,
}

/// Every kind of bet that was counted, beside the exact edge.
pub(super) fn judge(tally: &Tally) -> Vec<Measured> {
    let mut kinds: BTreeMap<Subject, Vec<(Amount, run::TallyRow)>> = BTreeMap::new();
    for ((subject, stake), row) in &tally.rows {
        kinds.entry(*subject).or_default().push((*stake, *row));
    }
    let count = kinds.len() as f64;
    kinds.iter().map(|(subject, rows)| measured(*subject, rows, count)).collect()
}

fn measured(subject: Subject, rows: &[(Amount, run::TallyRow)], kinds: f64) -> Measured {
    let rules = CrapsRules::default();
    let zero = || BigRational::from_integer(0.into());
    let whole = |number: u128| BigRational::from_integer(number.into());
    let (mut bets, mut staked, mut paid) = (0, 0u128, 0u128);
    let (mut kept, mut variance, mut largest) = (zero(), 0.0, 0.0f64);
    for (stake, row) in rows {
        let Edge { edge, variance: by_unit, .. } =
            edge(&rules, subject, Some(*stake)).expect("the tables took this bet with this stake");
        (bets, staked, paid) = (bets + row.bets, staked + row.staked, paid + row.paid);
        kept += edge * whole(row.staked);
        let unit = *stake as f64;
        variance += row.bets as f64 * unit * unit * float(&by_unit);
        let most = Craps::exposure(&rules, &some_bet(subject), *stake).unwrap_or(*stake).max(*stake);
        // No gain is further from its mean than from the largest loss to the largest win.
        largest = largest.max(most as f64 + unit);
    }
    let over = staked as f64;
    let bound = |one_in: f64| {
        let log = (2.0 * one_in).ln();
        ((2.0 * variance * log).sqrt() + largest * log / 3.0) / over
    };
    let fraction = kept / whole(staked);
    let (exact, measured) = (float(&fraction), (staked as f64 - paid as f64) / over);
    let agrees = (measured - exact).abs() <= bound(JUDGED_ONE_IN * kinds);
    let name = subject.to_string();
    Measured { name, bets, staked, paid, measured, within: bound(SHOWN_ONE_IN), exact, fraction, agrees }
}

/// A bet that costs at most what one of this kind does.
fn some_bet(subject: Subject) -> craps::Bet {
    match subject {
        Subject::Bet(bet) => bet,
        Subject::Odds(_) => craps::Bet::Odds { base: 1 },
        Subject::LayOdds(_) => craps::Bet::LayOdds { base: 1 },
    }
}

fn float(number: &BigRational) -> f64 {
    decimal(number, 12).parse().expect("a decimal is a number")
}

impl Measured {
    fn verdict(&self) -> &'static str {
        match (self.agrees, (self.measured - self.exact).abs() <= self.within) {
            (false, _) => "other",
            (true, false) => "outside",
            (true, true) => "equal",
        }
    }

    fn cells(&self) -> [String; 8] {
        let percent = |share: f64| format!("{:.3}", 100.0 * share);
        let (from, to) = (self.measured - self.within, self.measured + self.within);
        [
            self.name.clone(),
            self.bets.to_string(),
            self.staked.to_string(),
            self.paid.to_string(),
            percent(self.measured),
            format!("{} to {}", percent(from), percent(to)),
            percent(self.exact),
            self.verdict().to_owned(),
        ]
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "bet": self.name,
            "bets": self.bets,
            "staked": self.staked.to_string(),
            "paid": self.paid.to_string(),
            "edge_measured": self.measured,
            "interval": [self.measured - self.within, self.measured + self.within],
            "edge": self.fraction.to_string(),
            "edge_percent": decimal(&(&self.fraction * BigRational::from_integer(100.into())), 4),
            "verdict": self.verdict(),
        })
    }
}

const HEADS: [&str; 8] =
    ["bet", "bets", "staked", "paid", "measured %", "99 % interval", "exact %", "verdict"];

fn human(tally: &Tally, rows: &[Measured]) -> String {
    let counted: u64 = rows.iter().map(|row| row.bets).sum();
    let mut text = table(rows, "  ");
    let _ = writeln!(
        text,
        "{} bets were decided, {} still up in the end; {counted} count: of each kind one at a table at a time, so that no \
         two are decided by the same dice",
        tally.decided, tally.open
    );
    text
}

fn table(rows: &[Measured], between: &str) -> String {
    let cells: Vec<[String; 8]> =
        [HEADS.map(str::to_owned)].into_iter().chain(rows.iter().map(Measured::cells)).collect();
    let width = |column: usize| match between {
        "," => 0,
        _ => cells.iter().map(|row| row[column].len()).max().unwrap_or(0),
    };
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &cells {
        let mut columns = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            0 | 7 => format!("{cell:width$}"),
            _ => format!("{cell:>width$}"),
        });
        let line: Vec<String> = columns.by_ref().collect();
        let _ = writeln!(text, "{}", line.join(between).trim_end());
    }
    text
}
