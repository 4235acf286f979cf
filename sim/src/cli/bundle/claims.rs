//! The claims of a study: what is said, which number says it, and how far it may be off.
//!
//! ```yaml
//! claims:
//!   - claim: HotStuff commits in under half a second with ten validators and 1 % loss
//!     figure: plots/latency.svg
//!     measure: { metric: commit_p99_ns, over: median, where: { engine: hotstuff, nodes: 10, links.default.loss: 1 % } }
//!     at_most: 500 ms
//!   - claim: PBFT sends three times as many messages per block as HotStuff with 16 validators
//!     figure: plots/messages.svg
//!     measure:
//!       metric: messages_per_block
//!       where: { engine: pbft, nodes: 16 }
//!       divided_by: { engine: hotstuff, nodes: 16 }
//!     is: 3.0
//!     tolerance: 10 %
//! ```
//!
//! A claim is worked out from the rows of the runs, never by a command of the file, so that checking somebody's study
//! runs nothing of theirs but their scenarios.

use crate::scenario::{Percent, Span};
use bitcraps_reports::statistics::median;
use bitcraps_reports::{Row, index};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A file of claims.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    pub(super) claims: Vec<Claim>,
}

/// One claim.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    /// As a sentence.
    pub(super) claim: String,
    /// The file of the bundle in which it is seen.
    pub(super) figure: String,
    measure: Measure,
    /// What it is, give or take the tolerance.
    is: Option<Quantity>,
    at_least: Option<Quantity>,
    at_most: Option<Quantity>,
    /// How far it may be off, in per cent of `is`.
    tolerance: Option<String>,
}

/// A number made of many runs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Measure {
    /// A number of a run (`index::number_of`).
    metric: String,
    #[serde(default)]
    over: Over,
    /// Which runs: columns of the index and what they say.
    #[serde(default, rename = "where")]
    which: Which,
    /// The runs whose number it is divided by.
    divided_by: Option<Which>,
    /// What becomes of runs that have no such number, such as a latency without a commit.
    #[serde(default)]
    missing: Missing,
}

/// What is said of runs that have no number.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Missing {
    /// Then nothing is claimed of the others either.
    #[default]
    Refused,
    /// The others speak.
    LeftOut,
}

type Which = BTreeMap<String, Quantity>;

/// How many become one.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Over {
    #[default]
    Median,
    Mean,
    Min,
    Max,
}

/// A number, a text with a unit, or whether something is so.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Quantity {
    Flag(bool),
    Whole(u64),
    Number(f64),
    Text(String),
}

/// What became of a claim.
pub(super) struct Checked {
    pub(super) holds: bool,
    /// The number that was measured.
    pub(super) measured: f64,
    /// What it should be, in words.
    pub(super) wanted: String,
    /// Of how many runs.
    pub(super) runs: usize,
}

/// Reads a file of claims. `Err`: what is wrong, with its place.
pub(super) fn read(name: &str, text: &str) -> Result<Claims, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string().replace("<input>", name))
}

impl Claim {
    /// Works it out. `Err`: it can't be, since a name is none or no run is meant.
    pub(super) fn check(&self, rows: &[Row]) -> Result<Checked, String> {
        let Measure { over, which, divided_by, .. } = &self.measure;
        let mut values = self.measure.values(rows, which)?;
        let runs = values.len();
        let mut measured = over.of(&mut values);
        if let Some(others) = divided_by {
            measured /= over.of(&mut self.measure.values(rows, others)?);
        }
        if !measured.is_finite() {
            return Err("it is divided by zero".to_owned());
        }
        let number = |quantity: &Quantity| quantity.number();
        let bounds = match (&self.is, &self.at_least, &self.at_most) {
            (Some(is), None, None) => {
                let (is, off) = (number(is)?, self.tolerance()?);
                (is - is.abs() * off, is + is.abs() * off)
            }
            (None, None, None) => {
                return Err("says nothing of its number: `is`, `at_least` or `at_most`".into());
            }
            (None, least, most) if self.tolerance.is_none() => (
                least.as_ref().map_or(Ok(f64::NEG_INFINITY), number)?,
                most.as_ref().map_or(Ok(f64::INFINITY), number)?,
            ),
            _ => return Err("`is` stands alone, and only `is` has a `tolerance`".into()),
        };
        Ok(Checked {
            holds: (bounds.0..=bounds.1).contains(&measured),
            measured,
            wanted: self.wanted(),
            runs,
        })
    }

    fn wanted(&self) -> String {
        let words = [("", &self.is), ("at least ", &self.at_least), ("at most ", &self.at_most)];
        let said =
            words.iter().filter_map(|(word, quantity)| Some(format!("{word}{}", quantity.as_ref()?.text())));
        let off = self.tolerance.iter().map(|off| format!("± {off}"));
        said.chain(off).collect::<Vec<_>>().join(" ")
    }

    fn tolerance(&self) -> Result<f64, String> {
        let Some(text) = &self.tolerance else { return Ok(0.0) };
        Percent::parse(text)
            .map(Percent::fraction)
            .map_err(|error| format!("tolerance: {error}, such as 5 %"))
    }

    /// A measured number as people read it.
    pub(super) fn shown(&self, measured: f64) -> String {
        if self.measure.metric.ends_with("_ns") && self.measure.divided_by.is_none() {
            format!("{:.1} ms", measured / 1e6)
        } else {
            format!("{measured:.4}")
        }
    }
}

impl Measure {
    /// The number of each run that is meant; at least one.
    fn values(&self, rows: &[Row], which: &Which) -> Result<Vec<f64>, String> {
        let metric = &self.metric;
        let meant = |row: &&Row| {
            which.iter().all(|(name, said)| index::text_of(row, name).as_deref() == Some(&said.text()))
        };
        let meant: Vec<&Row> = rows.iter().filter(meant).collect();
        let Some(first) = meant.first() else {
            let which: Vec<String> =
                which.iter().map(|(name, said)| format!("{name}: {}", said.text())).collect();
            return Err(format!("no run has {{ {} }}", which.join(", ")));
        };
        index::number_of(first, metric).ok_or_else(|| format!("no run has a number `{metric}`"))?;
        let values: Vec<f64> =
            meant.iter().filter_map(|row| index::number_of(row, metric).flatten()).collect();
        let without = meant.len() - values.len();
        if values.is_empty() || (without > 0 && self.missing == Missing::Refused) {
            return Err(format!(
                "{without} of {} runs have no `{metric}`; `missing: left_out` leaves them out",
                meant.len()
            ));
        }
        Ok(values)
    }
}

impl Over {
    /// Of at least one value.
    fn of(self, values: &mut [f64]) -> f64 {
        values.sort_by(f64::total_cmp);
        let count = values.len();
        match self {
            Over::Median => median(values).expect("there is at least one value"),
            Over::Mean => values.iter().sum::<f64>() / count as f64,
            Over::Min => values[0],
            Over::Max => values[count - 1],
        }
    }
}

impl Quantity {
    /// A duration in nanoseconds, a percentage as a fraction.
    fn number(&self) -> Result<f64, String> {
        match self {
            Quantity::Number(number) => Ok(*number),
            Quantity::Whole(number) => Ok(*number as f64),
            Quantity::Flag(flag) => Err(format!("`{flag}` is no number")),
            Quantity::Text(text) => Span::parse(text)
                .map(|span| span.nanos() as f64)
                .or_else(|_| Percent::parse(text).map(Percent::fraction))
                .map_err(|_| format!("`{text}` is no number, no duration and no percentage")),
        }
    }

    fn text(&self) -> String {
        match self {
            Quantity::Flag(flag) => flag.to_string(),
            Quantity::Whole(number) => number.to_string(),
            Quantity::Number(number) => number.to_string(),
            Quantity::Text(text) => text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let row = |engine: &str, p99_ms: u64| Row {
            engine: engine.into(),
            commit_p99_ns: Some(p99_ms * 1_000_000),
            nodes: 4,
            ..Row::default()
        };
        vec![
            row("pbft", 100),
            row("pbft", 300),
            row("pbft", 200),
            row("hotstuff", 400),
            Row { commit_p99_ns: None, ..row("hotstuff", 0) },
        ]
    }

    fn check(measure: &str) -> Result<Checked, String> {
        let text = format!("claims:\n  - {{ claim: c, figure: f, {measure} }}\n");
        let claims = read("claims.yaml", &text)?;
        claims.claims[0].check(&rows())
    }

    #[test]
    fn a_claim_is_worked_out_from_the_runs_that_it_names() {
        let said = "measure: { metric: commit_p99_ns, where: { engine: pbft, nodes: 4 } }";
        let found = check(&format!("{said}, is: 190 ms, tolerance: 6 %")).unwrap();
        assert!(found.holds && found.measured == 2e8 && found.runs == 3, "the median of 100, 200 and 300");
        assert!(!check(&format!("{said}, is: 190 ms, tolerance: 5 %")).unwrap().holds);
        assert!(check(&format!("{said}, at_most: 200 ms")).unwrap().holds);
        assert!(!check(&format!("{said}, at_least: 201 ms")).unwrap().holds);
        let over = |over: &str| {
            check(&format!(
                "measure: {{ metric: commit_p99_ns, over: {over}, missing: left_out }}, at_least: 0"
            ))
            .unwrap()
            .measured
        };
        assert_eq!((over("min"), over("max"), over("mean")), (1e8, 4e8, 2.5e8));
    }

    #[test]
    fn one_number_may_be_divided_by_another() {
        let found = check(
            "measure: { metric: commit_p99_ns, where: { engine: hotstuff }, divided_by: { engine: pbft }, missing: left_out }, is: 2",
        );
        assert!(found.unwrap().holds);
    }

    #[test]
    fn what_can_t_be_worked_out_says_why() {
        for (measure, why) in [
            ("measure: { metric: nope }, is: 1", "no run has a number `nope`"),
            ("measure: { metric: nodes, where: { engine: raft } }, is: 1", "no run has { engine: raft }"),
            ("measure: { metric: nodes }", "says nothing of its number"),
            ("measure: { metric: nodes }, is: 1, at_most: 2", "`is` stands alone"),
            ("measure: { metric: nodes }, is: soon", "`soon` is no number"),
            ("measure: { metric: nodes, ovr: mean }, is: 1", "ovr"),
            ("measure: { metric: nodes }, is: 4, tolerance: 10", "tolerance"),
            ("measure: { metric: commit_p99_ns, where: { engine: hotstuff } }, is: 4", "1 of 2 runs have no"),
            ("measure: { metric: nodes, divided_by: { engine: pbft, seed: 1 } }, is: 4", "no run has"),
            (
                "measure: { metric: nodes, divided_by: { diverged: true } }, is: 4",
                "no run has { diverged: true }",
            ),
            ("measure: { metric: seed, divided_by: { engine: pbft } }, at_least: 3", "divided by zero"),
        ] {
            let error = check(measure).err().unwrap_or_else(|| panic!("{measure} was accepted"));
            assert!(error.contains(why), "{error}");
        }
    }
}
