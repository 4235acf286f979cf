//! A chart of lines through estimates: intervals as bars or as a band, each line's name at its end.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::scale::Scale;
use crate::ReportError;
use crate::plot::{self, Drawn, Ink, Panel, TITLE_ROW, X_AXIS};
use crate::statistics::Estimate;

/// Height of the plotting area, canvas pixels.
const PLOT: u32 = 520;
/// Room for the names of the lines, canvas pixels.
const RIGHT: u32 = 330;
/// Opacity of a band.
const BAND: f64 = 0.16;
/// Opacity of a dot among many.
const CROWDED: f64 = 0.7;
/// The least distance of two names, canvas pixels.
const NAME_ROW: i32 = 32;

pub(crate) struct Line {
    /// Written at its end.
    pub(crate) name: String,
    pub(crate) ink: Ink,
    /// From left to right.
    pub(crate) marks: Vec<Mark>,
    pub(crate) look: Look,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// A dot at each mark with a bar for its interval.
    Bars,
    /// The same, hollow and thinner: a companion of another line of the same colour.
    Faint,
    /// No dots; the intervals are a band.
    Band,
    /// Dots that nothing connects, with bars.
    Dots,
    /// Small dots without bars: there are many.
    BareDots,
}

#[derive(Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) x: Estimate,
    pub(crate) y: Estimate,
}

impl Mark {
    /// At an x that is known exactly.
    pub(crate) fn at(x: f64, y: Estimate) -> Mark {
        Mark { x: Estimate { value: x, lo: x, hi: x }, y }
    }
}

/// Draws the lines. Errors: drawing that failed.
pub(crate) fn draw(
    name: &str,
    title: &str,
    x: &Scale,
    y: &Scale,
    lines: &[Line],
) -> Result<String, ReportError> {
    let top = TITLE_ROW + 8;
    let bottom = top + PLOT + X_AXIS;
    plot::draw(name, title, bottom, |canvas| {
        plot::y_title(canvas, TITLE_ROW - 8, &y.axis.title)?;
        let mut panel = plot::panel(canvas, (top, bottom), RIGHT, &x.axis, &y.axis)?;
        let mut ends = Vec::new();
        for line in lines {
            let Some(last) = line.marks.last() else { continue };
            let end = (x.place(last.x.value), y.place(last.y.value));
            ends.push((panel.backend_coord(&end).1, line));
            paint(&mut panel, line, x, y)?;
        }
        ends.sort_by_key(|end| end.0);
        // Names that would leave the canvas at its bottom start higher instead.
        let lowest = i32::try_from(top + PLOT).unwrap_or(0);
        let mut free = i32::MIN;
        for (rank, (row, line)) in ends.iter().enumerate() {
            let below = i32::try_from(ends.len() - 1 - rank).unwrap_or(0) * NAME_ROW;
            let at = (*row).min(lowest - below).max(free);
            free = at + NAME_ROW;
            let left = plot::x_pixel(1.0, RIGHT) + 16;
            plot::write(canvas, &line.name, (left, at), line.ink, (HPos::Left, VPos::Center))?;
        }
        Ok(())
    })
}

fn paint(panel: &mut Panel<'_>, line: &Line, x: &Scale, y: &Scale) -> Drawn<()> {
    let color = line.ink.color();
    let place = |x_value: f64, y_value: f64| (x.place(x_value), y.place(y_value));
    let path: Vec<(f64, f64)> = line.marks.iter().map(|mark| place(mark.x.value, mark.y.value)).collect();
    if line.look == Look::Band {
        let above = line.marks.iter().map(|mark| place(mark.x.value, mark.y.hi));
        let below = line.marks.iter().rev().map(|mark| place(mark.x.value, mark.y.lo));
        let band: Vec<(f64, f64)> = above.chain(below).collect();
        panel.draw_series([Polygon::new(band, color.mix(BAND).filled())])?;
        panel.draw_series([PathElement::new(path, color.stroke_width(4))])?;
        return Ok(());
    }
    let width = if line.look == Look::Faint { 2 } else { 4 };
    if line.look == Look::BareDots {
        panel.draw_series(path.iter().map(|at| Circle::new(*at, 5, color.mix(CROWDED).filled())))?;
        return Ok(());
    }
    if line.look != Look::Dots {
        panel.draw_series([PathElement::new(path.clone(), color.stroke_width(width))])?;
    }
    let bars = line.marks.iter().flat_map(|mark| {
        let across = vec![place(mark.x.lo, mark.y.value), place(mark.x.hi, mark.y.value)];
        let along = vec![place(mark.x.value, mark.y.lo), place(mark.x.value, mark.y.hi)];
        [across, along]
    });
    panel.draw_series(bars.map(|bar| PathElement::new(bar, color.stroke_width(2))))?;
    if line.look == Look::Faint {
        panel.draw_series(path.iter().map(|at| Circle::new(*at, 6, plot::PAPER.color().filled())))?;
        panel.draw_series(path.iter().map(|at| Circle::new(*at, 6, color.stroke_width(2))))?;
    } else {
        panel.draw_series(path.iter().map(|at| Circle::new(*at, 7, color.filled())))?;
    }
    Ok(())
}
