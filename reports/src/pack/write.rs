//! Records into columns; the format is the parent's.

use std::collections::BTreeMap;

use super::{FILM, SERIES};
use crate::{CommandDone, Commit, Message, NodeEvent, RunRecord, SpaceTime};

pub(super) fn series(record: &RunRecord) -> Vec<u8> {
    let mut commits: Vec<&Commit> = record.commits.iter().collect();
    commits.sort_unstable_by_key(|commit| commit.order());
    let mut commands: Vec<&CommandDone> = record.commands.iter().collect();
    commands.sort_unstable_by_key(|command| (command.at_ns, command.latency_ns));
    let mut out = SERIES.to_vec();
    number(&mut out, commits.len() as u64);
    rising(&mut out, commits.iter().map(|commit| commit.at_ns));
    column(&mut out, commits.iter().map(|commit| commit.node.into()));
    column(&mut out, commits.iter().map(|commit| commit.height));
    column(&mut out, commits.iter().map(|commit| commit.round.into()));
    column(&mut out, commits.iter().map(|commit| commit.latency_ns));
    number(&mut out, commands.len() as u64);
    rising(&mut out, commands.iter().map(|command| command.at_ns));
    column(&mut out, commands.iter().map(|command| command.latency_ns));
    events(&mut out, &record.node_events);
    out
}

pub(super) fn film(windows: &[SpaceTime]) -> Vec<u8> {
    let mut out = FILM.to_vec();
    number(&mut out, windows.len() as u64);
    for window in windows {
        text(&mut out, &window.title);
        number(&mut out, window.from_ns);
        number(&mut out, window.to_ns.saturating_sub(window.from_ns));
        number(&mut out, window.left_out);
        messages(&mut out, &window.messages);
        events(&mut out, &window.marks);
    }
    out
}

fn messages(out: &mut Vec<u8>, messages: &[Message]) {
    let messages = Message::in_order(messages);
    let texts = Texts::of(messages.iter().flat_map(|message| {
        [Some(message.kind.as_str()), Some(message.label.as_str()), message.fault.as_deref()]
    }));
    number(out, messages.len() as u64);
    texts.write(out);
    rising(out, messages.iter().map(|message| message.sent_ns));
    column(out, messages.iter().map(|message| message.from.into()));
    column(out, messages.iter().map(|message| message.to.into()));
    column(out, messages.iter().map(|message| message.received_ns.is_none().into()));
    let delay_ns = |message: &&Message| message.received_ns.map_or(0, |at_ns| at_ns - message.sent_ns);
    column(out, messages.iter().map(delay_ns));
    column(out, messages.iter().map(|message| texts.place(&message.kind)));
    column(out, messages.iter().map(|message| texts.place(&message.label)));
    let fault = |message: &&Message| message.fault.as_ref().map_or(0, |id| texts.place(id) + 1);
    column(out, messages.iter().map(fault));
}

fn events(out: &mut Vec<u8>, events: &[NodeEvent]) {
    let events = NodeEvent::in_order(events);
    let texts = Texts::of(events.iter().flat_map(|event| [Some(event.kind.as_str()), Some(&*event.label)]));
    number(out, events.len() as u64);
    texts.write(out);
    rising(out, events.iter().map(|event| event.at_ns));
    column(out, events.iter().map(|event| event.node.into()));
    column(out, events.iter().map(|event| texts.place(&event.kind)));
    column(out, events.iter().map(|event| texts.place(&event.label)));
}

/// Texts with their places, in the order in which they are first met: near rows then have near places.
struct Texts<'a> {
    places: BTreeMap<&'a str, u64>,
    order: Vec<&'a str>,
}

impl<'a> Texts<'a> {
    fn of(met: impl Iterator<Item = Option<&'a str>>) -> Texts<'a> {
        let mut texts = Texts { places: BTreeMap::new(), order: Vec::new() };
        for text in met.flatten() {
            texts.places.entry(text).or_insert_with(|| {
                texts.order.push(text);
                texts.order.len() as u64 - 1
            });
        }
        texts
    }

    fn place(&self, text: &str) -> u64 {
        self.places[text]
    }

    fn write(&self, out: &mut Vec<u8>) {
        number(out, self.order.len() as u64);
        self.order.iter().for_each(|each| text(out, each));
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len() as u64);
    out.extend(text.as_bytes());
}

fn rising(out: &mut Vec<u8>, values: impl Iterator<Item = u64>) {
    let mut before = 0;
    for value in values {
        number(out, value - before);
        before = value;
    }
}

fn column(out: &mut Vec<u8>, values: impl Iterator<Item = u64>) {
    values.for_each(|value| number(out, value));
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7F {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
