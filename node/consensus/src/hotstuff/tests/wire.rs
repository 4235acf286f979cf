//! The encoding: one for each message, nothing else is accepted, and no length is believed.

use super::*;
use borsh::{BorshDeserialize, BorshSerialize};
use proptest::prelude::*;
use std::fmt::Debug;
use std::io::{self, Read};

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn a_value() -> impl Strategy<Value = Value> {
    prop::collection::vec(any::<u8>(), 0..60).prop_map(Value::new)
}

fn a_vote() -> impl Strategy<Value = Vote> {
    (any::<u64>(), any::<u32>(), any::<u16>(), digest(), any::<Option<u32>>()).prop_map(
        |(height, round, author, digest, justify)| Vote {
            height,
            round,
            author: ValidatorIndex(author),
            digest,
            justify,
        },
    )
}

fn a_qc() -> impl Strategy<Value = QuorumCertificate> {
    (a_vote(), prop::collection::vec((any::<u16>(), any::<u8>()), 0..5)).prop_map(|(vote, signatures)| {
        let Vote { height, round, digest, justify, .. } = vote;
        let sign = |(author, byte)| (ValidatorIndex(author), Signature([byte; 64]));
        let signatures = signatures.into_iter().map(sign).collect();
        QuorumCertificate { height, round, digest, justify, signatures }
    })
}

fn a_tc() -> impl Strategy<Value = TimeoutCertificate> {
    let timeout =
        (any::<u16>(), any::<Option<u32>>(), any::<u8>()).prop_map(|(signer, high, byte)| TimeoutSignature {
            signer: ValidatorIndex(signer),
            high_qc_round: high,
            signature: Signature([byte; 64]),
        });
    (any::<u64>(), any::<u32>(), prop::collection::vec(timeout, 0..5))
        .prop_map(|(height, round, timeouts)| TimeoutCertificate { height, round, timeouts })
}

fn message() -> impl Strategy<Value = HotStuffMessage> {
    let (qc, tc) = (|| prop::option::of(a_qc()), || prop::option::of(a_tc()));
    let proposal =
        (a_vote(), qc(), tc(), prop::option::of(a_value())).prop_map(|(of, justify, tc, value)| {
            let Vote { height, round, author, .. } = of;
            HotStuffMessage::Proposal(Box::new(Proposal { height, round, author, justify, tc, value }))
        });
    let timeout = (a_vote(), qc()).prop_map(|(of, high_qc)| {
        let Vote { height, round, author, .. } = of;
        HotStuffMessage::Timeout(Box::new(Timeout { height, round, author, high_qc }))
    });
    let info = (a_vote(), qc(), tc()).prop_map(|(of, qc, tc)| {
        let Vote { height, author, .. } = of;
        HotStuffMessage::SyncInfo(Box::new(SyncInfo { height, author, qc, tc }))
    });
    prop_oneof![a_vote().prop_map(HotStuffMessage::Vote), proposal, timeout, info]
}

/// What decodes encodes to the same bytes.
fn is_canonical<T: BorshSerialize + BorshDeserialize + Debug>(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(decoded) = borsh::from_slice::<T>(bytes) {
        prop_assert_eq!(borsh::to_vec(&decoded).unwrap(), bytes, "{:?}", decoded);
    }
    Ok(())
}

fn survives<T: BorshSerialize + BorshDeserialize + Debug + PartialEq>(it: &T) -> Result<(), TestCaseError> {
    prop_assert_eq!(&borsh::from_slice::<T>(&borsh::to_vec(it).unwrap()).unwrap(), it);
    Ok(())
}

proptest! {
    #[test]
    fn every_message_and_entry_survives_the_wire(message in message(), qc in a_qc(), tc in a_tc(), value in a_value()) {
        survives(&message.statement())?;
        survives(&signed(message.clone()))?;
        survives(&Entry::Said(message))?;
        survives(&Entry::HighQc(qc))?;
        survives(&Entry::HighTc(tc))?;
        survives(&Entry::Value { height: 3, round: 1, value })?;
    }

    #[test]
    fn a_damaged_message_is_refused_or_is_another_with_one_encoding(
        message in message(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = borsh::to_vec(&signed(message)).unwrap();
        let length = bytes.len();
        bytes[at.index(length)] = byte;
        if let Some(cut) = cut {
            bytes.truncate(cut.index(length));
        }
        is_canonical::<Signed<HotStuffMessage>>(&bytes)?;
    }

    #[test]
    fn noise_is_refused_or_has_one_encoding(bytes in prop::collection::vec(any::<u8>(), 0..300), tag in 0u8..4) {
        let mut tagged = vec![tag];
        tagged.extend(&bytes);
        is_canonical::<Signed<HotStuffMessage>>(&tagged)?;
        is_canonical::<Entry>(&tagged)?;
    }

    #[test]
    fn different_statements_of_one_author_sign_different_bytes(a in message(), b in message()) {
        let (a, b) = (a.statement(), b.statement());
        prop_assume!(a != b && a.author() == b.author() || a.kind() != b.kind());
        prop_assert_ne!(a.sign_bytes(&CHAIN), b.sign_bytes(&CHAIN));
    }

    /// No bytes of a stranger's make checking or the engine panic.
    #[test]
    fn whatever_decodes_is_checked_and_heard_without_a_panic(message in message(), valid in any::<bool>()) {
        struct Anything(bool);
        impl Verify for Anything {
            fn verify(&self, _: &bitcraps_types::PublicKey, _: &[u8], _: &Signature) -> bool {
                self.0
            }
        }
        let set = validators(&[1; 4]);
        if let Ok(verified) = HotStuff::verify(signed(message), &set, &CHAIN, &Anything(valid)) {
            let mut engine = HotStuff::new(config(Some(0)), set, 1);
            engine.step(Time(1), Input::Start, &mut Vec::new());
            engine.step(Time(1), Input::Message(verified), &mut Vec::new());
        }
    }
}

/// Gives zeros for ever and counts them.
struct Endless {
    head: Vec<u8>,
    given: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for byte in buffer.iter_mut() {
            *byte = self.head.get(self.given).copied().unwrap_or(0);
            self.given += 1;
        }
        Ok(buffer.len())
    }
}

/// The length stands last in the encoding of an empty certificate.
fn refuses_long_lists<T: BorshSerialize + BorshDeserialize>(empty: &T, accepted: impl Fn(T) -> usize) {
    let honest = borsh::to_vec(empty).unwrap();
    let with_length = |claimed: u32| [&honest[..honest.len() - 4], &claimed.to_le_bytes()[..]].concat();
    for claimed in [ValidatorSet::MAX as u32 + 1, u32::MAX] {
        let mut endless = Endless { head: with_length(claimed), given: 0 };
        assert!(T::deserialize_reader(&mut endless).is_err());
        assert_eq!(endless.given, honest.len(), "not a byte is read for it");
    }
    let mut endless = Endless { head: with_length(ValidatorSet::MAX as u32), given: 0 };
    assert_eq!(accepted(T::deserialize_reader(&mut endless).ok().unwrap()), ValidatorSet::MAX);
}

#[test]
fn a_length_beyond_all_validators_is_refused_before_anything_is_read_for_it() {
    refuses_long_lists(&qc(1, &value("x"), Some(0), &[]), |qc| qc.signatures.len());
    refuses_long_lists(&tc(1, &[]), |tc| tc.timeouts.len());
}

#[test]
fn a_vote_is_short_and_evidence_of_long_proposals_too() {
    let bytes = borsh::to_vec(&signed(HotStuffMessage::Vote(vote(9, &value("x"), Some(8), 1)))).unwrap();
    assert!(bytes.len() < 128, "{}", bytes.len());
    let long = |byte| signed(proposal(4, 0, None, None, Some(&Value::new(vec![byte; 1 << 20]))));
    let evidence = Evidence::of(&long(1), &long(2));
    assert!(borsh::to_vec(&evidence).unwrap().len() < 300);
    assert_eq!(evidence.check::<HotStuff>(&validators(&[1; 4]), &CHAIN, &TagVerifier), Ok(v(1)));
}
