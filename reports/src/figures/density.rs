//! The space-time diagram of a stretch with too many messages for arrows: on each lane, bars of how many its node
//! sent, in equal slices of the stretch; below the lane those of them that were lost.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Message;
use crate::plot::{FAULT, Ink};

/// Bars of all lanes together.
const MOST_BARS: usize = 6_000;
/// Bars on a lane, at most.
const MOST_COLUMNS: usize = 260;

/// Where the bars go.
pub(super) struct Field {
    pub(super) left: f64,
    pub(super) width: f64,
    pub(super) from_ns: u64,
    pub(super) to_ns: u64,
    /// The height of a lane.
    pub(super) pitch: f64,
}

impl Field {
    pub(super) fn columns(&self, lanes: usize) -> usize {
        (MOST_BARS / lanes.max(1)).clamp(30, MOST_COLUMNS)
    }
}

/// The bars, on lanes at the given rows; each kind of `kinds` has its colour, and comes in this order from below.
pub(super) fn draw(
    svg: &mut String,
    messages: &[&Message],
    rows: &BTreeMap<u16, f64>,
    kinds: &BTreeMap<&str, Ink>,
    field: &Field,
) {
    let columns = field.columns(rows.len());
    let column = |sent_ns: u64| {
        let share = sent_ns.saturating_sub(field.from_ns) as f64 / (field.to_ns - field.from_ns) as f64;
        ((share * columns as f64) as usize).min(columns - 1)
    };
    let mut sent: BTreeMap<(u16, usize), u64> = BTreeMap::new();
    let mut lost: BTreeMap<(u16, usize), u64> = BTreeMap::new();
    let mut by_kind: BTreeMap<&str, BTreeMap<(u16, usize), u64>> = BTreeMap::new();
    for message in messages {
        let cell = (message.from, column(message.sent_ns));
        *sent.entry(cell).or_default() += 1;
        *by_kind.entry(&message.kind).or_default().entry(cell).or_default() += 1;
        if message.received_ns.is_none() {
            *lost.entry(cell).or_default() += 1;
        }
    }
    let most = sent.values().max().copied().unwrap_or(1) as f64;
    // Above and below to the same scale, so a lane's bars reach half way to the next at most.
    let height = |count: u64| count as f64 / most * field.pitch * 0.48;
    let width = field.width / columns as f64;
    let left = |cell: &(u16, usize)| field.left + cell.1 as f64 * width;
    let mut tops: BTreeMap<(u16, usize), f64> = BTreeMap::new();
    for (kind, ink) in kinds {
        let mut path = String::new();
        for (cell, count) in by_kind.get(kind).into_iter().flatten() {
            let Some(row) = rows.get(&cell.0) else { continue };
            let top = tops.entry(*cell).or_insert(*row);
            *top -= height(*count);
            bar(&mut path, left(cell), *top, width, height(*count));
        }
        filled(svg, &path, *ink);
    }
    let mut path = String::new();
    for (cell, count) in &lost {
        if let Some(row) = rows.get(&cell.0) {
            bar(&mut path, left(cell), row + 1.0, width, height(*count).max(1.0));
        }
    }
    filled(svg, &path, FAULT);
}

fn bar(path: &mut String, x: f64, y: f64, width: f64, height: f64) {
    let _ = write!(path, "M{x:.1} {y:.1}h{width:.2}v{height:.2}h-{width:.2}z");
}

fn filled(svg: &mut String, path: &str, ink: Ink) {
    if !path.is_empty() {
        let _ = writeln!(svg, "<path d=\"{path}\" fill=\"{}\"/>", ink.hex());
    }
}
