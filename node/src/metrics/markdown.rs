//! The catalogue as `docs/metrics.md`.

use super::catalogue::{CATALOGUE, Kind, Label, Values};
use std::fmt::Write;

/// The text of `docs/metrics.md`.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Metrics\n\n\
         What a node tells at `/metrics` of its admin listener, in Prometheus' text format. This file is written from \
         the catalogue\n(`node/src/metrics/catalogue.rs`); a test fails when the two differ, or when a dashboard, an \
         alert or a page of the\ndocumentation names a metric that is not here. To write it again: \
         `BITCRAPS_UPDATE_DOCS=1 cargo test -p bitcraps-node metrics`.\n\n\
         | metric | type | unit | labels | what it tells |\n|---|---|---|---|---|\n",
    );
    for metric in CATALOGUE {
        let kind = match metric.kind {
            Kind::Histogram(buckets) => {
                let bounds: Vec<String> = buckets.iter().map(f64::to_string).collect();
                format!("histogram: {}", bounds.join(", "))
            }
            kind => kind.name().to_owned(),
        };
        let labels: Vec<String> = metric.labels.iter().map(label).collect();
        let row = [&format!("`{}`", metric.name), &kind, metric.unit, &labels.join("; "), metric.help];
        writeln!(text, "| {} |", row.join(" | ")).expect("a string takes all text");
    }
    text
}

fn label(label: &Label) -> String {
    match label.values {
        Values::Of(values) => format!("`{}`: {}", label.name, values.join(", ")),
        Values::Described(what) => format!("`{}`: {what}", label.name),
    }
}
