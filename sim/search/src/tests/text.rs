//! Schedules as people read and write them.

use crate::*;
use bitcraps_types::Protocol;
use proptest::prelude::*;

const FULL: &str = "\
engine: tendermint
validators: 4
twins: [0]
byzantine: [3]
heights: 2
rounds:
  - partition: 0 1 | 0' 2 3
    withhold: [precommit]
  - mutate:
      - by: 3
        to: [1, 0']
        kind: prevote
        change: nil
        besides-after: 2
    crash:
      - replica: 2
        when: said prevote
      - replica: 1
        when: write 2
        down: 9
    split:
      - kind: precommit
        partition: 1 2
    refuse: [1]
deliveries:
  - 1 > 2 proposal 1/0
  - 2 rings propose 1/0
  - 2 falls
  - 2 restarts
";

#[test]
fn a_schedule_is_written_as_it_is_read() {
    let schedule: Schedule = serde_saphyr::from_str(FULL).unwrap();
    assert_eq!(schedule.check(), Ok(()));
    assert_eq!(schedule.rounds[0].partition.0.len(), 2);
    assert_eq!(schedule.rounds[1].mutate[0].to, [Name::of(1), Name { identity: 0, twin: true }]);
    let written = serde_saphyr::to_string(&schedule).unwrap();
    assert_eq!(serde_saphyr::from_str::<Schedule>(&written).unwrap(), schedule, "{written}");
}

#[test]
fn what_is_not_needed_is_not_written() {
    let written = serde_saphyr::to_string(&Schedule::quiet(Protocol::Pbft, 4, 1)).unwrap();
    assert_eq!(written, "engine: pbft\nvalidators: 4\nheights: 1\nrounds: []\n");
}

#[test]
fn what_is_wrong_is_said() {
    for (broken, says) in [
        (FULL.replace("tendermint", "raft"), "expected pbft, tendermint or hotstuff"),
        (FULL.replace("0' 2 3", "0' 1 3"), "replica 1 is in two groups"),
        (FULL.replace("said prevote", "prevote"), "expected as `write 1` or `said prevote`"),
        (FULL.replace("change: nil", "change: upside-down"), "upside-down"),
        (FULL.replace("refuse", "refuses"), "refuses"),
        (FULL.replace("1 > 2 proposal 1/0", "1 to 2"), "expected as `0 > 2 prevote 1/0`"),
    ] {
        let error = serde_saphyr::from_str::<Schedule>(&broken).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    for (broken, says) in [
        (FULL.replace("| 0' 2 3", "| 0' 2 7"), "there is no replica 7"),
        (FULL.replace("by: 3", "by: 2"), "validator 2 is not byzantine"),
        (FULL.replace("byzantine: [3]", "byzantine: [0, 3]"), "a twin or byzantine"),
        (FULL.replace("heights: 2", "bug: none-such\nheights: 2"), "no bug \"none-such\""),
        (FULL.replace("kind: prevote", "kind: vote"), "tendermint has no message of kind vote"),
    ] {
        let schedule: Schedule = serde_saphyr::from_str(&broken).unwrap();
        let error = run(&schedule).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

proptest! {
    #[test]
    fn every_drawn_schedule_survives_being_written_and_read(seed in any::<u64>(), engine in 0..3usize) {
        let params = byzzfuzz::Params { crashes: 2, refusals: 2, ..byzzfuzz::Params::small(Protocol::ALL[engine], 4, 3) };
        let schedule = byzzfuzz::schedule(seed, &params);
        prop_assert_eq!(schedule.check(), Ok(()));
        let written = serde_saphyr::to_string(&schedule).unwrap();
        prop_assert_eq!(serde_saphyr::from_str::<Schedule>(&written).unwrap(), schedule);
    }

    /// Against the definition: the rest fails, and no longer does without any one of its items.
    #[test]
    fn ddmin_finds_a_minimal_failing_part(needed in prop::collection::btree_set(0..40u8, 0..6), others in 40..60u8) {
        let all: Vec<u8> = (0..others).collect();
        let kept = ddmin(all, |part| needed.iter().all(|item| part.contains(item)));
        prop_assert_eq!(kept, needed.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn ddmin_is_minimal_also_where_parts_are_exchangeable(length in 1..40usize, enough in 0..10usize) {
        let enough = enough.min(length);
        let kept = ddmin((0..length).collect(), |part| part.len() >= enough);
        prop_assert_eq!(kept.len(), enough);
    }
}
