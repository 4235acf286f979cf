use super::*;
use bitcraps_casino::{Action, Command};
use bitcraps_consensus::tendermint::{TendermintMessage, Vote, VoteKind};
use bitcraps_types::{AccountId, PartialSignature, PublicKey, Signature, ValidatorIndex};
use proptest::prelude::*;

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn signature() -> impl Strategy<Value = Signature> {
    any::<[u8; 32]>().prop_map(|half| Signature(std::array::from_fn(|i| half[i % 32] ^ (i / 32) as u8)))
}

fn value() -> impl Strategy<Value = bitcraps_types::Value> {
    prop::collection::vec(any::<u8>(), 0..200).prop_map(bitcraps_types::Value::new)
}

fn certificate() -> impl Strategy<Value = Certificate> {
    let signatures = prop::collection::vec((any::<u16>().prop_map(ValidatorIndex), signature()), 0..5);
    (any::<u64>(), any::<u32>(), digest(), signatures)
        .prop_map(|(height, round, digest, signatures)| Certificate { height, round, digest, signatures })
}

fn vote() -> impl Strategy<Value = Signed<ConsensusMessage>> {
    let digest = prop::option::of(digest());
    (any::<bool>(), any::<u64>(), any::<u32>(), any::<u16>(), digest, signature()).prop_map(
        |(prevote, height, round, author, digest, signature)| {
            let kind = if prevote { VoteKind::Prevote } else { VoteKind::Precommit };
            let vote = Vote { kind, height, round, author: ValidatorIndex(author), digest };
            Signed { message: TendermintMessage::Vote(vote).into(), signature }
        },
    )
}

fn command() -> impl Strategy<Value = SignedCommand> {
    (any::<[u8; 32]>(), any::<u64>(), digest(), any::<u64>(), signature()).prop_map(
        |(key, sequence, to, amount, signature)| {
            let action = Action::Transfer { to: AccountId(to), amount };
            SignedCommand { command: Command { key: PublicKey(key), sequence, action }, signature }
        },
    )
}

fn partial() -> impl Strategy<Value = [u8; 96]> {
    any::<u8>().prop_map(|byte| [byte; 96])
}

fn decided() -> impl Strategy<Value = Decided> {
    let dice = prop::option::of(partial().prop_map(ThresholdSignature));
    (value(), certificate(), dice).prop_map(|(value, certificate, dice)| Decided { value, certificate, dice })
}

fn partials() -> impl Strategy<Value = Partials> {
    let signatures = prop::collection::vec(partial().prop_map(PartialSignature), 0..3);
    (any::<u64>(), digest(), any::<bool>(), signatures)
        .prop_map(|(height, block, repeated, signatures)| Partials { height, block, repeated, signatures })
}

fn manifest() -> impl Strategy<Value = Manifest> {
    let handovers = prop::collection::vec(decided(), 0..3);
    (value(), decided(), handovers, prop::collection::vec(digest(), 0..5)).prop_map(
        |(last, next, handovers, chunks)| Manifest {
            last,
            next,
            handovers: List::first(handovers),
            chunks: List::first(chunks),
        },
    )
}

fn sync_message() -> impl Strategy<Value = SyncMessage> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        any::<u64>().prop_map(|height| SyncMessage::Status { height }),
        (any::<u64>(), any::<u32>()).prop_map(|(from, count)| SyncMessage::GetBlocks { from, count }),
        prop::collection::vec(decided(), 0..4).prop_map(|blocks| SyncMessage::Blocks(List::first(blocks))),
        Just(SyncMessage::GetSnapshot { handovers: 0 }),
        prop::option::of(manifest().prop_map(Box::new)).prop_map(SyncMessage::Snapshot),
        (any::<u64>(), any::<u32>()).prop_map(|(height, index)| SyncMessage::GetChunk { height, index }),
        (any::<u64>(), any::<u32>(), bytes()).prop_map(|(height, index, bytes)| SyncMessage::Chunk {
            height,
            index,
            bytes: Chunk::first(bytes.into())
        }),
    ]
}

fn wire() -> impl Strategy<Value = Wire> {
    prop_oneof![
        (any::<u32>(), digest(), any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(
            |(version, genesis, key, nonce)| Wire::Hello(Hello {
                version,
                genesis,
                key: PublicKey(key),
                nonce
            })
        ),
        signature().prop_map(|signature| Wire::Proof(Proof { signature })),
        prop::collection::vec(vote(), 0..4).prop_map(|votes| Wire::Consensus(List::first(votes))),
        prop::collection::vec(command(), 0..5).prop_map(|commands| Wire::Commands(List::first(commands))),
        sync_message().prop_map(Wire::Sync),
        partials().prop_map(Wire::Dice),
    ]
}

proptest! {
    #[test]
    fn every_message_comes_back_as_it_was(message in wire()) {
        prop_assert_eq!(Wire::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn consensus_messages_that_stay_where_they_are_have_the_same_bytes(votes in prop::collection::vec(vote(), 0..20)) {
        prop_assert_eq!(Wire::encode_consensus(&votes), Wire::Consensus(List::first(votes)).encode());
    }

    #[test]
    fn bytes_that_decode_are_the_encoding_of_what_they_decode_to(
        message in wire(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = message.encode().to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let cut = cut.index(2 * bytes.len());
        bytes.truncate(cut);
        if let Ok(decoded) = Wire::decode(&bytes) {
            prop_assert_eq!(&decoded.encode()[..], &bytes[..]);
        }
    }

    #[test]
    fn garbage_does_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), tag in 0u8..8) {
        let mut tagged = vec![tag];
        tagged.extend(bytes);
        if let Ok(decoded) = Wire::decode(&tagged) {
            prop_assert_eq!(&decoded.encode()[..], &tagged[..]);
        }
    }

    #[test]
    fn a_byte_too_many_or_too_few_is_no_message(message in wire()) {
        let bytes = message.encode();
        prop_assert_eq!(Wire::decode(&bytes[..bytes.len() - 1]), Err(Undecodable));
        let mut longer = bytes.to_vec();
        longer.push(0);
        prop_assert_eq!(Wire::decode(&longer), Err(Undecodable));
    }
}

#[test]
fn a_list_longer_than_its_bound_is_no_message() {
    let mut bytes = Wire::Commands(List::first(vec![])).encode().to_vec();
    let count = bytes.len() - 4;
    for (claimed, decodes) in [(0, true), (MAX_COMMANDS as u32 + 1, false), (u32::MAX, false)] {
        bytes[count..].copy_from_slice(&claimed.to_le_bytes());
        assert_eq!(Wire::decode(&bytes).is_ok(), decodes, "{claimed} commands");
    }
}

#[test]
fn a_chunk_longer_than_a_chunk_is_no_message() {
    let message = |length: usize| {
        let bytes = Chunk(vec![7; length].into());
        Wire::Sync(SyncMessage::Chunk { height: 1, index: 0, bytes })
    };
    assert!(Wire::decode(&message(CHUNK_BYTES).encode()).is_ok());
    assert_eq!(Wire::decode(&message(CHUNK_BYTES + 1).encode()), Err(Undecodable));
}
