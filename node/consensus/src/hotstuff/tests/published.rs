//! The bugs that were published of implementations of this family, one test each.
//!
//! Votes that are not durable (asonnino/hotstuff issue 15, telcoin-network #934) are in [`super::restart`] and
//! [`super::evidence`]; a certificate with another height or a foreign signature in [`super::verify`].

use super::rig::Rig;
use super::*;
use crate::tests::SECOND;
use crate::tests::net::{Faults, Net};
use proptest::prelude::*;

fn x() -> Value {
    value("x")
}

/// Block of round 2 on the certificate of round 0, because round 1 failed.
fn after_a_gap() -> HotStuffMessage {
    let claims = tc(1, &[(1, Some(0)), (2, None), (3, None)]);
    proposal(4, 2, Some(qc(0, &x(), None, &[1, 2, 3])), Some(claims), Some(&x()))
}

/// Fast-HotStuff, relab/hotstuff #249: the certified parent of a certified block is not decided unless their rounds
/// are consecutive.
#[test]
fn a_parent_is_not_enough_the_rounds_must_be_consecutive() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.hear(after_a_gap());
    let gap = qc(2, &x(), Some(0), &[1, 2, 3]);
    assert!(!gap.commits() && gap.decision().is_none());
    rig.hear(sync_info(3, Some(gap.clone()), None));
    assert!(rig.decided().is_none());
    rig.hear(proposal(4, 3, Some(gap), None, None));
    rig.hear(sync_info(3, Some(qc(3, &x(), Some(2), &[1, 2, 3])), None));
    assert_eq!(rig.decided().unwrap().1.round, 3);
}

/// The attack that the wrong rule allows. Only some know the certificate of round 2, and the leader of round 3 hides
/// it: a quorum that never saw it moves to another value. Were round 2 decided, that would be a fork.
#[test]
fn what_a_wrong_commit_rule_would_have_decided_can_still_be_replaced() {
    let y = value("y");
    let mut rig = Rig::new(4);
    rig.hear(sync_info(3, Some(qc(2, &x(), None, &[1, 2, 3])), None));
    rig.take();
    let claims = tc(4, &[(1, None), (2, None), (3, None)]);
    rig.hear(proposal(4, 5, None, Some(claims), Some(&y)));
    assert_eq!(rig.stated(), [Statement::Vote(vote(5, &y, None, 0))]);
}

proptest! {
    /// asonnino/hotstuff `commit()`: out of order and twice. Each height is decided once, whichever certificates
    /// come, how often, and in which order.
    #[test]
    fn certificates_that_come_in_any_order_and_twice_decide_once(
        order in prop::collection::vec(0usize..5, 1..20),
    ) {
        let mut rig = Rig::new(4);
        rig.first_proposal(&x());
        let chain = [
            qc(0, &x(), None, &[1, 2, 3]),
            qc(2, &x(), Some(0), &[1, 2, 3]),
            qc(3, &x(), Some(2), &[1, 2, 3]),
            qc(4, &x(), Some(3), &[0, 2, 3]),
            qc(5, &x(), Some(4), &[0, 1, 2]),
        ];
        let mut expected = 0;
        for &i in &order {
            rig.hear(sync_info(1, Some(chain[i].clone()), None));
            let decided = rig.take().iter().filter(|output| matches!(output, Output::Decide { .. })).count();
            expected += decided;
            prop_assert!(expected <= 1);
        }
        prop_assert_eq!(expected, usize::from(order.iter().any(|i| *i >= 2)));
    }
}

/// relab/hotstuff #291: a certificate whose round was raised locks its receivers out.
#[test]
fn a_certificate_with_an_inflated_round_is_refused() {
    let honest = qc(1, &x(), Some(0), &[1, 2, 3]);
    for round in [2, 3, 1_000_000] {
        for justify in [Some(0), Some(round - 1)] {
            let inflated = QuorumCertificate { round, justify, ..honest.clone() };
            let message = signed(sync_info(1, Some(inflated.clone()), None));
            assert!(HotStuff::verify(message, &validators(&[1; 4]), &CHAIN, &TagVerifier).is_err());
            let message = signed(proposal(4, round + 1, Some(inflated), None, None));
            assert!(HotStuff::verify(message, &validators(&[1; 4]), &CHAIN, &TagVerifier).is_err());
        }
    }
}

/// relab/hotstuff #283: the block's value must be that of its certificate.
#[test]
fn a_block_that_does_not_extend_what_its_certificate_names_is_refused() {
    let HotStuffMessage::Proposal(mut forked) = after_a_gap() else { unreachable!("it is one") };
    forked.value = Some(value("y"));
    let message = signed(HotStuffMessage::Proposal(forked));
    let verdict = HotStuff::verify(message, &validators(&[1; 4]), &CHAIN, &TagVerifier);
    assert!(matches!(verdict, Err(Invalid::Malformed(_))));
}

/// relab/hotstuff #224: a certificate inside a timeout is checked like any other.
#[test]
fn an_embedded_certificate_is_not_believed() {
    let mut forged = qc(4, &x(), Some(3), &[1, 2, 3]);
    forged.signatures.iter_mut().for_each(|(_, signature)| *signature = Signature([1; 64]));
    let verdict =
        HotStuff::verify(signed(timeout(5, Some(forged), 1)), &validators(&[1; 4]), &CHAIN, &TagVerifier);
    assert_eq!(verdict, Err(Invalid::Signature(v(1))));
}

/// relab/hotstuff #106: the leader that would carry the votes on is silent.
#[test]
fn a_silent_leader_stalls_nobody_longer_than_its_timeout() {
    let mut rig = Rig::new(4);
    rig.first_proposal(&x());
    rig.ring(TimerKind::Propose);
    rig.timeouts(0, &[1, 3]);
    assert_eq!(rig.engine.round(), 1);
    rig.ring(TimerKind::Propose);
    rig.timeouts(1, &[1, 3]);
    assert_eq!(rig.engine.round(), 2);
}

/// babylon-node #243: recovery took the round from the highest certificate alone.
#[test]
fn a_restarted_validator_remembers_that_its_round_was_reached_by_timeouts() {
    let mut rig = Rig::new(4);
    rig.timeouts(0, &[1, 2]);
    rig.timeouts(1, &[1, 2]);
    let claims = tc(6, &[(1, None), (2, None), (3, None)]);
    rig.hear(sync_info(1, None, Some(claims.clone())));
    assert_eq!(rig.engine.round(), 7);
    let mut again = rig.restarted(rig.log.len());
    assert_eq!(again.engine.round(), 7);
    again.take();
    again.hear(timeout(3, None, 2));
    assert_eq!(again.said(), [sync_info(0, None, Some(claims))], "and can prove it to others");
}

/// hotstuff_rs #24: a pacemaker without communication stalls for good after some fifty blocks.
#[test]
fn hundreds_of_heights_with_a_silent_validator_and_lost_messages_end_in_no_stall() {
    let faults = Faults { gst: 60 * SECOND, loss: 0.05, silent: vec![2], ..Faults::none() };
    let mut net = Net::<HotStuff>::new(11, &[1; 4], faults);
    net.run_until(60 * SECOND);
    let reached = net.correct().map(|node| node.blocks.len() as u64).max().unwrap();
    assert!(net.run(reached + 200, 200 * SECOND), "after {reached}");
}

/// nandatown #191: without a justification the check against the lock was skipped.
#[test]
fn a_block_without_a_justification_is_one_on_the_root_and_no_higher() {
    let refused = |message| {
        let verdict = HotStuff::verify(signed(message), &validators(&[1; 4]), &CHAIN, &TagVerifier);
        matches!(verdict, Err(Invalid::Malformed(_)))
    };
    let y = value("y");
    let claims = tc(2, &[(1, Some(0)), (2, None), (3, None)]);
    assert!(refused(proposal(4, 3, None, Some(claims), Some(&y))));
    assert!(refused(proposal(4, 3, None, None, Some(&y))));
}
