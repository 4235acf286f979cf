//! A log for ShiViz (bestchai.bitbucket.io/shiviz): what each node did, with vector clocks that say what it could know.
//!
//! A line is `node0 "signs prevote h3" {"node0":7,"node2":4}`, which [`EXPRESSION`] takes apart. Events are those of
//! consensus: a message is signed at one node and heard, verified, at others, whatever frames carried it. The same holds in
//! every world, also where frames are encrypted. ShiViz draws some hundreds of events well: the log ends after so many.

use super::{Export, Sink, Stretch};
use crate::lab::Counters;
use crate::run::{Change, FaultNews, Onlooker, Outcome};
use bitcraps_actors::ports::{ConsensusMessage, Event};
use bitcraps_consensus::{Message as _, Signed};
use bitcraps_types::{Digest, Time};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

/// What ShiViz wants to be told of the form of a line.
pub(crate) const EXPRESSION: &str = r#"(?<host>\w+) "(?<event>.*)" (?<clock>\{.*\})"#;

/// How many events of each node a node knows of.
type Clock = Vec<u64>;

/// See the module.
pub(crate) struct ShiViz<W> {
    sink: Sink<W>,
    stretch: Stretch,
    limit: u64,
    clocks: Vec<Clock>,
    /// By message, when its author signed it. As long as the log at most.
    signed: BTreeMap<Digest, Clock>,
    written: u64,
    left_out: u64,
}

impl<W: Write> ShiViz<W> {
    /// For a run of so many nodes; at most `limit` events are written.
    pub(crate) fn new(out: W, stretch: Stretch, nodes: u16, limit: u64) -> ShiViz<W> {
        let nodes = usize::from(nodes);
        let clocks = vec![vec![0; nodes]; nodes];
        ShiViz {
            sink: Sink::new(out),
            stretch,
            limit,
            clocks,
            signed: BTreeMap::new(),
            written: 0,
            left_out: 0,
        }
    }

    /// A node does something, knowing what `from` knew too. Gives the clock after it, if it was written.
    fn happens(&mut self, at: Time, node: u16, what: &str, from: Option<&Clock>) -> Option<Clock> {
        if !self.stretch.contains(at) {
            return None;
        }
        if self.written == self.limit {
            self.left_out += 1;
            return None;
        }
        let clock = &mut self.clocks[usize::from(node)];
        if let Some(from) = from {
            clock.iter_mut().zip(from).for_each(|(own, known)| *own = (*own).max(*known));
        }
        clock[usize::from(node)] += 1;
        let clock = clock.clone();
        let mut line = format!("node{node} \"{} {what}\" {{", Stamp(at));
        let known = clock.iter().enumerate().filter(|(_, count)| **count > 0);
        for (place, (node, count)) in known.enumerate() {
            let comma = if place > 0 { "," } else { "" };
            let _ = write!(line, "{comma}\"node{node}\":{count}");
        }
        line.push_str("}\n");
        self.sink.put(line.as_bytes());
        self.written += 1;
        Some(clock)
    }
}

impl<W: Write + Send> Onlooker for ShiViz<W> {
    fn event(&mut self, at: Time, node: u16, event: &Event<'_>) {
        let what = match event {
            Event::Signed(signed) => {
                if let Some(clock) = self.happens(at, node, &format!("signs {}", in_words(signed)), None) {
                    self.signed.insert(name(signed), clock);
                }
                return;
            }
            Event::Heard(signed) => {
                let from = self.signed.get(&name(signed)).cloned();
                let what = format!("hears {} of node{}", in_words(signed), signed.message.author().0);
                self.happens(at, node, &what, from.as_ref());
                return;
            }
            Event::Round { height, round, after_failure: true, .. } => {
                format!("gives up and enters h{height} r{round}")
            }
            Event::Round { height, round, .. } => format!("enters h{height} r{round}"),
            Event::Locked { height, round, .. } => format!("locks h{height} r{round}"),
            Event::Decided { height, value, synced, .. } => {
                let how = if *synced { "fetches" } else { "decides" };
                format!("{how} h{height} {}", value.digest().short())
            }
            Event::SyncStarted { from, to } => format!("is behind h{from} of h{to}"),
            Event::StateSynced { height, .. } => format!("fetches the state of h{height}"),
            Event::Accused(evidence) => {
                format!("accuses node{} at h{}", evidence.offender().0, evidence.height())
            }
            _ => return,
        };
        self.happens(at, node, &what, None);
    }

    fn node(&mut self, at: Time, node: u16, change: Change<'_>) {
        match change {
            Change::Down(why) => {
                self.happens(at, node, &format!("goes down: {}", why.replace('"', "'")), None)
            }
            Change::Up => self.happens(at, node, "is up again", None),
        };
    }

    fn fault(&mut self, at: Time, fault: &FaultNews<'_>) {
        let word = if fault.began { "begins" } else { "ends" };
        for node in fault.nodes {
            self.happens(at, *node, &format!("fault {} {word}", fault.id), None);
        }
    }

    fn moment(&mut self, _: Time, _: &Counters) {}
}

impl<W: Write + Send> Export for ShiViz<W> {
    fn finish(&mut self, _: &Outcome) -> io::Result<String> {
        self.sink.finish()?;
        let rest = match self.left_out {
            0 => String::new(),
            more => format!(", {more} more left out"),
        };
        Ok(format!("{} events{rest}; ShiViz reads them with the expression\n  {EXPRESSION}", self.written))
    }
}

/// The same for the message wherever it is met.
fn name(signed: &Signed<ConsensusMessage>) -> Digest {
    let bytes = borsh::to_vec(signed).expect("a Vec takes all bytes");
    Digest::of("shiviz", &bytes)
}

fn in_words(signed: &Signed<ConsensusMessage>) -> String {
    format!("{} h{}", signed.message.kind(), signed.message.height())
}

/// Seconds of virtual time, to the microsecond.
struct Stamp(Time);

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:06}s", self.0.0 / 1_000_000_000, self.0.0 % 1_000_000_000 / 1_000)
    }
}
