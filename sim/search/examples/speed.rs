//! How fast the strategies are, on clean engines: `cargo run --release -p bitcraps-search --example speed [cases]`.
//!
//! Two threads. Twins and ByzzFuzz: each has its own share of the cases. A violation is printed: there should be none.

#![allow(clippy::disallowed_methods, reason = "it measures real time")]

use bitcraps_search::{Outcome, Schedule, byzzfuzz, explore, run, twins};
use bitcraps_types::Protocol;
use std::thread;
use std::time::Instant;

const THREADS: u64 = 2;

fn main() {
    let cases: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(20_000);
    for engine in Protocol::ALL {
        let small = explore::Params { most_states: 400_000, ..explore::Params::small(engine) };
        exhaust(&small);
        exhaust(&explore::Params { timeouts: 1, ..small.clone() });
        exhaust(&explore::Params { silent: Vec::new(), ..small });
        for rounds in [4, 7] {
            let space = twins::Space::new(twins::Params::small(engine, rounds));
            println!("{engine}: twins of 4 validators over {rounds} rounds: {} cases", space.count());
            measure(&format!("{engine} twins, {rounds} rounds"), cases, |thread| {
                space
                    .sample(1)
                    .skip(thread as usize)
                    .step_by(THREADS as usize)
                    .take((cases / THREADS) as usize)
            });
        }
        for (c, d) in [(3, 2), (6, 4)] {
            let params = byzzfuzz::Params { crashes: 1, ..byzzfuzz::Params::small(engine, c, d) };
            measure(&format!("{engine} byzzfuzz, c = {c}, d = {d}, one crash"), cases, |thread| {
                let params = params.clone();
                (0..cases / THREADS).map(move |i| byzzfuzz::schedule(i * THREADS + thread, &params))
            });
        }
    }
}

fn measure<I: Iterator<Item = Schedule>>(name: &str, cases: u64, share: impl Fn(u64) -> I + Sync) {
    let start = Instant::now();
    let steps: u64 = thread::scope(|scope| {
        let share = &share;
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || share(thread).map(|schedule| report(&schedule)).sum::<u64>()))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a run does not panic")).sum()
    });
    let seconds = start.elapsed().as_secs_f64();
    let (rate, steps_rate) = (cases as f64 / seconds, steps as f64 / seconds);
    println!("{name}: {rate:.0} cases/s, {steps_rate:.0} steps/s, {} steps a case", steps / cases.max(1));
}

fn report(schedule: &Schedule) -> u64 {
    let Outcome { violations, steps, .. } = run(schedule).expect("it is made by a strategy");
    for violation in violations.iter().take(1) {
        println!("{schedule}: {violation}");
        println!("{}", serde_saphyr::to_string(schedule).expect("a schedule is plain data"));
    }
    steps
}

fn exhaust(params: &explore::Params) {
    let start = Instant::now();
    let report = explore::explore(params).expect("the parameters are right");
    let rate = report.states as f64 / start.elapsed().as_secs_f64();
    println!(
        "{} explore, {} silent, {} timeouts: {} states, {} of them different, to depth {}{}; {rate:.0} states/s, {} engine steps",
        params.engine,
        params.silent.len(),
        params.timeouts,
        report.states,
        report.unique,
        report.depth,
        if report.exhausted { " (all)" } else { "" },
        report.steps,
    );
    if let Some(found) = report.counterexample {
        println!("{}", found.violation);
        found.actions.iter().for_each(|action| println!("  {action}"));
    }
}
