//! A report as a folder: the page, the figures with their data, and the histogram.

use std::path::{Path, PathBuf};

use crate::latency::{hgrm, hist_json, histogram};
use crate::{ReportError, RunRecord, page};

/// Writes the report into `dir`, which is made if it does not exist, and gives the path of the page:
///
/// - `report.html`, complete in itself;
/// - `plots/NAME.svg` and `plots/NAME.csv` for each figure;
/// - `hist.hgrm`, the commit latency's percentiles as text, milliseconds;
/// - `hist.json`, the same as JSON in microseconds, with the whole histogram in HdrHistogram's V2 format.
///
/// Files of these names are replaced, others left. Errors: an inconsistent record, or a file that could not be
/// written; drawing comes first, so that an inconsistent record writes nothing.
pub fn write(record: &RunRecord, dir: &Path) -> Result<PathBuf, ReportError> {
    let figures = crate::figures(record)?;
    let html = page::render(record, &figures)?;
    let commits = histogram(record);
    let json = hist_json(&commits)?;
    let plots = dir.join("plots");
    std::fs::create_dir_all(&plots).map_err(|source| ReportError::Io { path: plots.clone(), source })?;
    for figure in &figures {
        save(&plots.join(format!("{}.svg", figure.name)), &figure.svg)?;
        save(&plots.join(format!("{}.csv", figure.name)), &figure.csv)?;
    }
    save(&dir.join("hist.hgrm"), &hgrm(&commits))?;
    save(&dir.join("hist.json"), &json)?;
    let path = dir.join("report.html");
    save(&path, &html)?;
    Ok(path)
}

pub(crate) fn save(path: &Path, text: &str) -> Result<(), ReportError> {
    std::fs::write(path, text).map_err(|source| ReportError::Io { path: path.to_owned(), source })
}
