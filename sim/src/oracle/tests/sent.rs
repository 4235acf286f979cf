//! Certificates inside messages.

use super::locks::{prepared, qc};
use super::*;
use bitcraps_consensus::hotstuff::{self, HotStuffMessage, TimeoutCertificate, TimeoutSignature};
use bitcraps_consensus::pbft::{self, PbftMessage};
use bitcraps_consensus::tendermint::{Polka, PolkaCertificate};

fn polka(world: &World, at: (Height, Round), digest: Digest, signers: &[u16]) -> PolkaCertificate {
    let sign = |&signer: &u16| (v(signer), world.vote(VoteKind::Prevote, signer, at, Some(digest)).signature);
    PolkaCertificate { height: at.0, round: at.1, digest, signatures: signers.iter().map(sign).collect() }
}

/// Node 0 sends this.
fn judge(message: impl Fn(&World) -> ConsensusMessage) -> PropertyResult {
    let mut world = World::new();
    let message = message(&world);
    world.say(message);
    world.result("sent_certificates")
}

#[track_caller]
fn is_good(message: impl Fn(&World) -> ConsensusMessage) {
    let result = judge(message);
    assert_eq!((result.holds, &*result.detail), (Some(true), "1 certificates in messages"), "{result:?}");
}

#[track_caller]
fn is_bad(why: &str, message: impl Fn(&World) -> ConsensusMessage) {
    let result = judge(message);
    assert!(result.holds == Some(false) && result.detail.contains(why), "{result:?} is not {why}");
}

#[test]
fn a_polka_has_a_quorum_each_once_with_valid_signatures_for_the_value() {
    let passed_on = |change: fn(&World, &mut PolkaCertificate)| {
        move |world: &World| {
            let value = world.block(3);
            let mut certificate = polka(world, (3, 1), value.digest(), &[0, 1, 3]);
            change(world, &mut certificate);
            TendermintMessage::Polka(Box::new(Polka { author: v(0), value, certificate })).into()
        }
    };
    is_good(passed_on(|_, _| {}));
    is_bad("2 of 4 is not more than two thirds", passed_on(|_, polka| polka.signatures.truncate(2)));
    is_bad("validator 1 signed it twice", passed_on(|_, polka| polka.signatures[2] = polka.signatures[1]));
    is_bad("the signature of validator 3 is wrong", passed_on(|_, polka| polka.signatures[2].1.0[0] ^= 1));
    is_bad("the signature of validator 0 is wrong", passed_on(|_, polka| polka.round = 2));
    is_bad("it is for another value", passed_on(|_, polka| polka.digest = Digest([9; 32])));
    is_bad(
        "the signature of validator 0 is wrong",
        passed_on(|world, polka| {
            polka.signatures[0].1 = world.vote(VoteKind::Precommit, 0, (3, 1), Some(polka.digest)).signature;
        }),
    );
}

#[test]
fn a_proof_of_lock_is_of_an_earlier_round_of_the_same_height() {
    let proposal = |of: (Height, Round)| {
        move |world: &World| {
            let value = world.block(3);
            let polka = Some(polka(world, of, value.digest(), &[0, 1, 3]));
            let proposal = Proposal { height: 3, round: 2, author: v(0), value, polka };
            TendermintMessage::Proposal(Box::new(proposal)).into()
        }
    };
    is_good(proposal((3, 1)));
    is_bad("it is not of an earlier round", proposal((3, 2)));
    is_bad("it is of another height", proposal((2, 1)));
}

#[test]
fn a_block_follows_its_qc_or_the_tc_of_the_round_before() {
    let tc = |world: &World, round: Round, knew: [Option<Round>; 3]| {
        let timeouts = (0u16..).zip(knew).map(|(signer, high_qc_round)| {
            let high_qc = high_qc_round.map(|round| qc(world, round, Digest([1; 32]), None, &[]));
            let timeout = hotstuff::Timeout { height: 3, round, author: v(signer), high_qc };
            let signature = world.sign(HotStuffMessage::Timeout(Box::new(timeout))).signature;
            TimeoutSignature { signer: v(signer), high_qc_round, signature }
        });
        TimeoutCertificate { height: 3, round, timeouts: timeouts.collect() }
    };
    let block =
        |world: &World, round, justify: Option<Round>, given_up: Option<(Round, [Option<Round>; 3])>| {
            let digest = world.block(3).digest();
            let justify = justify.map(|round| qc(world, round, digest, None, &[0, 1, 2]));
            let value = (justify.is_none() || given_up.is_some()).then(|| world.block(3));
            let tc = given_up.map(|(round, knew)| tc(world, round, knew));
            let block = hotstuff::Proposal { height: 3, round, author: v(0), justify, tc, value };
            ConsensusMessage::from(HotStuffMessage::Proposal(Box::new(block)))
        };
    is_good(|world| block(world, 1, Some(0), None));
    is_bad("the block does not follow it", |world| block(world, 2, Some(0), None));
    is_good(|world| block(world, 3, None, Some((2, [None; 3]))));
    is_bad("the block does not follow it", |world| block(world, 4, None, Some((2, [None; 3]))));
    is_bad("the block does not follow it", |world| block(world, 3, None, Some((2, [None, Some(0), None]))));
    let result = judge(|world| block(world, 3, Some(0), Some((2, [None, Some(0), None]))));
    assert_eq!((result.holds, &*result.detail), (Some(true), "2 certificates in messages"));
}

#[test]
fn a_timeout_claims_a_certificate_of_an_earlier_round_and_of_its_own_block() {
    let timeout = |round, change: fn(&mut hotstuff::QuorumCertificate)| {
        move |world: &World| {
            let mut high_qc = qc(world, 1, Digest([1; 32]), None, &[0, 1, 2]);
            change(&mut high_qc);
            let timeout = hotstuff::Timeout { height: 3, round, author: v(0), high_qc: Some(high_qc) };
            HotStuffMessage::Timeout(Box::new(timeout)).into()
        }
    };
    is_good(timeout(2, |_| {}));
    is_bad("it is of the round that is given up", timeout(1, |_| {}));
    // relab/hotstuff #291: the round of the certificate is not that of the block that was voted for.
    is_bad("the signature of validator 0 is wrong", timeout(9, |qc| qc.round = 8));
    is_bad("the signature of validator 0 is wrong", timeout(2, |qc| qc.digest = Digest([2; 32])));
    is_bad("it is of another height", timeout(2, |qc| qc.height = 4));
}

#[test]
fn a_new_view_shows_the_highest_claim_of_a_quorum() {
    let new_view = |claims: &'static [(u16, bool)], shows: bool, rival: bool| {
        move |world: &World| {
            let (height, view) = (3, 4);
            let digest = world.block(3).digest();
            let certificate = || prepared(world, 0, digest, &[1, 2]);
            let change = |&(author, claims): &(u16, bool)| {
                let prepared = claims.then(certificate);
                let change = pbft::ViewChange { height, view, author: v(author), stable: None, prepared };
                let claim = change.prepared.as_ref().map(|prepared| (prepared.view, prepared.digest));
                let signature = world.sign(PbftMessage::ViewChange(Box::new(change))).signature;
                pbft::ChangeClaim { author: v(author), stable: 0, prepared: claim, signature }
            };
            let value = if rival { state::rival(&world.block(3)) } else { world.block(3) };
            let proposal = pbft::PrePrepare { height, view, author: v(0), value };
            let changes = claims.iter().map(change).collect();
            let prepared = shows.then(certificate);
            PbftMessage::NewView(Box::new(pbft::NewView { proposal, changes, prepared })).into()
        }
    };
    is_good(new_view(&[(0, false), (1, false), (3, false)], false, true));
    let claimed: &[(u16, bool)] = &[(0, true), (1, false), (3, false)];
    let result = judge(new_view(claimed, true, false));
    assert_eq!((result.holds, &*result.detail), (Some(true), "2 certificates in messages"));
    is_bad("its highest claim is for another value", new_view(claimed, true, true));
    is_bad("its highest claim is not the one that is proved", new_view(claimed, false, false));
    is_bad("2 of 4 is not more than two thirds", new_view(&[(0, false), (1, false)], false, false));
}

#[test]
fn a_prepared_certificate_counts_the_primary_once() {
    let change = |signers: &'static [u16], view| {
        move |world: &World| {
            let prepared = Some(prepared(world, 0, world.block(3).digest(), signers));
            let change = pbft::ViewChange { height: 3, view, author: v(0), stable: None, prepared };
            PbftMessage::ViewChange(Box::new(change)).into()
        }
    };
    is_good(change(&[1, 2], 1));
    is_bad("2 of 4 is not more than two thirds", change(&[1], 1));
    is_bad("validator 0 signed it twice", change(&[0, 1], 1));
    is_bad("it is not of an earlier view", change(&[1, 2], 0));
}

#[test]
fn what_a_liar_sends_is_not_judged() {
    let mut world = World::new();
    let value = world.block(3);
    let certificate = polka(&world, (3, 1), value.digest(), &[0]);
    world.say(TendermintMessage::Polka(Box::new(Polka { author: v(3), value, certificate })));
    world.assert_holds("sent_certificates");
}
