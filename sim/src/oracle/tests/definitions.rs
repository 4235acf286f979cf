//! The definitions that the oracles judge by, beside the engines: written twice, they agree on what is signed and on
//! who contradicts itself, for statements that lie close together.

use super::*;
use crate::oracle::definition;
use bitcraps_consensus::{
    AnyEngine, AnyStatement, Engine, Message, hotstuff, pbft,
    tendermint::{self, Vote},
};
use proptest::prelude::*;

fn place() -> impl Strategy<Value = (ValidatorIndex, u64, u32)> {
    (0..2u16, 1..3u64, 0..4u32).prop_map(|(author, height, round)| (v(author), height, round))
}

fn digest() -> impl Strategy<Value = Digest> {
    (0..2u8).prop_map(|n| Digest([n; 32]))
}

fn some_round() -> impl Strategy<Value = Option<u32>> {
    prop::option::of(0..4u32)
}

fn of_pbft() -> impl Strategy<Value = AnyStatement> {
    use pbft::{Checkpoint, Statement, Vote, VoteKind};
    let prepared = prop::option::of((0..4u32, digest()));
    (0..5u8, place(), digest(), prepared).prop_map(|(which, (author, height, view), digest, prepared)| {
        AnyStatement::Pbft(match which {
            0 => Statement::PrePrepare { height, view, author, digest },
            1 => Statement::Vote(Vote { kind: VoteKind::Prepare, height, view, author, digest }),
            2 => Statement::Vote(Vote { kind: VoteKind::Commit, height, view, author, digest }),
            3 => Statement::Checkpoint(Checkpoint { height, author, digest }),
            _ => Statement::ViewChange { height, view, author, stable: 0, prepared },
        })
    })
}

fn of_tendermint() -> impl Strategy<Value = AnyStatement> {
    use tendermint::Statement;
    (0..3u8, place(), digest(), prop::bool::ANY, some_round()).prop_map(
        |(which, (author, height, round), digest, nil, valid_round)| {
            let of = (!nil).then_some(digest);
            AnyStatement::Tendermint(match which {
                0 => Statement::Proposal { height, round, author, digest, valid_round },
                1 => Statement::Vote(Vote { kind: VoteKind::Prevote, height, round, author, digest: of }),
                _ => Statement::Vote(Vote { kind: VoteKind::Precommit, height, round, author, digest: of }),
            })
        },
    )
}

fn of_hotstuff() -> impl Strategy<Value = AnyStatement> {
    use hotstuff::{Statement, Vote};
    (0..3u8, place(), digest(), some_round()).prop_map(|(which, (author, height, round), digest, justify)| {
        AnyStatement::HotStuff(match which {
            0 => Statement::Proposal { height, round, author, digest, justify },
            1 => Statement::Vote(Vote { height, round, author, digest, justify }),
            _ => Statement::Timeout { height, round, author, high_qc_round: justify },
        })
    })
}

fn any_two() -> impl Strategy<Value = (AnyStatement, AnyStatement)> {
    prop_oneof![
        (of_pbft(), of_pbft()),
        (of_tendermint(), of_tendermint()),
        (of_hotstuff(), of_hotstuff()),
        (of_pbft(), of_hotstuff()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn who_contradicts_itself_is_what_the_engines_say((first, second) in any_two()) {
        let engines = AnyEngine::conflicting(&first, &second);
        prop_assert_eq!(definition::contradict(&first, &second), engines, "{:?} {:?}", first, second);
        prop_assert_eq!(definition::contradict(&second, &first), engines, "{:?} {:?}", second, first);
    }

    #[test]
    fn what_is_signed_is_what_the_engines_sign((statement, _) in any_two()) {
        let expected = (statement.author(), statement.sign_bytes(&CHAIN).to_vec());
        prop_assert_eq!(definition::signed(&CHAIN, &statement), Some(expected));
    }
}
