//! The sending half of a link.

use crate::frame::{HEADER_BYTES, Header, MAX_MESSAGE, MIN_MTU};
use bytes::Bytes;

/// Numbers frames and cuts payloads to the link's MTU. One per link.
#[derive(Clone, Debug)]
pub struct Framer {
    next: u64,
}

impl Default for Framer {
    fn default() -> Self {
        Framer::new()
    }
}

impl Framer {
    /// For a link just opened.
    pub fn new() -> Framer {
        Framer { next: 1 }
    }

    /// Gives the frames of `payload`, each of at most `mtu` bytes, to `send`, in order, until it answers `false`.
    /// `false` if one was refused, or if the payload is longer than [`MAX_MESSAGE`] or has more fragments than a
    /// header can count.
    pub fn frames(&mut self, payload: &[u8], mtu: usize, mut send: impl FnMut(Bytes) -> bool) -> bool {
        let room = mtu.max(MIN_MTU) - HEADER_BYTES;
        let fragments = payload.len().div_ceil(room).max(1);
        let Ok(count) = u16::try_from(fragments) else {
            return false;
        };
        if payload.len() > MAX_MESSAGE {
            return false;
        }
        let first = self.next;
        self.next += u64::from(count);
        (0..count).all(|index| {
            let from = usize::from(index) * room;
            let fragment = &payload[from..payload.len().min(from + room)];
            let header = Header { number: first + u64::from(index), index, count };
            send(Bytes::from(header.encode(fragment)))
        })
    }
}
