//! A run's record in; tables, SVG figures and one self-contained HTML page out.
//!
//! Whatever ran a scenario fills a [`RunRecord`]; [`write()`] turns it into a folder that opens from the disk
//! without a network. Nothing here runs, judges or re-reads a simulation. The same record gives the same bytes.

mod axis;
mod bands;
mod campaign;
mod carried;
mod error;
mod explorer;
mod figures;
mod files;
mod latency;
mod pack;
mod page;
mod plot;
mod record;
mod row;
mod text;
mod thin;

pub use campaign::campaign_html;
pub use carried::record_in;
pub use error::ReportError;
pub use figures::{Curve, Figure, figures, growth};
pub use files::write;
pub use latency::histogram;
pub use page::html;
pub use record::{
    CommandDone, Commit, FaultSpan, Manifest, Message, NodeEvent, PropertyKind, PropertyResult, RunRecord,
    SpaceTime, Verdict,
};
pub use row::Row;
