//! Liveness, heights, measured bounds, counters.

use super::*;

#[test]
fn a_chain_that_stops_in_calm_is_caught_at_its_deadline() {
    let mut world = World::new();
    world.run(1..=10);
    world.pass(4 * SECOND);
    world.assert_holds("liveness");
    world.pass(2 * SECOND);
    let result = world.result("liveness");
    assert_eq!(result.holds, Some(false));
    assert!(result.detail.contains("node 0 decided nothing for 5s after 2.000000s"), "{result:?}");
    assert_eq!(result.at_ns, Some(7_000_000_000));
}

#[test]
fn a_chain_that_stops_before_gst_or_while_disturbed_is_not_blamed() {
    let mut world = World::with(|setup| setup.gst = Some(Time::ZERO + 60 * SECOND));
    world.run(1..=10);
    world.pass(40 * SECOND);
    assert_eq!(world.result("liveness").holds, None, "nothing to judge before GST");

    let mut world = World::new();
    world.run(1..=10);
    world.oracles.fault_began(world.now, "split", true);
    world.oracles.fault_began(world.now, "rain", true);
    world.pass(30 * SECOND);
    world.oracles.fault_healed(world.now, "split", true);
    world.pass(30 * SECOND);
    world.oracles.fault_healed(world.now, "rain", true);
    world.pass(4 * SECOND);
    world.run(11..=12);
    world.assert_holds("liveness");
    world.pass(6 * SECOND);
    world.assert_violated("liveness", "decided nothing");
}

#[test]
fn a_run_that_ends_before_a_node_recovers_says_that_it_can_t_tell() {
    let run = |who: u16| {
        let mut world = World::new();
        world.run(1..=10);
        world.oracles.fault_began(world.now, "split", true);
        world.pass(30 * SECOND);
        world.oracles.fault_healed(world.now, "split", true);
        world.pass(4 * SECOND);
        (0..who).for_each(|node| world.decide(node, 11));
        world.result("liveness")
    };
    assert_eq!(run(3).holds, Some(true));
    let open = run(2);
    assert!(open.holds.is_none() && open.detail.contains("node 2"), "{open:?}");
    assert!(open.detail.contains("5s of calm are needed"), "{open:?}");
}

#[test]
fn a_fault_that_does_not_disturb_excuses_nobody() {
    let mut world = World::new();
    world.run(1..=10);
    world.oracles.fault_began(world.now, "liar", false);
    world.pass(6 * SECOND);
    world.assert_violated("liveness", "decided nothing");
}

#[test]
fn a_long_disturbance_grants_its_hangover_and_no_more() {
    let run = |wait: Duration| {
        let mut world = World::with(|setup| setup.patience.hangover = 0.5);
        world.run(1..=10);
        world.oracles.fault_began(world.now, "split", true);
        world.pass(20 * SECOND);
        world.oracles.fault_healed(world.now, "split", true);
        world.pass(wait);
        world.run(11..=11);
        world.result("liveness").holds
    };
    assert_eq!((run(14 * SECOND), run(16 * SECOND)), (Some(true), Some(false)));
}

#[test]
fn one_node_that_stays_behind_is_caught_and_a_dead_or_byzantine_one_is_not() {
    let mut world = World::new();
    world.oracles.node_crashed(world.now, 2);
    for height in 1..=100 {
        world.pass(SECOND / 10);
        (0..2).for_each(|node| world.decide(node, height));
    }
    world.assert_holds("liveness");
    world.oracles.node_restarted(world.now, 2);
    world.pass(SECOND);
    (0..2).for_each(|node| world.decide(node, 101));
    world.assert_holds("liveness");
    world.pass(4 * SECOND + SECOND / 2);
    (0..2).for_each(|node| world.decide(node, 102));
    world.assert_violated("liveness", "node 2 decided nothing");
}

#[test]
fn a_node_that_decides_but_never_catches_up_is_behind_at_the_end() {
    let mut world = World::new();
    for height in 1..=100 {
        world.pass(SECOND / 5);
        (0..2).for_each(|node| world.decide(node, height));
        if height % 20 == 0 {
            world.decide(2, height / 20);
        }
    }
    world.assert_violated("liveness", "node 2 is at height 5 at the end, behind 75");
}

fn goal(at_least: Height, within: Option<Duration>, after: Option<&str>) -> World {
    let after = after.map(str::to_owned);
    World::with(|setup| setup.heights = vec![HeightGoal { at_least, within, after }])
}

#[test]
fn a_height_must_be_reached_by_all_who_are_up() {
    let mut world = goal(10, None, None);
    world.run(1..=9);
    (0..2).for_each(|node| world.decide(node, 10));
    world.assert_violated("height >= 10", "node 2 is at height 9");
    world.oracles.node_crashed(world.now, 2);
    world.assert_holds("height >= 10");
}

#[test]
fn a_height_within_a_time_after_a_fault_counts_from_its_healing() {
    let name = "height >= 12 within 2s after split";
    let run = |wait: Duration| {
        let mut world = goal(12, Some(2 * SECOND), Some("split"));
        world.run(1..=10);
        world.oracles.fault_began(world.now, "split", true);
        world.pass(10 * SECOND);
        assert_eq!(world.result(name).holds, None, "not healed");
        world.oracles.fault_healed(world.now, "split", true);
        world.pass(SECOND);
        assert_eq!(world.result(name).holds, None, "there is still time");
        world.pass(wait);
        world.run(11..=12);
        world.pass(2 * SECOND);
        world.result(name)
    };
    assert_eq!(run(SECOND / 2).holds, Some(true));
    let late = run(SECOND);
    assert_eq!(late.holds, Some(false));
    assert!(late.detail.contains("node 0 reached it only at 14."), "{late:?}");
}

fn measured(slo: Slo) -> World {
    World::with(|setup| setup.slo = slo)
}

/// Each height is proposed, and decided 200 ms later; node 2 decides after 400 ms.
fn proposed_and_decided(world: &mut World, heights: std::ops::RangeInclusive<Height>) {
    for height in heights {
        let digest = world.block(height).digest();
        world.see(0, Event::Round { height, round: 0, proposer: v(0), after_failure: false });
        world.pass(SECOND);
        world.see(0, Event::Proposed { height, round: 0, digest });
        world.pass(SECOND / 5);
        (0..2).for_each(|node| world.decide(node, height));
        world.pass(SECOND / 5);
        world.decide(2, height);
    }
}

#[test]
fn commit_latency_is_counted_from_the_proposal() {
    let ms = Duration::from_millis;
    for (p50, p99, holds) in [(210, 410, [true, true]), (190, 390, [false, false])] {
        let slo =
            Slo { commit_latency_p50: Some(ms(p50)), commit_latency_p99: Some(ms(p99)), ..Slo::default() };
        let mut world = measured(slo);
        assert_eq!(world.result("commit_latency_p50").holds, None);
        proposed_and_decided(&mut world, 1..=20);
        assert_eq!(world.result("commit_latency_p50").holds, Some(holds[0]));
        assert_eq!(world.result("commit_latency_p99").holds, Some(holds[1]));
        assert_eq!(world.oracles.commit_latency().len(), 60);
    }
}

#[test]
fn a_wasted_round_counts_in_the_latency() {
    let mut world = World::new();
    world.see(0, Event::Round { height: 1, round: 0, proposer: v(3), after_failure: false });
    let began = world.now;
    world.pass(SECOND);
    let digest = world.block(1).digest();
    world.see(0, Event::Proposed { height: 1, round: 1, digest });
    assert_eq!(world.oracles.height_began(1), Some(began));
    assert_eq!(world.oracles.height_began(2), None);
}

#[test]
fn recovery_is_the_time_until_the_last_node_decides_again() {
    let run = |slow: Duration| {
        let mut world = measured(Slo { recovery: Some(3 * SECOND), ..Slo::default() });
        world.run(1..=5);
        assert_eq!(world.result("recovery").holds, None);
        world.oracles.fault_began(world.now, "split", true);
        world.oracles.fault_healed(world.now, "split", true);
        world.pass(SECOND);
        (0..2).for_each(|node| world.decide(node, 6));
        world.pass(slow);
        world.result("recovery");
        world.decide(2, 6);
        world.result("recovery")
    };
    assert_eq!(run(SECOND).holds, Some(true));
    let slow = run(3 * SECOND);
    assert_eq!(slow.holds, Some(false));
    assert!(slow.detail.contains("4s after split"), "{slow:?}");
}

#[test]
fn a_node_that_never_recovers_is_named() {
    let mut world = measured(Slo { recovery: Some(3 * SECOND), ..Slo::default() });
    world.run(1..=5);
    world.oracles.fault_began(world.now, "split", true);
    world.oracles.fault_healed(world.now, "split", true);
    (0..2).for_each(|node| world.decide(node, 6));
    world.pass(4 * SECOND);
    world.assert_violated("recovery", "node 2 had not decided");
}

#[test]
fn recovery_begins_with_the_last_healing_and_ends_with_the_next_disturbance() {
    let run = |calm: Duration| {
        let mut world = measured(Slo { recovery: Some(3 * SECOND), ..Slo::default() });
        world.oracles.fault_began(world.now, "split", true);
        world.oracles.fault_began(world.now, "rain", true);
        world.oracles.fault_healed(world.now, "split", true);
        world.pass(10 * SECOND);
        world.oracles.fault_healed(world.now, "rain", true);
        world.pass(calm);
        world.oracles.fault_began(world.now, "rain", true);
        world.pass(10 * SECOND);
        world.result("recovery")
    };
    assert_eq!(run(2 * SECOND).holds, None);
    let slow = run(4 * SECOND);
    assert!(slow.holds == Some(false) && slow.detail.contains("4s after rain"), "{slow:?}");
}

#[test]
fn blocks_per_second_are_those_of_the_whole_run() {
    for (bound, holds) in [(4.0, true), (5.5, false)] {
        let mut world = measured(Slo { blocks_per_second: Some(bound), ..Slo::default() });
        world.run(1..=10);
        assert_eq!(world.result("blocks_per_second").holds, Some(holds));
    }
}

#[test]
fn what_was_never_reached_is_told_apart_from_what_was() {
    let names: Vec<String> = Sometimes::ALL.iter().map(|what| what.name().to_owned()).collect();
    let all = |world: &mut World| -> Vec<Option<bool>> {
        world.results()[ALWAYS.len() + 1..].iter().map(|result| result.holds).collect()
    };
    let mut world = World::with(|setup| setup.sometimes = names.clone());
    world.see(0, Event::Round { height: 1, round: 0, proposer: v(0), after_failure: false });
    assert_eq!(all(&mut world), [Some(false); Sometimes::ALL.len()]);

    let value = handovers::handing_over(&world);
    let certificate = world.certificate((1, 0), value.digest(), &[0, 1, 2]);
    world.see(0, Event::Locked { height: 1, round: 0, digest: value.digest() });
    assert_eq!(world.oracles.count(Sometimes::Lock), 0, "this round may yet decide");
    world.see(0, Event::Round { height: 1, round: 1, proposer: v(1), after_failure: true });
    assert_eq!(world.oracles.count(Sometimes::ViewChange), 0, "the nodes were still connecting");
    world.see(0, Event::Round { height: 2, round: 1, proposer: v(1), after_failure: true });
    world.see(0, Event::Decided { height: 1, value: &value, certificate: &certificate, synced: true });
    world.see(0, Event::StateSynced { height: 9, root: Digest::ZERO });
    world.see(0, Event::OffenceRecorded { offender: v(3), height: 1 });
    world.see(0, Event::Refused { peer: None, why: bitcraps_actors::ports::Refusal::Undecodable });
    world.oracles.node_crashed(world.now, 0);
    world.oracles.node_restarted(world.now, 0);
    let reports = [taken_down()];
    let available = 7;
    let reason = bitcraps_casino::Reason::BankCannotCover { available };
    let account = bitcraps_types::AccountId::of_house("player");
    let refusals = [bitcraps_casino::Refusal { account, sequence: 1, reason }];
    world.oracles.counters.applied(world.now, &reports, &refusals);
    assert_eq!(all(&mut world), [Some(true); Sometimes::ALL.len()]);
    assert_eq!(world.oracles.count(Sometimes::ViewChange), 1);

    let mut unknown = World::with(|setup| setup.sometimes = vec!["jackpot".to_owned()]);
    assert_eq!(unknown.result("jackpot").holds, None);
}

/// What a table tells that gave a bet back.
fn taken_down() -> bitcraps_casino::TableReport {
    let id = bitcraps_tables::BetId { account: bitcraps_types::AccountId::of_house("player"), sequence: 2 };
    let answer = bitcraps_casino::Answer::TakenDown(Vec::new());
    bitcraps_casino::TableReport {
        table: bitcraps_types::TableId(0),
        answers: vec![bitcraps_casino::AnswerTo { id, answer }],
        roll: None,
        shooter: None,
        settlements: Vec::new(),
        point: None,
        digest: Digest::ZERO,
        has_open_bets: false,
        worst: 0,
        wakes_at: None,
    }
}
