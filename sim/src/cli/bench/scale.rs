//! (i) Tables at scale in whole networks: four nodes in the lab on the links of a local network, with as many players
//! as it takes for a thousand commands in each block.

use super::super::say::say;
use super::parsed;
use crate::run::{self, Depth};
use crate::scenario::World;

/// Simulated.
const SECONDS: u64 = 10;
const BLOCKS_PER_SECOND: u64 = 10;
const COMMANDS_PER_BLOCK: u64 = 1000;

/// Prints the table; whether all of it could be measured.
pub(super) fn bench() -> bool {
    let rate = BLOCKS_PER_SECOND * COMMANDS_PER_BLOCK;
    say(format_args!(
        "(i) four nodes in the lab, links of 0.5 ± 0.1 ms, {BLOCKS_PER_SECOND} blocks/s, {rate} bets/s of all kinds, \
         {SECONDS} simulated s: from the bet to its settled state at the node that took it in"
    ));
    say("  tables   players   commands/block   ms to settled: p50    p99   real s per simulated s");
    let mut good = true;
    for (tables, players) in [(100, 1000), (1000, 1000), (1000, 4000), (4000, 10_000)] {
        let text = format!(
            "version: 1\nname: scale\nclaim: a thousand commands in each block\nduration: {SECONDS} s\ncrypto: mock\n\
             validators: {{ count: 4 }}\nconsensus: {{ interval: {} ms }}\n\
             links: {{ default: {{ latency: {{ mean: 500 us, jitter: 100 us }} }} }}\n\
             workload: {{ tables: {tables}, players: {players}, bets: {rate}/s, bank: 1000000000000 }}\n",
            1000 / BLOCKS_PER_SECOND
        );
        let Some(scenario) = parsed(&text) else { return false };
        let outcome = run::examine(&scenario, World::Lab, 1, Depth::Once, "bitcraps-sim bench scale").outcome;
        for property in outcome.record.properties.iter().filter(|property| property.holds == Some(false)) {
            eprintln!("  {}: {}", property.name, property.detail);
            good = false;
        }
        let mut latencies: Vec<u64> =
            outcome.record.commands.iter().map(|command| command.latency_ns).collect();
        latencies.sort_unstable();
        if latencies.is_empty() {
            good = false;
            continue;
        }
        let at = |part: f64| latencies[(part * (latencies.len() - 1) as f64) as usize] as f64 / 1e6;
        say(format_args!(
            "  {tables:>6}   {players:>7}   {:>14.0}   {:>18.1} {:>6.1}   {:>22.2}",
            latencies.len() as f64 / outcome.height.max(1) as f64,
            at(0.5),
            at(0.99),
            outcome.wall.as_secs_f64() / SECONDS as f64
        ));
    }
    good
}
