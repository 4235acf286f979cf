//! Each behaviour under each engine: what goes out instead of what.

use super::speech::{
    HEIGHT, OTHER, all, first_vote, proof, proposal, proposer, second_vote, value, verifies,
};
use super::*;
use crate::puppet::parts;
use bitcraps_actors::ports::ConsensusEngine;
use bitcraps_actors::wire::{Chunk, Decided, List, SyncMessage};
use bitcraps_casino::Block;
use bitcraps_consensus::hotstuff::HotStuffMessage;
use bitcraps_consensus::pbft::PbftMessage;
use bitcraps_consensus::{AnyEngine, Certificate, Engine, Evidence};
use bitcraps_types::{Protocol, ThresholdSignature};

/// A puppet that speaks for the proposer of round 0, and lies.
fn liar(protocol: Protocol, lie: Lie) -> Puppet {
    let puppet = puppet(proposer(protocol, 0).0);
    puppet.activate("lie", Behaviour::from(&lie));
    puppet
}

/// Somebody who is not the proposer of round 0.
fn another(protocol: Protocol) -> u16 {
    (proposer(protocol, 0).0 + 1) % 4
}

/// Has a puppet hear the votes of everybody else, and the proposal, or make it itself.
fn hear_all(puppet: &Puppet, protocol: Protocol) {
    let me = puppet.identity.me;
    match me == proposer(protocol, 0) {
        true => puppet.state.borrow_mut().heard.note(&proposal(protocol, 0)),
        false => _ = puppet.incoming(Time::ZERO, &proposal(protocol, 0)),
    }
    for author in (0..4).filter(|author| v(*author) != me) {
        for vote in [first_vote(protocol, author, 0), second_vote(protocol, author, 0)] {
            puppet.incoming(Time::ZERO, &vote);
        }
    }
}

#[test]
fn every_engines_messages_have_kinds_by_which_they_are_withheld_or_not_heard() {
    for protocol in Protocol::ALL {
        let said = all(protocol);
        let kinds: Vec<Kind> = said.iter().map(|signed| Kind::of(&signed.message)).collect();
        let mut expected = vec![Kind::Proposal, Kind::Prevote, Kind::Precommit];
        expected.extend((protocol != Protocol::Tendermint).then_some(Kind::ViewChange));
        expected.push(Kind::Proof);
        assert_eq!(kinds, expected, "{protocol}");
        for withheld in kinds.iter().copied().collect::<BTreeSet<_>>() {
            let sender = liar(protocol, Lie::Withhold { kinds: [withheld].into() });
            let deaf = liar(protocol, Lie::DropInbound { kinds: [withheld].into() });
            for (signed, kind) in said.iter().zip(&kinds) {
                assert_eq!(told(&sender, 2, signed).is_empty(), *kind == withheld, "{protocol} {kind:?}");
                assert_eq!(!deaf.incoming(Time::ZERO, signed), *kind == withheld, "{protocol} {kind:?}");
            }
            assert_eq!((sender.touched("lie"), deaf.touched("lie")), (1, 1));
        }
    }
}

#[test]
fn block_sync_is_a_kind_of_its_own() {
    let key = Tag::of(v(1)).public_key();
    let status = SyncMessage::Status { height: 7 };
    let kinds: BTreeSet<Kind> = [Kind::Sync].into();
    let mute = liar(Protocol::Pbft, Lie::Withhold { kinds: kinds.clone() });
    let deaf = liar(Protocol::Pbft, Lie::DropInbound { kinds });
    assert!(mute.outgoing_sync(&key, status.clone()).is_none() && mute.incoming_sync(&key, &status));
    assert_eq!(deaf.outgoing_sync(&key, status.clone()), Some(status.clone()));
    assert!(!deaf.incoming_sync(&key, &status));
    assert_eq!((mute.touched("lie"), deaf.touched("lie")), (1, 1));
}

#[test]
fn a_selective_sender_is_silent_to_the_rest() {
    for protocol in Protocol::ALL {
        let puppet = liar(protocol, Lie::SelectiveSend { to: [v(2)].into() });
        for said in all(protocol) {
            assert_eq!(told(&puppet, 2, &said), std::slice::from_ref(&said));
            assert!(told(&puppet, 1, &said).is_empty());
        }
    }
}

#[test]
fn votes_for_nothing_are_nil_or_give_the_round_up_and_claim_nothing() {
    for protocol in Protocol::ALL {
        let puppet = liar(protocol, Lie::ForceNil);
        let me = proposer(protocol, 0).0;
        for vote in [first_vote(protocol, me, 0), second_vote(protocol, me, 0)] {
            let sent = told(&puppet, 2, &vote);
            let [sent] = &sent[..] else { panic!("{protocol}: {sent:?}") };
            assert!(verifies(sent), "{protocol}: it is no forgery");
            match &sent.message {
                AnyMessage::Tendermint(TendermintMessage::Vote(vote)) => assert_eq!(vote.digest, None),
                AnyMessage::Pbft(PbftMessage::ViewChange(change)) => {
                    assert_eq!((change.view, &change.prepared), (1, &None));
                }
                AnyMessage::HotStuff(HotStuffMessage::Timeout(timeout)) => assert_eq!(timeout.high_qc, None),
                other => panic!("{protocol}: {other:?}"),
            }
        }
        let proposal = proposal(protocol, 0);
        assert_eq!(told(&puppet, 2, &proposal), [proposal]);
    }
}

#[test]
fn a_block_that_must_be_refused_is_shown_to_all_alike_and_voted_for() {
    for protocol in Protocol::ALL {
        let me = proposer(protocol, 0).0;
        let mut shown = BTreeSet::new();
        for seed in 0..60 {
            let puppet = liar(protocol, Lie::InvalidValue);
            puppet.state.borrow_mut().rng = ChaCha8Rng::seed_from_u64(seed);
            let truth = proposal(protocol, 0);
            let [first, second] = [1, 2].map(|to| told(&puppet, to, &truth));
            assert_eq!(first, second, "{protocol}");
            assert!(verifies(&first[0]), "{protocol}: consensus itself has nothing against it");
            let bad = parts::value(&first[0].message).unwrap().clone();
            assert_ne!(bad, value());
            shown.insert(bad.digest());
            let mut vote = told(&puppet, 2, &second_vote(protocol, me, 0)).remove(0);
            assert_eq!(parts::digest_mut(&mut vote.message), Some(&mut bad.digest()));
        }
        assert_eq!(shown.len(), 9, "{protocol}: in every way");
    }
}

#[test]
fn what_is_of_another_epoch_counts_nowhere_here() {
    for protocol in Protocol::ALL {
        let puppet = liar(protocol, Lie::WrongEpoch);
        let mut foreign = 0;
        for _ in 0..20 {
            for said in all(protocol) {
                let [sent] = &told(&puppet, 2, &said)[..] else { panic!("{protocol}") };
                let elsewhere = !is_signed_by_its_author(sent);
                assert!(sent.message.height() != HEIGHT || elsewhere, "{protocol}");
                foreign += u64::from(elsewhere);
            }
        }
        assert!(foreign > 0, "{protocol}: also for another chain");
    }
}

#[test]
fn rounds_are_shifted_and_before_the_first_comes_the_height_before() {
    for protocol in Protocol::ALL {
        let me = proposer(protocol, 0).0;
        let vote = |round| first_vote(protocol, me, round);
        let later = told(&liar(protocol, Lie::Shift { rounds: 3 }), 2, &vote(2));
        assert_eq!((parts::round(&later[0].message), later[0].message.height()), (5, HEIGHT));
        assert!(is_signed_by_its_author(&later[0]));
        let old = liar(protocol, Lie::Shift { rounds: -2 });
        assert_eq!(parts::round(&told(&old, 2, &vote(5))[0].message), 3);
        assert_eq!(told(&old, 2, &vote(0))[0].message.height(), HEIGHT - 1);
        let far = liar(protocol, Lie::Shift { rounds: i64::from(u32::MAX) });
        assert_eq!(parts::round(&told(&far, 2, &vote(5))[0].message), u32::MAX);
    }
}

#[test]
fn no_certificate_that_is_made_up_verifies() {
    for protocol in Protocol::ALL {
        let (me, other) = (proposer(protocol, 0).0, another(protocol));
        for liar in [me, other] {
            let puppet = puppet(liar);
            puppet.activate("lie", Behaviour::from(&Lie::ConflictingCertificate));
            hear_all(&puppet, protocol);
            for _ in 0..200 {
                for vote in [first_vote(protocol, liar, 0), second_vote(protocol, liar, 0)] {
                    let sent = told(&puppet, 2, &vote);
                    let [truth, shown] = &sent[..] else { panic!("{protocol}: {sent:?}") };
                    assert_eq!(truth, &vote);
                    assert!(is_signed_by_its_author(shown), "its own signature is good");
                    assert!(!verifies(shown), "{protocol}: {shown:?}");
                }
            }
            assert_eq!(puppet.touched("lie"), 400);
        }
    }
}

#[test]
fn a_quorums_true_signatures_would_verify_so_that_the_flaw_is_what_is_refused() {
    for protocol in Protocol::ALL {
        let puppet = puppet(proposer(protocol, 0).0);
        hear_all(&puppet, protocol);
        let heard = &puppet.state.borrow().heard;
        for author in (0..4).filter(|author| v(*author) != puppet.identity.me) {
            let statement = second_vote(protocol, author, 0).message.statement();
            assert!(heard.signature(&statement).is_some(), "{protocol}");
        }
    }
}

#[test]
fn an_impersonator_speaks_in_its_own_name_too_and_its_forgeries_do_not_verify() {
    for protocol in Protocol::ALL {
        let victim = another(protocol);
        let puppet = liar(protocol, Lie::Impersonate { victim: v(victim) });
        hear_all(&puppet, protocol);
        for _ in 0..50 {
            for said in all(protocol) {
                let sent = told(&puppet, (victim + 1) % 4, &said);
                let [truth, forged] = &sent[..] else { panic!("{protocol}: {sent:?}") };
                assert_eq!((truth, forged.message.author()), (&said, v(victim)));
                assert!(!is_signed_by_its_author(forged), "{protocol}");
            }
        }
        let said = proof(protocol, proposer(protocol, 0).0);
        assert_eq!(told(&puppet, victim, &said), [said], "the victim itself would only laugh");
    }
}

#[test]
fn false_evidence_convicts_no_victim() {
    for protocol in Protocol::ALL {
        let (me, victim) = (proposer(protocol, 0).0, another(protocol));
        for seed in 0..60 {
            let puppet = liar(protocol, Lie::Frame { victim: v(victim) });
            puppet.state.borrow_mut().rng = ChaCha8Rng::seed_from_u64(seed);
            hear_all(&puppet, protocol);
            let sent = told(&puppet, (victim + 1) % 4, &proposal(protocol, 0));
            let block = Block::decode(parts::value(&sent[0].message).unwrap().bytes()).unwrap();
            let [offence] = &block.offences[..] else { panic!("{protocol}: one offence") };
            assert_eq!(offence.offender, v(victim));
            let convicted = borsh::from_slice::<Evidence<ConsensusMessage>>(&offence.proof)
                .ok()
                .and_then(|evidence| evidence.check::<ConsensusEngine>(&validators(4), &CHAIN, &Tags).ok());
            assert!(convicted.is_none_or(|convicted| convicted == v(me)), "{protocol}: {convicted:?}");
            let contradiction = sent.iter().find(|sent| sent.message.author() == v(victim));
            assert!(!verifies(contradiction.expect("and as a message")), "{protocol}");
        }
    }
}

#[test]
fn with_everyone_in_both_groups_a_double_vote_convicts_under_every_engine() {
    for protocol in Protocol::ALL {
        let me = another(protocol);
        let puppet = puppet(me);
        let what = Kinds { proposal: false, prevote: true, precommit: true };
        puppet.activate("lie", equivocate(what, Groups::everyone_twice(4, &liars(&[me]))));
        for vote in [first_vote(protocol, me, 0), second_vote(protocol, me, 0)] {
            let sent = told(&puppet, (me + 1) % 4, &vote);
            let [first, second] = &sent[..] else { panic!("{protocol}: {sent:?}") };
            assert_eq!(first, &vote);
            let (first, second) = (first.message.statement(), second.message.statement());
            assert!(AnyEngine::conflicting(&first, &second), "{protocol}");
        }
    }
}

#[test]
fn a_small_mutation_is_one_step_from_the_truth_or_an_older_message() {
    for protocol in Protocol::ALL {
        let me = another(protocol);
        let puppet = puppet(me);
        puppet.activate("lie", Behaviour::from(&Lie::Mutate { scope: Scope::Small, rounds: Some(8) }));
        hear_all(&puppet, protocol);
        let mut changes = [0; 4];
        for round in 2..8 {
            for _ in 0..50 {
                let truth = first_vote(protocol, me, round);
                let mut sent = told(&puppet, 2, &truth).remove(0);
                assert!(is_signed_by_its_author(&sent));
                let height = sent.message.height().abs_diff(HEIGHT);
                let moved = parts::round(&sent.message).abs_diff(round);
                let valued = parts::digest_mut(&mut sent.message).is_some_and(|digest| *digest != OTHER);
                assert!(height <= 1 && valued, "{protocol}");
                changes[0] += height;
                changes[1] += u64::from(moved == 1);
                changes[2] += u64::from(moved > 1);
                changes[3] += 1;
            }
        }
        assert!(changes.iter().all(|count| *count > 0), "{protocol}: {changes:?}");
        let late = first_vote(protocol, me, 8);
        assert_eq!(told(&puppet, 2, &late), [late], "only in the rounds asked for");
    }
}

#[test]
fn a_liar_in_sync_gives_nothing_that_is_true() {
    let key = Tag::of(v(1)).public_key();
    let puppet = liar(Protocol::Tendermint, Lie::LieInSync);
    let value = value();
    let certificate = Certificate {
        height: HEIGHT,
        round: 0,
        digest: value.digest(),
        signatures: (0..3).map(|signer| (v(signer), Signature([7; 64]))).collect(),
    };
    let block = Decided { value, certificate, dice: Some(ThresholdSignature([1; 96])) };
    let asked = SyncMessage::GetBlocks { from: HEIGHT, count: 8 };
    assert!(puppet.incoming_sync(&key, &asked));
    let chunk = Chunk::first(bytes::Bytes::from_static(b"state"));
    for _ in 0..100 {
        for truth in [
            SyncMessage::Status { height: 7 },
            SyncMessage::Blocks(List::first(vec![block.clone(), block.clone()])),
            SyncMessage::Chunk { height: 5, index: 0, bytes: chunk.clone() },
            SyncMessage::Chunk { height: 5, index: 0, bytes: Chunk::first(bytes::Bytes::new()) },
        ] {
            let sent = puppet.outgoing_sync(&key, truth.clone());
            assert!(sent.is_some_and(|sent| sent != truth));
        }
        assert_eq!(puppet.outgoing_sync(&key, asked.clone()), Some(asked.clone()), "it may ask");
        let sent = puppet.outgoing_sync(&key, SyncMessage::Blocks(List::first(Vec::new())));
        let Some(SyncMessage::Blocks(made_up)) = sent else { panic!("{sent:?}") };
        for decided in made_up.as_slice() {
            assert!(decided.certificate.verify(&validators(4), &CHAIN, &Tags).is_err());
        }
    }
}
