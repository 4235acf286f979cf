//! What consensus decides on: bytes that mean nothing to it.

use crate::Digest;
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use std::fmt;
use std::io::{self, Read};

/// Opaque bytes with their digest. Cheap to clone. On the wire: the bytes alone; the reader computes the digest.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    bytes: Bytes,
    digest: Digest,
}

impl Value {
    /// The longest value that is decoded. A block is bounded far below this.
    pub const MAX_BYTES: usize = 4 << 20;

    /// Wraps `bytes` and computes their digest.
    pub fn new(bytes: impl Into<Bytes>) -> Value {
        let bytes = bytes.into();
        let digest = Digest::of("value", &bytes);
        Value { bytes, digest }
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What votes name the value by.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl BorshSerialize for Value {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        BorshSerialize::serialize(&self.bytes[..], writer)
    }
}

impl BorshDeserialize for Value {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let length = u32::deserialize_reader(reader)? as usize;
        if length > Value::MAX_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "value longer than Value::MAX_BYTES"));
        }
        // Room for more than most blocks is not given on a stranger's word.
        let mut bytes = Vec::with_capacity(length.min(4096));
        reader.by_ref().take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Value::new(bytes))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "value {:?} ({} bytes)", self.digest, self.bytes.len())
    }
}
