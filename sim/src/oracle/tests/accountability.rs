//! Who is to blame for a fork.

use super::*;
use crate::oracle::accountability::{Proof, accountable};
use bitcraps_consensus::AnyStatement;
use bitcraps_consensus::hotstuff::{self, HotStuffMessage};
use bitcraps_consensus::pbft::{self, PbftMessage};
use bitcraps_types::Protocol;

/// Validators 2 and 3 lie; a fifth node follows.
fn world(protocol: Protocol) -> World {
    World::with(|setup| {
        setup.honest = vec![true, true, false, false, true];
        setup.genesis.engine = protocol;
    })
}

fn vote(world: &mut World, kind: VoteKind, round: Round, digest: Digest, authors: &[u16]) {
    for &author in authors {
        let vote = Vote { kind, height: 1, round, author: v(author), digest: Some(digest) };
        world.say(TendermintMessage::Vote(vote));
    }
}

fn polka(world: &mut World, round: Round, digest: Digest, authors: &[u16]) {
    vote(world, VoteKind::Prevote, round, digest, authors);
}

/// A node decides height 1 so.
fn decide(world: &mut World, node: u16, round: Round, value: &Value, signers: &[u16]) {
    let certificate = world.certificate((1, round), value.digest(), signers);
    world.decide_with(node, 1, value, &certificate);
}

fn values(world: &World) -> (Value, Value) {
    (world.block(1), state::rival(&world.block(1)))
}

#[test]
fn amnesia_convicts_those_who_prevoted_against_their_precommit() {
    let mut world = world(Protocol::Tendermint);
    let (a, b) = values(&world);
    polka(&mut world, 0, a.digest(), &[0, 2, 3]);
    vote(&mut world, VoteKind::Precommit, 0, a.digest(), &[0, 2, 3]);
    decide(&mut world, 0, 0, &a, &[0, 2, 3]);
    polka(&mut world, 1, b.digest(), &[1, 2, 3]);
    vote(&mut world, VoteKind::Precommit, 1, b.digest(), &[1, 2, 3]);
    decide(&mut world, 1, 1, &b, &[1, 2, 3]);
    assert_eq!(world.oracles.fork().unwrap().culprits, [v(2), v(3)].into());
    let proofs = accountable(world.oracles.laws.at(1), world.oracles.testimony.at(1));
    let proof = |kind, round, value: &Value| {
        let vote = Vote { kind, height: 1, round, author: v(2), digest: Some(value.digest()) };
        AnyStatement::from(tendermint_statement(vote))
    };
    let expected = Proof::Amnesia(proof(VoteKind::Precommit, 0, &a), proof(VoteKind::Prevote, 1, &b));
    assert_eq!(proofs[&v(2)], expected);
    world.assert_holds("accountability");
    world.assert_violated("agreement", "culprits: [2, 3]");
}

fn tendermint_statement(vote: Vote) -> bitcraps_consensus::tendermint::Statement {
    bitcraps_consensus::tendermint::Statement::Vote(vote)
}

/// Unlocked by a polka that the forgetful made, an honest validator may sign both certificates.
#[test]
fn an_honest_validator_in_both_certificates_is_not_blamed() {
    let mut world = world(Protocol::Tendermint);
    let (a, b) = values(&world);
    polka(&mut world, 0, a.digest(), &[0, 2, 3]);
    vote(&mut world, VoteKind::Precommit, 0, a.digest(), &[0, 2, 3]);
    polka(&mut world, 1, b.digest(), &[1, 2, 3]);
    polka(&mut world, 2, b.digest(), &[0, 1, 2]);
    vote(&mut world, VoteKind::Precommit, 2, b.digest(), &[0, 1, 2]);
    decide(&mut world, 4, 0, &a, &[0, 2, 3]);
    decide(&mut world, 0, 2, &b, &[0, 1, 2]);
    assert_eq!(world.oracles.fork().unwrap().culprits, [v(2), v(3)].into());
    world.assert_holds("accountability");
    world.assert_holds("lock_discipline");
}

/// The first later polka for another value convicts, whichever value is decided in the end.
#[test]
fn a_third_value_between_the_two_changes_nothing() {
    let mut world = world(Protocol::Tendermint);
    let (a, b) = values(&world);
    let c = Digest([7; 32]);
    polka(&mut world, 0, a.digest(), &[0, 2, 3]);
    vote(&mut world, VoteKind::Precommit, 0, a.digest(), &[0, 2, 3]);
    polka(&mut world, 1, c, &[1, 2, 3]);
    polka(&mut world, 2, b.digest(), &[1, 2, 3]);
    vote(&mut world, VoteKind::Precommit, 2, b.digest(), &[1, 2, 3]);
    decide(&mut world, 0, 0, &a, &[0, 2, 3]);
    decide(&mut world, 1, 2, &b, &[1, 2, 3]);
    assert_eq!(world.oracles.fork().unwrap().culprits, [v(2), v(3)].into());
}

/// What nobody honest heard convicts nobody, and what only a liar signed convicts it alone.
#[test]
fn too_little_evidence_and_evidence_against_the_honest_are_violations() {
    let mut world = world(Protocol::Tendermint);
    let (a, b) = values(&world);
    polka(&mut world, 0, a.digest(), &[0, 2, 3]);
    decide(&mut world, 0, 0, &a, &[0, 2, 3]);
    polka(&mut world, 1, b.digest(), &[3]);
    decide(&mut world, 1, 1, &b, &[1, 2, 3]);
    world.assert_violated("accountability", "height 1: 1 of 4 is proved guilty: [3]");

    polka(&mut world, 0, b.digest(), &[1]);
    polka(&mut world, 0, a.digest(), &[1]);
    world.assert_violated("accountability", "validator 1 is honest");
}

/// n = 7: f + 1 is three.
#[test]
fn more_than_a_third_of_the_power_is_demanded() {
    let fork = |powers: [u64; 4]| {
        let mut world = World::with(|setup| {
            setup.honest = vec![true, true, false, false];
            setup.validators.iter_mut().zip(powers).for_each(|(one, power)| one.power = power);
        });
        let (a, b) = values(&world);
        decide(&mut world, 0, 0, &a, &[0, 2, 3]);
        decide(&mut world, 1, 0, &b, &[1, 2, 3]);
        world.result("accountability").holds
    };
    assert_eq!(fork([3, 3, 2, 2]), Some(true));
    assert_eq!(fork([2, 2, 1, 1]), Some(false), "these are no quorums, and two of six no more than a third");
}

#[test]
fn without_a_fork_nobody_is_asked() {
    let mut world = world(Protocol::Tendermint);
    polka(&mut world, 0, Digest([1; 32]), &[2, 3]);
    polka(&mut world, 0, Digest([2; 32]), &[2, 3]);
    world.assert_holds("accountability");
}

/// The liars committed in view 0, and let a NEW-VIEW have another value.
#[test]
fn in_pbft_a_view_change_that_claims_nothing_convicts_who_committed() {
    let mut world = world(Protocol::Pbft);
    let (a, b) = values(&world);
    let commit = |world: &World, author: u16, view, digest| {
        let kind = pbft::VoteKind::Commit;
        let vote = pbft::Vote { kind, height: 1, view, author: v(author), digest };
        (v(author), world.sign(PbftMessage::Vote(vote)).signature)
    };
    let certificate = |world: &World, view, value: &Value, signers: [u16; 3]| Certificate {
        height: 1,
        round: view,
        digest: value.digest(),
        signatures: signers.map(|signer| commit(world, signer, view, value.digest())).into(),
    };
    let first = certificate(&world, 0, &a, [0, 2, 3]);
    let second = certificate(&world, 1, &b, [1, 2, 3]);
    for author in [1, 2, 3] {
        let change = pbft::ViewChange { height: 1, view: 1, author: v(author), stable: None, prepared: None };
        world.say(PbftMessage::ViewChange(Box::new(change)));
    }
    world.decide_with(0, 1, &a, &first);
    world.decide_with(1, 1, &b, &second);
    assert_eq!(world.oracles.fork().unwrap().culprits, [v(2), v(3)].into());
    world.assert_holds("accountability");
}

/// The liars voted for what decides in round 1, and gave round 2 up as if they knew no certificate.
#[test]
fn in_hotstuff_a_timeout_that_claims_less_convicts_who_voted() {
    let mut world = world(Protocol::HotStuff);
    let (a, b) = values(&world);
    let certificate = |world: &World, round, value: &Value, signers: [u16; 3]| {
        let vote = |signer| {
            let (digest, justify) = (value.digest(), Some(round - 1));
            let vote = hotstuff::Vote { height: 1, round, author: v(signer), digest, justify };
            (v(signer), world.sign(HotStuffMessage::Vote(vote)).signature)
        };
        Certificate { height: 1, round, digest: value.digest(), signatures: signers.map(vote).into() }
    };
    let first = certificate(&world, 1, &a, [0, 2, 3]);
    let second = certificate(&world, 4, &b, [1, 2, 3]);
    for author in [1, 2, 3] {
        let timeout = hotstuff::Timeout { height: 1, round: 2, author: v(author), high_qc: None };
        world.say(HotStuffMessage::Timeout(Box::new(timeout)));
    }
    world.decide_with(0, 1, &a, &first);
    world.decide_with(1, 1, &b, &second);
    assert_eq!(world.oracles.fork().unwrap().culprits, [v(2), v(3)].into());
    world.assert_holds("accountability");
}
