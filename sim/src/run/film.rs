//! Films the messages of stretches of a run, or of all of it, for the space-time diagrams. The first pass says where
//! to look.
//!
//! A film has every message of its stretch, or the stretch ends earlier: what comes before and after a message can be
//! told from a film without holes only. Frames whose fate is not known at the run's end are in no film.

use crate::lab::{EffectId, FrameRecord};
use bitcraps_actors::ports::ConsensusMessage;
use bitcraps_actors::wire::{SyncMessage, Wire};
use bitcraps_consensus::{Message as _, Signed};
use bitcraps_reports::{Message, NodeEvent, PropertyKind, RunRecord, SpaceTime};
use bitcraps_types::Time;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// How long before and after the moment of interest.
const BEFORE: Duration = Duration::from_millis(300);
const AFTER: Duration = Duration::from_millis(700);
/// At most so many stretches.
const WINDOWS: usize = 4;
/// At most so many messages each.
const MESSAGES: usize = 4000;
/// At most so many messages of the whole run: about half a gigabyte of memory, and a page of 20 MB.
const MESSAGES_OF_ALL: usize = 2_000_000;

/// A stretch to film.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    title: String,
    from: Time,
    to: Time,
    /// The most messages that are kept.
    most: usize,
}

/// All of the run.
pub(crate) fn whole_run(record: &RunRecord) -> Window {
    let to = Time(record.manifest.duration_ns);
    let title = "Every message of the run; of one in several frames, the first".to_owned();
    Window { title, from: Time::ZERO, to, most: MESSAGES_OF_ALL }
}

/// What is worth a look: the first violation, or the start of each fault.
pub(crate) fn windows(record: &RunRecord) -> Vec<Window> {
    let end = Time(record.manifest.duration_ns);
    let around = |title: String, at: u64| {
        let (from, to) = (Time(at) - BEFORE, (Time(at) + AFTER).min(end));
        Window { title, from, to, most: MESSAGES }
    };
    // What always holds has a time only when it was violated, and be it as expected.
    let violations = record
        .properties
        .iter()
        .filter(|property| property.holds == Some(false) || property.kind == PropertyKind::Always);
    if let Some((property, at)) =
        violations.filter_map(|property| Some((property, property.at_ns?))).min_by_key(|(_, at)| *at)
    {
        return vec![around(format!("Messages around the violation: {}", property.name), at)];
    }
    let mut faults: Vec<_> = record.faults.iter().collect();
    faults.sort_by_key(|fault| fault.start_ns);
    let starts = faults
        .iter()
        .take(WINDOWS)
        .map(|fault| around(format!("Messages as {} begins", fault.id), fault.start_ns));
    let mut windows: Vec<Window> = starts.collect();
    if windows.is_empty() {
        windows.push(around("Messages of an undisturbed second".to_owned(), record.manifest.duration_ns / 2));
    }
    windows.retain(|window| window.from < window.to);
    windows
}

/// Keeps what passes in the windows.
pub(crate) struct Camera {
    reels: Rc<RefCell<Vec<Reel>>>,
}

struct Reel {
    window: Window,
    messages: Vec<(Message, Option<EffectId>)>,
    /// Messages that found no room, and when the first of them was sent: the film ends before that.
    left_out: u64,
    full_at: Option<Time>,
}

impl Camera {
    pub(crate) fn new(windows: &[Window]) -> Camera {
        let reel = |window: &Window| Reel {
            window: window.clone(),
            messages: Vec::new(),
            left_out: 0,
            full_at: None,
        };
        Camera { reels: Rc::new(RefCell::new(windows.iter().map(reel).collect())) }
    }

    /// What the lab calls for each frame.
    pub(crate) fn watcher(&self) -> Box<dyn FnMut(FrameRecord<'_>)> {
        let reels = self.reels.clone();
        Box::new(move |frame| {
            for reel in reels.borrow_mut().iter_mut() {
                if frame.sent >= reel.window.from && frame.sent <= reel.window.to {
                    reel.take(&frame);
                }
            }
        })
    }

    /// The films, with what happened at the nodes meanwhile. `name` gives the id of the fault behind an effect.
    pub(crate) fn develop(
        &self,
        events: &[NodeEvent],
        name: impl Fn(EffectId) -> Option<String>,
    ) -> Vec<SpaceTime> {
        let mut reels = self.reels.borrow_mut();
        reels.drain(..).map(|reel| reel.develop(events, &name)).collect()
    }
}

impl Reel {
    fn take(&mut self, frame: &FrameRecord<'_>) {
        let Some((kind, label)) = frame_in_words(frame) else { return };
        // Frames come in the order of their arrival, not of their sending.
        if self.messages.len() == self.window.most {
            self.full_at = Some(self.full_at.map_or(frame.sent, |at| at.min(frame.sent)));
        }
        if self.full_at.is_some_and(|at| frame.sent >= at) {
            self.left_out += 1;
            return;
        }
        let message = Message {
            from: frame.from,
            to: frame.to,
            sent_ns: frame.sent.0,
            received_ns: frame.received.map(|time| time.0),
            kind: kind.to_owned(),
            label,
            fault: None,
        };
        self.messages.push((message, frame.effect));
    }

    fn develop(self, events: &[NodeEvent], name: impl Fn(EffectId) -> Option<String>) -> SpaceTime {
        let Window { title, from, to, .. } = self.window;
        let mut messages: Vec<Message> = self
            .messages
            .into_iter()
            .map(|(message, effect)| Message { fault: effect.and_then(&name), ..message })
            .collect();
        let mut to_ns = to.0;
        let mut left_out = self.left_out;
        if let Some(full_at) = self.full_at {
            let kept = messages.len();
            messages.retain(|message| message.sent_ns < full_at.0);
            left_out += (kept - messages.len()) as u64;
            to_ns = (full_at.0 - 1).max(from.0 + 1);
        }
        let marks = events.iter().filter(|event| (from.0..=to_ns).contains(&event.at_ns)).cloned().collect();
        SpaceTime { title, from_ns: from.0, to_ns, left_out, messages, marks }
    }
}

/// What a frame or datagram is, in kind and detail. Nothing of a fragment that is not the first: that one stands for all.
pub(crate) fn frame_in_words(frame: &FrameRecord<'_>) -> Option<(&'static str, String)> {
    if frame.datagram { Some(describe_datagram(frame.bytes)) } else { describe(frame.bytes) }
}

/// What a frame, or a note of [`super::shared::NodeProbe`], says.
pub(crate) fn in_words(note: bool, bytes: &[u8]) -> Option<String> {
    if !note {
        let (kind, label) = describe(bytes)?;
        return Some(if label.is_empty() { kind.to_owned() } else { format!("{kind} {label}") });
    }
    let (kind, rest) = bytes.split_first()?;
    let (height, content) = rest.split_first_chunk()?;
    let height = u64::from_le_bytes(*height);
    let digest = || content.iter().take(4).map(|byte| format!("{byte:02x}")).collect::<String>();
    Some(match kind {
        b'd' => format!("decides h{height}: {}", digest()),
        b'a' => format!("applies h{height}: root {}", digest()),
        b'r' => format!("enters round {} of h{height}", u32::from_le_bytes(*content.first_chunk()?)),
        _ => return None,
    })
}

/// What QUIC lets an onlooker see: whether the packet still belongs to a handshake (RFC 9000, section 17), and its size.
fn describe_datagram(bytes: &[u8]) -> (&'static str, String) {
    let long_header = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let kind = if long_header { "handshake" } else { "datagram" };
    (kind, format!("{} bytes", bytes.len()))
}

/// What a frame says, if it is a whole message; of a longer one, its first fragment stands for all.
fn describe(frame: &[u8]) -> Option<(&'static str, String)> {
    let (index, count) = bitcraps_transport::fragment(frame)?;
    if index > 0 {
        return None;
    }
    if count == 0 {
        return Some(("repair", "asks for lost fragments".to_owned()));
    }
    let payload = frame.get(bitcraps_transport::HEADER_BYTES..)?;
    match Wire::decode(payload) {
        Ok(Wire::Consensus(messages)) => consensus(messages.as_slice()),
        Ok(Wire::Hello(_) | Wire::Proof(_)) => Some(("handshake", String::new())),
        Ok(Wire::Commands(commands)) => Some(("commands", format!("{}", commands.as_slice().len()))),
        Ok(Wire::Sync(SyncMessage::Status { height })) => Some(("status", format!("h{height}"))),
        Ok(Wire::Dice(partials)) => Some(("dice", format!("h{}", partials.height))),
        Ok(Wire::Handover(handover)) => Some(("handover", format!("number {}", handover.terms.number))),
        Ok(Wire::Sync(_)) => Some(("sync", String::new())),
        Err(_) if count > 1 => Some(("fragment", format!("1 of {count}"))),
        Err(_) => Some(("garbage", String::new())),
    }
}

/// The first message stands for all.
fn consensus(messages: &[Signed<ConsensusMessage>]) -> Option<(&'static str, String)> {
    let Signed { message, .. } = messages.first()?;
    let more = match messages.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    Some((message.kind(), format!("h{} by {}{more}", message.height(), message.author())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    /// What a camera with room for `most` keeps of frames that were sent at these times and arrive in this order.
    fn film(most: usize, sent: &[u64]) -> SpaceTime {
        let window = Window { title: String::new(), from: Time(10), to: Time(100), most };
        let camera = Camera::new(&[window]);
        let mut watcher = camera.watcher();
        let bytes = Bytes::from_static(&[0]);
        for &sent in sent {
            let received = Some(Time(200));
            let sent = Time(sent);
            watcher(FrameRecord {
                from: 0,
                to: 1,
                sent,
                received,
                bytes: &bytes,
                effect: None,
                datagram: true,
            });
        }
        camera.develop(&[], |_| None).remove(0)
    }

    #[test]
    fn a_film_with_room_for_all_ends_where_it_was_to_end() {
        let film = film(4, &[5, 10, 40, 30, 100, 101]);
        assert_eq!((film.to_ns, film.left_out), (100, 0));
        let sent: Vec<u64> = film.messages.iter().map(|message| message.sent_ns).collect();
        assert_eq!(sent, [10, 40, 30, 100]);
    }

    #[test]
    fn a_film_without_room_ends_before_the_first_message_that_it_lacks() {
        // The third finds no room, the fourth not either and was sent before what is already there.
        let film = film(2, &[20, 50, 60, 40, 30, 70]);
        assert_eq!(film.to_ns, 29);
        let sent: Vec<u64> = film.messages.iter().map(|message| message.sent_ns).collect();
        assert_eq!((sent, film.left_out), (vec![20], 5));
    }
}
