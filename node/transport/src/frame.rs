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
//! The number of a payload's first frame names the payload: number − index. A frame with 0 fragments carries no payload:
//! it asks for fragments of the payload that its number names again, and its body lists their indices, two bytes each,
//! ascending. The checksum finds accidents; against
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

/// Fragments that one side of a link asks the other for again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Names the payload: the number of its first frame.
    pub(crate) first: u64,
    /// Ascending, each once.
    pub(crate) indices: Vec<u16>,
}

impl Missing {
    /// The most fragments that one frame asks for.
    pub(crate) const MOST: usize = (MIN_MTU - HEADER_BYTES) / 2;

    /// The frame that asks for them.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let body: Vec<u8> = self.indices.iter().flat_map(|index| index.to_le_bytes()).collect();
        Header { number: self.first, index: 0, count: 0 }.encode(&body)
    }

    /// From the body of a frame whose checksum holds. `None` if it is no such list.
    pub(crate) fn decode(first: u64, body: &[u8]) -> Option<Missing> {
        let (pairs, rest) = body.as_chunks::<2>();
        let indices: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        let sane = rest.is_empty()
            && (1..=Self::MOST).contains(&indices.len())
            && indices.windows(2).all(|pair| pair[0] < pair[1]);
        sane.then_some(Missing { first, indices })
    }
}

/// Which fragment of how many a frame carries, if it is whole. For those who only look on.
pub fn fragment(frame: &[u8]) -> Option<(u16, u16)> {
    Header::decode(frame).map(|header| (header.index, header.count))
}
