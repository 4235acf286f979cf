//! How many cases each strategy needs to find each bug of the museum:
//! `cargo run --release -p bitcraps-search --example hunt [budget] [bug or engine]`.
//!
//! One line for each bug and strategy: the cases until the first violation, which property it was, and the shrunk
//! schedule with `-v`.

use bitcraps_consensus::museum::Bug;
use bitcraps_search::{Schedule, byzzfuzz, explore, run, shrink, twins};

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let verbose = args.iter().any(|arg| arg == "-v");
    args.retain(|arg| arg != "-v");
    let budget: usize = args.first().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let only = args.get(1);
    for bug in Bug::ALL
        .into_iter()
        .filter(|bug| only.is_none_or(|only| bug.name() == only || bug.protocol().name() == only))
    {
        let (engine, name) = (bug.protocol(), Some(bug.name().to_string()));
        println!("{} ({engine}, said to break {})", bug.name(), bug.attacks());
        for rounds in [4, 7] {
            let params = twins::Params { bug: name.clone(), ..twins::Params::small(engine, rounds) };
            let space = twins::Space::new(params);
            hunt(&format!("twins, {rounds} rounds"), space.sample(1).take(budget), verbose);
        }
        for (validators, c, d, crashes, refusals) in
            [(4, 3, 2, 0, 0), (4, 8, 6, 0, 0), (4, 0, 5, 2, 0), (4, 4, 4, 1, 1), (6, 4, 4, 0, 0)]
        {
            let params = byzzfuzz::Params {
                bug: name.clone(),
                validators,
                crashes,
                refusals,
                ..byzzfuzz::Params::small(engine, c, d)
            };
            let schedules = (0..budget as u64).map(|seed| byzzfuzz::schedule(seed, &params));
            hunt(
                &format!(
                    "byzzfuzz, {validators} validators, c {c}, d {d}, {crashes} crashes, {refusals} refusals"
                ),
                schedules,
                verbose,
            );
        }
        for (timeouts, crashes) in [(0, 0), (1, 0), (0, 1)] {
            let params = explore::Params {
                bug: name.clone(),
                timeouts,
                crashes,
                most_states: 100_000,
                ..explore::Params::small(engine)
            };
            let report = explore::explore(&params).expect("the parameters are right");
            let found = report
                .counterexample
                .as_ref()
                .map(|found| format!("{} after {} events", found.violation.property, found.actions.len()));
            println!(
                "  explore, {timeouts} timeouts, {crashes} crashes: {} ({} states, depth {})",
                found.unwrap_or_else(|| "-".into()),
                report.unique,
                report.depth
            );
        }
    }
}

fn hunt(strategy: &str, schedules: impl Iterator<Item = Schedule>, verbose: bool) {
    for (i, schedule) in schedules.enumerate() {
        let outcome = run(&schedule).expect("it is made by a strategy");
        let Some(violation) = outcome.violations.first() else { continue };
        println!("  {strategy}: {} after {} cases", violation.property, i + 1);
        if verbose {
            let shrunk = shrink::shrink(&schedule, violation.property);
            println!("    {violation}");
            println!("{}", serde_saphyr::to_string(&shrunk.schedule).expect("a schedule is plain data"));
        }
        return;
    }
    println!("  {strategy}: -");
}
