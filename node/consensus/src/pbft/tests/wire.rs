//! The encoding: one for each message, nothing else is accepted, and no length is believed.

use super::*;
use borsh::{BorshDeserialize, BorshSerialize};
use proptest::prelude::*;
use std::fmt::Debug;
use std::io::{self, Read};

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn index() -> impl Strategy<Value = ValidatorIndex> {
    any::<u16>().prop_map(ValidatorIndex)
}

fn signature() -> impl Strategy<Value = Signature> {
    any::<u8>().prop_map(|byte| Signature([byte; 64]))
}

fn signatures() -> impl Strategy<Value = Vec<(ValidatorIndex, Signature)>> {
    prop::collection::vec((index(), signature()), 0..5)
}

fn certificate() -> impl Strategy<Value = PreparedCertificate> {
    (any::<u64>(), any::<u32>(), digest(), signature(), signatures()).prop_map(
        |(height, view, digest, pre_prepare, prepares)| PreparedCertificate {
            height,
            view,
            digest,
            pre_prepare,
            prepares,
        },
    )
}

fn proposal() -> impl Strategy<Value = PrePrepare> {
    let bytes = prop::collection::vec(any::<u8>(), 0..60);
    (any::<u64>(), any::<u32>(), index(), bytes).prop_map(|(height, view, author, bytes)| PrePrepare {
        height,
        view,
        author,
        value: Value::new(bytes),
    })
}

fn message() -> impl Strategy<Value = PbftMessage> {
    let kind = prop_oneof![Just(VoteKind::Prepare), Just(VoteKind::Commit)];
    let vote = (kind, any::<u64>(), any::<u32>(), index(), digest()).prop_map(
        |(kind, height, view, author, digest)| PbftMessage::Vote(Vote { kind, height, view, author, digest }),
    );
    let checkpoint = (any::<u64>(), index(), digest())
        .prop_map(|(height, author, digest)| PbftMessage::Checkpoint(Checkpoint { height, author, digest }));
    let stable = (any::<u64>(), digest(), signatures())
        .prop_map(|(height, digest, signatures)| StableCheckpoint { height, digest, signatures });
    let certificates = (prop::option::of(stable), prop::option::of(certificate()));
    let change = (any::<u64>(), any::<u32>(), index(), certificates).prop_map(
        |(height, view, author, (stable, prepared))| {
            PbftMessage::ViewChange(Box::new(ViewChange { height, view, author, stable, prepared }))
        },
    );
    let claim = (index(), any::<u64>(), prop::option::of((any::<u32>(), digest())), signature()).prop_map(
        |(author, stable, prepared, signature)| ChangeClaim { author, stable, prepared, signature },
    );
    let claims = prop::collection::vec(claim, 0..4);
    let new_view =
        (proposal(), claims, prop::option::of(certificate())).prop_map(|(proposal, changes, prepared)| {
            PbftMessage::NewView(Box::new(NewView { proposal, changes, prepared }))
        });
    let bare = proposal().prop_map(|proposal| PbftMessage::PrePrepare(Box::new(proposal)));
    prop_oneof![vote, checkpoint, change, new_view, bare]
}

fn round_trip<T: BorshSerialize + BorshDeserialize + Debug + PartialEq>(
    content: &T,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(&borsh::from_slice::<T>(&borsh::to_vec(content).unwrap()).unwrap(), content);
    Ok(())
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
    fn every_message_and_entry_survives_the_wire(message in message(), certificate in certificate()) {
        let signed = signed(message.clone());
        round_trip(&signed)?;
        round_trip(&message.statement())?;
        round_trip(&Entry::Said(message))?;
        round_trip(&Entry::Base { height: certificate.height, view: certificate.view })?;
        round_trip(&Entry::Prepared { certificate, proposal: Box::new(signed) })?;
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
        is_canonical::<Signed<PbftMessage>>(&bytes)?;
    }

    #[test]
    fn noise_is_refused_or_has_one_encoding(bytes in prop::collection::vec(any::<u8>(), 0..300), tag in 0u8..6) {
        let mut tagged = vec![tag];
        tagged.extend(&bytes);
        is_canonical::<Signed<PbftMessage>>(&tagged)?;
        is_canonical::<Signed<Statement>>(&tagged)?;
        is_canonical::<Entry>(&tagged)?;
    }

    /// Save that a NEW-VIEW signs what its PRE-PREPARE signs.
    #[test]
    fn different_statements_of_one_author_sign_different_bytes(a in message(), b in message()) {
        let (a, b) = (a.statement(), b.statement());
        prop_assume!(a.kind() != b.kind() || Pbft::conflicting(&a, &b));
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

/// `encoded` ends with an empty list; `then` is how many bytes follow it.
fn believes_no_length<T: BorshDeserialize>(encoded: &[u8], then: usize) {
    let list = encoded.len() - then - 4;
    for claimed in [ValidatorSet::MAX as u32 + 1, u32::MAX] {
        let mut head = encoded[..list].to_vec();
        head.extend(claimed.to_le_bytes());
        let length = head.len();
        let mut endless = Endless { head, given: 0 };
        assert!(T::deserialize_reader(&mut endless).is_err());
        assert_eq!(endless.given, length);
    }
    let mut head = encoded[..list].to_vec();
    head.extend((ValidatorSet::MAX as u32).to_le_bytes());
    assert!(T::deserialize_reader(&mut Endless { head, given: 0 }).is_ok());
}

#[test]
fn a_length_beyond_all_validators_is_refused_before_anything_is_read_for_it() {
    let x = value("x");
    believes_no_length::<PreparedCertificate>(&borsh::to_vec(&prepared(4, 1, 0, &x, &[])).unwrap(), 0);
    let stable = StableCheckpoint { height: 16, digest: x.digest(), signatures: Vec::new() };
    believes_no_length::<StableCheckpoint>(&borsh::to_vec(&stable).unwrap(), 0);
    let new_view = NewView { proposal: pre_prepare(1, 1, 1, &x), changes: Vec::new(), prepared: None };
    believes_no_length::<NewView>(&borsh::to_vec(&new_view).unwrap(), 1);
}
