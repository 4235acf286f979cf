//! The pictures agree with the data: what is drawn is read back from the SVG, by the labels on its own axes.

mod sample;
mod svg;

use bitcraps_reports::{Commit, FaultSpan, Figure, Message, RunRecord, figures, histogram};
use sample::{MILLI, Noise, SECOND};
use svg::{Element, elements};

const SERIES: &str = "#0072B2";
const FAULT: &str = "#B84A00";

fn figure(record: &RunRecord, name: &str) -> Figure {
    figures(record).expect("drawn").into_iter().find(|figure| figure.name == name).expect(name)
}

/// A scale read off two labels of an axis: pixels to values.
fn scale(labels: &[(f64, f64)]) -> impl Fn(f64) -> f64 + use<> {
    let (first, last) = (labels[0], labels[labels.len() - 1]);
    move |pixel| first.1 + (pixel - first.0) / (last.0 - first.0) * (last.1 - first.1)
}

/// The numeric tick labels with their place: of the x axis (centred) or the y axis (right-aligned).
fn ticks(all: &[Element], anchor: &str, place: &str) -> Vec<(f64, f64)> {
    all.iter()
        .filter(|element| element.name == "text" && element.get("text-anchor") == anchor)
        .filter_map(|element| Some((element.number(place), element.text.parse().ok()?)))
        .collect()
}

fn fault(id: String, start_ns: u64, end_ns: u64) -> FaultSpan {
    let (label, family, unit) = ("a fault".into(), "network".into(), "frames".into());
    FaultSpan { id, label, family, start_ns, end_ns, touched: 1, unit, nodes: vec![0] }
}

#[test]
fn fault_bands_lie_where_the_time_axis_says() {
    let mut record = sample::run(4, 100);
    let spans = [(3, 7), (20, 26), (50, 90)];
    record.faults = spans.map(|(from, to)| fault(format!("f{from}"), from * SECOND, to * SECOND)).to_vec();
    for name in ["latency", "height", "throughput"] {
        let all = elements(&figure(&record, name).svg);
        let seconds = scale(&ticks(&all, "middle", "x"));
        let mut bands: Vec<(f64, f64)> = all
            .iter()
            .filter(|e| e.name == "rect" && e.get("fill") == FAULT && e.get("opacity") == "0.1")
            .map(|e| (seconds(e.number("x")), seconds(e.number("x") + e.number("width"))))
            .collect();
        bands.truncate(spans.len());
        // A canvas pixel is 0.04 s. The last fault outlives the run, which ends at 60 s.
        for (band, wanted) in bands.iter().zip([(3.0, 7.0), (20.0, 26.0), (50.0, 60.0)]) {
            assert!((band.0 - wanted.0).abs() < 0.1, "{name}: {bands:?}");
            assert!((band.1 - wanted.1).abs() < 0.1, "{name}: {bands:?}");
        }
        assert_eq!(bands.len(), spans.len(), "{name}");
    }
}

#[test]
fn points_lie_where_the_axes_say() {
    let mut record = sample::run(2, 10);
    record.faults.clear();
    record.commits = (1..=9)
        .map(|height| Commit {
            node: 0,
            height,
            round: 0,
            at_ns: height * 6 * SECOND,
            latency_ns: height * 10 * MILLI,
        })
        .collect();
    let all = elements(&figure(&record, "latency").svg);
    let (seconds, millis) = (scale(&ticks(&all, "middle", "x")), scale(&ticks(&all, "end", "y")));
    let points: Vec<(f64, f64)> = all
        .iter()
        .filter(|e| e.name == "circle")
        .map(|e| (seconds(e.number("cx")), millis(e.number("cy"))))
        .collect();
    assert_eq!(points.len(), 9);
    for (at, (x, y)) in (1_u32..).zip(points) {
        assert!(
            (x - f64::from(at) * 6.0).abs() < 0.1 && (y - f64::from(at) * 10.0).abs() < 1.0,
            "{x} s {y} ms"
        );
    }
}

/// The definition: the least sample that at least this share of the samples does not exceed.
fn exact_percentile(sorted: &[u64], percentile: f64) -> u64 {
    let rank = (percentile / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

fn skewed(samples: u64) -> RunRecord {
    let mut noise = Noise(99);
    let mut record = sample::run(3, 1);
    record.commands.clear();
    record.faults.clear();
    record.commits = (1..=samples)
        .map(|height| {
            let latency_ns =
                20 * MILLI + noise.below(1 + noise.0 % (60 * MILLI)) + noise.below(100) / 98 * 200 * MILLI;
            Commit { node: 0, height, round: 0, at_ns: height * 60 * SECOND / samples, latency_ns }
        })
        .collect();
    record
}

#[test]
fn percentiles_agree_with_the_exact_ones_within_the_histogram_s_precision() {
    let record = skewed(20_000);
    let mut sorted: Vec<u64> = record.commits.iter().map(|commit| commit.latency_ns).collect();
    sorted.sort_unstable();
    let histogram = histogram(&record);
    let csv = figure(&record, "cdf").csv;
    for percentile in [50.0, 75.0, 90.0, 99.0, 99.9, 99.99] {
        let exact_us = exact_percentile(&sorted, percentile) as f64 / 1e3;
        let row =
            csv.lines().find(|line| line.starts_with(&format!("commits,{percentile},"))).expect("a row");
        let in_csv: f64 = row.split(',').nth(2).and_then(|field| field.parse().ok()).expect("a number");
        for us in [histogram.value_at_percentile(percentile) as f64, in_csv] {
            assert!(
                (us - exact_us).abs() <= exact_us / 1_000.0 + 1.0,
                "{percentile} %: {us} µs, not {exact_us}"
            );
        }
    }
}

#[test]
fn the_percentile_curve_is_drawn_through_the_exact_percentiles() {
    let record = skewed(5_000);
    let mut sorted: Vec<u64> = record.commits.iter().map(|commit| commit.latency_ns).collect();
    sorted.sort_unstable();
    let all = elements(&figure(&record, "cdf").svg);
    let millis = scale(&ticks(&all, "end", "y"));
    let curve =
        all.iter().find(|e| e.name == "polyline" && e.get("stroke") == SERIES).expect("a curve").points();
    for (x, percentile) in ticks(&all, "middle", "x") {
        // The curve is a staircase: at a tick it has the values of the steps on both sides of the pixel.
        let near = curve.windows(2).filter(|step| step[0].0 - 2.0 <= x && x <= step[1].0 + 2.0);
        let heights: Vec<f64> = near.flatten().map(|point| millis(point.1)).collect();
        let (least, most) = (
            heights.iter().copied().fold(f64::INFINITY, f64::min),
            heights.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        );
        let exact_ms = exact_percentile(&sorted, percentile) as f64 / 1e6;
        let pixel = (millis(0.0) - millis(1.0)).abs() * 1.5;
        assert!(
            (least - pixel..=most + pixel).contains(&exact_ms),
            "{percentile} %: {exact_ms} not {heights:?}"
        );
    }
}

#[test]
fn a_crowded_scatter_is_thinned_with_its_spike_and_says_so() {
    let mut record = skewed(30_000);
    record.commits[17_123].latency_ns = 290 * MILLI;
    let figure = figure(&record, "latency");
    let all = elements(&figure.svg);
    let circles: Vec<&Element> = all.iter().filter(|e| e.name == "circle").collect();
    assert!((1_000..=3_900).contains(&circles.len()), "{}", circles.len());
    let millis = scale(&ticks(&all, "end", "y"));
    let highest = circles.iter().map(|e| millis(e.number("cy"))).fold(0.0, f64::max);
    assert!((highest - 290.0).abs() < 2.0, "{highest}");
    assert!(figure.caption.contains("of 30,000 points are drawn"), "{}", figure.caption);
    assert_eq!(figure.csv.lines().count(), 30_001);
}

#[test]
fn fault_labels_never_cover_each_other_and_the_rest_is_declared() {
    let mut record = sample::run(4, 50);
    record.faults = (0..40)
        .map(|at| fault(format!("fault-number-{at}"), at * SECOND, (at + 1 + at % 7) * SECOND))
        .collect();
    let figure = figure(&record, "latency");
    let all = elements(&figure.svg);
    let labels: Vec<(f64, f64, f64)> = all
        .iter()
        .filter(|e| e.name == "text" && e.text.starts_with("fault-number"))
        .map(|e| (e.number("y"), e.number("x"), e.number("x") + e.text.len() as f64 * 24.0 * 0.6))
        .collect();
    assert!((5..40).contains(&labels.len()), "{}", labels.len());
    for (at, a) in labels.iter().enumerate() {
        for b in &labels[at + 1..] {
            assert!(a.0 != b.0 || a.2 <= b.1 || b.2 <= a.1, "{a:?} and {b:?}");
        }
    }
    let silent = 40 - labels.len();
    assert!(figure.caption.contains(&format!("{silent} of 40 faults are shaded without a label")));
}

#[test]
fn a_crashed_node_has_a_gap_a_cross_and_a_ring() {
    let record = sample::run(4, 200);
    let all = elements(&figure(&record, "height").svg);
    let seconds = scale(&ticks(&all, "middle", "x"));
    let second = "#D55E00";
    let lines: Vec<Vec<(f64, f64)>> = all
        .iter()
        .filter(|e| e.name == "polyline" && e.get("stroke") == second)
        .map(Element::points)
        .filter(|points| points.len() > 2)
        .collect();
    assert_eq!(lines.len(), 2, "one stretch before the crash, one after");
    let ends = (seconds(lines[0].last().expect("points").0), seconds(lines[1][0].0));
    assert!((ends.0 - 35.0).abs() < 0.1 && (ends.1 - 45.0).abs() < 0.1, "{ends:?}");
    assert!(all.iter().any(|e| e.name == "circle" && e.get("stroke") == second));
}

#[test]
fn many_nodes_become_a_band_and_those_that_stand_out_keep_their_lines() {
    let figure = figure(&sample::run(60, 100), "height");
    let all = elements(&figure.svg);
    let names: Vec<&str> = all.iter().filter(|e| e.text.contains(" · ")).map(|e| e.text.as_str()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    for name in ["node 1 · 100", "node 59 Byzantine · 0", "58 others · 100"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    assert!(figure.svg.len() < 100_000, "{} bytes", figure.svg.len());
    assert!(figure.caption.contains("58 other nodes"));
}

#[test]
fn throughput_s_bins_hold_every_block_and_command_once() {
    let record = sample::run(5, 300);
    let csv = figure(&record, "throughput").csv;
    let sum = |column: usize| -> u64 {
        csv.lines()
            .skip(1)
            .map(|line| line.split(',').nth(column).expect("a field").parse::<u64>().expect("n"))
            .sum()
    };
    assert_eq!(sum(2), 300);
    assert_eq!(sum(3), record.commands.len() as u64);
}

#[test]
fn a_space_time_diagram_draws_few_of_many_and_says_which() {
    let mut record = sample::run(7, 10);
    record.windows = vec![sample::window(7, 2), sample::window(7, 40)];
    let small = figure(&record, "spacetime-1");
    let total = record.windows[0].messages.len();
    let arrows = |figure: &Figure| figure.svg.matches("<g class=\"m\">").count();
    assert_eq!(arrows(&small), total);
    assert!(!small.caption.contains("are drawn"));
    let large = figure(&record, "spacetime-2");
    let messages = &record.windows[1].messages;
    assert_eq!(arrows(&large), 400);
    assert!(large.caption.contains("400 of them are drawn"), "{}", large.caption);
    assert_eq!(large.csv.lines().count(), messages.len() + 1);
    let lost = messages.iter().filter(|message| message.received_ns.is_none()).count();
    let lost_drawn = large.svg.matches(", lost").count();
    assert!(
        large.caption.contains(&format!("({lost_drawn} of 1,{} lost ones)", lost - 1_000)),
        "{}",
        large.caption
    );
}

#[test]
fn a_stretch_with_too_many_messages_for_arrows_has_bars_as_high_as_what_its_nodes_sent() {
    let mut record = sample::run(4, 10);
    let window = &mut record.windows[0];
    let pattern = window.messages[0].clone();
    let step = (window.to_ns - window.from_ns) / 30_000;
    // Node 1 sends twice what node 0 sends.
    window.messages = (0..30_000_u64)
        .map(|at| {
            let from = u16::from(at % 3 > 0);
            let sent_ns = window.from_ns + at * step;
            Message { from, to: 1 - from, sent_ns, received_ns: Some(sent_ns), ..pattern.clone() }
        })
        .collect();
    let figure = figure(&record, "spacetime-1");
    assert!(!figure.svg.contains("<g class=\"m\">"));
    assert!(figure.caption.contains("A bar on a lane is how many messages"), "{}", figure.caption);
    assert_eq!(figure.csv.lines().count(), 30_001);
    let all = elements(&figure.svg);
    let row = |name: &str| all.iter().find(|e| e.text == name).expect(name).number("y");
    // A bar is a subpath `Mx yhWvHh-Wz`.
    let bars = all.iter().filter(|e| e.name == "path" && e.get("d").contains('z')).flat_map(|e| {
        let bars = e.get("d").split('z').filter(|bar| !bar.is_empty());
        bars.map(|bar| {
            let place = bar.split('h').next().expect("a place");
            let height = bar.split('v').nth(1).and_then(|rest| rest.split('h').next()).expect("a height");
            let y: f64 = place.split(' ').nth(1).and_then(|y| y.parse().ok()).expect("a number");
            let height: f64 = height.parse().expect("a number");
            (y + height, height)
        })
    });
    let mut sums = [0.0, 0.0];
    for (foot, height) in bars {
        let lane =
            ["node 0", "node 1"].iter().position(|name| (row(name) - foot).abs() < 0.2).expect("a lane");
        sums[lane] += height;
    }
    assert!((sums[1] / sums[0] - 2.0).abs() < 0.05, "{sums:?}");
}

#[test]
fn an_arrow_says_what_it_is_and_a_lost_one_is_dashed_with_a_cross() {
    let mut record = sample::run(4, 10);
    let window = &mut record.windows[0];
    window.messages.retain(|message| message.received_ns.is_none());
    window.messages.truncate(1);
    let message = window.messages[0].clone();
    let svg = figure(&record, "spacetime-1").svg;
    let title = elements(&svg)
        .into_iter()
        .find(|e| e.name == "title" && e.text.contains("lost"))
        .expect("hover")
        .text;
    let wanted =
        format!("{} {}: node {} → node {}, sent", message.kind, message.label, message.from, message.to);
    assert!(title.starts_with(&wanted), "{title}");
    assert!(title.ends_with("lost, fault split"), "{title}");
    let group =
        svg.split("<g class=\"m\">").nth(1).and_then(|rest| rest.split("</g>").next()).expect("an arrow");
    assert!(group.contains("stroke-dasharray"));
    assert!(group.contains("M") && group.contains("stroke-width=\"1.8\""), "no cross in {group}");
}
