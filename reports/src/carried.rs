//! The record inside its page: small lists as JSON, long ones as [`crate::pack`]s. Whoever has the page has the run.

use std::fmt::Write as _;

use crate::text::json_in_script;
use crate::{ReportError, RunRecord, pack};

/// The elements that hold the record. None of them is run or shown.
pub(crate) fn write(page: &mut String, record: &RunRecord) -> Result<(), ReportError> {
    let short = RunRecord {
        manifest: record.manifest.clone(),
        verdict: record.verdict,
        properties: record.properties.clone(),
        faults: record.faults.clone(),
        honest: record.honest.clone(),
        notes: record.notes.clone(),
        ..RunRecord::default()
    };
    let json = serde_json::to_string(&short)
        .map_err(|error| ReportError::Encode { what: "the record", reason: error.to_string() })?;
    let _ = write!(
        page,
        "<script type=\"application/json\" id=\"record\">{}</script>\n\
         <script type=\"text/plain\" id=\"series\">{}</script>\n\
         <script type=\"text/plain\" id=\"film\">{}</script>\n",
        json_in_script(&json),
        pack::series(record),
        pack::film(&record.windows)
    );
    Ok(())
}

/// The record that a page carries, its lists in order of time. Errors: [`ReportError::Carried`] of what is no such
/// page, or a damaged one.
pub fn record_in(page: &str) -> Result<RunRecord, ReportError> {
    let element = |tag: &str| {
        let (_, rest) = page.split_once(tag)?;
        rest.split_once("</script>").map(|(content, _)| content)
    };
    let part = |tag: &str| element(tag).ok_or_else(|| ReportError::Carried(format!("it has no {tag}")));
    let why = |what: &str, reason: String| ReportError::Carried(format!("{what}: {reason}"));
    let json = part("<script type=\"application/json\" id=\"record\">")?;
    let short: RunRecord = serde_json::from_str(json).map_err(|error| why("record", error.to_string()))?;
    let series = part("<script type=\"text/plain\" id=\"series\">")?;
    let series = pack::read_series(series).map_err(|reason| why("series", reason))?;
    let film = part("<script type=\"text/plain\" id=\"film\">")?;
    let windows = pack::read_film(film).map_err(|reason| why("film", reason))?;
    let pack::Series { commits, commands, node_events } = series;
    Ok(RunRecord { commits, commands, node_events, windows, ..short })
}
