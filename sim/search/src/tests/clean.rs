//! Clean engines survive, and what the strategies do to them is not nothing.

use crate::replica::Fact;
use crate::*;
use bitcraps_consensus::{AnyEngine, AnyStatement, Engine};
use bitcraps_types::Protocol;
use std::collections::BTreeSet;

/// Runs all; the coverage of all, and how much was done to them.
fn survive(schedules: impl Iterator<Item = Schedule>) -> (BTreeSet<&'static str>, Impact) {
    let mut coverage = BTreeSet::new();
    let mut total = Impact::default();
    for schedule in schedules {
        let outcome = run(&schedule).unwrap();
        assert_eq!(outcome.violations, [], "{}", serde_saphyr::to_string(&schedule).unwrap());
        total.cut += outcome.impact.cut;
        total.changed += outcome.impact.changed;
        total.crashes += outcome.impact.crashes;
        coverage.extend(outcome.coverage);
    }
    (coverage, total)
}

#[test]
fn a_network_without_faults_decides_at_once() {
    for engine in Protocol::ALL {
        let outcome = run(&Schedule::quiet(engine, 4, 10)).unwrap();
        assert_eq!(outcome.violations, []);
        assert!(outcome.decided.values().all(|height| *height >= 10), "{outcome:?}");
        assert_eq!(outcome.impact, Impact::default());
    }
}

/// Who needs nobody else decides without a message; it must not do so for ever.
#[test]
fn a_validator_that_is_alone_decides_too() {
    for engine in Protocol::ALL {
        assert_eq!(run(&Schedule::quiet(engine, 1, 3)).unwrap().violations, []);
    }
}

#[test]
fn clean_engines_survive_twins() {
    for engine in Protocol::ALL {
        let quiet = run(&Schedule::quiet(engine, 4, 2)).unwrap().coverage;
        let small = twins::Space::new(twins::Params::small(engine, 5));
        let (coverage, impact) = survive(small.sample(3).take(300));
        assert!(coverage.len() > quiet.len() + 3, "{coverage:?}");
        assert!(impact.cut > 10_000, "{impact:?}");
        let seven = twins::Params { validators: 7, twins: 2, groups: 3, ..twins::Params::small(engine, 4) };
        survive(twins::Space::new(seven).sample(3).take(20));
    }
}

#[test]
fn clean_engines_survive_byzzfuzz() {
    for engine in Protocol::ALL {
        let params = byzzfuzz::Params { crashes: 2, refusals: 1, ..byzzfuzz::Params::small(engine, 6, 3) };
        let (_, impact) = survive((0..400).map(|seed| byzzfuzz::schedule(seed, &params)));
        assert!(impact.cut > 400 && impact.changed > 400 && impact.crashes > 100, "{impact:?}");
        let six = byzzfuzz::Params { validators: 6, ..params };
        survive((0..50).map(|seed| byzzfuzz::schedule(seed, &six)));
    }
}

/// Two pairs of twins among four are too many: agreement breaks now and then, and whoever broke it is convicted.
#[test]
fn where_too_many_are_faulty_they_are_convicted() {
    for engine in Protocol::ALL {
        let params = twins::Params { twins: 2, ..twins::Params::small(engine, 4) };
        let mut broken = 0;
        for schedule in twins::Space::new(params).sample(5).take(400) {
            let outcome = run(&schedule).unwrap();
            assert_eq!(outcome.violations, [], "{}", serde_saphyr::to_string(&schedule).unwrap());
            broken += u32::from(outcome.disagreed);
        }
        assert!(broken > 0, "{engine}: agreement never broke");
    }
}

/// Hosts that did not go on after the last height helped nobody who was still behind.
#[test]
fn one_who_comes_back_when_the_others_are_far_ahead_is_helped() {
    for engine in Protocol::ALL {
        let crash = Crash { replica: Name::of(3), when: Moment::Write(1), down: 90 };
        let plan = RoundPlan { crash: vec![crash], ..RoundPlan::default() };
        let outcome = run(&Schedule { rounds: vec![plan], ..Schedule::quiet(engine, 4, 2) }).unwrap();
        assert_eq!((outcome.violations, outcome.impact.crashes), (vec![], 1));
    }
}

/// By weight one of four may be a quarter of the power, or a half.
#[test]
fn power_counts_and_not_heads() {
    for engine in Protocol::ALL {
        let alone = RoundPlan { partition: "0 | 1 2 3".parse().unwrap(), ..RoundPlan::default() };
        let light = Schedule {
            powers: vec![1, 2, 2, 2],
            rounds: vec![alone.clone(); 3],
            ..Schedule::quiet(engine, 4, 2)
        };
        assert_eq!(run(&light).unwrap().violations, []);
        let heavy = Schedule { powers: vec![4, 1, 1, 1], ..light };
        let heavy = run(&heavy).unwrap();
        assert_eq!(heavy.violations, []);
        assert!(heavy.steps > 0 && heavy.impact.cut > 0);
    }
}

/// The judge's definitions and the engines' were written apart. They agree on all that is ever said.
#[test]
fn judge_and_engines_agree_on_what_contradicts() {
    for engine in Protocol::ALL {
        let mut said: Vec<AnyStatement> = Vec::new();
        let params = byzzfuzz::Params { crashes: 1, ..byzzfuzz::Params::small(engine, 8, 3) };
        for seed in 0..12 {
            let mut network = network::Network::new(&byzzfuzz::schedule(seed, &params));
            network.start();
            network.run(5_000);
            for replica in 0..4 {
                let new = network.judge.said(replica).iter().map(|signed| signed.message.clone());
                said.extend(new.filter(|statement| !said.contains(statement)).collect::<Vec<_>>());
            }
        }
        let mut contradictions = 0;
        for a in &said {
            for b in &said {
                let judged = crate::contradictions::contradict(a, b);
                assert_eq!(judged, AnyEngine::conflicting(a, b), "{a:?} {b:?}");
                contradictions += u32::from(judged);
            }
        }
        assert!(contradictions > 20, "{contradictions} of {} statements", said.len());
    }
}

#[test]
fn the_same_schedule_has_the_same_outcome_and_its_record_repeats_it() {
    for engine in Protocol::ALL {
        let params = byzzfuzz::Params { crashes: 1, ..byzzfuzz::Params::small(engine, 4, 3) };
        for seed in 0..10 {
            let schedule = byzzfuzz::schedule(seed, &params);
            let (outcome, actions) = run_recorded(&schedule).unwrap();
            assert_eq!(run_recorded(&schedule).unwrap(), (outcome.clone(), actions.clone()));
            assert_eq!(Outcome { log: Vec::new(), ..outcome.clone() }, run(&schedule).unwrap());
            let replayed = Schedule { deliveries: Some(actions.clone()), ..schedule };
            let (again, same) = run_recorded(&replayed).unwrap();
            assert_eq!(again.decided, outcome.decided);
            let other = same.iter().zip(&actions).position(|(again, first)| again != first);
            let around = |all: &[Action]| {
                let told = all.iter().skip(other.unwrap_or(0).saturating_sub(2)).take(5);
                told.map(Action::to_string).collect::<Vec<_>>()
            };
            assert_eq!(other, None, "seed {seed}: {:?}, again {:?}", around(&actions), around(&same));
        }
    }
}

/// A proof that the judge looks: a decision, an accusation and a statement that no correct replica could come to.
#[test]
fn the_judge_sees_what_an_engine_would_not_do() {
    let schedule = Schedule::quiet(Protocol::Tendermint, 4, 1);
    let mut network = network::Network::new(&schedule);
    network.start();
    network.run(1_000);
    assert!(network.judge.violations.is_empty());
    let mut judge = judge::Judge::new(&schedule);
    let value = scheme::garbage();
    let certificate = bitcraps_consensus::Certificate {
        height: 1,
        round: 0,
        digest: value.digest(),
        signatures: Vec::new(),
    };
    judge.observe(0, Fact::Decided { height: 2, value, certificate });
    let broken: Vec<Property> = judge.violations.iter().map(|violation| violation.property).collect();
    assert_eq!(broken, [Property::Order, Property::Certificate, Property::Validity]);
}
