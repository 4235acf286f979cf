//! Hangover: the backlog of a blip, and the latency after it.

use super::*;
use crate::oracle::hangover::Hangover;
use crate::oracle::setup::HangoverBound;

const MS: Duration = Duration::from_millis(1);

/// Commands come every 100 ms, and each takes as long as the test says of the time at which it is submitted, in ms. A blip
/// lasts from 10 s to 14 s; the run ends at 40 s.
fn run(latency: impl Fn(u64) -> u64) -> PropertyResult {
    let mut hangover = Hangover::new(Some(HangoverBound { latency: 2.0, within: 1.5 }));
    let mut events: Vec<(u64, u8, u64)> = vec![(10_000, 0, 0), (14_000, 1, 0)];
    for at in (0..40_000).step_by(100) {
        events.push((at, 2, at));
        events.push((at + latency(at), 3, at));
    }
    events.sort_unstable();
    for (at, what, command) in events.into_iter().filter(|(at, ..)| *at <= 40_000) {
        let at = Time::ZERO + Duration::from_millis(at);
        let mut id = Digest::ZERO;
        id.0[..8].copy_from_slice(&command.to_le_bytes());
        match what {
            0 => hangover.disturbed(at),
            1 => hangover.healed(at),
            2 => hangover.submitted(at, id),
            _ => hangover.decided(at, id),
        }
    }
    hangover.result(Time::ZERO + 40_000 * MS).expect("a bound is set")
}

/// From a submission in the blip to its end, and then some.
fn until(end: u64, at: u64) -> u64 {
    end.saturating_sub(at).max(300)
}

#[test]
fn a_backlog_that_is_gone_in_time_is_no_hangover() {
    // The blip takes 4 s, a command 300 ms: all must be over at 14 + 6 + 0.6 s.
    let result = run(|at| if (10_000..14_000).contains(&at) { until(20_500, at) } else { 300 });
    assert_eq!(result.holds, Some(true), "{result:?}");
}

#[test]
fn a_backlog_that_lasts_longer_is_caught() {
    let result = run(|at| if (10_000..14_000).contains(&at) { until(20_700, at) } else { 300 });
    assert_eq!(result.holds, Some(false));
    assert!(result.detail.contains("decided only after 20.600000s"), "{result:?}");
}

#[test]
fn latency_that_does_not_come_down_is_caught_though_no_backlog_is_left() {
    let run_with = |after| run(move |at| if at < 10_000 { 300 } else { until(14_200, at).max(after) });
    assert_eq!(run_with(590).holds, Some(true));
    let slow = run_with(700);
    assert_eq!(slow.holds, Some(false));
    assert!(slow.detail.contains("700ms") && slow.detail.contains("2.3 times the 300ms"), "{slow:?}");
}

#[test]
fn slow_commands_right_after_the_blip_are_its_price_and_lost_ones_nobodys_backlog() {
    let result = run(|at| match at {
        11_000 | 12_000 => 1_000_000,
        14_100..20_000 => 5_000,
        _ => until(14_500, at).min(4_500),
    });
    assert_eq!(result.holds, Some(true), "{result:?}");
}

#[test]
fn a_run_without_a_blip_or_without_time_after_it_says_that_it_can_t_tell() {
    let mut never = Hangover::new(Some(HangoverBound { latency: 2.0, within: 1.5 }));
    assert_eq!(never.result(Time::ZERO + SECOND).unwrap().holds, None);
    let silent = run(|at| if at < 10_000 { 300 } else { 1_000_000 });
    assert_eq!(silent.holds, None, "{silent:?}");
    assert!(Hangover::new(None).result(Time::ZERO).is_none());
}

#[test]
fn the_oracle_is_told_of_blips_commands_and_blocks() {
    let bound = HangoverBound { latency: 2.0, within: 1.0 };
    let mut world = World::with(|setup| setup.slo.hangover = Some(bound));
    world.run(1..=10);
    world.oracles.fault_began(world.now, "split", true);
    world.pass(SECOND);
    world.oracles.fault_began(world.now, "rain", true);
    world.oracles.fault_healed(world.now, "split", true);
    world.pass(SECOND);
    world.oracles.fault_healed(world.now, "rain", true);
    world.run(11..=20);
    let result = world.result("hangover");
    assert_eq!((result.holds, &*result.detail), (None, "no blip with enough commands before and after it"));
}
