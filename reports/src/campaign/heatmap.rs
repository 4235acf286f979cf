//! Heat maps of a sweep: two axes across and down, a third as panels, the others folded away.
//!
//! In the page a heat map is a table with coloured cells, so that it can be read aloud, copied and printed; beside
//! the page it is an SVG. The script in `heatmap.js` makes the same table of other axes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::design::{Design, Point};
use super::fold::{Cell, FEW_RUNS, Quantity, fold};
use super::ramp::{self, Shades};
use crate::measure::Unit;
use crate::plot::{FONTS, MUTED, STRONG, opening};
use crate::text::{count, csv_field, escape, plain, plural};
use crate::thin::evenly;
use crate::{Figure, ReportError};

/// The most columns and rows of a panel; more values are thinned out evenly.
const MOST_COLUMNS: usize = 12;
const MOST_ROWS: usize = 24;
/// The most panels.
const MOST_PANELS: usize = 6;

/// Which axes are shown how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) x: usize,
    pub(crate) y: Option<usize>,
    pub(crate) panel: Option<usize>,
}

/// A heat map ready to be shown.
pub(crate) struct Heatmap<'d, 'a> {
    design: &'d Design<'a>,
    view: View,
    pub(crate) quantity: Quantity,
    panels: Vec<u32>,
    rows: Vec<u32>,
    columns: Vec<u32>,
    /// By panel, row and column.
    cells: BTreeMap<(u32, u32, u32), Cell>,
    shades: Shades,
}

impl View {
    /// The axes that a reader most likely asks for: what was swept across and down, then nodes; engines as panels. `None`
    /// if nothing but the scenario differs.
    pub(crate) fn of(design: &Design<'_>) -> Option<View> {
        let rank = |at: &usize| {
            let axis = &design.axes[*at];
            let last_resort =
                ["nodes", "engine", "world", "scenario"].iter().position(|key| *key == axis.key);
            // Sizes read best from left to right.
            (last_resort.map_or(0, |place| place + 1), axis.numbers.is_none(), *at)
        };
        let mut order: Vec<usize> = (0..design.axes.len()).collect();
        order.sort_by_key(rank);
        let x = *order.first().filter(|at| design.axes[**at].key != "scenario")?;
        let y = order.get(1).copied();
        let free = |at: &usize| *at != x && Some(*at) != y && design.axes[*at].values.len() <= MOST_PANELS;
        let engine = design.axis("engine").filter(free);
        Some(View { x, y, panel: engine.or_else(|| order.into_iter().find(free)) })
    }
}

impl<'d, 'a> Heatmap<'d, 'a> {
    pub(crate) fn new(design: &'d Design<'a>, view: View, quantity: Quantity) -> Heatmap<'d, 'a> {
        let value = |point: &Point, axis: Option<usize>| axis.map_or(0, |axis| point.at[axis]);
        let mut together: BTreeMap<(u32, u32, u32), Vec<&Point>> = BTreeMap::new();
        for point in &design.points {
            let at = (value(point, view.panel), value(point, view.y), point.at[view.x]);
            together.entry(at).or_default().push(point);
        }
        let cells: BTreeMap<_, Cell> =
            together.into_iter().map(|(at, points)| (at, fold(points, quantity))).collect();
        let values: Vec<f64> =
            cells.values().filter_map(|cell| cell.estimate).map(|cell| cell.value).collect();
        let shown = |axis: Option<usize>, most: usize| -> Vec<u32> {
            let values = axis.map_or(1, |axis| design.axes[axis].values.len());
            evenly(values, most).map(|at| at as u32).collect()
        };
        Heatmap {
            design,
            view,
            quantity,
            panels: shown(view.panel, MOST_PANELS),
            rows: shown(view.y, MOST_ROWS),
            columns: shown(Some(view.x), MOST_COLUMNS),
            cells,
            shades: Shades::of(&values, quantity.unit() == Unit::Share),
        }
    }

    pub(crate) fn title(&self) -> String {
        let key = |axis: usize| &self.design.axes[axis].key;
        let by = match self.view.y {
            Some(y) => format!("by {} and {}", key(self.view.x), key(y)),
            None => format!("by {}", key(self.view.x)),
        };
        format!("{}, {by}", self.quantity.name())
    }

    /// What the reader must know.
    pub(crate) fn caption(&self) -> String {
        let folded: Vec<&str> = self
            .design
            .axes
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != self.view.x && Some(*at) != self.view.y && Some(*at) != self.view.panel)
            .map(|(_, axis)| axis.key.as_str())
            .collect();
        let over = if folded.is_empty() {
            String::new()
        } else {
            format!(" over all values of {}", folded.join(", "))
        };
        let what = match self.quantity {
            Quantity::Failures => {
                format!(
                    "Share of the runs that failed (violated or diverged){over}, with Wilson's 95 % interval."
                )
            }
            Quantity::Measure(_) if folded.is_empty() => {
                "Median over the runs, with its 95 % bootstrap interval.".to_owned()
            }
            Quantity::Measure(_) => {
                format!("Mean of the points' medians{over}, with its 95 % interval from theirs.")
            }
        };
        let shades = if self.shades.logarithmic { " Shades are logarithmic." } else { "" };
        let mut caption = format!(
            "{what} n = {}; ✗: failed runs; n: fewer than {FEW_RUNS} runs.{shades}",
            plural(self.design.rows.len() as u64, "run", "runs")
        );
        let whole = |axis: Option<usize>| axis.map_or(1, |axis| self.design.axes[axis].values.len());
        let hidden = whole(Some(self.view.x)) - self.columns.len() + whole(self.view.y) - self.rows.len();
        if hidden > 0 {
            let _ = write!(
                caption,
                " {} of the axes are not shown; the CSV has all.",
                plural(hidden as u64, "value", "values")
            );
        }
        caption
    }

    fn label(&self, axis: Option<usize>, at: u32) -> &str {
        axis.map_or("", |axis| &self.design.axes[axis].values[at as usize])
    }

    fn panel_name(&self, panel: u32) -> Option<String> {
        self.view
            .panel
            .map(|axis| format!("{} {}", self.design.axes[axis].key, self.label(self.view.panel, panel)))
    }

    fn corner(&self) -> String {
        let key = |axis: usize| &self.design.axes[axis].key;
        match self.view.y {
            Some(y) => format!("{} ↓ {} →", key(y), key(self.view.x)),
            None => format!("{} →", key(self.view.x)),
        }
    }

    /// The step and the lines of a cell: value, interval, marks.
    fn shown(&self, cell: &Cell) -> (Option<usize>, Vec<String>) {
        let unit = self.quantity.unit();
        let mut lines = Vec::new();
        match cell.estimate {
            Some(estimate) => {
                lines.push(unit.show(estimate.value));
                lines.push(unit.show_range(estimate.lo, estimate.hi));
            }
            None => lines.push("–".to_owned()),
        }
        if cell.tally.failed() > 0 {
            lines.push(format!("✗ {} of {}", count(cell.tally.failed()), count(cell.tally.runs())));
        }
        if cell.runs < FEW_RUNS {
            lines.push(format!("n = {}", cell.runs));
        }
        (cell.estimate.map(|estimate| self.shades.step(estimate.value)), lines)
    }

    /// The tables and the legend, as HTML.
    pub(crate) fn tables(&self, page: &mut String) {
        page.push_str("<div class=\"panels\">\n");
        for panel in &self.panels {
            let name = self.panel_name(*panel).unwrap_or_else(|| self.quantity.name().to_owned());
            let _ = write!(
                page,
                "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table class=\"heat\">\
                 <caption>{}</caption>\n<thead><tr><th scope=\"col\">{}</th>",
                escape(&format!("{}, {name}", self.title())),
                escape(&name),
                escape(&self.corner())
            );
            for column in &self.columns {
                let _ = write!(
                    page,
                    "<th scope=\"col\">{}</th>",
                    escape(&plain(self.label(Some(self.view.x), *column), 40))
                );
            }
            page.push_str("</tr></thead>\n<tbody>\n");
            for row in &self.rows {
                let _ = write!(
                    page,
                    "<tr><th scope=\"row\">{}</th>",
                    escape(&plain(self.label(self.view.y, *row), 40))
                );
                for column in &self.columns {
                    self.table_cell(page, self.cells.get(&(*panel, *row, *column)));
                }
                page.push_str("</tr>\n");
            }
            page.push_str("</tbody></table></div>\n");
        }
        page.push_str("</div>\n");
        if self.shades.lo <= self.shades.hi {
            let unit = self.quantity.unit();
            let _ = write!(page, "<p class=\"legend\">{} ", unit.show(self.shades.lo));
            (0..ramp::STEPS).for_each(|step| _ = write!(page, "<i class=\"r{step}\"></i>"));
            let _ = writeln!(page, " {}</p>", unit.show(self.shades.hi));
        }
    }

    fn table_cell(&self, page: &mut String, cell: Option<&Cell>) {
        let Some(cell) = cell else {
            page.push_str("<td class=\"absent\">not run</td>");
            return;
        };
        let (step, lines) = self.shown(cell);
        let class = step.map_or("absent".to_owned(), |step| format!("r{step}"));
        let _ = write!(page, "<td class=\"{class}\"><b>{}</b>", lines[0]);
        lines[1..].iter().for_each(|line| _ = write!(page, "<small>{line}</small>"));
        page.push_str("</td>");
    }

    /// The same as a figure: an SVG, and all cells as CSV.
    pub(crate) fn figure(&self) -> Result<Figure, ReportError> {
        Ok(Figure {
            name: format!("heatmap-{}", self.quantity.key()),
            title: self.title(),
            caption: self.caption(),
            svg: self.svg(),
            csv: self.csv(),
        })
    }

    fn svg(&self) -> String {
        const WIDTH: usize = 880;
        const LEFT: usize = 150;
        const ROW: usize = 54;
        const HEAD: usize = 52;
        let cell_width = ((WIDTH - LEFT) / self.columns.len()).min(150);
        let panel_height = HEAD + ROW * self.rows.len() + 14;
        let height = 24 + panel_height * self.panels.len() + 40;
        let canvas = (WIDTH as u32, height as u32);
        let mut svg = opening(&self.title(), canvas, canvas);
        let (strong, muted) = (STRONG.hex(), MUTED.hex());
        let _ = write!(
            svg,
            "<style>{}</style>\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"{}\"/>\n\
             <g font-family=\"{FONTS}\" font-size=\"12\">\n",
            ramp::style_sheet(),
            crate::plot::PAPER.hex()
        );
        let text = |svg: &mut String, x: usize, y: usize, anchor: &str, fill: &str, words: &str| {
            let words = escape(words);
            let _ = writeln!(
                svg,
                "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{fill}\">{words}</text>"
            );
        };
        for (number, panel) in self.panels.iter().enumerate() {
            let top = 24 + panel_height * number;
            let name = self.panel_name(*panel).unwrap_or_else(|| self.quantity.name().to_owned());
            text(&mut svg, 8, top, "start", &strong, &name);
            let key = |axis: usize| plain(&self.design.axes[axis].key, 22);
            text(
                &mut svg,
                LEFT + cell_width * self.columns.len(),
                top,
                "end",
                &muted,
                &format!("{} →", key(self.view.x)),
            );
            if let Some(down) = self.view.y {
                text(
                    &mut svg,
                    LEFT - 10,
                    top + HEAD - 20,
                    "end",
                    &muted,
                    &format!("{} ↓", plain(&key(down), 18)),
                );
            }
            for (at, column) in self.columns.iter().enumerate() {
                let middle = LEFT + cell_width * at + cell_width / 2;
                let label = plain(self.label(Some(self.view.x), *column), cell_width / 8);
                text(&mut svg, middle, top + HEAD - 20, "middle", &muted, &label);
            }
            for (down, row) in self.rows.iter().enumerate() {
                let y = top + HEAD - 10 + ROW * down;
                text(
                    &mut svg,
                    LEFT - 10,
                    y + ROW / 2 + 2,
                    "end",
                    &muted,
                    &plain(self.label(self.view.y, *row), 22),
                );
                for (at, column) in self.columns.iter().enumerate() {
                    let Some(cell) = self.cells.get(&(*panel, *row, *column)) else { continue };
                    let (step, lines) = self.shown(cell);
                    let class = step.map_or(String::new(), |step| format!(" class=\"r{step}\""));
                    let (x, middle) = (LEFT + cell_width * at, LEFT + cell_width * at + cell_width / 2);
                    let _ = writeln!(
                        svg,
                        "<g{class}><rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"none\"/>",
                        cell_width - 2,
                        ROW - 2
                    );
                    for (line, words) in lines.iter().take(3).enumerate() {
                        let size = if line == 0 { "" } else { " font-size=\"9.5\"" };
                        let _ = write!(
                            svg,
                            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" fill=\"{strong}\"{size}>{}</text>",
                            y + 17 + 14 * line,
                            escape(words)
                        );
                    }
                    svg.push_str("</g>\n");
                }
            }
        }
        if self.shades.lo <= self.shades.hi {
            let y = height - 26;
            let unit = self.quantity.unit();
            text(&mut svg, LEFT - 10, y + 11, "end", &muted, &unit.show(self.shades.lo));
            for step in 0..ramp::STEPS {
                let x = LEFT + 26 * step;
                let _ = write!(
                    svg,
                    "<g class=\"r{step}\"><rect x=\"{x}\" y=\"{y}\" width=\"24\" height=\"14\"/></g>"
                );
            }
            text(&mut svg, LEFT + 26 * ramp::STEPS + 8, y + 11, "start", &muted, &unit.show(self.shades.hi));
        }
        svg.push_str("</g>\n</svg>\n");
        svg
    }

    fn csv(&self) -> String {
        let key = |axis: Option<usize>| axis.map_or("", |axis| &self.design.axes[axis].key);
        let value = format!("{}{}", self.quantity.key(), self.quantity.unit().suffix());
        let names = [key(self.view.panel), key(self.view.y), key(Some(self.view.x))].map(csv_field);
        let mut csv = format!("{},{value},lo,hi,points,runs_with_value,runs,failed\n", names.join(","));
        for ((panel, row, column), cell) in &self.cells {
            let labels = [
                self.label(self.view.panel, *panel),
                self.label(self.view.y, *row),
                self.label(Some(self.view.x), *column),
            ]
            .map(csv_field);
            let estimate = match cell.estimate {
                Some(estimate) => format!("{},{},{}", estimate.value, estimate.lo, estimate.hi),
                None => ",,".to_owned(),
            };
            let _ = writeln!(
                csv,
                "{},{estimate},{},{},{},{}",
                labels.join(","),
                cell.points,
                cell.runs,
                cell.tally.runs(),
                cell.tally.failed()
            );
        }
        csv
    }
}

#[cfg(test)]
#[path = "heatmap_tests.rs"]
mod tests;
