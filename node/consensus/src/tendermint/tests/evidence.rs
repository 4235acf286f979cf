//! Who is accused, and who never is.

use super::rig::Rig;
use super::votes::PAST_ROUNDS;
use super::*;

fn accused(rig: &mut Rig) -> Vec<Evidence<TendermintMessage>> {
    let accuse = |output| match output {
        Output::Accuse(evidence) => Some(*evidence),
        _ => None,
    };
    rig.take().into_iter().filter_map(accuse).collect()
}

#[test]
fn two_votes_of_one_kind_in_one_round_are_evidence_once_and_the_first_counts() {
    for kind in [VoteKind::Prevote, VoteKind::Precommit] {
        let mut rig = Rig::new(4);
        for digest in [Some(value("x").digest()), None, Some(value("y").digest()), None] {
            rig.hear(vote(kind, 1, 0, 3, digest));
        }
        let evidence = accused(&mut rig);
        assert_eq!(evidence.len(), 1);
        assert_eq!(evidence[0].check::<Tendermint>(&rig.set, &CHAIN, &TagVerifier), Ok(v(3)));
        assert_eq!(rig.engine.votes.signatures(kind, 0, Some(value("x").digest())).len(), 1);
        assert!(rig.engine.votes.signatures(kind, 0, None).is_empty());
    }
}

#[test]
fn a_second_vote_does_not_complete_a_quorum() {
    let mut rig = Rig::new(4);
    rig.proposal(0, &value("x"));
    rig.precommits(0, None, &[3]);
    rig.precommits(0, Some(value("x").digest()), &[1, 2, 3]);
    assert!(rig.decided().is_none());
}

#[test]
fn two_proposals_for_one_round_are_evidence_once_and_the_first_counts() {
    let mut rig = Rig::new(4);
    for name in ["x", "y", "z", "x"] {
        rig.proposal(0, &value(name));
    }
    let out = rig.take();
    let said: Vec<_> = out.iter().filter(|output| matches!(output, Output::Sign { .. })).collect();
    assert_eq!(said.len(), 1);
    let evidence: Vec<_> = out
        .iter()
        .filter_map(|output| match output {
            Output::Accuse(evidence) => Some(evidence),
            _ => None,
        })
        .collect();
    assert_eq!(evidence.len(), 1);
    assert_eq!(evidence[0].check::<Tendermint>(&rig.set, &CHAIN, &TagVerifier), Ok(v(1)));
}

#[test]
fn evidence_of_two_long_proposals_is_short_and_still_proves_it() {
    let mut rig = Rig::new(4);
    for byte in [1, 2] {
        rig.proposal(0, &Value::new(vec![byte; 1 << 20]));
    }
    let bytes = borsh::to_vec(&accused(&mut rig)[0]).unwrap();
    assert!(bytes.len() < 300, "{} bytes", bytes.len());
    let mut evidence: Evidence<TendermintMessage> = borsh::from_slice(&bytes).unwrap();
    assert_eq!(evidence.check::<Tendermint>(&rig.set, &CHAIN, &TagVerifier), Ok(v(1)));
    if let Statement::Proposal { digest, .. } = &mut evidence.second.message {
        digest.0[0] ^= 1;
    }
    assert!(
        evidence.check::<Tendermint>(&rig.set, &CHAIN, &TagVerifier).is_err(),
        "a digest that nobody signed"
    );
}

/// The proposer gave this validator x and the others y.
#[test]
fn the_second_proposal_can_still_be_locked_on_and_decided() {
    let y = value("y");
    let mut rig = Rig::new(4);
    rig.proposal(0, &value("x"));
    rig.proposal(0, &y);
    rig.prevotes(0, Some(y.digest()), &[1, 2, 3]);
    assert_eq!(rig.said().last(), Some(&Rig::my_precommit(0, Some(y.digest()))));
    rig.precommits(0, Some(y.digest()), &[1, 2]);
    assert_eq!(rig.decided().unwrap().0, y);
}

#[test]
fn a_value_with_and_without_a_proof_of_lock_in_one_round_is_evidence() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.fail_round();
    rig.take();
    rig.proposal(1, &x);
    rig.proposal_again(1, &x, polka(1, 0, &x, &[1, 2, 3]));
    assert_eq!(accused(&mut rig).len(), 1);
}

#[test]
fn prevotes_inside_a_certificate_are_evidence_too() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.prevotes(0, None, &[3]);
    rig.fail_round();
    rig.take();
    rig.proposal_again(1, &x, polka(1, 0, &x, &[1, 2, 3]));
    let evidence = accused(&mut rig);
    assert_eq!(evidence.len(), 1);
    assert_eq!(evidence[0].check::<Tendermint>(&rig.set, &CHAIN, &TagVerifier), Ok(v(3)));
}

#[test]
fn a_late_vote_of_the_last_height_is_still_evidence() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.proposal(0, &x);
    rig.precommits(0, Some(x.digest()), &[1, 2, 3]);
    rig.input(Input::Advance { height: 2, validators: rig.set.clone() });
    rig.take();
    rig.precommits(0, None, &[3]);
    rig.proposal(0, &value("y"));
    let offenders: Vec<ValidatorIndex> = accused(&mut rig).iter().map(Evidence::offender).collect();
    assert_eq!(offenders, [v(3), v(1)]);
    rig.input(Input::Advance { height: 3, validators: rig.set.clone() });
    rig.precommits(0, None, &[2]);
    assert!(accused(&mut rig).is_empty(), "one height is remembered");
}

#[test]
fn votes_that_a_correct_validator_may_cast_do_not_conflict() {
    let (x, y) = (Some(value("x").digest()), Some(value("y").digest()));
    let base = vote(VoteKind::Prevote, 1, 0, 1, x);
    for other in [
        base.clone(),
        vote(VoteKind::Precommit, 1, 0, 1, y),
        vote(VoteKind::Prevote, 2, 0, 1, y),
        vote(VoteKind::Prevote, 1, 1, 1, y),
        vote(VoteKind::Prevote, 1, 0, 2, y),
    ] {
        assert!(!Tendermint::conflicting(&base.statement(), &other.statement()));
    }
    let certificate = polka(1, 0, &value("x"), &[0, 1, 2]);
    let polka = |certificate| {
        TendermintMessage::Polka(Box::new(Polka { author: v(1), value: value("x"), certificate }))
    };
    let other = super::polka(1, 0, &value("x"), &[1, 2, 3]);
    assert!(!Tendermint::conflicting(&polka(certificate).statement(), &polka(other).statement()));
}

#[test]
fn a_flood_of_votes_for_future_rounds_takes_no_memory() {
    let mut rig = Rig::new(4);
    for round in (0..100_000).chain(u32::MAX - 100..=u32::MAX) {
        rig.hear(vote(VoteKind::Prevote, 1, round, 3, Some(Digest([(round % 251) as u8; 32]))));
    }
    assert_eq!(rig.engine.round(), 0);
    assert!(rig.engine.votes.held() <= 20, "{}", rig.engine.votes.held());
}

#[test]
fn a_thousand_rounds_take_no_more_memory_than_the_window() {
    let mut rig = Rig::new(4);
    for round in 0..1_000u32 {
        if Tendermint::proposer(&rig.set, 1, round) != v(0) {
            rig.proposal(round, &value(&format!("{round}")));
        }
        rig.prevotes(round, None, &[1, 2, 3]);
        rig.precommits(round, None, &[1, 2, 3]);
        rig.fail_round();
        rig.take();
    }
    let rounds = PAST_ROUNDS as usize + 2;
    assert!(rig.engine.votes.held() <= rounds * 8 + 4);
    assert!(format!("{:?}", rig.engine).len() < 1_000_000);
}
