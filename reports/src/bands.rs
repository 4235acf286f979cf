//! Faults on the time axis: a shade across the plot and a labelled bar in a strip above it.
//!
//! Bars are packed into a few lanes so that no label covers another. A fault without room keeps its shade and
//! the caption says so. A fault that lasts the whole run gets its bar only: a shade everywhere tells nothing.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use crate::FaultSpan;
use crate::plot::{self, Canvas, Drawn, FAULT, Panel, STRONG};

/// Height of a lane of bars, canvas pixels.
const LANE: u32 = 36;
/// The most lanes above a plot.
const MOST_LANES: usize = 5;
/// Opacity of the shade across the plot.
const SHADE: f64 = 0.10;
/// Opacity of the bar in the strip.
const BAR: f64 = 0.28;

/// The faults of a run, laid out above a time axis.
pub(crate) struct Bands {
    bands: Vec<Band>,
    lanes: usize,
}

struct Band {
    id: String,
    /// Start and end as fractions of the run.
    from: f64,
    to: f64,
    lane: Option<usize>,
    whole_run: bool,
}

impl Bands {
    /// Lays out the faults that act before the run's end; `right` is the room right of the plot.
    pub(crate) fn new(faults: &[FaultSpan], duration_ns: u64, right: u32) -> Bands {
        let duration = duration_ns.max(1) as f64;
        let mut inside: Vec<&FaultSpan> =
            faults.iter().filter(|fault| fault.start_ns <= duration_ns).collect();
        inside.sort_by_key(|fault| (fault.start_ns, fault.end_ns));
        let mut lane_ends: Vec<i32> = Vec::new();
        let bands = inside
            .into_iter()
            .map(|fault| {
                let from = fault.start_ns as f64 / duration;
                let to = (fault.end_ns as f64 / duration).min(1.0);
                let id = crate::text::plain(&fault.id, 28);
                let (left, width) = label_box(&id, from, right);
                let end = plot::x_pixel(to, right).max(left + width) + 12;
                let free = lane_ends.iter().position(|lane_end| *lane_end <= left);
                let lane = free.or_else(|| {
                    (lane_ends.len() < MOST_LANES).then(|| {
                        lane_ends.push(0);
                        lane_ends.len() - 1
                    })
                });
                if let Some(lane) = lane {
                    lane_ends[lane] = end;
                }
                Band { id, from, to, lane, whole_run: to - from > 0.985 }
            })
            .collect();
        Bands { bands, lanes: lane_ends.len() }
    }

    /// The height of the strip, canvas pixels.
    pub(crate) fn height(&self) -> u32 {
        LANE * u32::try_from(self.lanes).unwrap_or(0)
    }

    /// Shades the plot. Call it before the data is drawn.
    pub(crate) fn shade(&self, panel: &mut Panel<'_>, x_hi: f64, (y_lo, y_hi): (f64, f64)) -> Drawn<()> {
        let shades = self.bands.iter().filter(|band| !band.whole_run).map(|band| {
            // An instantaneous fault is still a pixel wide.
            let to = band.to.max(band.from + 0.001);
            let corners = [(band.from * x_hi, y_hi), (to * x_hi, y_lo)];
            Rectangle::new(corners, FAULT.color().mix(SHADE).filled())
        });
        panel.draw_series(shades)?;
        Ok(())
    }

    /// Draws the strip of labelled bars that ends at canvas row `bottom`.
    pub(crate) fn strip(&self, canvas: &Canvas<'_>, bottom: u32, right: u32) -> Drawn<()> {
        for band in &self.bands {
            let Some(lane) = band.lane else { continue };
            let below = u32::try_from(lane).unwrap_or(0) * LANE;
            let base = i32::try_from(bottom.saturating_sub(below)).unwrap_or(0);
            let (x0, x1) = (plot::x_pixel(band.from, right), plot::x_pixel(band.to, right));
            let corners = [(x0, base - 32), (x1.max(x0 + 3), base - 3)];
            canvas.draw(&Rectangle::new(corners, FAULT.color().mix(BAR).filled()))?;
            let (left, _) = label_box(&band.id, band.from, right);
            plot::write(canvas, &band.id, (left, base - 18), STRONG, (HPos::Left, VPos::Center))?;
        }
        Ok(())
    }

    /// What a caption must say about the bands; empty without faults.
    pub(crate) fn caption(&self) -> String {
        if self.bands.is_empty() {
            return String::new();
        }
        let mut caption = String::from(" Shaded: faults, with their ids above.");
        if self.bands.iter().any(|band| band.whole_run) {
            caption.push_str(" A fault that lasts the whole run has a bar only.");
        }
        let silent = self.bands.iter().filter(|band| band.lane.is_none()).count();
        if silent > 0 {
            caption.push_str(&format!(
                " {silent} of {} faults are shaded without a label; the table lists all.",
                self.bands.len()
            ));
        }
        caption
    }
}

/// Where a label starts, and its width: at the fault's start, or further left where the canvas would end.
fn label_box(id: &str, from: f64, right: u32) -> (i32, i32) {
    let width = plot::text_width(id) as i32;
    let start = plot::x_pixel(from, right) + 6;
    let latest = i32::try_from(plot::WIDTH).unwrap_or(0) - 8 - width;
    (start.min(latest).max(0), width)
}
