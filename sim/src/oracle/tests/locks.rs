//! Lock discipline, under each protocol.

use super::*;
use bitcraps_consensus::{hotstuff, pbft};

const A: Digest = Digest([1; 32]);
const B: Digest = Digest([2; 32]);
const HEIGHT: Height = 3;

mod of_tendermint {
    use super::*;

    fn vote(world: &mut World, kind: VoteKind, round: Round, digest: Option<Digest>, authors: &[u16]) {
        for &author in authors {
            world.say(TendermintMessage::Vote(Vote {
                kind,
                height: HEIGHT,
                round,
                author: v(author),
                digest,
            }));
        }
    }

    fn prevote(world: &mut World, round: Round, digest: Digest, authors: &[u16]) {
        vote(world, VoteKind::Prevote, round, Some(digest), authors);
    }

    fn precommit(world: &mut World, round: Round, digest: Digest, authors: &[u16]) {
        vote(world, VoteKind::Precommit, round, Some(digest), authors);
    }

    #[test]
    fn a_precommit_rests_on_a_polka_of_its_round() {
        let mut world = World::new();
        prevote(&mut world, 0, A, &[0, 1, 3]);
        precommit(&mut world, 0, A, &[0, 1]);
        world.assert_holds("lock_discipline");
        prevote(&mut world, 1, A, &[0, 1]);
        precommit(&mut world, 1, A, &[0]);
        world.assert_violated(
            "lock_discipline",
            "node 0, height 3, round 1: signed a precommit for 01010101, but there is no polka",
        );
    }

    #[test]
    fn prevotes_that_nobody_signed_make_no_polka() {
        let mut world = World::new();
        prevote(&mut world, 0, A, &[0, 1]);
        let mut forged = world.vote(VoteKind::Prevote, 3, (HEIGHT, 0), Some(A));
        forged.signature.0[3] ^= 1;
        world.see(0, Event::Heard(&forged));
        precommit(&mut world, 0, A, &[0]);
        world.assert_violated("lock_discipline", "there is no polka");
    }

    #[test]
    fn a_locked_node_prevotes_another_value_only_with_a_polka_for_it_since_the_lock() {
        let locked = |round| {
            let mut world = World::new();
            prevote(&mut world, round, A, &[0, 1, 2]);
            precommit(&mut world, round, A, &[0]);
            world
        };
        let mut broken = locked(0);
        prevote(&mut broken, 2, B, &[0]);
        let place = "node 0, height 3, round 2: signed a prevote for 02020202, but it had precommitted another value \
                     in round 0";
        broken.assert_violated("lock_discipline", place);

        let mut unlocked = locked(0);
        prevote(&mut unlocked, 1, B, &[1, 2, 3]);
        prevote(&mut unlocked, 2, B, &[0]);
        unlocked.assert_holds("lock_discipline");

        let mut too_old = World::new();
        prevote(&mut too_old, 0, B, &[1, 2, 3]);
        prevote(&mut too_old, 1, A, &[0, 1, 2]);
        precommit(&mut too_old, 1, A, &[0]);
        prevote(&mut too_old, 2, B, &[0]);
        too_old.assert_violated("lock_discipline", "no polka unlocked it");

        let mut too_late = locked(0);
        prevote(&mut too_late, 2, B, &[1, 2, 3, 0]);
        too_late.assert_violated("lock_discipline", "no polka unlocked it");

        let mut faithful = locked(0);
        prevote(&mut faithful, 1, A, &[0]);
        vote(&mut faithful, VoteKind::Prevote, 2, None, &[0]);
        vote(&mut faithful, VoteKind::Precommit, 2, None, &[0]);
        faithful.assert_holds("lock_discipline");
    }

    #[test]
    fn a_crash_is_no_excuse_a_repetition_no_offence_and_a_liar_not_judged() {
        let mut world = World::new();
        prevote(&mut world, 0, A, &[0, 1, 2]);
        precommit(&mut world, 0, A, &[0, 1, 2, 3]);
        prevote(&mut world, 1, B, &[3]);
        world.oracles.node_crashed(world.now, 0);
        world.oracles.node_restarted(world.now, 0);
        precommit(&mut world, 0, A, &[0]);
        world.assert_holds("lock_discipline");
        prevote(&mut world, 1, B, &[0]);
        world.assert_violated("lock_discipline", "node 0, height 3, round 1");
    }

    /// A liar can make the record overflow, and with it go votes that others may have relied on.
    #[test]
    fn what_a_flood_has_cut_short_is_not_judged() {
        let mut world = World::new();
        for round in 1..2000 {
            vote(&mut world, VoteKind::Prevote, round, None, &[3]);
        }
        precommit(&mut world, 0, A, &[0]);
        assert_eq!(world.result("lock_discipline").holds, None);
        assert_eq!(world.oracles.testimony.at(HEIGHT).of(v(3)).count(), 1024);
    }

    #[test]
    fn what_is_forgotten_is_not_judged() {
        let mut world = World::new();
        world.run(1..=200);
        world.oracles.testimony.forget_below(100);
        precommit(&mut world, 0, A, &[0]);
        assert_eq!(world.result("lock_discipline").holds, None);
    }
}

mod of_pbft {
    use super::*;
    use pbft::{PbftMessage, PrePrepare, VoteKind};

    fn vote(world: &mut World, kind: VoteKind, view: Round, digest: Digest, authors: &[u16]) {
        for &author in authors {
            let vote = pbft::Vote { kind, height: HEIGHT, view, author: v(author), digest };
            world.say(PbftMessage::Vote(vote));
        }
    }

    /// The primary's PRE-PREPARE and these PREPAREs.
    fn accept(world: &mut World, view: Round, value: &Value, authors: &[u16]) {
        let author = v((view % 4) as u16);
        let value = value.clone();
        let digest = value.digest();
        let proposal = PrePrepare { height: HEIGHT, view, author, value };
        world.say(PbftMessage::PrePrepare(Box::new(proposal)));
        vote(world, VoteKind::Prepare, view, digest, authors);
    }

    fn change(world: &mut World, view: Round, prepared: Option<(Round, &Value)>, authors: &[u16]) {
        for &author in authors {
            let prepared = prepared.map(|(view, value)| certificate(world, view, value.digest(), &[1, 2]));
            let change = pbft::ViewChange { height: HEIGHT, view, author: v(author), stable: None, prepared };
            world.say(PbftMessage::ViewChange(Box::new(change)));
        }
    }

    /// That this value was prepared in view 0.
    pub(in crate::oracle::tests) fn certificate(
        world: &World,
        view: Round,
        digest: Digest,
        signers: &[u16],
    ) -> pbft::PreparedCertificate {
        let value =
            if digest == world.block(3).digest() { world.block(3) } else { state::rival(&world.block(3)) };
        let author = v((view % 4) as u16);
        let proposal = PrePrepare { height: HEIGHT, view, author, value };
        let pre_prepare = world.sign(PbftMessage::PrePrepare(Box::new(proposal))).signature;
        let prepare = |&signer: &u16| {
            let kind = VoteKind::Prepare;
            let vote = pbft::Vote { kind, height: HEIGHT, view, author: v(signer), digest };
            (v(signer), world.sign(PbftMessage::Vote(vote)).signature)
        };
        let prepares = signers.iter().map(prepare).collect();
        pbft::PreparedCertificate { height: HEIGHT, view, digest, pre_prepare, prepares }
    }

    fn values(world: &World) -> (Value, Value) {
        (world.block(HEIGHT), state::rival(&world.block(HEIGHT)))
    }

    #[test]
    fn a_commit_rests_on_a_quorum_that_accepted_the_value() {
        let mut world = World::new();
        let (a, _) = values(&world);
        accept(&mut world, 0, &a, &[1]);
        accept(&mut world, 0, &a, &[3]);
        vote(&mut world, VoteKind::Commit, 0, a.digest(), &[0, 1]);
        world.assert_holds("lock_discipline");

        let mut world = World::new();
        accept(&mut world, 0, &a, &[1]);
        vote(&mut world, VoteKind::Commit, 0, a.digest(), &[1]);
        world.assert_violated("lock_discipline", "node 1, height 3, round 0: signed a commit");
    }

    #[test]
    fn a_view_change_claims_what_its_author_was_prepared_for() {
        let committed = || {
            let mut world = World::new();
            let (a, _) = values(&world);
            accept(&mut world, 0, &a, &[1, 2]);
            vote(&mut world, VoteKind::Commit, 0, a.digest(), &[1]);
            (world, a)
        };
        let (mut world, a) = committed();
        change(&mut world, 1, Some((0, &a)), &[1]);
        change(&mut world, 1, None, &[2, 3]);
        world.assert_holds("lock_discipline");
        vote(&mut world, VoteKind::Commit, 0, a.digest(), &[2]);
        world.assert_violated("lock_discipline", "node 2, height 3, round 0");

        let (mut world, _) = committed();
        change(&mut world, 1, None, &[1]);
        world.assert_violated("lock_discipline", "it had signed a commit in view 0, which this forgets");
    }

    #[test]
    fn who_spoke_in_an_earlier_view_accepts_only_what_a_new_view_may_have() {
        let changed = |claims: &[(u16, bool)]| {
            let mut world = World::new();
            let (a, _) = values(&world);
            accept(&mut world, 0, &a, &[1, 2]);
            for &(author, claim) in claims {
                change(&mut world, 1, claim.then_some((0, &a)), &[author]);
            }
            world
        };
        let (a, b) = values(&World::new());
        let prepare = |mut world: World, value: &Value| {
            vote(&mut world, VoteKind::Prepare, 1, value.digest(), &[2]);
            world.result("lock_discipline").holds
        };
        assert_eq!(prepare(changed(&[(0, true), (1, false), (2, false)]), &a), Some(true));
        assert_eq!(
            prepare(changed(&[(0, true), (1, false), (2, false)]), &b),
            Some(false),
            "a claim is ignored"
        );
        assert_eq!(prepare(changed(&[(3, false), (1, false), (2, false)]), &b), Some(true));
        assert_eq!(prepare(changed(&[(1, false), (2, false)]), &b), Some(false), "no quorum");
        assert_eq!(
            prepare(changed(&[(0, true), (3, false), (1, false), (2, false)]), &b),
            Some(true),
            "the primary may choose the quorum without the claim"
        );
    }
}

mod of_hotstuff {
    use super::*;
    use hotstuff::HotStuffMessage;

    fn vote(world: &mut World, round: Round, digest: Digest, justify: Option<Round>, authors: &[u16]) {
        for &author in authors {
            let vote = hotstuff::Vote { height: HEIGHT, round, author: v(author), digest, justify };
            world.say(HotStuffMessage::Vote(vote));
        }
    }

    fn time_out(world: &mut World, round: Round, knows: Option<(Round, Digest)>, authors: &[u16]) {
        for &author in authors {
            let high_qc = knows.map(|(round, digest)| certificate(world, round, digest, None, &[0, 1, 2]));
            let timeout = hotstuff::Timeout { height: HEIGHT, round, author: v(author), high_qc };
            world.say(HotStuffMessage::Timeout(Box::new(timeout)));
        }
    }

    pub(in crate::oracle::tests) fn certificate(
        world: &World,
        round: Round,
        digest: Digest,
        justify: Option<Round>,
        signers: &[u16],
    ) -> hotstuff::QuorumCertificate {
        let sign = |&signer: &u16| {
            let vote = hotstuff::Vote { height: HEIGHT, round, author: v(signer), digest, justify };
            (v(signer), world.sign(HotStuffMessage::Vote(vote)).signature)
        };
        let signatures = signers.iter().map(sign).collect();
        hotstuff::QuorumCertificate { height: HEIGHT, round, digest, justify, signatures }
    }

    #[test]
    fn a_vote_rests_on_the_certificate_of_the_round_before() {
        let mut world = World::new();
        vote(&mut world, 0, A, None, &[0, 1, 3]);
        vote(&mut world, 1, A, Some(0), &[0, 1]);
        world.assert_holds("lock_discipline");
        vote(&mut world, 2, A, Some(1), &[2]);
        world.assert_violated(
            "lock_discipline",
            "node 2, height 3, round 2: signed a vote for 01010101, but there is",
        );

        let mut other_value = World::new();
        vote(&mut other_value, 0, A, None, &[0, 1, 3]);
        vote(&mut other_value, 1, B, Some(0), &[2]);
        other_value.assert_violated("lock_discipline", "no certificate of the block");
    }

    #[test]
    fn or_on_a_quorum_that_gave_it_up_and_knew_nothing_higher() {
        let after = |known: &[(u16, bool)]| {
            let mut world = World::new();
            vote(&mut world, 0, A, None, &[0, 1, 2]);
            for &(author, knows) in known {
                time_out(&mut world, 1, knows.then_some((0, A)), &[author]);
            }
            vote(&mut world, 2, B, None, &[2]);
            world.result("lock_discipline")
        };
        assert_eq!(after(&[(0, false), (1, false), (3, false)]).holds, Some(true));
        let higher = after(&[(0, false), (1, true), (3, false)]);
        assert_eq!(higher.holds, Some(false));
        assert!(higher.detail.contains("knew no higher certificate"), "{higher:?}");
        assert_eq!(after(&[(0, false), (1, false)]).holds, Some(false), "no quorum");
    }

    #[test]
    fn nothing_is_said_of_a_round_given_up_and_no_certificate_is_forgotten() {
        let voted = || {
            let mut world = World::new();
            vote(&mut world, 0, A, None, &[0, 1, 2]);
            vote(&mut world, 1, A, Some(0), &[0]);
            world
        };
        let mut remembers = voted();
        time_out(&mut remembers, 1, Some((0, A)), &[0]);
        time_out(&mut remembers, 1, None, &[1, 2]);
        remembers.assert_holds("lock_discipline");
        vote(&mut remembers, 1, A, Some(0), &[1]);
        remembers.assert_violated("lock_discipline", "node 1, height 3, round 1");

        let mut forgets = voted();
        time_out(&mut forgets, 1, None, &[0]);
        forgets.assert_violated("lock_discipline", "it had signed a vote in round 1, which this forgets");
    }
}

pub(super) use of_hotstuff::certificate as qc;
pub(super) use of_pbft::certificate as prepared;
