//! The long lists of a run as columns of small numbers, compressed, as text that a page can carry.
//!
//! ```text
//! pack     = content in zlib's format (RFC 1950), then base64 with padding (RFC 4648, section 4)
//! content  = series | film
//!
//! series   = "bitcraps series 1\n" commits commands events
//! commits  = rows, at_ns (rising), node, height, round, latency_ns
//! commands = rows, at_ns (rising), latency_ns
//! events   = rows, texts, at_ns (rising), node, kind (text), label (text)
//!
//! film     = "bitcraps film 1\n" number of stretches, then each:
//! stretch  = title, from_ns, to_ns - from_ns, left_out, messages, events
//! messages = rows, texts, sent_ns (rising), from, to, lost (0 or 1), delay_ns (0 of a lost one), kind (text),
//!            label (text), fault (0: none; else the text's place + 1)
//!
//! number   = LEB128: seven bits a byte, least first; the high bit says that more follow; below 2^64
//! rows     = number of rows in each of the columns that follow
//! column   = a number for each row; a rising one has the difference from the row before, of the first from 0
//! texts    = number of texts, then each; a column of texts has their places, from 0
//! title    = a text: number of bytes, UTF-8
//! ```
//!
//! Rows are in order of time, rows of one time in order of their other columns. zlib's check sum covers all of it.
//! Columns beat rows here because neighbours in a column are alike: the messages of one broadcast differ in their
//! receiver and their delay alone. A page decodes this with `DecompressionStream` (`explorer/unpack.js`).

mod read;
mod write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::io::{Read as _, Write as _};

use crate::{CommandDone, Commit, NodeEvent, RunRecord, SpaceTime};

const SERIES: &[u8] = b"bitcraps series 1\n";
const FILM: &[u8] = b"bitcraps film 1\n";
/// The most bytes of content that are read: about ten times what the longest film comes to.
const MOST_BYTES: u64 = 512 << 20;

/// The lists of a record that are not stretches.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Series {
    pub(crate) commits: Vec<Commit>,
    pub(crate) commands: Vec<CommandDone>,
    pub(crate) node_events: Vec<NodeEvent>,
}

/// The pack of a record's commits, commands and node events.
pub(crate) fn series(record: &RunRecord) -> String {
    wrap(&write::series(record))
}

/// The pack of the stretches.
pub(crate) fn film(windows: &[SpaceTime]) -> String {
    wrap(&write::film(windows))
}

/// Reads what [`series`] wrote. Errors: what is wrong, in words. What is unpacked is bounded; of a pack that
/// repeats one long text in many rows, each row gets its own copy.
pub(crate) fn read_series(pack: &str) -> Result<Series, String> {
    read::series(&unwrap(pack)?)
}

/// Reads what [`film`] wrote, with the same bounds.
pub(crate) fn read_film(pack: &str) -> Result<Vec<SpaceTime>, String> {
    read::film(&unwrap(pack)?)
}

fn wrap(content: &[u8]) -> String {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(content).expect("a vector takes all bytes");
    STANDARD.encode(zlib.finish().expect("a vector takes all bytes"))
}

fn unwrap(pack: &str) -> Result<Vec<u8>, String> {
    let zlib = STANDARD.decode(pack.trim()).map_err(|error| format!("base64: {error}"))?;
    let mut content = Vec::new();
    let mut inflate = ZlibDecoder::new(&*zlib).take(MOST_BYTES + 1);
    inflate.read_to_end(&mut content).map_err(|error| format!("zlib: {error}"))?;
    if content.len() as u64 > MOST_BYTES {
        return Err(format!("it is longer than {MOST_BYTES} bytes"));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    fn times() -> impl Strategy<Value = u64> {
        prop_oneof![Just(0), Just(u64::MAX), any::<u64>(), 0..1_000_u64]
    }

    fn events() -> impl Strategy<Value = Vec<NodeEvent>> {
        let event = (any::<u16>(), times(), "[a-c]{0,2}", any::<String>());
        vec(event.prop_map(|(node, at_ns, kind, label)| NodeEvent { node, at_ns, kind, label }), 0..20)
    }

    fn stretches() -> impl Strategy<Value = Vec<SpaceTime>> {
        let ends = (any::<u16>(), any::<u16>(), times(), option::of(times()));
        let message = (ends, "[a-c]{0,2}", any::<String>(), option::of("[x-z]{0,1}"));
        let message = message.prop_map(|((from, to, sent_ns, delay_ns), kind, label, fault)| {
            let received_ns = delay_ns.map(|delay_ns| sent_ns.saturating_add(delay_ns));
            Message { from, to, sent_ns, received_ns, kind, label, fault }
        });
        let stretch = (any::<String>(), times(), times(), any::<u64>(), vec(message, 0..40), events());
        let stretch = stretch.prop_map(|(title, from_ns, length_ns, left_out, messages, marks)| {
            let to_ns = from_ns.saturating_add(length_ns);
            SpaceTime { title, from_ns, to_ns, left_out, messages, marks }
        });
        vec(stretch, 0..4)
    }

    /// Rows have no order but that of time.
    fn in_order(mut windows: Vec<SpaceTime>) -> Vec<SpaceTime> {
        for window in &mut windows {
            window.messages = Message::in_order(&window.messages).into_iter().cloned().collect();
            window.marks = NodeEvent::in_order(&window.marks).into_iter().cloned().collect();
        }
        windows
    }

    proptest! {
        #[test]
        fn a_film_reads_back_as_it_was(windows in stretches()) {
            prop_assert_eq!(read_film(&film(&windows)), Ok(in_order(windows)));
        }

        #[test]
        fn a_series_reads_back_as_it_was(
            commits in vec((any::<u16>(), any::<u64>(), any::<u32>(), times(), times()), 0..40),
            commands in vec((times(), times()), 0..40),
            events in events(),
        ) {
            let commits = commits.into_iter().map(|(node, height, round, at_ns, latency_ns)| {
                Commit { node, height, round, at_ns, latency_ns }
            });
            let commands = commands.into_iter().map(|(at_ns, latency_ns)| CommandDone { at_ns, latency_ns });
            let record = RunRecord {
                commits: commits.collect(),
                commands: commands.collect(),
                node_events: events,
                ..RunRecord::default()
            };
            let read = read_series(&series(&record)).expect("it reads");
            let mut wanted = Series {
                commits: record.commits,
                commands: record.commands,
                node_events: NodeEvent::in_order(&record.node_events).into_iter().cloned().collect(),
            };
            wanted.commits.sort_unstable_by_key(Commit::order);
            wanted.commands.sort_unstable_by_key(|command| (command.at_ns, command.latency_ns));
            prop_assert_eq!(read, wanted);
        }

        #[test]
        fn damage_is_an_error_and_no_panic(windows in stretches(), at in any::<prop::sample::Index>(), to: u8) {
            let mut content = write::film(&windows);
            let at = at.index(content.len());
            content[at] = to;
            let _ = read::film(&content);
            content.truncate(at);
            prop_assert!(read::film(&content).is_err());
        }
    }

    #[test]
    fn a_count_of_rows_takes_no_memory_before_there_are_rows() {
        let mut content = FILM.to_vec();
        content.extend([1, 0, 0, 1, 0]);
        content.extend([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]);
        assert!(read::film(&content).unwrap_err().contains("rows"));
    }

    #[test]
    fn what_is_no_pack_is_refused_with_the_reason() {
        assert!(read_film("not base64!").unwrap_err().starts_with("base64"));
        assert!(read_film("aGVsbG8=").unwrap_err().starts_with("zlib"));
        assert!(read_film(&series(&RunRecord::default())).unwrap_err().contains("bitcraps film 1"));
    }
}
