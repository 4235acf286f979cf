//! `metrics list`: what a node exports, from the catalogue.

use super::{Failure, say, say_json};
use crate::metrics::{CATALOGUE, Kind, markdown};
use clap::{Args, Subcommand};
use serde_json::json;

/// `metrics`.
#[derive(Args, Debug)]
pub(super) struct MetricsVerb {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Every metric: its name, kind, unit, labels, and what it tells.
    List {
        /// As JSON.
        #[arg(long, conflicts_with = "markdown")]
        json: bool,
        /// As the document `docs/metrics.md`.
        #[arg(long)]
        markdown: bool,
    },
}

impl MetricsVerb {
    pub(super) fn perform(self) -> Result<(), Failure> {
        let Action::List { json: as_json, markdown: as_markdown } = self.action;
        if as_markdown {
            return say(markdown().trim_end());
        }
        let kind = |kind: Kind| match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let labels = |metric: &crate::metrics::Metric| {
            metric.labels.iter().map(|label| label.name).collect::<Vec<_>>()
        };
        if as_json {
            let all: Vec<_> = CATALOGUE
                .iter()
                .map(|metric| {
                    json!({
                        "name": metric.name,
                        "kind": kind(metric.kind),
                        "unit": metric.unit,
                        "labels": labels(metric),
                        "help": metric.help,
                    })
                })
                .collect();
            return say_json(&json!(all));
        }
        CATALOGUE.iter().try_for_each(|metric| {
            let labels = labels(metric).join(", ");
            say(format!(
                "{} ({}{}{labels})\n    {}",
                metric.name,
                kind(metric.kind),
                if labels.is_empty() { "" } else { "; " },
                metric.help
            ))
        })
    }
}
