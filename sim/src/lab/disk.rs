//! The modelled disk of a node ([`NodeDisk`], which any world in virtual time may use), and the lab's Disk port.
//!
//! A file is a row of generations: appends go to the last one, and a replace starts a new one, which is committed
//! when the replace is done. What a crash leaves is a committed generation, or a replace that just made it, with all
//! that was synced and, depending on the crash, some of what was not.

use super::NodeIndex;
use super::content::Content;
use super::model::{Latency, Sampler};
use super::random::Stream;
use super::trace::Kind;
use super::world::{Access, Core, Event, Touched};
use bitcraps_actors::ports::{Disk, DiskError, Done};
use std::collections::VecDeque;

/// What a crash does to bytes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFate {
    /// They are gone.
    LostUnsynced,
    /// A random part of them, from their start, survives; its last bytes (up to 512) may be garbage.
    TornWrite,
    /// They survive: the process died, the machine did not. Only what a failed sync covered is gone.
    Keep,
}

/// A disk operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskOp {
    /// Append.
    Append,
    /// Sync.
    Sync,
    /// Read.
    Read,
    /// Replace.
    Replace,
}

/// What a crash did to a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrashReport {
    /// Unsynced bytes that are gone.
    pub lost_bytes: u64,
    /// Unsynced bytes that survived.
    pub kept_bytes: u64,
    /// Surviving bytes that are garbage.
    pub garbled_bytes: u64,
}

/// One content of a file.
#[derive(Debug)]
struct Generation {
    number: u64,
    bytes: Content,
    /// If this generation survives, so do this many of its bytes.
    solid: usize,
    /// It survives a crash, unless a later one does.
    committed: bool,
}

#[derive(Debug)]
struct File {
    /// Never empty. The last one is what reads see.
    generations: VecDeque<Generation>,
    /// When the last operation is done: operations on one file keep their order.
    free_at: u64,
    sync_failed: bool,
}

/// What a done operation makes durable.
#[derive(Debug)]
pub(crate) struct Commit {
    file: usize,
    generation: u64,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Faults {
    /// Probability that an operation fails, by [`DiskOp`].
    errors: [f64; 4],
    capacity: Option<u64>,
    /// On top of the disk's own.
    latency: Option<Sampler>,
}

/// An operation that was begun: when it is done, what is durable then, and what its caller is told.
#[derive(Debug)]
pub(crate) struct Pending<T> {
    pub(crate) at: u64,
    pub(crate) commit: Option<Commit>,
    pub(crate) result: Result<T, DiskError>,
}

/// One node's disk. It survives the node's crashes.
#[derive(Debug)]
pub(crate) struct NodeDisk {
    /// With their names, in the order in which they were first touched. A node has a handful.
    files: Vec<(String, File)>,
    faults: Faults,
    latency: u64,
    errors: Stream,
    slow: Stream,
    torn: Stream,
}

impl NodeDisk {
    pub(crate) fn new(seed: u64, node: NodeIndex, latency: u64) -> NodeDisk {
        NodeDisk {
            files: Vec::new(),
            faults: Faults::default(),
            latency,
            errors: Stream::derive(seed, "disk error", u64::from(node)),
            slow: Stream::derive(seed, "disk slow", u64::from(node)),
            torn: Stream::derive(seed, "torn write", u64::from(node)),
        }
    }

    pub(crate) fn set_error_rate(&mut self, op: DiskOp, rate: f64) {
        self.faults.errors[op as usize] = rate;
    }

    pub(crate) fn set_capacity(&mut self, bytes: u64) {
        self.faults.capacity = Some(bytes);
    }

    pub(crate) fn set_extra_latency(&mut self, latency: Latency) {
        self.faults.latency = Some(Sampler::new(latency));
    }

    pub(crate) fn clear_faults(&mut self) {
        self.faults = Faults::default();
    }

    /// What a read would see.
    pub(crate) fn content(&self, file: &str) -> Vec<u8> {
        self.find(file).map_or_else(Vec::new, |file| self.files[file].1.last().bytes.to_vec())
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.files.iter().position(|(known, _)| known == name)
    }

    /// Where a file is; it is made if it is not there.
    fn place(&mut self, name: &str) -> usize {
        self.find(name).unwrap_or_else(|| {
            let first = Generation { number: 0, bytes: Content::default(), solid: 0, committed: true };
            let file = File { generations: VecDeque::from([first]), free_at: 0, sync_failed: false };
            self.files.push((name.to_owned(), file));
            self.files.len() - 1
        })
    }

    fn file(&mut self, name: &str) -> &mut File {
        let place = self.place(name);
        &mut self.files[place].1
    }

    fn has_room(&self, more: u64, instead_of: u64) -> bool {
        let Some(capacity) = self.faults.capacity else { return true };
        self.used() - instead_of + more <= capacity
    }

    /// Bytes in all files.
    pub(crate) fn used(&self) -> u64 {
        self.files.iter().map(|(_, file)| file.last().bytes.len() as u64).sum()
    }

    /// Makes durable what a done operation covered.
    pub(crate) fn commit(&mut self, commit: &Commit) {
        let (_, file) = &mut self.files[commit.file];
        if let Some(at) = file.generations.iter().position(|known| known.number == commit.generation) {
            file.generations.drain(..at);
            let first = &mut file.generations[0];
            first.committed = true;
            first.solid = first.solid.max(commit.bytes);
        }
    }

    /// The power fails, or the process dies.
    pub(crate) fn crash(&mut self, fate: DiskFate) -> CrashReport {
        let mut report = CrashReport::default();
        let mut by_name: Vec<&mut (String, File)> = self.files.iter_mut().collect();
        by_name.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (_, file) in by_name {
            let fate = if fate == DiskFate::Keep && file.sync_failed { DiskFate::LostUnsynced } else { fate };
            file.crash(fate, &mut self.torn, &mut report);
        }
        report
    }

    /// Adds to the end of a file, or tells at once why not.
    pub(crate) fn append(
        &mut self,
        file: &str,
        bytes: &[u8],
        touched: &mut Touched,
    ) -> Result<(), DiskError> {
        if self.fails(DiskOp::Append, touched) {
            return Err(failed("append"));
        }
        if self.is_full(bytes.len(), 0, touched) {
            return Err(DiskError::Full);
        }
        let file = self.file(file);
        file.generations.back_mut().expect("a file has a generation").bytes.append(bytes);
        Ok(())
    }

    /// Makes what was appended durable.
    pub(crate) fn sync(&mut self, now: u64, file: &str, touched: &mut Touched) -> Pending<()> {
        if self.fails(DiskOp::Sync, touched) {
            self.file(file).sync_failed = true;
            return self.begin(now, file, None, Err(failed("sync")), touched);
        }
        let place = self.place(file);
        let last = self.files[place].1.last();
        let commit = Commit { file: place, generation: last.number, bytes: last.bytes.len() };
        self.begin(now, file, Some(commit), Ok(()), touched)
    }

    /// Reads a whole file.
    pub(crate) fn read(&mut self, now: u64, file: &str, touched: &mut Touched) -> Pending<Vec<u8>> {
        let failing = self.fails(DiskOp::Read, touched);
        let result = if failing { Err(failed("read")) } else { Ok(self.content(file)) };
        self.begin(now, file, None, result, touched)
    }

    /// Replaces a whole file.
    pub(crate) fn replace(
        &mut self,
        now: u64,
        file: &str,
        bytes: Vec<u8>,
        touched: &mut Touched,
    ) -> Pending<()> {
        let old = self.file(file).last().bytes.len() as u64;
        if self.fails(DiskOp::Replace, touched) {
            return self.begin(now, file, None, Err(failed("replace")), touched);
        }
        if self.is_full(bytes.len(), old, touched) {
            return self.begin(now, file, None, Err(DiskError::Full), touched);
        }
        let length = bytes.len();
        let place = self.place(file);
        let entry = &mut self.files[place].1;
        let number = entry.last().number + 1;
        entry.generations.push_back(Generation {
            number,
            bytes: bytes.into(),
            solid: length,
            committed: false,
        });
        let commit = Commit { file: place, generation: number, bytes: length };
        self.begin(now, file, Some(commit), Ok(()), touched)
    }

    /// Whether a fault makes this operation fail.
    fn fails(&mut self, op: DiskOp, touched: &mut Touched) -> bool {
        let rate = self.faults.errors[op as usize];
        let fails = rate > 0.0 && self.errors.chance(rate);
        touched.disk_errors += u64::from(fails);
        fails
    }

    fn is_full(&self, more: usize, instead_of: u64, touched: &mut Touched) -> bool {
        let full = !self.has_room(more as u64, instead_of);
        touched.disk_full += u64::from(full);
        full
    }

    /// An operation on `file` that is done after those before it.
    fn begin<T>(
        &mut self,
        now: u64,
        file: &str,
        commit: Option<Commit>,
        result: Result<T, DiskError>,
        touched: &mut Touched,
    ) -> Pending<T> {
        let extra = self.faults.latency.map_or(0, |latency| latency.draw(&mut self.slow));
        touched.disk_slowed += u64::from(extra > 0);
        let latency = self.latency.saturating_add(extra);
        let file = self.file(file);
        file.free_at = file.free_at.max(now.saturating_add(latency));
        Pending { at: file.free_at, commit, result }
    }
}

impl File {
    fn last(&self) -> &Generation {
        self.generations.back().expect("a file has a generation")
    }

    fn crash(&mut self, fate: DiskFate, torn: &mut Stream, report: &mut CrashReport) {
        let survivor = match fate {
            DiskFate::Keep => self.generations.len() - 1,
            DiskFate::LostUnsynced => 0,
            DiskFate::TornWrite => torn.below(self.generations.len() as u64) as usize,
        };
        let unsynced: usize = self.generations.iter().map(|one| one.bytes.len() - one.solid).sum();
        let mut survivor = self.generations.swap_remove_back(survivor).expect("an index in range");
        let tail = survivor.bytes.len() - survivor.solid;
        let kept = match fate {
            DiskFate::Keep => tail,
            DiskFate::LostUnsynced => 0,
            DiskFate::TornWrite => torn.below(tail as u64 + 1) as usize,
        };
        survivor.bytes.truncate(survivor.solid + kept);
        report.kept_bytes += kept as u64;
        report.lost_bytes += (unsynced - kept) as u64;
        if fate == DiskFate::TornWrite && kept > 0 && torn.chance(0.5) {
            let garbled = 1 + torn.below(kept.min(512) as u64) as usize;
            let from = survivor.bytes.len() - garbled;
            survivor.bytes.tail_mut(from).for_each(|byte| *byte = torn.next() as u8);
            report.garbled_bytes += garbled as u64;
        }
        survivor.solid = survivor.bytes.len();
        survivor.committed = true;
        self.generations.clear();
        self.generations.push_back(survivor);
        self.free_at = 0;
        self.sync_failed = false;
    }
}

fn failed(op: &str) -> DiskError {
    DiskError::Io(format!("injected {op} error"))
}

/// The Disk port of one incarnation.
pub(super) struct LabDisk(pub(super) Access);

impl Core {
    /// Queues the end of an operation.
    fn finish<T: 'static>(&mut self, access: &Access, pending: Pending<T>, done: Done<T>) {
        let Pending { at, commit, result } = pending;
        let done = Box::new(move || done(result));
        self.push(at, Event::Disk { node: access.node, epoch: access.epoch, commit, done });
    }
}

impl Disk for LabDisk {
    fn append(&self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let node = self.0.node;
        let Some(mut core) = self.0.enter() else { return Err(DiskError::Io("the node is down".to_owned())) };
        core.record(Kind::Appended, node, node, bytes.len() as u64, file.as_bytes());
        core.record(Kind::Appended, node, node, 0, bytes);
        let node = core.node(node);
        node.disk.append(file, bytes, &mut node.touched)
    }

    fn sync(&self, file: &str, done: Done<()>) {
        let Some(mut core) = self.0.enter() else { return };
        core.record(Kind::SyncAsked, self.0.node, self.0.node, 0, file.as_bytes());
        let now = core.now;
        let node = core.node(self.0.node);
        let pending = node.disk.sync(now, file, &mut node.touched);
        core.finish(&self.0, pending, done);
    }

    fn read(&self, file: &str, done: Done<Vec<u8>>) {
        let Some(mut core) = self.0.enter() else { return };
        core.record(Kind::ReadAsked, self.0.node, self.0.node, 0, file.as_bytes());
        let now = core.now;
        let node = core.node(self.0.node);
        let pending = node.disk.read(now, file, &mut node.touched);
        core.finish(&self.0, pending, done);
    }

    fn replace(&self, file: &str, bytes: Vec<u8>, done: Done<()>) {
        let Some(mut core) = self.0.enter() else { return };
        core.record(Kind::ReplaceAsked, self.0.node, self.0.node, bytes.len() as u64, file.as_bytes());
        core.record(Kind::ReplaceAsked, self.0.node, self.0.node, 0, &bytes);
        let now = core.now;
        let node = core.node(self.0.node);
        let pending = node.disk.replace(now, file, bytes, &mut node.touched);
        core.finish(&self.0, pending, done);
    }
}
