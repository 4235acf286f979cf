//! What all charts share: colours, type, panels, and the wrapping of plotters' SVG.
//!
//! Charts are drawn on a canvas of twice the shown size, because plotters rounds to whole pixels. Dark mode and
//! print need no second drawing: a style sheet in each SVG maps each colour of the palette, by the attribute
//! that plotters writes, to its dark counterpart.

use std::fmt::Write as _;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::ReportError;
use crate::axis::Axis;
use crate::text::escape;

/// Canvas pixels for each shown pixel.
const SCALE: u32 = 2;
/// The width of every chart's canvas.
pub(crate) const WIDTH: u32 = 880 * SCALE;
/// Where the plotting area begins, canvas pixels from the left.
pub(crate) const LEFT: u32 = 132;
/// Room to the right of the plotting area when nothing is written there.
pub(crate) const RIGHT: u32 = 44;
/// Height of the row above a panel that holds the title of its y axis.
pub(crate) const TITLE_ROW: u32 = 44;
/// Height below a panel for the x axis's ticks and title.
pub(crate) const X_AXIS: u32 = 92;
/// Shown text size, pixels.
const TEXT: f64 = 12.0;
/// The fonts, none of them fetched.
pub(crate) const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";

/// A colour of the palette with its counterpart for dark mode. The series are Okabe and Ito's, which people with
/// any of the common colour blindnesses tell apart.
#[derive(Clone, Copy)]
pub(crate) struct Ink {
    light: (u8, u8, u8),
    dark: &'static str,
}

pub(crate) const PAPER: Ink = Ink { light: (0xFF, 0xFF, 0xFF), dark: "#15181C" };
pub(crate) const STRONG: Ink = Ink { light: (0x1C, 0x1E, 0x21), dark: "#E7E9EC" };
pub(crate) const MUTED: Ink = Ink { light: (0x59, 0x60, 0x6A), dark: "#A7AFB9" };
pub(crate) const GRID: Ink = Ink { light: (0xE4, 0xE7, 0xEB), dark: "#2B3138" };
pub(crate) const FAULT: Ink = Ink { light: (0xB8, 0x4A, 0x00), dark: "#FF9A5C" };
pub(crate) const CROWD: Ink = Ink { light: (0x9A, 0xA1, 0xAA), dark: "#737C87" };
pub(crate) const SERIES: [Ink; 7] = [
    Ink { light: (0x00, 0x72, 0xB2), dark: "#4AA8E8" },
    Ink { light: (0xD5, 0x5E, 0x00), dark: "#FF8A4C" },
    Ink { light: (0x00, 0x9E, 0x73), dark: "#35CDA0" },
    Ink { light: (0xCC, 0x79, 0xA7), dark: "#E9A3C9" },
    Ink { light: (0xE6, 0x9F, 0x00), dark: "#F7BF4A" },
    Ink { light: (0x56, 0xB4, 0xE9), dark: "#A5DCFB" },
    Ink { light: (0x7D, 0x6B, 0x00), dark: "#E3D84E" },
];

impl Ink {
    pub(crate) fn color(self) -> RGBColor {
        RGBColor(self.light.0, self.light.1, self.light.2)
    }

    /// As plotters writes it into an attribute.
    pub(crate) fn hex(self) -> String {
        format!("#{:02X}{:02X}{:02X}", self.light.0, self.light.1, self.light.2)
    }
}

/// What plotters may answer while drawing into a string.
pub(crate) type Drawn<T> = Result<T, DrawingAreaErrorKind<std::io::Error>>;
/// A whole canvas.
pub(crate) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// A panel: one pair of axes on a canvas.
pub(crate) type Panel<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Axis, Axis>>;

/// Draws on a canvas of the given height and wraps the result. `label` is read to those who don't see the figure.
pub(crate) fn draw(
    figure: &str,
    label: &str,
    height: u32,
    paint: impl FnOnce(&Canvas<'_>) -> Drawn<()>,
) -> Result<String, ReportError> {
    let mut svg = String::new();
    {
        let canvas = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        canvas
            .fill(&PAPER.color())
            .and_then(|()| paint(&canvas))
            .and_then(|()| canvas.present())
            .map_err(|error| ReportError::Draw { figure: figure.to_owned(), reason: error.to_string() })?;
    }
    let body = svg.split_once(">\n").map_or("", |(_, body)| body);
    let (shown_width, shown_height) = (WIDTH / SCALE, height / SCALE);
    Ok(format!("{}{body}", opening(label, (shown_width, shown_height), (WIDTH, height))))
}

/// The opening tag of a figure with its style sheet.
pub(crate) fn opening(label: &str, shown: (u32, u32), canvas: (u32, u32)) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"bitcraps\" role=\"img\" aria-label=\"{}\" \
         width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\">\n<style>{}</style>\n",
        escape(label),
        shown.0,
        shown.1,
        canvas.0,
        canvas.1,
        style_sheet()
    )
}

fn style_sheet() -> String {
    let mut css = String::from(
        ".bitcraps polyline{stroke-linejoin:round}.bitcraps text{font-variant-numeric:tabular-nums}\
         .bitcraps .m:hover .w{stroke-width:3}@media screen and (prefers-color-scheme:dark){",
    );
    for ink in [PAPER, STRONG, MUTED, GRID, FAULT, CROWD].into_iter().chain(SERIES) {
        let (light, dark) = (ink.hex(), ink.dark);
        let _ = write!(
            css,
            ".bitcraps [fill=\"{light}\"]{{fill:{dark}}}.bitcraps [stroke=\"{light}\"]{{stroke:{dark}}}"
        );
    }
    css.push('}');
    css
}

/// The canvas pixel of a value on the x axis of a panel with the usual left edge.
pub(crate) fn x_pixel(fraction: f64, right: u32) -> i32 {
    (f64::from(LEFT) + fraction * f64::from(WIDTH - LEFT - right)).round() as i32
}

/// Axes on the canvas between `top` and `bottom`, the x axis's labels included, with `right` pixels left free.
pub(crate) fn panel<'c>(
    canvas: &Canvas<'c>,
    (top, bottom): (u32, u32),
    right: u32,
    x: &Axis,
    y: &Axis,
) -> Drawn<Panel<'c>> {
    let (_, height) = canvas.dim_in_pixel();
    let mut chart = ChartBuilder::on(canvas)
        .margin_top(top)
        .margin_bottom(height - bottom + X_AXIS - 48)
        .margin_right(right)
        .x_label_area_size(48)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(x.clone(), y.clone())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(GRID.color().stroke_width(2))
        .axis_style(CROWD.color().stroke_width(2))
        .set_all_tick_mark_size(8)
        .label_style(type_style(MUTED))
        .draw()?;
    let middle = (i32::try_from(LEFT + (WIDTH - LEFT - right) / 2)).unwrap_or(0);
    let below = i32::try_from(bottom).unwrap_or(0) - 8;
    write(canvas, &x.title, (middle, below), MUTED, (HPos::Center, VPos::Bottom))?;
    Ok(chart)
}

/// The title of a y axis, at the left edge with its baseline above `bottom`.
pub(crate) fn y_title(canvas: &Canvas<'_>, bottom: u32, title: &str) -> Drawn<()> {
    let below = i32::try_from(bottom).unwrap_or(0);
    write(canvas, title, (16, below), STRONG, (HPos::Left, VPos::Bottom))
}

/// Text at a canvas pixel.
pub(crate) fn write(
    canvas: &Canvas<'_>,
    text: &str,
    at: (i32, i32),
    ink: Ink,
    (h, v): (HPos, VPos),
) -> Drawn<()> {
    canvas.draw(&Text::new(text.to_owned(), at, type_style(ink).pos(Pos::new(h, v))))
}

fn type_style(ink: Ink) -> TextStyle<'static> {
    // plotters divides the size by 1.24 when it writes SVG.
    (FONTS, TEXT * f64::from(SCALE) * 1.24).into_font().color(&ink.color())
}

/// A generous guess of a text's width in canvas pixels; there is no font to ask.
pub(crate) fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * TEXT * f64::from(SCALE) * 0.6
}
