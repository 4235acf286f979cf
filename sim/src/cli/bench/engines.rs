//! (f) The engines side by side, on the same links, when nothing fails. Simulated time and messages: the same on every
//! machine.

use super::super::say::say;
use super::{full_speed, parsed};
use crate::run::{self, Depth, Outcome};
use crate::scenario::World;
use bitcraps_reports::{Curve, Figure, growth};
use bitcraps_types::Protocol;
use std::path::Path;

/// How many validators, and for how many simulated milliseconds they are measured.
const SIZES: [(u16, u64); 4] = [(4, 500), (10, 500), (31, 200), (100, 50)];
/// Of a run under load, the first milliseconds are not measured: nodes connect.
const WARM_UP: u64 = 1_000;

/// Prints the tables and, if wanted, writes the figures. Whether all of it could be measured.
pub(super) fn bench(folder: Option<&Path>) -> bool {
    let quiet = heights();
    let loaded = loads();
    let good = quiet.len() == loaded.len() && loaded.len() == Protocol::ALL.len() * SIZES.len();
    let Some(folder) = folder else { return good };
    let of = |value: fn(&Point) -> f64, points: &[Point]| -> Vec<Curve> {
        let curve = |engine: Protocol| Curve {
            name: engine.name().to_owned(),
            points: points
                .iter()
                .filter(|it| it.engine == engine)
                .map(|it| (f64::from(it.n), value(it)))
                .collect(),
        };
        Protocol::ALL.map(curve).to_vec()
    };
    let figures = [
        growth(
            "engines-messages",
            "Messages per decided height",
            "messages",
            "Whole nodes, 1 ms links, no bets, nothing fails.",
            &of(|it| it.messages, &quiet),
        ),
        growth(
            "engines-latency",
            "From a command's submission to its settlement, median",
            "ms",
            "Whole nodes, 20 ms links of 100 Mbit/s, 500 bets per simulated second offered.",
            &of(|it| it.latency_ms, &loaded),
        ),
        growth(
            "engines-throughput",
            "Commands settled per simulated second, of 500 offered",
            "commands/s",
            "Whole nodes, 20 ms links of 100 Mbit/s.",
            &of(|it| it.commands, &loaded),
        ),
    ];
    let write = |figure: Result<Figure, _>| -> Result<(), String> {
        let figure = figure.map_err(|error: bitcraps_reports::ReportError| error.to_string())?;
        for (end, text) in [("svg", &figure.svg), ("csv", &figure.csv)] {
            let path = folder.join(format!("{}.{end}", figure.name));
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
            say(format_args!("  {}", path.display()));
        }
        Ok(())
    };
    for figure in figures {
        if let Err(error) = write(figure) {
            eprintln!("error: {error}");
            return false;
        }
    }
    good
}

/// What one engine came to at one size.
#[derive(Clone, Copy)]
struct Point {
    engine: Protocol,
    n: u16,
    messages: f64,
    commands: f64,
    latency_ms: f64,
}

fn heights() -> Vec<Point> {
    say(
        "(f) whole nodes, 1 ms links, no bets, nothing fails: what one height takes, and how its messages grow",
    );
    say("  engine         n   ms per height   messages per height   exponent of n   in theory");
    let mut all = Vec::new();
    for engine in Protocol::ALL {
        let mut curve = Curve { name: engine.name().to_owned(), points: Vec::new() };
        for (n, measured_ms) in SIZES {
            // The difference of two runs: what the nodes say while they connect, and once a second, is in both.
            let runs = [1200, 1200 + measured_ms].map(|ms| full_speed(engine, n, ms));
            let [Some(before), Some(after)] = runs else { continue };
            let heights = (after.height - before.height) as f64;
            let messages = |outcome: &Outcome| outcome.record.manifest.messages;
            let each = (messages(&after) - messages(&before)) as f64 / heights;
            curve.points.push((f64::from(n), each));
            let theory = if engine == Protocol::HotStuff { 1 } else { 2 };
            let exponent = match n {
                100 => format!("{:>15.2} {theory:>11}", curve.exponent().unwrap_or(f64::NAN)),
                _ => String::new(),
            };
            say(format_args!(
                "  {:10}  {n:>4}   {:>13.1}   {each:>19.0} {exponent}",
                engine.name(),
                measured_ms as f64 / heights
            ));
            all.push(Point { engine, n, messages: each, commands: 0.0, latency_ms: 0.0 });
        }
    }
    all
}

fn loads() -> Vec<Point> {
    say("    the same nodes, 20 ms links of 100 Mbit/s, 500 bets per simulated second offered");
    say("  engine         n   settled/s   p50 ms   p99 ms");
    let mut all = Vec::new();
    for engine in Protocol::ALL {
        for (n, _) in SIZES {
            let Some((commands, mut latencies)) = under_load(engine, n) else { continue };
            latencies.sort_unstable();
            let at = |share: f64| {
                let last = latencies.len().saturating_sub(1) as f64;
                latencies.get((share * last).round() as usize).map_or(f64::NAN, |nanos| *nanos as f64 / 1e6)
            };
            let (p50, p99) = (at(0.5), at(0.99));
            say(format_args!("  {:10}  {n:>4}   {commands:>9.0}   {p50:>6.0}   {p99:>6.0}", engine.name()));
            all.push(Point { engine, n, messages: 0.0, commands, latency_ms: p50 });
        }
    }
    all
}

/// Commands settled per second, and the latency of each in nanoseconds.
fn under_load(engine: Protocol, n: u16) -> Option<(f64, Vec<u64>)> {
    let ms = WARM_UP + if n > 50 { 1_000 } else { 4_000 };
    let text = format!(
        "version: 1\nname: bench\nclaim: bets are settled\nduration: {ms} ms\n\
         validators: {{ count: {n} }}\nconsensus: {{ engine: {engine} }}\n\
         links: {{ default: {{ latency: 20 ms, bandwidth: 100 Mbit/s }} }}\n\
         workload: {{ tables: 20, players: 400, bets: 500/s }}\n"
    );
    let scenario = parsed(&text)?;
    let outcome = run::examine(&scenario, World::Lab, 1, Depth::Once, "bitcraps-sim bench engines").outcome;
    let commands = outcome.record.commands.iter().filter(|command| command.at_ns >= WARM_UP * 1_000_000);
    let latencies: Vec<u64> = commands.map(|command| command.latency_ns).collect();
    Some((latencies.len() as f64 / (ms - WARM_UP) as f64 * 1e3, latencies))
}
