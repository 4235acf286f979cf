//! What became of the commands, by the stream of events of one gateway.

use super::super::error::ClientError;
use super::super::gateway::Gateway;
use super::super::watch::Events;
use super::{Pending, beside, lock, now};
use crate::gateway::api::Event;
use bitcraps_types::{Digest, Height};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What was seen.
#[derive(Default)]
pub(super) struct Seen {
    /// For each command that a block has: when it was due, when this was heard, and why it changed nothing, if so.
    pub(super) decided: Vec<Decided>,
    /// Each block, when it was heard.
    pub(super) blocks: Vec<(Height, Instant)>,
    /// Blocks that a later round decided.
    pub(super) later_rounds: u64,
    /// Turned away by the gateway that was watched, by reason.
    pub(super) turned_away: BTreeMap<String, u64>,
    /// How often the stream ended and was opened again.
    pub(super) cut: u64,
}

pub(super) struct Decided {
    pub(super) heard: Instant,
    pub(super) latency: Duration,
    pub(super) refused: Option<String>,
}

/// Listens on a thread of its own.
pub(super) struct Watcher {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl Watcher {
    pub(super) fn start(gateway: &Gateway, pending: Pending) -> Result<Watcher, ClientError> {
        let url = gateway.url().to_owned();
        let events = Events::open_at(&url, QUERY)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = beside(move || listen(&url, events, &pending, &stopped));
        Ok(Watcher { stop, thread })
    }

    /// Ends it.
    pub(super) fn stop(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the watcher does not panic")
    }
}

const QUERY: &str = "kinds=block,command";

fn listen(url: &str, mut events: Events, pending: &Pending, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) {
        match events.next() {
            Ok(Some(event)) => seen.note(event, pending),
            Ok(None) => {}
            Err(_) => {
                seen.cut += 1;
                match Events::open_at(url, QUERY) {
                    Ok(again) => events = again,
                    Err(_) => super::pause(Duration::from_millis(100)),
                }
            }
        }
    }
    seen
}

impl Seen {
    fn note(&mut self, event: Event, pending: &Pending) {
        let heard = now();
        match event {
            Event::Block { height, round, .. } => {
                self.blocks.push((height, heard));
                self.later_rounds += u64::from(round > 0);
            }
            Event::Command { status, .. } => {
                let Some(sent) = lock(pending).remove(&Digest(status.id.0)) else { return };
                let why = || status.reason.clone().unwrap_or_default();
                match status.state.as_str() {
                    "turned_away" => *self.turned_away.entry(why()).or_default() += 1,
                    state => self.decided.push(Decided {
                        heard,
                        latency: heard.saturating_duration_since(sent.due),
                        refused: (state == "refused").then(why),
                    }),
                }
            }
            _ => {}
        }
    }
}
