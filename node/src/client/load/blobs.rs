//! A load of blobs: each connection hands in what became due, and what a node took in stands in its blocks in the same
//! order. So the counts of the blocks, by proposer, tell when each blob was decided: the stream of one gateway is enough,
//! and nobody reads the blobs back. Only if nobody else hands blobs to these nodes meanwhile.

use super::super::error::ClientError;
use super::super::gateway::Gateway;
use super::super::watch::Events;
use super::connection::Connection;
use super::report::{Report, Sent};
use super::schedule::Schedule;
use super::sender::refusal;
use super::{LINGER, Load, beside, now, pause};
use crate::gateway::api::{BlobsTaken, Event};
use bitcraps_casino::{Blobs, Block};
use bitcraps_types::Height;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Hands blobs of `size` bytes in at all gateways by turns, one connection to each, and tells what became of them.
pub(super) fn measure(load: &Load, gateways: &[Gateway], size: usize) -> Result<Report, ClientError> {
    let watcher = Watcher::start(&gateways[gateways.len() - 1])?;
    let (begin, step) = (now() + Duration::from_millis(100), gateways.len() as u64);
    let senders = (0..).zip(gateways).map(|(first, gateway)| {
        let end = begin + load.duration;
        let schedule = Schedule { begin, end, first, step, rate: load.rate, gather: load.gather };
        let sender = Sender::new(schedule, gateway.url(), size);
        beside(move || sender.run())
    });
    let senders: Vec<JoinHandle<Sender>> = senders.collect();
    let mut report = Report::new("blobs", begin, load.rate, load.duration);
    let mut due: BTreeMap<u16, Vec<Instant>> = BTreeMap::new();
    let mut taken = 0;
    for sender in senders {
        let sender = sender.join().expect("a sender does not panic");
        report.sent(&sender.sent);
        taken += sender.taken.len() as u64;
        if let Some(proposer) = sender.proposer
            && due.insert(proposer, sender.taken).is_some()
        {
            return Err(ClientError::SameNode(proposer));
        }
    }
    let until = now() + LINGER;
    while now() < until && watcher.blobs.load(Ordering::Relaxed) < taken {
        pause(Duration::from_millis(20));
    }
    let Seen { blocks, later_rounds, cut, .. } = watcher.stop()?;
    report.blocks(blocks.iter().map(|block| block.heard), later_rounds, cut);
    let decided = decided(due, &blocks);
    for (due, heard) in decided.iter().copied() {
        report.decided(heard.saturating_duration_since(due), heard);
    }
    report.left_over(None, taken - decided.len() as u64);
    Ok(report)
}

/// When each blob was due, and when its block was heard of. `due`: what the node of each validator took, in its order.
fn decided(due: BTreeMap<u16, Vec<Instant>>, blocks: &[HeardBlock]) -> Vec<(Instant, Instant)> {
    let mut waiting: BTreeMap<u16, _> =
        due.into_iter().map(|(proposer, due)| (proposer, due.into_iter())).collect();
    let mut decided = Vec::new();
    for block in blocks {
        let due = waiting.get_mut(&block.proposer).into_iter().flat_map(|waiting| waiting.take(block.blobs));
        decided.extend(due.map(|due| (due, block.heard)));
    }
    decided
}

/// One connection.
struct Sender {
    schedule: Schedule,
    connection: Connection,
    size: usize,
    /// Which validator's node this is; `None` until it took something.
    proposer: Option<u16>,
    /// When each blob was due that the node took, in its order.
    taken: Vec<Instant>,
    sent: Sent,
}

impl Sender {
    fn new(schedule: Schedule, url: &str, size: usize) -> Sender {
        let (connection, taken, sent) = (Connection::to(url), Vec::new(), Sent::new());
        Sender { schedule, connection, size, proposer: None, taken, sent }
    }

    /// Works until its last blob was due.
    fn run(mut self) -> Sender {
        let most = Blobs::MAX_COUNT.min((Block::MAX_BYTES - 4) / (Blobs::FRAMING + self.size));
        let mut next = 0;
        while let Some(due) = self.schedule.wait(next, most) {
            self.hand_in(next, &due);
            next += due.len() as u64;
        }
        self
    }

    fn hand_in(&mut self, next: u64, due: &[Instant]) {
        let body = body(self.schedule.first, next, due.len(), self.size);
        self.sent.handed_in(due, now());
        let answer = match self.connection.post("/v1/blobs", "application/octet-stream", &body) {
            Ok(answer) if answer.status == 202 => {
                serde_json::from_slice::<BlobsTaken>(answer.body).map_err(|error| error.to_string())
            }
            answer => Err(refusal(answer)),
        };
        match answer {
            Ok(BlobsTaken { taken, proposer }) => {
                let taken = taken.min(due.len());
                self.proposer = Some(proposer);
                self.taken.extend_from_slice(&due[..taken]);
                self.sent.accepted += taken as u64;
                self.sent.refused("not taken: no room", (due.len() - taken) as u64);
            }
            Err(why) => self.sent.refused(&why, due.len() as u64),
        }
    }
}

/// The list of a connection's blobs from its `next`th on. Each is another.
fn body(connection: u64, next: u64, count: usize, size: usize) -> Vec<u8> {
    let mut body = Vec::with_capacity(4 + count * (Blobs::FRAMING + size));
    body.extend_from_slice(&(count as u32).to_le_bytes());
    let mut blob = vec![0x5a; size];
    for number in next..next + count as u64 {
        let name = [connection.to_le_bytes(), number.to_le_bytes()].concat();
        let named = name.len().min(size);
        blob[..named].copy_from_slice(&name[16 - named..]);
        body.extend_from_slice(&(size as u32).to_le_bytes());
        body.extend_from_slice(&blob);
    }
    body
}

/// A block with blobs or without.
#[derive(Clone, Copy, Debug)]
struct HeardBlock {
    height: Height,
    proposer: u16,
    blobs: usize,
    heard: Instant,
}

#[derive(Default)]
struct Seen {
    /// In the order of their heights, without a gap.
    blocks: Vec<HeardBlock>,
    /// How many blobs they have.
    blobs: u64,
    later_rounds: u64,
    /// How often the stream ended and was opened again.
    cut: u64,
}

/// Listens on a thread of its own.
struct Watcher {
    stop: Arc<AtomicBool>,
    /// How many blobs the blocks had so far.
    blobs: Arc<AtomicU64>,
    thread: JoinHandle<Result<Seen, ClientError>>,
}

const QUERY: &str = "kinds=block";

impl Watcher {
    fn start(gateway: &Gateway) -> Result<Watcher, ClientError> {
        let gateway = gateway.clone();
        let events = Events::open(&gateway, QUERY)?;
        let (stop, blobs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, counted) = (stop.clone(), blobs.clone());
        let thread = beside(move || listen(&gateway, events, &counted, &stopped));
        Ok(Watcher { stop, blobs, thread })
    }

    fn stop(self) -> Result<Seen, ClientError> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the watcher does not panic")
    }
}

fn listen(
    gateway: &Gateway,
    mut events: Events,
    blobs: &AtomicU64,
    stop: &AtomicBool,
) -> Result<Seen, ClientError> {
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) {
        match events.next() {
            Ok(Some(Event::Block { height, round, proposer, blobs: count, .. })) => {
                seen.later_rounds += u64::from(round > 0);
                seen.note(HeardBlock { height, proposer, blobs: count, heard: now() }, gateway)?;
                blobs.store(seen.blobs, Ordering::Relaxed);
            }
            Ok(_) => {}
            Err(_) => {
                seen.cut += 1;
                match Events::open(gateway, QUERY) {
                    Ok(again) => events = again,
                    Err(_) => pause(Duration::from_millis(100)),
                }
            }
        }
    }
    Ok(seen)
}

impl Seen {
    /// Adds a block, after those between the last and it, of which the stream told nothing: one that is left out would
    /// be taken for another's.
    fn note(&mut self, block: HeardBlock, gateway: &Gateway) -> Result<(), ClientError> {
        if let Some(last) = self.blocks.last().map(|last| last.height) {
            for height in last + 1..block.height {
                let missed = gateway.block(&height.to_string())?;
                let (proposer, blobs) = (missed.proposer, missed.blobs);
                self.push(HeardBlock { height, proposer, blobs, heard: now() });
            }
        }
        self.push(block);
        Ok(())
    }

    fn push(&mut self, block: HeardBlock) {
        self.blobs += block.blobs as u64;
        self.blocks.push(block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_a_list_of_different_blobs_of_the_size_asked_for() {
        let list = Blobs::decode(body(3, 7, 5, 512).into()).unwrap();
        assert_eq!((list.len(), list.bytes()), (5, 5 * 512));
        let mut blobs: Vec<_> = list.iter().collect();
        blobs.extend(Blobs::decode(body(2, 7, 5, 512).into()).unwrap().iter());
        blobs.extend(Blobs::decode(body(3, 12, 5, 512).into()).unwrap().iter());
        blobs.sort();
        blobs.dedup();
        assert_eq!(blobs.len(), 15);
        assert_eq!(Blobs::decode(body(3, 7, 5, 3).into()).unwrap().bytes(), 15, "shorter than their names");
    }

    /// Fails when blobs are told apart by the height alone, or the oldest is not the first.
    #[test]
    fn each_blob_is_decided_by_the_block_of_its_own_node_that_counts_it() {
        let begin = now();
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let block = |height, proposer, blobs, ms| HeardBlock { height, proposer, blobs, heard: at(ms) };
        let due = BTreeMap::from([(0, vec![at(0), at(2), at(4)]), (2, vec![at(1), at(3)])]);
        let blocks = [
            block(1, 2, 1, 10),
            block(2, 0, 2, 20),
            block(3, 1, 7, 30),
            block(4, 0, 0, 40),
            block(5, 0, 9, 50),
        ];
        let mut told = decided(due, &blocks);
        told.sort();
        let expected = [(0, 20), (1, 10), (2, 20), (4, 50)];
        assert_eq!(
            told,
            expected.map(|(due, heard)| (at(due), at(heard))),
            "the last of node 2 is in no block"
        );
    }
}
