//! Behaviours that hold messages back, and those that speak unasked.

use super::speech::{first_vote, messages, proposal, proposer, second_vote, told_at, verifies};
use super::*;
use bitcraps_types::Protocol;
use std::time::Duration;

const MS: u64 = 1_000_000;

fn at(ms: u64) -> Time {
    Time(ms * MS)
}

fn patience() -> Patience {
    Patience { propose: 500 * MS, prevote: 200 * MS, precommit: 100 * MS, growth: 2.0 }
}

/// What the puppet says of its own accord, by recipient.
fn unasked(puppet: &Puppet, now: Time) -> Vec<(ValidatorIndex, Signed<ConsensusMessage>)> {
    let said = puppet.unasked(now).into_iter();
    said.flat_map(|(to, outgoing)| messages(vec![outgoing]).into_iter().map(move |one| (to, one))).collect()
}

#[test]
fn what_is_late_leaves_just_before_the_timeout_that_waits_for_it() {
    for (protocol, waits) in [
        (Protocol::Pbft, [800, 800, 800]),
        (Protocol::Tendermint, [500, 200, 100]),
        (Protocol::HotStuff, [700, 700, 1400]),
    ] {
        let me = proposer(protocol, 0).0;
        let said = [proposal(protocol, 0), first_vote(protocol, me, 0), second_vote(protocol, me, 0)];
        for (message, wait) in said.into_iter().zip(waits) {
            let puppet = puppet(me);
            let lie = Lie::Late { patience: patience(), before: 50 * MS };
            puppet.activate("late", Behaviour::from(&lie));
            assert!(told_at(&puppet, at(1000), 2, &message).is_empty(), "{protocol}");
            assert_eq!(puppet.wakes(at(1000)), Some(at(1000 + wait - 50)), "{protocol}");
            assert!(unasked(&puppet, at(1000 + wait - 51)).is_empty());
            puppet.deactivate("late");
            assert!(puppet.active(), "what it holds is not lost with the fault");
            assert_eq!(unasked(&puppet, at(1000 + wait - 50)), [(v(2), message)]);
            assert!(!puppet.active());
            assert_eq!(puppet.touched("late"), 1);
        }
    }
}

#[test]
fn timeouts_grow_with_the_round_and_end_at_the_limit() {
    let me = 1;
    let puppet = puppet(me);
    puppet.activate("late", Behaviour::from(&Lie::Late { patience: patience(), before: 0 }));
    told_at(&puppet, Time::ZERO, 2, &first_vote(Protocol::Tendermint, me, 3));
    assert_eq!(puppet.wakes(Time::ZERO), Some(at(1600)));
    unasked(&puppet, at(1600));
    told_at(&puppet, Time::ZERO, 2, &first_vote(Protocol::Tendermint, me, u32::MAX));
    assert_eq!(puppet.wakes(Time::ZERO), Some(at(60_000)));
}

#[test]
fn who_rushes_votes_when_the_last_honest_one_has_voted_or_when_it_has_waited_long_enough() {
    for protocol in Protocol::ALL {
        let rushing = |honest: &[u16]| {
            let puppet = puppet(3);
            let lie = Lie::Rushing { honest: liars(honest), at_most: 400 * MS };
            puppet.activate("rush", Behaviour::from(&lie));
            puppet
        };
        let vote = first_vote(protocol, 3, 0);
        let puppet = rushing(&[0, 1, 3]);
        assert!(told_at(&puppet, at(0), 0, &vote).is_empty() && told_at(&puppet, at(0), 1, &vote).is_empty());
        puppet.incoming(at(1), &first_vote(protocol, 0, 0));
        puppet.incoming(at(1), &second_vote(protocol, 1, 0));
        assert!(unasked(&puppet, at(1)).is_empty(), "{protocol}: it waits for the other's same vote");
        puppet.incoming(at(2), &first_vote(protocol, 1, 0));
        assert_eq!(unasked(&puppet, at(2)), [(v(0), vote.clone()), (v(1), vote.clone())], "{protocol}");
        assert_eq!(told_at(&puppet, at(3), 2, &vote), std::slice::from_ref(&vote), "now it need not wait");
        assert_eq!(puppet.touched("rush"), 2);

        let puppet = rushing(&[0, 1]);
        assert!(told_at(&puppet, at(10), 0, &vote).is_empty());
        assert_eq!(puppet.wakes(at(10)), Some(at(410)));
        assert_eq!(unasked(&puppet, at(410)), [(v(0), vote.clone())]);

        let puppet = rushing(&[0, 1]);
        told_at(&puppet, at(10), 0, &vote);
        puppet.deactivate("rush");
        assert_eq!(unasked(&puppet, at(11)), [(v(0), vote)], "{protocol}: its end lets them go");
    }
}

#[test]
fn a_flood_is_of_new_signed_votes_at_the_rate_that_was_asked_for() {
    for protocol in Protocol::ALL {
        let puppet = puppet(3);
        puppet.activate("flood", Behaviour::from(&Lie::Flood { per_second: 1050 }));
        assert!(unasked(&puppet, at(0)).is_empty());
        let vote = first_vote(protocol, 3, 4);
        assert_eq!(told_at(&puppet, at(0), 0, &vote), [vote], "what the node says goes out as well");
        let mut sent = Vec::new();
        let mut now = at(0);
        while now < at(1000) {
            now = puppet.wakes(now).expect("it always wants to speak");
            sent.extend(unasked(&puppet, now));
        }
        let to_one: Vec<_> = sent.iter().filter(|(to, _)| *to == v(1)).map(|(_, vote)| vote).collect();
        assert!((1049..=1050).contains(&to_one.len()), "{protocol}: {}", to_one.len());
        assert!(to_one.iter().all(|vote| is_signed_by_its_author(vote)));
        assert!(to_one.iter().filter(|vote| verifies(vote)).count() > 500, "{protocol}: they cost a check");
        let different: BTreeSet<_> = to_one.iter().map(|vote| vote.signature.0).collect();
        assert_eq!(different.len(), to_one.len());
        assert_eq!(puppet.touched("flood"), sent.len() as u64);
        assert_eq!(puppet.wakes(now), Some(now + Duration::from_millis(10)));
    }
}

#[test]
fn after_a_long_sleep_a_flood_makes_up_for_a_bounded_time_only() {
    let puppet = puppet(3);
    puppet.activate("flood", Behaviour::from(&Lie::Flood { per_second: 1_000_000 }));
    told_at(&puppet, at(0), 0, &first_vote(Protocol::Pbft, 3, 0));
    unasked(&puppet, at(0));
    assert_eq!(unasked(&puppet, at(60_000)).len(), 3 * 10_000);
}
