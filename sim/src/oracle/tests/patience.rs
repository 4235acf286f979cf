//! The bound of liveness.

use super::*;
use bitcraps_types::Protocol;

const MS: Duration = Duration::from_millis(1);

fn config(growth: f64) -> Config {
    Config {
        chain: CHAIN,
        me: None,
        propose: 500 * MS,
        prevote: 250 * MS,
        precommit: 250 * MS,
        growth,
        rebroadcast: 100 * MS,
    }
}

fn window(protocol: Protocol, byzantine: usize, delta: u32) -> Duration {
    Patience::of(protocol, &config(2.0), byzantine, delta * MS).window
}

#[test]
fn each_round_that_may_fail_takes_its_timeouts_and_its_hops() {
    // That would be 3.2 s; a node whose links broke takes longer to come back.
    assert_eq!(window(Protocol::Tendermint, 0, 0), 4000 * MS);
    assert_eq!(window(Protocol::Tendermint, 1, 10), (200 + 1000 + 2000 + 4000 + 3 * 30) * MS);
    assert_eq!(window(Protocol::Pbft, 1, 10), (200 + 1000 + 2000 + 4000 + 3 * 50) * MS);
    let five_rounds = 750 + 1500 + 3000 + 6000 + 12_000;
    assert_eq!(window(Protocol::HotStuff, 1, 10), (200 + five_rounds + 5 * 40) * MS);
}

#[test]
fn rounds_too_short_for_the_links_are_not_counted_but_waited_for() {
    // 3 hops take 3 s: the rounds of 1 s and 2 s are in vain.
    let wasted = 1000 + 2000 + 2 * 3000;
    assert_eq!(window(Protocol::Tendermint, 0, 1000), (200 + wasted + 4000 + 8000 + 2 * 3000) * MS);
    // Without growth there is no better round to come.
    let flat = Patience::of(Protocol::Tendermint, &config(1.0), 0, 1000 * MS);
    assert_eq!((flat.window, flat.hangover), ((200 + 2 * 4000) * MS, 0.0));
}

#[test]
fn a_disturbance_grants_what_the_grown_rounds_after_it_take_and_no_more_than_the_longest() {
    let patience = Patience::of(Protocol::Tendermint, &config(1.5), 0, Duration::ZERO);
    assert_eq!(patience.hangover, 1.5 * 1.5 - 1.0);
    assert_eq!(patience.after(8 * SECOND), patience.window + 10 * SECOND);
    assert_eq!(patience.after(100_000 * SECOND), patience.window + 2 * 3 * Config::MAX_TIMEOUT);
}
