//! The figures of a run, one file each, and each figure's data as CSV.
//!
//! A figure whose data is absent is left out; the page says what is missing.

mod cdf;
mod density;
mod growth;
mod heights;
mod latency;
mod spacetime;
mod throughput;

pub use growth::{Curve, growth};

use crate::{ReportError, RunRecord};

/// One figure: a picture, what it shows in words, and the numbers behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Stable name, fit for a file: `latency`, `cdf`, `height`, `throughput`, `spacetime-1`, ….
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
    /// What the reader must know: counts, seed, what was left out. Plain text, not escaped.
    pub caption: String,
    /// A complete SVG document.
    pub svg: String,
    /// All the data, also what was thinned out of the picture; a header line, then RFC 4180 with `\n`.
    pub csv: String,
}

/// All figures that the record has data for, in the order of the page. Errors: an inconsistent record, or
/// drawing that failed.
pub fn figures(record: &RunRecord) -> Result<Vec<Figure>, ReportError> {
    record.validate()?;
    let mut all = Vec::new();
    all.extend(latency::figure(record)?);
    all.extend(cdf::figure(record)?);
    all.extend(heights::figure(record)?);
    all.extend(throughput::figure(record)?);
    all.extend(spacetime::figures(record));
    Ok(all)
}

/// The end of every caption: which run this is.
fn provenance(record: &RunRecord) -> String {
    let manifest = &record.manifest;
    format!(" {}, seed {}.", crate::text::plural(manifest.nodes.into(), "node", "nodes"), manifest.seed)
}

/// The exact median of some latencies; `None` of none.
fn median_ns(mut latencies_ns: Vec<u64>) -> Option<u64> {
    let middle = latencies_ns.len().checked_sub(1)? / 2;
    Some(*latencies_ns.select_nth_unstable(middle).1)
}
