//! The sending half of a link.

use crate::frame::{HEADER_BYTES, Header, MAX_MESSAGE, MIN_MTU, Missing};
use bytes::Bytes;
use std::collections::VecDeque;

/// Numbers frames and cuts payloads to the link's MTU. One per link. Remembers the last few payloads that went out in
/// several frames, so that lost ones can be sent again: at most [`Framer::KEPT`] and [`MAX_MESSAGE`] bytes of them.
#[derive(Clone, Debug)]
pub struct Framer {
    next: u64,
    kept: VecDeque<Kept>,
    kept_bytes: usize,
}

#[derive(Clone, Debug)]
struct Kept {
    first: u64,
    /// The bytes of the payload in each fragment but the last.
    room: usize,
    payload: Bytes,
}

impl Kept {
    fn fragment(&self, index: u16) -> Option<Bytes> {
        let count = u16::try_from(self.payload.len().div_ceil(self.room).max(1)).ok()?;
        let from = usize::from(index) * self.room;
        let fragment = self.payload.get(from..self.payload.len().min(from + self.room))?;
        let header = Header { number: self.first + u64::from(index), index, count };
        (index < count).then(|| Bytes::from(header.encode(fragment)))
    }
}

impl Default for Framer {
    fn default() -> Self {
        Framer::new()
    }
}

impl Framer {
    /// The most payloads that are remembered.
    pub const KEPT: usize = 16;

    /// For a link just opened.
    pub fn new() -> Framer {
        Framer { next: 1, kept: VecDeque::new(), kept_bytes: 0 }
    }

    /// Gives the frames of `payload`, each of at most `mtu` bytes, to `send`, in order, until it answers `false`.
    /// `false` if one was refused, or if the payload is longer than [`MAX_MESSAGE`] or has more fragments than a
    /// header can count.
    pub fn frames(&mut self, payload: &Bytes, mtu: usize, mut send: impl FnMut(Bytes) -> bool) -> bool {
        let room = mtu.max(MIN_MTU) - HEADER_BYTES;
        let fragments = payload.len().div_ceil(room).max(1);
        let Ok(count) = u16::try_from(fragments) else {
            return false;
        };
        if payload.len() > MAX_MESSAGE {
            return false;
        }
        if count == 1 {
            let header = Header { number: self.next, index: 0, count };
            self.next += 1;
            return send(Bytes::from(header.encode(payload)));
        }
        let sent = Kept { first: self.next, room, payload: payload.clone() };
        self.next += u64::from(count);
        let all = (0..count).all(|index| sent.fragment(index).is_some_and(&mut send));
        self.keep(sent);
        all
    }

    /// Gives fragments to `send` again that the other side asked for. Those that are not remembered are passed over.
    pub fn again(&self, missing: &Missing, mut send: impl FnMut(Bytes) -> bool) {
        let Some(kept) = self.kept.iter().find(|kept| kept.first == missing.first) else { return };
        let fragments = missing.indices.iter().filter_map(|&index| kept.fragment(index));
        fragments.for_each(|fragment| _ = send(fragment));
    }

    fn keep(&mut self, sent: Kept) {
        self.kept_bytes += sent.payload.len();
        self.kept.push_back(sent);
        while self.kept.len() > Self::KEPT || self.kept_bytes > MAX_MESSAGE {
            let oldest = self.kept.pop_front().map_or(0, |kept| kept.payload.len());
            self.kept_bytes -= oldest;
        }
    }
}
