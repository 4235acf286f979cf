//! `dice`: what an attacker gets of the dice, scheme by scheme: by the closed form, and measured.

use super::say::{say, say_all};
use super::{DiceArgs, DiceFormat, exit};
use crate::dice::{Attack, Interval, Measured, attacks};
use bitcraps_edges::BigRational;
use serde_json::json;
use std::fmt::Write;

#[cfg(test)]
mod tests;

/// Prints the table; the exit code says whether every chance is that of its closed form.
pub(super) fn dice(args: &DiceArgs) -> u8 {
    let rows: Vec<Row> =
        attacks(args.seed).into_iter().map(|attack| Row::measure(attack, args.seed, args.rolls)).collect();
    match args.format {
        DiceFormat::Human => say_all(human(&rows)),
        DiceFormat::Csv => say_all(csv(&rows)),
        DiceFormat::Json => rows.iter().for_each(|row| say(row.json())),
    }
    if rows.iter().all(Row::is_equal) { exit::PASS } else { exit::VIOLATED }
}

struct Row {
    attack: Attack,
    theory: BigRational,
    measured: Measured,
    interval: Interval,
}

impl Row {
    fn measure(attack: Attack, seed: u64, rolls: u64) -> Row {
        let measured = attack.measure(seed, rolls);
        Row { theory: attack.theory(), interval: measured.interval(), measured, attack }
    }

    fn theory(&self) -> f64 {
        approximate(&self.theory)
    }

    fn share(&self) -> f64 {
        self.measured.wins as f64 / self.measured.rolls as f64
    }

    fn is_equal(&self) -> bool {
        self.interval.contains(self.theory())
    }

    fn verdict(&self) -> &'static str {
        if self.is_equal() { "equal" } else { "differs" }
    }

    /// For people: scheme, attacker, bet, outcomes, closed form, measured, interval, rolls, verdict.
    fn cells(&self) -> [String; 9] {
        let percent = |share: f64| format!("{:.2} %", 100.0 * share);
        let Attack { scheme, attacker, outcomes, .. } = &self.attack;
        [
            (*scheme).to_owned(),
            attacker.clone(),
            self.attack.bet().to_owned(),
            outcomes.to_string(),
            percent(self.theory()),
            percent(self.share()),
            format!("{} to {}", percent(self.interval.low), percent(self.interval.high)),
            self.measured.rolls.to_string(),
            self.verdict().to_owned(),
        ]
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "scheme": self.attack.scheme,
            "attacker": self.attack.attacker,
            "bet": self.attack.bet(),
            "outcomes": self.attack.outcomes,
            "theory": self.theory.to_string(),
            "theory_approximately": self.theory(),
            "wins": self.measured.wins,
            "rolls": self.measured.rolls,
            "interval": [self.interval.low, self.interval.high],
            "equal": self.is_equal(),
        })
    }
}

const HEADS: [&str; 9] =
    ["scheme", "attacker", "bet", "outcomes", "theory", "measured", "interval", "rolls", "verdict"];

fn human(rows: &[Row]) -> String {
    let cells: Vec<[String; 9]> =
        [HEADS.map(str::to_owned)].into_iter().chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| cells.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 9] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &cells {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let _ =
                if column < 3 { write!(line, "{cell:width$}  ") } else { write!(line, "{cell:>width$}  ") };
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// No name has a comma but the natural's, so all are quoted.
fn csv(rows: &[Row]) -> String {
    let mut text = String::from("scheme,attacker,bet,outcomes,theory,wins,rolls,low,high,verdict\n");
    for row in rows {
        let Attack { scheme, attacker, outcomes, .. } = &row.attack;
        let (bet, Interval { low, high }) = (row.attack.bet(), row.interval);
        let Measured { wins, rolls } = row.measured;
        let _ = writeln!(
            text,
            "\"{scheme}\",\"{attacker}\",\"{bet}\",{outcomes},{},{wins},{rolls},{low:.6},{high:.6},{}",
            row.theory,
            row.verdict()
        );
    }
    text
}

/// A fraction from 0 to 1 as a float, however long its terms are.
fn approximate(number: &BigRational) -> f64 {
    let scale = 1_000_000_000_000_u64;
    let scaled = (number * BigRational::from_integer(scale.into())).round().to_integer().to_string();
    scaled.parse::<f64>().unwrap_or(f64::NAN) / scale as f64
}
