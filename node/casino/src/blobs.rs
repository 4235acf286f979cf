//! Blobs: bytes that consensus orders and that no state depends on. What they mean is their authors' business.
//!
//! They lie in one buffer, each after its length, as they do on the wire: a block of two thousand is copied at once,
//! and a blob is a piece of that buffer. Nobody pays for a blob and nobody signs it; that a network takes any, and how
//! many bytes in a block, is a rule of its genesis.

use borsh::{BorshDeserialize, BorshSerialize};
use bytes::{Buf, Bytes};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};

/// A list of blobs within the bounds. Cheap to clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Blobs {
    count: u32,
    /// Each blob after its length: 4 bytes, little endian.
    framed: Bytes,
}

/// Why bytes are no blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobsError {
    /// More than [`Blobs::MAX_COUNT`].
    #[error("{0} blobs, above {max}", max = Blobs::MAX_COUNT)]
    TooMany(usize),
    /// A blob longer than [`Blobs::MAX_LENGTH`].
    #[error("a blob of {0} bytes, above {max}", max = Blobs::MAX_LENGTH)]
    TooLong(usize),
    /// A blob without a byte.
    #[error("an empty blob")]
    Empty,
    /// The bytes end before the last blob does.
    #[error("the bytes end before the last blob does")]
    Short,
    /// There are bytes after the last blob.
    #[error("{0} bytes after the last blob")]
    Trailing(usize),
}

impl Blobs {
    /// The most blobs in a list.
    pub const MAX_COUNT: usize = 16 << 10;
    /// The longest blob, in bytes.
    pub const MAX_LENGTH: usize = 64 << 10;
    /// What stands before each blob, in bytes.
    pub const FRAMING: usize = 4;

    /// A list of these.
    pub fn of<B: AsRef<[u8]>>(blobs: impl IntoIterator<Item = B>) -> Result<Blobs, BlobsError> {
        let (mut count, mut framed) = (0, Vec::new());
        for blob in blobs {
            let blob = blob.as_ref();
            let length = check_length(blob.len())?;
            framed.extend_from_slice(&length.to_le_bytes());
            framed.extend_from_slice(blob);
            count += 1;
        }
        Ok(Blobs { count: check_count(count)?, framed: framed.into() })
    }

    /// The list that the bytes encode. Its blobs are pieces of `bytes`.
    pub fn decode(mut bytes: Bytes) -> Result<Blobs, BlobsError> {
        let count = bytes.try_get_u32_le().map_err(|_| BlobsError::Short)?;
        check_count(count as usize)?;
        let mut rest = &bytes[..];
        for _ in 0..count {
            let (length, after) = rest.split_first_chunk::<{ Self::FRAMING }>().ok_or(BlobsError::Short)?;
            let length = check_length(u32::from_le_bytes(*length) as usize)?;
            rest = after.get(length as usize..).ok_or(BlobsError::Short)?;
        }
        match rest.len() {
            0 => Ok(Blobs { count, framed: bytes }),
            more => Err(BlobsError::Trailing(more)),
        }
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Their bytes together, without what stands before each.
    pub fn bytes(&self) -> usize {
        self.framed.len() - self.len() * Self::FRAMING
    }

    /// Their bytes together, with what stands before each.
    pub fn framed_bytes(&self) -> usize {
        self.framed.len()
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Bytes> {
        let mut rest = self.framed.clone();
        std::iter::from_fn(move || {
            let length = rest.try_get_u32_le().ok()?;
            Some(rest.split_to(length as usize))
        })
    }
}

fn check_count(count: usize) -> Result<u32, BlobsError> {
    match u32::try_from(count) {
        Ok(few) if count <= Blobs::MAX_COUNT => Ok(few),
        _ => Err(BlobsError::TooMany(count)),
    }
}

fn check_length(length: usize) -> Result<u32, BlobsError> {
    match u32::try_from(length) {
        Ok(0) => Err(BlobsError::Empty),
        Ok(short) if length <= Blobs::MAX_LENGTH => Ok(short),
        _ => Err(BlobsError::TooLong(length)),
    }
}

impl BorshSerialize for Blobs {
    fn serialize<W: Write>(&self, writer: &mut W) -> io::Result<()> {
        self.count.serialize(writer)?;
        writer.write_all(&self.framed)
    }
}

impl BorshDeserialize for Blobs {
    /// Allocates no more than one longest blob beyond twice what comes.
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Blobs> {
        let invalid = |error| io::Error::new(ErrorKind::InvalidData, error);
        let count = u32::deserialize_reader(reader)?;
        check_count(count as usize).map_err(invalid)?;
        let mut framed = Vec::new();
        for _ in 0..count {
            let length = check_length(u32::deserialize_reader(reader)? as usize).map_err(invalid)?;
            framed.extend_from_slice(&length.to_le_bytes());
            let begin = framed.len();
            framed.resize(begin + length as usize, 0);
            reader.read_exact(&mut framed[begin..])?;
        }
        Ok(Blobs { count, framed: framed.into() })
    }
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} blobs ({} bytes)", self.len(), self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn blob() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 1..40)
    }

    proptest! {
        #[test]
        fn blobs_come_back_as_they_were_by_either_decoder(list in prop::collection::vec(blob(), 0..20)) {
            let blobs = Blobs::of(&list).unwrap();
            prop_assert_eq!(blobs.iter().map(|blob| blob.to_vec()).collect::<Vec<_>>(), list.clone());
            prop_assert_eq!((blobs.len(), blobs.bytes()), (list.len(), list.concat().len()));
            let bytes = borsh::to_vec(&blobs).unwrap();
            prop_assert_eq!(&bytes, &borsh::to_vec(&list).unwrap(), "the encoding of a list of byte strings");
            prop_assert_eq!(bytes.len(), 4 + blobs.framed_bytes());
            prop_assert_eq!(Blobs::decode(bytes.clone().into()).unwrap(), blobs.clone());
            prop_assert_eq!(borsh::from_slice::<Blobs>(&bytes).unwrap(), blobs);
        }

        /// Both read the same bytes: a list that a gateway takes is one that a block can hold.
        #[test]
        fn the_two_decoders_agree_on_any_bytes_and_what_decodes_is_the_encoding(
            list in prop::collection::vec(blob(), 0..6),
            spoil in prop::collection::vec((any::<prop::sample::Index>(), 0u8..6), 0..4),
            tail in prop::collection::vec(any::<u8>(), 0..3),
        ) {
            let mut bytes = borsh::to_vec(&Blobs::of(&list).unwrap()).unwrap();
            for (at, byte) in spoil {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.extend(tail);
            let (whole, read) = (Blobs::decode(bytes.clone().into()).ok(), borsh::from_slice(&bytes).ok());
            prop_assert_eq!(&whole, &read);
            if let Some(blobs) = whole {
                prop_assert_eq!(borsh::to_vec(&blobs).unwrap(), bytes);
                prop_assert_eq!(blobs.iter().count(), blobs.len());
            }
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_neither_made_nor_read() {
        let of = |count: usize, length: usize| Blobs::of(vec![vec![7; length]; count]);
        assert!(of(Blobs::MAX_COUNT, 1).is_ok() && of(1, Blobs::MAX_LENGTH).is_ok());
        let bad = [
            (of(Blobs::MAX_COUNT + 1, 1), vec![vec![7]; Blobs::MAX_COUNT + 1]),
            (of(1, Blobs::MAX_LENGTH + 1), vec![vec![7; Blobs::MAX_LENGTH + 1]]),
            (of(1, 0), vec![vec![]]),
        ];
        for (made, list) in bad {
            let bytes = borsh::to_vec(&list).unwrap();
            assert_eq!(Blobs::decode(bytes.clone().into()), Err(made.unwrap_err()));
            assert!(borsh::from_slice::<Blobs>(&bytes).is_err());
        }
    }

    #[test]
    fn a_cut_list_and_a_long_one_are_none() {
        let bytes = Bytes::from(borsh::to_vec(&Blobs::of([b"ab", b"cd"]).unwrap()).unwrap());
        for end in 0..bytes.len() {
            assert_eq!(Blobs::decode(bytes.slice(..end)), Err(BlobsError::Short), "{end}");
        }
        let long = [&bytes[..], &[0]].concat();
        assert_eq!(Blobs::decode(long.into()), Err(BlobsError::Trailing(1)));
    }
}
