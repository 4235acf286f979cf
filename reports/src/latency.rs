//! Latencies as HDR histograms, and the two files that carry one: the percentile text (`.hgrm`) that existing
//! plotters of HDR histograms read, and JSON with the whole histogram in it.

use std::fmt::Write as _;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2Serializer};
use serde_json::json;

use crate::{ReportError, RunRecord};

/// The longest latency that is told apart, microseconds: one hour. Longer ones count as this.
const LONGEST_US: u64 = 3_600_000_000;

/// Values are told apart to this many significant decimal digits.
const DIGITS: u8 = 3;

/// The percentiles that tables and `hist.json` list.
pub(crate) const PERCENTILES: [f64; 8] = [0.0, 50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 100.0];

/// The latencies of all commits in microseconds, to three digits, up to one hour.
pub fn histogram(record: &RunRecord) -> Histogram<u64> {
    of_ns(record.commits.iter().map(|commit| commit.latency_ns))
}

/// The latencies of all settled commands, in the same unit and bounds.
pub(crate) fn command_histogram(record: &RunRecord) -> Histogram<u64> {
    of_ns(record.commands.iter().map(|command| command.latency_ns))
}

/// Nanoseconds in, a histogram of whole microseconds (rounded to the nearest) out.
pub(crate) fn of_ns(latencies_ns: impl Iterator<Item = u64>) -> Histogram<u64> {
    let mut histogram =
        Histogram::new_with_bounds(1, LONGEST_US, DIGITS).expect("the bounds are constants that it accepts");
    for latency_ns in latencies_ns {
        histogram.saturating_record(latency_ns.saturating_add(500) / 1_000);
    }
    histogram
}

/// The value at a percentile in nanoseconds; `None` without samples.
pub(crate) fn percentile_ns(histogram: &Histogram<u64>, percentile: f64) -> Option<u64> {
    (!histogram.is_empty()).then(|| histogram.value_at_percentile(percentile) * 1_000)
}

/// The percentile distribution in milliseconds, as HdrHistogram's own tools write it.
pub(crate) fn hgrm(histogram: &Histogram<u64>) -> String {
    let mut out = String::from("       Value     Percentile TotalCount 1/(1-Percentile)\n\n");
    let mut total = 0;
    for step in histogram.iter_quantiles(5) {
        total += step.count_since_last_iteration();
        let quantile = step.quantile_iterated_to();
        let value_ms = step.value_iterated_to() as f64 / 1e3;
        let _ = write!(out, "{value_ms:12.3} {quantile:2.12} {total:10}");
        if quantile < 1.0 {
            let _ = write!(out, " {:14.2}", 1.0 / (1.0 - quantile));
        }
        out.push('\n');
    }
    let (mean_ms, deviation_ms) = (histogram.mean() / 1e3, histogram.stdev() / 1e3);
    let _ = writeln!(out, "#[Mean    = {mean_ms:12.3}, StdDeviation   = {deviation_ms:12.3}]");
    let _ = writeln!(
        out,
        "#[Max     = {:12.3}, Total count    = {:12}]",
        histogram.max() as f64 / 1e3,
        histogram.len()
    );
    let sub_buckets = 2 * 10_u64.pow(u32::from(DIGITS));
    let _ = writeln!(
        out,
        "#[Buckets = {:12}, SubBuckets     = {:12}]",
        histogram.buckets(),
        sub_buckets.next_power_of_two()
    );
    out
}

/// The histogram as JSON: unit, count, percentiles, and under `v2_hex` the whole of it in HdrHistogram's V2
/// format (uncompressed, hexadecimal), which any of its libraries can decode and add up.
pub(crate) fn hist_json(histogram: &Histogram<u64>) -> Result<String, ReportError> {
    let percentiles: Vec<_> = PERCENTILES
        .iter()
        .filter(|_| !histogram.is_empty())
        .map(|&percentile| json!({"percentile": percentile, "value": histogram.value_at_percentile(percentile)}))
        .collect();
    let value = json!({
        "measures": "commit latency",
        "unit": "us",
        "significant_digits": DIGITS,
        "highest": LONGEST_US,
        "count": histogram.len(),
        "mean": histogram.mean(),
        "percentiles": percentiles,
        "v2_hex": v2_hex(histogram),
    });
    serde_json::to_string_pretty(&value)
        .map_err(|error| ReportError::Encode { what: "the histogram", reason: error.to_string() })
}

/// The whole histogram in HdrHistogram's V2 format, uncompressed, as hexadecimal digits.
pub(crate) fn v2_hex(histogram: &Histogram<u64>) -> String {
    let mut bytes = Vec::new();
    V2Serializer::new().serialize(histogram, &mut bytes).expect("a vector takes all bytes");
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What [`v2_hex`] wrote: each recorded value in microseconds with how often it was recorded. Errors: what is wrong
/// with the text.
pub(crate) fn counts_of_hex(hex: &str) -> Result<Vec<(u64, u64)>, String> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let bytes = hex.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    let bytes: Vec<u8> = bytes.collect::<Option<_>>().ok_or("is not of pairs of hexadecimal digits")?;
    let histogram: Histogram<u64> = Deserializer::new()
        .deserialize(&mut bytes.as_slice())
        .map_err(|error| format!("is not in HdrHistogram's V2 format: {error:?}"))?;
    let recorded = histogram.iter_recorded();
    Ok(recorded.map(|step| (step.value_iterated_to(), step.count_since_last_iteration())).collect())
}
