//! The trace: a rolling BLAKE3 hash over every event of a run, in order.
//!
//! Two runs are equal if their hashes are. Where they are not, the checkpoints (the hash after every
//! [`CHECKPOINT_EVENTS`] events) tell the first block of events that differs, and a second run that records this
//! window gives both sides in words.

use super::NodeIndex;
use bitcraps_types::Digest;
use std::fmt::Write;
use std::ops::Range;

/// Events between two checkpoints.
pub const CHECKPOINT_EVENTS: u64 = 4096;

/// So many bytes are hashed at a time: sixteen chunks of BLAKE3, which processors hash side by side, and no more of the first
/// cache than half.
const BUFFER: usize = 16 << 10;

/// What kind of thing happened. The meaning of the trace's `aux` word stands beside each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Incarnation.
    Started = 1,
    /// Bytes lost from the disk.
    Crashed,
    Halted,
    Paused,
    Resumed,
    Controlled,
    /// Bits of the factor.
    CpuSlowed,
    /// The clock's wall offset or drift.
    ClockBent,
    DiskFault,
    /// The effect's number.
    EffectAdded,
    EffectRemoved,
    /// Arrival time.
    Sent,
    /// Arrival time of the second copy.
    Copied,
    /// The effect's number plus one, or zero.
    Lost,
    Refused,
    /// Travel time that remains.
    Held,
    /// Sending time.
    Delivered,
    /// Sending time: the receiver was down, or knew no such link.
    Undelivered,
    LinkUp,
    LinkDown,
    OpenFailed,
    /// Due, on the node's clock.
    AlarmRang,
    Appended,
    SyncAsked,
    ReadAsked,
    ReplaceAsked,
    DiskDone,
    Computed,
    Note,
    /// Its length.
    TooLong,
    /// A request to a gateway.
    #[cfg(feature = "turmoil")]
    Asked,
    /// Its answer; the status, or zero: none came.
    #[cfg(feature = "turmoil")]
    Answered,
}

/// What a run's trace comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSummary {
    /// The hash over all events.
    pub digest: Digest,
    /// How many events there were.
    pub events: u64,
    /// The hash after every [`CHECKPOINT_EVENTS`] events.
    pub checkpoints: Vec<Digest>,
}

impl TraceSummary {
    /// The numbers of the first block of events that is not the same in both runs, if any differ.
    pub fn first_difference(&self, other: &TraceSummary) -> Option<Range<u64>> {
        if self.digest == other.digest && self.events == other.events {
            return None;
        }
        let same = self.checkpoints.iter().zip(&other.checkpoints).take_while(|(a, b)| a == b).count() as u64;
        Some(same * CHECKPOINT_EVENTS..(same + 1) * CHECKPOINT_EVENTS)
    }
}

/// Says in words what a frame, or a note of a node's probe, is.
pub type Words = fn(note: bool, bytes: &[u8]) -> Option<String>;

/// The trace while it grows.
pub(crate) struct Trace {
    on: bool,
    /// What is not hashed yet.
    buffer: Vec<u8>,
    hasher: blake3::Hasher,
    events: u64,
    checkpoints: Vec<Digest>,
    window: Range<u64>,
    words: Option<Words>,
    lines: Vec<String>,
}

/// One event.
pub(crate) struct Entry<'a> {
    pub(crate) at: u64,
    pub(crate) kind: Kind,
    pub(crate) node: NodeIndex,
    pub(crate) peer: NodeIndex,
    pub(crate) aux: u64,
    pub(crate) bytes: &'a [u8],
}

impl Trace {
    pub(crate) fn new(on: bool) -> Trace {
        Trace {
            on,
            buffer: Vec::with_capacity(BUFFER + 4096),
            hasher: blake3::Hasher::new(),
            events: 0,
            checkpoints: Vec::new(),
            window: 0..0,
            words: None,
            lines: Vec::new(),
        }
    }

    pub(crate) fn record_window(&mut self, window: Range<u64>, words: Option<Words>) {
        (self.window, self.words) = (window, words);
    }

    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    pub(crate) fn record(&mut self, entry: Entry<'_>) {
        if !self.on {
            return;
        }
        let mut head = [0; 25];
        head[0] = entry.kind as u8;
        head[1..9].copy_from_slice(&entry.at.to_le_bytes());
        head[9..11].copy_from_slice(&entry.node.to_le_bytes());
        head[11..13].copy_from_slice(&entry.peer.to_le_bytes());
        head[13..21].copy_from_slice(&entry.aux.to_le_bytes());
        head[21..25].copy_from_slice(&(entry.bytes.len() as u32).to_le_bytes());
        self.buffer.extend_from_slice(&head);
        self.buffer.extend_from_slice(entry.bytes);
        if self.window.contains(&self.events) {
            let mut line = describe(self.events, &entry);
            let frame = matches!(entry.kind, Kind::Sent | Kind::Lost | Kind::Held | Kind::Refused);
            if let Some(words) = self.words.filter(|_| frame || entry.kind == Kind::Note)
                && let Some(said) = words(!frame, entry.bytes)
            {
                let _ = write!(line, " ({said})");
            }
            self.lines.push(line);
        }
        self.events += 1;
        if self.buffer.len() >= BUFFER {
            let whole = self.buffer.len() / BUFFER * BUFFER;
            self.hasher.update(&self.buffer[..whole]);
            self.buffer.drain(..whole);
        }
        if self.events.is_multiple_of(CHECKPOINT_EVENTS) {
            self.checkpoints.push(self.digest());
        }
    }

    fn digest(&self) -> Digest {
        let mut hasher = self.hasher.clone();
        hasher.update(&self.buffer);
        Digest(*hasher.finalize().as_bytes())
    }

    /// The trace up to now.
    pub(crate) fn finish(&self) -> TraceSummary {
        TraceSummary { digest: self.digest(), events: self.events, checkpoints: self.checkpoints.clone() }
    }
}

/// One line: number, time, who, what, and the first bytes.
fn describe(number: u64, entry: &Entry<'_>) -> String {
    let Entry { at, kind, node, peer, aux, bytes } = entry;
    let mut line = format!("#{number} {:.9}s n{node}", *at as f64 / 1e9);
    if node != peer {
        let _ = write!(line, " n{peer}");
    }
    let _ = write!(line, " {kind:?} {aux}");
    if !bytes.is_empty() {
        let _ = write!(line, " {} bytes ", bytes.len());
        for byte in bytes.iter().take(48) {
            let _ = write!(line, "{byte:02x}");
        }
        if bytes.len() > 48 {
            let _ = write!(line, "… blake3 {}", Digest::of("trace line", bytes).short());
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(events: u64, odd: Option<u64>, window: Range<u64>) -> (TraceSummary, Vec<String>) {
        let mut trace = Trace::new(true);
        trace.record_window(window, None);
        for at in 0..events {
            let bytes = [if odd == Some(at) { 1 } else { 0 }; 40];
            trace.record(Entry { at, kind: Kind::Note, node: 0, peer: 0, aux: 0, bytes: &bytes });
        }
        (trace.finish(), trace.lines().to_vec())
    }

    #[test]
    fn the_block_with_the_first_difference_is_found_and_its_window_told() {
        let (plain, _) = run(20_000, None, 0..0);
        assert_eq!(plain.first_difference(&run(20_000, None, 0..0).0), None);
        let (odd, _) = run(20_000, Some(9_000), 0..0);
        let window = plain.first_difference(&odd).unwrap();
        assert_eq!(window, 8192..12_288);
        let (left, right) = (run(20_000, None, window.clone()).1, run(20_000, Some(9_000), window).1);
        let differing: Vec<_> = left.iter().zip(&right).filter(|(a, b)| a != b).collect();
        assert_eq!(differing.len(), 1);
        assert!(differing[0].1.starts_with("#9000 "), "{}", differing[0].1);
    }

    #[test]
    fn a_difference_after_the_last_checkpoint_and_a_longer_run_are_seen() {
        let (plain, _) = run(5_000, None, 0..0);
        assert_eq!(plain.first_difference(&run(5_000, Some(4_999), 0..0).0), Some(4096..8192));
        assert_eq!(plain.first_difference(&run(5_001, None, 0..0).0), Some(4096..8192));
    }
}
