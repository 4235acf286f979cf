//! Each export of a small run, read back by a reader of the format that stands here.

use super::pcapng::Capture;
use super::perfetto::Perfetto;
use super::shiviz::ShiViz;
use super::{Export, Stretch};
use crate::run::{self, Outcome};
use crate::scenario::{Scenario, World, parse};
use bitcraps_types::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};

const SECOND: u64 = 1_000_000_000;
const WHOLE: Stretch = Stretch { from: Time::ZERO, to: Time::NEVER };

/// Four nodes, one of which is down from 2 s to 4 s, while two links lose all from 1 s to 3 s.
fn scenario() -> Scenario {
    let text = "version: 1\nname: exported\nclaim: x\nduration: 6 s\nvalidators: { count: 4 }\n\
                workload: { tables: 1, players: 2, bets: 5/s }\n\
                faults:\n  - { id: cut, at: 1 s, for: 2 s, between: [1, 2], inject: { loss: { rate: 100 % } } }\n  \
                - { id: fall, at: 2 s, on: 3, inject: { crash: { restart_after: 2 s } } }\n";
    parse("(test)", text).unwrap_or_else(|wrong| panic!("{}", wrong[0])).scenario
}

/// What a run writes, and what it came to.
fn exported<E: Export + 'static>(world: World, make: impl FnOnce(Out) -> E) -> (Vec<u8>, Outcome) {
    let out = Out::default();
    let export = Arc::new(Mutex::new(make(out.clone())));
    let outcome = run::look_on(&scenario(), world, 7, export.clone()).expect("the world can make it");
    export.lock().unwrap().finish(&outcome).expect("memory takes all");
    let bytes = out.0.lock().unwrap().clone();
    (bytes, outcome)
}

#[derive(Clone, Default)]
struct Out(Arc<Mutex<Vec<u8>>>);

impl io::Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn who_looks_on_does_not_change_the_run() {
    let plain = run::sample(&scenario(), 7, "").trace;
    let (_, seen) = exported(World::Lab, |out| Perfetto::new(out, WHOLE, 4));
    assert_eq!(seen.trace, plain);
}

#[test]
fn what_cannot_be_written_is_told_at_the_end() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let export = Arc::new(Mutex::new(ShiViz::new(Full, WHOLE, 4, 10)));
    let outcome = run::look_on(&scenario(), World::Lab, 7, export.clone()).unwrap();
    let error = export.lock().unwrap().finish(&outcome).expect_err("nothing was written");
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

mod perfetto {
    use super::*;

    /// A field of a protobuf message.
    #[derive(Clone, Debug, PartialEq)]
    enum Value {
        Number(u64),
        Bytes(Vec<u8>),
    }

    type Fields = BTreeMap<u64, Vec<Value>>;

    fn decode(mut bytes: &[u8]) -> Fields {
        fn varint(bytes: &mut &[u8]) -> u64 {
            let end = bytes.iter().position(|byte| byte & 0x80 == 0).expect("a varint ends") + 1;
            let (own, rest) = bytes.split_at(end);
            *bytes = rest;
            own.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
        }
        let mut fields = Fields::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let value = match tag & 7 {
                0 => Value::Number(varint(&mut bytes)),
                1 => {
                    let (own, rest) = bytes.split_first_chunk().unwrap();
                    bytes = rest;
                    Value::Number(u64::from_le_bytes(*own))
                }
                2 => {
                    let length = varint(&mut bytes) as usize;
                    let (own, rest) = bytes.split_at(length);
                    bytes = rest;
                    Value::Bytes(own.to_vec())
                }
                other => panic!("wire type {other}"),
            };
            fields.entry(tag >> 3).or_default().push(value);
        }
        fields
    }

    fn number(fields: &Fields, field: u64) -> Option<u64> {
        match fields.get(&field)?.first()? {
            Value::Number(number) => Some(*number),
            Value::Bytes(_) => None,
        }
    }

    fn message(fields: &Fields, field: u64) -> Option<Fields> {
        match fields.get(&field)?.first()? {
            Value::Bytes(bytes) => Some(decode(bytes)),
            Value::Number(_) => None,
        }
    }

    fn text(fields: &Fields, field: u64) -> String {
        match fields.get(&field).and_then(|values| values.first()) {
            Some(Value::Bytes(bytes)) => String::from_utf8(bytes.clone()).unwrap(),
            _ => String::new(),
        }
    }

    #[derive(Debug)]
    struct Event {
        at: u64,
        kind: u64,
        track: String,
        name: String,
        begins: Option<u64>,
        ends: Option<u64>,
        count: Option<u64>,
    }

    /// The events with the full names of their tracks.
    fn read(trace: &[u8]) -> Vec<Event> {
        let (mut tracks, mut events) = (BTreeMap::new(), Vec::new());
        for packet in &decode(trace)[&1] {
            let Value::Bytes(packet) = packet else { panic!("a packet is a message") };
            let packet = decode(packet);
            if let Some(track) = message(&packet, 60) {
                let above = number(&track, 5).map(|parent| format!("{}/", tracks[&parent]));
                let name = above.unwrap_or_default() + &text(&track, 2);
                assert!(tracks.insert(number(&track, 1).unwrap(), name).is_none(), "declared twice");
            }
            if let Some(event) = message(&packet, 11) {
                events.push(Event {
                    at: number(&packet, 8).unwrap(),
                    kind: number(&event, 9).unwrap(),
                    track: tracks[&number(&event, 11).unwrap()].clone(),
                    name: text(&event, 23),
                    begins: number(&event, 47),
                    ends: number(&event, 48),
                    count: number(&event, 30),
                });
            }
        }
        events
    }

    /// The slices of a track, checked to be nested: from, to, name, how deep.
    fn slices(events: &[Event], track: &str) -> Vec<(u64, u64, String, usize)> {
        let (mut open, mut done, mut last) = (Vec::new(), Vec::new(), 0);
        for event in events.iter().filter(|event| event.track == track) {
            assert!(event.at >= last, "{track} goes back to {}", event.at);
            last = event.at;
            match event.kind {
                1 => open.push((event.at, event.name.clone())),
                2 => {
                    let (from, name) = open.pop().expect("an end has its begin");
                    done.push((from, event.at, name, open.len()));
                }
                _ => {}
            }
        }
        assert_eq!(open, [], "{track} is closed");
        done
    }

    fn trace(stretch: Stretch) -> (Vec<Event>, Outcome) {
        let (bytes, outcome) = exported(World::Lab, |out| Perfetto::new(out, stretch, 4));
        (read(&bytes), outcome)
    }

    #[test]
    fn heights_are_slices_with_their_rounds_inside_and_a_node_that_is_down_is_so() {
        let (events, outcome) = trace(WHOLE);
        let slices = slices(&events, "node 0/consensus");
        let heights =
            slices.iter().filter(|(.., name, depth)| name.starts_with("height ") && *depth == 0).count();
        assert!(heights as u64 >= outcome.height, "{heights} slices for {} heights", outcome.height);
        assert!(slices.iter().any(|(.., name, depth)| name == "round 0" && *depth == 1));
        let down = super::perfetto::slices(&events, "node 3/consensus");
        let down = down.iter().find(|(.., name, _)| name.starts_with("down")).expect("node 3 was down");
        assert_eq!((down.0, down.1), (2 * SECOND, 4 * SECOND));
        let counts: Vec<u64> =
            events.iter().filter(|it| it.track == "node 0/height").filter_map(|it| it.count).collect();
        assert_eq!(counts.last(), Some(&outcome.height));
        assert!(counts.is_sorted());
    }

    #[test]
    fn each_message_that_arrived_is_an_arrow_forward_in_time() {
        let (events, _) = trace(WHOLE);
        let begins: BTreeMap<u64, &Event> =
            events.iter().filter_map(|event| Some((event.begins?, event))).collect();
        let mut arrows = 0;
        for event in events.iter().filter(|event| event.ends.is_some()) {
            let sent = begins[&event.ends.unwrap()];
            assert!(
                sent.at <= event.at && sent.track.ends_with("/sent") && event.track.ends_with("/received")
            );
            arrows += 1;
        }
        let lost = events.iter().filter(|event| event.name.ends_with("(lost)")).count();
        assert!(arrows > 100 && lost > 10, "{arrows} arrived, {lost} lost");
        assert_eq!(begins.len(), arrows + lost);
    }

    #[test]
    fn faults_have_their_tracks() {
        let (events, _) = trace(WHOLE);
        let cut: Vec<_> = slices(&events, "faults/cut");
        assert_eq!(cut, [(SECOND, 3 * SECOND, "cut".to_owned(), 0)]);
        assert_eq!(slices(&events, "faults/fall").len(), 1);
    }

    #[test]
    fn a_stretch_begins_with_what_lasts_and_ends_all_that_does() {
        let stretch = Stretch { from: Time(5 * SECOND / 2), to: Time(7 * SECOND / 2) };
        let (events, _) = trace(stretch);
        assert!(events.iter().all(|event| (stretch.from.0..=stretch.to.0).contains(&event.at)));
        assert_eq!(slices(&events, "faults/cut"), [(stretch.from.0, 3 * SECOND, "cut".to_owned(), 0)]);
        let down = slices(&events, "node 3/consensus");
        assert_eq!((down.len(), down[0].0, down[0].1), (1, stretch.from.0, stretch.to.0));
        slices(&events, "node 0/consensus");
    }
}

mod shiviz {
    use super::*;

    type Clock = BTreeMap<String, u64>;

    fn log(stretch: Stretch, limit: u64) -> Vec<(String, String, Clock)> {
        let (bytes, _) = exported(World::Lab, |out| ShiViz::new(out, stretch, 4, limit));
        let text = String::from_utf8(bytes).unwrap();
        let line = |line: &str| {
            let (host, rest) = line.split_once(" \"").expect("a host stands first");
            let (event, clock) = rest.rsplit_once("\" {").expect("a clock stands last");
            let clock: Clock = serde_json::from_str(&format!("{{{clock}")).expect("a clock is JSON");
            (host.to_owned(), event.to_owned(), clock)
        };
        text.lines().map(line).collect()
    }

    /// What ShiViz itself checks before it draws: each host counts its own events from 1 without a gap, and nobody knows of
    /// an event that has not been.
    #[test]
    fn clocks_count_each_hosts_events_and_never_know_the_future() {
        let log = log(WHOLE, u64::MAX);
        assert!(log.len() > 200, "{}", log.len());
        let mut last: BTreeMap<String, Clock> = BTreeMap::new();
        for (host, event, clock) in &log {
            let before = last.get(host).cloned().unwrap_or_default();
            assert_eq!(clock[host], before.get(host).unwrap_or(&0) + 1, "{event}");
            for (other, count) in clock {
                assert!(*count >= *before.get(other).unwrap_or(&0), "{host} forgot of {other} at {event}");
                if other != host {
                    let known = last.get(other).and_then(|clock| clock.get(other)).unwrap_or(&0);
                    assert!(count <= known, "{host} knows the future of {other} at {event}");
                }
            }
            last.insert(host.clone(), clock.clone());
        }
        assert!(log.iter().any(|(host, event, _)| host == "node3" && event.ends_with("is up again")));
        assert!(log.iter().any(|(host, event, _)| host == "node1" && event.ends_with("fault cut begins")));
    }

    #[test]
    fn who_hears_a_message_knows_what_its_author_knew() {
        let log = log(WHOLE, u64::MAX);
        let heard = log.iter().filter(|(_, event, _)| event.contains(" hears proposal h2 of node"));
        let mut found = 0;
        for (host, event, clock) in heard {
            let author = event.rsplit_once(" of ").unwrap().1;
            let signed = |(who, what, _): &&(String, String, Clock)| {
                who == author && what.ends_with(" signs proposal h2")
            };
            let (.., knew) = log.iter().find(signed).expect("it was signed");
            assert!(knew.iter().all(|(node, count)| clock[node] >= *count), "{host}: {event}");
            found += 1;
        }
        assert!(found >= 3, "{found} heard it");
    }

    #[test]
    fn a_log_is_no_longer_than_asked_and_keeps_to_its_stretch() {
        assert_eq!(log(WHOLE, 50).len(), 50);
        let stretch = Stretch { from: Time(2 * SECOND), to: Time(3 * SECOND) };
        let part = log(stretch, u64::MAX);
        assert!(!part.is_empty() && part.iter().all(|(_, event, _)| event.starts_with("2.")), "{part:?}");
        let first = part.iter().find(|(host, ..)| host == "node0").unwrap();
        assert_eq!(first.2["node0"], 1, "clocks begin with the stretch");
    }
}

mod pcapng {
    use super::*;

    /// The blocks of a file: type and body.
    fn blocks(mut file: &[u8]) -> Vec<(u32, Vec<u8>)> {
        let word = |at: usize, file: &[u8]| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        let mut blocks = Vec::new();
        while !file.is_empty() {
            let length = word(4, file) as usize;
            assert_eq!(word(length - 4, file) as usize, length);
            blocks.push((word(0, file), file[8..length - 4].to_vec()));
            file = &file[length..];
        }
        blocks
    }

    #[test]
    fn every_datagram_that_arrived_is_a_packet_of_its_receivers_interface_in_the_order_of_time() {
        let epoch = 5 * SECOND;
        let (file, outcome) = exported(World::Wire, |out| Capture::new(out, WHOLE, 4, epoch));
        let blocks = blocks(&file);
        assert_eq!(blocks[0].0, 0x0a0d_0d0a);
        assert!(blocks[1..5].iter().all(|(kind, _)| *kind == 1), "an interface per node");
        let first = &blocks[5].1[20 + 28..];
        assert_eq!(
            (first[0] & 0xc0, &first[1..5]),
            (0xc0, &[0, 0, 0, 1][..]),
            "QUIC version 1 begins (RFC 9000, section 17.2)"
        );
        let (mut last, mut seen) = (epoch, BTreeSet::new());
        for (kind, body) in &blocks[5..] {
            assert_eq!(*kind, 6);
            let word = |at: usize| u32::from_le_bytes(body[at..at + 4].try_into().unwrap());
            let at = u64::from(word(4)) << 32 | u64::from(word(8));
            assert!(at >= last, "time goes back");
            last = at;
            let packet = &body[20..20 + word(12) as usize];
            let total = u16::from_be_bytes([packet[2], packet[3]]);
            assert_eq!(usize::from(total), packet.len());
            assert_eq!(u32::from(packet[19]), word(0) + 1, "node n has the address that ends with n + 1");
            seen.insert((packet[15], packet[19]));
        }
        assert_eq!(seen.len(), 12, "every pair of nodes talks: {seen:?}");
        assert!(last < epoch + outcome.record.manifest.duration_ns + 1);
        let manifest = outcome.record.manifest;
        assert!(blocks.len() - 5 > 500 && blocks.len() as u64 - 5 <= manifest.messages, "{}", blocks.len());
    }

    #[test]
    fn a_world_of_frames_has_no_datagrams() {
        let (file, _) = exported(World::Lab, |out| Capture::new(out, WHOLE, 4, 0));
        assert_eq!(blocks(&file).len(), 5);
    }
}

#[cfg(feature = "turmoil")]
mod openmetrics {
    use super::*;
    use crate::export::openmetrics::{OpenMetrics, Scrapes};

    const EPOCH: u64 = 1_767_225_600;

    /// Each line's series, time and value, after the rules of the format are checked.
    fn samples(stretch: Stretch) -> (Vec<(String, f64, f64)>, Outcome) {
        let scrapes = Scrapes { stretch, every_ns: SECOND / 2, epoch_ns: EPOCH * SECOND };
        let make = |out| OpenMetrics::new(out, scrapes, 4, ["cut", "fall"].into_iter());
        let (bytes, outcome) = exported(World::Lab, make);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.ends_with("\n# EOF\n"));
        let (mut families, mut family, mut ended, mut last) =
            (BTreeSet::new(), String::new(), BTreeSet::new(), BTreeMap::new());
        let (mut metric, mut samples) = (String::new(), Vec::new());
        for line in text.lines().take_while(|line| *line != "# EOF") {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                family = rest.split(' ').next().unwrap().to_owned();
                assert!(families.insert(family.clone()), "{family} is not contiguous");
                continue;
            }
            if line.starts_with('#') {
                assert!(line.split(' ').nth(2) == Some(&*family), "{line} in {family}");
                continue;
            }
            let (series, rest) = line.split_once("} ").expect("every series has labels");
            let (value, time) = rest.split_once(' ').expect("every sample has a time");
            let (value, time): (f64, f64) = (value.parse().unwrap(), time.parse().unwrap());
            assert!(series.starts_with(&family), "{series} in {family}");
            // All points of one set of labels stand together.
            let labels = series.split_once('{').unwrap().1;
            let own = format!("{family}{{{}", labels.split(",le=").next().unwrap());
            if own != metric {
                assert!(ended.insert(std::mem::replace(&mut metric, own.clone())), "{own} comes twice");
                assert!(!ended.contains(&own), "{own} comes twice");
            }
            let before = last.insert(series.to_owned(), time).unwrap_or(0.0);
            assert!(time > before, "{series} goes from {before} to {time}");
            samples.push((series.to_owned(), time - EPOCH as f64, value));
        }
        (samples, outcome)
    }

    fn of(samples: &[(String, f64, f64)], name: &str, label: &str) -> Vec<(f64, f64)> {
        let wanted = |series: &str| series.starts_with(&format!("{name}{{")) && series.contains(label);
        samples.iter().filter(|(series, ..)| wanted(series)).map(|(_, at, value)| (*at, *value)).collect()
    }

    #[test]
    fn the_daemons_own_metrics_show_the_run_and_a_process_that_fell_counts_from_nothing() {
        let (samples, outcome) = samples(WHOLE_RUN);
        let heights = of(&samples, "bitcraps_height", "node0");
        assert_eq!(heights.len(), 13, "every half second, first and last included");
        assert!(heights.last().unwrap().1 <= outcome.height as f64 && heights.last().unwrap().1 > 3.0);
        let up = of(&samples, "up", "node3");
        let down: Vec<f64> = up.iter().filter(|(_, value)| *value == 0.0).map(|(at, _)| *at).collect();
        assert_eq!(down, [2.5, 3.0, 3.5, 4.0], "what happens at a scrape's own time is seen at the next");
        let blocks = of(&samples, "bitcraps_blocks_decided_total", "node3");
        let after = blocks.iter().find(|(at, _)| *at > 4.0).unwrap().1;
        let before = blocks.iter().rfind(|(at, _)| *at <= 2.0).unwrap().1;
        assert!(after < before || before == 0.0, "{before} before, {after} after");
        assert_eq!(of(&samples, "bitcraps_peers_known", "node1")[0].1, 3.0);
        assert!(of(&samples, "bitcraps_http_requests_total", "").is_empty());
    }

    #[test]
    fn faults_and_latencies_are_the_testbeds_own() {
        let (samples, outcome) = samples(WHOLE_RUN);
        let cut = of(&samples, "testbed_faults_active", "cut");
        let active: Vec<f64> = cut.iter().filter(|(_, value)| *value == 1.0).map(|(at, _)| *at).collect();
        assert_eq!(active, [1.5, 2.0, 2.5, 3.0]);
        let counts = of(&samples, "testbed_commit_latency_seconds_count", "node0");
        let commits =
            outcome.record.commits.iter().filter(|commit| commit.node == 0 && commit.at_ns < 6 * SECOND);
        assert_eq!(counts.last().unwrap().1, commits.count() as f64);
        let infinite =
            of(&samples, "testbed_commit_latency_seconds_bucket", "node0\",job=\"bitcraps\",le=\"+Inf\"");
        assert_eq!(infinite, counts);
        assert!(of(&samples, "testbed_messages_total", "lost").iter().any(|(_, count)| *count > 0.0));
    }

    const WHOLE_RUN: Stretch = Stretch { from: Time::ZERO, to: Time(6 * SECOND + 1) };
}
