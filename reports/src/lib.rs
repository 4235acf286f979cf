//! A run's record in; tables, SVG figures and one self-contained HTML page out.
//!
//! Whatever ran a scenario fills a [`RunRecord`]; [`write()`] turns it into a folder that opens from the disk
//! without a network. Many runs are a [`Row`] each: [`write_campaign`] turns them into such a folder too, and
//! [`fn@compare`] puts two campaigns beside each other. Nothing here runs, judges or re-reads a simulation. The same
//! record gives the same bytes.

mod axis;
mod bands;
mod campaign;
mod carried;
mod compare;
mod error;
mod explorer;
mod figures;
mod files;
pub mod index;
mod latency;
mod measure;
mod pack;
mod page;
mod plot;
mod quantity;
mod record;
mod row;
pub mod statistics;
mod text;
mod thin;

pub use campaign::{campaign_html, write_campaign};
pub use carried::record_in;
pub use compare::{
    Comparison, Finding, GroupComparison, MeasureComparison, Place, PointComparison, Rule, TestKind, compare,
    compare_html,
};
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
