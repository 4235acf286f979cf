//! The layout of a frame.
//!
//! ```text
//! bytes 0..4    CRC-32 of all that follows, little endian
//! bytes 4..12   number of the frame on its link, from 1, little endian
//! bytes 12..14  index of this fragment in its payload, little endian
//! bytes 14..16  number of fragments of that payload, little endian
//! bytes 16..    the fragment
//! ```
//!
//! The number of a payload's first frame names the payload: number − index. The checksum finds accidents; against
//! an attacker on the path stands the link (TLS), and against the peer itself stand its signatures.

/// The header's length in bytes.
pub const HEADER_BYTES: usize = 16;

/// The smallest MTU that a link may have.
pub const MIN_MTU: usize = 64;

/// The longest payload in bytes.
pub const MAX_MESSAGE: usize = 6 << 20;

/// A header, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) number: u64,
    pub(crate) index: u16,
    pub(crate) count: u16,
}

impl Header {
    /// The whole frame.
    pub(crate) fn encode(self, fragment: &[u8]) -> Vec<u8> {
        let mut frame = Vec::with_capacity(HEADER_BYTES + fragment.len());
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(&self.number.to_le_bytes());
        frame.extend_from_slice(&self.index.to_le_bytes());
        frame.extend_from_slice(&self.count.to_le_bytes());
        frame.extend_from_slice(fragment);
        let checksum = crc32fast::hash(&frame[4..]);
        frame[..4].copy_from_slice(&checksum.to_le_bytes());
        frame
    }

    /// The header of a frame whose checksum holds.
    pub(crate) fn decode(frame: &[u8]) -> Option<Header> {
        let (head, _) = frame.split_first_chunk::<HEADER_BYTES>()?;
        let checksum = u32::from_le_bytes(head[..4].try_into().ok()?);
        if crc32fast::hash(&frame[4..]) != checksum {
            return None;
        }
        Some(Header {
            number: u64::from_le_bytes(head[4..12].try_into().ok()?),
            index: u16::from_le_bytes(head[12..14].try_into().ok()?),
            count: u16::from_le_bytes(head[14..16].try_into().ok()?),
        })
    }
}

/// Which fragment of how many a frame carries, if it is whole. For those who only look on.
pub fn fragment(frame: &[u8]) -> Option<(u16, u16)> {
    Header::decode(frame).map(|header| (header.index, header.count))
}
