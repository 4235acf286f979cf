//! Same seed, same trace; another seed, another one.

use super::actors::{Do, Log, tell};
use super::*;

/// A run with every kind of randomness and fault; its trace and what the actors saw.
fn eventful_run(
    seed: u64,
    window: std::ops::Range<u64>,
) -> (TraceSummary, Vec<(Time, NodeIndex, String)>, Vec<String>) {
    let log = Log::default();
    let seen = log.clone();
    let boot: Boot = Box::new(move |node, incarnation, ports| {
        vec![Box::new(Chatter::start_at(node, incarnation, ports, seen.clone())) as Box<dyn Any>]
    });
    let mut config = LabConfig::new(seed, 4, boot);
    config.links = Box::new(|_, _| LinkModel {
        latency: Latency::LogNormal { median: Duration::from_millis(20), p99: Duration::from_millis(80) },
        loss: Loss::Bernoulli(0.05),
        duplicate: 0.05,
        reorder: Some(Reorder { rate: 0.1, window: Duration::from_millis(30) }),
        corrupt: 0.05,
        bandwidth: Some(1_000_000),
        queue_bytes: 2000,
    });
    let mut lab = Lab::new(config);
    lab.record_window(window, None);
    for node in 0..4 {
        lab.start(node);
        for peer in 0..node {
            lab.schedule(ms(1), move |_| tell(node, Do::Open(peer)));
        }
    }
    for round in 0..200 {
        let talk = move |lab: &mut Lab| {
            for node in 0..4 {
                if lab.is_up(node) {
                    tell(node, Do::Say(vec![format!("{node} says {round}")]));
                    tell(node, Do::Ring(Duration::from_millis(7)));
                }
            }
        };
        lab.schedule(ms(200 + 10 * round), talk);
    }
    lab.schedule(ms(500), |lab| assert!(lab.crash(1, DiskFate::TornWrite).is_some()));
    lab.schedule(ms(700), |lab| assert!(lab.restart(1)));
    lab.schedule(ms(720), |_| tell(1, Do::Open(0)));
    lab.schedule(ms(800), |lab| {
        let kind = EffectKind::Loss(Loss::GilbertElliott {
            to_bad: 0.1,
            to_good: 0.3,
            loss_good: 0.0,
            loss_bad: 0.9,
        });
        let id = lab.add_effect(Effect::new(PairSet::all(4), kind));
        lab.schedule(ms(1500), move |lab| assert!(lab.remove_effect(id)));
    });
    assert_eq!(lab.run_until(ms(3000)), Ok(Progress::Idle));
    (lab.trace_summary(), log.all(), lab.window())
}

#[test]
fn the_same_seed_gives_the_same_trace_twice_and_on_two_threads_at_once() {
    let (trace, log, _) = eventful_run(7, 0..0);
    assert!(trace.events > 3_000 && log.len() > 1_000, "{} events, {} lines", trace.events, log.len());
    let again = eventful_run(7, 0..0);
    assert_eq!((&again.0, &again.1), (&trace, &log));
    let threads: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..2).map(|_| scope.spawn(|| eventful_run(7, 0..0).0)).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    assert_eq!(threads, [trace.clone(), trace]);
}

#[test]
fn another_seed_gives_another_trace_and_the_window_tells_where_it_starts() {
    let (seven, eight) = (eventful_run(7, 0..0).0, eventful_run(8, 0..0).0);
    assert_ne!(seven.digest, eight.digest);
    let window = seven.first_difference(&eight).unwrap();
    let (left, right) = (eventful_run(7, window.clone()), eventful_run(8, window));
    assert_eq!(left.0, seven, "recording a window changes nothing");
    let first = left.2.iter().zip(&right.2).find(|(a, b)| a != b);
    assert!(first.is_some_and(|(a, _)| a.contains(" n")), "{first:?}");
}

#[test]
fn an_effect_on_one_pair_changes_no_draw_of_another() {
    let arrivals = |effect: bool| {
        let (mut lab, log) = chatter_lab(3, |_, _| LinkModel {
            latency: Latency::Exponential { mean: Duration::from_millis(10) },
            loss: Loss::Bernoulli(0.2),
            reorder: Some(Reorder { rate: 0.5, window: Duration::from_millis(50) }),
            ..LinkModel::constant(Duration::ZERO)
        });
        (0..3).for_each(|node| assert!(lab.start(node)));
        // A lost handshake is dialed again until both links are up.
        for attempt in 0..10 {
            lab.run_until(ms(2000 * attempt + 1)).unwrap();
            for peer in [1, 2] {
                if log.words(0, &format!("up {peer}")).is_empty() {
                    tell(0, Do::Open(peer));
                }
            }
        }
        lab.run_until(ms(30_000)).unwrap();
        if effect {
            let pairs = PairSet::new(3, |from, to| (from, to) == (0, 1));
            lab.add_effect(Effect::new(pairs.clone(), EffectKind::Loss(Loss::Bernoulli(0.5))));
            lab.add_effect(Effect::new(pairs, EffectKind::Duplicate(0.5)));
        }
        tell(0, Do::Say((0..500).map(|n| n.to_string()).collect()));
        lab.run_until(ms(40_000)).unwrap();
        (log.of(1, "heard"), log.of(2, "heard"))
    };
    let (plain, bent) = (arrivals(false), arrivals(true));
    assert_ne!(plain.0, bent.0);
    assert!(plain.1.len() > 300);
    assert_eq!(plain.1, bent.1);
}
