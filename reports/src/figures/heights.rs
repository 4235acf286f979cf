//! Height per node over time: stalls, catch-up and crashes.
//!
//! Up to seven nodes have a line each. In a larger run the nodes that stand out (crashed, Byzantine, or far
//! behind at the end) have lines and the others are one band from the slowest to the fastest.

use std::fmt::Write as _;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::{Figure, provenance};
use crate::axis;
use crate::bands::Bands;
use crate::plot::{self, CROWD, Canvas, Drawn, Ink, Panel, SERIES, STRONG, TITLE_ROW, X_AXIS};
use crate::text::{count, plural};
use crate::{ReportError, RunRecord};

/// Height of the plotting area, canvas pixels.
const PLOT: u32 = 500;
/// Room for the names of the lines.
const RIGHT: u32 = 330;
/// Room between two names.
const NAME: i32 = 30;
/// Columns in which the band of ordinary nodes is drawn.
const COLUMNS: u32 = 300;

/// The life of a node: its commits in order of time, and when it was down.
struct Life {
    node: u16,
    honest: bool,
    /// Time and height, in order of time.
    heights: Vec<(u64, u64)>,
    /// Spans of `[crash, restart)`.
    down: Vec<(u64, u64)>,
}

impl Life {
    fn final_height(&self) -> u64 {
        self.heights.last().map_or(0, |last| last.1)
    }

    fn height_at(&self, at_ns: u64) -> u64 {
        let after = self.heights.partition_point(|entry| entry.0 <= at_ns);
        after.checked_sub(1).map_or(0, |last| self.heights[last].1)
    }

    /// The line as steps, a list for each stretch in which the node was up; steps within a pixel are merged.
    fn stretches(&self, end_ns: u64) -> Vec<Vec<(u64, u64)>> {
        let pixel_ns = end_ns / u64::from(plot::WIDTH);
        let mut bounds = Vec::new();
        let mut up_since = 0;
        for &(crash_ns, restart_ns) in &self.down {
            bounds.push((up_since, crash_ns));
            up_since = restart_ns;
        }
        bounds.push((up_since, end_ns));
        bounds
            .into_iter()
            .filter(|(from_ns, to_ns)| from_ns < to_ns)
            .map(|(from_ns, to_ns)| {
                let mut steps = vec![(from_ns, self.height_at(from_ns))];
                let inside = |entry: &&(u64, u64)| from_ns < entry.0 && entry.0 <= to_ns;
                for &(at_ns, height) in self.heights.iter().filter(inside) {
                    let before = steps[steps.len() - 1];
                    if at_ns - before.0 < pixel_ns && steps.len() > 1 {
                        steps.pop();
                        steps.push((before.0, height));
                        continue;
                    }
                    steps.push((at_ns, before.1));
                    steps.push((at_ns, height));
                }
                steps.push((to_ns, steps[steps.len() - 1].1));
                steps
            })
            .collect()
    }
}

pub(super) fn figure(record: &RunRecord) -> Result<Option<Figure>, ReportError> {
    let end_ns = record.manifest.duration_ns;
    if record.manifest.nodes == 0 || end_ns == 0 {
        return Ok(None);
    }
    let mut lives = lives(record);
    let most = record.commits.iter().map(|commit| commit.height).max().unwrap_or(0);
    lives.sort_by_key(|life| {
        let ordinary = life.honest && life.down.is_empty();
        (ordinary, life.final_height(), life.node)
    });
    let median = lives[lives.len() / 2].final_height();
    let all_named = lives.len() <= SERIES.len();
    let stands_out = |life: &Life| {
        !life.honest || !life.down.is_empty() || life.final_height() < median.saturating_sub(2 + median / 20)
    };
    let out_count = lives.iter().filter(|life| stands_out(life)).count();
    let (mut named, crowd): (Vec<Life>, Vec<Life>) = if all_named {
        (lives, Vec::new())
    } else {
        let mut named: Vec<Life> = Vec::new();
        let mut crowd = Vec::new();
        for life in lives {
            if stands_out(&life) && named.len() < SERIES.len() { named.push(life) } else { crowd.push(life) }
        }
        (named, crowd)
    };
    named.sort_by_key(|life| life.node);

    let (x, divisor) = axis::time_axis(end_ns);
    let y = axis::amount_axis(most as f64, true, "height (blocks)");
    let bands = Bands::new(&record.faults, end_ns, RIGHT);
    let top = TITLE_ROW + bands.height() + 8;
    let bottom = top + PLOT + X_AXIS;
    let title = "Height of each node over time";
    let svg = plot::draw("height", title, bottom, |canvas| {
        plot::y_title(canvas, TITLE_ROW - 8, &y.title)?;
        let mut panel = plot::panel(canvas, (top, bottom), RIGHT, &x, &y)?;
        bands.shade(&mut panel, x.hi, (y.lo, y.hi))?;
        bands.strip(canvas, top, RIGHT)?;
        if !crowd.is_empty() {
            draw_crowd(&mut panel, &crowd, end_ns, divisor)?;
        }
        for (at, life) in named.iter().enumerate() {
            // Later lines are thinner, so that those below show at their edges where nodes agree.
            let stroke = 3 + u32::try_from(named.len() - 1 - at).unwrap_or(0).min(4);
            draw_life(&mut panel, life, SERIES[at], stroke, end_ns, divisor)?;
        }
        for (at, life) in named.iter().enumerate() {
            draw_crashes(&mut panel, life, SERIES[at], end_ns, divisor)?;
        }
        draw_names(canvas, &panel, &named, &crowd, (x.hi, bottom - X_AXIS))
    })?;
    let mut caption = String::from("The last block that each node has made final.");
    if named.iter().any(|life| !life.down.is_empty()) {
        caption.push_str(
            " A line ends in a cross where its node crashed and resumes at a ring where it restarted.",
        );
    }
    if !crowd.is_empty() {
        let _ = write!(
            caption,
            " The grey band spans the slowest to the fastest of {}.",
            plural(crowd.len() as u64, "other node", "other nodes")
        );
    }
    if out_count > named.len() {
        let _ = write!(
            caption,
            " {} nodes crashed, fell behind or are Byzantine; {} of them have a line of their own.",
            out_count,
            named.len()
        );
    }
    let _ = write!(
        caption,
        " n = {}.{}{}",
        plural(record.commits.len() as u64, "commit", "commits"),
        bands.caption(),
        provenance(record)
    );
    Ok(Some(Figure { name: "height".into(), title: title.into(), caption, svg, csv: csv(record) }))
}

fn lives(record: &RunRecord) -> Vec<Life> {
    let mut lives: Vec<Life> = (0..record.manifest.nodes)
        .zip(&record.honest)
        .map(|(node, honest)| Life { node, honest: *honest, heights: Vec::new(), down: Vec::new() })
        .collect();
    for commit in &record.commits {
        lives[usize::from(commit.node)].heights.push((commit.at_ns, commit.height));
    }
    let mut events: Vec<(u64, u16, bool)> = record
        .node_events
        .iter()
        .filter(|event| event.kind == "crash" || event.kind == "restart")
        .map(|event| (event.at_ns, event.node, event.kind == "crash"))
        .collect();
    events.sort_unstable();
    for (at_ns, node, crash) in events {
        let down = &mut lives[usize::from(node)].down;
        let is_down = down.last().is_some_and(|span| span.1 == u64::MAX);
        match (crash, is_down) {
            (true, false) => down.push((at_ns, u64::MAX)),
            (false, true) => {
                if let Some(span) = down.last_mut() {
                    span.1 = at_ns;
                }
            }
            _ => {}
        }
    }
    for life in &mut lives {
        life.heights.sort_unstable();
    }
    lives
}

fn draw_life(
    panel: &mut Panel<'_>,
    life: &Life,
    ink: Ink,
    stroke: u32,
    end_ns: u64,
    divisor: f64,
) -> Drawn<()> {
    let place = |(at_ns, height): (u64, u64)| (at_ns as f64 / divisor, height as f64);
    for stretch in life.stretches(end_ns) {
        let steps: Vec<(f64, f64)> = stretch.into_iter().map(place).collect();
        panel.draw_series([PathElement::new(steps, ink.color().stroke_width(stroke))])?;
    }
    Ok(())
}

/// A cross where the node crashed, a ring where it restarted; over all lines, or they would be hidden.
fn draw_crashes(panel: &mut Panel<'_>, life: &Life, ink: Ink, end_ns: u64, divisor: f64) -> Drawn<()> {
    let place = |at_ns: u64| (at_ns as f64 / divisor, life.height_at(at_ns) as f64);
    for &(crash_ns, restart_ns) in &life.down {
        panel.draw_series([Cross::new(place(crash_ns), 9, ink.color().stroke_width(4))])?;
        if restart_ns <= end_ns {
            panel.draw_series([Circle::new(place(restart_ns), 8, ink.color().stroke_width(4))])?;
        }
    }
    Ok(())
}

fn draw_crowd(panel: &mut Panel<'_>, crowd: &[Life], end_ns: u64, divisor: f64) -> Drawn<()> {
    let columns: Vec<(f64, u64, u64)> = (0..=COLUMNS)
        .map(|column| {
            let at_ns = (u128::from(end_ns) * u128::from(column) / u128::from(COLUMNS)) as u64;
            let heights = crowd.iter().map(|life| life.height_at(at_ns));
            let (least, most) =
                heights.fold((u64::MAX, 0), |(lo, hi), height| (lo.min(height), hi.max(height)));
            (at_ns as f64 / divisor, least, most)
        })
        .collect();
    let upper = columns.iter().map(|column| (column.0, column.2 as f64));
    let lower = columns.iter().rev().map(|column| (column.0, column.1 as f64));
    let outline: Vec<(f64, f64)> = upper.clone().chain(lower.clone()).collect();
    panel.draw_series([Polygon::new(outline, CROWD.color().mix(0.3))])?;
    panel.draw_series([PathElement::new(upper.collect::<Vec<_>>(), CROWD.color().stroke_width(3))])?;
    panel.draw_series([PathElement::new(lower.collect::<Vec<_>>(), CROWD.color().stroke_width(3))])?;
    Ok(())
}

/// The lines' names in the right margin, beside their ends but never over each other.
fn draw_names(
    canvas: &Canvas<'_>,
    panel: &Panel<'_>,
    named: &[Life],
    crowd: &[Life],
    (x_hi, floor): (f64, u32),
) -> Drawn<()> {
    let mut names: Vec<(i32, Ink, String)> = Vec::new();
    for (at, life) in named.iter().enumerate() {
        let height = life.final_height();
        let kind = if life.honest { "" } else { " Byzantine" };
        let row = panel.backend_coord(&(x_hi, height as f64)).1;
        names.push((row, SERIES[at], format!("node {}{kind} · {}", life.node, count(height))));
    }
    if let (Some(least), Some(most)) =
        (crowd.iter().map(Life::final_height).min(), crowd.iter().map(Life::final_height).max())
    {
        let row = panel.backend_coord(&(x_hi, most as f64)).1;
        let reach = if least == most { count(most) } else { format!("{}–{}", count(least), count(most)) };
        names.push((row, CROWD, format!("{} others · {reach}", crowd.len())));
    }
    names.sort_by_key(|name| name.0);
    let rows =
        spread(&names.iter().map(|name| name.0).collect::<Vec<_>>(), i32::try_from(floor).unwrap_or(0));
    let edge = plot::x_pixel(1.0, RIGHT);
    for ((end, ink, name), row) in names.into_iter().zip(rows) {
        let leader = vec![(edge + 4, end), (edge + 22, row)];
        canvas.draw(&PathElement::new(leader, ink.color().stroke_width(5)))?;
        plot::write(canvas, &name, (edge + 30, row), STRONG, (HPos::Left, VPos::Center))?;
    }
    Ok(())
}

/// Rows at least [`NAME`] apart and near the wanted ones (which ascend), the last not below `floor`.
fn spread(wanted: &[i32], floor: i32) -> Vec<i32> {
    let mut rows = Vec::with_capacity(wanted.len());
    let mut free = i32::MIN;
    for &row in wanted {
        let row = row.max(free);
        rows.push(row);
        free = row.saturating_add(NAME);
    }
    let mut limit = floor;
    for row in rows.iter_mut().rev() {
        *row = (*row).min(limit);
        limit = row.saturating_sub(NAME);
    }
    rows
}

fn csv(record: &RunRecord) -> String {
    let mut rows: Vec<(u16, u64, u64, u32)> = record
        .commits
        .iter()
        .map(|commit| (commit.node, commit.at_ns, commit.height, commit.round))
        .collect();
    rows.sort_unstable();
    let mut csv = String::from("node,at_ns,height,round\n");
    for (node, at_ns, height, round) in rows {
        let _ = writeln!(csv, "{node},{at_ns},{height},{round}");
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spread_apart_and_stay_above_the_floor() {
        let rows = spread(&[10, 12, 14, 300, 480, 499, 500], 500);
        assert!(rows.windows(2).all(|pair| pair[1] - pair[0] >= NAME), "{rows:?}");
        assert!(rows.iter().all(|row| *row <= 500), "{rows:?}");
        assert_eq!((rows[0], rows[3]), (10, 300));
    }

    #[test]
    fn a_crashed_node_has_no_line_until_it_restarts() {
        let life = Life { node: 0, honest: true, heights: vec![(100, 1), (900, 2)], down: vec![(200, 700)] };
        let stretches = life.stretches(1_000);
        assert_eq!(
            stretches,
            [vec![(0, 0), (100, 0), (100, 1), (200, 1)], vec![(700, 1), (900, 1), (900, 2), (1_000, 2)]]
        );
        let dead = Life { down: vec![(200, u64::MAX)], ..life };
        assert_eq!(dead.stretches(1_000).len(), 1);
    }
}
