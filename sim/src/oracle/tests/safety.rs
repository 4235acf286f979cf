//! Agreement, certificates, order of delivery, votes, accusations.

use super::*;

/// The sound block of a height and its rival, with certificates by these signers.
fn fork(world: &mut World, height: Height, rounds: (Round, Round), signers: [&[u16]; 2]) {
    let (value, rival) = (world.block(height), state::rival(&world.block(height)));
    let first = world.certificate((height, rounds.0), value.digest(), signers[0]);
    let second = world.certificate((height, rounds.1), rival.digest(), signers[1]);
    world.decide_with(0, height, &value, &first);
    world.decide_with(1, height, &rival, &second);
}

#[test]
fn a_fork_is_caught_and_names_those_who_signed_both_certificates() {
    let mut world = World::with(|setup| setup.honest = vec![true, true, false, false]);
    world.decide(0, 1);
    world.decide(1, 1);
    fork(&mut world, 2, (0, 0), [&[0, 2, 3], &[1, 2, 3]]);
    let fork = world.oracles.fork().unwrap();
    assert_eq!((fork.height, fork.nodes), (2, (0, 1)));
    assert_eq!(fork.culprits, [v(2), v(3)].into());
    assert_eq!(fork.first.unwrap().digest, world.block(2).digest());
    assert_eq!(fork.second.digest, state::rival(&world.block(2)).digest());
    assert_eq!(world.oracles.violated().unwrap().0, "agreement");
    world.assert_violated("agreement", "height 2: node 0 decided");
    world.assert_violated("agreement", "culprits: [2, 3]");
    world.assert_holds("accountability");
    world.assert_holds("certificates");
}

#[test]
fn a_forged_signature_makes_nobody_a_culprit() {
    let mut world = World::with(|setup| setup.honest = vec![true, true, false, false]);
    let (value, rival) = (world.block(1), state::rival(&world.block(1)));
    let first = world.certificate((1, 0), value.digest(), &[0, 2, 3]);
    let mut second = world.certificate((1, 0), rival.digest(), &[1, 2, 3]);
    second.signatures.insert(0, (v(0), Signature([1; 64])));
    world.decide_with(0, 1, &value, &first);
    world.decide_with(1, 1, &rival, &second);
    assert_eq!(world.oracles.fork().unwrap().culprits, [v(2), v(3)].into());
    world.assert_violated(
        "certificates",
        "node 1, height 1: the certificate is not valid: the signature of validator 0",
    );
}

#[test]
fn certificates_of_different_rounds_name_no_culprit_but_evidence_does() {
    let mut world = World::with(|setup| setup.honest = vec![true, true, false, false]);
    fork(&mut world, 1, (0, 1), [&[0, 2, 3], &[1, 2, 3]]);
    assert_eq!(world.oracles.fork().unwrap().culprits, [].into());
    world.assert_violated("accountability", "height 1: 0 of 4 is proved guilty");
    let first = world.vote(VoteKind::Prevote, 2, (1, 1), None);
    let second = world.vote(VoteKind::Prevote, 2, (1, 1), Some(Digest([1; 32])));
    world.see(0, Event::Accused(&Evidence::of(&first, &second)));
    assert_eq!(world.oracles.fork().unwrap().culprits, [v(2)].into());
}

#[test]
fn a_node_that_comes_back_late_must_still_agree() {
    let mut world = World::new();
    (1..=2).for_each(|node| world.oracles.node_crashed(Time(1), node));
    for height in 1..=200 {
        world.decide(0, height);
    }
    world.oracles.node_restarted(world.now, 1);
    world.decide(1, 1);
    assert_eq!(world.oracles.fork(), None);
    let rival = state::rival(&world.block(2));
    world.decide_value(1, 2, &rival);
    world.assert_violated("agreement", "height 2");
}

#[test]
fn a_certificate_needs_more_than_two_thirds_of_the_power_each_once() {
    let mut world = World::new();
    let value = world.block(1);
    let digest = value.digest();
    let broken = [
        (world.certificate((1, 0), digest, &[0, 1]), "2 of 4 is not more than two thirds"),
        (world.certificate((1, 0), digest, &[0, 1, 1]), "not in ascending order, each once"),
        (world.certificate((2, 0), digest, &[0, 1, 2]), "it proves"),
        (world.certificate((1, 0), Digest([1; 32]), &[0, 1, 2]), "it proves"),
    ];
    for (certificate, reason) in broken {
        let mut world = World::new();
        world.decide_with(0, 1, &value, &certificate);
        world.assert_violated("certificates", reason);
    }
    let mut stranger = world.certificate((1, 0), digest, &[0, 1, 2]);
    stranger.signatures[2].0 = v(9);
    world.decide_with(0, 1, &value, &stranger);
    world.assert_violated("certificates", "the signature of validator 9 is wrong");
}

/// n = 3f + 1 for f = 0 to 3 and 33, and the sizes between.
#[test]
fn a_quorum_is_the_least_power_above_two_thirds() {
    for (n, quorum) in [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (9, 7), (10, 7), (100, 67)] {
        let world = World::with(|setup| setup.validators = vec![setup.validators[0].clone(); n]);
        let law = world.oracles.laws.at(1);
        let power = |signers: u16| law.power((0..signers).map(v));
        assert!(law.is_quorum(power(quorum)) && !law.is_quorum(power(quorum - 1)), "quorum of {n}");
    }
}

#[test]
fn power_counts_not_heads() {
    let powers = |powers: [u64; 4]| {
        World::with(|setup| {
            setup.validators.iter_mut().zip(powers).for_each(|(validator, power)| validator.power = power);
        })
    };
    let decide = |mut world: World, signers: &[u16]| {
        let value = world.block(1);
        let certificate = world.certificate((1, 0), value.digest(), signers);
        world.decide_with(0, 1, &value, &certificate);
        world.result("certificates").holds
    };
    assert_eq!(decide(powers([7, 1, 1, 1]), &[0]), Some(true));
    assert_eq!(decide(powers([1, 1, 1, 7]), &[0, 1, 2]), Some(false));
    assert_eq!(decide(powers([u64::MAX / 8, 1, 1, 1]), &[0]), Some(true));
}

#[test]
fn the_bytes_under_a_signature_are_those_of_the_engine() {
    use bitcraps_consensus::commit_bytes;
    let world = World::new();
    let law = world.oracles.laws.at(1);
    let at = (0x0102_0304_0506_0708, 0x0a0b_0c0d);
    let bytes = definition::commit_bytes(&CHAIN, at.0, at.1, &Digest([6; 32]));
    assert_eq!(bytes[..], commit_bytes(&CHAIN, at.0, at.1, &Digest([6; 32]))[..]);
    for kind in [VoteKind::Prevote, VoteKind::Precommit] {
        for digest in [None, Some(Digest([6; 32]))] {
            let vote = world.vote(kind, 1, at, digest);
            assert!(law.signature_is_valid(&vote.statement()));
        }
    }
    let fresh = world.proposal(1, at, &world.block(1));
    assert!(law.signature_is_valid(&fresh.statement()));
    let AnyMessage::Tendermint(TendermintMessage::Proposal(mut locked)) = fresh.message else { panic!() };
    let digest = locked.value.digest();
    let polka = bitcraps_consensus::tendermint::PolkaCertificate {
        height: at.0,
        round: 3,
        digest,
        signatures: vec![],
    };
    locked.polka = Some(polka);
    assert!(law.signature_is_valid(&world.sign(TendermintMessage::Proposal(locked)).statement()));
}

#[test]
fn a_gap_a_repetition_and_a_change_of_mind_are_caught() {
    let mut gap = World::new();
    gap.see(0, Event::Started { height: 1, journal: 0 });
    gap.run(1..=3);
    gap.decide(0, 5);
    gap.assert_violated("delivery_order", "node 0, height 5: skipped height 4");

    let mut again = World::new();
    again.run(1..=3);
    again.decide(2, 3);
    again.assert_violated("delivery_order", "node 2, height 3: delivered it again");

    let mut other = World::new();
    other.run(1..=3);
    other.oracles.node_crashed(other.now, 1);
    other.oracles.node_restarted(other.now, 1);
    let rival = state::rival(&other.block(3));
    other.decide_value(1, 3, &rival);
    other.assert_violated("delivery_order", "node 1, height 3: decided");
}

#[test]
fn a_crash_may_take_a_node_back_but_not_forward() {
    let mut world = World::new();
    world.run(1..=5);
    world.oracles.node_crashed(world.now, 0);
    world.decide(0, 6);
    world.oracles.node_restarted(world.now, 0);
    world.see(0, Event::Started { height: 4, journal: 7 });
    (4..=6).for_each(|height| world.decide(0, height));
    world.assert_holds("delivery_order");

    world.oracles.node_crashed(world.now, 0);
    world.oracles.node_restarted(world.now, 0);
    world.see(0, Event::Started { height: 8, journal: 0 });
    world.assert_violated("delivery_order", "node 0 goes on with height 8, but had only reached 6");

    let mut silent = World::new();
    silent.run(1..=5);
    silent.oracles.node_crashed(silent.now, 0);
    silent.oracles.node_restarted(silent.now, 0);
    silent.decide(0, 7);
    silent.assert_violated("delivery_order", "had only reached 5 before it restarted");
}

#[test]
fn a_state_sync_is_a_jump_that_counts_as_delivery() {
    let mut world = World::new();
    (1..=20).for_each(|height| world.decide(0, height));
    world.see(1, Event::StateSynced { height: 15, root: Digest::ZERO });
    world.decide(1, 16);
    world.assert_holds("delivery_order");
    world.decide(1, 18);
    world.assert_violated("delivery_order", "skipped height 17");
}

#[test]
fn a_node_that_is_down_or_byzantine_is_not_judged() {
    let mut world = World::new();
    let rival = state::rival(&world.block(1));
    world.decide(0, 1);
    world.decide_value(3, 1, &rival);
    world.oracles.node_crashed(world.now, 1);
    world.decide_value(1, 1, &rival);
    assert_eq!(world.oracles.violated(), None);
}

#[test]
fn two_votes_for_one_round_are_caught_even_with_a_crash_between() {
    let (one, other) = (Some(Digest([1; 32])), Some(Digest([2; 32])));
    for second in [other, None] {
        let mut world = World::new();
        let vote = world.vote(VoteKind::Precommit, 1, (4, 2), one);
        world.see(1, Event::Signed(&vote));
        world.oracles.node_crashed(world.now, 1);
        world.oracles.node_restarted(world.now, 1);
        world.see(1, Event::Signed(&vote));
        assert_eq!(world.oracles.votes.finding.first(), None, "the same vote again is no offence");
        let vote = world.vote(VoteKind::Precommit, 1, (4, 2), second);
        world.see(1, Event::Signed(&vote));
        world.assert_violated(
            "vote_once",
            "node 1, height 4, round 2: signed a precommit for 01010101, then one for",
        );
    }
}

#[test]
fn other_rounds_heights_kinds_and_nodes_are_other_votes() {
    let mut world = World::new();
    let places = [(1, (4, 2)), (1, (4, 3)), (1, (5, 2)), (2, (4, 2))];
    for (i, (node, at)) in places.into_iter().enumerate() {
        for (j, kind) in [VoteKind::Prevote, VoteKind::Precommit].into_iter().enumerate() {
            let vote = world.vote(kind, node, at, Some(Digest([(2 * i + j) as u8; 32])));
            world.see(node, Event::Signed(&vote));
        }
    }
    world.assert_holds("vote_once");
}

#[test]
fn two_proposals_and_a_signature_for_another_are_caught() {
    let mut world = World::new();
    for value in [world.block(1), state::rival(&world.block(1))] {
        let proposal = world.proposal(0, (1, 0), &value);
        world.see(0, Event::Signed(&proposal));
    }
    world.assert_violated("vote_once", "node 0, height 1, round 0: signed a proposal");

    let mut world = World::new();
    let vote = world.vote(VoteKind::Prevote, 2, (1, 0), None);
    world.see(0, Event::Signed(&vote));
    world.assert_violated("vote_once", "node 0 signed in the name of validator 2");
}

#[test]
fn evidence_against_a_byzantine_validator_holds_and_against_an_honest_one_does_not() {
    for (offender, holds) in [(3, Some(true)), (1, Some(false))] {
        let mut world = World::new();
        let first = world.vote(VoteKind::Prevote, offender, (7, 0), None);
        let second = world.vote(VoteKind::Prevote, offender, (7, 0), Some(Digest([1; 32])));
        world.see(0, Event::Accused(&Evidence::of(&first, &second)));
        let result = world.result("no_false_accusation");
        assert_eq!(result.holds, holds, "{result:?}");
        if holds == Some(false) {
            assert!(result.detail.contains("validator 1, which is honest, of height 7"), "{result:?}");
        }
    }
}

#[test]
fn evidence_that_proves_nothing_is_a_false_accusation() {
    let world = World::new();
    let prevote = |round, digest| world.vote(VoteKind::Prevote, 3, (7, round), digest);
    let value = Some(Digest([1; 32]));
    let mut forged = prevote(0, value);
    forged.signature.0[0] ^= 1;
    let in_vain = [
        (prevote(0, None), prevote(0, None)),
        (prevote(0, None), prevote(1, value)),
        (prevote(0, None), world.vote(VoteKind::Precommit, 3, (7, 0), value)),
        (prevote(0, None), world.vote(VoteKind::Prevote, 2, (7, 0), value)),
        (prevote(0, None), forged),
        (prevote(0, value), world.proposal(3, (7, 0), &world.block(7))),
    ];
    for (first, second) in in_vain {
        let mut world = World::new();
        world.see(0, Event::Accused(&Evidence::of(&first, &second)));
        world.assert_violated("no_false_accusation", "validator 3 at height 7 in vain");
    }
    let mut two_proposals = World::new();
    let first = two_proposals.proposal(3, (7, 0), &two_proposals.block(7));
    let second = two_proposals.proposal(3, (7, 0), &state::rival(&two_proposals.block(7)));
    two_proposals.see(0, Event::Accused(&Evidence::of(&first, &second)));
    two_proposals.assert_holds("no_false_accusation");
}

#[test]
fn an_offence_of_an_honest_validator_on_record_is_caught() {
    let mut world = World::new();
    world.see(0, Event::OffenceRecorded { offender: v(3), height: 2 });
    world.assert_holds("no_false_accusation");
    world.see(1, Event::OffenceRecorded { offender: v(2), height: 2 });
    world.assert_violated("no_false_accusation", "validator 2, which is honest, of height 2 on record");
}
