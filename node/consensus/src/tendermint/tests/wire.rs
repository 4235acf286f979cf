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

fn certificate() -> impl Strategy<Value = PolkaCertificate> {
    let signature = (any::<u16>(), any::<u8>());
    (any::<u64>(), any::<u32>(), digest(), prop::collection::vec(signature, 0..5)).prop_map(
        |(height, round, digest, signatures)| {
            let sign = |(author, byte)| (ValidatorIndex(author), Signature([byte; 64]));
            let signatures = signatures.into_iter().map(sign).collect();
            PolkaCertificate { height, round, digest, signatures }
        },
    )
}

fn message() -> impl Strategy<Value = TendermintMessage> {
    let kind = prop_oneof![Just(VoteKind::Prevote), Just(VoteKind::Precommit)];
    let vote = (kind, any::<u64>(), any::<u32>(), any::<u16>(), prop::option::of(digest())).prop_map(
        |(kind, height, round, author, digest)| {
            TendermintMessage::Vote(Vote { kind, height, round, author: ValidatorIndex(author), digest })
        },
    );
    let proposal = (any::<u64>(), any::<u32>(), any::<u16>(), a_value(), prop::option::of(certificate()))
        .prop_map(|(height, round, author, value, polka)| {
            let author = ValidatorIndex(author);
            TendermintMessage::Proposal(Box::new(Proposal { height, round, author, value, polka }))
        });
    let polka = (any::<u16>(), a_value(), certificate()).prop_map(|(author, value, certificate)| {
        TendermintMessage::Polka(Box::new(Polka { author: ValidatorIndex(author), value, certificate }))
    });
    prop_oneof![vote, proposal, polka]
}

/// What decodes encodes to the same bytes.
fn is_canonical<T: BorshSerialize + BorshDeserialize + Debug>(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(decoded) = borsh::from_slice::<T>(bytes) {
        prop_assert_eq!(borsh::to_vec(&decoded).unwrap(), bytes, "{:?}", decoded);
    }
    Ok(())
}

proptest! {
    #[test]
    fn every_message_survives_the_wire(message in message()) {
        let signed = signed(message.clone());
        prop_assert_eq!(&borsh::from_slice::<Signed<TendermintMessage>>(&borsh::to_vec(&signed).unwrap()).unwrap(), &signed);
        prop_assert_eq!(&borsh::from_slice::<Statement>(&borsh::to_vec(&message.statement()).unwrap()).unwrap(), &message.statement());
        let entry = Entry::Said(message);
        prop_assert_eq!(&borsh::from_slice::<Entry>(&borsh::to_vec(&entry).unwrap()).unwrap(), &entry);
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
        is_canonical::<Signed<TendermintMessage>>(&bytes)?;
    }

    #[test]
    fn noise_is_refused_or_has_one_encoding(bytes in prop::collection::vec(any::<u8>(), 0..300), tag in 0u8..4) {
        let mut tagged = vec![tag];
        tagged.extend(&bytes);
        is_canonical::<Signed<TendermintMessage>>(&tagged)?;
        is_canonical::<Entry>(&tagged)?;
    }

    #[test]
    fn different_messages_of_one_author_sign_different_bytes(a in message(), b in message()) {
        prop_assume!(a.kind() != b.kind() || Tendermint::conflicting(&a.statement(), &b.statement()));
        prop_assert_ne!(a.sign_bytes(&CHAIN), b.sign_bytes(&CHAIN));
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

#[test]
fn a_length_beyond_all_validators_is_refused_before_anything_is_read_for_it() {
    let honest = borsh::to_vec(&polka(1, 0, &value("x"), &[])).unwrap();
    for claimed in [ValidatorSet::MAX as u32 + 1, u32::MAX] {
        let mut head = honest[..honest.len() - 4].to_vec();
        head.extend(claimed.to_le_bytes());
        let length = head.len();
        let mut endless = Endless { head, given: 0 };
        assert!(PolkaCertificate::deserialize_reader(&mut endless).is_err());
        assert_eq!(endless.given, length);
    }
    let mut head = honest[..honest.len() - 4].to_vec();
    head.extend((ValidatorSet::MAX as u32).to_le_bytes());
    let mut endless = Endless { head, given: 0 };
    assert_eq!(
        PolkaCertificate::deserialize_reader(&mut endless).unwrap().signatures.len(),
        ValidatorSet::MAX
    );
}
