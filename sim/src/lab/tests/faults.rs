//! What links and effects do to frames.

use super::super::network::{Network, Verdict};
use super::actors::{Do, Log, tell};
use super::*;
use std::cell::RefCell;

const LATENCY: Duration = Duration::from_millis(50);

/// Nodes 0 and 1 with a link between them, dialed by 0, at 200 ms.
fn linked(model: LinkModel) -> (Lab, Log) {
    let (mut lab, log) = chatter_lab(3, move |_, _| model.clone());
    (0..3).for_each(|node| assert!(lab.start(node)));
    lab.run_until(ms(1)).unwrap();
    tell(0, Do::Open(1));
    lab.run_until(ms(200)).unwrap();
    assert_eq!((log.words(0, "up").len(), log.words(1, "up").len()), (1, 1));
    (lab, log)
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{n:05}")).collect()
}

fn one_way(from: NodeIndex, to: NodeIndex, kind: EffectKind) -> Effect {
    Effect::new(PairSet::new(3, |a, b| (a, b) == (from, to)), kind)
}

#[test]
fn an_effect_with_a_chance_acts_on_about_that_share_of_the_packets() {
    let blocked = |chance| {
        let kind = EffectKind::Block { mode: BlockMode::Drop };
        let mut network = Network::<()>::new(2, 1, &|_, _| LinkModel::constant(Duration::from_millis(1)));
        network.add(Effect { chance, ..Effect::new(PairSet::all(2), kind) });
        let lost = |_: &u64| matches!(network.judge(0, 0, 1, 100, true), Verdict::Lost(_));
        (0..10_000).filter(lost).count()
    };
    let share = blocked(0.3);
    assert!((2800..3200).contains(&share), "{share} of 10,000");
    assert_eq!(blocked(1.0), 10_000);
}

#[test]
fn a_dial_brings_both_sides_up_after_the_latency_and_a_close_brings_the_other_down() {
    let (mut lab, log) = linked(LinkModel::constant(LATENCY));
    assert_eq!(log.of(1, "up"), [(ms(51), "up - 1200".to_owned())]);
    assert_eq!(log.of(0, "up"), [(ms(101), "up 1 1200".to_owned())]);
    tell(1, Do::Say(vec!["hello".to_owned()]));
    tell(1, Do::CloseAll);
    lab.run_until(ms(300)).unwrap();
    assert_eq!(log.of(0, "heard"), [(ms(250), "heard hello".to_owned())]);
    assert_eq!(log.of(0, "down"), [(ms(250), "down".to_owned())]);
    assert_eq!(log.of(1, "down"), []);
}

#[test]
fn a_dial_to_a_dead_a_blocked_and_an_unknown_node_fails_after_the_timeout() {
    let (mut lab, log) = chatter_lab(3, |_, _| LinkModel::constant(LATENCY));
    lab.start(0);
    lab.start(1);
    lab.add_effect(one_way(1, 0, EffectKind::Block { mode: BlockMode::Drop }));
    lab.run_until(ms(1)).unwrap();
    [1, 2, 77].into_iter().for_each(|peer| tell(0, Do::Open(peer)));
    lab.run_until(ms(1000)).unwrap();
    assert_eq!(log.words(0, "failed"), [""; 0]);
    lab.run_until(ms(2000)).unwrap();
    assert_eq!(log.of(0, "failed"), [1, 2, 77].map(|peer| (ms(1001), format!("failed {peer}"))));
}

#[test]
fn a_frame_for_a_link_of_an_earlier_life_is_answered_by_a_reset() {
    let (mut lab, log) = linked(LinkModel::constant(LATENCY));
    lab.crash(1, DiskFate::Keep);
    tell(0, Do::Say(vec!["to the dead".to_owned()]));
    lab.run_until(ms(300)).unwrap();
    assert_eq!(log.words(0, "down"), [""; 0]);
    lab.restart(1);
    tell(0, Do::Say(vec!["to the reborn".to_owned()]));
    lab.run_until(ms(500)).unwrap();
    assert_eq!(log.of(0, "down"), [(ms(400), "down".to_owned())]);
    assert_eq!(log.words(1, "heard"), [""; 0]);
    assert_eq!(lab.counters().lost, 2);
}

#[test]
fn frames_keep_their_order_unless_they_are_reordered() {
    let wild = LinkModel {
        latency: Latency::Uniform { min: Duration::from_millis(1), max: Duration::from_millis(60) },
        ..LinkModel::constant(LATENCY)
    };
    let said: Vec<String> = numbers(2000).iter().map(|n| format!("heard {n}")).collect();
    let (mut lab, log) = linked(wild.clone());
    tell(0, Do::Say(numbers(2000)));
    lab.run_until(ms(1000)).unwrap();
    assert_eq!(log.words(1, "heard"), said);

    let reorder = Some(Reorder { rate: 0.3, window: Duration::from_millis(20) });
    let (mut lab, log) = linked(LinkModel { reorder, ..wild });
    tell(0, Do::Say(numbers(2000)));
    lab.run_until(ms(1000)).unwrap();
    let mut heard = log.words(1, "heard");
    assert_ne!(heard, said);
    heard.sort();
    assert_eq!(heard, said);
}

#[test]
fn loss_duplication_and_damage_come_at_their_rates() {
    let model = LinkModel { duplicate: 0.1, corrupt: 0.3, ..LinkModel::constant(LATENCY) };
    let (mut lab, log) = linked(model);
    lab.add_effect(one_way(0, 1, EffectKind::Loss(Loss::Bernoulli(0.2))));
    tell(0, Do::Say(numbers(10_000)));
    lab.run_until(ms(1000)).unwrap();
    let counters = lab.counters();
    let within = |value: u64, expected: f64| {
        let tolerance = 5.0 * expected.sqrt();
        assert!((value as f64 - expected).abs() < tolerance, "{value} is not about {expected}");
    };
    within(counters.lost, 2000.0);
    within(counters.duplicated, 800.0);
    within(counters.corrupted, 2400.0);
    let heard = log.words(1, "heard");
    assert_eq!(heard.len() as u64, counters.sent - counters.lost + counters.duplicated);
    assert_eq!(counters.delivered, heard.len() as u64);
    let clean = heard.iter().filter(|words| words.len() == 11 && words[6..].parse::<u32>().is_ok()).count();
    within((heard.len() - clean) as u64, 2400.0 * 1.1);
}

#[test]
fn bursts_of_a_gilbert_elliott_chain_are_longer_than_those_of_independent_loss() {
    let longest_gap = |loss: Loss| {
        let (mut lab, log) = linked(LinkModel::constant(LATENCY));
        let effect = lab.add_effect(one_way(0, 1, EffectKind::Loss(loss)));
        tell(0, Do::Say(numbers(10_000)));
        lab.run_until(ms(1000)).unwrap();
        let heard: Vec<i64> = log.words(1, "heard").iter().map(|words| words[6..].parse().unwrap()).collect();
        let lost = 10_000 - heard.len();
        assert!((1500..2500).contains(&lost), "lost {lost}");
        assert_eq!(lab.effect_touched(effect), lost as u64);
        heard.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap()
    };
    let independent = longest_gap(Loss::Bernoulli(0.2));
    let burst =
        longest_gap(Loss::GilbertElliott { to_bad: 0.005, to_good: 0.02, loss_good: 0.0, loss_bad: 1.0 });
    assert!(burst > 3 * independent, "{burst} {independent}");
}

#[test]
fn latencies_have_the_quantiles_of_their_distribution() {
    let ms_of = Duration::from_millis;
    let quantiles = |latency: Latency| {
        let model = LinkModel {
            reorder: Some(Reorder { rate: 1.0, window: Duration::ZERO }),
            ..LinkModel::constant(LATENCY)
        };
        // Reordering by nothing frees each frame from those before it.
        let (mut lab, log) = linked(LinkModel { latency: Latency::Constant(Duration::ZERO), ..model });
        lab.add_effect(one_way(0, 1, EffectKind::Latency(latency)));
        tell(0, Do::Say(numbers(20_000)));
        lab.run_until(ms(5000)).unwrap();
        let mut all: Vec<f64> =
            log.of(1, "heard").iter().map(|(at, _)| at.since(ms(200)).as_secs_f64() * 1e3).collect();
        assert_eq!(all.len(), 20_000);
        all.sort_by(f64::total_cmp);
        [all[200], all[10_000], all[19_800]]
    };
    let near = |actual: [f64; 3], expected: [f64; 3]| {
        for (a, e) in actual.iter().zip(expected) {
            assert!((a - e).abs() < 0.06 * e + 0.1, "{actual:?} is not about {expected:?}");
        }
    };
    near(quantiles(Latency::Constant(ms_of(40))), [40.0, 40.0, 40.0]);
    near(quantiles(Latency::Uniform { min: ms_of(10), max: ms_of(110) }), [11.0, 60.0, 109.0]);
    near(quantiles(Latency::Normal { mean: ms_of(100), stddev: ms_of(10) }), [76.7, 100.0, 123.3]);
    near(quantiles(Latency::LogNormal { median: ms_of(40), p99: ms_of(120) }), [13.3, 40.0, 120.0]);
    near(quantiles(Latency::Exponential { mean: ms_of(100) }), [1.0, 69.3, 460.5]);
}

#[test]
fn a_one_way_block_stops_one_way_only() {
    let (mut lab, log) = linked(LinkModel::constant(LATENCY));
    let block = lab.add_effect(one_way(0, 1, EffectKind::Block { mode: BlockMode::Drop }));
    tell(0, Do::Say(numbers(3)));
    tell(1, Do::Say(numbers(2)));
    lab.run_until(ms(400)).unwrap();
    assert_eq!((log.words(0, "heard").len(), log.words(1, "heard").len()), (2, 0));
    assert_eq!(lab.effect_touched(block), 3);
    assert!(lab.remove_effect(block));
    assert!(!lab.remove_effect(block));
    tell(0, Do::Say(numbers(1)));
    lab.run_until(ms(600)).unwrap();
    assert_eq!(log.words(1, "heard"), ["heard 00000"]);
    assert_eq!(lab.effect_touched(block), 3);
}

#[test]
fn what_a_block_holds_goes_on_in_order_when_all_holding_effects_are_removed() {
    let (mut lab, log) = linked(LinkModel::constant(LATENCY));
    let hold = EffectKind::Block { mode: BlockMode::Hold };
    let (first, second) = (lab.add_effect(one_way(0, 1, hold.clone())), lab.add_effect(one_way(0, 1, hold)));
    tell(0, Do::Say(numbers(5)));
    lab.run_until(ms(1000)).unwrap();
    lab.remove_effect(first);
    lab.run_until(ms(2000)).unwrap();
    assert_eq!(log.words(1, "heard").len(), 0);
    lab.remove_effect(second);
    tell(0, Do::Say(vec!["last".to_owned()]));
    lab.run_until(ms(3000)).unwrap();
    let expected: Vec<_> = numbers(5).into_iter().chain(["last".to_owned()]).collect();
    let expected: Vec<_> = expected.iter().map(|text| (ms(2050), format!("heard {text}"))).collect();
    assert_eq!(log.of(1, "heard"), expected);
    assert_eq!(lab.effect_touched(first), 5);
}

#[test]
fn a_clog_refuses_the_sender_when_it_is_full() {
    let (mut lab, log) = linked(LinkModel::constant(LATENCY));
    let clog = lab.add_effect(one_way(0, 1, EffectKind::Clog { limit: 3 }));
    tell(0, Do::Say(numbers(5)));
    lab.run_until(ms(1000)).unwrap();
    assert_eq!(log.words(0, "refused"), ["refused 00003", "refused 00004"]);
    lab.remove_effect(clog);
    lab.run_until(ms(2000)).unwrap();
    assert_eq!(log.words(1, "heard"), ["heard 00000", "heard 00001", "heard 00002"]);
}

#[test]
fn bandwidth_spaces_frames_and_its_queue_is_bounded() {
    // 5 bytes at 40 kbit/s take 1 ms.
    let (mut lab, log) = linked(LinkModel { queue_bytes: 20, ..LinkModel::constant(LATENCY) });
    let slow = lab.add_effect(one_way(0, 1, EffectKind::Bandwidth(40_000)));
    tell(0, Do::Say(numbers(7)));
    lab.run_until(ms(1000)).unwrap();
    let times: Vec<Time> = log.of(1, "heard").into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [251, 252, 253, 254].map(ms));
    assert_eq!(log.words(0, "refused").len(), 3);
    assert_eq!(lab.counters().refused, 3);

    let narrow = lab.add_effect(one_way(0, 1, EffectKind::Queue(10)));
    tell(0, Do::Say(numbers(7)));
    lab.run_until(ms(2000)).unwrap();
    assert_eq!(log.of(1, "heard").len(), 6);
    assert_eq!(lab.effect_touched(narrow), 5);
    assert!(lab.effect_touched(slow) > 0);
}

#[test]
fn the_watcher_sees_each_frame_with_its_times_and_its_effect() {
    let (mut lab, _log) = linked(LinkModel::constant(LATENCY));
    let seen = Rc::new(RefCell::new(Vec::new()));
    let sink = seen.clone();
    lab.watch_frames(Some(Box::new(move |frame| {
        sink.borrow_mut().push((frame.from, frame.sent, frame.received, frame.bytes.to_vec(), frame.effect));
    })));
    tell(0, Do::Say(vec!["a".to_owned()]));
    lab.run_until(ms(300)).unwrap();
    let block = lab.add_effect(one_way(0, 1, EffectKind::Block { mode: BlockMode::Drop }));
    tell(0, Do::Say(vec!["b".to_owned()]));
    lab.run_until(ms(400)).unwrap();
    let expected =
        [(0, ms(200), Some(ms(250)), b"a".to_vec(), None), (0, ms(300), None, b"b".to_vec(), Some(block))];
    assert_eq!(*seen.borrow(), expected);
}
