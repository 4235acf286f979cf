//! Space-time diagrams: a lane per node, time to the right, each message an arrow from sender to receiver.
//!
//! The SVG is written by hand: slanted arrows, dashes and hover text are not what a chart library is for. Of a stretch
//! in which a choice of arrows would tell nothing any more, the lanes have bars instead ([`super::density`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{Figure, density, median_ns, provenance};
use crate::plot::{CROWD, FAULT, FONTS, GRID, Ink, MUTED, PAPER, SERIES, STRONG, opening};
use crate::text::{count, csv_field, escape, moment, plain, plural, span};
use crate::{Message, NodeEvent, RunRecord, SpaceTime, thin};

/// The most messages in one diagram.
const MOST_MESSAGES: usize = 400;
/// In a stretch with more messages, bars stand for them.
const MOST_FOR_ARROWS: usize = 20_000;
/// Up to this many nodes each has a lane, whether or not it takes part.
const FEW_NODES: u16 = 16;
const WIDTH: f64 = 880.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 24.0;
/// The palette's places that kinds of messages take; its second is too near to the colour of faults.
const KINDS: [usize; 6] = [0, 2, 3, 4, 5, 6];
/// Guessed width of a character of small text.
const CHAR: f64 = 6.4;

pub(super) fn figures(record: &RunRecord) -> Vec<Figure> {
    let inks = inks(record);
    (1..).zip(&record.windows).map(|(number, window)| figure(record, window, number, &inks)).collect()
}

/// The kinds of consensus messages have the same colour in every report.
const KNOWN: [&str; 3] = ["proposal", "prevote", "precommit"];

/// A colour for each kind of message, the same in all windows: first the [`KNOWN`] kinds, then the most frequent.
fn inks(record: &RunRecord) -> BTreeMap<&str, Ink> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for message in record.windows.iter().flat_map(|window| &window.messages) {
        *counts.entry(&message.kind).or_default() += 1;
    }
    let mut kinds: Vec<(&str, u64)> = counts.into_iter().collect();
    kinds.retain(|(kind, _)| !KNOWN.contains(kind));
    kinds.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let order = KNOWN.into_iter().chain(kinds.into_iter().map(|(kind, _)| kind));
    let colours = KINDS.into_iter().map(|at| SERIES[at]).chain(std::iter::repeat(CROWD));
    order.zip(colours).collect()
}

/// Where things are in one diagram.
struct Layout {
    from_ns: f64,
    to_ns: f64,
    /// The row of each node that has a lane.
    rows: BTreeMap<u16, f64>,
    top: f64,
    bottom: f64,
    pitch: f64,
    /// How long a lost message is drawn to have been on its way.
    usual_ns: u64,
}

impl Layout {
    fn x(&self, at_ns: u64) -> f64 {
        LEFT + (at_ns as f64 - self.from_ns) / (self.to_ns - self.from_ns) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, node: u16) -> f64 {
        self.rows.get(&node).copied().unwrap_or(self.bottom)
    }

    fn field(&self) -> density::Field {
        density::Field {
            left: LEFT,
            width: WIDTH - LEFT - RIGHT,
            from_ns: self.from_ns as u64,
            to_ns: self.to_ns as u64,
            pitch: self.pitch,
        }
    }
}

fn figure(record: &RunRecord, window: &SpaceTime, number: usize, inks: &BTreeMap<&str, Ink>) -> Figure {
    let messages = Message::in_order(&window.messages);
    let is_dense = messages.len() > MOST_FOR_ARROWS;
    let shown: Vec<&Message> = thin::evenly(messages.len(), MOST_MESSAGES).map(|at| messages[at]).collect();
    let (legend, legend_height) = legend(if is_dense { &messages } else { &shown }, inks);
    let layout = layout(record, window, &messages, 18.0 + legend_height);
    let height = layout.bottom + 46.0;
    let label = format!("Space-time diagram: {}", window.title);
    let size = (WIDTH as u32, height.ceil() as u32);
    let mut svg = opening(&label, size, size);
    let _ = writeln!(svg, "<rect width=\"{WIDTH}\" height=\"{height:.0}\" fill=\"{}\"/>", PAPER.hex());
    let _ = writeln!(svg, "<g font-family=\"{FONTS}\" font-size=\"12\">");
    svg.push_str(&legend);
    axes(&mut svg, &layout);
    let _ = writeln!(
        svg,
        "<clipPath id=\"lanes-{number}\"><rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/></clipPath>\
         <g clip-path=\"url(#lanes-{number})\" fill=\"none\">",
        layout.top - 24.0,
        WIDTH - LEFT - RIGHT + 8.0,
        layout.bottom - layout.top + 40.0
    );
    if is_dense {
        density::draw(&mut svg, &messages, &layout.rows, inks, &layout.field());
    }
    for message in shown.iter().filter(|_| !is_dense) {
        arrow(&mut svg, &layout, message, inks.get(message.kind.as_str()).copied().unwrap_or(CROWD));
    }
    svg.push_str("</g>\n");
    if !is_dense {
        marks(&mut svg, &layout, &window.marks);
    }
    svg.push_str("</g>\n</svg>\n");
    Figure {
        name: format!("spacetime-{number}"),
        title: plain(&window.title, 200),
        caption: caption(record, window, &messages, if is_dense { &[] } else { &shown }, &layout),
        svg,
        csv: csv(&messages),
    }
}

fn layout(record: &RunRecord, window: &SpaceTime, messages: &[&Message], top: f64) -> Layout {
    let taking_part: BTreeSet<u16> = if record.manifest.nodes <= FEW_NODES {
        (0..record.manifest.nodes).collect()
    } else {
        let ends = messages.iter().flat_map(|message| [message.from, message.to]);
        ends.chain(window.marks.iter().map(|mark| mark.node)).collect()
    };
    let pitch = (440.0 / taking_part.len().max(1) as f64).clamp(14.0, 64.0);
    let top = top + 26.0;
    let rows: BTreeMap<u16, f64> = taking_part
        .into_iter()
        .zip(0_u32..)
        .map(|(node, row)| (node, top + f64::from(row) * pitch))
        .collect();
    let bottom = top + rows.len().saturating_sub(1) as f64 * pitch;
    let delays: Vec<u64> =
        messages.iter().filter_map(|message| Some(message.received_ns? - message.sent_ns)).collect();
    let usual_ns = median_ns(delays).filter(|ns| *ns > 0).unwrap_or((window.to_ns - window.from_ns) / 12);
    Layout { from_ns: window.from_ns as f64, to_ns: window.to_ns as f64, rows, top, bottom, pitch, usual_ns }
}

/// A sample and a name for each kind that is drawn, wrapped into rows; with its height.
fn legend(shown: &[&Message], inks: &BTreeMap<&str, Ink>) -> (String, f64) {
    let mut entries: Vec<(String, String)> = Vec::new();
    let drawn: BTreeSet<&str> = shown.iter().map(|message| message.kind.as_str()).collect();
    let own = |kind: &&str| inks.get(kind).is_some_and(|ink| ink.hex() != CROWD.hex());
    let line = |ink: Ink, dash: &str| {
        format!(
            "<line x1=\"0\" x2=\"20\" y1=\"0\" y2=\"0\" stroke=\"{}\" stroke-width=\"2\"{dash}/>",
            ink.hex()
        )
    };
    for kind in drawn.iter().copied().filter(own) {
        entries.push((line(inks[kind], ""), plain(kind, 32)));
    }
    if !drawn.iter().all(own) {
        entries.push((line(CROWD, ""), "other kinds".into()));
    }
    if shown.iter().any(|message| message.received_ns.is_none()) {
        let cross = cross(22.0, 0.0, 3.5, MUTED);
        entries.push((format!("{}{cross}", line(MUTED, " stroke-dasharray=\"4 3\"")), "lost".into()));
    }
    if shown.iter().any(|message| message.fault.is_some()) {
        let ring = format!("<circle cx=\"11\" cy=\"0\" r=\"5\" fill=\"none\" stroke=\"{}\"/>", FAULT.hex());
        entries.push((ring, "touched by a fault".into()));
    }
    let (mut x, mut y) = (LEFT, 18.0);
    let mut svg = String::new();
    for (sample, name) in &entries {
        let width = 48.0 + name.chars().count() as f64 * CHAR;
        if x + width > WIDTH && x > LEFT {
            (x, y) = (LEFT, y + 20.0);
        }
        let _ = writeln!(
            svg,
            "<g transform=\"translate({x:.1} {y:.1})\">{sample}<text x=\"32\" dy=\"0.35em\" fill=\"{}\">{}</text></g>",
            STRONG.hex(),
            escape(name)
        );
        x += width + 12.0;
    }
    (svg, if entries.is_empty() { 0.0 } else { y })
}

fn axes(svg: &mut String, layout: &Layout) {
    let every = (14.0 / layout.pitch).ceil() as usize;
    for (at, (node, y)) in layout.rows.iter().enumerate() {
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"{}\" stroke-width=\"1.5\"/>",
            WIDTH - RIGHT,
            GRID.hex()
        );
        if at % every == 0 {
            let (x, ink) = (LEFT - 10.0, STRONG.hex());
            let _ = writeln!(
                svg,
                "<text x=\"{x}\" y=\"{y:.1}\" dy=\"0.35em\" text-anchor=\"end\" fill=\"{ink}\">node {node}</text>"
            );
        }
    }
    // Ticks count from the window's start: what happens in a window is small beside when it happens.
    let span_ns = layout.to_ns - layout.from_ns;
    let (unit, divisor) = match span_ns {
        ns if ns < 2e3 => ("ns", 1.0),
        ns if ns < 2e6 => ("µs", 1e3),
        ns if ns < 2e9 => ("ms", 1e6),
        _ => ("s", 1e9),
    };
    let y = layout.bottom + 14.0;
    for (value, label) in crate::axis::ticks(0.0, span_ns / divisor, 9) {
        let x = layout.x((layout.from_ns + value * divisor) as u64);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"{}\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"{}\">{label}</text>",
            y - 6.0,
            y - 1.0,
            CROWD.hex(),
            y + 11.0,
            MUTED.hex()
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"{}\">virtual time since {} ({unit})</text>",
        LEFT + (WIDTH - LEFT - RIGHT) / 2.0,
        y + 28.0,
        MUTED.hex(),
        moment(layout.from_ns as u64)
    );
}

fn arrow(svg: &mut String, layout: &Layout, message: &Message, ink: Ink) {
    let (x1, y1, y2) = (layout.x(message.sent_ns), layout.y(message.from), layout.y(message.to));
    let arrives_ns = message.received_ns.unwrap_or(message.sent_ns.saturating_add(layout.usual_ns));
    let (mut x2, mut y2) = (layout.x(arrives_ns), y2);
    let lost = message.received_ns.is_none();
    if lost {
        (x2, y2) = (x1 + (x2 - x1) * 0.75, y1 + (y2 - y1) * 0.75);
    }
    let _ = write!(svg, "<g class=\"m\"><title>{}</title>", escape(&hover(message)));
    let colour = ink.hex();
    let dash = if lost { " stroke-dasharray=\"4 3\"" } else { "" };
    let shape = if message.from == message.to {
        format!("<path d=\"M{x1:.1} {y1:.1}Q{:.1} {:.1} {x2:.1} {y2:.1}\"", (x1 + x2) / 2.0, y1 - 20.0)
    } else {
        format!("<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\"")
    };
    // The wide transparent stroke is what the pointer meets.
    let _ = write!(svg, "{shape} stroke=\"transparent\" stroke-width=\"8\"/>");
    let _ = write!(svg, "{shape} class=\"w\" stroke=\"{colour}\" stroke-width=\"1.2\"{dash}/>");
    if lost {
        svg.push_str(&cross(x2, y2, 3.5, ink));
    } else {
        let from_y = if message.from == message.to { y1 - 20.0 } else { y1 };
        let (dx, dy) = (x2 - x1, y2 - from_y);
        let length = dx.hypot(dy).max(0.1);
        let (ux, uy) = (dx / length, dy / length);
        let (bx, by) = (x2 - 7.0 * ux, y2 - 7.0 * uy);
        let _ = write!(
            svg,
            "<path d=\"M{x2:.1} {y2:.1}L{:.1} {:.1}L{:.1} {:.1}Z\" fill=\"{colour}\"/>",
            bx - 2.6 * uy,
            by + 2.6 * ux,
            bx + 2.6 * uy,
            by - 2.6 * ux
        );
    }
    if message.fault.is_some() {
        let (cx, cy) = if lost { (x2, y2) } else { ((x1 + x2) / 2.0, (y1 + y2) / 2.0) };
        let _ = write!(svg, "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"5\" stroke=\"{}\"/>", FAULT.hex());
    }
    svg.push_str("</g>\n");
}

fn cross(x: f64, y: f64, arm: f64, ink: Ink) -> String {
    format!(
        "<path d=\"M{:.1} {:.1}L{:.1} {:.1}M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"{}\" stroke-width=\"1.8\"/>",
        x - arm,
        y - arm,
        x + arm,
        y + arm,
        x - arm,
        y + arm,
        x + arm,
        y - arm,
        ink.hex()
    )
}

fn hover(message: &Message) -> String {
    let mut text = message.kind.clone();
    if !message.label.is_empty() {
        let _ = write!(text, " {}", message.label);
    }
    let _ = write!(text, ": node {} → node {}, sent {}", message.from, message.to, moment(message.sent_ns));
    match message.received_ns {
        Some(received_ns) => {
            let delay = span(received_ns - message.sent_ns);
            let _ = write!(text, ", received {} ({delay} later)", moment(received_ns));
        }
        None => text.push_str(", lost"),
    }
    if let Some(fault) = &message.fault {
        let _ = write!(text, ", fault {fault}");
    }
    text
}

/// Marks on the lanes. A label is written where its lane has room; the others are told on hover.
fn marks(svg: &mut String, layout: &Layout, marks: &[NodeEvent]) {
    let mut marks = NodeEvent::in_order(marks);
    marks.retain(|mark| (layout.from_ns..=layout.to_ns).contains(&(mark.at_ns as f64)));
    let mut free: BTreeMap<u16, f64> = BTreeMap::new();
    for mark in marks {
        let (x, y) = (layout.x(mark.at_ns), layout.y(mark.node));
        let ink = STRONG.hex();
        let paper = PAPER.hex();
        let glyph = match mark.kind.as_str() {
            "crash" => cross(x, y, 4.5, STRONG),
            "restart" => format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{paper}\" stroke=\"{ink}\" stroke-width=\"1.8\"/>"
            ),
            "lock" => format!(
                "<path d=\"M{x:.1} {:.1}L{:.1} {y:.1}L{x:.1} {:.1}L{:.1} {y:.1}Z\" fill=\"{ink}\"/>",
                y - 5.0,
                x + 5.0,
                y + 5.0,
                x - 5.0
            ),
            _ => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{ink}\"/>"),
        };
        let text =
            if mark.label.is_empty() { mark.kind.clone() } else { format!("{} {}", mark.kind, mark.label) };
        let title = format!("{text}: node {}, {}", mark.node, moment(mark.at_ns));
        let _ = write!(svg, "<g><title>{}</title>{glyph}", escape(&title));
        let text = plain(&text, 28);
        let width = text.chars().count() as f64 * CHAR;
        let left = (x + 5.0).min(WIDTH - 4.0 - width);
        let room = free.entry(mark.node).or_insert(0.0);
        if layout.pitch >= 26.0 && left >= *room {
            // The halo in the paper's colour keeps the label readable over arrows.
            let _ = write!(
                svg,
                "<text x=\"{left:.1}\" y=\"{:.1}\" font-size=\"11\" fill=\"{ink}\" stroke=\"{paper}\" \
                 stroke-width=\"3\" paint-order=\"stroke\">{}</text>",
                y - 6.0,
                escape(&text)
            );
            *room = left + width + 4.0;
        }
        svg.push_str("</g>\n");
    }
}

fn caption(
    record: &RunRecord,
    window: &SpaceTime,
    messages: &[&Message],
    shown: &[&Message],
    layout: &Layout,
) -> String {
    let lost = |of: &[&Message]| of.iter().filter(|message| message.received_ns.is_none()).count();
    let mut caption = format!(
        "Virtual time {} to {}; n = {}.",
        moment(window.from_ns),
        moment(window.to_ns),
        plural(messages.len() as u64, "message", "messages")
    );
    if shown.is_empty() && !messages.is_empty() {
        let columns = layout.field().columns(layout.rows.len());
        let _ = write!(
            caption,
            " A bar on a lane is how many messages its node sent in {}, by kind; below the lane, how many of them were \
             lost ({} in all). The CSV has each.",
            span((window.to_ns - window.from_ns) / columns as u64),
            count(lost(messages) as u64),
        );
    } else if shown.len() < messages.len() {
        let _ = write!(
            caption,
            " {} of them are drawn, an even choice in order of sending ({} of {} lost ones); the CSV has all.",
            shown.len(),
            count(lost(shown) as u64),
            count(lost(messages) as u64)
        );
    }
    if window.left_out > 0 {
        let _ = write!(caption, " It ends early: {} later messages had no room.", count(window.left_out));
    }
    if lost(shown) > 0 {
        let _ = write!(
            caption,
            " A lost message is dashed and ends in a cross, slanted as if it had taken the median delay of {}.",
            span(layout.usual_ns)
        );
    }
    if layout.rows.len() < usize::from(record.manifest.nodes) {
        caption.push_str(" Nodes that sent and received nothing here have no lane.");
    }
    if !shown.is_empty() {
        caption.push_str(" Point at an arrow or a mark to read it.");
    }
    caption.push_str(&provenance(record));
    caption
}

fn csv(messages: &[&Message]) -> String {
    let mut csv = String::from("from,to,sent_ns,received_ns,kind,label,fault\n");
    for message in messages {
        let received = message.received_ns.map(|ns| ns.to_string()).unwrap_or_default();
        let _ = writeln!(
            csv,
            "{},{},{},{received},{},{},{}",
            message.from,
            message.to,
            message.sent_ns,
            csv_field(&message.kind),
            csv_field(&message.label),
            csv_field(message.fault.as_deref().unwrap_or_default())
        );
    }
    csv
}
