//! The receiving half of a link.

use crate::frame::{HEADER_BYTES, Header, MAX_MESSAGE, MIN_MTU, Missing};
use bitcraps_types::Time;
use bytes::{Buf, Bytes, BytesMut};
use std::collections::BTreeMap;
use std::time::Duration;

/// Drops damaged and repeated frames and puts fragments together. One per link. Holds at most
/// [`Assembler::MAX_PARTIAL`] unfinished payloads and [`MAX_MESSAGE`] bytes of them; the oldest goes first.
#[derive(Clone, Debug, Default)]
pub struct Assembler {
    seen: Window,
    partial: BTreeMap<u64, Partial>,
    held: usize,
}

/// What a frame brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// A whole payload.
    Payload(Bytes),
    /// A part of one.
    Part,
    /// The other side misses fragments: see [`Framer::again`](crate::Framer::again).
    Missing(Missing),
}

/// Why a frame was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Too short, or the checksum is wrong.
    #[error("the frame is damaged")]
    Damaged,
    /// Already seen, or too old to tell.
    #[error("the frame was seen before")]
    Duplicate,
    /// The header contradicts itself or an earlier fragment.
    #[error("the frame's header makes no sense")]
    Malformed,
    /// It belongs to a payload longer than [`MAX_MESSAGE`].
    #[error("the payload is too long")]
    Overflow,
}

#[derive(Clone, Debug)]
struct Partial {
    /// When its last fragment came.
    heard: Time,
    count: u16,
    /// When to ask for what is missing, and how often that was done since a fragment came.
    ask_at: Time,
    asked: u32,
    bytes: usize,
    /// By index. Grows with what has come: an index says nothing of how much that is.
    fragments: BTreeMap<u16, Bytes>,
}

impl Assembler {
    /// The most payloads of which some fragments have come and others have not.
    pub const MAX_PARTIAL: usize = 16;
    /// How long an unfinished payload is kept after its last fragment.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// How long after the last fragment the missing ones are asked for; doubled each time.
    pub const ASK_AFTER: Duration = Duration::from_millis(80);
    /// How often they are asked for in vain.
    const ASKS: u32 = 6;

    /// For a link just opened.
    pub fn new() -> Assembler {
        Assembler::default()
    }

    /// Takes a frame.
    pub fn accept(&mut self, now: Time, mut frame: Bytes) -> Result<Arrived, FrameError> {
        let header = Header::decode(&frame).ok_or(FrameError::Damaged)?;
        if header.count == 0 {
            let missing = Missing::decode(header.number, &frame[HEADER_BYTES..]);
            let missing = missing.filter(|_| header.index == 0);
            return missing.map(Arrived::Missing).ok_or(FrameError::Malformed);
        }
        let last = header.index == header.count - 1;
        // No link is so narrow that a fragment before the last would be shorter; and a fragment costs more than its bytes.
        let sane = header.index < header.count
            && header.number > u64::from(header.index)
            && (last || frame.len() >= MIN_MTU);
        if !sane {
            return Err(FrameError::Malformed);
        }
        // A fragment that comes again for being lost may be older than the window: then its place tells that it is new.
        let awaited = self
            .partial
            .get(&(header.number - u64::from(header.index)))
            .is_some_and(|partial| !partial.fragments.contains_key(&header.index));
        if !self.seen.insert(header.number) && !awaited {
            return Err(FrameError::Duplicate);
        }
        frame.advance(HEADER_BYTES);
        if header.count == 1 {
            return Ok(Arrived::Payload(frame));
        }
        self.assemble(now, header, frame)
    }

    /// How many bytes of unfinished payloads are held.
    pub fn bytes(&self) -> usize {
        self.held
    }

    /// When [`Assembler::ask`] has something to ask for; never, if nothing is missing.
    pub fn ask_at(&self) -> Option<Time> {
        self.partial.values().filter(|partial| partial.asked < Self::ASKS).map(|partial| partial.ask_at).min()
    }

    /// The frames that ask the other side for what is missing by now.
    pub fn ask(&mut self, now: Time) -> Vec<Bytes> {
        let mut frames = Vec::new();
        for (&first, partial) in &mut self.partial {
            if partial.asked < Self::ASKS && partial.ask_at <= now {
                partial.asked += 1;
                partial.ask_at = now + Self::ASK_AFTER * (1 << partial.asked);
                let missing = |index: &u16| !partial.fragments.contains_key(index);
                let indices = (0..partial.count).filter(missing).take(Missing::MOST).collect();
                frames.push(Bytes::from(Missing { first, indices }.encode()));
            }
        }
        frames
    }

    fn assemble(&mut self, now: Time, header: Header, fragment: Bytes) -> Result<Arrived, FrameError> {
        self.forget_before(now - Self::PATIENCE);
        let name = header.number - u64::from(header.index);
        let partial = self.partial.entry(name).or_insert_with(|| Partial {
            heard: now,
            count: header.count,
            ask_at: now,
            asked: 0,
            bytes: 0,
            fragments: BTreeMap::new(),
        });
        if partial.count != header.count {
            return Err(FrameError::Malformed);
        }
        partial.heard = now;
        partial.asked = 0;
        partial.bytes += fragment.len();
        partial.ask_at = partial.ask_at.max(now + Self::ASK_AFTER);
        self.held += fragment.len();
        // A copy: the frame may be a small part of what was received with it, which would stay in memory as long.
        partial.fragments.insert(header.index, Bytes::copy_from_slice(&fragment));
        if partial.bytes > MAX_MESSAGE {
            self.forget(name);
            return Err(FrameError::Overflow);
        }
        if partial.fragments.len() == usize::from(partial.count) {
            return Ok(self.forget(name).map_or(Arrived::Part, |whole| Arrived::Payload(join(whole))));
        }
        while self.partial.len() > Self::MAX_PARTIAL || self.held > MAX_MESSAGE {
            let oldest = self.partial.keys().copied().find(|&other| other != name);
            self.forget(oldest.unwrap_or(name));
        }
        Ok(Arrived::Part)
    }

    /// How many unfinished payloads, bytes of them, and fragments are there.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn holds(&self) -> (usize, usize, usize) {
        let fragments = || self.partial.values().flat_map(|partial| partial.fragments.values());
        assert_eq!(self.held, fragments().map(Bytes::len).sum::<usize>());
        (self.partial.len(), self.held, fragments().count())
    }

    fn forget(&mut self, name: u64) -> Option<Partial> {
        let partial = self.partial.remove(&name)?;
        self.held -= partial.bytes;
        Some(partial)
    }

    fn forget_before(&mut self, time: Time) {
        let old: Vec<u64> =
            self.partial.iter().filter(|(_, partial)| partial.heard < time).map(|(&name, _)| name).collect();
        for name in old {
            self.forget(name);
        }
    }
}

fn join(partial: Partial) -> Bytes {
    let mut payload = BytesMut::with_capacity(partial.bytes);
    partial.fragments.values().for_each(|fragment| payload.extend_from_slice(fragment));
    payload.freeze()
}

/// Remembers the last [`Window::SPAN`] frame numbers (the anti-replay window of RFC 4303, section 3.4.3).
#[derive(Clone, Debug)]
struct Window {
    highest: u64,
    bits: [u64; Window::WORDS],
}

impl Default for Window {
    fn default() -> Self {
        Window { highest: 0, bits: [0; Window::WORDS] }
    }
}

impl Window {
    const WORDS: usize = 64;
    const SPAN: u64 = 64 * Window::WORDS as u64;

    /// Whether `number` is new; remembers it.
    fn insert(&mut self, number: u64) -> bool {
        if number > self.highest {
            self.advance(number);
        } else if self.highest - number >= Self::SPAN {
            return false;
        }
        let (word, bit) = Self::place(number);
        let new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        new
    }

    fn advance(&mut self, number: u64) {
        if number - self.highest >= Self::SPAN {
            self.bits = [0; Self::WORDS];
        } else {
            for skipped in self.highest + 1..=number {
                let (word, bit) = Self::place(skipped);
                self.bits[word] &= !bit;
            }
        }
        self.highest = number;
    }

    fn place(number: u64) -> (usize, u64) {
        ((number / 64) as usize % Self::WORDS, 1 << (number % 64))
    }
}
