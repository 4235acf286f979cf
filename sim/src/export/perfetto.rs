//! A trace for Perfetto (ui.perfetto.dev): a group of tracks per node with its heights and rounds as nested slices, what
//! it sent and received with an arrow per message, what happened to it, and its height as a counter; and a track per fault.
//!
//! The format is the protobuf message `perfetto.protos.Trace`: numbers of fields are those of trace_packet.proto,
//! track_event.proto, track_descriptor.proto and debug_annotation.proto in google/perfetto, protos/perfetto/trace.

use super::protobuf::Message;
use super::{Export, Sink, Stretch};
use crate::lab::{Counters, FrameRecord};
use crate::run::{Change, FaultNews, Onlooker, Outcome, frame_in_words};
use bitcraps_actors::ports::Event;
use bitcraps_consensus::Message as _;
use bitcraps_types::{Height, Round, Time};
use std::io::{self, Write};

/// `Trace`.
mod trace {
    pub(super) const PACKET: u64 = 1;
}

/// `TracePacket`.
mod packet {
    pub(super) const TIMESTAMP: u64 = 8;
    pub(super) const SEQUENCE: u64 = 10;
    pub(super) const TRACK_EVENT: u64 = 11;
    pub(super) const TRACK_DESCRIPTOR: u64 = 60;
}

/// `TrackDescriptor`.
mod track {
    pub(super) const UUID: u64 = 1;
    pub(super) const NAME: u64 = 2;
    pub(super) const PARENT: u64 = 5;
    pub(super) const COUNTER: u64 = 8;
    pub(super) const CHILD_ORDERING: u64 = 11;
    pub(super) const RANK: u64 = 12;
    /// Children in the order of their ranks.
    pub(super) const EXPLICIT: u64 = 3;
}

/// `TrackEvent`.
mod event {
    pub(super) const ANNOTATION: u64 = 4;
    pub(super) const TYPE: u64 = 9;
    pub(super) const TRACK: u64 = 11;
    pub(super) const CATEGORY: u64 = 22;
    pub(super) const NAME: u64 = 23;
    pub(super) const COUNTER: u64 = 30;
    pub(super) const FLOW: u64 = 47;
    pub(super) const LAST_OF_FLOW: u64 = 48;
    pub(super) const BEGIN: u64 = 1;
    pub(super) const END: u64 = 2;
    pub(super) const INSTANT: u64 = 3;
    pub(super) const COUNT: u64 = 4;
}

/// `DebugAnnotation`.
mod annotation {
    pub(super) const TEXT: u64 = 6;
    pub(super) const NAME: u64 = 10;
}

/// The tracks of a node, in their order.
#[derive(Clone, Copy)]
enum Part {
    Group = 0,
    Consensus,
    Height,
    Events,
    Sent,
    Received,
}

/// The group of all faults, and from where each has a track.
const FAULTS: u64 = 1;
const FIRST_FAULT: u64 = 1 << 32;

/// What a node is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Doing {
    /// The height that it decides, and the round of it.
    at: Option<(Height, Round)>,
    /// Why it is down.
    down: Option<String>,
}

/// The starts of one fault that did not overlap share a track.
struct Lane {
    fault: String,
    number: usize,
    open: Option<usize>,
    label: String,
}

/// See the module.
pub(crate) struct Perfetto<W> {
    sink: Sink<W>,
    stretch: Stretch,
    /// Whether the stretch has begun, and whether it is over.
    begun: bool,
    over: bool,
    last: Time,
    nodes: Vec<Doing>,
    lanes: Vec<Lane>,
    messages: u64,
    packets: u64,
}

impl<W: Write> Perfetto<W> {
    /// For a run of so many nodes.
    pub(crate) fn new(out: W, stretch: Stretch, nodes: u16) -> Perfetto<W> {
        let mut trace = Perfetto {
            sink: Sink::new(out),
            stretch,
            begun: false,
            over: false,
            last: Time::ZERO,
            nodes: vec![Doing::default(); usize::from(nodes)],
            lanes: Vec::new(),
            messages: 0,
            packets: 0,
        };
        trace.declare(FAULTS, "faults", None, 0, false);
        for node in 0..nodes {
            let group = uuid(node, Part::Group);
            trace.declare(group, &format!("node {node}"), None, u64::from(node) + 1, false);
            for (part, name) in [
                (Part::Consensus, "consensus"),
                (Part::Height, "height"),
                (Part::Events, "events"),
                (Part::Sent, "sent"),
                (Part::Received, "received"),
            ] {
                let counts = matches!(part, Part::Height);
                trace.declare(uuid(node, part), name, Some(group), part as u64, counts);
            }
        }
        trace
    }

    fn declare(&mut self, uuid: u64, name: &str, parent: Option<u64>, rank: u64, counts: bool) {
        let mut descriptor = Message::new().number(track::UUID, uuid).text(track::NAME, name);
        if let Some(parent) = parent {
            descriptor = descriptor.number(track::PARENT, parent);
        }
        if counts {
            descriptor = descriptor.message(track::COUNTER, &Message::new());
        }
        descriptor = descriptor.number(track::CHILD_ORDERING, track::EXPLICIT).number(track::RANK, rank);
        self.packet(Message::new().message(packet::TRACK_DESCRIPTOR, &descriptor));
    }

    fn packet(&mut self, packet: Message) {
        let packet = packet.number(packet::SEQUENCE, 1);
        let trace = Message::new().message(trace::PACKET, &packet);
        self.sink.put(trace.encoded());
        self.packets += 1;
    }

    fn event(&mut self, at: Time, kind: u64, track: u64, rest: Message) {
        let event = rest.number(event::TYPE, kind).number(event::TRACK, track);
        self.packet(Message::new().number(packet::TIMESTAMP, at.0).message(packet::TRACK_EVENT, &event));
    }

    fn named(category: &str, name: &str) -> Message {
        Message::new().text(event::CATEGORY, category).text(event::NAME, name)
    }

    fn begin(&mut self, at: Time, track: u64, category: &str, name: &str) {
        self.event(at, event::BEGIN, track, Self::named(category, name));
    }

    fn end(&mut self, at: Time, track: u64) {
        self.event(at, event::END, track, Message::new());
    }

    fn instant(&mut self, at: Time, node: u16, name: &str) {
        if self.writes() {
            self.event(at, event::INSTANT, uuid(node, Part::Events), Self::named("node", name));
        }
    }

    fn writes(&self) -> bool {
        self.begun && !self.over
    }

    /// Time goes on: at the stretch's start all that lasts begins, at its end it ends.
    fn reach(&mut self, at: Time) {
        self.last = self.last.max(at);
        if !self.begun && at >= self.stretch.from {
            self.begun = true;
            for node in 0..self.nodes.len() {
                let doing = std::mem::take(&mut self.nodes[node]);
                self.set(self.stretch.from, node as u16, doing);
            }
            for lane in 0..self.lanes.len() {
                if self.lanes[lane].open.is_some() {
                    self.begin_fault(self.stretch.from, lane);
                }
            }
        }
        if !self.over && at >= self.stretch.to {
            self.close(self.stretch.to);
        }
    }

    /// Ends all that lasts, and with it the trace.
    fn close(&mut self, at: Time) {
        if self.writes() {
            for node in 0..self.nodes.len() {
                self.set(at, node as u16, Doing::default());
            }
            for lane in 0..self.lanes.len() {
                if self.lanes[lane].open.is_some() {
                    self.end(at, FIRST_FAULT + lane as u64);
                }
            }
        }
        self.over = true;
    }

    /// A node does something else from now on: what is no longer so ends, inner before outer, and what is new begins.
    fn set(&mut self, at: Time, node: u16, new: Doing) {
        let old = std::mem::replace(&mut self.nodes[usize::from(node)], new.clone());
        if !self.writes() {
            return;
        }
        let track = uuid(node, Part::Consensus);
        if old.at != new.at {
            let same_height = old.at.map(|(height, _)| height) == new.at.map(|(height, _)| height);
            if old.at.is_some() {
                self.end(at, track);
                if !same_height {
                    self.end(at, track);
                }
            }
            if let Some((height, round)) = new.at {
                if !same_height {
                    self.begin(at, track, "consensus", &format!("height {height}"));
                }
                self.begin(at, track, "consensus", &format!("round {round}"));
            }
        }
        if old.down != new.down {
            if old.down.is_some() {
                self.end(at, track);
            }
            if let Some(why) = &new.down {
                self.begin(at, track, "node", &format!("down: {why}"));
            }
        }
    }

    fn begin_fault(&mut self, at: Time, lane: usize) {
        let Lane { fault, label, .. } = &self.lanes[lane];
        let nodes = Message::new().text(annotation::NAME, "nodes").text(annotation::TEXT, label);
        let event = Self::named("fault", fault).message(event::ANNOTATION, &nodes);
        self.event(at, event::BEGIN, FIRST_FAULT + lane as u64, event);
    }

    /// A track of this fault on which nothing lasts.
    fn lane(&mut self, fault: &str) -> usize {
        let free = |lane: &Lane| lane.fault == fault && lane.open.is_none();
        if let Some(lane) = self.lanes.iter().position(free) {
            return lane;
        }
        let number = self.lanes.iter().filter(|lane| lane.fault == fault).count();
        let lane = self.lanes.len();
        self.lanes.push(Lane { fault: fault.to_owned(), number, open: None, label: String::new() });
        let name = match self.lanes[lane].number {
            0 => fault.to_owned(),
            more => format!("{fault} ({})", more + 1),
        };
        self.declare(FIRST_FAULT + lane as u64, &name, Some(FAULTS), lane as u64, false);
        lane
    }
}

impl<W: Write + Send> Onlooker for Perfetto<W> {
    fn frame(&mut self, frame: &FrameRecord<'_>) {
        self.reach(frame.received.unwrap_or(frame.sent));
        let Some((kind, label)) = frame_in_words(frame) else { return };
        let (sent, received) = (frame.sent, frame.received);
        let left = self.stretch.contains(sent);
        let came = received.filter(|at| self.stretch.contains(*at));
        if !left && came.is_none() {
            return;
        }
        self.messages += 1;
        let name = if label.is_empty() { kind.to_owned() } else { format!("{kind} {label}") };
        if left {
            let name = match received {
                Some(_) => format!("{name} → {}", frame.to),
                None => format!("{name} → {} (lost)", frame.to),
            };
            let event = Self::named("message", &name).fixed64(event::FLOW, self.messages);
            self.event(sent, event::INSTANT, uuid(frame.from, Part::Sent), event);
        }
        if let Some(at) = came {
            let name = format!("{name} ← {}", frame.from);
            let event = Self::named("message", &name).fixed64(event::LAST_OF_FLOW, self.messages);
            self.event(at, event::INSTANT, uuid(frame.to, Part::Received), event);
        }
    }

    fn event(&mut self, at: Time, node: u16, event: &Event<'_>) {
        self.reach(at);
        match event {
            Event::Round { height, round, .. } => {
                self.set(at, node, Doing { at: Some((*height, *round)), down: None });
            }
            Event::Decided { height, synced, .. } => {
                self.set(at, node, Doing::default());
                if *synced {
                    self.instant(at, node, &format!("fetched height {height}"));
                }
            }
            Event::Applied { height, .. } if self.writes() => {
                let count = Message::new().number(event::COUNTER, *height);
                self.event(at, event::COUNT, uuid(node, Part::Height), count);
            }
            Event::Locked { height, round, .. } => {
                self.instant(at, node, &format!("locked h{height} r{round}"));
            }
            Event::SyncStarted { from, to } => {
                self.instant(at, node, &format!("fell behind: h{from} of h{to}"));
            }
            Event::StateSynced { height, .. } => self.instant(at, node, &format!("fetched state h{height}")),
            Event::Accused(evidence) => {
                let who = evidence.offender().0;
                self.instant(at, node, &format!("accuses node {who} at h{}", evidence.height()));
            }
            Event::Signed(signed) => {
                let message = &signed.message;
                self.instant(at, node, &format!("signs {} h{}", message.kind(), message.height()));
            }
            _ => {}
        }
    }

    fn node(&mut self, at: Time, node: u16, change: Change<'_>) {
        self.reach(at);
        match change {
            Change::Down(why) => {
                self.set(at, node, Doing::default());
                self.set(at, node, Doing { at: None, down: Some(why.to_owned()) });
            }
            Change::Up => self.set(at, node, Doing::default()),
        }
    }

    fn fault(&mut self, at: Time, fault: &FaultNews<'_>) {
        self.reach(at);
        if fault.began {
            let lane = self.lane(fault.id);
            let nodes: Vec<String> = fault.nodes.iter().map(u16::to_string).collect();
            self.lanes[lane].label = nodes.join(" ");
            self.lanes[lane].open = Some(fault.instance);
            if self.writes() {
                self.begin_fault(at, lane);
            }
        } else if let Some(lane) = self.lanes.iter().position(|lane| lane.open == Some(fault.instance)) {
            self.lanes[lane].open = None;
            if self.writes() {
                self.end(at, FIRST_FAULT + lane as u64);
            }
        }
    }

    fn moment(&mut self, now: Time, _: &Counters) {
        self.reach(now);
    }
}

impl<W: Write + Send> Export for Perfetto<W> {
    fn finish(&mut self, _: &Outcome) -> io::Result<String> {
        self.close(self.last.min(self.stretch.to));
        let bytes = self.sink.finish()?;
        Ok(format!(
            "{} packets, {} messages, {bytes} bytes: open it in ui.perfetto.dev",
            self.packets, self.messages
        ))
    }
}

/// The track of a node. Faults have those below 256 and those from 2^32.
fn uuid(node: u16, part: Part) -> u64 {
    (u64::from(node) + 1) << 8 | part as u64
}
