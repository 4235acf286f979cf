//! §4.3: checkpoints become stable, logs are dropped, and nothing above the window is kept.

use super::rig::Rig;
use super::*;

fn checkpoint(height: Height, author: usize, value: &Value) -> PbftMessage {
    PbftMessage::Checkpoint(Checkpoint { height, author: v(author), digest: value.digest() })
}

fn decide(rig: &mut Rig, x: &Value) {
    rig.pre_prepare(x);
    rig.commits(0, x, &[0, 1, 2]);
    rig.advance();
}

/// Validator 3, which decided the heights up to 16 as x.
fn at_17() -> (Rig, Value) {
    let x = value("x");
    let mut rig = Rig::new();
    (0..CHECKPOINT_INTERVAL).for_each(|_| decide(&mut rig, &x));
    (rig, x)
}

#[test]
fn who_applied_a_multiple_of_the_interval_says_so_once() {
    let (mut rig, x) = at_17();
    let said: Vec<_> = rig.said().into_iter().filter(|message| message.kind() == "checkpoint").collect();
    assert_eq!(said, [checkpoint(16, 3, &x)]);
    assert!(rig.log.iter().all(|entry| !matches!(entry, Entry::Said(PbftMessage::Checkpoint(_)))));
    decide(&mut rig, &x);
    assert!(rig.said().iter().all(|message| message.kind() != "checkpoint"));
}

#[test]
fn a_quorum_of_checkpoints_is_stable_and_drops_the_logs() {
    let (mut rig, x) = at_17();
    assert_eq!((rig.engine.past.len(), rig.engine.checkpoints.low()), (16, 0));
    rig.hear(checkpoint(16, 0, &x));
    rig.hear(checkpoint(16, 1, &value("y")));
    assert_eq!(rig.engine.past.len(), 16);
    rig.hear(checkpoint(16, 2, &x));
    assert_eq!((rig.engine.past.len(), rig.engine.checkpoints.low()), (0, 16));
    assert!(rig.transitions().contains(&"PBFT §4.3 stable checkpoint"));
}

#[test]
fn a_view_change_carries_the_stable_checkpoint_and_brings_it_to_others() {
    let (mut rig, x) = at_17();
    [0, 1, 2].iter().for_each(|&author| rig.hear(checkpoint(16, author, &x)));
    rig.time_out();
    let change = rig.changed().unwrap();
    assert_eq!(change.stable.as_ref().map(|stable| stable.height), Some(16));

    let mut other = Rig::unstarted(&[1; 4], Some(1), 17, &[]);
    other.input(Input::Start);
    other.hear(PbftMessage::ViewChange(Box::new(change)));
    assert_eq!(other.engine.checkpoints.stable(17).map(|stable| stable.digest), Some(x.digest()));
}

#[test]
fn without_checkpoints_the_watermark_follows_what_the_host_brings() {
    let mut rig = Rig::new();
    (0..LOG_SIZE).for_each(|_| rig.advance());
    assert_eq!((rig.engine.height(), rig.engine.checkpoints.low()), (33, 32), "33 is above 0 + 32");
    rig.input(Input::Advance { height: 1000, validators: rig.set.clone() });
    assert_eq!((rig.engine.checkpoints.low(), rig.engine.past.len()), (992, 0));
}

#[test]
fn what_is_remembered_of_decided_heights_is_bounded() {
    let x = value("x");
    let mut rig = Rig::new();
    for _ in 0..200 {
        decide(&mut rig, &x);
        assert!(rig.engine.past.len() <= LOG_SIZE as usize);
    }
    assert!(format!("{:?}", rig.engine).len() < 1_000_000);
}

#[test]
fn a_message_above_the_high_watermark_is_dropped_and_says_that_we_are_behind() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.take();
    rig.hear(vote(VoteKind::Commit, LOG_SIZE, 0, 1, &x));
    rig.hear(vote(VoteKind::Commit, LOG_SIZE + 1, 0, 2, &x));
    let behind: Vec<Height> = rig
        .take()
        .iter()
        .filter_map(|output| match output {
            Output::Behind { seen, .. } => Some(*seen),
            _ => None,
        })
        .collect();
    assert_eq!(behind, [LOG_SIZE, LOG_SIZE + 1]);
    rig.input(Input::Advance { height: LOG_SIZE, validators: rig.set.clone() });
    assert_eq!(rig.engine.log.held(), 1);
    rig.advance();
    assert_eq!(rig.engine.log.held(), 0);
}

#[test]
fn a_checkpoint_of_a_height_that_is_not_decided_here_says_that_we_are_behind() {
    let x = value("x");
    let mut rig = Rig::new();
    rig.take();
    for author in [0, 1, 2] {
        rig.hear(checkpoint(16, author, &x));
    }
    let behind = rig.take().into_iter().filter(|output| matches!(output, Output::Behind { seen: 17, .. }));
    assert_eq!(behind.count(), 3, "from each, once");
    assert_eq!(rig.engine.checkpoints.low(), 0, "its state is not here yet");
    rig.input(Input::Advance { height: 17, validators: rig.set.clone() });
    assert_eq!(rig.engine.checkpoints.low(), 16);
}

#[test]
fn two_checkpoints_of_one_height_are_evidence() {
    let mut rig = Rig::new();
    rig.hear(checkpoint(16, 1, &value("x")));
    rig.hear(checkpoint(32, 1, &value("x")));
    assert!(rig.accused().is_empty());
    rig.hear(checkpoint(32, 1, &value("y")));
    assert_eq!(rig.accused().iter().map(Evidence::offender).collect::<Vec<_>>(), [v(1)]);
}
