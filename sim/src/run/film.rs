//! Films the messages of short stretches, for the space-time diagrams. The first pass says where to look.

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

/// A stretch to film.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    title: String,
    from: Time,
    to: Time,
}

/// What is worth a look: the first violation, or the start of each fault.
pub(crate) fn windows(record: &RunRecord) -> Vec<Window> {
    let end = Time(record.manifest.duration_ns);
    let around =
        |title: String, at: u64| Window { title, from: Time(at) - BEFORE, to: (Time(at) + AFTER).min(end) };
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
    left_out: u64,
}

impl Camera {
    pub(crate) fn new(windows: &[Window]) -> Camera {
        let reel = |window: &Window| Reel { window: window.clone(), messages: Vec::new(), left_out: 0 };
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
        let films = reels.drain(..).map(|reel| {
            let Window { title, from, to } = reel.window;
            let marks = events.iter().filter(|event| (from.0..=to.0).contains(&event.at_ns));
            let title = match reel.left_out {
                0 => title,
                left_out => format!("{title} ({left_out} messages left out)"),
            };
            SpaceTime {
                title,
                from_ns: from.0,
                to_ns: to.0,
                messages: reel
                    .messages
                    .into_iter()
                    .map(|(message, effect)| Message { fault: effect.and_then(&name), ..message })
                    .collect(),
                marks: marks.cloned().collect(),
            }
        });
        films.collect()
    }
}

impl Reel {
    fn take(&mut self, frame: &FrameRecord<'_>) {
        let Some((kind, label)) = frame_in_words(frame) else { return };
        if self.messages.len() == MESSAGES {
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
