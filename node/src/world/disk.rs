//! The Disk port on files of one directory.
//!
//! One thread does all reading and writing, in the order of the calls. What is appended is gathered on the node's thread
//! and handed over with the next sync of the file, or when it grew large; a sync writes it and waits for the device.
//! Syncs that wait at the same time share one. A replacement goes to a temporary file that is made durable, then
//! renamed, and the rename made durable. After one failure every later operation fails: nothing is known any more of what
//! the device holds, and trying a failed fsync again would report a success that is none.
//!
//! The consensus journal is special: each sync and replacement of it is vouched for in the [`SignState`] before it is
//! reported as done.

use crate::metrics::{DiskOperation, Metrics};
use crate::sign_state::SignState;
use bitcraps_actors::files::CONSENSUS;
use bitcraps_actors::ports::{Disk, DiskError, Done};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How many operations wait at most; a call beyond that waits for room.
const QUEUE: usize = 256;
/// What was appended is handed over at this length even if nobody asks for a sync.
const GATHERED: usize = 256 << 10;

/// The disk, as the node's thread sees it.
pub struct Files {
    inner: Rc<Inner>,
    worker: JoinHandle<Option<DiskError>>,
}

struct Inner {
    operations: RefCell<Option<SyncSender<Operation>>>,
    gathered: RefCell<BTreeMap<String, Vec<u8>>>,
    waiting: RefCell<BTreeMap<u64, Waiting>>,
    next: Cell<u64>,
    failed: RefCell<Option<DiskError>>,
}

enum Waiting {
    Done(Done<()>),
    Read(Done<Vec<u8>>),
}

struct Operation {
    file: String,
    what: What,
}

enum What {
    Append(Vec<u8>),
    Sync(u64),
    Read(u64),
    Replace(u64, Vec<u8>),
}

/// What the worker reports.
struct Report {
    number: u64,
    outcome: Result<Vec<u8>, DiskError>,
}

impl Files {
    /// Opens the files of a directory, which exists. To be called inside a `LocalSet`. Without a sign-state the
    /// consensus journal is a file like any other.
    pub fn open(directory: &Path, sign_state: Option<SignState>, metrics: Arc<Metrics>) -> io::Result<Files> {
        let (operations, taken) = sync_channel(QUEUE);
        let (reports, arriving) = unbounded_channel();
        let worker = Worker {
            directory: directory.into(),
            sign_state,
            metrics,
            files: BTreeMap::new(),
            waiting: BTreeMap::new(),
            failed: None,
            reports,
        };
        let worker = thread::Builder::new().name("bitcraps-disk".into()).spawn(move || worker.run(&taken))?;
        let inner = Rc::new(Inner {
            operations: RefCell::new(Some(operations)),
            gathered: RefCell::default(),
            waiting: RefCell::default(),
            next: Cell::new(0),
            failed: RefCell::new(None),
        });
        tokio::task::spawn_local(deliver(inner.clone(), arriving));
        Ok(Files { inner, worker })
    }

    /// The port.
    pub fn port(&self) -> Rc<dyn Disk> {
        self.inner.clone()
    }

    /// Why the disk failed, if it did.
    pub fn failure(&self) -> Option<DiskError> {
        self.inner.failed.borrow().clone()
    }

    /// Writes and syncs all that was appended, and ends the thread. Calls after that do nothing. An error if anything
    /// failed, now or before.
    pub fn close(self) -> Result<(), DiskError> {
        let names: Vec<String> = self.inner.gathered.borrow().keys().cloned().collect();
        for name in names {
            self.inner.hand_over(&name);
            self.inner.call(&name, What::Sync, Waiting::Done(Box::new(|_| ())));
        }
        self.inner.operations.take();
        match self.worker.join() {
            Ok(None) => Ok(()),
            Ok(Some(error)) => Err(error),
            Err(_) => Err(DiskError::Io("its thread panicked".into())),
        }
    }
}

/// Calls back on the node's thread.
async fn deliver(inner: Rc<Inner>, mut arriving: UnboundedReceiver<Report>) {
    while let Some(Report { number, outcome }) = arriving.recv().await {
        if let Err(error) = &outcome {
            inner.failed.borrow_mut().get_or_insert_with(|| error.clone());
        }
        let waiting = inner.waiting.borrow_mut().remove(&number);
        match waiting {
            Some(Waiting::Done(done)) => done(outcome.map(|_| ())),
            Some(Waiting::Read(done)) => done(outcome),
            None => {}
        }
    }
}

impl Inner {
    fn submit(&self, file: &str, what: What) {
        if let Some(operations) = &*self.operations.borrow() {
            // The worker outlives the sender.
            let _ = operations.send(Operation { file: file.into(), what });
        }
    }

    fn hand_over(&self, file: &str) {
        let gathered = self.gathered.borrow_mut().get_mut(file).map(std::mem::take);
        if let Some(bytes) = gathered.filter(|bytes| !bytes.is_empty()) {
            self.submit(file, What::Append(bytes));
        }
    }

    fn call(&self, file: &str, what: impl FnOnce(u64) -> What, waiting: Waiting) {
        let number = self.next.replace(self.next.get() + 1);
        self.waiting.borrow_mut().insert(number, waiting);
        self.submit(file, what(number));
    }
}

impl Disk for Inner {
    fn append(&self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        if let Some(error) = &*self.failed.borrow() {
            return Err(error.clone());
        }
        let length = {
            let mut gathered = self.gathered.borrow_mut();
            match gathered.get_mut(file) {
                Some(buffer) => {
                    buffer.extend_from_slice(bytes);
                    buffer.len()
                }
                None => {
                    gathered.insert(file.into(), bytes.to_vec());
                    bytes.len()
                }
            }
        };
        if length >= GATHERED {
            self.hand_over(file);
        }
        Ok(())
    }

    fn sync(&self, file: &str, done: Done<()>) {
        self.hand_over(file);
        self.call(file, What::Sync, Waiting::Done(done));
    }

    fn read(&self, file: &str, done: Done<Vec<u8>>) {
        self.hand_over(file);
        self.call(file, What::Read, Waiting::Read(done));
    }

    fn replace(&self, file: &str, bytes: Vec<u8>, done: Done<()>) {
        // What was appended before the call would be replaced anyway.
        self.gathered.borrow_mut().remove(file);
        self.call(file, |number| What::Replace(number, bytes), Waiting::Done(done));
    }
}

/// The thread that does the work.
struct Worker {
    directory: PathBuf,
    sign_state: Option<SignState>,
    metrics: Arc<Metrics>,
    files: BTreeMap<String, File>,
    /// The syncs of each file that its next fdatasync answers.
    waiting: BTreeMap<String, Vec<u64>>,
    failed: Option<DiskError>,
    reports: UnboundedSender<Report>,
}

impl Worker {
    /// Works until nobody asks any more. What failed, if anything did.
    fn run(mut self, operations: &Receiver<Operation>) -> Option<DiskError> {
        while let Ok(first) = operations.recv() {
            self.perform(first);
            while let Ok(more) = operations.try_recv() {
                self.perform(more);
            }
            self.sync_all();
        }
        self.failed
    }

    fn perform(&mut self, Operation { file, what }: Operation) {
        match what {
            What::Append(bytes) => {
                let outcome = self.unless_failed(|me| me.append(&file, &bytes));
                // Nobody waits for it: the next sync tells.
                drop(outcome);
            }
            What::Sync(number) => self.waiting.entry(file).or_default().push(number),
            What::Read(number) => {
                self.sync_waiting(&file);
                let outcome = self.unless_failed(|me| read(&me.directory.join(&file)));
                self.metrics.disk.moved(DiskOperation::Read, outcome.as_ref().map_or(0, Vec::len));
                self.report(number, outcome);
            }
            What::Replace(number, bytes) => {
                self.sync_waiting(&file);
                let outcome = self.unless_failed(|me| me.replace(&file, &bytes)).map(|()| Vec::new());
                self.report(number, outcome);
            }
        }
    }

    /// Does something, unless something failed before; remembers a failure.
    fn unless_failed<T>(&mut self, work: impl FnOnce(&mut Self) -> io::Result<T>) -> Result<T, DiskError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        work(self).map_err(|error| {
            let error = match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DiskError::Full,
                _ => DiskError::Io(error.to_string()),
            };
            self.metrics.disk.errors.inc();
            self.failed = Some(error.clone());
            error
        })
    }

    fn report(&self, number: u64, outcome: Result<Vec<u8>, DiskError>) {
        // Nobody listens any more when the node has stopped.
        let _ = self.reports.send(Report { number, outcome });
    }

    fn file(&mut self, name: &str) -> io::Result<&mut File> {
        match self.files.entry(name.into()) {
            std::collections::btree_map::Entry::Occupied(open) => Ok(open.into_mut()),
            std::collections::btree_map::Entry::Vacant(closed) => {
                let path = self.directory.join(name);
                let file = OpenOptions::new().append(true).create(true).open(&path)?;
                // Also if it is not new: the process before may have died between making it and this.
                sync_directory_of(&path)?;
                Ok(closed.insert(file))
            }
        }
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if name == CONSENSUS
            && let Some(sign_state) = &mut self.sign_state
        {
            sign_state.appended(bytes).map_err(io::Error::other)?;
        }
        self.metrics.disk.moved(DiskOperation::Append, bytes.len());
        self.file(name)?.write_all(bytes)
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.files.remove(name);
        self.metrics.disk.moved(DiskOperation::Replace, bytes.len());
        replace(&self.directory.join(name), bytes)?;
        match &mut self.sign_state {
            Some(sign_state) if name == CONSENSUS => sign_state.replaced(bytes),
            _ => Ok(()),
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "how long the device takes is measured, and decides nothing"
    )]
    fn sync(&mut self, name: &str) -> io::Result<()> {
        let begin = Instant::now();
        self.file(name)?.sync_data()?;
        if name == CONSENSUS
            && let Some(sign_state) = &mut self.sign_state
        {
            sign_state.synced()?;
        }
        self.metrics.disk.synced(begin.elapsed());
        Ok(())
    }

    /// Answers the syncs of a file that wait.
    fn sync_waiting(&mut self, name: &str) {
        let Some(numbers) = self.waiting.remove(name) else { return };
        let outcome = self.unless_failed(|me| me.sync(name));
        for number in numbers {
            self.report(number, outcome.clone().map(|()| Vec::new()));
        }
    }

    /// The consensus journal first: its messages wait.
    fn sync_all(&mut self) {
        self.sync_waiting(CONSENSUS);
        let names: Vec<String> = self.waiting.keys().cloned().collect();
        names.iter().for_each(|name| self.sync_waiting(name));
    }
}

/// A file's content; nothing if there is no file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}

/// Replaces a whole file: it is the old one or the new one, whatever happens, and afterwards durably the new one.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_directory_of(path)
}

/// Makes durable that a file is in its directory under its name.
pub fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests;
