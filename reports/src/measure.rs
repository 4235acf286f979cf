//! What is measured of each run, with its unit, how it is written, and which way is better.

use crate::text::{count, span};
use crate::{Row, Verdict};

/// A number that each run may have.
pub(crate) struct Measure {
    /// Stable name, fit for a file and a column.
    pub(crate) key: &'static str,
    /// What it is, in a few words.
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    pub(crate) better: Better,
    /// The number of a run; `None` if the run has none.
    pub(crate) of: fn(&Row) -> Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Nanoseconds,
    PerSecond,
    Count,
    /// One is a hundred per cent.
    Share,
}

/// Which way a number should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Lower,
    Higher,
    /// It depends on what was wanted.
    Neither,
}

/// Everything that is measured, in the order in which it is shown.
pub(crate) static MEASURES: [Measure; 8] = [
    Measure {
        key: "commit_p50",
        name: "Commit latency, median",
        unit: Unit::Nanoseconds,
        better: Better::Lower,
        of: |row| row.commit_p50_ns.map(|ns| ns as f64),
    },
    Measure {
        key: "commit_p99",
        name: "Commit latency, 99 %",
        unit: Unit::Nanoseconds,
        better: Better::Lower,
        of: |row| row.commit_p99_ns.map(|ns| ns as f64),
    },
    Measure {
        key: "settle_p50",
        name: "Settlement, median",
        unit: Unit::Nanoseconds,
        better: Better::Lower,
        of: |row| row.settle_p50_ns.map(|ns| ns as f64),
    },
    Measure {
        key: "settle_p99",
        name: "Settlement, 99 %",
        unit: Unit::Nanoseconds,
        better: Better::Lower,
        of: |row| row.settle_p99_ns.map(|ns| ns as f64),
    },
    Measure {
        key: "commands_per_second",
        name: "Commands settled",
        unit: Unit::PerSecond,
        better: Better::Higher,
        of: |row| Some(row.commands_per_second()),
    },
    Measure {
        key: "blocks_per_second",
        name: "Blocks",
        unit: Unit::PerSecond,
        better: Better::Neither,
        of: |row| Some(row.blocks_per_second()),
    },
    Measure {
        key: "messages_per_block",
        name: "Messages per block",
        unit: Unit::Count,
        better: Better::Lower,
        of: Row::messages_per_block,
    },
    Measure {
        key: "longest_stall",
        name: "Longest stall",
        unit: Unit::Nanoseconds,
        better: Better::Lower,
        of: |row| Some(row.longest_stall_ns as f64),
    },
];

/// The place of a measure in [`MEASURES`], by its key.
pub(crate) fn measure(key: &str) -> usize {
    MEASURES.iter().position(|measure| measure.key == key).expect("callers name measures that there are")
}

/// Whether a run showed something wrong: a property was violated, or the same seed gave two traces.
pub(crate) fn failed(row: &Row) -> bool {
    row.diverged || row.verdict == Verdict::Violated
}

impl Unit {
    /// A number with its unit, to three significant digits.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Unit::Nanoseconds if value < 0.0 => format!("−{}", span((-value).round() as u64)),
            Unit::Nanoseconds => span(value.round() as u64),
            Unit::PerSecond => format!("{}/s", significant(value)),
            Unit::Count => significant(value),
            Unit::Share => format!("{} %", hundredths(value * 100.0)),
        }
    }

    /// Two numbers as an interval; the unit is written once if it is the same.
    pub(crate) fn show_range(self, lo: f64, hi: f64) -> String {
        let (lo, hi) = (self.show(lo), self.show(hi));
        let split =
            |text: &str| text.find([' ', '/']).map(|at| (text[..at].to_owned(), text[at..].to_owned()));
        match (split(&lo), split(&hi)) {
            (Some((number, unit)), Some((_, other))) if unit == other => format!("{number}–{hi}"),
            _ => format!("{lo}–{hi}"),
        }
    }

    /// What a column of such numbers is called behind its name.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Unit::Nanoseconds => "_ns",
            Unit::PerSecond | Unit::Count | Unit::Share => "",
        }
    }
}

/// A percentage to three significant digits, but no finer than a hundredth.
fn hundredths(percent: f64) -> String {
    match percent.abs() {
        size if size > 0.0 && size < 0.005 => if percent > 0.0 { "<0.01" } else { ">−0.01" }.to_owned(),
        size if size < 10.0 => significant((percent * 100.0).round() / 100.0),
        _ => significant(percent),
    }
}

/// A number to three significant digits, without trailing zeros, grouped by three from a thousand.
pub(crate) fn significant(value: f64) -> String {
    let size = value.abs();
    let sign = if value < 0.0 { "−" } else { "" };
    if size >= 999.5 {
        return format!("{sign}{}", count(size.round() as u64));
    }
    let digits_before = if size > 0.0 { size.log10().floor() as i32 } else { 0 };
    let decimals = usize::try_from((2 - digits_before).clamp(0, 9)).unwrap_or(0);
    let fixed = format!("{size:.decimals$}");
    let short = if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.') } else { &fixed };
    if short == "0" { short.to_owned() } else { format!("{sign}{short}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_significant_digits() {
        let shown = [0.0, 0.001_234, -0.5, 9.876, 12.0, 123.4, 999.6, 12_345.6, -2_000.0].map(significant);
        assert_eq!(shown, ["0", "0.00123", "−0.5", "9.88", "12", "123", "1,000", "12,346", "−2,000"]);
    }

    #[test]
    fn each_unit_is_written_with_its_number() {
        assert_eq!(Unit::Nanoseconds.show(-1_500_000.0), "−1.5 ms");
        assert_eq!(Unit::PerSecond.show(12.34), "12.3/s");
        assert_eq!(Unit::Share.show(0.015), "1.5 %");
        assert_eq!(
            [0.0, 0.000_01, 0.000_667, 0.012_345, 1.0].map(|share| Unit::Share.show(share)),
            ["0 %", "<0.01 %", "0.07 %", "1.23 %", "100 %"]
        );
        assert_eq!(Unit::Share.show_range(0.01, 0.02), "1–2 %");
        assert_eq!(Unit::PerSecond.show_range(10.0, 20.0), "10–20/s");
        assert_eq!(Unit::Nanoseconds.show_range(9e8, 1.1e9), "900 ms–1.1 s");
        assert_eq!(Unit::Count.show_range(9.0, 11.0), "9–11");
    }

    #[test]
    fn every_measure_has_a_key_of_its_own() {
        let keys: std::collections::BTreeSet<&str> = MEASURES.iter().map(|measure| measure.key).collect();
        assert_eq!(keys.len(), MEASURES.len());
        assert!(MEASURES.iter().enumerate().all(|(at, each)| measure(each.key) == at));
    }
}
