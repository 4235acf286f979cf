//! `edges`: what each craps bet costs under a table's rules, exactly.

use super::say::{say, say_all};
use super::{EdgesArgs, EdgesFormat, exit};
use crate::run::house::fraction;
use bitcraps_casino::Fraction;
use bitcraps_edges::{BigRational, Edge, Subject, edge};
use bitcraps_tables::CrapsRules;
use bitcraps_tables::craps::{Bet, RulesError};
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

mod measure;
#[cfg(test)]
mod tests;

/// Prints the table; the exit code says whether some bet favours the player.
pub(super) fn edges(args: &EdgesArgs) -> u8 {
    if let Some(file) = &args.measure {
        return measure::measure(file, args);
    }
    let (rules, favoured) = match rules(args) {
        Ok(rules) => rules,
        Err((code, error)) => {
            eprintln!("error: {error}");
            return code;
        }
    };
    let rows: Result<Vec<Row>, _> = Subject::all()
        .map(|subject| edge(&rules, subject, args.stake).map(|edge| Row::of(subject, edge)))
        .collect();
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) => {
            eprintln!("error: {error}");
            return exit::USAGE;
        }
    };
    match args.format {
        EdgesFormat::Human => say_all(human(&together(rows))),
        EdgesFormat::Markdown => say_all(markdown(&together(rows))),
        EdgesFormat::Csv => say_all(csv(&rows)),
        EdgesFormat::Kelly => say(kelly(&rows)),
        EdgesFormat::Json => rows.iter().for_each(|row| say(row.json())),
    }
    if let Some(error) = favoured {
        eprintln!("error: {error}");
        return exit::VIOLATED;
    }
    exit::PASS
}

/// The rules that are asked for, and why no table takes them if that is all that is wrong with them: a bet favours the
/// player.
fn rules(args: &EdgesArgs) -> Result<(CrapsRules, Option<RulesError>), (u8, String)> {
    let mut rules = CrapsRules::default();
    if let Some(path) = &args.rules {
        read(path, &mut rules)?;
    }
    for (name, value) in &args.set {
        rules.set(name, value).map_err(|error| (exit::USAGE, error.to_string()))?;
    }
    match rules.check() {
        Ok(()) => Ok((rules, None)),
        Err(error @ RulesError::PlayerHasTheEdge { .. }) => Ok((rules, Some(error))),
        Err(error) => Err((exit::USAGE, error.to_string())),
    }
}

/// Lines of `name = value`; `#` begins a comment.
fn read(path: &Path, rules: &mut CrapsRules) -> Result<(), (u8, String)> {
    let place = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| (exit::IO, format!("{place}: {error}")))?;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let set = match line.split_once('=') {
            Some((name, value)) => rules.set(name.trim(), value.trim()).map_err(|error| error.to_string()),
            None => Err(format!("`{line}` is not NAME = VALUE, such as pays.field_twelve = 3:1")),
        };
        set.map_err(|error| (exit::BAD_SCENARIO, format!("{place}:{number}: {error}")))?;
    }
    Ok(())
}

/// A bet, or bets of one kind that cost the same.
struct Row {
    kind: String,
    /// What stands between its kind and what it is on.
    between: &'static str,
    on: Vec<String>,
    edge: Edge,
}

impl Row {
    fn of(subject: Subject, edge: Edge) -> Row {
        let name = subject.to_string();
        let split = |between: &'static str| name.split_once(between).map(|(kind, on)| (kind, between, on));
        // `odds:4` would be odds with bet 4.
        let (kind, between, on) = match split(":").or_else(|| split(" on ")) {
            Some((kind, between, on)) => (kind.to_owned(), between, vec![on.to_owned()]),
            None => (name, "", Vec::new()),
        };
        Row { kind, between, on, edge }
    }

    fn name(&self) -> String {
        let Row { kind, between, on, .. } = self;
        format!("{kind}{between}{}", on.join("|"))
    }

    fn json(&self) -> serde_json::Value {
        let Edge { edge, variance, rolls, stake } = &self.edge;
        json!({
            "bet": self.name(),
            "edge": edge.to_string(),
            "edge_percent": percent(edge),
            "edge_per_roll": self.edge.per_roll().to_string(),
            "edge_per_roll_percent": percent(&self.edge.per_roll()),
            "variance": variance.to_string(),
            "rolls": rolls.to_string(),
            "stake": stake,
        })
    }

    /// For people: names, per cent, per cent by roll, variance, rolls, stake, and the edge itself.
    fn cells(&self) -> [String; 7] {
        let Edge { edge, variance, rolls, stake } = &self.edge;
        [
            self.name(),
            percent(edge),
            percent(&self.edge.per_roll()),
            decimal(variance, 4),
            decimal(rolls, 4),
            stake.to_string(),
            edge.to_string(),
        ]
    }
}

/// Joins the bets of one kind that cost the same.
fn together(rows: Vec<Row>) -> Vec<Row> {
    let mut joined: Vec<Row> = Vec::new();
    for row in rows {
        match joined.iter_mut().find(|known| known.kind == row.kind && known.edge == row.edge) {
            Some(known) => known.on.extend(row.on),
            None => joined.push(row),
        }
    }
    joined
}

const HEADS: [&str; 7] = ["bet", "edge %", "per roll %", "variance", "rolls", "stake", "edge exactly"];

fn human(rows: &[Row]) -> String {
    let cells: Vec<[String; 7]> =
        [HEADS.map(str::to_owned)].into_iter().chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| cells.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &cells {
        let _ = write!(text, "{:width$}", row[0], width = widths[0]);
        for (cell, width) in row[1..6].iter().zip(&widths[1..]) {
            let _ = write!(text, "  {cell:>width$}");
        }
        let _ = writeln!(text, "  {}", row[6]);
    }
    text
}

fn markdown(rows: &[Row]) -> String {
    let mut text = format!("| {} |\n|---|--:|--:|--:|--:|--:|---|\n", HEADS.join(" | "));
    for row in rows {
        let [name, numbers @ ..] = row.cells();
        let _ = writeln!(text, "| `{}` | {} |", name.replace('|', "\\|"), numbers.join(" | "));
    }
    text
}

fn csv(rows: &[Row]) -> String {
    let mut text = String::from("bet,edge,edge_per_roll,variance,rolls,stake\n");
    for row in rows {
        let Edge { edge, variance, rolls, stake } = &row.edge;
        let _ = writeln!(text, "{},{edge},{},{variance},{rolls},{stake}", row.name(), row.edge.per_roll());
    }
    text
}

/// The edges as a genesis file has them. Odds have none.
fn kelly(rows: &[Row]) -> serde_json::Value {
    let bets = rows.iter().filter(|row| row.name().parse::<Bet>().is_ok() && !row.kind.ends_with("odds"));
    let edges: serde_json::Map<String, serde_json::Value> =
        bets.map(|row| (row.name(), short(&row.edge.edge).into())).collect();
    json!({ "share_per_mille": 1000, "edges": edges })
}

fn short(edge: &BigRational) -> String {
    let Fraction { numerator, denominator } = fraction(edge);
    format!("{numerator}/{denominator}")
}

fn percent(number: &BigRational) -> String {
    decimal(&(number * BigRational::from_integer(100.into())), 4)
}

/// To so many digits after the point, rounded half away from zero.
fn decimal(number: &BigRational, digits: u32) -> String {
    let scale = BigRational::from_integer(10u64.pow(digits).into());
    let scaled = (number * scale).round().to_integer().to_string();
    let (sign, scaled) = scaled.strip_prefix('-').map_or(("", scaled.as_str()), |rest| ("-", rest));
    let digits = digits as usize;
    let padded = format!("{scaled:0>width$}", width = digits + 1);
    let (whole, part) = padded.split_at(padded.len() - digits);
    format!("{sign}{whole}.{part}")
}
