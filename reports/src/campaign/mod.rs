//! The page of a campaign or a sweep: many runs, each a [`Row`].
//!
//! Verdicts come first, then what was violated and how to see it again, then what the sweep found: heat maps,
//! latency by percentile, latency against throughput, growth with the number of nodes. Everything is aggregated by
//! point, so that a million runs make a page no larger than a thousand do; what is capped says so. Rows in any
//! order give the same bytes.

mod chart;
mod data;
mod design;
mod failures;
mod fold;
mod growth;
mod heatmap;
mod load;
mod percentiles;
mod ramp;
mod runs;
mod scale;
mod verdicts;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use self::design::{Design, Tally};
use self::fold::Quantity;
use self::growth::Fit;
use self::heatmap::{Heatmap, View};
use crate::explorer::COPY;
use crate::files::save;
use crate::measure::measure;
use crate::page::{head, sign};
use crate::text::{count, escape, plural};
use crate::{Figure, ReportError, Row, Verdict};

const STYLE: &str = include_str!("campaign.css");
/// The page's program: what it reads first, then one file for each thing that can be explored.
const SCRIPTS: [&str; 7] = [
    include_str!("js/cells.js"),
    include_str!("js/controls.js"),
    include_str!("js/chart.js"),
    include_str!("js/heatmap.js"),
    include_str!("js/curves.js"),
    include_str!("js/percentiles.js"),
    include_str!("js/rows.js"),
];

/// Writes a campaign's page into `dir`, which is made if it does not exist, and gives the path of the page:
///
/// - `index.html`, complete in itself; links to runs are the rows' `report`, relative to it;
/// - `plots/NAME.svg` and `plots/NAME.csv` for each figure, those of heat maps that the page shows on demand included;
/// - `plots/points.csv`: each point with how its runs ended and every measure with its interval.
///
/// `open` says what the runs leave open, a sentence each: runs that are lacking, states that none of them reached. With
/// any the page's verdict is inconclusive at best.
///
/// Files of these names are replaced, others left. Errors: a row whose histogram can't be read, or a file that could
/// not be written; drawing comes first, so that a bad row writes nothing.
pub fn write_campaign(rows: &[Row], open: &[String], dir: &Path) -> Result<PathBuf, ReportError> {
    let design = Design::new(rows);
    let (html, figures) = render(&design, open)?;
    let plots = dir.join("plots");
    std::fs::create_dir_all(&plots).map_err(|source| ReportError::Io { path: plots.clone(), source })?;
    for figure in &figures {
        save(&plots.join(format!("{}.svg", figure.name)), &figure.svg)?;
        save(&plots.join(format!("{}.csv", figure.name)), &figure.csv)?;
    }
    save(&plots.join("points.csv"), &data::points_csv(&design))?;
    let path = dir.join("index.html");
    save(&path, &html)?;
    Ok(path)
}

/// The page alone. Its links to CSV and SVG files are relative: [`write_campaign`] puts those beside it. Errors: a row
/// whose histogram can't be read, or drawing that failed.
pub fn campaign_html(rows: &[Row]) -> Result<String, ReportError> {
    Ok(render(&Design::new(rows), &[])?.0)
}

/// The page, and all figures, also those that are only linked.
fn render(design: &Design<'_>, open: &[String]) -> Result<(String, Vec<Figure>), ReportError> {
    let tally = Tally::of(design.rows.iter().copied());
    let mut page = opening(design, tally, open);
    if tally.runs() > 0 {
        verdicts::tiles(&mut page, design, tally);
        failures::table(&mut page, design);
        verdicts::by_axis(&mut page, design);
        verdicts::worst_points(&mut page, design);
    }
    let mut figures = Figures::default();
    let view = View::of(design);
    if let Some(view) = view {
        figures.heatmaps(&mut page, design, view, tally)?;
    }
    let curves = percentiles::curves(design)?;
    figures.add(&mut page, percentiles::figure(design, &curves)?);
    figures.add(&mut page, load::figure(design)?);
    let (growth, fits) = growth::figures(design)?;
    for figure in growth {
        figures.add(&mut page, Some(figure));
    }
    exponents(&mut page, &fits);
    let explorable = data::json(design, view, &curves)?;
    if let (Some(_), Some(_)) = (&explorable, view) {
        figures.explorer(&mut page);
    }
    runs::table(&mut page, design);
    if tally.runs() > 0 {
        method(&mut page, design, explorable.is_some());
    }
    if let Some(json) = explorable {
        let _ = writeln!(page, "<script type=\"application/json\" id=\"campaign\">{json}</script>");
        let _ = write!(page, "<script>\n{COPY}</script>\n<script>\n{}</script>\n", SCRIPTS.concat());
    }
    page.push_str("</main>\n</body>\n</html>\n");
    Ok((page, figures.all))
}

fn opening(design: &Design<'_>, tally: Tally, open: &[String]) -> String {
    let total = tally.runs();
    let worst = match (tally.failed(), tally.inconclusive, total) {
        (1.., _, _) => Verdict::Violated,
        (0, 0, 1..) if open.is_empty() => Verdict::Pass,
        _ => Verdict::Inconclusive,
    };
    let names: std::collections::BTreeSet<&str> =
        design.rows.iter().map(|row| row.scenario.as_str()).collect();
    let heading = match names.first() {
        Some(only) if names.len() == 1 => escape(only),
        _ => plural(names.len() as u64, "scenario", "scenarios"),
    };
    let kind = if design.axes.iter().any(|axis| axis.swept) { "Sweep" } else { "Campaign" };
    let style = format!("{STYLE}{}", ramp::style_sheet());
    let mut page = head(&format!("{kind} of {}: {}", plural(total, "run", "runs"), worst.word()), &style);
    let diverged = match tally.diverged {
        0 => String::new(),
        some => format!(", {} gave another trace when run again", count(some)),
    };
    let _ = write!(
        page,
        "<header>\n<p class=\"kicker\">{kind} of {}, {}</p>\n<h1>{heading}</h1>\n</header>\n\
         <section class=\"verdict {}\">\n<strong>{}</strong>\n<p>{}</p>\n{}</section>\n",
        plural(total, "run", "runs"),
        plural(design.points.len() as u64, "point", "points"),
        worst.word(),
        sign(worst),
        if total == 0 {
            "No run was made.".to_owned()
        } else {
            format!(
                "{} passed, {} violated a property, {} were inconclusive{diverged}.",
                count(tally.passed),
                count(tally.violated),
                count(tally.inconclusive)
            )
        },
        open.iter().map(|open| format!("<p>{}</p>\n", escape(open))).collect::<String>()
    );
    page
}

/// The figures as they are put into the page, numbered.
#[derive(Default)]
struct Figures {
    all: Vec<Figure>,
    shown: usize,
}

impl Figures {
    fn begin(&mut self, page: &mut String, id: &str, title: &str) {
        if self.shown == 0 {
            page.push_str("<h2>Figures</h2>\n");
        }
        self.shown += 1;
        let _ = write!(
            page,
            "<figure id=\"{id}\">\n<h3>Figure {}. <span class=\"title\">{}</span></h3>\n\
             <div class=\"controls\" hidden></div>\n",
            self.shown,
            escape(title)
        );
    }

    fn end(page: &mut String, caption: &str, files: &[(&str, &str)]) {
        let _ = write!(page, "<figcaption><span class=\"caption\">{}</span>", escape(caption));
        for (name, what) in files {
            let _ = write!(
                page,
                " <span class=\"files\">{what}<a href=\"plots/{name}.csv\">CSV</a> <a href=\"plots/{name}.svg\">SVG</a></span>"
            );
        }
        page.push_str("</figcaption>\n</figure>\n");
    }

    /// A figure with its picture.
    fn add(&mut self, page: &mut String, figure: Option<Figure>) {
        let Some(figure) = figure else { return };
        self.begin(page, &figure.name, &figure.title);
        let _ = writeln!(
            page,
            "<div class=\"view\"><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">{}</div></div>",
            escape(&figure.title),
            figure.svg
        );
        Self::end(page, &figure.caption, &[(&figure.name, "")]);
        self.all.push(figure);
    }

    /// The share of failed runs if some failed, and one measure as tables. The script lets the reader choose the
    /// axes and the measure of the second; every measure has its own files.
    fn heatmaps(
        &mut self,
        page: &mut String,
        design: &Design<'_>,
        view: View,
        tally: Tally,
    ) -> Result<(), ReportError> {
        let failures = Heatmap::new(design, view, Quantity::Failures);
        if tally.failed() > 0 {
            self.begin(page, "failures", &failures.title());
            page.push_str("<div class=\"view\">\n");
            failures.tables(page);
            page.push_str("</div>\n");
            Self::end(page, &failures.caption(), &[("heatmap-failure_rate", "")]);
        }
        let first = first_quantity(design);
        let map = Heatmap::new(design, view, first);
        self.begin(page, "heatmap", &map.title());
        page.push_str("<div class=\"view\">\n");
        map.tables(page);
        page.push_str("</div>\n<p class=\"readout\" aria-live=\"polite\" hidden></p>\n");
        let seen: Vec<Quantity> =
            Quantity::all().filter(|quantity| quantity.is_seen(&design.points)).collect();
        let names: Vec<(String, String)> = seen
            .iter()
            .map(|quantity| (format!("heatmap-{}", quantity.key()), format!("{}: ", quantity.name())))
            .collect();
        let files: Vec<(&str, &str)> =
            names.iter().map(|(file, name)| (file.as_str(), name.as_str())).collect();
        Self::end(page, &map.caption(), &files);
        for quantity in seen {
            self.all.push(Heatmap::new(design, view, quantity).figure()?);
        }
        Ok(())
    }

    /// An empty figure that the script fills: any measure along any axis.
    fn explorer(&mut self, page: &mut String) {
        page.push_str("<div id=\"explorer\" hidden>\n");
        self.begin(page, "explore", "Any measure along any axis");
        page.push_str("<div class=\"view\"></div>\n<p class=\"readout\" aria-live=\"polite\" hidden></p>\n");
        page.push_str("<figcaption><span class=\"caption\"></span></figcaption>\n</figure>\n</div>\n");
    }
}

/// What the heat map shows before the reader chooses: the slow commits, or what there is instead.
fn first_quantity(design: &Design<'_>) -> Quantity {
    let slow = Quantity::Measure(measure("commit_p99"));
    if slow.is_seen(&design.points) { slow } else { Quantity::Failures }
}

fn exponents(page: &mut String, fits: &[Fit]) {
    if fits.is_empty() {
        return;
    }
    page.push_str(
        "<section class=\"exponents\">\n<h3>Exponents of growth</h3>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Exponents of \
         growth\"><table>\n<thead><tr><th scope=\"col\">Measure</th><th scope=\"col\">Engine</th>\
         <th scope=\"col\" class=\"n\">Grows with n to the</th><th scope=\"col\" class=\"n\">95 % interval</th>\
         <th scope=\"col\" class=\"n\">Sizes</th><th scope=\"col\" class=\"n\">Runs</th></tr></thead>\n<tbody>\n",
    );
    for fit in fits {
        let exponent = fit.law.exponent;
        let two = |value: f64| format!("{value:.2}").replace('-', "−");
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{} to {}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td></tr>",
            fit.measure,
            escape(&fit.engine),
            two(exponent.value),
            two(exponent.lo),
            two(exponent.hi),
            fit.sizes,
            count(fit.runs)
        );
    }
    page.push_str("</tbody></table></div>\n</section>\n");
}

fn method(page: &mut String, design: &Design<'_>, explorable: bool) {
    page.push_str("<h2>How to read the numbers</h2>\n<ul>\n");
    let mut say = |text: &str| {
        let _ = writeln!(page, "<li>{}</li>", escape(text));
    };
    say(
        "A point is all runs that differ in nothing but the seed. Its value is the median over its runs, with the 95 % \
         percentile bootstrap interval over seeds, in its limit of infinitely many resamples.",
    );
    say(&format!(
        "Where axes are folded away, each point weighs the same: the mean of the points' medians, and the interval that \
         follows from theirs if they are independent (Zou and Donner 2008). Of fewer than {} runs an interval is \
         narrower than it should be.",
        fold::FEW_RUNS
    ));
    say(
        "Shares have Wilson's score interval, over all runs. A run failed if it violated a property or diverged.",
    );
    say(
        "Runs without a commit have no commit latency; they are missing from it, and the number of runs says so. A \
         latency is that of what was committed: look at the longest stall beside it.",
    );
    say(
        "An exponent is of least squares on the logarithms of the medians, with Student's interval: it is wide with few \
         sizes, and where growth is not a power of n.",
    );
    if !design.aliases.is_empty() {
        say(&format!("Swept, and the same as another axis: {}.", design.aliases.join(", ")));
    }
    if !explorable {
        say("There are more points than the page carries to be explored; plots/points.csv has all.");
    }
    page.push_str(
        "</ul>\n<p>All points with all measures: <a href=\"plots/points.csv\">points.csv</a>.</p>\n",
    );
}
