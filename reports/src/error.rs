//! What can go wrong between a record and its report.

use std::path::PathBuf;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The record contradicts itself.
    #[error("the run record is inconsistent: {list}[{at}] {reason}")]
    Invalid {
        /// The list in the record.
        list: &'static str,
        /// The entry's place in it, from zero.
        at: usize,
        /// What is wrong with the entry.
        reason: String,
    },
    /// A figure could not be drawn.
    #[error("could not draw figure {figure}: {reason}")]
    Draw {
        /// The figure's name.
        figure: String,
        /// What the drawing library said.
        reason: String,
    },
    /// The record or the histogram could not be encoded.
    #[error("could not encode {what}: {reason}")]
    Encode {
        /// What was being encoded.
        what: &'static str,
        /// What the encoder said.
        reason: String,
    },
    /// A page carries no record, or one that is damaged.
    #[error("the page carries no record that can be read: {0}")]
    Carried(String),
    /// A file of the report could not be written.
    #[error("could not write {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
