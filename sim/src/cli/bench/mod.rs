//! `bench`: what the testbed costs, side by side in one call.
//!
//! Parts: `rounds` (quorum rounds, all to all, beside turmoil and madsim doing the same), `trace` (the cost of the
//! trace hash in the same rounds), `blocks` (whole nodes making blocks), `idle` (nodes with nothing to do), `wire` (whole
//! nodes on simulated links, on real QUIC, and on turmoil), `engines` (what a block takes under each engine, in simulated
//! time and messages: the same on every machine), `decide` (what large networks cost), `casino` (treasury and tables
//! alone), `scale` (networks with many tables). Each other figure is the median of [`REPEATS`] runs; rivals and lab take turns, so that a drift of the machine's speed meets both.

mod casino;
mod decide;
mod engines;
mod scale;

use super::exit;
use super::say::say;
use crate::lab::bench::quorum_bench;
use crate::run::{self, Depth, Outcome};
use crate::scenario::{self, Scenario, World};
use bitcraps_types::Protocol;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const REPEATS: usize = 3;

/// One measurement.
#[derive(Clone, Copy)]
struct Figure {
    messages_per_second: f64,
    simulated_per_second: f64,
}

/// Runs the parts whose name contains `only`. Figures of the engines go to `figures`, if it is given.
pub(super) fn bench(only: Option<&str>, figures: Option<&Path>) -> u8 {
    let wanted = |part: &str| only.is_none_or(|only| part.contains(only));
    let mut complete = true;
    if wanted("rounds") {
        complete &= rounds();
    }
    if wanted("trace") {
        trace();
    }
    if wanted("blocks") {
        complete &= blocks();
    }
    if wanted("idle") {
        complete &= idle();
    }
    if wanted("wire") {
        complete &= wire();
    }
    if wanted("engines") {
        complete &= engines::bench(figures);
    }
    if wanted("decide") {
        complete &= decide::bench();
    }
    if wanted("casino") {
        casino::bench();
    }
    if wanted("scale") {
        complete &= scale::bench();
    }
    if complete { exit::PASS } else { exit::INCONCLUSIVE }
}

/// (a) Quorum rounds: this loop, madsim, turmoil.
fn rounds() -> bool {
    say(format_args!("(a) quorum rounds, all to all, 50 ms links, one actor per node; median of {REPEATS}"));
    say("    n   world            messages/s   simulated s/s   lab is");
    let mut complete = true;
    for (n, lab_s, rival_s) in [(4u16, 2000u64, 600u64), (10, 400, 100), (100, 4, 2)] {
        let (mut lab, mut madsim, mut slow, mut fast) = (vec![], vec![], vec![], vec![]);
        for _ in 0..REPEATS {
            lab.push(quorum(n, lab_s, true));
            madsim.extend(rival("madsim", n, rival_s).into_iter().flatten());
            let turmoil = rival("turmoil", n, (rival_s / 10).max(1)).unwrap_or_default();
            slow.extend(turmoil.first().copied());
            fast.extend(turmoil.get(1).copied());
        }
        let ours = median(&lab);
        say(format_args!(
            "  {n:3}   {:14}  {:>11.0}   {:>13.1}",
            "lab, traced", ours.messages_per_second, ours.simulated_per_second
        ));
        for (name, runs) in [("madsim", &madsim), ("turmoil 1 ms", &slow), ("turmoil 10 ms", &fast)] {
            if runs.is_empty() {
                say(format_args!("  {n:3}   {name:14}  not built: see `make bench`"));
                complete = false;
                continue;
            }
            let rival = median(runs);
            let ratio = ours.messages_per_second / rival.messages_per_second;
            say(format_args!(
                "  {n:3}   {name:14}  {:>11.0}   {:>13.1}   {ratio:.1} × as fast",
                rival.messages_per_second, rival.simulated_per_second
            ));
        }
    }
    complete
}

/// (d) What the trace hash costs.
fn trace() {
    say(format_args!("(d) the trace hash, in the same rounds; median of {REPEATS}, the two in turn"));
    for (n, simulated) in [(4u16, 2000u64), (10, 400), (100, 4)] {
        let (mut with, mut without) = (vec![], vec![]);
        for _ in 0..REPEATS {
            with.push(quorum(n, simulated, true));
            without.push(quorum(n, simulated, false));
        }
        let (with, without) = (median(&with).messages_per_second, median(&without).messages_per_second);
        let share = 100.0 * (1.0 - with / without);
        say(format_args!(
            "  {n:3}   with {with:>11.0} messages/s   without {without:>11.0}   {share:.0} % of the run"
        ));
    }
}

/// (b) The whole node stack.
fn blocks() -> bool {
    say(format_args!(
        "(b) whole nodes making blocks, no bets, as fast as they go or one per `pace`; median of {REPEATS}"
    ));
    say("    n   links            crypto  pace   heights/s   messages/s   simulated s/s");
    let mut good = true;
    for (n, link, crypto, pace, simulated) in [
        (4, "50 ms", "mock", "0 s", 600),
        (4, "50 ms", "mock", "1 s", 6000),
        (4, "50 ms", "real", "0 s", 100),
        (10, "50 ms", "mock", "0 s", 100),
        (10, "50 ms", "real", "0 s", 30),
        (100, "50 ms", "mock", "0 s", 3),
        (100, "50 ms", "real", "0 s", 2),
        (10, "{ mean: 80 ms, jitter: 10 ms }", "mock", "0 s", 300),
    ] {
        let loss = if link.starts_with('{') { "2 %" } else { "0 %" };
        let text = format!(
            "version: 1\nname: bench\nclaim: blocks at full speed\nduration: {simulated} s\ncrypto: {crypto}\n\
             validators: {{ count: {n} }}\nconsensus: {{ interval: {pace} }}\nlinks: {{ default: {{ latency: {link}, loss: {loss} }} }}\n\
             workload: {{ tables: 1, players: 0, bets: 0/s }}\n"
        );
        let mut runs: Vec<(Figure, u64)> = (0..REPEATS).filter_map(|_| whole(&text, World::Lab)).collect();
        good &= runs.len() == REPEATS;
        runs.sort_by(|a, b| a.0.simulated_per_second.total_cmp(&b.0.simulated_per_second));
        let Some((figure, heights)) = runs.get(runs.len() / 2) else { continue };
        let link = if link.starts_with('{') { "80 ± 10 ms, 2 %" } else { link };
        let rate = *heights as f64 / f64::from(simulated) * figure.simulated_per_second;
        say(format_args!(
            "  {n:3}   {link:15}  {crypto:6}  {pace:4}   {rate:>9.0}   {:>10.0}   {:>13.1}   ({heights} heights in {:.2} s)",
            figure.messages_per_second,
            figure.simulated_per_second,
            f64::from(simulated) / figure.simulated_per_second
        ));
    }
    good
}

/// (c) Nodes with nothing to do.
fn idle() -> bool {
    say("(c) 100 idle nodes: a block a minute, no bets");
    let text = "version: 1\nname: idle\nclaim: idle time is cheap\nduration: 60 s\nvalidators: { count: 100 }\n\
                consensus: { interval: 60 s }\nworkload: { tables: 1, players: 0, bets: 0/s }\n";
    let Some((figure, _)) = whole(text, World::Lab) else { return false };
    say(format_args!(
        "  100   60 simulated s in {:.0} ms, {:.0} messages/s",
        60e3 / figure.simulated_per_second,
        figure.messages_per_second
    ));
    true
}

/// (e) What real QUIC and turmoil cost: handshakes of all pairs, keep-alives, a block a second.
fn wire() -> bool {
    say(format_args!(
        "(e) whole nodes making a block a second, no bets, real signatures; median of {REPEATS}, the worlds in turn"
    ));
    say("    n   world     packets/s   simulated s/s   heights");
    let mut good = true;
    for (n, simulated) in [(4u16, 100u64), (16, 20), (32, 10)] {
        let text = format!(
            "version: 1\nname: bench\nclaim: blocks at leisure\nduration: {simulated} s\ncrypto: real\n\
             validators: {{ count: {n} }}\nconsensus: {{ interval: 1 s }}\n\
             workload: {{ tables: 1, players: 0, bets: 0/s }}\n"
        );
        let worlds = [World::Lab, World::Wire, World::Turmoil];
        let mut runs = worlds.map(|_| Vec::new());
        for _ in 0..REPEATS {
            worlds.into_iter().zip(&mut runs).for_each(|(world, runs)| runs.extend(whole(&text, world)));
        }
        for (world, runs) in worlds.into_iter().zip(runs) {
            good &= runs.len() == REPEATS;
            let Some((_, heights)) = runs.first() else { continue };
            let figure = median(&runs.iter().map(|(figure, _)| *figure).collect::<Vec<_>>());
            let (packets, speed) = (figure.messages_per_second, figure.simulated_per_second);
            say(format_args!("  {n:3}   {:7}  {packets:>10.0}   {speed:>13.1}   {heights:>7}", world.name()));
        }
    }
    good
}

fn quorum(n: u16, simulated: u64, traced: bool) -> Figure {
    let run = quorum_bench(n, Duration::from_secs(simulated), traced);
    let wall = run.wall.as_secs_f64();
    Figure {
        messages_per_second: run.delivered as f64 / wall,
        simulated_per_second: run.simulated.as_secs_f64() / wall,
    }
}

/// A rival's figures, a line each; `None` if it is not built.
fn rival(name: &str, n: u16, simulated: u64) -> Option<Vec<Figure>> {
    let program = Path::new("bench/rivals").join(name).join("target/release").join(format!("rival-{name}"));
    let output = Command::new(program)
        .args(["--n", &n.to_string(), "--simulated", &simulated.to_string()])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let figure = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(Figure {
            messages_per_second: line["messages_per_s"].as_f64()?,
            simulated_per_second: line["simulated_per_wall"].as_f64()?,
        })
    };
    Some(lines.lines().filter_map(figure).collect())
}

/// One run of a scenario with whole nodes, and the heights that it decided.
fn whole(text: &str, world: World) -> Option<(Figure, u64)> {
    let scenario = parsed(text)?;
    let outcome = run::examine(&scenario, world, 1, Depth::Once, "bitcraps-sim bench blocks").outcome;
    let manifest = &outcome.record.manifest;
    for property in outcome.record.properties.iter().filter(|property| property.holds == Some(false)) {
        eprintln!("  {}: {}", property.name, property.detail);
    }
    let wall = outcome.wall.as_secs_f64();
    let figure = Figure {
        messages_per_second: manifest.messages as f64 / wall,
        simulated_per_second: manifest.duration_ns as f64 / 1e9 / wall,
    };
    Some((figure, outcome.height))
}

/// Whole nodes making blocks without bets over links of 1 ms, for so many simulated milliseconds.
fn full_speed(engine: Protocol, n: u16, ms: u64) -> Option<Outcome> {
    let text = format!(
        "version: 1\nname: bench\nclaim: blocks at full speed\nduration: {ms} ms\n\
         validators: {{ count: {n} }}\nconsensus: {{ engine: {engine} }}\nlinks: {{ default: {{ latency: 1 ms }} }}\n\
         workload: {{ tables: 1, players: 0, bets: 0/s }}\n"
    );
    let scenario = parsed(&text)?;
    Some(run::examine(&scenario, World::Lab, 1, Depth::Once, "bitcraps-sim bench").outcome)
}

fn parsed(text: &str) -> Option<Scenario> {
    match scenario::parse("(bench)", text) {
        Ok(parsed) => Some(parsed.scenario),
        Err(diagnostics) => {
            diagnostics.iter().for_each(|diagnostic| eprintln!("{diagnostic}"));
            None
        }
    }
}

/// The figure in the middle by messages per second.
fn median(figures: &[Figure]) -> Figure {
    let mut sorted = figures.to_vec();
    sorted.sort_by(|a, b| a.messages_per_second.total_cmp(&b.messages_per_second));
    sorted[sorted.len() / 2]
}
